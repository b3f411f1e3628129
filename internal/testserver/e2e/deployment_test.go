package e2e_test

import (
	"bytes"
	"compress/gzip"
	"crypto/md5" //nolint:gosec // an ETag is one
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"configtrail/internal/testorg"
	testbuild "configtrail/internal/testserver/build"
	"configtrail/internal/testserver/glue"
	"configtrail/internal/testserver/iam"
	"configtrail/internal/testserver/queue"
	"configtrail/internal/testserver/runtime"
	"configtrail/internal/testserver/secrets"
	"configtrail/internal/testserver/stack"
	"configtrail/internal/testserver/topic"
)

// The functions of a deployment, and the build project, by the roles that the
// template gives them.
const (
	answerFunction  = "AnswerRole"
	ingestFunction  = "IngestRole"
	gatherFunction  = "GatherRole"
	listingFunction = "ListingRole"
	compactFunction = "CompactRole"
	tablesFunction  = "TablesRole"
	dailyFunction   = "DailyRole"
	monthlyFunction = "MonthlyRole"
	longRun         = "LongRunRole"
)

// Names that a deployment has in the template and here.
const (
	redactSecret = "configtrail-redact-key"
	topicARN     = "arn:aws:sns:ap-northeast-1:" + glue.Account + ":configtrail-reports"
	project      = "configtrail-long-run"
)

// deployment is the deployed shape on loopback. Every function has a front of its
// own, which notes its calls.
type deployment struct {
	stack    *stack.Stack
	programs programs
	dir      string

	source, lake, results string // buckets
	database              string

	queue, dead *queue.Queue
	topic       *topic.Server
	builds      *testbuild.Server
	services    map[string]http.Handler

	silent []object // of which nobody tells: they are found in a listing

	fronts    map[string]*stack.Front
	recorders map[string]*iam.Recorder
	functions map[string]*runtime.Function
}

func deploy(t *testing.T, p programs) *deployment {
	t.Helper()
	s := stack.Start(t)
	d := &deployment{
		stack: s, programs: p, dir: t.TempDir(),
		source: s.Bucket(t), lake: s.Bucket(t), results: s.Bucket(t), database: s.Database(t),
		topic:  topic.New(topicARN),
		fronts: map[string]*stack.Front{}, recorders: map[string]*iam.Recorder{}, functions: map[string]*runtime.Function{},
	}
	queues := queue.New()
	d.dead = queues.Make("configtrail-ingest-dead", queue.Options{})
	d.queue = queues.Make("configtrail-ingest", queue.Options{Receives: 5, DeadLetters: "configtrail-ingest-dead"})
	d.services = map[string]http.Handler{
		"sqs": queues, "sns": d.topic,
		"secretsmanager": secrets.New(map[string]string{redactSecret: strings.Repeat("Ab3dEf9hIj", 6) + "Klmn"}),
	}
	return d
}

// names are those of the template, by those of here.
func (d *deployment) names() map[string]string {
	return map[string]string{
		"workgroup/primary": "workgroup/configtrail",
		d.source:            "example-config-logs", d.lake: "lakebucket", d.results: "resultsbucket", d.database: "configtrail",
		secrets.ARN(redactSecret): "arn:aws:secretsmanager:ap-northeast-1:" + glue.Account + ":secret:RedactKeySecret",
	}
}

// front is what a role's calls go through.
func (d *deployment) front(t *testing.T, role string) *stack.Front {
	t.Helper()
	if d.fronts[role] == nil {
		r := &iam.Recorder{Account: glue.Account, Region: d.stack.Region, Names: d.names()}
		if role == listingFunction { // of the template's sources, another one is listed
			r.Names[d.source] = "example-organisation-logs"
			r.Names[organisationFolders] = "AWSLogs/o-exampleorgid"
		}
		d.recorders[role] = r
		options := stack.FrontOptions{Services: d.services, Watch: r.Watch}
		if role == ingestFunction {
			options.S3 = refusing
		}
		d.fronts[role] = d.stack.Front(t, options)
	}
	return d.fronts[role]
}

// refusedEnd is how the key of an object ends that S3 refuses to give.
const refusedEnd = "_9.json.gz"

// refusing stands before an S3 whose keys don't let one object be decrypted.
func refusing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, refusedEnd) {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>") // a caller who left needs none
			return
		}
		next.ServeHTTP(w, r)
	})
}

// env is what a role's program is told.
func (d *deployment) env(t *testing.T, role string, more ...string) []string {
	t.Helper()
	f := d.front(t, role)
	return append(append(f.Env(),
		"CONFIGTRAIL_ENDPOINT_URL="+f.Endpoint, "CONFIGTRAIL_AWS_REGION="+f.Region, "CONFIGTRAIL_PATH_STYLE=true",
		"CONFIGTRAIL_DATABASE="+d.database, "CONFIGTRAIL_TZ=Asia/Tokyo", "CONFIGTRAIL_LANG=ja",
	), more...)
}

// start starts the functions of the ingest binary, once the organisation is known,
// and with it the size above which an object is too large for one.
func (d *deployment) start(t *testing.T, large, largeListed int) {
	t.Helper()
	source := func(folders string) string {
		return `CONFIGTRAIL_SOURCES=[{"place":"s3://` + d.source + "/" + folders + `/","owner":"` + glue.Account + `"}]`
	}
	writes := []string{
		"CONFIGTRAIL_LAKE=s3://" + d.lake + "/lake", "CONFIGTRAIL_LAKE_OWNER=" + glue.Account, "CONFIGTRAIL_REDACT_KEY_SECRET=" + secrets.ARN(redactSecret),
	}
	takes := append(slices.Clone(writes), source("AWSLogs"))
	asks := []string{
		"CONFIGTRAIL_ENGINE=athena", "CONFIGTRAIL_OUTPUT=s3://" + d.results + "/results/", "CONFIGTRAIL_TOPIC=" + topicARN,
		"CONFIGTRAIL_REPORTS=s3://" + d.lake + "/reports", "CONFIGTRAIL_ANNOUNCED=s3://" + d.lake + "/announced",
	}
	d.builds = testbuild.New(map[string]testbuild.Project{
		project: {Program: d.programs.ingest, Args: []string{"object", "$CONFIGTRAIL_OBJECT"}, Env: d.env(t, longRun, takes...)},
	}, 10)
	d.services["codebuild"] = d.builds
	for role, more := range map[string][]string{
		ingestFunction: append(slices.Clone(takes), "CONFIGTRAIL_DEAD_LETTERS="+d.dead.URL(), "CONFIGTRAIL_RECEIVES=5",
			fmt.Sprintf("CONFIGTRAIL_LARGE=%d", large), "CONFIGTRAIL_LONG_RUN="+project),
		gatherFunction: writes, listingFunction: append(slices.Clone(writes), source(organisationFolders), fmt.Sprintf("CONFIGTRAIL_LARGE=%d", largeListed), "CONFIGTRAIL_LONG_RUN="+project), compactFunction: writes, tablesFunction: writes,
		dailyFunction: append(slices.Clone(writes), asks...), monthlyFunction: append(slices.Clone(writes), asks...),
	} {
		f := runtime.New(runtime.Options{Binary: d.programs.ingest, Env: d.env(t, role, more...), Timeout: 5 * time.Minute, Output: io.Discard})
		t.Cleanup(f.Close)
		d.functions[role] = f
	}
}

// answer starts the function that answers.
func (d *deployment) answer(t *testing.T) *runtime.Started {
	t.Helper()
	return runtime.Start(t, runtime.Options{Binary: d.programs.function, Timeout: 10 * time.Minute, Output: io.Discard, Env: d.env(t, answerFunction,
		"CONFIGTRAIL_OUTPUT=s3://"+d.results+"/results/", "CONFIGTRAIL_SPEND=s3://"+d.lake+"/spend", "CONFIGTRAIL_DAY_BYTES=1000000000000", "CONFIGTRAIL_MAX_BYTES=20000000000")})
}

// organisation makes up what is delivered, and starts the functions for it.
func (d *deployment) organisation(t *testing.T) []object {
	t.Helper()
	var all []object
	_, err := testorg.Generate(t.Context(), testorg.Options{
		Seed: 23, Months: 2, Accounts: 2, Regions: []string{"ap-northeast-1"}, Resources: 15, SnapshotEvery: 168 * time.Hour, Without: []testorg.Trap{testorg.TrapCopiedPrefix},
	}, func(key string, data []byte) error {
		if strings.HasPrefix(key, "AWSLogs/") {
			all = append(all, object{key, bytes.Clone(data)})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	d.silent = slices.DeleteFunc(slices.Clone(all[len(all)*9/10:]), func(o object) bool { return !strings.HasPrefix(o.key, organisationFolders) })
	d.start(t, bySize(all, 3), bySize(d.silent, 1))
	return all
}

// stream sends Config's notifications of the first third of the histories.
func (d *deployment) stream(objects []object) {
	serial := 0
	for _, o := range objects[:len(objects)/3] {
		if !strings.Contains(o.key, "/ConfigHistory/") {
			continue
		}
		for _, item := range itemsIn(o.data) {
			serial++
			d.queue.Send(envelope(fmt.Sprintf("00000000-0000-4000-a000-%012d", serial), "[AWS Config:ap-northeast-1] AWS::EC2::Instance i-1 Updated in Account 123456789012", text(map[string]any{
				"configurationItemDiff": nil, "configurationItem": item, "notificationCreationTime": "2024-09-30T12:00:00.000Z",
				"messageType": "ConfigurationItemChangeNotification", "recordVersion": "1.3",
			})))
		}
	}
}

// itemsIn are the items of a delivery that is whole; none of another.
func itemsIn(data []byte) []json.RawMessage {
	plain, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	var document struct{ ConfigurationItems []json.RawMessage }
	if json.NewDecoder(plain).Decode(&document) != nil {
		return nil
	}
	return slices.DeleteFunc(document.ConfigurationItems, func(item json.RawMessage) bool {
		var fields struct{ ResourceType, ResourceID string }
		return json.Unmarshal(item, &fields) != nil || fields.ResourceType == ""
	})
}

func etag(data []byte) string {
	sum := md5.Sum(data) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

// organisationFolders are those of the second account, before its own.
const organisationFolders = "AWSLogs/o-exampleorg1"

// lakeRun runs the full binary over the deployment's lake, localRun over one that
// was filled by one ingest.
func (d *deployment) lakeRun(t *testing.T, args ...string) []byte {
	t.Helper()
	return d.full(t, args, "CONFIGTRAIL_LAKE=s3://"+d.lake+"/lake", "CONFIGTRAIL_REDACT_KEY_SECRET="+secrets.ARN(redactSecret))
}

func (d *deployment) localRun(t *testing.T, args ...string) []byte {
	t.Helper()
	return d.full(t, args, "CONFIGTRAIL_LAKE="+filepath.Join(d.dir, "lake"), "CONFIGTRAIL_REDACT_KEY_SECRET="+secrets.ARN(redactSecret))
}

func (d *deployment) full(t *testing.T, args []string, more ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), d.programs.full, args...)
	role := "people"
	if args[0] == "init" { // which the stack's function runs too
		role = tablesFunction
	}
	command.Env = append(d.env(t, role, more...), "HOME="+filepath.Join(d.dir, "home"), "PATH="+os.Getenv("PATH"))
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil && command.ProcessState.ExitCode() != 3 {
		t.Fatalf("configtrail %s: %v\n%s", strings.Join(args, " "), err, problems.Bytes())
	}
	return out.Bytes()
}
