package athena_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	testathena "configtrail/internal/testserver/athena"
)

const invalid = "InvalidRequestException"

func TestLimitsOfAQuery(t *testing.T) {
	b := start(t, testathena.Options{})
	tooLong := "SELECT 1 --" + strings.Repeat("x", 262_144-10)
	longest := tooLong[:262_144]
	b.begin(t, b.input(longest))
	for name, test := range map[string]struct {
		change func(*athena.StartQueryExecutionInput)
		words  string
	}{
		"a text of one byte more": {func(in *athena.StartQueryExecutionInput) { in.QueryString = &tooLong }, "queryString"},
		"a token of 31":           {func(in *athena.StartQueryExecutionInput) { in.ClientRequestToken = aws.String(strings.Repeat("t", 31)) }, "greater than or equal to 32"},
		"a token of 129": {func(in *athena.StartQueryExecutionInput) {
			in.ClientRequestToken = aws.String(strings.Repeat("t", 129))
		}, "less than or equal to 128"},
		"a parameter of 1025": {func(in *athena.StartQueryExecutionInput) {
			in.ExecutionParameters = []string{strings.Repeat("1", 1025)}
		}, "executionParameters"},
		"no location": {func(in *athena.StartQueryExecutionInput) { in.ResultConfiguration = nil }, "No output location provided"},
		"a location without s3:": {func(in *athena.StartQueryExecutionInput) {
			in.ResultConfiguration.OutputLocation = aws.String("/tmp/x")
		}, "not a valid S3 path"},
		"a bucket that is not": {func(in *athena.StartQueryExecutionInput) {
			in.ResultConfiguration.OutputLocation = aws.String("s3://no-such-bucket-here/x")
		}, "Unable to verify/create output bucket no-such-bucket-here"},
		"an unknown workgroup": {func(in *athena.StartQueryExecutionInput) { in.WorkGroup = aws.String("else") }, "WorkGroup else is not found"},
		"an unknown catalog":   {func(in *athena.StartQueryExecutionInput) { in.QueryExecutionContext.Catalog = aws.String("lake") }, "Catalog lake"},
		"two statements":       {func(in *athena.StartQueryExecutionInput) { in.QueryString = aws.String("SELECT 1; SELECT 2") }, "Only one sql statement is allowed"},
		"no statement":         {func(in *athena.StartQueryExecutionInput) { in.QueryString = aws.String("-- SELECT 1") }, "null or empty"},
		"a statement of Trino's": {func(in *athena.StartQueryExecutionInput) {
			in.QueryString = aws.String("SET SESSION query_max_run_time = '1s'")
		}, "Queries of this type are not supported"},
		"an inline function": {func(in *athena.StartQueryExecutionInput) {
			in.QueryString = aws.String("WITH FUNCTION one() RETURNS int RETURN 1 SELECT one()")
		}, "Queries of this type are not supported"},
		"broken text": {func(in *athena.StartQueryExecutionInput) { in.QueryString = aws.String("SELECT 1\nFORM x y") }, "line 2:"},
	} {
		in := b.input("SELECT 1")
		test.change(in)
		_, err := b.StartQueryExecution(t.Context(), in)
		t.Run(name, func(t *testing.T) { refused(t, err, invalid, test.words) })
	}
}

// What looks like a second statement or a fault, and is none.
func TestTextsThatAreAllowed(t *testing.T) {
	b := start(t, testathena.Options{})
	for _, sql := range []string{
		"SELECT 1;", "SELECT ';' AS \";\" -- ; SELECT 2", "/* ; */ SELECT 1 ; -- the end", "(SELECT 1)", "VALUES 1", "SELECT 'a''; b'",
		"WITH \"from\" AS (SELECT 1 AS x) SELECT x FROM \"from\"",
	} {
		b.run(t, b.input(sql))
	}
}

func TestATokenIsOneQuery(t *testing.T) {
	b := start(t, testathena.Options{})
	in := b.input("SELECT 1")
	in.ClientRequestToken = aws.String(strings.Repeat("t", 32))
	ids := make([]string, 4)
	var asking sync.WaitGroup
	for i := range ids {
		asking.Go(func() {
			if out, err := b.StartQueryExecution(t.Context(), in); err != nil {
				t.Error(err)
			} else {
				ids[i] = *out.QueryExecutionId
			}
		})
	}
	asking.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("one token gave %v", ids)
		}
	}
	if got := len(b.front.Athena.Queries()); got != 1 {
		t.Errorf("%d queries were started, want 1", got)
	}
	b.await(t, ids[0])
	if again := b.begin(t, in); again != ids[0] {
		t.Errorf("after its end the token gave %s, want %s", again, ids[0])
	}
	other := b.input("SELECT 2")
	other.ClientRequestToken = in.ClientRequestToken
	_, err := b.StartQueryExecution(t.Context(), other)
	refused(t, err, invalid, "Idempotent parameters do not match")
	moved := b.input("SELECT 1")
	moved.ClientRequestToken, moved.ResultConfiguration.OutputLocation = in.ClientRequestToken, aws.String("s3://"+b.bucket+"/elsewhere/")
	_, err = b.StartQueryExecution(t.Context(), moved)
	refused(t, err, invalid, "Idempotent parameters do not match")
}

func TestExecutionParameters(t *testing.T) {
	b := start(t, testathena.Options{})
	in := b.input("SELECT ? AS a, 'it''s ?' AS b, ? + 1 AS c")
	in.ExecutionParameters = []string{"'x''y'", "41"}
	q := b.run(t, in)
	rows, _, _ := b.page(t, &athena.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId})
	if rows[1] != "x'y | it's ? | 42" {
		t.Errorf("the parameters gave %q", rows[1])
	}
	if *q.Query != *in.QueryString || len(q.ExecutionParameters) != 2 {
		t.Errorf("the query is shown as %q with %v", *q.Query, q.ExecutionParameters)
	}
}

func TestWorkgroups(t *testing.T) {
	b := start(t, testathena.Options{})
	place := func(folder string) *types.ResultConfiguration {
		return &types.ResultConfiguration{OutputLocation: aws.String("s3://" + b.bucket + "/" + folder)}
	}
	for name, configuration := range map[string]*types.WorkGroupConfiguration{
		"enforced": {ResultConfiguration: place("theirs"), EnforceWorkGroupConfiguration: aws.Bool(true)},
		"offered":  {ResultConfiguration: place("theirs"), EnforceWorkGroupConfiguration: aws.Bool(false)},
		"managed":  {ManagedQueryResultsConfiguration: &types.ManagedQueryResultsConfiguration{Enabled: true}},
		"closed":   {ResultConfiguration: place("theirs")},
	} {
		if _, err := b.CreateWorkGroup(t.Context(), &athena.CreateWorkGroupInput{Name: &name, Configuration: configuration}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.UpdateWorkGroup(t.Context(), &athena.UpdateWorkGroupInput{WorkGroup: aws.String("closed"), State: types.WorkGroupStateDisabled}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		group  string
		own    *types.ResultConfiguration
		folder string // where the results are; "" where they have no place
		words  string // of a refusal
	}{
		{group: "enforced", own: place("mine"), folder: "theirs"},
		{group: "enforced", folder: "theirs"},
		{group: "offered", own: place("mine"), folder: "mine"},
		{group: "offered", folder: "theirs"},
		{group: "managed"},
		{group: "managed", own: place("mine"), words: "managed manages its query results"},
		{group: "closed", words: "WorkGroup closed is disabled"},
	} {
		in := b.input("SELECT 1 AS one")
		in.WorkGroup, in.ResultConfiguration = &test.group, test.own
		if test.words != "" {
			_, err := b.StartQueryExecution(t.Context(), in)
			refused(t, err, invalid, test.words)
			continue
		}
		q := b.run(t, in)
		if got := *q.WorkGroup; got != test.group {
			t.Errorf("the query's workgroup is %s, want %s", got, test.group)
		}
		if test.folder == "" {
			if q.ResultConfiguration != nil && q.ResultConfiguration.OutputLocation != nil {
				t.Errorf("managed results are said to be at %s", *q.ResultConfiguration.OutputLocation)
			}
			if q.ManagedQueryResultsConfiguration == nil || !q.ManagedQueryResultsConfiguration.Enabled {
				t.Errorf("managed results are not said to be managed")
			}
		} else if want := "s3://" + b.bucket + "/" + test.folder + "/" + *q.QueryExecutionId + ".csv"; *q.ResultConfiguration.OutputLocation != want {
			t.Errorf("in %s the results are at %s, want %s", test.group, *q.ResultConfiguration.OutputLocation, want)
		} else if got := b.object(t, want); got != "\"one\"\n\"1\"\n" {
			t.Errorf("the results are %q", got)
		}
		if rows, _, _ := b.page(t, &athena.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId}); strings.Join(rows, " ") != "one 1" {
			t.Errorf("in %s the results read %q", test.group, rows)
		}
	}
	got, err := b.GetWorkGroup(t.Context(), &athena.GetWorkGroupInput{WorkGroup: aws.String("enforced")})
	if err != nil || !*got.WorkGroup.Configuration.EnforceWorkGroupConfiguration || *got.WorkGroup.Configuration.ResultConfiguration.OutputLocation != "s3://"+b.bucket+"/theirs" {
		t.Errorf("the workgroup reads %v, %v", got, err)
	}
	list, err := b.ListWorkGroups(t.Context(), &athena.ListWorkGroupsInput{})
	if err != nil || len(list.WorkGroups) != 5 || *list.WorkGroups[4].Name != "primary" {
		t.Errorf("the workgroups are %v, %v", list, err)
	}
	_, err = b.CreateWorkGroup(t.Context(), &athena.CreateWorkGroupInput{Name: aws.String("small"), Configuration: &types.WorkGroupConfiguration{BytesScannedCutoffPerQuery: aws.Int64(9_999_999)}})
	refused(t, err, invalid, "bytesScannedCutoffPerQuery")
	_, err = b.GetWorkGroup(t.Context(), &athena.GetWorkGroupInput{WorkGroup: aws.String("small")})
	refused(t, err, invalid, "WorkGroup small is not found")
}

func TestReadOnly(t *testing.T) {
	b := start(t, testathena.Options{ReadOnly: true})
	for _, sql := range []string{"DROP TABLE x", "INSERT INTO x VALUES 1", "CREATE TABLE y AS SELECT 1 AS a", "/* SELECT */ DELETE FROM x"} {
		_, err := b.StartQueryExecution(t.Context(), b.input(sql))
		refused(t, err, invalid, "Queries of this type are not supported")
	}
	b.run(t, b.input("SELECT 'DROP TABLE x'"))
}
