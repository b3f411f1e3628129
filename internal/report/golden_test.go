package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail/internal/message"
)

var update = flag.Bool("update", false, "write the golden files anew; read them before you keep them")

// format is one way to write a report.
type format struct {
	name  string
	write func(*Report, *bytes.Buffer) error
}

var formats = []format{
	{"txt", func(r *Report, b *bytes.Buffer) error { return r.WriteText(b) }},
	{"md", func(r *Report, b *bytes.Buffer) error { return r.WriteMarkdown(b) }},
	{"html", func(r *Report, b *bytes.Buffer) error { return r.WriteHTML(b) }},
	{"json", func(r *Report, b *bytes.Buffer) error { return r.WriteJSON(b) }},
}

// rendered is a report about facts in a format.
func rendered(t testing.TB, f *facts, lang message.Lang, in format) string {
	t.Helper()
	var b bytes.Buffer
	if err := in.write(tell(f, "5d41402abc4b2a76", Options{Month: f.Month, Printer: printer(t, lang), Version: "1.0.0"}), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestARichMonthInEveryFormat(t *testing.T) {
	for _, lang := range message.Langs {
		for _, in := range formats {
			golden(t, filepath.Join("testdata", "rich."+string(lang)+"."+in.name), rendered(t, richMonth(t), lang, in))
		}
	}
}

func TestAMonthWithoutDeliveries(t *testing.T) {
	for _, lang := range message.Langs {
		f := ordinaryMonth(t)
		still(f)
		f.Last, f.Previous, f.Earlier, f.Account = tokyo(t, "2024-10-20 07:30"), nil, nil, []Count{}
		golden(t, filepath.Join("testdata", "empty."+string(lang)+".txt"), rendered(t, f, lang, formats[0]))
	}
}

// golden holds text against a file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
