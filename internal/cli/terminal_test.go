package cli_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"configtrail/internal/cli"
)

// A terminal is shown progress, which is wiped once all is read; nothing else
// gets escape sequences, and quiet shows nothing.
func TestProgressIsForTerminals(t *testing.T) {
	for _, test := range []struct {
		args     []string
		terminal bool
		want     string // "": nothing at all
	}{
		{[]string{"ingest", "testdata/bucket"}, true, "2/2 objects"},
		{[]string{"ingest", "testdata/bucket", "--lang", "ja"}, true, "2/2個"},
		{[]string{"ingest", "testdata/bucket", "--quiet"}, true, ""},
		{[]string{"ingest", "testdata/bucket"}, false, ""},
	} {
		var stdout, stderr bytes.Buffer
		env := map[string]string{"HOME": t.TempDir(), "CONFIGTRAIL_TZ": "UTC", "NO_COLOR": "1"}
		code := cli.Main(t.Context(), cli.Environment{
			Args: test.args, Getenv: func(name string) string { return env[name] }, Stdin: strings.NewReader(""),
			Stdout: &stdout, Stderr: &stderr, Now: time.Now, Terminal: test.terminal,
		})
		if code != 0 {
			t.Fatalf("%q: exit code %d: %s", test.args, code, &stderr)
		}
		said := stderr.String()
		if test.want == "" && said != "" || !strings.Contains(said, test.want) {
			t.Errorf("%q: standard error is %q, want %q in it", test.args, said, test.want)
		}
		if test.want != "" && !strings.HasSuffix(said, "\r\x1b[K") {
			t.Errorf("%q: progress is not wiped: %q", test.args, said)
		}
		if strings.Contains(said, "\x1b[3") {
			t.Errorf("%q: colour in spite of NO_COLOR: %q", test.args, said)
		}
		if strings.ContainsAny(stdout.String(), "\x1b\r") {
			t.Errorf("%q: escape sequences in the result: %q", test.args, stdout.String())
		}
	}
}
