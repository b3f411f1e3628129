package athena

import (
	"context"
	"errors"
	"fmt"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/trinosql"
)

// The pauses between two looks at a query that is still running.
const (
	firstLook = 100 * time.Millisecond
	lastLook  = 2 * time.Second
)

// finish waits until a query has ended well. One that reads more than the limit,
// where that is above 0, is stopped and gives ErrOverBudget; the end of ctx and
// any error stop it too.
func (e *Engine) finish(ctx context.Context, id string, limit int64) (*types.QueryExecution, error) {
	var last types.QueryExecution
	running := true
	fail := func(err error) (*types.QueryExecution, error) {
		if running {
			e.stop(ctx, id)
		}
		return nil, &engine.Spent{Cost: e.cost(&last), Err: err}
	}
	for pause := firstLook; ; pause = min(pause*3/2, lastLook) {
		if ctx.Err() != nil {
			return fail(context.Cause(ctx))
		}
		out, err := call(ctx, e, func(ctx context.Context) (*athena.GetQueryExecutionOutput, error) {
			return e.client.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: &id})
		})
		if err != nil {
			return fail(e.explain(ctx, err))
		}
		if out.QueryExecution != nil {
			last = *out.QueryExecution
		}
		state := stateOf(&last)
		running = state == types.QueryExecutionStateQueued || state == types.QueryExecutionStateRunning
		switch {
		case state == types.QueryExecutionStateFailed, state == types.QueryExecutionStateCancelled:
			return fail(ended(&last))
		case limit > 0 && scanned(&last) > limit:
			return fail(overBudget(scanned(&last), limit))
		case state == types.QueryExecutionStateSucceeded:
			return &last, nil
		case !running:
			return fail(fmt.Errorf("the query is in state %q, which is not known", state))
		}
		if err := e.options.Wait(ctx, pause); err != nil {
			return fail(err)
		}
	}
}

// stopPatience bounds the request to stop a query, which runs after the
// caller's context has ended.
const stopPatience = 5 * time.Second

// stop ends a query that nobody waits for. Whether it worked changes nothing for
// the caller, whose error is told already.
func (e *Engine) stop(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer cancel()
	_, _ = call(ctx, e, func(ctx context.Context) (*athena.StopQueryExecutionOutput, error) {
		return e.client.StopQueryExecution(ctx, &athena.StopQueryExecutionInput{QueryExecutionId: &id})
	})
}

// ended is why a query failed or was cancelled.
func ended(execution *types.QueryExecution) error {
	reason := sdk.ToString(execution.Status.StateChangeReason)
	if detail := execution.Status.AthenaError; reason == "" && detail != nil {
		reason = sdk.ToString(detail.ErrorMessage)
	}
	failure := trinosql.ParseFailure(reason)
	err := failure.Problem()
	var problem *configtrail.Problem
	if stateOf(execution) == types.QueryExecutionStateCancelled && errors.As(err, &problem) && problem.Key == "engine_failed" {
		return trinosql.Stopped()
	}
	return err
}

func overBudget(read, limit int64) error {
	return &configtrail.Problem{
		Key: "engine_budget", Args: map[string]any{"read": read, "budget": limit},
		Err: fmt.Errorf("%w: the query read %d bytes; the budget is %d", configtrail.ErrOverBudget, read, limit),
	}
}
