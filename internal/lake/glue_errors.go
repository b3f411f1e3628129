package lake

import (
	"errors"
	"io"
	"net/http"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func isMissing(err error) bool { return errors.As(err, new(*types.EntityNotFoundException)) }

func isThere(err error) bool { return errors.As(err, new(*types.AlreadyExistsException)) }

func isStale(err error) bool { return errors.As(err, new(*types.ConcurrentModificationException)) }

// isRefused reports an answer that says that nothing was done, and that trying
// again would change nothing. Glue answers with 400 whatever was wrong, so its
// codes decide.
func isRefused(err error) bool {
	var coded interface {
		error
		ErrorCode() string
	}
	var answered interface {
		error
		HTTPStatusCode() int
	}
	if !errors.As(err, &coded) || !errors.As(err, &answered) {
		return false
	}
	switch coded.ErrorCode() {
	case "OperationTimeoutException", "InternalServiceException", "ThrottlingException", "ResourceNotReadyException", "ConcurrentModificationException":
		return false
	}
	status := answered.HTTPStatusCode()
	return status >= 400 && status < 500 && status != http.StatusTooManyRequests
}

// patient asks again, too, where an answer was cut off on its way: an update is
// not left to it, and all else may be done twice.
type patient struct{ sdk.Retryer }

// IsErrorRetryable implements aws.Retryer.
func (p patient) IsErrorRetryable(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || p.Retryer.IsErrorRetryable(err)
}
