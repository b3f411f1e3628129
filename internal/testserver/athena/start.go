package athena

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"configtrail/internal/testserver/awsjson"
	"configtrail/internal/testserver/trino"
)

// Athena's limits of a query.
const (
	maxQuery     = 262_144 // bytes of text
	minToken     = 32
	maxToken     = 128
	maxParameter = 1024
	maxReuse     = 10_080 // minutes
)

type startInput struct {
	QueryString              string
	ClientRequestToken       *string
	QueryExecutionContext    queryContext
	ResultConfiguration      *resultConfiguration
	WorkGroup                string
	ExecutionParameters      []string
	ResultReuseConfiguration *reuseConfiguration
}

type queryContext struct {
	Database string `json:",omitempty"`
	Catalog  string `json:",omitempty"`
}

type reuseConfiguration struct {
	ResultReuseByAgeConfiguration *struct {
		Enabled         bool
		MaxAgeInMinutes *int
	} `json:",omitempty"`
}

type startOutput struct {
	QueryExecutionID string `json:"QueryExecutionId"`
}

// age is how old a result may be to be given again; zero: it may not.
func (r *reuseConfiguration) age() time.Duration {
	switch {
	case r == nil || r.ResultReuseByAgeConfiguration == nil || !r.ResultReuseByAgeConfiguration.Enabled:
		return 0
	case r.ResultReuseByAgeConfiguration.MaxAgeInMinutes == nil:
		return time.Hour
	}
	return time.Duration(*r.ResultReuseByAgeConfiguration.MaxAgeInMinutes) * time.Minute
}

// check holds an input against the limits of Athena's model.
func (in *startInput) check() error {
	token := in.ClientRequestToken
	switch {
	case in.QueryString == "":
		return outside("queryString", "Member must have length greater than or equal to 1")
	case len(in.QueryString) > maxQuery:
		return outside("queryString", fmt.Sprintf("Member must have length less than or equal to %d", maxQuery))
	case token == nil:
		return refusal(codeInput, "clientRequestToken is null or empty")
	case utf8.RuneCountInString(*token) < minToken:
		return outside("clientRequestToken", fmt.Sprintf("Member must have length greater than or equal to %d", minToken))
	case utf8.RuneCountInString(*token) > maxToken:
		return outside("clientRequestToken", fmt.Sprintf("Member must have length less than or equal to %d", maxToken))
	case in.QueryExecutionContext.Catalog != "" && !strings.EqualFold(in.QueryExecutionContext.Catalog, athenaCatalog):
		return refusal(codeInput, "Catalog %s does not exist", in.QueryExecutionContext.Catalog)
	}
	for _, parameter := range in.ExecutionParameters {
		if n := utf8.RuneCountInString(parameter); n < 1 || n > maxParameter {
			return outside("executionParameters", "Member must have length between 1 and 1024")
		}
	}
	if r := in.ResultReuseConfiguration; r != nil && r.ResultReuseByAgeConfiguration != nil {
		if age := r.ResultReuseByAgeConfiguration.MaxAgeInMinutes; age != nil && (*age < 0 || *age > maxReuse) {
			return outside("resultReuseConfiguration.resultReuseByAgeConfiguration.maxAgeInMinutes", "Member must have value between 0 and 10080")
		}
	}
	return nil
}

// startQuery checks a query as far as Athena does before it gives it an id.
func (s *Server) startQuery(ctx context.Context, in *startInput) (*startOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if known, err := s.repeated(in); known != nil || err != nil {
		return known, err
	}
	group, err := s.group(in.WorkGroup)
	if err != nil {
		return nil, err
	}
	if group.State != enabled {
		return nil, refusal("", "WorkGroup %s is disabled.", group.Name)
	}
	e := &execution{input: *in, group: *group, id: identity(), state: queued, submitted: s.options.Now()}
	if e.results, err = s.output(ctx, in, group); err != nil {
		return nil, err
	}
	if e.statement, err = parse(in.QueryString, s.options.Catalog); err != nil {
		return nil, err
	}
	if s.options.ReadOnly && e.statement.changes {
		return nil, refusal(codeInput, "Queries of this type are not supported")
	}
	if err := s.parses(ctx, e.statement.sql); err != nil {
		return nil, err
	}
	if e.results != nil && e.results.OutputLocation != "" {
		folder := strings.TrimSuffix(e.results.OutputLocation, "/") + "/"
		if e.statement.sub == "CREATE_TABLE_AS_SELECT" && !strings.Contains(strings.ToUpper(in.QueryString), "ICEBERG") {
			folder += "tables/"
		}
		e.results.OutputLocation = folder + e.id + e.statement.suffix
	}
	return s.accept(e)
}

// repeated is the query of a token that was used before.
func (s *Server) repeated(in *startInput) (*startOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.tokens[*in.ClientRequestToken]
	if e == nil {
		return nil, nil
	}
	if !e.input.same(in) {
		return nil, refusal(codeToken, "Idempotent parameters do not match")
	}
	return &startOutput{QueryExecutionID: e.id}, nil
}

// same says whether two inputs ask the same.
func (in *startInput) same(other *startInput) bool {
	location := func(r *resultConfiguration) string {
		if r == nil {
			return ""
		}
		return r.OutputLocation
	}
	return in.QueryString == other.QueryString && in.QueryExecutionContext == other.QueryExecutionContext &&
		location(in.ResultConfiguration) == location(other.ResultConfiguration)
}

// output is where the results go: by the workgroup where that is enforced, else
// by the caller, else by the workgroup. Nil: Athena keeps them.
func (s *Server) output(ctx context.Context, in *startInput, group *workGroup) (*resultConfiguration, error) {
	asked := in.ResultConfiguration
	if asked != nil && asked.OutputLocation != "" {
		if _, _, err := place(asked.OutputLocation); err != nil {
			return nil, err
		}
	}
	if group.managed() {
		if asked != nil {
			return nil, refusal(codeInput, "ResultConfiguration can't be specified: workgroup %s manages its query results", group.Name)
		}
		return nil, nil
	}
	chosen := group.Configuration.ResultConfiguration
	if !group.enforced() && asked != nil && asked.OutputLocation != "" {
		chosen = asked
	}
	if chosen == nil || chosen.OutputLocation == "" {
		return nil, refusal(codeInput, "No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.")
	}
	bucket, _, err := place(chosen.OutputLocation)
	if err != nil {
		return nil, err
	}
	if s.options.S3 == nil {
		return nil, refusal(codeInput, "Unable to verify/create output bucket %s: this server has no S3", bucket)
	}
	if _, err := s.options.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket}); err != nil {
		return nil, refusal(codeInput, "Unable to verify/create output bucket %s", bucket)
	}
	copied := *chosen
	return &copied, nil
}

// parses has Trino read the text without running it: a syntax error is told
// before there is a query.
func (s *Server) parses(ctx context.Context, sql string) error {
	const before = "PREPARE checked FROM "
	_, _, err := trino.Query{URL: s.options.Trino, Catalog: s.options.Catalog, SQL: before + "\n" + sql}.Run(ctx)
	var wrong *trino.Error
	switch {
	case errors.As(err, &wrong) && wrong.ErrorName == "SYNTAX_ERROR":
		return refusal(codeMalformed, "%s", earlier(wrong.Message))
	case errors.As(err, &wrong):
		return nil // the query itself will say it
	}
	return err
}

// earlier moves a message's line up by the one that stood before the text.
func earlier(message string) string {
	var line, column int
	if _, err := fmt.Sscanf(message, "line %d:%d:", &line, &column); err != nil {
		return message
	}
	_, rest, _ := strings.Cut(message, ": ")
	return fmt.Sprintf("line %d:%d: %s", line-1, column, rest)
}

// accept gives the query its place, or refuses it where too many are active.
func (s *Server) accept(e *execution) (*startOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.tokens[*e.input.ClientRequestToken]; known != nil { // the same call came twice at once
		return &startOutput{QueryExecutionID: known.id}, nil
	}
	if s.active >= s.options.MaxActive {
		return nil, &awsjson.Error{
			Type:    "TooManyRequestsException",
			Message: "You have exceeded the limit for the number of queries you can run concurrently. Please reduce the number of concurrent queries submitted by this account. Contact customer support to request a concurrent query limit increase.",
			Members: map[string]string{"Reason": "CONCURRENT_QUERY_LIMIT_EXCEEDED"},
		}
	}
	e.reused = s.reusable(e)
	if len(s.failures) > 0 {
		failure := s.failures[0]
		s.failures = s.failures[1:]
		e.failure = &failure
	}
	s.active++
	s.executions[e.id], s.tokens[*e.input.ClientRequestToken] = e, e
	s.order = append(s.order, e)
	gate := s.gate
	ctx, cancel := context.WithCancel(s.ctx)
	e.cancel = cancel
	s.running.Go(func() {
		defer cancel()
		s.run(ctx, e, gate)
		s.mu.Lock()
		s.active--
		s.mu.Unlock()
	})
	return &startOutput{QueryExecutionID: e.id}, nil
}

// reusable is an earlier query whose result may stand for this one's: the same
// text in the same context and workgroup, young enough. The data may have
// changed since; that is so on Athena too.
func (s *Server) reusable(e *execution) *execution {
	age := e.input.ResultReuseConfiguration.age()
	if age == 0 || !e.statement.header {
		return nil
	}
	for i := len(s.order) - 1; i >= 0; i-- {
		old := s.order[i]
		old.mu.Lock()
		fits := old.question() == e.question() && old.state == succeeded && old.reused == nil && !old.expired && e.submitted.Sub(old.completed) <= age
		old.mu.Unlock()
		if fits {
			return old
		}
	}
	return nil
}

// question is what two queries share that may have one result.
type question struct {
	sql, parameters, group string
	context                queryContext
}

func (e *execution) question() question {
	return question{
		sql: e.input.QueryString, parameters: strings.Join(e.input.ExecutionParameters, "\x00"),
		group: e.group.Name, context: e.input.QueryExecutionContext,
	}
}

// identity is a random UUID.
func identity() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
