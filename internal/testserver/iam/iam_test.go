package iam_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"configtrail/internal/testserver/iam"
)

const template = `{
 "Parameters": {"Place": {"Type": "String", "Default": "lake"}},
 "Conditions": {"China": {"Fn::Equals": [{"Ref": "AWS::Partition"}, "aws-cn"]}},
 "Resources": {
  "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "ct-${AWS::AccountId}-${Place}"}}},
  "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "in"}},
  "Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": {"Statement": [
    {"Sid": "ReadLake", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket", "Arn"]}, "/lake/*"]]}},
    {"Sid": "ListLake", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": {"Fn::GetAtt": "Bucket.Arn"}, "Condition": {"StringLike": {"s3:prefix": "lake/*"}}},
    {"Sid": "NoNotes", "Effect": "Deny", "Action": "s3:*", "Resource": {"Fn::If": ["China", "*", {"Fn::Sub": "${Bucket.Arn}/lake/staged/*"}]}}]}}]}},
  "Policy": {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "Role"}], "PolicyDocument": {"Statement":
    {"Sid": "Send", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}}}}}
 }}`

func policy(t *testing.T) iam.Policy {
	t.Helper()
	path := filepath.Join(t.TempDir(), "template.json")
	if err := os.WriteFile(path, []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := iam.Read(path, map[string]string{"AWS::AccountId": "111122223333", "AWS::Region": "ap-northeast-1"})
	if err != nil {
		t.Fatal(err)
	}
	return read.Policy("Role")
}

func TestCallsAreHeldAgainstStatements(t *testing.T) {
	p := policy(t)
	bucket := "arn:aws:s3:::ct-111122223333-lake"
	for _, c := range []struct {
		action, resource, prefix string
		sid                      string // "": refused
	}{
		{"s3:GetObject", bucket + "/lake/items/data/a.parquet", "", "ReadLake"},
		{"s3:GetObject", bucket + "/lake/staged/a.json", "", ""},
		{"s3:GetObject", bucket + "/other/a", "", ""},
		{"s3:PutObject", bucket + "/lake/a", "", ""},
		{"s3:ListBucket", bucket, "lake/items", "ListLake"},
		{"s3:ListBucket", bucket, "", ""},
		{"sqs:SendMessage", "arn:aws:sqs:ap-northeast-1:111122223333:in", "", "Send"},
		{"sqs:SendMessage", "arn:aws:sqs:ap-northeast-1:111122223333:inner", "", ""},
	} {
		call := iam.Call{Action: c.action, Resources: []string{c.resource}}
		if c.action == "s3:ListBucket" {
			call.Keys = map[string]string{"s3:prefix": c.prefix}
		}
		sid := ""
		if used := p.Allow(call); len(used) > 0 {
			sid = used[0].Sid
		}
		if sid != c.sid {
			t.Errorf("%s on %s is allowed by %q, want %q", c.action, c.resource, sid, c.sid)
		}
	}
}

func TestCallsAreTold(t *testing.T) {
	r := &iam.Recorder{Account: "111122223333", Region: "ap-northeast-1", Names: map[string]string{"db7": "configtrail"}}
	see := func(method, target, service, operation, body string) {
		request := httptest.NewRequest(method, target, strings.NewReader(body))
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=KEY/20241101/ap-northeast-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
		if operation != "" {
			request.Header.Set("X-Amz-Target", operation)
		}
		r.Watch(request)
	}
	see(http.MethodGet, "/b?list-type=2&prefix=lake/", "s3", "", "")
	see(http.MethodPut, "/b/lake/%E3%81%82", "s3", "", "data")
	see(http.MethodPost, "/b?delete", "s3", "", "<Delete><Object><Key>x</Key></Object><Object><Key>y</Key></Object></Delete>")
	see(http.MethodPost, "/", "glue", "AWSGlue.GetTable", `{"DatabaseName":"db7","Name":"items"}`)
	see(http.MethodPost, "/", "glue", "AWSGlue.UpdateTable", `{"DatabaseName":"db7","TableInput":{"Name":"items"}}`)
	see(http.MethodPost, "/", "sqs", "AmazonSQS.SendMessageBatch", `{"QueueUrl":"http://127.0.0.1:1/111122223333/in"}`)
	see(http.MethodPost, "/", "sns", "", "Action=Publish&TopicArn=arn%3Aaws%3Asns%3Aap-northeast-1%3A111122223333%3Atold")
	see(http.MethodPost, "/", "sts", "", "Action=GetCallerIdentity")
	see(http.MethodPost, "/", "ec2", "", "Action=RunInstances")
	want := `glue:GetTable arn:aws:glue:ap-northeast-1:111122223333:catalog arn:aws:glue:ap-northeast-1:111122223333:database/configtrail arn:aws:glue:ap-northeast-1:111122223333:table/configtrail/items
glue:UpdateTable arn:aws:glue:ap-northeast-1:111122223333:catalog arn:aws:glue:ap-northeast-1:111122223333:database/configtrail arn:aws:glue:ap-northeast-1:111122223333:table/configtrail/items
s3:DeleteObject arn:aws:s3:::b/x
s3:DeleteObject arn:aws:s3:::b/y
s3:ListBucket arn:aws:s3:::b
s3:PutObject arn:aws:s3:::b/lake/あ
sns:Publish arn:aws:sns:ap-northeast-1:111122223333:told
sqs:SendMessage arn:aws:sqs:ap-northeast-1:111122223333:in
unknown:ec2:RunInstances /
`
	var got strings.Builder
	for _, call := range r.Calls() {
		got.WriteString(call.Action + " " + strings.Join(call.Resources, " ") + "\n")
	}
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}
