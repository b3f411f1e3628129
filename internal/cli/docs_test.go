package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail/internal/cli"
	"configtrail/internal/lake"
)

// docs is the repository's folder of documents.
var docs = filepath.Join("..", "..", "docs")

// The pages of docs/cli are what the commands say of themselves.
func TestPagesOfCommandsAreCurrent(t *testing.T) {
	made := t.TempDir()
	var stderr bytes.Buffer
	env := map[string]string{"HOME": t.TempDir(), "CONFIGTRAIL_TZ": "UTC"}
	code := cli.Main(t.Context(), cli.Environment{
		Args: []string{"docs", made}, Getenv: func(name string) string { return env[name] }, Stdin: strings.NewReader(""),
		Stdout: &stderr, Stderr: &stderr, Now: time.Now,
	})
	if code != 0 {
		t.Fatalf("docs: %s", &stderr)
	}
	if diff := cmp.Diff(pages(t, made), pages(t, filepath.Join(docs, "cli"))); diff != "" {
		t.Errorf("docs/cli is not what `go run ./cmd/configtrail docs docs/cli` makes (-made +there):\n%s", diff)
	}
}

func pages(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	names, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = string(text)
	}
	return all
}

// docs/tables.md has every column of every table, in order, with its type.
func TestTablesAreDescribed(t *testing.T) {
	l, err := lake.Create(t.Context(), lake.Options{Dir: t.TempDir(), RedactKeyID: "0123456789abcdef"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	page, err := os.ReadFile(filepath.Join(docs, "tables.md"))
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([^|]+) \\| (\\S[^|]*) \\|$")
	for _, table := range []string{lake.Items, lake.Changes, lake.Events, lake.Deliveries} {
		_, section, ok := strings.Cut(string(page), "\n## "+table+"\n")
		if !ok {
			t.Errorf("there is no section %s", table)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		var got, want []string
		for _, found := range row.FindAllStringSubmatch(section, -1) {
			got = append(got, found[1]+" "+found[2])
		}
		columns, err := l.Columns(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range columns {
			text := c.Name + " " + spelled(c.Type)
			if c.Nullable {
				text += ", may be null"
			}
			want = append(want, text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-schema +page):\n%s", table, diff)
		}
	}
}

// spelled is a type as the page writes it.
func spelled(typ lake.Type) string {
	var parts []string
	for _, part := range typ.Fields {
		switch text := spelled(part.Type); typ.Kind {
		case lake.Struct:
			parts = append(parts, part.Name+" "+text)
		default:
			parts = append(parts, text)
		}
	}
	if len(parts) == 0 {
		return string(typ.Kind)
	}
	return string(typ.Kind) + "<" + strings.Join(parts, ", ") + ">"
}
