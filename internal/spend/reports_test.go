package spend

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"configtrail"
)

func cached(t *testing.T, b *Budget, key ReportKey) (string, bool) {
	t.Helper()
	report, ok, err := b.Cached(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(report), ok
}

func keep(t *testing.T, b *Budget, key ReportKey, report string) {
	t.Helper()
	if err := b.Keep(t.Context(), key, []byte(report)); err != nil {
		t.Fatal(err)
	}
}

func TestReportsAreKept(t *testing.T) {
	b, folder := open(t, Options{Prefix: "p"})
	november := ReportKey{"2024-11 ja", "v1"}
	if _, ok := cached(t, b, november); ok {
		t.Error("a report before any was kept")
	}
	keep(t, b, november, "十一月\n")
	keep(t, b, ReportKey{"2024-12 ja", "v1"}, "")
	if got, ok := cached(t, b, november); got != "十一月\n" || !ok {
		t.Errorf("got %q, %v", got, ok)
	}
	if got, ok := cached(t, b, ReportKey{"2024-12 ja", "v1"}); got != "" || !ok {
		t.Errorf("an empty report: %q, %v", got, ok)
	}
	for _, other := range []ReportKey{{"2024-11 ja", "v2"}, {"2024-11 en", "v1"}, {"2024-11 jav1", ""}} {
		if got, ok := cached(t, b, other); ok {
			t.Errorf("%v has %q", other, got)
		}
	}

	keep(t, b, ReportKey{"2024-11 ja", "v2"}, "newer")
	if got, ok := cached(t, b, ReportKey{"2024-11 ja", "v2"}); got != "newer" || !ok {
		t.Errorf("got %q, %v", got, ok)
	}
	if _, ok := cached(t, b, november); ok {
		t.Error("the report of the older state is still there")
	}
	if entries, err := os.ReadDir(filepath.Join(folder, "p", "reports")); err != nil || len(entries) != 2 {
		t.Errorf("there are %v, %v for two questions", entries, err)
	}
}

func TestDamagedReportsAreNone(t *testing.T) {
	b, folder := open(t, Options{MaxReport: 10})
	key := ReportKey{"q", "s"}
	keep(t, b, key, "0123456789")
	file := filepath.Join(folder, filepath.FromSlash(b.reportKey(key)))
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	long := []byte("0123456789A")
	for name, text := range map[string][]byte{
		"empty":        {},
		"cut off":      whole[:len(whole)-1],
		"another text": bytes.Replace(whole, []byte("0123"), []byte("9123"), 1),
		"no heading":   []byte("0123456789"),
		"of another":   append(ReportKey{"r", "s"}.heading([]byte("x")), 'x'),
		"too large":    append(key.heading(long), long...),
	} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := cached(t, b, key); ok {
			t.Errorf("%s: got %q", name, got)
		}
		keep(t, b, key, "again")
		if got, ok := cached(t, b, key); got != "again" || !ok {
			t.Errorf("%s stays: %q, %v", name, got, ok)
		}
	}
	if err := b.Keep(t.Context(), key, long); !errors.Is(err, configtrail.ErrTooLarge) {
		t.Errorf("a report above the limit: %v", err)
	}
}
