package delivery_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/delivery"
)

// quoted is text as a JSON string.
func quoted(t testing.TB, text string) string {
	t.Helper()
	raw, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// s3Notification is what S3 sends of an object, whose key is spelled as it does it.
func s3Notification(event, key string) string {
	return `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"ap-northeast-1","eventTime":"2024-11-05T07:02:05.123Z",` +
		`"eventName":"` + event + `","userIdentity":{"principalId":"AWS:AROAEXAMPLE:AWSConfig-BucketConfigCheck"},` +
		`"requestParameters":{"sourceIPAddress":"192.0.2.1"},"responseElements":{"x-amz-request-id":"C3D13FE58DE4C810","x-amz-id-2":"FMyUVURIY8"},` +
		`"s3":{"s3SchemaVersion":"1.0","configurationId":"configtrail","bucket":{"name":"config-logs","ownerIdentity":{"principalId":"A3NL1KOZZKExample"},"arn":"arn:aws:s3:::config-logs"},` +
		`"object":{"key":"` + key + `","size":2048,"eTag":"0f343b0931126a20f133d67c2b018a3b","versionId":"096fKKXTRTtl3on89fVO.nfljtsv6qko","sequencer":"0055AED6DCD90281E5"}}}]}`
}

// s3Event is the same through EventBridge, which encodes nothing.
func s3Event(t testing.TB, kind, key string) string {
	return `{"version":"0","id":"17793124-05d4-b198-2fde-7ededc63b103","detail-type":"` + kind + `","source":"aws.s3","account":"111122223333",` +
		`"time":"2024-11-05T07:02:05Z","region":"ap-northeast-1","resources":["arn:aws:s3:::config-logs"],` +
		`"detail":{"version":"0","bucket":{"name":"config-logs"},"object":{"key":` + quoted(t, key) + `,"size":2048,"etag":"0f343b0931126a20f133d67c2b018a3b",` +
		`"version-id":"096fKKXTRTtl3on89fVO.nfljtsv6qko","sequencer":"0055AED6DCD90281E5"},"request-id":"C3D13FE58DE4C810","requester":"config.amazonaws.com","source-ip-address":"192.0.2.1","reason":"PutObject"}}`
}

// inTopic is a message in the envelope that SNS puts around it.
func inTopic(t testing.TB, message string) string {
	return `{"Type":"Notification","MessageId":"8b945cb0-db34-5b72-b032-1724878af488","TopicArn":"arn:aws:sns:ap-northeast-1:999999999999:config-topic",` +
		`"Subject":"Amazon S3 Notification","Message":` + quoted(t, message) + `,"Timestamp":"2024-11-05T07:02:05.478Z","SignatureVersion":"1",` +
		`"Signature":"c2lnbmF0dXJl","SigningCertURL":"https://sns.ap-northeast-1.amazonaws.com/SimpleNotificationService-example.pem",` +
		`"UnsubscribeURL":"https://sns.ap-northeast-1.amazonaws.com/?Action=Unsubscribe"}`
}

// inBus is a message of Config's stream as EventBridge puts it into the queue.
func inBus(account, message string) string {
	return `{"version":"0","id":"47a37318-9c13-1eb8-33a6-607f6b881a9c","detail-type":"Config Configuration Item Change","source":"aws.config",` +
		`"account":"` + account + `","time":"2024-11-05T01:02:05Z","region":"us-east-1","resources":["arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1"],"detail":` + message + `}`
}

const (
	changed = `{"configurationItemDiff":{"changedProperties":{},"changeType":"CREATE"},"configurationItem":` + item +
		`,"notificationCreationTime":"2024-11-05T01:02:04.000Z","messageType":"ConfigurationItemChangeNotification","recordVersion":"1.3"}`
	oversized = `{"configurationItemSummary":{"changeType":"UPDATE","awsAccountId":"111122223333","resourceType":"AWS::EC2::VPC","resourceId":"vpc-1"},` +
		`"s3DeliverySummary":{"s3BucketLocation":"another-bucket/AWSLogs/x.json.gz","errorCode":null,"errorMessage":null},"messageType":"OversizedConfigurationItemChangeNotification","recordVersion":"1.0"}`
	testing3 = `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2024-11-05T00:00:00.000Z","Bucket":"config-logs","RequestId":"5582815E1AEA5ADF","HostId":"8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR"}`
)

// Every way in tells the same of an object, however it spells the key.
func TestKeysComeDecodedByEveryWay(t *testing.T) {
	for name, key := range map[string]struct{ encoded, plain string }{
		"colons": {
			"AWSLogs/111122223333/Config/us-east-1/2024/11/5/ConfigHistory/111122223333_Config_us-east-1_ConfigHistory_AWS%3A%3AEC2%3A%3AInstance_20241105T010203Z_20241105T070203Z_1.json.gz",
			"AWSLogs/111122223333/Config/us-east-1/2024/11/5/ConfigHistory/111122223333_Config_us-east-1_ConfigHistory_AWS::EC2::Instance_20241105T010203Z_20241105T070203Z_1.json.gz",
		},
		"spaces":   {"my+logs/two++spaces.json", "my logs/two  spaces.json"},
		"plus":     {"a%2Bb%2B%2Bc/x.json", "a+b++c/x.json"},
		"percent":  {"100%25/%253A.json", "100%/%3A.json"},
		"japanese": {"%E7%9B%A3%E6%9F%BB+%E3%83%AD%E3%82%B0/%E6%A7%8B%E6%88%90.json", "監査 ログ/構成.json"},
		"others":   {"a%26b%3Dc%23d%3Fe/%F0%9F%9A%80%22%5C.json", "a&b=c#d?e/🚀\"\\.json"},
	} {
		want := delivery.Written{
			Bucket: "config-logs", Key: key.plain, Size: 2048, ETag: "0f343b0931126a20f133d67c2b018a3b",
			Version: "096fKKXTRTtl3on89fVO.nfljtsv6qko", Sequencer: "0055AED6DCD90281E5", Region: "ap-northeast-1",
		}
		direct := s3Notification("ObjectCreated:Put", key.encoded)
		bus := s3Event(t, "Object Created", key.plain)
		ofBus := want
		ofBus.Account = "111122223333"
		for way, test := range map[string]struct {
			body string
			want delivery.Written
		}{
			"S3":                          {direct, want},
			"S3, topic, envelope":         {inTopic(t, direct), want},
			"S3, EventBridge":             {bus, ofBus},
			"S3, EventBridge, topic":      {inTopic(t, bus), ofBus},
			"S3, with white space around": {"\n " + direct + "\n", want},
		} {
			t.Run(name+"/"+way, func(t *testing.T) {
				got, err := delivery.ParseMessage([]byte(test.body))
				if err != nil {
					t.Fatal(err)
				}
				if got.Kind != delivery.MessageObjects || got.Document != nil || got.Ignored != 0 {
					t.Errorf("got %+v", got)
				}
				if diff := cmp.Diff([]delivery.Written{test.want}, got.Objects); diff != "" {
					t.Errorf("objects (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// What a message is about, by every way in that it can come.
func TestMessagesAreToldApart(t *testing.T) {
	const sns, events = "sns:8b945cb0-db34-5b72-b032-1724878af488", "events:47a37318-9c13-1eb8-33a6-607f6b881a9c"
	completed := func(kind string) string { return `{"s3Bucket":"config-logs","messageType":"` + kind + `"}` }
	two := strings.Replace(s3Notification("ObjectCreated:CompleteMultipartUpload", "a.json"), `"Records":[`,
		`"Records":[`+strings.TrimSuffix(strings.TrimPrefix(s3Notification("ObjectRemoved:DeleteMarkerCreated", "b.json"), `{"Records":[`), `]}`)+",", 1)
	for _, test := range []struct {
		name, body string
		kind       delivery.MessageKind
		what, uri  string
		objects    int
		ignored    int
	}{
		{"an item", changed, delivery.MessageItem, "ConfigurationItemChangeNotification", "", 0, 0},
		{"an item in an envelope", inTopic(t, changed), delivery.MessageItem, "ConfigurationItemChangeNotification", sns, 0, 0},
		{"an item as event", inBus("111122223333", changed), delivery.MessageItem, "ConfigurationItemChangeNotification", events, 0, 0},
		{"an item as event in an envelope", inTopic(t, inBus("111122223333", changed)), delivery.MessageItem, "ConfigurationItemChangeNotification", events, 0, 0},
		{"an envelope whose message is an object", strings.Replace(inTopic(t, "x"), `"Message":"x"`, `"Message":`+changed, 1), delivery.MessageItem, "ConfigurationItemChangeNotification", sns, 0, 0},

		{"oversized", oversized, delivery.MessageWaiting, "OversizedConfigurationItemChangeNotification", "", 0, 0},
		{"oversized in an envelope", inTopic(t, oversized), delivery.MessageWaiting, "OversizedConfigurationItemChangeNotification", "", 0, 0},
		{"oversized as event", inBus("111122223333", oversized), delivery.MessageWaiting, "OversizedConfigurationItemChangeNotification", "", 0, 0},

		{"test event", testing3, delivery.MessageTest, "s3:TestEvent", "", 0, 0},
		{"test event in an envelope", inTopic(t, testing3), delivery.MessageTest, "s3:TestEvent", "", 0, 0},

		{"a history came", completed("ConfigurationHistoryDeliveryCompleted"), delivery.MessageIgnored, "ConfigurationHistoryDeliveryCompleted", "", 0, 1},
		{"a snapshot came", inTopic(t, completed("ConfigurationSnapshotDeliveryCompleted")), delivery.MessageIgnored, "ConfigurationSnapshotDeliveryCompleted", "", 0, 1},
		{"a verdict", inTopic(t, completed("ComplianceChangeNotification")), delivery.MessageIgnored, "ComplianceChangeNotification", "", 0, 1},
		{"a schedule", completed("ScheduledNotification"), delivery.MessageIgnored, "ScheduledNotification", "", 0, 1},
		{"what AWS has yet to invent", inBus("111122223333", completed("SomethingNew")), delivery.MessageIgnored, "SomethingNew", "", 0, 1},

		{"a removal", s3Notification("ObjectRemoved:Delete", "a.json"), delivery.MessageIgnored, "ObjectRemoved:Delete", "", 0, 1},
		{"a removal as event", s3Event(t, "Object Deleted", "a.json"), delivery.MessageIgnored, "Object Deleted", "", 0, 1},
		{"tags", s3Event(t, "Object Tags Added", "a.json"), delivery.MessageIgnored, "Object Tags Added", "", 0, 1},
		{"a lifecycle's transition", s3Notification("LifecycleTransition", "a.json"), delivery.MessageIgnored, "LifecycleTransition", "", 0, 1},
		{"a removal and an upload", two, delivery.MessageObjects, "ObjectCreated:CompleteMultipartUpload", "", 1, 1},
		{"a restored object", s3Notification("ObjectRestore:Completed", "a.json"), delivery.MessageObjects, "ObjectRestore:Completed", "", 1, 0},
		{"a restored object as event", s3Event(t, "Object Restore Completed", "a.json"), delivery.MessageObjects, "Object Restore Completed", "", 1, 0},
		{"a server that names events in full", s3Notification("s3:ObjectCreated:Copy", "a.json"), delivery.MessageObjects, "ObjectCreated:Copy", "", 1, 0},
		{"no record", `{"Records":[]}`, delivery.MessageIgnored, "", "", 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := delivery.ParseMessage([]byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if got.Kind != test.kind || got.What != test.what || got.URI != test.uri || len(got.Objects) != test.objects || got.Ignored != test.ignored {
				t.Errorf("got kind %d %q, uri %q, %d objects, %d ignored", got.Kind, got.What, got.URI, len(got.Objects), got.Ignored)
			}
			if (got.Document != nil) != (test.kind == delivery.MessageItem) {
				t.Errorf("document %q", got.Document)
			}
			if got.Document == nil {
				return
			}
			read := decode(t, bytes.NewReader(got.Document), delivery.Document{Key: got.Key})
			if len(read.items) != 1 || read.items[0].Key.ID != "vpc-1" || len(read.bad) != 0 {
				t.Errorf("the document holds %d items, %+v", len(read.items), read.bad)
			}
		})
	}
}

// What can't be told from a message that something is lost with is an error
// that says what it is.
func TestPoisonSaysWhatItIs(t *testing.T) {
	for _, test := range []struct{ name, body, says string }{
		{"nothing", "", "no JSON object"},
		{"text", "hello", "no JSON object"},
		{"a list", `[{"messageType":"x"}]`, "no JSON object"},
		{"a cut message", changed[:60], "no JSON object"},
		{"an object of anything", `{"hello":"world"}`, "neither S3, SNS, EventBridge nor AWS Config"},
		{"an envelope of text", inTopic(t, "Hello from SNS!"), "no JSON object"},
		{"a subscription to confirm", strings.Replace(inTopic(t, "You have chosen"), `"Notification"`, `"SubscriptionConfirmation"`, 1), "asks to confirm its subscription"},
		{"envelopes in envelopes", inTopic(t, inTopic(t, inTopic(t, inTopic(t, changed)))), "envelopes in each other"},
		{"an id that is none", strings.Replace(inTopic(t, changed), "8b945cb0", `\u001b[31m`, 1), `its id is`},
		{"another service's records", `{"Records":[{"eventSource":"aws:dynamodb","eventName":"INSERT"}]}`, `record 0 is of "aws:dynamodb"`},
		{"a record without a key", s3Notification("ObjectCreated:Put", ""), "record 0: invalid: it names no bucket or no key"},
		{"a record of a size that is none", strings.Replace(s3Notification("ObjectCreated:Put", "a"), "2048", "-1", 1), `its size is "-1"`},
		{"a record without a name", s3Notification("", "a"), "without a name"},
		{"records that are none", `{"Records":[1]}`, "no list of objects"},
		{"an event of another source", strings.Replace(inBus("111122223333", changed), "aws.config", "my.app", 1), `of "my.app"`},
		{"an event of S3 without a key", s3Event(t, "Object Created", ""), "without bucket or key"},
		{"another event of S3", s3Event(t, "AWS API Call via CloudTrail", "a"), "AWS API Call via CloudTrail"},
		{"a change without an item", `{"messageType":"ConfigurationItemChangeNotification","configurationItem":null}`, "without an item"},
		{"an event of Config without a type", inBus("111122223333", "{}"), "without a type"},
		{
			"an oversized item that Config could not deliver",
			`{"messageType":"OversizedConfigurationItemChangeDeliveryFailed","s3DeliverySummary":{"errorCode":"NoSuchBucket","errorMessage":"Failed to deliver"}}`,
			`could not deliver an oversized item: "Failed to deliver"`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := delivery.ParseMessage([]byte(test.body))
			if !errors.Is(err, configtrail.ErrInvalid) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %+v, %v; want an error that says %q", got, err, test.says)
			}
		})
	}
}

// EventBridge says whose event it is: an item of another account in it is a forgery.
func TestAnEventCarriesItsOwnAccountsItems(t *testing.T) {
	m, err := delivery.ParseMessage([]byte(inBus("444455556666", changed)))
	if err != nil {
		t.Fatal(err)
	}
	got := decode(t, bytes.NewReader(m.Document), delivery.Document{Key: m.Key})
	if diff := cmp.Diff([]string{configtrail.CodeAccountMismatch}, got.codes()); diff != "" || len(got.items) != 0 {
		t.Errorf("%d items; codes (-want +got):\n%s", len(got.items), diff)
	}
}

// S3 pads neither sequencer: the longer text is compared as if the shorter went on with zeros.
func TestLaterEventOfOneKey(t *testing.T) {
	written := func(sequencer string) delivery.Written { return delivery.Written{Sequencer: sequencer} }
	for _, test := range []struct {
		one, other string
		later      bool
	}{
		{"0055AED6DCD90281E6", "0055AED6DCD90281E5", true},
		{"0055AED6DCD90281E5", "0055AED6DCD90281E6", false},
		{"0055AED6DCD90281E5", "0055AED6DCD90281E5", false},
		{"0055AED7", "0055AED6DCD90281E5", true},
		{"0055AED6DCD90281E5", "0055AED6", true},
		{"0055AED6", "0055AED600", false},
		{"0055aed6dcd90281e6", "0055AED6DCD90281E5", true},
		{"", "", false},
	} {
		if got := written(test.one).LaterThan(written(test.other)); got != test.later {
			t.Errorf("%q later than %q: %v", test.one, test.other, got)
		}
	}
}

// The real messages of Config among the samples: each is what its messageType says.
func TestRealMessages(t *testing.T) {
	dir := shared(t, "fixtures")
	want := map[string]delivery.MessageKind{
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/ec2.0.json":                                delivery.MessageItem,
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/eni.1.delete.json":                         delivery.MessageItem,
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/subnet.update.json":                        delivery.MessageItem,
		"turnerlabs__antiope/extracted/ConfigServiceNotes.0.json":                                                  delivery.MessageItem,
		"turnerlabs__antiope/extracted/ConfigServiceNotes.1.json":                                                  delivery.MessageIgnored,
		"cloud-custodian__cloud-custodian/tests/data/cwe/sqs-discover.json":                                        delivery.MessageItem,
		"awsdocs__aws-config-developer-guide/extracted/example-sns-notification.0.json":                            delivery.MessageItem,
		"awsdocs__aws-config-developer-guide/extracted/oversized-notification-example.0.json":                      delivery.MessageWaiting,
		"awsdocs__aws-config-developer-guide/extracted/example-configuration-snapshot-notification.0.json":         delivery.MessageIgnored,
		"awsdocs__aws-config-developer-guide/extracted/example-configuration-history-notification.0.json":          delivery.MessageIgnored,
		"awsdocs__aws-config-developer-guide/extracted/example-config-rule-compliance-notification.0.json":         delivery.MessageIgnored,
		"awsdocs__aws-config-developer-guide/extracted/config-rules-evaluation-started.0.json":                     delivery.MessageIgnored,
		"awsdocs__aws-config-developer-guide/extracted/example-configuration-snapshot-notification-started.0.json": delivery.MessageIgnored,
	}
	for name, kind := range want {
		body, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := delivery.ParseMessage(body)
		if err != nil || got.Kind != kind {
			t.Errorf("%s: kind %d %q, %v; want kind %d", name, got.Kind, got.What, err, kind)
		}
	}
}

// Whatever the bytes are: no panic; an object is named whole; a document is one
// that Decode can be given.
func FuzzParseMessage(f *testing.F) {
	for _, seed := range []string{
		s3Notification("ObjectCreated:Put", "AWS%3A%3AEC2+%2B%25%E7%9B%A3.json"), s3Notification("ObjectRemoved:Delete", "a"),
		s3Event(f, "Object Created", "監査 +%::.json"), changed, oversized, testing3, inTopic(f, changed), inTopic(f, testing3),
		inBus("111122223333", changed), inTopic(f, inBus("1", oversized)), `{"Records":[{}]}`, `{"Type":1,"MessageId":[],"Message":"\ud83d"}`,
		`{"messageType":{"a":1},"configurationItem":[1]}`, `{"detail":null,"detail-type":"x","source":"aws.config"}`, `{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:","s3":1}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := delivery.ParseMessage(body)
		if err != nil {
			if !errors.Is(err, configtrail.ErrInvalid) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if (m.Kind == delivery.MessageObjects) != (len(m.Objects) > 0) || (m.Kind == delivery.MessageItem) != (m.Document != nil) {
			t.Fatalf("kind %d with %d objects and %d bytes", m.Kind, len(m.Objects), len(m.Document))
		}
		for _, object := range m.Objects {
			if object.Bucket == "" || object.Key == "" || object.Size < 0 {
				t.Fatalf("an object without a name: %+v", object)
			}
		}
		for _, err := range delivery.Decode(context.Background(), bytes.NewReader(m.Document), delivery.Document{Key: m.Key}) {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
