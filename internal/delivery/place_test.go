package delivery_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/delivery"
)

// bare is an item without account and region.
var bare = strings.NewReplacer(`"awsAccountId":"111122223333",`, "", `,"awsRegion":"us-east-1"`, "").Replace(item)

func bareWith(name, value string) string {
	return bare[:len(bare)-1] + `,"` + name + `":` + value + "}"
}

func TestMissingPlaceIsFilled(t *testing.T) {
	key := delivery.ParseKey(snapshotKey) // account 111122223333, us-east-1
	other := strings.ReplaceAll(snapshotKey, "111122223333", "999988887777")
	message := func(members, found string) string { return `{` + members + `"configurationItem":` + found + `}` }
	for name, c := range map[string]struct {
		text   string
		key    delivery.Key
		code   string // or account/region
		reason string
	}{
		"item":               {item, delivery.Key{}, "111122223333/us-east-1", ""},
		"ARN":                {bareWith("ARN", `"arn:aws:ec2:eu-west-1:444455556666:vpc/vpc-1"`), delivery.Key{}, "444455556666/eu-west-1", ""},
		"ARN before others":  {message(`"account":"999988887777","region":"us-west-2",`, bareWith("arn", `"arn:aws:ec2:eu-west-1:444455556666:vpc/v"`)), delivery.Key{}, "444455556666/eu-west-1", ""},
		"ARN without them":   {bareWith("ARN", `"arn:aws:s3:::b"`), key, "111122223333/us-east-1", ""},
		"key":                {bare, key, "111122223333/us-east-1", ""},
		"EventBridge":        {`{"account":"444455556666","region":"eu-west-1","detail":` + message("", bare) + `}`, delivery.Key{}, "444455556666/eu-west-1", ""},
		"envelope, then key": {`{"region":"eu-west-1","detail":` + message("", bare) + `}`, key, "111122223333/eu-west-1", ""},
		"rule":               {`{"accountId":"444455556666","configRuleArn":"arn:aws:config:eu-west-1:444455556666:config-rule/r","invokingEvent":` + quote(t, message("", bare)) + `}`, delivery.Key{}, "444455556666/eu-west-1", ""},
		"subject":            {`{"Type":"Notification","Subject":"[AWS Config:us-east-2] AWS::EC2::VPC vpc-1 Created in Account 444455556666","Message":` + message("", bare) + `}`, delivery.Key{}, "444455556666/us-east-2", ""},
		"topic, region only": {`{"Type":"Notification","TopicArn":"arn:aws:sns:us-west-2:999988887777:t","Message":` + message("", bare) + `}`, delivery.Key{}, configtrail.CodeNoAccount, "neither item, ARN, envelope nor key"},
		"IAM is global":      {strings.Replace(bare, "AWS::EC2::VPC", "AWS::IAM::Role", 1), key, "111122223333/global", ""},
		"region is a phrase": {with("awsRegion", `"Not Applicable"`), key, "111122223333/us-east-1", ""},
		"account is a word":  {with("awsAccountId", `"Account ID"`), delivery.Key{}, configtrail.CodeNoAccount, `"Account ID" is no account id`},
		"no account":         {bare, delivery.Key{Region: "us-east-1"}, configtrail.CodeNoAccount, "neither"},
		"no region":          {bare, delivery.Key{Account: "111122223333"}, configtrail.CodeNoRegion, "neither"},
		"another's folder":   {item, delivery.ParseKey(other), configtrail.CodeAccountMismatch, "the item is of account 111122223333, the object of account 999988887777"},
		"another's ARN":      {bareWith("ARN", `"arn:aws:ec2:eu-west-1:444455556666:vpc/vpc-1"`), key, configtrail.CodeAccountMismatch, "444455556666"},
		"another's name":     {item, delivery.ParseKey(other[strings.LastIndex(other, "/")+1:]), configtrail.CodeAccountMismatch, "999988887777"},
	} {
		got := decode(t, strings.NewReader(c.text), delivery.Document{Key: c.key})
		var place, reason string
		if len(got.items) == 1 {
			place = got.items[0].Key.Account + "/" + got.items[0].Key.Region
		} else if len(got.bad) == 1 {
			place, reason = got.bad[0].Code, got.bad[0].Reason
		}
		if place != c.code || !strings.Contains(reason, c.reason) || len(got.records) != 1 {
			t.Errorf("%s: %s %s %+v", name, place, reason, got.bad)
		}
	}
}

func TestNotices(t *testing.T) {
	const summary = `"configurationItemSummary":{"configurationItemCaptureTime":"2016-10-06T16:46:16.261Z","awsAccountId":"111122223333","configurationItemStatus":"OK","resourceType":"AWS::EC2::Instance","resourceId":"i-1","awsRegion":"us-west-2"}`
	resource := configtrail.ResourceKey{Account: "111122223333", Region: "us-west-2", Type: "AWS::EC2::Instance", ID: "i-1"}
	for text, want := range map[string]*delivery.Notice{
		`{` + summary + `,"s3DeliverySummary":{"s3BucketLocation":"b/k.json.gz","errorCode":null},"messageType":"OversizedConfigurationItemChangeNotification"}`: {
			Type: "OversizedConfigurationItemChangeNotification", Resource: resource, Status: "OK", Time: at("2016-10-06T16:46:16.261Z"), Location: "b/k.json.gz",
		},
		`{` + summary + `,"configurationItem":null,"s3DeliverySummary":{"s3BucketLocation":null,"errorCode":"NoSuchBucket","errorMessage":"gone"},"messageType":"OversizedConfigurationItemChangeDeliveryFailed"}`: {
			Type: "OversizedConfigurationItemChangeDeliveryFailed", Resource: resource, Status: "OK", Time: at("2016-10-06T16:46:16.261Z"), Failure: "NoSuchBucket: gone",
		},
		`{"account":"111122223333","region":"us-west-2","detail":{"s3ObjectKey":"a/b","s3Bucket":"x","notificationCreationTime":"2018-12-16T11:07:14.446Z","messageType":"ConfigurationHistoryDeliveryCompleted"}}`: {
			Type: "ConfigurationHistoryDeliveryCompleted", Resource: configtrail.ResourceKey{Account: "111122223333", Region: "us-west-2"}, Time: at("2018-12-16T11:07:14.446Z"), Location: "a/b",
		},
		`{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}`:                 {Type: "s3:TestEvent"},
		`{"Type":"SubscriptionConfirmation","Message":"You have chosen","Token":"x"}`: {Type: "SubscriptionConfirmation"},
	} {
		got := decodeText(t, text)
		if diff := cmp.Diff([]*delivery.Notice{want}, got.notices); diff != "" || len(got.records) != 1 {
			t.Errorf("%s\n%s", text, diff)
		}
	}
}
