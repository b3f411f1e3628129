package delivery_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/delivery"
)

// One group's rules, in the form of S3 and in that of the API: text inside the
// supplementary configuration is encoded once more there.
const (
	s3Form = `{"fileVersion":"1.0","configSnapshotId":"1","configurationItems":[{"relatedEvents":[],` +
		`"relationships":[{"resourceId":"vpc-1","resourceType":"AWS::EC2::VPC","name":"Is contained in "},{"resourceName":"本番ロール","resourceType":"AWS::IAM::Role","name":"Is associated with "}],` +
		`"configuration":{"name":"b","z":[1,2.50,null]},` +
		`"supplementaryConfiguration":{"AccessControlList":"{\"grantSet\":null}","BucketPolicy":{"policyText":"{\"Version\":\"2012-10-17\"}"},"IsRequesterPaysEnabled":false},` +
		`"tags":{"Name":"🚀","name":"x"},"configurationItemVersion":"1.3","configurationItemCaptureTime":"2024-11-05T01:02:03.456Z",` +
		`"configurationStateId":1730768523456,"awsAccountId":"111122223333","configurationItemStatus":"ResourceDiscovered","resourceType":"AWS::S3::Bucket","resourceId":"b","resourceName":"b",` +
		`"ARN":"arn:aws:s3:::b","awsRegion":"us-east-1","availabilityZone":"Regional","configurationStateMd5Hash":"","resourceCreationTime":"2024-11-01T00:00:00.000Z"}]}`
	apiForm = `{"configurationItems":[{"version":"1.3","accountId":"111122223333","configurationItemCaptureTime":1.730768523456E9,"configurationItemStatus":"ResourceDiscovered",` +
		`"configurationStateId":"1730768523456","configurationItemMD5Hash":"","arn":"arn:aws:s3:::b","resourceType":"AWS::S3::Bucket","resourceId":"b","resourceName":"b","awsRegion":"us-east-1",` +
		`"availabilityZone":"Regional","resourceCreationTime":"2024-11-01 09:00:00+09:00","tags":{"Name":"🚀","name":"x"},"relatedEvents":[],` +
		`"relationships":[{"resourceType":"AWS::EC2::VPC","resourceId":"vpc-1","relationshipName":"Is contained in "},{"resourceType":"AWS::IAM::Role","resourceName":"本番ロール","relationshipName":"Is associated with "}],` +
		`"configuration":"{\"name\":\"b\",\"z\":[1,2.50,null]}",` +
		`"supplementaryConfiguration":{"AccessControlList":"\"{\\\"grantSet\\\":null}\"","BucketPolicy":"{\"policyText\":\"{\\\"Version\\\":\\\"2012-10-17\\\"}\"}","IsRequesterPaysEnabled":"false"}}]}`
)

func wantBucket() *configtrail.ConfigurationItem {
	return &configtrail.ConfigurationItem{
		Key:  configtrail.ResourceKey{Account: "111122223333", Region: "us-east-1", Type: "AWS::S3::Bucket", ID: "b"},
		Name: "b", ARN: "arn:aws:s3:::b", AvailabilityZone: "Regional", Version: "1.3",
		Status: configtrail.StatusResourceDiscovered, StateID: "1730768523456",
		CaptureTime: at("2024-11-05T01:02:03.456Z"), CreationTime: at("2024-11-01T00:00:00Z"),
		Tags: map[string]string{"Name": "🚀", "name": "x"},
		Relationships: []configtrail.Relationship{
			{ResourceType: "AWS::EC2::VPC", ResourceID: "vpc-1", Name: "Is contained in "},
			{ResourceType: "AWS::IAM::Role", ResourceName: "本番ロール", Name: "Is associated with "},
		},
		Configuration:              json.RawMessage(`{"name":"b","z":[1,2.50,null]}`),
		SupplementaryConfiguration: json.RawMessage(`{"AccessControlList":"{\"grantSet\":null}","BucketPolicy":{"policyText":"{\"Version\":\"2012-10-17\"}"},"IsRequesterPaysEnabled":false}`),
		Source:                     configtrail.Source{Key: "k"},
	}
}

func TestFormsOfS3AndAPIAgree(t *testing.T) {
	for name, text := range map[string]string{"S3": s3Form, "API": apiForm} {
		if diff := cmp.Diff(wantBucket(), one(t, text)); diff != "" {
			t.Errorf("%s\n%s", name, diff)
		}
	}
}

// Every envelope around one item gives that item.
func TestEnvelopes(t *testing.T) {
	var document struct{ ConfigurationItems []json.RawMessage }
	if err := json.Unmarshal([]byte(s3Form), &document); err != nil {
		t.Fatal(err)
	}
	bare := string(document.ConfigurationItems[0])
	raw := `{"configurationItemDiff":null,"configurationItem":` + bare + `,"messageType":"ConfigurationItemChangeNotification"}`
	sns := `{"Type":"Notification","TopicArn":"arn:aws:sns:eu-west-1:999988887777:t","Message":` + strconv.Quote(raw) + `,"MessageAttributes":{}}`
	for name, text := range map[string]string{
		"history":           strings.Replace(s3Form, `"configSnapshotId":"1",`, "", 1),
		"gzip":              string(gz(t, s3Form)),
		"gzip of members":   string(gz(t, s3Form[:99])) + string(gz(t, s3Form[99:])),
		"byte order mark":   "\xef\xbb\xbf" + s3Form,
		"single item":       bare,
		"list of items":     "[" + bare + "]",
		"raw message":       raw,
		"list of messages":  "[" + raw + "]",
		"list of 2014":      `{"configurationItem":[` + bare + `]}`,
		"SNS":               strings.ReplaceAll(sns, `\U`, `\u`),
		"SNS, object":       `{"Type":"Notification","Message":` + raw + `}`,
		"EventBridge":       `{"version":"0","account":"999988887777","region":"eu-west-1","detail":` + raw + `}`,
		"rule invocation":   `{"invokingEvent":` + quote(t, raw) + `,"accountId":"999988887777","configRuleArn":"arn:aws:config:eu-west-1:999988887777:config-rule/r"}`,
		"SQS":               `{"Messages":[{"MessageId":"1","Body":` + quote(t, `{"Type":"Notification","Message":`+quote(t, raw)+`}`) + `}]}`,
		"SQS to Lambda":     `{"Records":[{"messageId":"1","body":` + quote(t, raw) + `,"eventSource":"aws:sqs"}]}`,
		"SNS to Lambda":     `{"Records":[{"EventSource":"aws:sns","Sns":{"Type":"Notification","Message":` + quote(t, raw) + `}}]}`,
		"advanced query":    `{"Results":[` + quote(t, bare) + `],"QueryInfo":{"SelectFields":[{"Name":"*"}]}}`,
		"batch of the API":  `{"unprocessedResourceKeys":[],"baseConfigurationItems":[` + bare + `]}`,
		"indented":          indent(t, s3Form),
		"escaped name":      strings.Replace(s3Form, `"resourceId":"b"`, `"resource\u0049d":"\u0062"`, 1),
		"repeated name":     strings.Replace(s3Form, `"resourceId":"b"`, `"resourceId":"a","resourceId":"b"`, 1),
		"spelled both ways": strings.Replace(s3Form, `"awsAccountId"`, `"accountId":"999988887777","awsAccountId"`, 1),
	} {
		got := decodeText(t, text)
		if len(got.items) != 1 || len(got.bad) != 0 || got.records[0].Index != 0 {
			t.Errorf("%s: %d items, %+v", name, len(got.items), got.bad)
			continue
		}
		want := wantBucket()
		if name == "indented" {
			want.Configuration, want.SupplementaryConfiguration = got.items[0].Configuration, got.items[0].SupplementaryConfiguration
		}
		if diff := cmp.Diff(want, got.items[0]); diff != "" {
			t.Errorf("%s\n%s", name, diff)
		}
	}
}

func quote(t *testing.T, text string) string {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(quoted)
}

func indent(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", "\t"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSpellingsOf2014(t *testing.T) {
	got := one(t, `{"configurationItemState":"OK","availibilityZone":"us-west-2b","configurationStateID":"3e660fdf-4e34-4f32-afeb-0ace5bf3d63a",`+
		`"accountId":"111122223333","awsRegion":"us-west-2","resourceType":"AWS::EC2::Volume","resourceId":"vol-1","configurationItemCaptureTime":"2014-03-07T23:47:08.918Z"}`)
	if got.Status != "OK" || got.AvailabilityZone != "us-west-2b" || got.StateID != "3e660fdf-4e34-4f32-afeb-0ace5bf3d63a" {
		t.Errorf("%+v", got)
	}
}

// with gives the small item with one member set to a JSON text.
func with(name, value string) string {
	return item[:len(item)-1] + `,"` + name + `":` + value + "}"
}

func TestTimes(t *testing.T) {
	const want = "2024-11-05T01:02:03.456Z"
	for _, text := range []string{
		`"2024-11-05T01:02:03.456Z"`, `"2024-11-05T01:02:03.456000Z"`, `"2024-11-05T10:02:03.456+09:00"`, `"2024-11-05T10:02:03.456+0900"`,
		`"2024-11-05T10:02:03.456+09"`, `"2024-11-05 01:02:03.456"`, `"2024-11-05 10:02:03.456+09:00"`, `"2024-11-05 10:02:03.456 +0900"`,
		`"2024-11-05 01:02:03.456 UTC"`, `"2024-11-05T01:02:03.456"`, `1730768523.456`, `1.730768523456E9`, `1730768523456`, `"1730768523456"`,
		`"1730768523.456"`, `1730768523456.0`, `"2024-11-05T01:02:03.4560004Z"`,
	} {
		if got := one(t, with("configurationItemCaptureTime", text)).CaptureTime; got.Format(time.RFC3339Nano) != want || got.Location() != time.UTC {
			t.Errorf("%s gives %s", text, got)
		}
	}
	for _, text := range []string{`"not-a-time"`, `""`, `null`, `0`, `-5`, `"2024-13-05T01:02:03Z"`, `"2024-11-05 01:02:03 EST"`, `{}`, `1e300`, `"20241105T010203Z"`, `"0001-01-01T00:00:00Z"`} {
		got := decodeText(t, with("configurationItemCaptureTime", text))
		if diff := cmp.Diff([]string{configtrail.CodeBadItem}, got.codes()); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestTags(t *testing.T) {
	two := map[string]string{"Environment": "prod", "environment": "PROD"}
	for text, want := range map[string]map[string]string{
		`{"Environment":"prod","environment":"PROD"}`:                                                          two,
		`[{"key":"Environment","value":"prod"},{"key":"environment","value":"PROD","tag":"environment=PROD"}]`: two,
		`[{"Key":"Environment","Value":"prod"},{"tagKey":"environment","tagValue":"PROD"}]`:                    two,
		`[{"tagName":"Environment","tagValue":"prod"},{"value":"PROD","key":"environment"}]`:                   two,
		`{"Environment":"x","environment":"PROD","Environment":"prod"}`:                                        two,
		`{"n":1,"b":true,"z":null}`: {"n": "1", "b": "true", "z": ""},
		`{}`:                        {},
		`[]`:                        {},
		`null`:                      nil,
		`""`:                        nil,
	} {
		if diff := cmp.Diff(want, one(t, with("tags", text)).Tags); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
	}
	for _, text := range []string{`"prod"`, `5`, `[1]`, `[{"value":"x"}]`} {
		if diff := cmp.Diff([]string{configtrail.CodeBadItem}, decodeText(t, with("tags", text)).codes()); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestConfigurationForms(t *testing.T) {
	for text, want := range map[string]string{
		`{"a" : 1}`:                     `{"a" : 1}`,
		`"{\"a\":\"\\u3042\\n\"}"`:      `{"a":"\u3042\n"}`,
		`"null"`:                        ``,
		`null`:                          ``,
		`""`:                            ``,
		`"plain text"`:                  `"plain text"`,
		`"{\"cut\":"`:                   `"{\"cut\":"`,
		`{"\u0000":"\ud800","n":1e999}`: `{"\u0000":"\ud800","n":1e999}`,
		`{"a":1,"a":2}`:                 `{"a":1,"a":2}`,
	} {
		got := one(t, with("configuration", text)).Configuration
		if string(got) != want || (got == nil) != (want == "") {
			t.Errorf("%s gives %q", text, got)
		}
	}
	// Under the API's names but with an object, as the console saves it, text stays text.
	saved := one(t, with("supplementaryConfiguration", `{"Policy":"{\"Version\":\"2012-10-17\"}"}`))
	if got := string(saved.SupplementaryConfiguration); got != `{"Policy":"{\"Version\":\"2012-10-17\"}"}` {
		t.Errorf("supplementary %s", got)
	}
}

func TestStateID(t *testing.T) {
	for text, want := range map[string]string{
		`1730768523456`: "1730768523456", `"1730768523456"`: "1730768523456", `1.730768523456E12`: "1730768523456",
		`0`: "0", `null`: "", `123456789012345678901234567890`: "123456789012345678901234567890",
	} {
		if got := one(t, with("configurationStateId", text)).StateID; got != want {
			t.Errorf("%s gives %s", text, got)
		}
	}
}

// The consumer owns what it was given: later items leave it as it was.
func TestRecordsAreOwned(t *testing.T) {
	got := decode(t, snapshot(1<<20), delivery.Document{})
	for i, found := range got.items {
		if !strings.Contains(string(found.Configuration), `"groupName":"web-`+strconv.Itoa(i+1)+`"`) {
			t.Fatalf("item %d holds %s", i, found.Configuration)
		}
	}
}
