package stack

import (
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"configtrail/infra/settings"
)

func (b *build) output(id, value, description string) {
	awscdk.NewCfnOutput(b.stack, &id, &awscdk.CfnOutputProps{Value: &value, Description: &description})
}

// outputs tell what the stack has made, and what others have to change so that it
// can read: it touches no bucket, key, topic or role but its own.
func (b *build) outputs() {
	b.output("Lake", b.place(lakeFolder), "For the command line: --lake")
	b.output("Database", b.settings.Lake.Database, "For the command line: --database")
	b.output("WorkgroupName", *b.workgroup.Ref(), "For the command line: --workgroup")
	b.output("RedactKey", b.redactKey, "For the command line: --redact-key-secret")
	b.output("Queue", *b.queue.Ref(), "For the command line: ingest --queue")
	b.output("QueueARN", *b.queue.AttrArn(), "Where events and notifications go")
	b.output("DeadLettersQueue", *b.deadLetters.Ref(), "Messages that could not be taken")
	b.output("ReportsTopic", *b.reports.Ref(), "Tells of days and months")
	for _, source := range b.settings.Sources {
		b.forOwner(source)
	}
	for _, stream := range b.settings.Streams {
		if stream.ARN != "" {
			b.forTopic("ForTopic"+topicName(stream.ARN), stream.ARN)
		}
	}
}

// forOwner tells what the owner of a bucket has to add.
func (b *build) forOwner(s settings.Source) {
	id := logical(s.Name)
	if wayOf(s, settings.WaySQS) {
		b.output(id+"Notification", compact(b.notification(s)),
			"Add to the notification configuration of the bucket of "+s.Name+": what stands there has to be written again with it")
	}
	for _, topic := range s.Topics {
		b.forTopic(id+"ForTopic"+topicName(topic.ARN), topic.ARN)
	}
	if wayOf(s, settings.WayEvents) {
		b.output(id+"EventBridge", compact(bucketEvents(s)),
			"Switch EventBridge on for the bucket of "+s.Name+"; in another account or region, a rule of this pattern there sends to the event bus default here")
	}
	switch s.Access {
	case settings.AccessRole:
		b.output(id+"ReaderTrust", compact(document(b.readerTrust(s))), "Trust policy of "+s.RoleARN)
		b.output(id+"ReaderPolicy", compact(document(b.readerPolicy(s)...)), "Policy of "+s.RoleARN)
	case settings.AccessPolicy:
		b.output(id+"BucketPolicy", compact(b.bucketStatements(s)), "Statements to add to the policy of the bucket of "+s.Name)
		if s.KeyARN != "" {
			b.output(id+"KeyPolicy", compact([]any{b.keyStatement(s).json()}), "Statement to add to the policy of "+s.KeyARN)
		}
	}
}

// topicName makes the name of a topic a part of an output's.
func topicName(arn string) string { return logical(arn[strings.LastIndexByte(arn, ':')+1:]) }

func (b *build) forTopic(id, arn string) {
	statement := statement{
		sid: "SubscribeConfigtrail", principal: map[string]any{"AWS": b.arn("iam", "", *b.stack.Account(), "root")},
		actions: []string{"sns:Subscribe"}, resources: []string{arn},
		when: map[string]any{"StringEquals": map[string]any{"sns:Endpoint": *b.queue.AttrArn(), "sns:Protocol": "sqs"}},
	}
	b.output(id, compact([]any{statement.json()}), "Statement to add to the policy of "+arn+" if it is another account's, before the stack is made")
}

// notification is what S3 is told to send, one entry for each folder.
func (b *build) notification(s settings.Source) map[string]any {
	var list []any
	for i, folders := range s.Folders {
		list = append(list, map[string]any{
			"Id": b.named + "-" + s.Name + "-" + string(rune('1'+i)), "QueueArn": *b.queue.AttrArn(), "Events": []string{"s3:ObjectCreated:*"},
			"Filter": map[string]any{"Key": map[string]any{"FilterRules": []any{map[string]any{"Name": "prefix", "Value": folders + "/"}}}},
		})
	}
	return map[string]any{"QueueConfigurations": list}
}

// readers are the roles that read a source.
func (b *build) readers(s settings.Source) []string {
	list := []string{*b.functions["Ingest"].role.AttrArn(), b.longRunRole}
	if wayOf(s, settings.WayListing) {
		list = append(list, *b.functions["Listing"].role.AttrArn())
	}
	if b.settings.Answer.Source == settings.FromRaw && len(s.Tables) > 0 {
		list = append(list, *b.functions["Answer"].role.AttrArn())
	}
	return list
}

func (b *build) readerTrust(s settings.Source) statement {
	trust := statement{sid: "Configtrail", principal: map[string]any{"AWS": b.readers(s)}, actions: []string{"sts:AssumeRole"}}
	if s.ExternalID != "" {
		trust.when = map[string]any{"StringEquals": map[string]any{"sts:ExternalId": s.ExternalID}}
	}
	return trust
}

func (b *build) readerPolicy(s settings.Source) []statement {
	list := []statement{
		{sid: "ReadDeliveries", actions: []string{"s3:GetObject"}, resources: b.deliveries(s)},
		{sid: "ListDeliveries", actions: []string{"s3:ListBucket"}, resources: []string{b.bucketARN(s.Bucket)}},
	}
	if s.KeyARN != "" {
		list = append(list, statement{sid: "DecryptDeliveries", actions: []string{"kms:Decrypt"}, resources: []string{s.KeyARN}})
	}
	return list
}

// bucketStatements let our roles read a bucket of another account.
func (b *build) bucketStatements(s settings.Source) []any {
	readers := map[string]any{"AWS": b.readers(s)}
	list := []statement{
		{sid: "ConfigtrailReads", principal: readers, actions: []string{"s3:GetObject"}, resources: b.deliveries(s)},
		{sid: "ConfigtrailLists", principal: readers, actions: []string{"s3:ListBucket"}, resources: []string{b.bucketARN(s.Bucket)}},
	}
	if slices.Contains(b.readers(s), *b.functions["Answer"].role.AttrArn()) {
		list = append(list, statement{
			sid: "ConfigtrailFinds", principal: map[string]any{"AWS": *b.functions["Answer"].role.AttrArn()},
			actions: []string{"s3:GetBucketLocation"}, resources: []string{b.bucketARN(s.Bucket)},
		})
	}
	var all []any
	for _, one := range list {
		all = append(all, one.json())
	}
	return all
}

// keyStatement lets our roles decrypt what another account's key encrypted. In
// the policy of a key, * is that key.
func (b *build) keyStatement(s settings.Source) statement {
	return statement{
		sid: "ConfigtrailDecrypts", principal: map[string]any{"AWS": b.readers(s)}, actions: []string{"kms:Decrypt"}, resources: []string{"*"},
		when: map[string]any{"StringLike": map[string]any{"kms:EncryptionContext:aws:s3:arn": append(b.deliveries(s), b.bucketARN(s.Bucket))}},
	}
}
