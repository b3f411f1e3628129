package stack

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"

	"configtrail/infra/settings"
)

// reportsTopic makes the topic that the daily and the monthly run tell their news to.
func (b *build) reportsTopic() {
	b.reports = b.topic("Reports", "reports", b.settings.Reports.Emails)
	if b.key == "" {
		// With AWS's own key, as what is told names resources and persons.
		b.reports.SetKmsMasterKeyId(jsii.String("alias/aws/sns"))
	}
}

// topic makes a topic that takes messages over TLS only.
func (b *build) topic(id, name string, emails []string) awssns.CfnTopic {
	topic := awssns.NewCfnTopic(b.stack, &id, &awssns.CfnTopicProps{TopicName: jsii.String(b.name(name))})
	if b.key != "" {
		topic.SetKmsMasterKeyId(&b.key)
	}
	for i, email := range emails {
		awssns.NewCfnSubscription(b.stack, jsii.String(fmt.Sprintf("%sEmail%d", id, i+1)), &awssns.CfnSubscriptionProps{
			TopicArn: topic.Ref(), Protocol: jsii.String("email"), Endpoint: jsii.String(email),
		})
	}
	return topic
}

// reporting makes the functions that tell of a day and of a month.
func (b *build) reporting() {
	b.reporter("Daily", "Tells new findings of high severity and new gaps",
		statement{sid: "KeepAnnounced", actions: []string{"s3:GetObject", "s3:PutObject"}, resources: []string{b.in(announcedFolder)}})
	b.reporter("Monthly", "Writes the month's report and tells where it is",
		statement{sid: "KeepReports", actions: []string{"s3:GetObject", "s3:PutObject"}, resources: []string{b.in(reportsFolder)}})
}

func (b *build) reporter(name, description string, keeps statement) {
	b.function(wanted{
		name: name, description: description, code: b.code.ingest,
		uses: settings.Function{Memory: 1024, Timeout: 900, Concurrency: 1}, retries: 1, age: 6 * 3600,
		environment: b.common(b.ofLake(), b.ofQueries(), map[string]string{
			"CONFIGTRAIL_TOPIC": *b.reports.Ref(), "CONFIGTRAIL_REPORTS": b.place(reportsFolder), "CONFIGTRAIL_ANNOUNCED": b.place(announcedFolder),
		}),
		may: slices.Concat(b.mayAskLake(), []statement{
			keeps,
			{sid: "Tell", actions: []string{"sns:Publish"}, resources: []string{*b.reports.Ref()}},
		}, b.mayUseKey()),
	})
}

// ofQueries is the environment of those that ask Athena.
func (b *build) ofQueries() map[string]string {
	return map[string]string{
		"CONFIGTRAIL_ENGINE": "athena", "CONFIGTRAIL_WORKGROUP": *b.workgroup.Ref(), "CONFIGTRAIL_OUTPUT": b.resultsPlace(),
		"CONFIGTRAIL_MAX_BYTES": strconv.FormatInt(b.settings.Query.MaxBytes, 10),
	}
}
