package trinosql_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/trinosql"
	"configtrail/internal/message"
)

const support = ` This query ran against the "config" database, unless qualified by the query. Please post the error message on our forum or contact customer support with Query Id: 1`

// The words of Athena and of Trino, as they send them.
var failures = []struct {
	message  string
	key      string
	args     map[string]any
	sentinel error
}{
	{"SYNTAX_ERROR: line 1:15: Table awsdatacatalog.lake.items does not exist", "engine_table", map[string]any{"table": "awsdatacatalog.lake.items"}, configtrail.ErrNotFound},
	{"TABLE_NOT_FOUND: line 1:15: Table 'lake.db.items' does not exist", "engine_table", map[string]any{"table": "lake.db.items"}, configtrail.ErrNotFound},
	{"SCHEMA_NOT_FOUND: line 1:15: Schema 'nowhere' does not exist", "engine_database", map[string]any{"database": "nowhere"}, configtrail.ErrNotFound},
	{"CATALOG_NOT_FOUND: line 1:15: Catalog 'nowhere' not found", "engine_catalog", map[string]any{"catalog": "nowhere"}, configtrail.ErrNotFound},
	{"COLUMN_NOT_FOUND: line 1:8: Column 'edits' cannot be resolved or requester is not authorized to access requested resources", "engine_column", map[string]any{"column": "edits"}, configtrail.ErrNotFound},
	{
		"CONSTRAINT_VIOLATION: For the injected projected partition column account, the WHERE clause must contain only static equality conditions, and at least one such condition must be present." + support,
		"engine_injected", map[string]any{"column": "account"}, configtrail.ErrInvalid,
	},
	{
		"INVALID_COLUMN_PROPERTY: Column projection for column 'accountid' failed. Injected projection requires single predicate for it's column in where clause. Currently provided can't be converted to single partition.",
		"engine_injected", map[string]any{"column": "accountid"}, configtrail.ErrInvalid,
	},
	{"Bytes scanned limit was exceeded", "engine_cutoff", nil, configtrail.ErrOverBudget},
	{"Query cancelled! : Bytes scanned limit was exceeded", "engine_cutoff", nil, configtrail.ErrOverBudget},
	{"Query exhausted resources at this scale factor", "engine_exhausted", nil, configtrail.ErrTooLarge},
	{"EXCEEDED_MEMORY_LIMIT: Query exceeded per-node memory limit of 1GB", "engine_exhausted", nil, configtrail.ErrTooLarge},
	{"Query timeout", "engine_timeout", nil, configtrail.ErrTooLarge},
	{"EXCEEDED_TIME_LIMIT: Query exceeded maximum time limit of 30.00m", "engine_timeout", nil, configtrail.ErrTooLarge},
	{
		"Insufficient permissions to execute the query. User: arn:aws:sts::111122223333:assumed-role/f/f is not authorized to perform: glue:GetTable on resource: arn:aws:glue:ap-northeast-1:111122223333:catalog because no identity-based policy allows it",
		"engine_denied_on", map[string]any{"action": "glue:GetTable", "resource": "arn:aws:glue:ap-northeast-1:111122223333:catalog"}, nil,
	},
	{
		"HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split s3://logs/AWSLogs/a b/1.json.gz (offset=0, length=12): Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied; Request ID: X)" + support,
		"engine_denied_on", map[string]any{"action": "s3:GetObject", "resource": "s3://logs/AWSLogs/a b/1.json.gz"}, nil,
	},
	{
		"Insufficient Lake Formation permission(s): Required Select on items", "engine_denied_on",
		map[string]any{"action": "lakeformation:Select", "resource": "items"}, nil,
	},
	{"PERMISSION_DENIED: Access Denied: Cannot select from columns [id] in table or view lake.db.items", "engine_denied_because", map[string]any{"reason": "Access Denied: Cannot select from columns [id] in table or view lake.db.items"}, nil},
	{
		"HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split s3://logs/k.json.gz (offset=0, length=12): The bucket is in this region: us-west-2. Please use this region to retry the request (Service: Amazon S3; Status Code: 301; Error Code: PermanentRedirect)",
		"engine_region", nil, nil,
	},
	{"HIVE_CURSOR_ERROR: Please reduce your request rate. (Service: Amazon S3; Status Code: 503; Error Code: SlowDown)", "engine_throttled", nil, nil},
	{
		"HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split s3://logs/AWSLogs/1.json.gz (offset=0, length=12): The operation is not valid for the object's storage class (Service: Amazon S3; Status Code: 403; Error Code: InvalidObjectState)",
		"engine_bad_object", map[string]any{
			"uri":    "s3://logs/AWSLogs/1.json.gz",
			"reason": "Error opening Hive split s3://logs/AWSLogs/1.json.gz (offset=0, length=12): The operation is not valid for the object's storage class (Service: Amazon S3; Status Code: 403; Error Code: InvalidObjectState)",
		}, nil,
	},
	{
		"HIVE_BAD_DATA: Error Parsing a column in the table: Row is not a valid JSON Object - JSONException: Duplicate key \"env\", file s3://logs/AWSLogs/111122223333/Config/x_ConfigHistory_AWS::EC2::Instance_20241105T000000Z_1.json.gz: line 1" + support,
		"engine_bad_object", map[string]any{
			"uri":    "s3://logs/AWSLogs/111122223333/Config/x_ConfigHistory_AWS::EC2::Instance_20241105T000000Z_1.json.gz",
			"reason": "Error Parsing a column in the table: Row is not a valid JSON Object - JSONException: Duplicate key \"env\", file s3://logs/AWSLogs/111122223333/Config/x_ConfigHistory_AWS::EC2::Instance_20241105T000000Z_1.json.gz: line 1",
		}, nil,
	},
	{"HIVE_CURSOR_ERROR: Failed to read file at s3a://logs/k", "engine_bad_object", map[string]any{"uri": "s3://logs/k", "reason": "Failed to read file at s3a://logs/k"}, nil},
	{"HIVE_BAD_DATA: Row is not a valid JSON Object", "engine_unread", map[string]any{"reason": "Row is not a valid JSON Object"}, nil},
	{"ICEBERG_CANNOT_OPEN_SPLIT: Error opening Iceberg split s3://lake/items/1.parquet (offset=4, length=9): The specified key does not exist. NoSuchKey", "engine_moved", map[string]any{
		"reason": "Error opening Iceberg split s3://lake/items/1.parquet (offset=4, length=9): The specified key does not exist. NoSuchKey",
	}, nil},
	{"FUNCTION_NOT_FOUND: line 1:8: Function 'len' not registered", "engine_syntax", map[string]any{"reason": "line 1:8: Function 'len' not registered"}, configtrail.ErrInvalid},
	{"line 1:1: mismatched input 'DELETE'. Expecting: 'SELECT'", "engine_syntax", map[string]any{"reason": "line 1:1: mismatched input 'DELETE'. Expecting: 'SELECT'"}, configtrail.ErrInvalid},
	{"ADMINISTRATIVELY_KILLED: Killed by an administrator", "engine_stopped", nil, nil},
	{"GENERIC_INTERNAL_ERROR: something\n\nbroke", "engine_failed", map[string]any{"reason": "something broke"}, nil},
	{"", "engine_failed", map[string]any{"reason": "no reason was given"}, nil},
}

func TestEveryFailureSaysWhatHappenedAndWhatToDo(t *testing.T) {
	for _, c := range failures {
		err := trinosql.ParseFailure(c.message).Problem()
		var problem *configtrail.Problem
		if !errors.As(err, &problem) {
			t.Fatalf("%s: %v", c.message, err)
		}
		if problem.Key != c.key {
			t.Errorf("%s: %s, want %s", c.message, problem.Key, c.key)
		}
		if difference := cmp.Diff(c.args, problem.Args); difference != "" {
			t.Errorf("%s: %s", c.message, difference)
		}
		if c.sentinel != nil && !errors.Is(err, c.sentinel) {
			t.Errorf("%s: %v is not %v", c.message, err, c.sentinel)
		}
		var bad *engine.BadObject
		if errors.As(err, &bad) != (c.key == "engine_bad_object") {
			t.Errorf("%s: a bad object: %v", c.message, bad)
		}
		if bad != nil && bad.URI != c.args["uri"] {
			t.Errorf("%s: object %s", c.message, bad.URI)
		}
		tell(t, problem)
	}
}

// tell fails where a problem has no whole text in one of the languages.
func tell(t *testing.T, problem *configtrail.Problem) {
	t.Helper()
	for _, lang := range message.Langs {
		p, err := message.New(string(lang))
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"error." + problem.Key, "hint." + problem.Key} {
			if text := p.Text(key, problem.Args); strings.Contains(text, "⟦") {
				t.Errorf("%s in %s: %s", key, lang, text)
			}
		}
	}
}

func TestAReasonIsShortAndVisible(t *testing.T) {
	err := trinosql.ParseFailure("GENERIC_INTERNAL_ERROR: \x1b[2J" + strings.Repeat("長", 5000)).Problem()
	if text := err.Error(); strings.Contains(text, "\x1b") || strings.Count(text, "長") > 500 {
		t.Errorf("%d bytes: %.80q", len(text), text)
	}
}
