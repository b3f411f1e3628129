package athena_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	testathena "configtrail/internal/testserver/athena"
	"configtrail/internal/testserver/stack"
)

// bench is a server of the test's own with a client and a place for results.
type bench struct {
	*athena.Client
	front    *stack.Front
	bucket   string
	database string
}

func start(t *testing.T, options testathena.Options) *bench {
	t.Helper()
	s := stack.Start(t)
	front := s.Front(t, stack.FrontOptions{Athena: options})
	client := athena.NewFromConfig(front.Config(t), func(o *athena.Options) { o.RetryMaxAttempts = 1 })
	return &bench{Client: client, front: front, bucket: s.Bucket(t), database: s.Database(t)}
}

// input asks for a query whose results go to the bucket.
func (b *bench) input(sql string) *athena.StartQueryExecutionInput {
	return &athena.StartQueryExecutionInput{
		QueryString:           &sql,
		QueryExecutionContext: &types.QueryExecutionContext{Database: &b.database},
		ResultConfiguration:   &types.ResultConfiguration{OutputLocation: aws.String("s3://" + b.bucket + "/results/")},
	}
}

// begin starts a query and gives its id.
func (b *bench) begin(t *testing.T, in *athena.StartQueryExecutionInput) string {
	t.Helper()
	out, err := b.StartQueryExecution(t.Context(), in)
	if err != nil {
		t.Fatalf("start %.80s: %v", *in.QueryString, err)
	}
	return *out.QueryExecutionId
}

// await waits until a query has ended, or has begun to run where that is wanted.
func (b *bench) await(t *testing.T, id string, states ...types.QueryExecutionState) *types.QueryExecution {
	t.Helper()
	if len(states) == 0 {
		states = []types.QueryExecutionState{types.QueryExecutionStateSucceeded, types.QueryExecutionStateFailed, types.QueryExecutionStateCancelled}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		out, err := b.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: &id})
		if err != nil {
			t.Fatal(err)
		}
		for _, state := range states {
			if out.QueryExecution.Status.State == state {
				return out.QueryExecution
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("query %s is still %s", id, out.QueryExecution.Status.State)
		case <-again.C:
		}
	}
}

// run takes a query to its success.
func (b *bench) run(t *testing.T, in *athena.StartQueryExecutionInput) *types.QueryExecution {
	t.Helper()
	q := b.await(t, b.begin(t, in))
	if q.Status.State != types.QueryExecutionStateSucceeded {
		t.Fatalf("query %.80s: %s, %s", *in.QueryString, q.Status.State, aws.ToString(q.Status.StateChangeReason))
	}
	return q
}

// page is one page of results as text; null is <null>.
func (b *bench) page(t *testing.T, in *athena.GetQueryResultsInput) (rows []string, next *string, columns []types.ColumnInfo) {
	t.Helper()
	out, err := b.GetQueryResults(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range out.ResultSet.Rows {
		var values []string
		for _, value := range row.Data {
			if value.VarCharValue == nil {
				values = append(values, "<null>")
				continue
			}
			values = append(values, *value.VarCharValue)
		}
		rows = append(rows, strings.Join(values, " | "))
	}
	return rows, out.NextToken, out.ResultSet.ResultSetMetadata.ColumnInfo
}

// object reads an object by its s3:// location.
func (b *bench) object(t *testing.T, location string) string {
	t.Helper()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(location, "s3://"), "/")
	out, err := b.front.Client().GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatalf("read %s: %v", location, err)
	}
	defer out.Body.Close()
	data, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// refused fails unless the error is of the kind, and says the words.
func refused(t *testing.T, err error, kind, words string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != kind || !strings.Contains(api.ErrorMessage(), words) {
		t.Errorf("got %v, want a %s with %q", err, kind, words)
	}
}
