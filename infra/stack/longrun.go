package stack

import (
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscodebuild"
	"github.com/aws/jsii-runtime-go"
)

// buildspec runs the function's binary as a command. What is to be read comes in
// the variable CONFIGTRAIL_OBJECT of the build, and is quoted: it is a key that
// others chose. The exit code 3 is no failure: all is in, and something of it is
// quarantined.
const buildspec = `version: 0.2
phases:
  build:
    commands:
      - aws s3 cp --only-show-errors "s3://$CODE_BUCKET/$CODE_KEY" /tmp/ingest.zip
      - unzip -q -o /tmp/ingest.zip bootstrap -d /tmp
      - /tmp/bootstrap object "$CONFIGTRAIL_OBJECT" || [ $? -eq 3 ]
`

// longRuns makes the project that reads what is too large for a function: the
// same binary, for up to eight hours, without a network of one's own.
func (b *build) longRuns() {
	b.longRun = b.name("long-run")
	log := b.log("LongRun", "/aws/codebuild/"+b.longRun)
	role := b.role("LongRun", "codebuild.amazonaws.com", "Takes deliveries that are too large for a function into the lake", append(
		[]statement{
			b.mayLog(log),
			{sid: "ReadCode", actions: []string{"s3:GetObject"}, resources: []string{b.bucketARN(b.code.ingest.bucket) + "/" + b.code.ingest.key}},
		}, b.mayTake(b.settings.Sources)...)...)
	b.longRunRole = *role.AttrArn()
	variables := b.common(b.ofLake(), b.ofKey(), b.ofSources(b.settings.Sources), map[string]string{
		"CODE_BUCKET": b.code.ingest.bucket, "CODE_KEY": b.code.ingest.key,
		"CONFIGTRAIL_LARGE": strconv.Itoa(0), // nothing is too large here
	})
	environment := &awscodebuild.CfnProject_EnvironmentProperty{
		Type: jsii.String("ARM_CONTAINER"), Image: jsii.String("aws/codebuild/amazonlinux-aarch64-standard:3.0"),
		ComputeType: &b.settings.Ingest.LongRunSize, EnvironmentVariables: plainVariables(variables),
	}
	if b.settings.Architecture != "arm64" {
		environment.Type, environment.Image = jsii.String("LINUX_CONTAINER"), jsii.String("aws/codebuild/amazonlinux-x86_64-standard:5.0")
	}
	project := awscodebuild.NewCfnProject(b.stack, jsii.String("LongRun"), &awscodebuild.CfnProjectProps{
		Name: &b.longRun, Description: jsii.String("Takes deliveries that are too large for a function into the lake"),
		ServiceRole: role.AttrArn(), Environment: environment,
		Source:    &awscodebuild.CfnProject_SourceProperty{Type: jsii.String("NO_SOURCE"), BuildSpec: jsii.String(buildspec)},
		Artifacts: &awscodebuild.CfnProject_ArtifactsProperty{Type: jsii.String("NO_ARTIFACTS")},
		LogsConfig: &awscodebuild.CfnProject_LogsConfigProperty{
			CloudWatchLogs: &awscodebuild.CfnProject_CloudWatchLogsConfigProperty{Status: jsii.String("ENABLED"), GroupName: log.Ref()},
		},
		ConcurrentBuildLimit: jsii.Number(b.settings.Ingest.LongRuns),
		TimeoutInMinutes:     jsii.Number(480), QueuedTimeoutInMinutes: jsii.Number(480),
	})
	skip(project, skipped{"CKV_AWS_147", "it leaves no artifact that could be encrypted"})
	b.alarmOfBuilds()
}

func plainVariables(values map[string]string) *[]any {
	list := []any{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, &awscodebuild.CfnProject_EnvironmentVariableProperty{
			Name: jsii.String(name), Type: jsii.String("PLAINTEXT"), Value: jsii.String(values[name]),
		})
	}
	return &list
}
