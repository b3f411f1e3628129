package stack

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"configtrail/infra/settings"
)

// tries is by how much a message's time to be done exceeds the function's, as
// Lambda advises: a batch that is throttled is tried again within it.
const tries = 6

// queues makes the queue that everything new comes through, and the one of
// messages that can't be taken.
func (b *build) queues() {
	b.deadLetters = awssqs.NewCfnQueue(b.stack, jsii.String("DeadLetters"), &awssqs.CfnQueueProps{
		QueueName: jsii.String(b.name("ingest-dead")), SqsManagedSseEnabled: jsii.Bool(true),
		MessageRetentionPeriod: jsii.Number(14 * 24 * 60 * 60),
		RedriveAllowPolicy:     map[string]any{"redrivePermission": "byQueue", "sourceQueueArns": []any{b.here("sqs", b.name("ingest"))}},
	})
	b.queue = awssqs.NewCfnQueue(b.stack, jsii.String("IngestQueue"), &awssqs.CfnQueueProps{
		QueueName: jsii.String(b.name("ingest")), SqsManagedSseEnabled: jsii.Bool(true),
		MessageRetentionPeriod:        jsii.Number(14 * 24 * 60 * 60),
		ReceiveMessageWaitTimeSeconds: jsii.Number(20),
		VisibilityTimeout:             jsii.Number(tries*b.settings.Ingest.Timeout + b.settings.Ingest.Window),
		RedrivePolicy:                 map[string]any{"deadLetterTargetArn": b.deadLetters.AttrArn(), "maxReceiveCount": b.settings.Ingest.Receives},
	})
	for _, queue := range []awssqs.CfnQueue{b.queue, b.deadLetters} {
		skip(queue, skipped{"CKV_AWS_27", "SQS encrypts it by itself; for a key of ours S3, SNS and EventBridge would each need a right to it"})
	}
}

// ingest makes the function behind the queue.
func (b *build) ingest() {
	s := b.settings.Ingest
	made := b.function(wanted{
		name: "Ingest", description: "Takes deliveries and notifications from the queue into the lake", code: b.code.ingest,
		uses: s.Function, disk: 4096,
		environment: b.common(b.ofLake(), b.ofKey(), b.ofSources(b.settings.Sources), b.ofLarge(), map[string]string{
			"CONFIGTRAIL_DEAD_LETTERS": *b.deadLetters.Ref(), "CONFIGTRAIL_RECEIVES": strconv.Itoa(s.Receives),
		}),
		may: slices.Concat(
			[]statement{
				{
					sid: "LambdaTakesMessages", resources: []string{*b.queue.AttrArn()},
					actions: []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
				},
				{sid: "SendDeadLetters", actions: []string{"sqs:SendMessage"}, resources: []string{*b.deadLetters.AttrArn()}},
				b.mayHandOn(),
			},
			b.mayTake(b.settings.Sources),
		),
	})
	awslambda.NewCfnEventSourceMapping(b.stack, jsii.String("IngestSource"), &awslambda.CfnEventSourceMappingProps{
		FunctionName: made.Ref(), EventSourceArn: b.queue.AttrArn(),
		BatchSize: jsii.Number(s.Batch), MaximumBatchingWindowInSeconds: jsii.Number(s.Window),
		FunctionResponseTypes: texts("ReportBatchItemFailures"),
		ScalingConfig:         &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: jsii.Number(s.Concurrency)},
	})
}

// mayTake reads sources and stages what is new.
func (b *build) mayTake(sources []settings.Source) []statement {
	return slices.Concat(b.mayReadSources(sources), b.mayReadLake(), b.mayStage(), []statement{b.mayKnowKey()}, b.mayUseKey())
}

// ofLarge says what is too large for a function, and who reads it.
func (b *build) ofLarge() map[string]string {
	return map[string]string{"CONFIGTRAIL_LARGE": strconv.FormatInt(b.settings.Ingest.LargeBytes, 10), "CONFIGTRAIL_LONG_RUN": b.longRun}
}

// mayHandOn hands to the longer run what is too large.
func (b *build) mayHandOn() statement {
	return statement{sid: "StartLongRun", actions: []string{"codebuild:StartBuild"}, resources: []string{b.here("codebuild", "project/"+b.longRun)}}
}

// mayFindLongRuns looks which longer runs are under way.
func (b *build) mayFindLongRuns() statement {
	return statement{sid: "FindLongRuns", actions: []string{"codebuild:ListBuildsForProject", "codebuild:BatchGetBuilds"}, resources: []string{b.here("codebuild", "project/"+b.longRun)}}
}

// listing makes the function that looks for new objects, where a bucket sends no
// events.
func (b *build) listing() {
	sources := b.listed()
	if len(sources) == 0 {
		return
	}
	b.function(wanted{
		name: "Listing", description: "Looks for new deliveries in buckets that send no events", code: b.code.ingest,
		uses: settings.Function{Memory: b.settings.Ingest.Memory, Timeout: 900, Concurrency: 1}, disk: 4096, retries: 0, age: 3600,
		environment: b.common(b.ofLake(), b.ofKey(), b.ofSources(sources), b.ofLarge()),
		may:         append([]statement{b.mayHandOn(), b.mayFindLongRuns()}, b.mayTake(sources)...),
	})
}

// listed are the sources that are listed.
func (b *build) listed() []settings.Source {
	return slices.DeleteFunc(slices.Clone(b.settings.Sources), func(s settings.Source) bool {
		return !slices.Contains(s.Ways, settings.WayListing)
	})
}

// place is what a function reads of a source: one folder of its bucket.
type place struct {
	Place      string `json:"place"`
	Owner      string `json:"owner"`
	RoleARN    string `json:"role_arn,omitempty"`
	ExternalID string `json:"external_id,omitempty"`
	Region     string `json:"region,omitempty"`
}

func (b *build) ofSources(sources []settings.Source) map[string]string {
	places := []place{}
	for _, s := range sources {
		for _, folders := range s.Folders {
			places = append(places, place{"s3://" + s.Bucket + "/" + folders, s.Owner, s.RoleARN, s.ExternalID, s.Region})
		}
	}
	return map[string]string{"CONFIGTRAIL_SOURCES": compact(places)}
}

// compact is a value as JSON. Tokens of CDK stay whole in it.
func compact(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // strings and maps of strings always have a JSON
	}
	return string(text)
}
