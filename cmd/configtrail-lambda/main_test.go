package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// built is where this run's binaries lie.
var built = struct {
	folder  string
	binary  func() (string, error)
	least   func() (string, error)
	command func() (string, error)
}{}

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "configtrail-lambda")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built.folder = folder
	built.binary = sync.OnceValues(func() (string, error) { return build("bootstrap", ".") })
	built.least = sync.OnceValues(func() (string, error) { return build("least", "./testdata/least") })
	built.command = sync.OnceValues(func() (string, error) { return build("configtrail", "../configtrail", "CGO_ENABLED=1") })
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// build compiles a function as it is delivered: without cgo, unless told.
func build(name, source string, env ...string) (string, error) {
	path := filepath.Join(built.folder, name)
	command := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, source)
	command.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", source, err, out)
	}
	return path, nil
}

// binary is the function's.
func binary(t *testing.T) string {
	t.Helper()
	path, err := built.binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// output holds what a function prints, from any number of processes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func TestSettingsAreCheckedAtStart(t *testing.T) {
	for name, test := range map[string]struct {
		env  []string
		want string // what the process prints
	}{
		"nothing set": {nil, "configtrail: settings: CONFIGTRAIL_DATABASE: name the Glue database with the lake's tables, or set CONFIGTRAIL_SOURCE=raw\n"},
		"all at once": {
			[]string{"CONFIGTRAIL_TZ=Mars", "CONFIGTRAIL_LANG=fr", "CONFIGTRAIL_DAY_USD=-1", "CONFIGTRAIL_ORGANIZATION=maybe", "CONFIGTRAIL_MODEL_TOKENS_PER_MINUTE=many"},
			`configtrail: settings: CONFIGTRAIL_MODEL_TOKENS_PER_MINUTE: "many" is no number; write it as 50000
configtrail: settings: CONFIGTRAIL_ORGANIZATION: "maybe" is neither true nor false
configtrail: settings: CONFIGTRAIL_TZ: "Mars" is no time zone; write it as Asia/Tokyo or UTC
configtrail: settings: CONFIGTRAIL_LANG: "fr" is none of ja, en
configtrail: settings: CONFIGTRAIL_DAY_USD: "-1" is no amount; write it in dollars, as 2.50
`},
		"what belongs together": {
			[]string{"CONFIGTRAIL_SOURCE=raw", "CONFIGTRAIL_MODEL=claude-sonnet-5-5", "CONFIGTRAIL_DAY_BYTES=1TB"},
			`configtrail: settings: CONFIGTRAIL_RAW_TABLE: name the tables over the bucket of AWS Config, as database.table
configtrail: settings: CONFIGTRAIL_SPEND: say where the day's budget is counted, as s3://bucket/prefix
configtrail: settings: CONFIGTRAIL_MAX_BYTES: say what one query may read, as CONFIGTRAIL_DAY_BYTES is held by it
configtrail: settings: CONFIGTRAIL_MODEL_KEY_SECRET: name the secret with the API key of claude-sonnet-5-5
`},
		"an engine that needs more": {
			[]string{"CONFIGTRAIL_ENGINE=duckdb", "CONFIGTRAIL_DATABASE=lake"},
			"configtrail: settings: CONFIGTRAIL_ENGINE: this function asks athena or trino\n"},
		"Trino without an address": {
			[]string{"CONFIGTRAIL_ENGINE=trino", "CONFIGTRAIL_DATABASE=lake"},
			"configtrail: settings: CONFIGTRAIL_TRINO_URL: say where Trino is, as https://USER@HOST:PORT?catalog=lake&schema=configtrail\n"},
		"tables without a database": {
			[]string{"CONFIGTRAIL_SOURCE=raw", "CONFIGTRAIL_RAW_TABLE=config"},
			"configtrail: settings: CONFIGTRAIL_DATABASE: name the database of the tables in CONFIGTRAIL_RAW_TABLE, or write them as database.table\n"},
	} {
		var printed bytes.Buffer
		command := exec.CommandContext(t.Context(), binary(t))
		command.Env, command.Stderr = append([]string{}, test.env...), &printed
		err := command.Run()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || printed.String() != test.want {
			t.Errorf("%s: %v, printed\n%s", name, err, printed.String())
		}
	}
}

func TestAMisspelledSettingIsTold(t *testing.T) {
	_, err := load([]string{"CONFIGTRAIL_DATABASE=lake", "CONFIGTRAIL_DAYBYTES=1GB", "AWS_REGION=eu-west-1"})
	const want = "CONFIGTRAIL_DAYBYTES is not known; there are CONFIGTRAIL_AWS_REGION, CONFIGTRAIL_CONFIG, CONFIGTRAIL_DATABASE, CONFIGTRAIL_DAY_BYTES,"
	if err == nil || len(err.Error()) < len(want) || err.Error()[:len(want)] != want {
		t.Errorf("told %v", err)
	}
}

func TestSettings(t *testing.T) {
	c, err := load([]string{
		"CONFIGTRAIL_SOURCE=raw", "CONFIGTRAIL_DATABASE=config", "CONFIGTRAIL_RAW_TABLE=a, other.b", "CONFIGTRAIL_ORGANIZATION=true",
		"CONFIGTRAIL_MODEL=bedrock:jp.anthropic.claude", "CONFIGTRAIL_SPEND=s3://bucket/spend", "CONFIGTRAIL_DAY_TOKENS=1000", "TZ=:UTC", "LANG=en_US.UTF-8",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.TZ != "Asia/Tokyo" || c.Lang != "ja" || c.Engine != "athena" || !c.Organization || c.Spend.Tokens != 1000 ||
		!slices.Equal(c.tables(), []string{"config.a", "other.b"}) {
		t.Errorf("read %+v", c)
	}
}
