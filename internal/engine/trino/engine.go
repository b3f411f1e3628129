// Package trino asks a Trino of one's own: the dialect and the literals of
// Athena, over its HTTP protocol.
package trino

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	client "github.com/trinodb/trino-go-client/trino"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/trinosql"
)

// Options say where and how to ask.
type Options struct {
	// URL is http://user@host:port?catalog=…&schema=…, or https with user:password.
	// Relation names of a query are resolved in that schema.
	URL string
	// MaxBytes is the most that one query may read, besides Query.ByteBudget; 0: no
	// limit. Trino itself stops the query, though it looks only once a second: one
	// that is done before gives its rows and then the error.
	MaxBytes int64
	// Version names the state of the data in scope; nil: Version fails.
	Version func(ctx context.Context, scope configtrail.Scope) (string, error)
	// HTTP sends the requests; nil: a client of the engine's own.
	HTTP *http.Client
}

// Engine answers queries with Trino. It is safe for concurrent use.
type Engine struct {
	options Options
	server  *url.URL // without user and query
	user    *url.Userinfo
	http    *http.Client
	db      *sql.DB
}

var _ engine.Engine = (*Engine)(nil)

// New makes an engine. Nothing is asked of Trino yet.
func New(options Options) (*Engine, error) {
	config, server, user, err := parse(options.URL)
	if err != nil {
		return nil, err
	}
	e := &Engine{options: options, server: server, user: user}
	base := options.HTTP
	if base == nil {
		base = &http.Client{}
	}
	transport := base.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	e.http = &http.Client{Transport: watcher{transport}, Timeout: base.Timeout, Jar: base.Jar, CheckRedirect: base.CheckRedirect}
	config.HTTPClient = e.http
	connector, err := client.NewConnector(config)
	if err != nil {
		return nil, badURL(server, err)
	}
	e.db = sql.OpenDB(connector)
	return e, nil
}

// parse reads the URL. Errors never show its password.
func parse(text string) (*client.Config, *url.URL, *url.Userinfo, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, nil, nil, badURL(&url.URL{}, errors.New("it is no URL"))
	}
	query := u.Query()
	server := &url.URL{Scheme: u.Scheme, Host: u.Host}
	switch {
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, nil, nil, badURL(server, errors.New("it is neither http:// nor https://"))
	case u.User.Username() == "":
		return nil, nil, nil, badURL(server, errors.New("it names no user"))
	case query.Get("catalog") == "" || query.Get("schema") == "":
		return nil, nil, nil, badURL(server, errors.New("it names no catalog or no schema"))
	}
	retryFor := 5 * time.Second // a server that is gone longer has lost the query too
	config := &client.Config{
		ServerURI: (&url.URL{Scheme: u.Scheme, Host: u.Host, User: u.User}).String(),
		Source:    "configtrail", Catalog: query.Get("catalog"), Schema: query.Get("schema"),
		TimeZone: "UTC", RequestRetryTimeout: &retryFor,
	}
	return config, server, u.User, nil
}

func badURL(server *url.URL, err error) error {
	return &configtrail.Problem{
		Key: "engine_trino_url", Args: map[string]any{"url": server.String()},
		Err: fmt.Errorf("%w: the address of Trino: %w", configtrail.ErrInvalid, err),
	}
}

// Dialect is engine.Trino.
func (e *Engine) Dialect() engine.Dialect { return engine.Trino }

// Close ends the connections.
func (e *Engine) Close() error { return e.db.Close() }

// Version asks what the options name for it.
func (e *Engine) Version(ctx context.Context, scope configtrail.Scope) (string, error) {
	if e.options.Version == nil {
		return "", errors.New("nothing tells the version of the data")
	}
	return e.options.Version(ctx, scope)
}

// Query starts q. The bytes of its cost are those read from storage; their
// price is unknown. An error of a query that had read something is an
// engine.Spent too.
func (e *Engine) Query(ctx context.Context, q engine.Query) (engine.Result, error) {
	result, err := e.query(ctx, q)
	if err != nil {
		return engine.Result{}, fmt.Errorf("query %s: %w", cmp.Or(q.Name, "without a name"), err)
	}
	return result, nil
}

func (e *Engine) query(ctx context.Context, q engine.Query) (engine.Result, error) {
	text, err := trinosql.Render(q.SQL, q.Args)
	if err != nil {
		return engine.Result{}, err
	}
	run := &run{engine: e, ctx: ctx, limit: budget(q.ByteBudget, e.options.MaxBytes)}
	settings := []any{
		sql.Named("X-Trino-Progress-Callback", run), sql.Named("X-Trino-Progress-Callback-Period", progressEvery),
	}
	if run.limit > 0 {
		settings = append(settings, sql.Named("X-Trino-Session", scanLimit+"="+url.QueryEscape(strconv.FormatInt(run.limit, 10)+"B")))
	}
	rows, err := e.db.QueryContext(context.WithValue(ctx, runKey{}, run), text, settings...)
	if err != nil {
		return engine.Result{}, run.failed(err)
	}
	return run.result(rows)
}

// progressEvery is how often the client tells what was read so far.
const progressEvery = 100 * time.Millisecond

// scanLimit is Trino's own name of the limit on bytes read.
const scanLimit = "query_max_scan_physical_bytes"

// budget is the smaller of two limits that are set; 0: none is.
func budget(a, b int64) int64 {
	switch {
	case a <= 0:
		return max(b, 0)
	case b <= 0:
		return a
	}
	return min(a, b)
}
