package athena_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	testathena "configtrail/internal/testserver/athena"
	"configtrail/internal/testserver/awsjson"
)

func TestQueuedThenRunningThenSucceeded(t *testing.T) {
	b := start(t, testathena.Options{})
	release := b.front.Athena.Hold()
	defer release()
	id := b.begin(t, b.input("SELECT 1"))
	if q := b.await(t, id, types.QueryExecutionStateQueued); q.Status.CompletionDateTime != nil {
		t.Error("a query that waits has an end")
	}
	_, err := b.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: &id})
	refused(t, err, invalid, "Query has not yet finished. Current state: QUEUED")
	release()
	if q := b.await(t, id, types.QueryExecutionStateSucceeded); q.Status.CompletionDateTime == nil || q.Status.StateChangeReason != nil {
		t.Errorf("the end is %+v", q.Status)
	}
}

// slow is a query that runs until it is stopped.
const slow = "SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y) CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z) WHERE x * y % 7 = z"

func TestStop(t *testing.T) {
	b := start(t, testathena.Options{})
	release := b.front.Athena.Hold()
	waiting := b.begin(t, b.input("SELECT 1"))
	stop := func(id string) {
		t.Helper()
		if _, err := b.StopQueryExecution(t.Context(), &athena.StopQueryExecutionInput{QueryExecutionId: &id}); err != nil {
			t.Fatal(err)
		}
	}
	stop(waiting)
	release()
	busy := b.begin(t, b.input(slow))
	b.await(t, busy, types.QueryExecutionStateRunning)
	stop(busy)
	for _, id := range []string{waiting, busy} {
		q := b.await(t, id)
		if q.Status.State != types.QueryExecutionStateCancelled || *q.Status.StateChangeReason != "Query cancelled by user" || q.Status.AthenaError != nil {
			t.Errorf("a stopped query is %s, %v", q.Status.State, aws.ToString(q.Status.StateChangeReason))
		}
		_, err := b.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: &id})
		refused(t, err, invalid, "Could not find results")
	}
	done := b.run(t, b.input("SELECT 2"))
	stop(*done.QueryExecutionId) // too late: nothing changes
	if q := b.await(t, *done.QueryExecutionId); q.Status.State != types.QueryExecutionStateSucceeded {
		t.Errorf("stopping an ended query made it %s", q.Status.State)
	}
	if got := b.front.Exec(t, "SELECT count(*) FROM system.runtime.queries WHERE state = 'RUNNING' AND query LIKE '%10000%x * y%' AND query NOT LIKE '%runtime%'"); got[0][0].(interface{ String() string }).String() != "0" {
		t.Errorf("%v stopped queries still run on Trino", got[0][0])
	}
}

func TestFailuresInAthenasWords(t *testing.T) {
	b := start(t, testathena.Options{})
	for _, test := range []struct {
		sql, reason string
		kind        int32
	}{
		{"SELECT * FROM nowhere", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog." + b.database + ".nowhere' does not exist", 1301},
		{"SELECT * FROM " + b.database + "x.t", "SCHEMA_NOT_FOUND: line 1:15: Schema '" + b.database + "x' does not exist", 1301},
		{"SELECT * FROM lake." + b.database + ".t", "CATALOG_NOT_FOUND: line 1:15: Catalog 'lake' not found", 1301},
		{"SELECT nothing FROM (VALUES 1) AS t(x)", "COLUMN_NOT_FOUND: line 1:8: Column 'nothing' cannot be resolved", 1006},
		{"SELECT no_such(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'no_such' not registered", 1303},
		{"SELECT 1 / (x - 1) FROM (VALUES 1) AS t(x)", "DIVISION_BY_ZERO: Division by zero", 1001},
		{"SELECT CAST(x AS integer) FROM (VALUES 'a') AS t(x)", "INVALID_CAST_ARGUMENT: Cannot cast 'a' to INT", 1100},
		{"SELECT 1 = 'a'", "TYPE_MISMATCH: line 1:10: Cannot apply operator: integer = varchar(1)", 1002},
	} {
		q := b.await(t, b.begin(t, b.input(test.sql)))
		want := &types.QueryExecutionStatus{
			State: types.QueryExecutionStateFailed, StateChangeReason: &test.reason,
			AthenaError: &types.AthenaError{ErrorCategory: aws.Int32(2), ErrorType: &test.kind, ErrorMessage: &test.reason},
		}
		if diff := cmp.Diff(want, q.Status, cmpopts.IgnoreUnexported(types.QueryExecutionStatus{}, types.AthenaError{}), cmpopts.IgnoreFields(types.QueryExecutionStatus{}, "SubmissionDateTime", "CompletionDateTime")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.sql, diff)
		}
		_, err := b.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId})
		refused(t, err, invalid, "Query did not finish successfully. Final query state: FAILED")
	}
}

func TestFailuresOnDemand(t *testing.T) {
	b := start(t, testathena.Options{})
	b.front.Athena.FailNext(
		testathena.Failure{Reason: "Query exhausted resources at this scale factor", Category: 1, Type: 0, Retryable: true, Scanned: 12},
		testathena.Failure{State: "CANCELLED", Reason: "Query timeout"},
	)
	q := b.await(t, b.begin(t, b.input("SELECT 1")))
	if q.Status.State != types.QueryExecutionStateFailed || !q.Status.AthenaError.Retryable || *q.Statistics.DataScannedInBytes != 12 {
		t.Errorf("the failure is %+v, %+v", q.Status, q.Statistics)
	}
	if q = b.await(t, b.begin(t, b.input("SELECT 1"))); q.Status.State != types.QueryExecutionStateCancelled || *q.Status.StateChangeReason != "Query timeout" {
		t.Errorf("the second failure is %+v", q.Status)
	}
	b.run(t, b.input("SELECT 1"))
}

func TestThrottling(t *testing.T) {
	b := start(t, testathena.Options{MaxActive: 1})
	b.front.Athena.Faults.Throttle("StartQueryExecution", 1)
	_, err := b.StartQueryExecution(t.Context(), b.input("SELECT 1"))
	refused(t, err, "ThrottlingException", "Rate exceeded")

	release := b.front.Athena.Hold()
	first := b.begin(t, b.input("SELECT 1"))
	_, err = b.StartQueryExecution(t.Context(), b.input("SELECT 2"))
	var many *types.TooManyRequestsException
	if !errors.As(err, &many) || many.Reason != types.ThrottleReasonConcurrentQueryLimitExceeded {
		t.Errorf("the second query gave %v, want TooManyRequestsException for concurrent queries", err)
	}
	release()
	b.await(t, first)

	b.front.Athena.Faults.Deny("athena", "GetQueryExecution")
	_, err = b.GetQueryExecution(t.Context(), &athena.GetQueryExecutionInput{QueryExecutionId: &first})
	refused(t, err, "AccessDeniedException", "not authorized to perform: athena:GetQueryExecution")
	b.front.Athena.Faults.Always("GetQueryExecution", nil)
	b.await(t, first)

	// The SDK by itself tries again where it is told that it asked too often.
	patient := athena.NewFromConfig(b.front.Config(t))
	b.front.Athena.Faults.Next("GetQueryExecution", awsjson.Errorf("TooManyRequestsException", "slow down"))
	if _, err := patient.GetQueryExecution(t.Context(), &athena.GetQueryExecutionInput{QueryExecutionId: &first}); err != nil {
		t.Errorf("the SDK did not try again: %v", err)
	}
}

// A workgroup's cut-off ends a query that reads more, and what it read counts.
func TestBytesScannedCutoff(t *testing.T) {
	b := start(t, testathena.Options{})
	line := strings.Repeat("0123456789abcdef", 64*1024) + "\n" // 1 MiB
	for _, key := range []string{"big/1", "big/2", "big/3", "big/4"} {
		if _, err := b.front.Client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b.bucket, Key: &key, Body: strings.NewReader(strings.Repeat(line, 4))}); err != nil {
			t.Fatal(err)
		}
	}
	b.front.Exec(t, "CREATE TABLE raw."+b.database+".big (line varchar) WITH (format = 'TEXTFILE', external_location = 's3://"+b.bucket+"/big/')")
	if _, err := b.CreateWorkGroup(t.Context(), &athena.CreateWorkGroupInput{Name: aws.String("thrifty"), Configuration: &types.WorkGroupConfiguration{
		EnforceWorkGroupConfiguration: aws.Bool(false), BytesScannedCutoffPerQuery: aws.Int64(10_000_000),
	}}); err != nil {
		t.Fatal(err)
	}
	in := b.input("SELECT max(length(line)) FROM big")
	free := b.run(t, in)
	if got := *free.Statistics.DataScannedInBytes; got < 16<<20 || got > 17<<20 {
		t.Errorf("without a cut-off %d bytes were scanned, want 16 MiB", got)
	}
	in = b.input("SELECT max(length(line)) FROM big")
	in.WorkGroup = aws.String("thrifty")
	q := b.await(t, b.begin(t, in))
	if q.Status.State != types.QueryExecutionStateCancelled || !strings.Contains(aws.ToString(q.Status.StateChangeReason), "Bytes scanned limit was exceeded") {
		t.Errorf("the query ended %s, %s", q.Status.State, aws.ToString(q.Status.StateChangeReason))
	}
	if got := *q.Statistics.DataScannedInBytes; got <= 10_000_000 {
		t.Errorf("the cancelled query is said to have scanned %d bytes", got)
	}
	in = b.input("SELECT 1")
	in.WorkGroup = aws.String("thrifty")
	b.run(t, in)
}
