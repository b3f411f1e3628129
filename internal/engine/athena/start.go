package athena

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/trinosql"
)

// maxStatement is how long a statement may be, in bytes of UTF-8.
const maxStatement = 262_144

// text is the statement as it is sent: a comment that tells people who asked, and
// the query with its values. Only with the version of the data in the comment
// may Athena answer from what it has kept.
func (e *Engine) text(ctx context.Context, q engine.Query) (text string, reusable bool, err error) {
	rendered, err := trinosql.Render(q.SQL, q.Args)
	if err != nil {
		return "", false, err
	}
	about := "configtrail " + commentWord(cmp.Or(q.Name, "query"))
	if e.options.Reuse > 0 && e.options.Version != nil {
		version, err := e.options.Version(ctx, q.Scope)
		if err != nil {
			return "", false, fmt.Errorf("version of the data: %w", err)
		}
		if version != "" {
			about += " " + commentWord(version)
			reusable = true
		}
	}
	text = "/* " + about + " */\n" + rendered
	if len(text) > maxStatement {
		return "", false, &configtrail.Problem{
			Key: "engine_statement_length", Args: map[string]any{"bytes": int64(len(text)), "limit": int64(maxStatement)},
			Err: fmt.Errorf("%w: the statement has %d bytes; Athena takes %d", configtrail.ErrTooLarge, len(text), maxStatement),
		}
	}
	return text, reusable, nil
}

var plainWord = configtrail.Pattern(`^[A-Za-z0-9_.-]{1,100}$`)

// commentWord is a word that can stand in a comment: itself, or a hash of what
// could end one.
func commentWord(word string) string {
	if plainWord().MatchString(word) {
		return word
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(word)))
}

// place is where results go. What the workgroup says of it is asked once.
type place struct {
	turn  chan struct{} // holds one for whoever looks or changes
	asked bool
	own   bool // the workgroup's: ours would be ignored or refused
}

// enter waits for a turn at the place as long as ctx lasts.
func (p *place) enter(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *place) leave() { <-p.turn }

// output is the location to send: "" where the workgroup decides.
func (e *Engine) output(ctx context.Context) (string, error) {
	if e.options.Output == "" {
		return "", nil
	}
	if err := e.results.enter(ctx); err != nil {
		return "", err
	}
	defer e.results.leave()
	if !e.results.asked {
		name := cmp.Or(e.options.Workgroup, "primary")
		out, err := call(ctx, e, func(ctx context.Context) (*athena.GetWorkGroupOutput, error) {
			return e.client.GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: &name})
		})
		switch {
		case err == nil:
			e.results.own = decides(out.WorkGroup)
		case !denied(err):
			return "", e.explain(ctx, err)
		}
		e.results.asked = true
	}
	if e.results.own {
		return "", nil
	}
	return e.options.Output, nil
}

// decides reports whether a workgroup has the say over where results go.
func decides(group *types.WorkGroup) bool {
	if group == nil || group.Configuration == nil {
		return false
	}
	c := group.Configuration
	return sdk.ToBool(c.EnforceWorkGroupConfiguration) ||
		c.ManagedQueryResultsConfiguration != nil && c.ManagedQueryResultsConfiguration.Enabled
}

// decided remembers that the workgroup refused our location.
func (e *Engine) decided(ctx context.Context) error {
	if err := e.results.enter(ctx); err != nil {
		return err
	}
	defer e.results.leave()
	e.results.own = true
	return nil
}

// start sends the statement and gives the execution's id.
func (e *Engine) start(ctx context.Context, text string, reusable bool) (string, error) {
	output, err := e.output(ctx)
	if err != nil {
		return "", err
	}
	id, err := e.send(ctx, text, output, reusable)
	if err != nil && output != "" && refusesOutput(err) {
		if err := e.decided(ctx); err != nil {
			return "", err
		}
		id, err = e.send(ctx, text, "", reusable)
	}
	if err != nil {
		return "", e.explain(ctx, err)
	}
	return id, nil
}

// startPatience bounds one request to start a query, which the end of the
// caller's context does not break off: an id that never arrived can't be stopped.
const startPatience = 15 * time.Second

func (e *Engine) send(ctx context.Context, text, output string, reusable bool) (string, error) {
	token := rand.Text() + rand.Text() // the same for every attempt: they start one query together
	input := &athena.StartQueryExecutionInput{
		QueryString:           &text,
		ClientRequestToken:    &token,
		QueryExecutionContext: &types.QueryExecutionContext{Database: &e.options.Database},
	}
	if e.options.Catalog != "" {
		input.QueryExecutionContext.Catalog = &e.options.Catalog
	}
	if e.options.Workgroup != "" {
		input.WorkGroup = &e.options.Workgroup
	}
	if output != "" {
		input.ResultConfiguration = &types.ResultConfiguration{OutputLocation: &output}
	}
	if reusable {
		minutes := int32(min(e.options.Reuse/time.Minute, maxReuse/time.Minute))
		input.ResultReuseConfiguration = &types.ResultReuseConfiguration{
			ResultReuseByAgeConfiguration: &types.ResultReuseByAgeConfiguration{Enabled: true, MaxAgeInMinutes: &minutes},
		}
	}
	out, err := call(ctx, e, func(ctx context.Context) (*athena.StartQueryExecutionOutput, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startPatience)
		defer cancel()
		return e.client.StartQueryExecution(ctx, input)
	})
	if err != nil {
		return "", err
	}
	if sdk.ToString(out.QueryExecutionId) == "" {
		return "", errors.New("the query was started without an id")
	}
	return *out.QueryExecutionId, nil
}

// maxReuse is the oldest answer that Athena gives again.
const maxReuse = 7 * 24 * time.Hour

// refusesOutput reports whether a workgroup that keeps results itself refused
// to write them elsewhere.
func refusesOutput(err error) bool {
	var invalid *types.InvalidRequestException
	if !errors.As(err, &invalid) {
		return false
	}
	message := strings.ToLower(invalid.ErrorMessage())
	return strings.Contains(message, "managed") ||
		strings.Contains(message, "result configuration") || strings.Contains(message, "resultconfiguration")
}
