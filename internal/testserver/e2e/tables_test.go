package e2e_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	testglue "configtrail/internal/testserver/glue"
	"configtrail/internal/testserver/iam"
	"configtrail/internal/testserver/stack"
)

// layout is one way that the world's deliveries lie, and the table over it.
type layout struct {
	table, folders, form string
	accounts             []string // none: injected
}

// TestTheTablesOfTheTemplate makes the raw tables of a synthesized template in
// Glue, over the bucket of another program's organisation, and holds what Trino
// reads in them against what a naive reader counts in the objects.
func TestTheTablesOfTheTemplate(t *testing.T) {
	s := stack.Start(t)
	files := world(t)
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("no node here, which CDK needs to synthesize a template")
	}
	counts := map[string]map[string]int{} // items by folders before the account, and account
	for key, data := range files {
		folders, account, ok := placeOf(key)
		if !ok || strings.HasPrefix(key, "restored/") || !october(key) {
			continue
		}
		if n, whole := count(data); whole {
			if counts[folders] == nil {
				counts[folders] = map[string]int{}
			}
			counts[folders][account] += n
		}
	}
	var layouts []layout
	i := 0
	for _, folders := range sorted(counts) {
		accounts := sorted(counts[folders])
		layouts = append(layouts, layout{fmt.Sprintf("lives_%d", i), folders, "lives", accounts}, layout{fmt.Sprintf("state_%d", i), folders, "state", nil})
		i++
	}
	if len(layouts) != 10 {
		t.Fatalf("%d layouts of deliveries, want five in two forms", len(layouts))
	}

	bucket, database := s.Bucket(t), s.Database(t)
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(16)
	var broken []string
	for key, data := range files {
		if _, _, ok := placeOf(key); !ok || !october(key) {
			continue
		}
		if _, whole := count(data); !whole {
			broken = append(broken, key)
			continue
		}
		group.Go(func() error {
			_, err := s.Client().PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(data)})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d objects that no table can read are left out", len(broken))
	makeTables(t, s, synthesize(t, bucket, database, layouts))

	for _, l := range layouts {
		for account, want := range counts[l.folders] {
			rows := s.Exec(t, fmt.Sprintf(`SELECT count(*), count(DISTINCT i[1].awsaccountid), min(i[1].awsaccountid) FROM raw.%s.%s
				CROSS JOIN UNNEST(transform(configurationitems, c -> ARRAY[c])) AS t(i) WHERE account_id = '%s' AND year = '2024' AND month = '10'`, database, l.table, account))
			if got := strings.TrimSpace(fmt.Sprintln(rows[0]...)); got != fmt.Sprintf("%d 1 %s", want, account) {
				t.Errorf("%s over %s, account %s: %s (items, accounts, account), want %d 1 %s", l.table, l.folders, account, got, want, account)
			}
		}
		if l.form == "state" {
			rows := s.Exec(t, fmt.Sprintf(`SELECT count_if(json_parse(i[1].configuration) IS NOT NULL) > 0 FROM raw.%s.%s
				CROSS JOIN UNNEST(transform(configurationitems, c -> ARRAY[c])) AS t(i) WHERE account_id = '%s' AND year = '2024' AND month = '10' AND i[1].configuration LIKE '{%%'`,
				database, l.table, sorted(counts[l.folders])[0]))
			if rows[0][0] != true {
				t.Errorf("%s has no state", l.table)
			}
		}
	}
}

// world unpacks the bucket of the fictitious organisation.
func world(t *testing.T) map[string][]byte {
	t.Helper()
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	var packed []byte
	for {
		packed, err = os.ReadFile(filepath.Join(dir, "shared", "world", "bucket.tar.gz"))
		if err == nil {
			break
		}
		if up := filepath.Dir(dir); up != dir {
			dir = up
			continue
		}
		t.Skip("no shared/world above the project, which holds the bucket of another program's organisation")
	}
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if err != nil {
			break
		}
		var data bytes.Buffer
		if _, err := data.ReadFrom(archive); err != nil {
			t.Fatal(err)
		}
		if key := strings.TrimPrefix(strings.TrimPrefix(header.Name, "./"), "bucket/"); fs.FileMode(header.Mode).IsRegular() && data.Len() >= 0 && header.Typeflag == tar.TypeReg {
			files[key] = data.Bytes()
		}
	}
	if len(files) == 0 {
		t.Fatal("the world's bucket is empty")
	}
	return files
}

// placeOf tells the folders before the account of an object of AWS Config.
func placeOf(key string) (folders, account string, ok bool) {
	before, _, ok := strings.Cut(key, "/Config/")
	at := strings.LastIndexByte(before, '/')
	if !ok || at < 0 || !strings.Contains(key, "/2024/") {
		return "", "", false
	}
	return before[:at], before[at+1:], true
}

func october(key string) bool { return strings.Contains(key, "/2024/10/") }

// count counts items as naively as can be. An object that is not one JSON document
// with objects for items is not whole: no SerDe reads it.
func count(data []byte) (int, bool) {
	plain, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return 0, false
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(plain); err != nil {
		return 0, false
	}
	var document struct{ ConfigurationItems []json.RawMessage }
	if json.Unmarshal(text.Bytes(), &document) != nil {
		return 0, false
	}
	for _, item := range document.ConfigurationItems {
		if len(item) == 0 || item[0] != '{' {
			return 0, false
		}
	}
	return len(document.ConfigurationItems), true
}

// synthesize makes the plain template of settings with these tables.
func synthesize(t *testing.T, bucket, database string, layouts []layout) *iam.Template {
	t.Helper()
	var folders, tables strings.Builder
	seen := map[string]bool{}
	for _, l := range layouts {
		if inside := seen[strings.Split(l.folders, "/")[0]]; !seen[l.folders] && !inside { // a source's folders are read whole
			seen[l.folders] = true
			fmt.Fprintf(&folders, "      - %s\n", l.folders)
		}
		fmt.Fprintf(&tables, "      - {name: %s, folders: %s, form: %s", l.table, l.folders, l.form)
		if len(l.accounts) > 0 {
			fmt.Fprintf(&tables, `, accounts: ["%s"]`, strings.Join(l.accounts, `", "`))
		}
		tables.WriteString("}\n")
	}
	settings := "raw:\n  database: " + database + "\n  regions: [ap-northeast-1, us-east-1, eu-central-1]\nsources:\n  - name: world\n    bucket: " + bucket +
		"\n    owner: \"" + testglue.Account + "\"\n    ways: [listing]\n    folders:\n" + folders.String() + "    tables:\n" + tables.String()
	dir := t.TempDir()
	file, out := filepath.Join(dir, "settings.yaml"), filepath.Join(dir, "template.json")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", "run", ".", "-settings", file, "-template", out)
	command.Dir = filepath.FromSlash("../../../infra")
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("synthesize: %v\n%s\n%s", err, text, settings)
	}
	template, err := iam.Read(out, map[string]string{"AWS::AccountId": testglue.Account, "AWS::Region": "ap-northeast-1"})
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// makeTables makes the template's tables as CloudFormation does.
func makeTables(t *testing.T, s *stack.Stack, template *iam.Template) {
	t.Helper()
	ids := template.Of("AWS::Glue::Table")
	if len(ids) == 0 {
		t.Fatal("the template has no table")
	}
	for _, id := range ids {
		text, err := json.Marshal(template.Property(id, "TableInput"))
		if err != nil {
			t.Fatal(err)
		}
		var input types.TableInput
		if err := json.Unmarshal(text, &input); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		database, _ := template.Property(id, "DatabaseName").(string)
		_, err = glue.NewFromConfig(s.Config(t)).CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: &database, TableInput: &input})
		stack.Made(t, err)
	}
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
