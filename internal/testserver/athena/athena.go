// Package athena speaks Athena's API for tests and runs the queries on a real
// Trino. It is strict where Athena is: what Athena refuses is refused, with the
// words and the codes that callers meet, and results come in Athena's text, page
// by page and as a CSV in S3.
//
// Its words and codes were taken from AWS's documentation and from what people
// report of Athena; where neither says, the text is this package's own.
package athena

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"configtrail/internal/testserver/awsjson"
)

// Options say what stands behind the server.
type Options struct {
	Trino   string // URL of the server that runs the queries
	Catalog string // of Trino, for AwsDataCatalog; it has to lead to Iceberg tables too

	// S3 is where results go. Nil: results can't be written, and only workgroups
	// that manage their results can be used.
	S3 *s3.Client

	AccessKey string // the only one that is let in; empty: any
	SecretKey string // what calls are signed with; empty: signatures are not checked
	Dir       string // for results in hand; empty: the system's temporary folder
	Now       func() time.Time

	// ReadOnly refuses statements that change anything.
	ReadOnly bool
	// MaxActive is how many queries may wait or run at a time; zero: 20.
	MaxActive int
}

// Server is an http.Handler that answers Athena's calls.
type Server struct {
	// Faults makes calls fail.
	Faults awsjson.Faults

	options Options
	front   awsjson.Server
	running sync.WaitGroup
	stop    context.CancelFunc
	ctx     context.Context // the server's life, which no call's context ends
	dir     string

	mu         sync.Mutex
	groups     map[string]*workGroup
	executions map[string]*execution
	order      []*execution          // by time of submission
	tokens     map[string]*execution // by ClientRequestToken
	gate       chan struct{}         // nil, or closed when queries that wait may run
	failures   []Failure             // of the queries to come
	active     int
}

// New is a server with one workgroup, primary, which has no settings of its own.
// Close ends it.
func New(options Options) (*Server, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.MaxActive == 0 {
		options.MaxActive = 20
	}
	dir, err := os.MkdirTemp(options.Dir, "athena-results-")
	if err != nil {
		return nil, err
	}
	s := &Server{
		options: options, dir: dir,
		groups:     map[string]*workGroup{"primary": {Name: "primary", State: enabled, created: options.Now()}},
		executions: map[string]*execution{}, tokens: map[string]*execution{},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.front = awsjson.Server{
		Target: "AmazonAthena", SigningAs: "athena", AccessKey: options.AccessKey, SecretKey: options.SecretKey, Faults: &s.Faults,
		Operations: map[string]awsjson.Operation{
			"StartQueryExecution":    awsjson.Of(s.startQuery),
			"GetQueryExecution":      awsjson.Of(s.getQuery),
			"BatchGetQueryExecution": awsjson.Of(s.batchGetQuery),
			"ListQueryExecutions":    awsjson.Of(s.listQueries),
			"StopQueryExecution":     awsjson.Of(s.stopQuery),
			"GetQueryResults":        awsjson.Of(s.getResults),
			"CreateWorkGroup":        awsjson.Of(s.createWorkGroup),
			"GetWorkGroup":           awsjson.Of(s.getWorkGroup),
			"ListWorkGroups":         awsjson.Of(s.listWorkGroups),
			"UpdateWorkGroup":        awsjson.Of(s.updateWorkGroup),
			"DeleteWorkGroup":        awsjson.Of(s.deleteWorkGroup),
		},
	}
	return s, nil
}

// ServeHTTP answers one call of Athena's API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.front.ServeHTTP(w, r) }

// Close cancels what runs, waits for it and deletes the results in hand.
func (s *Server) Close() error {
	s.stop()
	s.running.Wait()
	var err error
	for _, e := range s.order {
		if e.rows != nil && e.reused == nil {
			err = errors.Join(err, e.rows.close())
		}
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// Failure is how a query ends without being run.
type Failure struct {
	State     string // FAILED or CANCELLED; empty: FAILED
	Reason    string // StateChangeReason
	Category  int    // AthenaError's: 1 system, 2 user, 3 other; zero: no AthenaError
	Type      int    // of AthenaError
	Retryable bool
	Scanned   int64 // bytes that it is billed for
}

// FailNext makes the next queries that are started end so, one for each.
func (s *Server) FailNext(failures ...Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures, failures...)
}

// Hold keeps the queries that are started from now on QUEUED, until the function
// that it returns is called.
func (s *Server) Hold() (release func()) {
	gate := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = gate
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.gate == gate {
			s.gate = nil
		}
		close(gate)
	})
}

// Expire makes a query's results go away, as they do in time.
func (s *Server) Expire(id string) error {
	e, err := s.find(id)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expired = true
	return nil
}

// Forget makes a query itself go away, as it does after 45 days.
func (s *Server) Forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.executions, id)
}

// Queries are the texts of all the queries that were started, oldest first, and
// what they scanned.
func (s *Server) Queries() []Query {
	s.mu.Lock()
	order := s.order
	s.mu.Unlock()
	var out []Query
	for _, e := range order {
		e.mu.Lock()
		out = append(out, Query{ID: e.id, SQL: e.input.QueryString, State: e.state, Scanned: e.scanned})
		e.mu.Unlock()
	}
	return out
}

// Query is a query as the server saw it.
type Query struct {
	ID, SQL, State string
	Scanned        int64 // bytes
}

// refusal is an InvalidRequestException with its code.
func refusal(code, format string, args ...any) error {
	e := &awsjson.Error{Type: "InvalidRequestException", Message: fmt.Sprintf(format, args...)}
	if code != "" {
		e.Members = map[string]string{"AthenaErrorCode": code, "ErrorCode": code}
	}
	return e
}

// outside is a value out of its range, as the front door says it.
func outside(member, constraint string) error {
	return refusal(codeInput, "1 validation error detected: Value at '%s' failed to satisfy constraint: %s", member, constraint)
}

// AthenaErrorCode, as far as it is known.
const (
	codeInput     = "INVALID_INPUT"
	codeMalformed = "MALFORMED_QUERY"
	codeToken     = "IDEMPOTENT_PARAMETER_MISMATCH"
	codeState     = "INVALID_QUERY_EXECUTION_STATE"
	codeNoQuery   = "QUERY_EXECUTION_NOT_FOUND"
	codeNoResult  = "RESULT_NOT_FOUND"
)

// find is the query of an id.
func (s *Server) find(id string) (*execution, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.executions[id]
	if e == nil {
		return nil, refusal(codeNoQuery, "QueryExecution %s was not found", id)
	}
	return e, nil
}

// nothing is the output of operations that say only that it is done.
type nothing struct{}
