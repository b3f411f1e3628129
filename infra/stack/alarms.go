package stack

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"
)

// alarmsTopic is where alarms go: the topic of the settings, or one of ours.
func (b *build) alarmsTopic() {
	if topic := b.settings.Alarms.Topic; topic != "" {
		b.alarms = jsii.String(topic)
		return
	}
	topic := b.topic("Alarms", "alarms", b.settings.Alarms.Emails)
	if b.key == "" {
		skip(topic, skipped{"CKV_AWS_26", "CloudWatch can't send to a topic under AWS's own key; an alarm names parts of the stack and nothing from the data"})
	}
	awssns.NewCfnTopicPolicy(b.stack, jsii.String("AlarmsPolicy"), &awssns.CfnTopicPolicyProps{
		Topics: &[]*string{topic.Ref()},
		PolicyDocument: document(statement{
			sid: "AlarmsOfThisAccount", principal: service("cloudwatch.amazonaws.com"), actions: []string{"sns:Publish"},
			resources: []string{*topic.Ref()}, when: b.fromHere(),
		}),
	})
	b.alarms = topic.Ref()
}

// alarm is what an alarm looks at: a metric whose value is above a threshold.
type alarm struct {
	id, description   string
	namespace, metric string
	dimensions        map[string]string
	statistic         string
	minutes           int // of a period
	above             float64
	below             float64 // where above is 0 and this is not: an alarm for too little
}

func (b *build) alarm(a alarm) {
	properties := &awscloudwatch.CfnAlarmProps{
		AlarmName: jsii.String(b.name(lower(a.id))), AlarmDescription: &a.description,
		Namespace: &a.namespace, MetricName: &a.metric, Statistic: &a.statistic, Period: jsii.Number(a.minutes * 60), EvaluationPeriods: jsii.Number(1),
		ComparisonOperator: jsii.String("GreaterThanThreshold"), Threshold: &a.above, TreatMissingData: jsii.String("notBreaching"),
		AlarmActions: &[]any{b.alarms}, OkActions: &[]any{b.alarms},
	}
	if a.below > 0 {
		properties.ComparisonOperator, properties.Threshold = jsii.String("LessThanThreshold"), &a.below
		properties.TreatMissingData = jsii.String("breaching")
	}
	dimensions := []any{}
	for name, value := range a.dimensions { // one each
		dimensions = append(dimensions, &awscloudwatch.CfnAlarm_DimensionProperty{Name: jsii.String(name), Value: jsii.String(value)})
	}
	properties.Dimensions = &dimensions
	awscloudwatch.NewCfnAlarm(b.stack, jsii.String(a.id), properties)
}

func (b *build) alarmOfErrors(name string, f function) {
	b.alarm(alarm{
		id: name + "Errors", description: b.name(lower(name)) + " has failed: see its log " + *f.log.Ref(),
		namespace: "AWS/Lambda", metric: "Errors", dimensions: map[string]string{"FunctionName": *f.Ref()}, statistic: "Sum", minutes: 5,
	})
}

func (b *build) alarmOfBuilds() {
	b.alarm(alarm{
		id: "LongRunErrors", description: b.longRun + " has failed: the delivery named in its log is not in the lake",
		namespace: "AWS/CodeBuild", metric: "FailedBuilds", dimensions: map[string]string{"ProjectName": b.longRun}, statistic: "Sum", minutes: 5,
	})
}

// alarmsOfQueues watch what no function's errors tell.
func (b *build) alarmsOfQueues() {
	b.alarm(alarm{
		id: "DeadLettersFound", description: "Messages could not be taken: each says why in its attribute, and what it names is not in the lake",
		namespace: "AWS/SQS", metric: "ApproximateNumberOfMessagesVisible", dimensions: map[string]string{"QueueName": *b.deadLetters.AttrQueueName()},
		statistic: "Maximum", minutes: 5,
	})
	b.alarm(alarm{
		id: "IngestBehind", description: "The oldest message waits for too long: ingest is slower than what is delivered, or fails",
		namespace: "AWS/SQS", metric: "ApproximateAgeOfOldestMessage", dimensions: map[string]string{"QueueName": *b.queue.AttrQueueName()},
		statistic: "Maximum", minutes: 5, above: float64(b.settings.Alarms.OldestMinutes * 60),
	})
	late := b.settings.Schedules.GatherLate()
	b.alarm(alarm{
		id: "GatherStopped", description: fmt.Sprintf("Nothing was gathered for %d minutes: what is staged does not show in answers", late),
		namespace: "AWS/Lambda", metric: "Invocations", dimensions: map[string]string{"FunctionName": *b.functions["Gather"].Ref()},
		statistic: "Sum", minutes: late, below: 1,
	})
	b.alarm(alarm{
		id: "GatherBehind", description: fmt.Sprintf("What was staged waits for %d minutes or more: give the function gather more time or memory", late),
		namespace: "configtrail", metric: "age_seconds", dimensions: map[string]string{"function": *b.functions["Gather"].Ref()},
		statistic: "Maximum", minutes: max(15, late/2), above: float64(late * 60),
	})
	b.alarmsOfCaps()
}

// alarmsOfCaps count the lines of the answering function's log that tell of a cap:
// those of a request that was refused and, where there is a model, of one that was
// answered without it.
func (b *build) alarmsOfCaps() {
	b.alarmOfLines("CapsReached", `{ $.code = "over_budget" }`,
		"A cap of the day is used up: answers are refused until the next day of UTC")
	if b.settings.Model.Name != "" {
		b.alarmOfLines("ModelNotUsed", `{ ($.model_not_used = "*") && ($.model_not_used != "model.nothing") }`,
			"Answers are told without the model: a cap on its tokens or money is used up, or it is busy or refuses. model_not_used in the log says which, and so does the first sentence of the answer")
	}
}

func (b *build) alarmOfLines(id, pattern, description string) {
	awslogs.NewCfnMetricFilter(b.stack, jsii.String(id+"Filter"), &awslogs.CfnMetricFilterProps{
		LogGroupName: b.functions["Answer"].log.Ref(), FilterPattern: &pattern,
		MetricTransformations: &[]any{&awslogs.CfnMetricFilter_MetricTransformationProperty{
			MetricNamespace: &b.named, MetricName: &id, MetricValue: jsii.String("1"), DefaultValue: jsii.Number(0),
		}},
	})
	b.alarm(alarm{id: id, description: description, namespace: b.named, metric: id, statistic: "Sum", minutes: 5})
}
