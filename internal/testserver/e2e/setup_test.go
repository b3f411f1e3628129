package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"configtrail/internal/testorg"
	"configtrail/internal/testserver/rawtables"
	"configtrail/internal/testserver/runtime"
	"configtrail/internal/testserver/stack"
)

// The month that is told. The organisation has a month before and one behind it.
const (
	year, month = "2024", "9"
	monthText   = "2024-09"
)

// place is an organisation as all of its users see it: raw deliveries, tables over
// them, and a lake.
type place struct {
	*rawtables.Bucket
	truth    testorg.Truth
	lake     string // s3://…
	database string // of the lake
	output   string // for results of Athena
	state    []string
	first    []string
}

// programs are the binaries under test.
type programs struct{ full, function, ingest string }

// built is the folder of the programs; "" until the first test needs them.
var built string

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built) // what stays is the system's to clean
	}
	os.Exit(code)
}

// build builds the programs once for all tests.
func build(t *testing.T) programs {
	t.Helper()
	dir := built
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "configtrail-e2e-"); err != nil {
			t.Fatal(err)
		}
	}
	p := programs{full: filepath.Join(dir, "configtrail"), function: filepath.Join(dir, "answer"), ingest: filepath.Join(dir, "ingest")}
	if built != "" {
		return p
	}
	for path, name := range map[string]string{p.full: "configtrail", p.function: "configtrail-lambda", p.ingest: "configtrail-ingest"} {
		command := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "configtrail/cmd/"+name)
		if path != p.full {
			command.Env = append(os.Environ(), "CGO_ENABLED=0")
		}
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", name, err, out)
		}
	}
	built = dir
	return p
}

// size is how large an organisation is: how many times the resources of the usual
// one, and how many times its changes by people.
type size struct {
	name               string
	resources, changes int
}

// settle makes an organisation of some size, its bucket, tables and lake.
func settle(t *testing.T, p programs, o size) *place {
	t.Helper()
	s := stack.Start(t)
	at := &place{}
	at.Bucket = rawtables.New(t, s, func(put func(string, []byte) error) error {
		truth, err := testorg.Generate(t.Context(), testorg.Options{Seed: 11, Resources: 40 * o.resources, Changes: 2 * o.changes}, put)
		at.truth = truth
		return err
	})
	lake := s.Bucket(t)
	at.lake, at.output, at.database = "s3://"+lake+"/lake", "s3://"+lake+"/results/", s.Database(t)
	at.state = at.Tables(t, "state_", rawtables.WithState())
	at.first = at.Tables(t, "first_", rawtables.First(accounts(at.truth)...))
	at.run(t, p, "ingest", "s3://"+at.Name, "--quiet")
	at.run(t, p, "compact")
	return at
}

func accounts(truth testorg.Truth) []string {
	seen := map[string]bool{}
	var all []string
	for _, change := range truth.Changes {
		if !seen[change.Key.Account] {
			seen[change.Key.Account] = true
			all = append(all, change.Key.Account)
		}
	}
	return all
}

// env is how any of our programs reaches this place.
func (at *place) env(more ...string) []string {
	return append(append(at.Env(),
		"CONFIGTRAIL_ENDPOINT_URL="+at.Endpoint, "CONFIGTRAIL_AWS_REGION="+at.Region, "CONFIGTRAIL_PATH_STYLE=true",
		"CONFIGTRAIL_DATABASE="+at.database, "CONFIGTRAIL_OUTPUT="+at.output, "CONFIGTRAIL_TZ=Asia/Tokyo",
	), more...)
}

// run runs the full binary and gives what it printed. Exit code 3 is an answer too.
func (at *place) run(t *testing.T, p programs, args ...string) []byte {
	t.Helper()
	home := filepath.Join(filepath.Dir(p.full), "home")
	command := exec.CommandContext(t.Context(), p.full, args...)
	command.Env = append(at.env("CONFIGTRAIL_LAKE="+at.lake), "HOME="+home, "PATH="+os.Getenv("PATH"))
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil && command.ProcessState.ExitCode() != 3 {
		t.Fatalf("configtrail %s: %v\n%s", strings.Join(args, " "), err, problems.Bytes())
	}
	return out.Bytes()
}

// function starts the function that answers.
func (at *place) function(t *testing.T, p programs, env ...string) *runtime.Started {
	t.Helper()
	return runtime.Start(t, runtime.Options{Binary: p.function, Env: at.env(env...), Timeout: 10 * time.Minute, Output: io.Discard})
}

// lakeEnv and rawEnv say what the function reads.
func lakeEnv(more ...string) []string { return append([]string{"CONFIGTRAIL_SOURCE=lake"}, more...) }

func rawEnv(tables []string, more ...string) []string {
	return append([]string{"CONFIGTRAIL_SOURCE=raw", "CONFIGTRAIL_RAW_TABLE=" + strings.Join(tables, ",")}, more...)
}

// answer is what POST / answers.
type answer struct {
	Code   int
	Status string `json:"status"`
	Body   []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	} `json:"body"`
	Error struct{ Code, Message, Hint string } `json:"error"`
}

func (a answer) text() string {
	if len(a.Body) == 0 {
		return a.Error.Code + ": " + a.Error.Message + " → " + a.Error.Hint
	}
	return a.Body[0].Text
}

// curl posts a body as the first user does.
func curl(t *testing.T, url, body string) answer {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "curl", "-sS", "-X", "POST", url, "-d", body, "-w", "\n%{http_code}").Output()
	if err != nil {
		t.Fatalf("curl: %v", err)
	}
	at := bytes.LastIndexByte(out, '\n')
	var a answer
	if err := json.Unmarshal(out[:at], &a); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if err := json.Unmarshal(out[at+1:], &a.Code); err != nil {
		t.Fatal(err)
	}
	return a
}

// told is what tests read of a report's JSON.
type told struct {
	Totals struct {
		Changes, Noise, Created, Updated, Deleted, Recreated, Resources, Accounts int64
	}
	Previous any
	Text     string
	ToldBy   string `json:"told_by"`
	Verified bool
	Raw      *struct {
		Records, Captures int64
	}
	Findings []struct{ Detector string }
	Cost     struct {
		Bytes        int64
		USD          *float64 `json:"usd"`
		InputTokens  int64    `json:"input_tokens"`
		OutputTokens int64    `json:"output_tokens"`
	}
}

// report asks the function for the month as JSON.
func report(t *testing.T, url string) told {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/v1/report/"+monthText, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v\n%s", response.Status, err, data)
	}
	var r told
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}
