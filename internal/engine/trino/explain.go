package trino

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	client "github.com/trinodb/trino-go-client/trino"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/trinosql"
)

// failed stops the query, asks what it has read, and tells why it failed.
func (r *run) failed(err error) error {
	if r.ctx.Err() != nil {
		r.stop()
	}
	r.settle()
	return &engine.Spent{Cost: r.bill(), Err: r.explain(err)}
}

func (r *run) explain(err error) error {
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	var failure *client.ErrTrino
	if errors.As(err, &failure) {
		if failure.ErrorName == "EXCEEDED_SCAN_LIMIT" && r.limit > 0 {
			return overBudget(r.limit)
		}
		return trinosql.Failure{Name: failure.ErrorName, Message: failure.Message}.Problem()
	}
	var refused *client.ErrQueryFailed
	if errors.As(err, &refused) {
		switch refused.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden:
			return &configtrail.Problem{
				Key: "engine_trino_login", Args: map[string]any{"url": r.engine.server.String()},
				Err: fmt.Errorf("the login was refused by Trino at %s (%d)", r.engine.server, refused.StatusCode),
			}
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			return trinosql.Throttled()
		}
	}
	var network net.Error
	if errors.As(err, &network) {
		return &configtrail.Problem{
			Key: "engine_unreachable", Args: map[string]any{"url": r.engine.server.String()},
			Err: fmt.Errorf("no answer from Trino at %s: %w", r.engine.server, err),
		}
	}
	if errors.Is(err, client.ErrQueryCancelled) {
		return trinosql.Stopped()
	}
	return err
}

func overBudget(limit int64) error {
	return &configtrail.Problem{
		Key: "engine_over_limit", Args: map[string]any{"budget": limit},
		Err: fmt.Errorf("%w: the query reads more than its budget of %d bytes", configtrail.ErrOverBudget, limit),
	}
}
