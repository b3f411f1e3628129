package configtrail_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// maxLines is where a file stops being one idea.
const maxLines = 500

// root is how a package says that it imports the vocabulary, the root package.
const root = "configtrail"

// imports is the architecture: what each of our packages may import of ours, by
// the path below the module. Data flows down the list. A package that is not
// listed may not exist.
var imports = map[string][]string{
	root:                     {},
	"internal/message":       {root},
	"internal/settings":      {root},
	"internal/aws":           {root},
	"internal/blob":          {root, "internal/aws"},
	"internal/delivery":      {root, "internal/blob"},
	"internal/diff":          {root},
	"internal/redact":        {root},
	"internal/price":         {root},
	"internal/ledger":        {root, "internal/diff"},
	"internal/lake":          {root, "internal/blob"},
	"internal/ingest":        {root, "internal/blob", "internal/delivery", "internal/diff", "internal/ledger", "internal/redact", "internal/lake"},
	"internal/engine":        {root},
	"internal/spend":         {root, "internal/blob"},
	"internal/engine/duckdb": {root, "internal/blob", "internal/engine", "internal/lake"},
	"internal/engine/raw":    {root, "internal/aws", "internal/blob", "internal/delivery", "internal/engine"},
	"internal/engine/athena": {root, "internal/aws", "internal/blob", "internal/engine", "internal/engine/raw", "internal/engine/trinosql"},
	"internal/engine/trino":  {root, "internal/engine", "internal/engine/raw", "internal/engine/trinosql"},

	// What Athena and Trino share: literals, and types read back.
	"internal/engine/trinosql": {root, "internal/engine"},

	"internal/history":        {root, "internal/engine", "internal/engine/raw", "internal/diff", "internal/ledger", "internal/redact"},
	"internal/anomaly":        {root, "internal/message", "internal/history"},
	"internal/report":         {root, "internal/message", "internal/history", "internal/anomaly"},
	"internal/analyst":        {root, "internal/message", "internal/spend", "internal/report"},
	"internal/analyst/claude": {root, "internal/aws", "internal/analyst"},
	"internal/web":            {root, "internal/message", "internal/spend", "internal/history", "internal/anomaly", "internal/report", "internal/analyst"},
	"internal/testorg":        {root},
	"internal/cli":            {"*"},
	"cmd/configtrail":         {"internal/cli"},
	"cmd/configtrail-lambda":  {"*"},
	"cmd/configtrail-ingest":  {"*"},
	"bench":                   {"*"},
}

// forbidden is what a package that may import the rest may not.
var forbidden = map[string][]string{
	"cmd/configtrail-lambda": {"internal/cli", "internal/ingest", "internal/engine/duckdb"},
	"cmd/configtrail-ingest": {"internal/cli", "internal/web", "internal/analyst", "internal/engine/duckdb"},
}

// testOnly lists packages that only tests may import, with testorg, which the
// demo uses too.
var testOnly = []string{"internal/engine/enginetest", "internal/testserver"}

// homes gives each outside module family the packages that may import it
// outside of tests.
var homes = map[string][]string{
	"github.com/apache/iceberg-go":                        {"internal/lake"},
	"github.com/parquet-go/parquet-go":                    {"internal/lake"},
	"modernc.org/sqlite":                                  {"internal/lake"},
	"github.com/klauspost/compress":                       {"internal/delivery"},
	"github.com/duckdb/duckdb-go":                         {"internal/engine/duckdb"},
	"github.com/zricethezav/gitleaks":                     {"internal/redact"},
	"github.com/rs/zerolog":                               {"internal/redact"},
	"github.com/aws/aws-sdk-go-v2/service/s3":             {"internal/blob"},
	"github.com/aws/aws-sdk-go-v2/service/sts":            {"internal/aws"},
	"github.com/aws/aws-sdk-go-v2/service/organizations":  {"internal/aws"},
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager": {"internal/aws"},
	"github.com/aws/aws-sdk-go-v2/service/sqs":            {"internal/aws"},
	"github.com/aws/aws-sdk-go-v2/service/sns":            {"internal/aws"},
	"github.com/aws/aws-sdk-go-v2/service/codebuild":      {"internal/aws"},
	"github.com/aws/aws-sdk-go-v2/service/athena":         {"internal/engine/athena"},
	"github.com/aws/aws-sdk-go-v2/service/glue":           {"internal/lake", "internal/engine/raw", "cmd/configtrail-lambda"},
	"github.com/trinodb/trino-go-client":                  {"internal/engine/trino"},
	"github.com/anthropics/anthropic-sdk-go":              {"internal/analyst/claude"},
	"github.com/aws/aws-lambda-go":                        {"cmd/configtrail-lambda", "cmd/configtrail-ingest"},
	"gonum.org/v1/gonum":                                  {"internal/anomaly"},
	"github.com/aws/aws-sdk-go-v2/config":                 {"internal/aws"},
	"github.com/aws/aws-sdk-go-v2/credentials":            {"internal/aws"},
	"github.com/aws/aws-sdk-go-v2/feature/ec2":            {"internal/aws"},
	"github.com/aws/aws-sdk-go-v2/aws":                    {"*"}, // the type of a configuration, which is passed about
	"github.com/aws/smithy-go":                            {"internal/aws", "internal/blob", "internal/lake", "internal/engine/athena", "internal/engine/raw"},
	"gopkg.in/yaml.v3":                                    {"internal/settings"},
	"github.com/spf13/cobra":                              {"internal/cli"},
	"github.com/spf13/pflag":                              {"internal/cli"},
	"golang.org/x/term":                                   {"internal/cli", "cmd/configtrail"},
	"golang.org/x/text":                                   {"internal/message", "internal/analyst"},
	"golang.org/x/sync":                                   {"*"},
	"golang.org/x/sys":                                    {"*"},
}

// pkg is what `go list -json` says of one package.
type pkg struct {
	ImportPath  string
	Dir         string
	GoFiles     []string
	CgoFiles    []string
	Imports     []string
	TestImports []string
	Module      *struct{ Path string }
}

// packages lists the module's packages as the go command sees them.
func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,CgoFiles,Imports,TestImports", "./...").Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// short is a package's path below the module; the root keeps its name.
func short(path string) string { return strings.TrimPrefix(path, root+"/") }

func isTestOnly(name string) bool {
	return slices.ContainsFunc(testOnly, func(prefix string) bool {
		return name == prefix || strings.HasPrefix(name, prefix+"/")
	})
}

func TestImportsFollowTheArchitecture(t *testing.T) {
	for _, p := range packages(t) {
		name := short(p.ImportPath)
		if isTestOnly(name) {
			continue
		}
		allowed, listed := imports[name]
		mayMakeUp := name == "internal/cli" || name == "bench" // the demo and the benchmarks use the made-up organisation
		if !listed {
			t.Errorf("package %s is not part of the architecture", name)
			continue
		}
		for _, path := range p.Imports {
			ours := path == root || strings.HasPrefix(path, root+"/")
			switch {
			case ours && short(path) == "internal/testorg" && !mayMakeUp:
				t.Errorf("%s imports the made-up organisation", name)
			case ours && isTestOnly(short(path)):
				t.Errorf("%s imports %s, which is for tests", name, short(path))
			case ours && slices.Contains(forbidden[name], short(path)),
				ours && !slices.Contains(allowed, short(path)) && !slices.Contains(allowed, "*"):
				t.Errorf("%s may not import %s", name, short(path))
			case !ours && name != "bench" && strings.Contains(strings.SplitN(path, "/", 2)[0], "."): // bench holds its yardsticks against ours
				checkHome(t, name, path)
			}
		}
	}
}

// checkHome fails where an outside package is imported away from its home. The
// longest prefix listed decides.
func checkHome(t *testing.T, name, path string) {
	t.Helper()
	family := ""
	for prefix := range homes {
		if strings.HasPrefix(path, prefix) && len(prefix) > len(family) {
			family = prefix
		}
	}
	if family == "" {
		t.Errorf("%s imports %s, which has no home package; decide one in docs/adr", name, path)
		return
	}
	if home := homes[family]; !slices.Contains(home, name) && !slices.Contains(home, "*") {
		t.Errorf("%s imports %s, whose home is %s", name, path, strings.Join(home, ", "))
	}
}

func TestOnlyTheEmbeddedEngineNeedsC(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}} {{len .CgoFiles}}", "./internal/ingest", "./internal/report", "./internal/history", "./cmd/configtrail-lambda", "./cmd/configtrail-ingest").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		path, n, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n != "0" && strings.Contains(path, ".") {
			t.Errorf("%s uses cgo; a function binary must be pure Go", path)
		}
	}
}

func TestFilesHoldOneIdea(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != "." {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		lines := 0
		for scanner := bufio.NewScanner(file); scanner.Scan(); {
			lines++
		}
		if lines > maxLines {
			t.Errorf("%s has %d lines; split what is more than one idea (limit %d)", path, lines, maxLines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNothingRegistersItself holds two habits: no init functions, and no
// functional options hidden behind them.
func TestNothingRegistersItself(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(text, []byte("\nfunc init()")) {
				t.Errorf("%s/%s has an init function; pass the value in", short(p.ImportPath), name)
			}
		}
	}
}
