package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"configtrail/internal/cli"
	"configtrail/internal/testorg"
)

// hostileAccount owns everything in the hostile bucket.
const hostileAccount = "111122223333"

// hostileNames are those of testorg and a few that only these surfaces meet.
func hostileNames() []string {
	return append(testorg.HostileNames(), "delete\x7f", "soft\u00adhyphen", "\r\n=1+1", "＝全角", "--flag", "-x", "{n} {n?a:b}")
}

// hostileBucket is a bucket in which every text that the wire leaves free is one
// of the names: ids, names, ARNs, tags, values, property names, types, object keys.
func hostileBucket(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	first, second := []any{}, []any{}
	item := func(name, note string, captured time.Time) map[string]any {
		return map[string]any{
			"configurationItemVersion": "1.3", "configurationItemCaptureTime": captured.Format(time.RFC3339Nano),
			"configurationStateId": captured.Unix(), "awsAccountId": hostileAccount, "configurationItemStatus": "OK",
			"resourceType": "AWS::S3::Bucket", "resourceId": name, "resourceName": name, "ARN": "arn:aws:s3:::" + name,
			"awsRegion": "ap-northeast-1", "availabilityZone": name, "tags": map[string]string{"note": name, name: "tag"},
			"configuration": map[string]any{"note": note, name: note},
			"relationships": []any{map[string]any{"resourceType": name, "resourceId": name, "resourceName": name, "name": name}},
		}
	}
	begin := time.Date(2024, 11, 5, 1, 0, 0, 0, time.UTC)
	for i, name := range hostileNames() {
		first = append(first, item(name, name, begin.AddDate(0, -1, 0)))
		second = append(second, item(name, "new "+name, begin.Add(time.Duration(i)*time.Minute)))
	}
	odd := item("odd", "odd", begin)
	odd["resourceType"] = "AWS::<script>alert(1)</script>::\x1b[31m"
	second = append(second, odd)
	place := "AWSLogs/" + hostileAccount + "/Config/ap-northeast-1/2024/"
	objects := map[string]any{
		place + "10/21/ConfigSnapshot/" + hostileAccount + "_Config_ap-northeast-1_ConfigSnapshot_20241021T220000Z_1.json":                               first,
		place + "11/5/ConfigHistory/" + hostileAccount + "_Config_ap-northeast-1_ConfigHistory_AWS::S3::Bucket_20241105T000000Z_20241105T060000Z_1.json": second,
		place + "11/30/ConfigSnapshot/" + hostileAccount + "_Config_ap-northeast-1_ConfigSnapshot_20241130T220000Z_2.json":                               []any{},
	}
	for key, items := range objects {
		write(t, filepath.Join(dir, key), must(t, map[string]any{"fileVersion": "1.0", "configurationItems": items}))
	}
	for _, name := range hostileNames() {
		name = strings.ReplaceAll(name, "/", "_")
		if len(name) < 200 {
			write(t, filepath.Join(dir, place+"11/6/ConfigHistory/"+name+".json"), []byte(`{"configurationItems":[`+name))
			write(t, filepath.Join(dir, "unknown", name), nil)
		}
	}
	return dir
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// machine runs commands in this process, in a home of its own.
type machine struct {
	env        map[string]string
	executable string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	executable, err := exec.LookPath("configtrail") // this binary under the name that makes it the command
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	return &machine{map[string]string{"HOME": home, "CONFIGTRAIL_LAKE": filepath.Join(home, "lake"), "CONFIGTRAIL_TZ": "Asia/Tokyo"}, executable}
}

// run runs a command to its end and fails where a byte of its output could do
// more than show.
func (m *machine) run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Main(t.Context(), cli.Environment{
		Args: args, Getenv: func(name string) string { return m.env[name] }, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Now: func() time.Time { return time.Date(2024, 12, 1, 3, 0, 0, 0, time.UTC) }, Executable: m.executable, Version: "test",
	})
	for stream, text := range map[string]string{"stdout": out.String(), "stderr": errs.String()} {
		if at := hidden.FindStringIndex(text); at != nil {
			t.Errorf("%q: %s holds %q in %q", args, stream, text[at[0]:at[1]], text[max(0, at[0]-40):min(len(text), at[1]+40)])
		}
		if strings.Contains(text, "⟦") {
			t.Errorf("%q: a message is missing: %s", args, text)
		}
	}
	return code, out.String(), errs.String()
}

// hidden is what no output may hold: control characters save the line break,
// line separators, bidirectional and zero-width marks, fillers, tags, bytes that
// are no UTF-8. It is spelled out by hand, apart from the code under test.
var hidden = regexp.MustCompile("[\x00-\x09\x0b-\x1f\x7f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\u3164\ufeff\uffa0\ufff9-\ufffb\ufffd\U000e0000-\U000e007f]")

// TestHostileNames puts one set of hostile names through every command and format.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	bucket := hostileBucket(t)
	m := newMachine(t)
	objects := len(hostileNames()) - 1 // one name is too long for a file
	code, out, _ := m.run(t, "ingest", bucket, "--format", "json")
	var summary struct {
		Items      struct{ Added int }
		Quarantine []struct{ Key string }
	}
	decode(t, out, &summary)
	keys := map[string]bool{}
	for _, q := range summary.Quarantine {
		keys[q.Key] = true
	}
	if want := 2*len(hostileNames()) + 1; code != 3 || summary.Items.Added != want || len(keys) != objects {
		t.Fatalf("code %d, %d items (want %d), %d objects quarantined (want %d)", code, summary.Items.Added, want, len(keys), objects)
	}

	span := []string{"--from", "2024-11-01", "--to", "2024-12-01", "--limit", "0"}
	key := hostileAccount + "/ap-northeast-1/AWS::S3::Bucket/"
	commands := [][]string{
		{"ingest", bucket, "--retry"},
		append([]string{"changes"}, span...),
		{"at", "2024-11-20"},
		{"report", "2024-11"},
		{"doctor"}, {"doctor", bucket},
		{"query", "SELECT * FROM changes"}, {"query", "SELECT * FROM deliveries"},
		{"query", `SELECT 1 AS "<script>alert(1)</script>", 2 AS "=1+1", 3 AS "a` + "\u202e" + `b", 4 AS "[x](https://example.com)"`},
	}
	for i, name := range hostileNames() {
		switch i % 4 { // the commands above show all of them
		case 0, 1:
			commands = append(commands, []string{"timeline", key + name})
		case 2:
			commands = append(commands, []string{"diff", key + name, "--from", "2024-11-01", "--to", "2024-11-20"})
		}
	}
	for i, command := range commands {
		formats := []string{"text", "json", "jsonl", "csv", "markdown", "html"}
		switch command[0] { // every format meets some of the names, every name one format
		case "timeline":
			formats = formats[i%5 : i%5+1]
		case "diff":
			formats = formats[i%2 : i%2+1]
		}
		for _, format := range formats {
			m.env["CONFIGTRAIL_LANG"] = []string{"en", "ja"}[i%2]
			code, out, said := m.run(t, append(slices.Clone(command), "--format", format)...)
			if code == 2 && strings.Contains(said, "--format") {
				continue // not a format of this command
			}
			if code != 0 && code != 3 || out == "" {
				t.Errorf("%q in %s: exit code %d: %s", command, format, code, said)
			}
			checkFormat(t, fmt.Sprintf("%q in %s", command, format), format, out)
		}
	}
}

// TestHostileNamesSurvive holds that JSON decodes to the very text that came in.
func TestHostileNamesSurvive(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.run(t, "ingest", hostileBucket(t), "--quiet")
	_, out, _ := m.run(t, "changes", "--from", "2024-11-01", "--to", "2024-12-01", "--type", "AWS::S3::Bucket", "--limit", "0", "--format", "jsonl", "--order", "asc")
	var ids, names, arns []string
	for line := range strings.Lines(out) {
		var c struct {
			ResourceID string `json:"resource_id"`
			Name, ARN  string
		}
		decode(t, line, &c)
		ids, names, arns = append(ids, c.ResourceID), append(names, c.Name), append(arns, strings.TrimPrefix(c.ARN, "arn:aws:s3:::"))
	}
	for what, got := range map[string][]string{"ids": ids, "names": names, "ARNs": arns} {
		if diff := cmp.Diff(hostileNames(), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}

	// Each name finds its resource, as an argument of every command that takes one.
	for i, name := range hostileNames() {
		for j, args := range [][]string{
			{"changes", "--from", "2024-11-01", "--to", "2024-12-01", "--format", "jsonl", "--resource=" + name},
			{"changes", "--from", "2024-11-01", "--to", "2024-12-01", "--format", "jsonl", "--tag=note=" + name, "--type=s3"},
			{"changes", "--from", "2024-11-01", "--to", "2024-12-01", "--format", "jsonl", "--contains=" + name, "--type=s3"},
		} {
			if i%4 != j { // each name in one of the ways
				continue
			}
			code, out, said := m.run(t, args...)
			if found := strings.Count(out, `"resource_id":`); code != 0 && code != 3 || found < 1 || found > 1 && !strings.HasPrefix(args[7], "--contains") {
				t.Errorf("%q: code %d, %d changes: %s", args, code, found, said)
			}
		}
		if i%4 != 3 {
			continue
		}
		if code, out, said := m.run(t, "timeline", "--format=json", "--to=2024-12-01", "--", name); code != 0 && code != 3 || !json.Valid([]byte(out)) {
			t.Errorf("timeline %q: code %d: %s", name, code, said)
		}
	}
}

// TestHostileArguments gives the names where they mean nothing: that is told in
// clean text, with the exit code of wrong input.
func TestHostileArguments(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.run(t, "init")
	for i, name := range hostileNames() {
		m.env["CONFIGTRAIL_LANG"] = []string{"en", "ja"}[i%2]
		for j, args := range [][]string{
			{"report", "--", name}, {"at", "--", name}, {"diff", "--from=" + name, "x"}, {"diff", "--from=2024-11-01", "--", name},
			{"timeline", "--", name}, {"query", "--", name}, {"ingest", "--", name + "://x"}, {"ingest", "--", "no/" + name},
			{"changes", "--from=" + name}, {"changes", "--to=" + name}, {"changes", "--last=" + name}, {"changes", "--account=" + name},
			{"changes", "--kind=" + name}, {"changes", "--noise=" + name}, {"changes", "--order=" + name}, {"changes", "--limit=" + name},
			{"changes", "--format=" + name}, {"changes", "--cursor=" + name}, {"changes", "--fail-on=" + name}, {"changes", "--tag=" + name},
			{"changes", "--config=" + name}, {"changes", "--tz=" + name}, {"changes", "--lang=" + name}, {"changes", "--engine=" + name},
			{"changes", "--" + name}, {"changes", "--lake=no/" + name}, {"changes", "--", name}, {"ingest", "--since=" + name, "x"}, {"--", name},
		} {
			if (i+j)%3 != 0 { // a third of the pairs: each name and each argument many times
				continue
			}
			code, out, said := m.run(t, args...)
			lines := strings.Split(strings.TrimSuffix(said, "\n"), "\n")
			if (code == 0 || code == 3) && args[len(args)-1] == "--tag="+name && strings.Contains(name[1:], "=") {
				continue // it is a tag
			}
			if code == 1 && len(name) > 255 {
				continue // what the system says of a path that long
			}
			if code != 2 && code != 4 || out != "" && args[0] != "changes" || !strings.HasPrefix(said, "configtrail: ") || len(lines) > 3 {
				t.Errorf("%q: code %d, output %q, said %q", args, code, out, said)
			}
		}
	}
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// checkFormat fails where a reader of the format would do more than show text.
func checkFormat(t *testing.T, what, format, out string) {
	t.Helper()
	switch format {
	case "json":
		if !json.Valid([]byte(out)) {
			t.Errorf("%s: no JSON: %.300s", what, out)
		}
	case "jsonl":
		for line := range strings.Lines(out) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s: no JSON: %.300s", what, line)
			}
		}
	case "csv":
		rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		for _, cell := range slices.Concat(rows...) {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("%s: a cell begins like a formula: %q", what, cell)
			}
		}
	case "markdown":
		checkMarkdown(t, what, out)
	case "html":
		checkHTML(t, what, out)
	}
}

var (
	// An escape comes before a code span: an escaped backtick opens none.
	inert  = regexp.MustCompile("\\\\[[:punct:]]|`[^`\n]*`")
	active = regexp.MustCompile(`<[A-Za-z/!?]|\]\(|\]\[|!\[|://|www\.|mailto:|@`)
)

// checkMarkdown looks for what makes links, images and markup outside of code,
// and for rows whose cells are not as many as the head's.
func checkMarkdown(t *testing.T, what, out string) {
	t.Helper()
	columns := 0
	for line := range strings.Lines(out) {
		plain := inert.ReplaceAllString(line, "")
		if found := active.FindString(plain); found != "" {
			t.Errorf("%s: %q outside of code: %s", what, found, line)
		}
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		cells := strings.Count(plain, "|")
		if columns == 0 {
			columns = cells
		}
		if cells != columns {
			t.Errorf("%s: a row of %d cells below a head of %d: %s", what, cells, columns, line)
		}
	}
}

// checkHTML reads a page as browsers do and looks for what acts or leads away.
func checkHTML(t *testing.T, what, out string) {
	t.Helper()
	for tokens := html.NewTokenizer(strings.NewReader(out)); ; {
		switch tokens.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := tokens.Token()
			if slices.Contains([]string{"script", "img", "iframe", "object", "embed", "form", "base", "link", "system"}, tag.Data) {
				t.Errorf("%s: a tag %s", what, tag)
			}
			for _, a := range tag.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
					t.Errorf("%s: an attribute %s=%q of %s", what, a.Key, a.Val, tag.Data)
				}
			}
		}
	}
}
