package main

import (
	"errors"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"configtrail/internal/blob"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
	"configtrail/internal/redact"
	"configtrail/internal/testorg"
)

// folder is where the deliveries lie in their bucket: every way in encodes keys in
// another way.
const folder = "監査 100%+2B::ログ/"

// small is an organisation of a few hundred objects.
func small() testorg.Options {
	return testorg.Options{Seed: 11, Months: 1, Resources: 4, Accounts: 2, Regions: []string{"ap-northeast-1"}}
}

// errEnough ends the making of an organisation.
var errEnough = errors.New("enough")

// load puts the first objects of an organisation into the bucket.
func (d *deployment) load(t *testing.T, most int, options testorg.Options) (all []blob.Object) {
	t.Helper()
	place, err := blob.ParseURL(d.place)
	if err != nil {
		t.Fatal(err)
	}
	_, err = testorg.Generate(t.Context(), options, func(key string, data []byte) error {
		if len(all) == most {
			return errEnough
		}
		all = append(all, d.put(t, place.Prefix+key, data))
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	return all
}

// tail is the end of what was logged, for a test's own log.
func (d *deployment) tail() string {
	text := d.logs.String()
	return text[max(0, len(text)-2000):]
}

// reference is what one run over the same bucket gives, in a lake of its own.
func (d *deployment) reference(t *testing.T) rows {
	t.Helper()
	l, err := lake.Create(t.Context(), lake.Options{Dir: t.TempDir(), RedactKeyID: key(t).ID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	d.ingestInto(t, l)
	return rowsOf(t, l)
}

// ingestInto reads all that lies in the bucket, as one run of the command line does.
func (d *deployment) ingestInto(t *testing.T, l *lake.Lake) {
	t.Helper()
	source, err := blob.OpenS3(d.Config(t), d.place, blob.S3Options{PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ingest.Run(t.Context(), ingest.Options{
		Sources: []blob.Bucket{source}, Lake: l, HashKey: key(t).Bytes(), Redactor: redact.New(key(t).Bytes()),
	}); err != nil {
		t.Fatal(err)
	}
}

func TestEveryWayIn(t *testing.T) {
	d := deploy(t, folder)
	objects := d.load(t, 300, small())
	for i, object := range objects {
		d.queue.Send(ways(d.source, object)[i%4])
	}
	sent := len(objects)
	const history = "AWSLogs/111122223333/Config/us-east-1/2024/11/5/ConfigHistory/111122223333_Config_us-east-1_ConfigHistory_AWS::EC2::Instance_20241105T000000Z_20241105T060000Z_1.json.gz"
	for _, body := range []string{
		`{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2024-11-05T00:00:00.000Z","Bucket":"logs","RequestId":"1","HostId":"2"}`,
		ofS3(d.source, blob.Object{Key: folder + history, ETag: "e", Size: 10}), // gone
		ofS3("somebody-elses", blob.Object{Key: history, ETag: "e", Size: 10}),
		ofS3(d.source, blob.Object{Key: "elsewhere/" + history, ETag: "e", Size: 10}), // foreign too
		ofS3(d.source, blob.Object{Key: folder + "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2024/11/05/111122223333_CloudTrail-Digest_us-east-1_t_us-east-1_20241105T000000Z.json.gz", ETag: "e", Size: 10}),
		ofS3(d.source, blob.Object{Key: folder + "AWSLogs/111122223333/Config/"}),
		strings.Replace(ofS3(d.source, blob.Object{Key: folder + history, ETag: "e", Size: 10}), "ObjectCreated:Put", "ObjectRemoved:Delete", 1),
	} {
		d.queue.Send(body)
		sent++
	}

	brought := d.drain(t)
	t.Log(brought)
	if brought.Deleted != sent || brought.Returned != 0 || len(d.queue.Messages())+len(d.dead.Messages()) != 0 {
		t.Errorf("of %d messages: %s, %d dead: %+v", sent, brought, len(d.dead.Messages()), d.dead.Messages())
	}
	gathered := d.task(t, `{"task":"gather"}`)
	if gathered["notes"] == 0.0 || gathered["left"] != 0.0 || gathered["changes"] == 0.0 {
		t.Errorf("gathered %v", gathered)
	}
	if again := d.task(t, `{"task":"gather"}`); again["notes"] != 0.0 || again["changes"] != 0.0 {
		t.Errorf("gathered again %v", again)
	}
	checkRows(t, d.reference(t), rowsOf(t, d.lake(t)))

	got := d.sums(t, "messages", "test_event", "gone", "foreign", "failed", "dead_letters", "builds")
	want := map[string]int{"messages": sent, "test_event": 1, "gone": 1, "foreign": 2, "failed": 0, "dead_letters": 0, "builds": 0}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("logged (-want +got):\n%s", diff)
	}
	for _, word := range []string{"AWS::", "111122223333", "ConfigHistory", "監査", "json.gz"} {
		if strings.Contains(d.logs.String(), word) {
			t.Errorf("the log names %s", word)
		}
	}
}

func TestPoisonGoesToTheDeadLetters(t *testing.T) {
	d := deploy(t, folder)
	objects := d.load(t, 9, small())
	bad := d.put(t, folder+"AWSLogs/111122223333/Config/us-east-1/2024/11/5/ConfigHistory/111122223333_Config_us-east-1_ConfigHistory_AWS::EC2::Instance"+poisoned+"\u202e_20241105T000000Z_20241105T060000Z_1.json.gz", []byte("x"))
	for i, object := range objects {
		d.queue.Send(ways(d.source, object)[i%4])
	}
	message := ofS3(d.source, bad)
	d.queue.Send(message, `{"hello":"world"}`)

	first, err := d.mapping().Bring(t.Context())
	if err != nil || first.Deleted != len(objects) || first.Returned != 2 {
		t.Errorf("the first time: %s, %v", first, err)
	}
	again := d.drain(t)
	if len(d.queue.Messages()) != 0 || again.Deleted != 2 || again.Returned != 2*(receives-2) {
		t.Errorf("then: %s, in the queue %+v", again, d.queue.Messages())
	}
	dead := d.dead.Messages()
	if len(dead) != 2 {
		t.Fatalf("%d dead letters: %s", len(dead), d.tail())
	}
	for _, m := range dead {
		reason, object := m.Attributes["reason"].StringValue, m.Attributes["object"].StringValue
		switch m.Body {
		case message:
			if !strings.Contains(reason, "access denied: s3:GetObject") || !strings.HasSuffix(object, poisoned+`\u202e_20241105T000000Z_20241105T060000Z_1.json.gz`) || !strings.HasPrefix(object, "s3://"+d.source+"/"+folder) {
				t.Errorf("reason %q, object %q", reason, object)
			}
		case `{"hello":"world"}`:
			if !strings.Contains(reason, "neither S3, SNS, EventBridge nor AWS Config writes a message like this") || object != "" {
				t.Errorf("reason %q, object %q", reason, object)
			}
		}
		if m.Attributes["message"].StringValue == "" {
			t.Errorf("%v does not name the message", m.Attributes)
		}
	}
	got := d.sums(t, "failed", "dead_letters")
	if got["failed"] != 2*receives || got["dead_letters"] != 2 || !strings.Contains(d.logs.String(), `"AccessDenied":1`) {
		t.Errorf("logged %v: %s", got, d.tail())
	}
}

// Where the dead-letter queue can't be reached, the queue itself gives up.
func TestAnUnreachableDeadLetterQueue(t *testing.T) {
	d := deploy(t, folder, "CONFIGTRAIL_DEAD_LETTERS=https://sqs.us-east-1.amazonaws.com/123456789012/nowhere", "AWS_MAX_ATTEMPTS=1")
	d.queue.Send("not even JSON")
	d.drain(t)
	dead := d.dead.Messages()
	if len(dead) != 1 || dead[0].Body != "not even JSON" || len(dead[0].Attributes) != 0 {
		t.Errorf("dead letters: %+v", dead)
	}
	if got := d.sums(t, "failed", "dead_letters"); got["failed"] != receives || got["dead_letters"] != 0 || !strings.Contains(d.logs.String(), "there is no such queue") {
		t.Errorf("logged %v: %s", got, d.tail())
	}
}
