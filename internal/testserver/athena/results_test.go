package athena_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	testathena "configtrail/internal/testserver/athena"
)

func TestValuesInAthenasText(t *testing.T) {
	b := start(t, testathena.Options{})
	q := b.run(t, b.input(`SELECT
		TIMESTAMP '2024-11-05 01:02:03.456 UTC' AS tz, TIMESTAMP '2024-11-05 01:02:03' AS ts, DATE '2024-11-05' AS d,
		CAST(NULL AS varchar) AS nothing, 'it''s "so", 表' AS txt, '' AS empty, true AS yes, 1e20 AS big, 1.5 AS half, REAL '0.5' AS r,
		DECIMAL '1.50' AS dec, BIGINT '9007199254740993' AS wide, X'48656c' AS bytes,
		ARRAY['a', NULL] AS list, MAP(ARRAY[10, 9], ARRAY['x', 'y']) AS m, CAST(ROW('n', 1) AS row(name varchar, age integer)) AS rec`))
	rows, next, columns := b.page(t, &athena.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId})
	want := []string{
		"tz | ts | d | nothing | txt | empty | yes | big | half | r | dec | wide | bytes | list | m | rec",
		`2024-11-05 01:02:03.456 UTC | 2024-11-05 01:02:03 | 2024-11-05 | <null> | it's "so", 表 |  | true | 1.0E20 | 1.5 | 0.5 | 1.50 | 9007199254740993 | 48 65 6c | [a, null] | {9=y, 10=x} | {name=n, age=1}`,
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if next != nil {
		t.Errorf("a page follows the only one: %s", *next)
	}
	var kinds []string
	for _, c := range columns {
		kinds = append(kinds, fmt.Sprintf("%s(%d,%d)", *c.Type, c.Precision, c.Scale))
	}
	wantKinds := "timestamp with time zone(3,0) timestamp(3,0) date(0,0) varchar(2147483647,0) varchar(12,0) varchar(0,0) boolean(0,0) double(17,0) double(17,0) float(17,0) decimal(3,2) bigint(19,0) varbinary(1073741824,0) array(0,0) map(0,0) row(0,0)"
	if got := strings.Join(kinds, " "); got != wantKinds {
		t.Errorf("column types\n got %s\nwant %s", got, wantKinds)
	}
	wantCSV := `"tz","ts","d","nothing","txt","empty","yes","big","half","r","dec","wide","bytes","list","m","rec"` + "\n" +
		`"2024-11-05 01:02:03.456 UTC","2024-11-05 01:02:03","2024-11-05",,"it's ""so"", 表","","true","1.0E20","1.5","0.5","1.50","9007199254740993","48 65 6c","[a, null]","{9=y, 10=x}","{name=n, age=1}"` + "\n"
	location := *q.ResultConfiguration.OutputLocation
	if want := "s3://" + b.bucket + "/results/" + *q.QueryExecutionId + ".csv"; location != want {
		t.Errorf("the results are said to be at %s, want %s", location, want)
	}
	if diff := cmp.Diff(wantCSV, b.object(t, location)); diff != "" {
		t.Errorf("CSV (-want +got):\n%s", diff)
	}
	b.object(t, location+".metadata")
}

func TestPagesHaveOneHeader(t *testing.T) {
	b := start(t, testathena.Options{})
	q := b.run(t, b.input("SELECT n FROM UNNEST(sequence(1, 2500)) AS t(n) ORDER BY n"))
	var sizes []int
	var first, last []string
	in := &athena.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId}
	for {
		rows, next, _ := b.page(t, in)
		sizes = append(sizes, len(rows))
		first, last = append(first, rows[0]), append(last, rows[len(rows)-1])
		if next == nil {
			break
		}
		in.NextToken = next
	}
	if diff := cmp.Diff([]int{1000, 1000, 501}, sizes); diff != "" {
		t.Errorf("sizes of pages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"n", "1000", "2000"}, first); diff != "" {
		t.Errorf("first rows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"999", "1999", "2500"}, last); diff != "" {
		t.Errorf("last rows (-want +got):\n%s", diff)
	}

	// A page of one row is the header alone, and the next begins with the data.
	in = &athena.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId, MaxResults: aws.Int32(1)}
	rows, next, _ := b.page(t, in)
	in.NextToken = next
	second, _, _ := b.page(t, in)
	if diff := cmp.Diff([]string{"n", "1"}, append(rows, second...)); diff != "" {
		t.Errorf("pages of one row (-want +got):\n%s", diff)
	}
	for _, size := range []int32{0, 1001} {
		_, err := b.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId, MaxResults: &size})
		refused(t, err, "InvalidRequestException", "maxResults")
	}
	_, err := b.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId, NextToken: aws.String("else")})
	refused(t, err, "InvalidRequestException", "NextToken")
}

func TestNoRowsIsAHeaderAlone(t *testing.T) {
	b := start(t, testathena.Options{})
	q := b.run(t, b.input("SELECT 1 AS a WHERE false"))
	rows, _, _ := b.page(t, &athena.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId})
	if diff := cmp.Diff([]string{"a"}, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if got := b.object(t, *q.ResultConfiguration.OutputLocation); got != "\"a\"\n" {
		t.Errorf("CSV is %q, want the header", got)
	}
}

func TestExplainAndShowHaveNoHeader(t *testing.T) {
	b := start(t, testathena.Options{})
	for sql, want := range map[string]string{"SHOW TABLES": "UTILITY SHOW_TABLES", "EXPLAIN SELECT 1": "DML EXPLAIN"} {
		q := b.run(t, b.input(sql))
		if got := string(q.StatementType) + " " + aws.ToString(q.SubstatementType); got != want {
			t.Errorf("%s is a %s, want %s", sql, got, want)
		}
		if !strings.HasSuffix(*q.ResultConfiguration.OutputLocation, ".txt") {
			t.Errorf("the results of %s are at %s, want .txt", sql, *q.ResultConfiguration.OutputLocation)
		}
		rows, _, columns := b.page(t, &athena.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId})
		if len(rows) > 0 && rows[0] == *columns[0].Name {
			t.Errorf("%s has a header", sql)
		}
	}
}

func TestResultsThatAreGone(t *testing.T) {
	b := start(t, testathena.Options{})
	expired, deleted, forgotten := b.run(t, b.input("SELECT 1")), b.run(t, b.input("SELECT 2")), b.run(t, b.input("SELECT 3"))
	if err := b.front.Athena.Expire(*expired.QueryExecutionId); err != nil {
		t.Fatal(err)
	}
	key := strings.TrimPrefix(*deleted.ResultConfiguration.OutputLocation, "s3://"+b.bucket+"/")
	if _, err := b.front.Client().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &b.bucket, Key: &key}); err != nil {
		t.Fatal(err)
	}
	b.front.Athena.Forget(*forgotten.QueryExecutionId)
	for q, want := range map[*types.QueryExecution]string{expired: "Could not find results", deleted: "Could not find results", forgotten: "was not found"} {
		_, err := b.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId})
		refused(t, err, "InvalidRequestException", want)
	}
}

// A text that was asked before is answered with what it gave then, without
// reading anything: on Athena too, whatever became of the data.
func TestReuse(t *testing.T) {
	b := start(t, testathena.Options{})
	rows := func(in *athena.StartQueryExecutionInput) (string, bool) {
		q := b.run(t, in)
		rows, _, _ := b.page(t, &athena.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId})
		return rows[1], q.Statistics.ResultReuseInformation.ReusedPreviousResult
	}
	reusing := func(minutes int32) *athena.StartQueryExecutionInput {
		in := b.input("SELECT random() AS r")
		in.ResultReuseConfiguration = &types.ResultReuseConfiguration{ResultReuseByAgeConfiguration: &types.ResultReuseByAgeConfiguration{Enabled: true, MaxAgeInMinutes: &minutes}}
		return in
	}
	first, _ := rows(b.input("SELECT random() AS r"))
	again, reused := rows(reusing(60))
	if again != first || !reused {
		t.Errorf("reuse gave %s (reused %t), want the first answer %s", again, reused, first)
	}
	if other, reused := rows(b.input("SELECT random() AS r")); other == first || reused {
		t.Errorf("without reuse the first answer came back")
	}
	_, err := b.StartQueryExecution(t.Context(), reusing(10_081))
	refused(t, err, "InvalidRequestException", "maxAgeInMinutes")
}
