// Package stack makes the CloudFormation stack of a deployment: where the lake
// lies, the functions that fill it and answer from it, and what each may do.
//
// Its resources are CloudFormation's own (CDK's level 1), for two reasons. Grants
// of the higher levels write statements with wildcards in them (s3:GetObject*)
// and without a Sid, while here each statement is to be defended one by one. And
// logical ids stay as they are written, so that reviews, tests and the plain
// template speak of AnswerRole, not of AnswerRole7F3A0B2C.
package stack

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsathena"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"configtrail/infra/settings"
)

// Options say what becomes of the code.
type Options struct {
	// Dist is the folder with the functions' zip files, which CDK uploads as
	// assets. "": a plain template, whose code and buckets are parameters.
	Dist string
}

// build is a stack under construction. The parts that others refer to are its
// fields; each is set by the method that makes it, in the order of New.
type build struct {
	stack    awscdk.Stack
	settings settings.Settings
	named    string // the stack's name, as names within it begin
	code     code

	key       string // ARN; "": the keys of AWS
	lake      string // the bucket's name
	lakeARN   string
	results   awss3.CfnBucket
	database  string
	workgroup awsathena.CfnWorkGroup

	redactKey string                      // ARN of the secret
	token     awssecretsmanager.CfnSecret // nil: IAM alone
	modelKey  awssecretsmanager.CfnSecret // nil: no model, or Bedrock

	queue, deadLetters awssqs.CfnQueue
	reports            awssns.CfnTopic
	alarms             *string // ARN of the alarms' topic
	longRun            string  // name of the project
	longRunRole        string  // ARN
	functions          map[string]function
}

// New adds the stack of the settings to an app.
func New(app constructs.Construct, s settings.Settings, options Options) awscdk.Stack {
	properties := &awscdk.StackProps{
		StackName:          jsii.String(s.Stack),
		Description:        jsii.String("configtrail: what changed in an organisation, from what AWS Config delivers"),
		AnalyticsReporting: jsii.Bool(false),
	}
	if options.Dist == "" {
		properties.Synthesizer = awscdk.NewLegacyStackSynthesizer()
	}
	b := &build{stack: awscdk.NewStack(app, jsii.String(s.Stack), properties), settings: s, functions: map[string]function{}}
	if options.Dist == "" {
		b.named = *awscdk.Aws_STACK_NAME() // who deploys a template names the stack
		b.parameters()
	} else {
		b.named = s.Stack
		b.assets(options.Dist)
	}
	b.encryption()
	b.buckets()
	b.databases()
	b.query()
	b.secrets()
	b.alarmsTopic()
	b.reportsTopic()
	b.queues()
	b.longRuns()
	b.ingest()
	b.listing()
	b.housekeeping()
	b.reporting()
	b.answer()
	b.ways()
	b.schedules()
	b.alarmsOfQueues()
	b.outputs()
	for _, tag := range slices.Sorted(maps.Keys(s.Tags)) {
		awscdk.Tags_Of(b.stack).Add(jsii.String(tag), jsii.String(s.Tags[tag]), nil)
	}
	return b.stack
}

// name is the name of a part of the stack, as people see it.
func (b *build) name(part string) string { return b.named + "-" + part }

// arn is an ARN in the stack's partition.
func (b *build) arn(service, region, account, resource string) string {
	return strings.Join([]string{"arn", *b.stack.Partition(), service, region, account, resource}, ":")
}

// here is an ARN in the stack's account and region.
func (b *build) here(service, resource string) string {
	return b.arn(service, *b.stack.Region(), *b.stack.Account(), resource)
}

func (b *build) bucketARN(bucket string) string { return b.arn("s3", "", "", bucket) }

// keep makes a resource stay where the stack is deleted, or no longer wants it.
func keep(resource awscdk.CfnResource) {
	resource.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
}

// logical makes a name a part of a logical id.
func logical(name string) string {
	var out strings.Builder
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' || r == '.' || r == '/' }) {
		out.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return out.String()
}

func texts(list ...string) *[]*string { return jsii.Strings(list...) }
