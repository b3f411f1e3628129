package aws

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/smithy-go"

	"configtrail"
)

// ErrBusy is a service that takes no more at the moment, however often it is asked.
var ErrBusy = errors.New("it is at its limit")

// Build is one run of a CodeBuild project.
type Build struct {
	// Token makes one build of all that are started with it within five minutes;
	// at most 64 characters.
	Token string
	// Environment are variables besides the project's own, or in place of them.
	Environment map[string]string
}

// StartBuild starts a build and gives its id. Where CodeBuild can't take another,
// for the rate of calls or the account's limit, the error is ErrBusy: the caller
// comes again later. A project that is not there gives configtrail.ErrNotFound.
func StartBuild(ctx context.Context, cfg aws.Config, project string, build Build) (id string, err error) {
	input := &codebuild.StartBuildInput{ProjectName: &project}
	if build.Token != "" {
		input.IdempotencyToken = &build.Token
	}
	for _, name := range slices.Sorted(maps.Keys(build.Environment)) {
		input.EnvironmentVariablesOverride = append(input.EnvironmentVariablesOverride, types.EnvironmentVariable{
			Name: aws.String(name), Value: aws.String(build.Environment[name]), Type: types.EnvironmentVariableTypePlaintext,
		})
	}
	out, err := codebuild.NewFromConfig(cfg).StartBuild(ctx, input)
	if err != nil {
		return "", fmt.Errorf("start a build of %s: %w", project, explainBuild(err, cfg))
	}
	if out.Build == nil {
		return "", nil
	}
	return aws.ToString(out.Build.Id), nil
}

// BuildsUnderWay gives the environments of the builds of a project that have not
// ended, its own variables and those of StartBuild: of the hundred that were started
// last, which is as many as one call gives.
func BuildsUnderWay(ctx context.Context, cfg aws.Config, project string) ([]map[string]string, error) {
	client := codebuild.NewFromConfig(cfg)
	fail := func(err error) ([]map[string]string, error) {
		return nil, fmt.Errorf("look for builds of %s: %w", project, explainBuild(err, cfg))
	}
	listed, err := client.ListBuildsForProject(ctx, &codebuild.ListBuildsForProjectInput{ProjectName: &project, SortOrder: types.SortOrderTypeDescending})
	if err != nil {
		return fail(err)
	}
	if len(listed.Ids) == 0 {
		return nil, nil
	}
	out, err := client.BatchGetBuilds(ctx, &codebuild.BatchGetBuildsInput{Ids: listed.Ids})
	if err != nil {
		return fail(err)
	}
	var environments []map[string]string
	for _, build := range out.Builds {
		if build.BuildStatus != types.StatusTypeInProgress || build.Environment == nil {
			continue
		}
		environment := map[string]string{}
		for _, v := range build.Environment.EnvironmentVariables {
			environment[aws.ToString(v.Name)] = aws.ToString(v.Value)
		}
		environments = append(environments, environment)
	}
	return environments, nil
}

// explainBuild tells the errors that only CodeBuild has.
func explainBuild(err error, cfg aws.Config) error {
	var missing *types.ResourceNotFoundException
	var full *types.AccountLimitExceededException
	var suspended *types.AccountSuspendedException
	switch {
	case errors.As(err, &missing):
		err = &explained{"there is no such project", []error{err, configtrail.ErrNotFound}}
		return configtrail.WithHint(err, "list the projects with: aws codebuild list-projects --region "+orElse(cfg.Region, "REGION"))
	case errors.As(err, &full):
		err = &explained{"the account runs as many builds as it may", []error{err, ErrBusy}}
		return configtrail.WithHint(err, "wait, or ask for a higher quota of concurrent builds in Service Quotas")
	case errors.As(err, &suspended):
		return &explained{"AWS has suspended CodeBuild for the account", []error{err}}
	case throttled(err):
		return &explained{"AWS asked to slow down, and went on asking", []error{err, ErrBusy}}
	}
	return ExplainFor(cfg.Credentials, err)
}

// throttled reports whether a service refused a request for the rate of requests.
func throttled(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	_, _, is := throttledRule(answer{code: api.ErrorCode()}, login{})
	return is
}
