package aws

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"configtrail"
)

// Explain turns an error of the SDK into one line that tells what happened,
// with a hint (configtrail.Hint) that tells what to do. What it does not know
// it gives back as it is. The SDK's error stays reachable for errors.Is and As;
// a missing bucket is configtrail.ErrNotFound too. Explaining twice is harmless.
//
// Of the texts of an answer only names that AWS documents are used (action,
// resource, region), never headers or bodies, so no key or token gets out.
func Explain(err error) error { return explain(err, login{}) }

// ExplainFor is Explain for a request made with credentials of Config: hints
// then name the profile and the right command to log in again.
func ExplainFor(credentials aws.CredentialsProvider, err error) error {
	if named, ok := credentials.(*namedCredentials); ok {
		return explain(err, named.login)
	}
	return explain(err, login{})
}

// explained is a readable error that still is the SDK's.
type explained struct {
	what string
	errs []error
}

func (e *explained) Error() string   { return e.what }
func (e *explained) Unwrap() []error { return e.errs }

var errNoRegion = errors.New("no AWS region is set")

func explain(err error, who login) error {
	var before *explained
	if err == nil || errors.As(err, &before) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	a := answerOf(err)
	var credentials *credentialsError
	if errors.As(err, &credentials) { // then the request that failed is the one for credentials
		who = credentials.login
		a = answerOf(credentials)
	}
	for _, rule := range rules {
		if what, next, ok := rule(a, who); ok {
			e := &explained{configtrail.Visible(what), []error{err}}
			if a.code == "NoSuchBucket" {
				e.errs = append(e.errs, configtrail.ErrNotFound)
			}
			return configtrail.WithHint(e, configtrail.Visible(next))
		}
	}
	return err
}

// answer is what an SDK error tells, taken apart.
type answer struct {
	err       error
	service   string // "S3"
	operation string // "GetObject"
	code      string // "AccessDenied"; of an answer without a body, the name of its status
	message   string // the service's words: matched, never shown
	status    int
	region    string // where S3 says the bucket is
}

func answerOf(err error) answer {
	a := answer{err: err}
	// The innermost request counts: that for a role's credentials may fail
	// because the one for the credentials below it did.
	var operation *smithy.OperationError
	for within := err; errors.As(within, &operation); within = operation.Err {
		a.service, a.operation = operation.Service(), operation.Operation()
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		a.code, a.message = api.ErrorCode(), api.ErrorMessage()
	}
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		a.status = response.HTTPStatusCode()
		a.region = BucketRegion(err)
	}
	return a
}

var regionName = configtrail.Pattern(`^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$`)

// BucketRegion is the region that an S3 answer names as its bucket's, or "".
// Only what looks like a region counts, as it becomes part of a host name.
func BucketRegion(err error) string {
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) || response.Response == nil {
		return ""
	}
	if region := response.Response.Header.Get("x-amz-bucket-region"); regionName().MatchString(region) {
		return region
	}
	return ""
}

// Expired reports whether AWS refused a request because its credentials have
// run out, which fresh ones may mend.
func Expired(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && expiredCodes[api.ErrorCode()]
}

var expiredCodes = map[string]bool{
	"ExpiredToken": true, "ExpiredTokenException": true, "TokenRefreshRequired": true,
}
