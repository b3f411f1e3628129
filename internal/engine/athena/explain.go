package athena

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/smithy-go"

	"configtrail"
	"configtrail/internal/aws"
	"configtrail/internal/engine/trinosql"
)

// explain tells what AWS refused and what to do. What is no answer of Athena,
// such as a login that is missing, package aws explains.
func (e *Engine) explain(ctx context.Context, err error) error {
	code, message := codeOf(err)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case aws.Expired(err):
		return &configtrail.Problem{Key: "engine_login", Err: err}
	case throttled(err):
		p := trinosql.Throttled()
		p.Err = fmt.Errorf("%w: %w", p.Err, err)
		return p
	case denied(err):
		return deniedProblem(err, message)
	case code == "InvalidRequestException", code == "ResourceNotFoundException", code == "MetadataException":
		return e.invalid(err, message)
	}
	return aws.ExplainFor(e.options.Config.Credentials, err)
}

func denied(err error) bool {
	code, _ := codeOf(err)
	return code == "AccessDeniedException" || code == "AccessDenied" || code == "UnauthorizedOperation"
}

var notAuthorized = configtrail.Pattern(`not authorized to perform: ([\w-]+:\w+)(?: on resource: "?([^\s"]+))?`)

// deniedProblem names the permission: by what IAM says, else by the request.
func deniedProblem(err error, message string) error {
	if found := notAuthorized().FindStringSubmatch(message); found != nil {
		return trinosql.Denied(found[1], found[2])
	}
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		return trinosql.Denied("athena:"+operation.Operation(), "")
	}
	return trinosql.Failure{Name: "ACCESS_DENIED", Message: message}.Problem()
}

// invalid tells apart what Athena answers with one and the same code.
func (e *Engine) invalid(err error, message string) error {
	lower := strings.ToLower(message)
	says := func(texts ...string) bool {
		for _, text := range texts {
			if strings.Contains(lower, text) {
				return true
			}
		}
		return false
	}
	problem := func(key string, args map[string]any, err error) error {
		return &configtrail.Problem{Key: key, Args: args, Err: err}
	}
	var invalid *types.InvalidRequestException
	_ = errors.As(err, &invalid)
	switch {
	case says("workgroup") && says("not found", "does not exist", "is disabled", "not enabled"):
		return problem("engine_workgroup", map[string]any{"workgroup": e.workgroup()},
			fmt.Errorf("%w: workgroup %s: %w", configtrail.ErrNotFound, e.workgroup(), err))
	case says("no output location", "outputlocation cannot be empty"):
		return problem("engine_output", map[string]any{"workgroup": e.workgroup()},
			fmt.Errorf("%w: no place for results is named: %w", configtrail.ErrInvalid, err))
	case says("output bucket", "output location", "location provided to save your query results"):
		return problem("engine_output_bucket", map[string]any{"location": e.options.Output},
			fmt.Errorf("%w: Athena can't write its results: %w", configtrail.ErrInvalid, err))
	case says("results have expired", "result has expired", "could not find results", "results were deleted", "query results are no longer", "was not found") && says("quer", "result"):
		return problem("engine_results_gone", nil, fmt.Errorf("%w: the query's results are gone: %w", configtrail.ErrNotFound, err))
	case invalid != nil && (says("statement too long", "query string is too long") || says("querystring") && says("length")):
		return problem("engine_statement", map[string]any{"reason": oneLine(message)}, fmt.Errorf("%w: the statement is too long: %w", configtrail.ErrTooLarge, err))
	}
	return trinosql.ParseFailure(message).Problem()
}

func (e *Engine) workgroup() string {
	if e.options.Workgroup == "" {
		return "primary"
	}
	return e.options.Workgroup
}

func oneLine(text string) string { return configtrail.Visible(strings.Join(strings.Fields(text), " ")) }
