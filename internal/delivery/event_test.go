package delivery_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/delivery"
)

const event = `{"eventVersion":"1.09","userIdentity":{"type":"AssumedRole","principalId":"AROA:suzuki.yuki","arn":"arn:aws:sts::111122223333:assumed-role/Admin/suzuki.yuki","accountId":"111122223333",` +
	`"sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/Admin","userName":"Admin"}},"invokedBy":"cloudformation.amazonaws.com"},` +
	`"eventTime":"2024-11-05T01:02:03Z","eventSource":"ec2.amazonaws.com","eventName":"ModifyVpcAttribute","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.11","userAgent":"aws-cli","errorCode":"Client.UnauthorizedOperation",` +
	`"requestParameters":{"vpcId": "vpc-1"},"responseElements":null,"eventID":"e-1","readOnly":false,"resources":[{"ARN":"arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1","accountId":"111122223333","type":"AWS::EC2::VPC"},{"ARN":"arn:x"}],` +
	`"recipientAccountId":"111122223333","sharedEventID":"s-1"}`

func TestEvent(t *testing.T) {
	read := strings.Replace(event, `"readOnly":false`, `"readOnly":true`, 1)
	for name, text := range map[string]string{
		"log file": `{"Records":[` + read + `,` + event + `]}`, "list": `[` + read + `,` + event + `]`, "lines": read + "\n" + event,
		"EventBridge": `[` + read + `,{"account":"111122223333","detail-type":"AWS API Call via CloudTrail","detail":` + event + `}]`,
	} {
		got := decodeText(t, text)
		want := &configtrail.Event{
			ID: "e-1", SharedID: "s-1", Account: "111122223333", Region: "us-east-1", Time: at("2024-11-05T01:02:03Z"),
			Source: "ec2.amazonaws.com", Name: "ModifyVpcAttribute", ErrorCode: "Client.UnauthorizedOperation", SourceIP: "203.0.113.11", UserAgent: "aws-cli",
			ActorType: "AssumedRole", ActorARN: "arn:aws:sts::111122223333:assumed-role/Admin/suzuki.yuki", ActorID: "AROA:suzuki.yuki", ActorName: "suzuki.yuki",
			RoleARN: "arn:aws:iam::111122223333:role/Admin", InvokedBy: "cloudformation.amazonaws.com",
			Resources: []configtrail.EventResource{
				{ARN: "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1", Account: "111122223333", Type: "AWS::EC2::VPC"}, {ARN: "arn:x"},
			},
			Request: json.RawMessage(`{"vpcId": "vpc-1"}`), Origin: configtrail.Source{Key: "k", Index: 1},
		}
		if diff := cmp.Diff([]*configtrail.Event{want}, got.events); diff != "" || got.tally.ReadOnly != 1 || len(got.records) != 1 {
			t.Errorf("%s: %d reads\n%s", name, got.tally.ReadOnly, diff)
		}
	}
}

func TestActorNames(t *testing.T) {
	from := event[strings.Index(event, `{"type"`):strings.Index(event, `,"eventTime"`)]
	for identity, want := range map[string]string{
		`{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/a/benjamin","userName":"benjamin","invokedBy":"AWS Internal"}`: "benjamin",
		`{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/a/benjamin"}`:                                                  "benjamin",
		`{"type":"Root","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"}`:                                     "root",
		`{"type":"AssumedRole","principalId":"AROA:i-1","sessionContext":{"sessionIssuer":{"userName":"web"}}}`:                 "i-1",
		`{"type":"AssumedRole","sessionContext":{"sessionIssuer":{"userName":"web"}}}`:                                          "web",
		`{"type":"FederatedUser","arn":"arn:aws:sts::111122223333:federated-user/bob"}`:                                         "bob",
		`{"type":"AWSService","invokedBy":"ssm.amazonaws.com"}`:                                                                 "ssm.amazonaws.com",
		`{"accountId":"111122223333","invokedBy":"ec2.amazonaws.com"}`:                                                          "ec2.amazonaws.com",
		`{"type":"AWSAccount","principalId":"AIDA","accountId":"444455556666"}`:                                                 "444455556666",
		`{"type":"SAMLUser","principalId":"x:alice","userName":"alice@example.com"}`:                                            "alice@example.com",
		`null`: "",
		`"x"`:  "",
	} {
		got := decodeText(t, strings.Replace(event, from, identity, 1))
		if len(got.events) != 1 || got.events[0].ActorName != want {
			t.Errorf("%s: %+v %+v", identity, got.events, got.bad)
		}
	}
}

func TestBadEvents(t *testing.T) {
	key := delivery.ParseKey("AWSLogs/444455556666/CloudTrail/us-east-1/2024/11/05/444455556666_CloudTrail_us-east-1_20241105T0105Z_x.json.gz")
	loose := key
	loose.Foldered = false
	for name, c := range map[string]struct {
		text string
		key  delivery.Key
		want []string
	}{
		"no id":            {strings.Replace(event, `"eventID":"e-1",`, "", 1), delivery.Key{}, []string{configtrail.CodeBadItem}},
		"no source":        {strings.Replace(event, `"eventSource"`, `"x"`, 1), delivery.Key{}, []string{configtrail.CodeBadItem}},
		"no time":          {strings.Replace(event, `2024-11-05T`, "noon ", 1), delivery.Key{}, []string{configtrail.CodeBadItem}},
		"another's folder": {event, key, []string{configtrail.CodeAccountMismatch}},
		// A file's name proves nothing: samples are passed on with the accounts inside made up.
		"another's name": {event, loose, nil},
		"no region":      {strings.Replace(event, `"awsRegion"`, `"x"`, 1), delivery.Key{}, []string{configtrail.CodeNoRegion}},
		"null":           {"null", key, []string{configtrail.CodeBadItem}},
	} {
		got := decode(t, strings.NewReader(`{"Records":[`+c.text+`]}`), delivery.Document{Key: c.key})
		if diff := cmp.Diff(c.want, got.codes()); diff != "" {
			t.Errorf("%s\n%s", name, diff)
		}
	}
}
