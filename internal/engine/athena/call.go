package athena

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"configtrail/internal/aws"
)

const (
	firstPause = 250 * time.Millisecond // before the second attempt at a request, doubled each time
	lastPause  = 20 * time.Second
	patience   = 10 * time.Minute // with a service that asks to slow down, where ctx has no deadline
	attempts   = 8                // at a request that the service or the network broke
)

// call makes one request until it is answered. All requests may be repeated:
// those that start a query bear a token. Being asked to slow down is waited out as
// far as the deadline of ctx allows, what is broken is tried a few times, and
// credentials that ended early are fetched anew once. The error is the SDK's.
func call[Out any](ctx context.Context, e *Engine, request func(context.Context) (Out, error)) (Out, error) {
	var waited time.Duration
	renewed := false
	for attempt := 1; ; attempt++ {
		out, err := request(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
			return out, err
		case !renewed && aws.Expired(err) && aws.Renew(e.options.Config.Credentials):
			renewed = true
			continue
		case throttled(err) && waited < patience:
		case broken(err) && attempt < attempts:
		default:
			return out, err
		}
		pause := pauseAfter(attempt)
		if deadline, set := ctx.Deadline(); set && time.Until(deadline) <= pause {
			return out, err // what AWS said tells more than that the time is over
		}
		waited += pause
		if e.options.Wait(ctx, pause) != nil {
			return out, err
		}
	}
}

// pauseAfter is between half and all of a pause that doubles with each attempt,
// so that ten callers don't come back together.
func pauseAfter(attempt int) time.Duration {
	pause := firstPause << min(attempt-1, 10)
	pause = min(pause, lastPause)
	return pause/2 + rand.N(pause/2)
}

// throttled reports whether AWS asked to slow down.
func throttled(err error) bool {
	var response *smithyhttp.ResponseError
	return retry.ThrottleErrorCode{Codes: retry.DefaultThrottleErrorCodes}.IsErrorThrottle(err) == sdk.TrueTernary ||
		errors.As(err, &response) && response.HTTPStatusCode() == http.StatusTooManyRequests
}

// broken reports whether the same request may well work the next time.
func broken(err error) bool {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() >= http.StatusInternalServerError {
		return true
	}
	return retry.RetryableConnectionError{}.IsErrorRetryable(err) == sdk.TrueTernary
}

// codeOf is the code of an error that AWS answered with; else "".
func codeOf(err error) (code, message string) {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode(), api.ErrorMessage()
	}
	return "", ""
}
