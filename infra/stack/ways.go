package stack

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"configtrail/infra/settings"
)

// ways opens the ways by which the queue is told: for each, what brings the
// message, and a statement of the queue's policy that lets in that sender alone.
func (b *build) ways() {
	may := []statement{{
		sid: "OnlyTLS", deny: true, principal: map[string]any{"AWS": "*"}, actions: []string{"sqs:*"}, resources: []string{*b.queue.AttrArn()},
		when: map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
	}}
	for _, source := range b.settings.Sources {
		id := logical(source.Name)
		for _, way := range source.Ways {
			switch way {
			case settings.WaySQS:
				may = append(may, b.fromBucket(source))
			case settings.WaySNS:
				for i, topic := range source.Topics {
					may = append(may, b.fromTopic(fmt.Sprintf("%sTopic%d", id, i+1), topic))
				}
			case settings.WayEvents:
				may = append(may, b.fromRule(id+"Events", bucketEvents(source)))
				if source.Access != settings.AccessOwn {
					b.busFor(id+"Bus", source.Owner, "aws.s3")
				}
			}
		}
	}
	for i, stream := range b.settings.Streams {
		id := fmt.Sprintf("Stream%d", i+1)
		if !stream.EventBridge {
			may = append(may, b.fromTopic(id, stream.Topic))
			continue
		}
		may = append(may, b.fromRule(id, map[string]any{
			"source": []any{"aws.config"}, "detail-type": []any{"Config Configuration Item Change"},
		}))
		for j, account := range stream.Accounts {
			b.busFor(fmt.Sprintf("%sBus%d", id, j+1), account, "aws.config")
		}
	}
	awssqs.NewCfnQueuePolicy(b.stack, jsii.String("IngestQueuePolicy"), &awssqs.CfnQueuePolicyProps{
		Queues: &[]*string{b.queue.Ref()}, PolicyDocument: document(may...),
	})
}

// fromBucket lets a bucket's notifications in. The bucket itself is not touched:
// what it has to be told is an output.
func (b *build) fromBucket(s settings.Source) statement {
	return statement{
		sid: "FromBucket" + logical(s.Name), principal: service("s3.amazonaws.com"), actions: []string{"sqs:SendMessage"},
		resources: []string{*b.queue.AttrArn()},
		when: map[string]any{
			"ArnEquals":    map[string]any{"aws:SourceArn": b.bucketARN(s.Bucket)},
			"StringEquals": map[string]any{"aws:SourceAccount": s.Owner},
		},
	}
}

// fromTopic subscribes the queue to a topic. A topic of another account has to
// allow it, for which there is an output.
func (b *build) fromTopic(id string, topic settings.Topic) statement {
	parts := strings.Split(topic.ARN, ":") // arn:aws:sns:REGION:ACCOUNT:NAME, as the settings were checked
	awssns.NewCfnSubscription(b.stack, jsii.String(id), &awssns.CfnSubscriptionProps{
		TopicArn: jsii.String(topic.ARN), Region: jsii.String(parts[3]), Protocol: jsii.String("sqs"), Endpoint: b.queue.AttrArn(),
		RawMessageDelivery: topic.Raw,
	})
	return statement{
		sid: "From" + id, principal: service("sns.amazonaws.com"), actions: []string{"sqs:SendMessage"}, resources: []string{*b.queue.AttrArn()},
		when: map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": topic.ARN}},
	}
}

// fromRule sends the events of a pattern to the queue.
func (b *build) fromRule(id string, pattern map[string]any) statement {
	rule := awsevents.NewCfnRule(b.stack, &id, &awsevents.CfnRuleProps{
		Description: jsii.String("What configtrail takes from EventBridge"), EventPattern: pattern, State: jsii.String("ENABLED"),
		Targets: &[]any{&awsevents.CfnRule_TargetProperty{Id: jsii.String("queue"), Arn: b.queue.AttrArn()}},
	})
	return statement{
		sid: "From" + id, principal: service("events.amazonaws.com"), actions: []string{"sqs:SendMessage"}, resources: []string{*b.queue.AttrArn()},
		when: map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": *rule.AttrArn()}},
	}
}

// bucketEvents is the pattern of a source's new objects.
func bucketEvents(s settings.Source) map[string]any {
	keys := []any{}
	for _, folders := range s.Folders {
		keys = append(keys, map[string]any{"prefix": folders + "/"})
	}
	return map[string]any{
		"source": []any{"aws.s3"}, "detail-type": []any{"Object Created"}, "account": []any{s.Owner},
		"detail": map[string]any{"bucket": map[string]any{"name": []any{s.Bucket}}, "object": map[string]any{"key": keys}},
	}
}

// busFor lets another account send events of one service to this account's bus.
func (b *build) busFor(id, account, events string) {
	awsevents.NewCfnEventBusPolicy(b.stack, &id, &awsevents.CfnEventBusPolicyProps{
		EventBusName: jsii.String("default"), StatementId: jsii.String(b.name(id)),
		Statement: map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"AWS": b.arn("iam", "", account, "root")},
			"Action": "events:PutEvents", "Resource": b.here("events", "event-bus/default"),
			"Condition": map[string]any{"StringEquals": map[string]any{"events:source": events}},
		},
	})
}

// wayOf reports whether a source becomes known by a way.
func wayOf(s settings.Source, way string) bool { return slices.Contains(s.Ways, way) }
