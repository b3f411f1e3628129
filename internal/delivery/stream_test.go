package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"configtrail"
	"configtrail/internal/delivery"
)

const snapshotKey = "AWSLogs/111122223333/Config/us-east-1/2024/11/5/ConfigSnapshot/" +
	"111122223333_Config_us-east-1_ConfigSnapshot_20241105T010203Z_0f1d63cc-aee4-48b8-82ab-4f38087be14e.json.gz"

// generated makes a snapshot of about size bytes while it is read.
type generated struct {
	left  int
	n     int
	ready bytes.Buffer
	done  bool
}

func snapshot(size int) *generated {
	g := &generated{left: size}
	g.ready.WriteString(`{"fileVersion":"1.0","configSnapshotId":"0f1d63cc-aee4-48b8-82ab-4f38087be14e","configurationItems":[`)
	return g
}

func (g *generated) Read(p []byte) (int, error) {
	for g.ready.Len() == 0 {
		if g.done {
			return 0, io.EOF
		}
		g.next()
	}
	n, _ := g.ready.Read(p)
	g.left -= n
	return n, nil
}

func (g *generated) next() {
	if g.left <= 0 {
		g.done = true
		g.ready.WriteString("]}")
		return
	}
	if g.n > 0 {
		g.ready.WriteByte(',')
	}
	g.n++
	fmt.Fprintf(&g.ready, `{"relatedEvents":[],"relationships":[{"resourceId":"vpc-%08[1]x","resourceType":"AWS::EC2::VPC","name":"Is contained in "},{"resourceId":"eni-%017[1]x","resourceType":"AWS::EC2::NetworkInterface","name":"Is associated with "}],"configuration":{"description":"管理用 security group %[1]d","groupName":"web-%[1]d","ipPermissions":[`, g.n)
	for port := range 8 {
		if port > 0 {
			g.ready.WriteByte(',')
		}
		fmt.Fprintf(&g.ready, `{"fromPort":%[1]d,"ipProtocol":"tcp","ipv6Ranges":[],"prefixListIds":[],"toPort":%[1]d,"userIdGroupPairs":[],"ipv4Ranges":[{"cidrIp":"10.%[2]d.0.0/16","description":"office \"%[2]d\""}],"ipRanges":["10.%[2]d.0.0/16"]}`, 8000+port, (g.n*7+port)%256)
	}
	fmt.Fprintf(&g.ready, `],"ownerId":"111122223333","groupId":"sg-%017[1]x","vpcId":"vpc-%08[1]x","tags":[]},"supplementaryConfiguration":{},"tags":{"Name":"web-%[1]d","Environment":"prod"},"configurationItemVersion":"1.3","configurationItemCaptureTime":"2024-11-05T01:02:03.456Z","configurationStateId":%[1]d,"awsAccountId":"111122223333","configurationItemStatus":"ResourceDiscovered","resourceType":"AWS::EC2::SecurityGroup","resourceId":"sg-%017[1]x","resourceName":"web-%[1]d","ARN":"arn:aws:ec2:us-east-1:111122223333:security-group/sg-%017[1]x","awsRegion":"us-east-1","availabilityZone":"Not Applicable","configurationStateMd5Hash":""}`, g.n)
}

// packed compresses a stream while it is read.
func packed(r io.Reader) *io.PipeReader {
	pr, pw := io.Pipe()
	go func() {
		w, _ := gzip.NewWriterLevel(pw, gzip.BestSpeed)
		_, err := io.Copy(w, r)
		if err == nil {
			err = w.Close()
		}
		pw.CloseWithError(err)
	}()
	return pr
}

func TestLargeDocumentNeedsLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("200 MB")
	}
	const size = 200 << 20
	made := snapshot(size)
	r := packed(made)
	defer r.Close()
	runtime.GC() // what other tests left is not this one's
	var tally delivery.Tally
	var most uint64
	items := 0
	doc := delivery.Document{Key: delivery.ParseKey(snapshotKey), Tally: &tally}
	for record, err := range delivery.Decode(context.Background(), r, doc) {
		if err != nil || record.Item == nil {
			t.Fatalf("%v %+v", err, record.Quarantined)
		}
		if items++; items%5000 == 0 {
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			most = max(most, stats.HeapAlloc)
		}
	}
	if items != made.n || tally.Bytes < size {
		t.Errorf("%d items of %d, %d bytes", items, made.n, tally.Bytes)
	}
	if most > 100<<20 {
		t.Errorf("the heap grew to %d MiB", most>>20)
	}
}

func TestEarlyBreakLeavesNoGoroutine(t *testing.T) {
	data, err := io.ReadAll(packed(snapshot(8 << 20)))
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for _, stop := range []int{0, 700, 2000, 4000} { // before and while a goroutine unpacks ahead
		taken := 0
		for _, err := range delivery.Decode(context.Background(), bytes.NewReader(data), delivery.Document{}) {
			if err != nil {
				t.Fatal(err)
			}
			if taken++; taken > stop {
				break
			}
		}
	}
	// The goroutine is waited for, so none of them may be left at once.
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
}

// broken gives its data and then fails.
type broken struct {
	r   io.Reader
	err error
}

func (b broken) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}

func TestIOEndsWithAnError(t *testing.T) {
	for name, data := range map[string][]byte{
		"plain":              []byte(`{"configurationItems":[` + item + `,`),
		"gzip":               gz(t, `{"configurationItems":[`+item+`]}`)[:200],
		"before anything":    nil,
		"in the gzip header": gz(t, item)[:5],
	} {
		// A connection that drops says the same as a gzip stream that was cut.
		for _, reason := range []error{errors.New("connection reset"), io.ErrUnexpectedEOF} {
			got := decode(t, broken{bytes.NewReader(data), reason}, delivery.Document{Source: configtrail.Source{Key: "a/b"}})
			if !errors.Is(got.err, reason) || len(got.bad) > 0 || !strings.HasPrefix(got.err.Error(), "decode a/b: ") {
				t.Errorf("%s: %v, quarantined %+v", name, got.err, got.bad)
			}
		}
	}
}

func TestCancelledContextEnds(t *testing.T) {
	data, err := io.ReadAll(packed(snapshot(8 << 20)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	var last error
	for _, err := range delivery.Decode(ctx, bytes.NewReader(data), delivery.Document{}) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("ended with %v", last)
	}
}

// One byte a read, and pieces of every size, give what the whole gives.
func TestWindowBoundaries(t *testing.T) {
	text := `{"fileVersion":"1.0","configurationItems":[` + strings.Repeat(item+" , ", 3) +
		`null, {"resourceType":"日本語\ud83d\ude00"} ]}` + "\n" + `{"configurationItems":[]}`
	whole := decodeText(t, text)
	for size := 1; size < 40; size++ {
		got := decode(t, &pieces{text, size}, delivery.Document{Source: configtrail.Source{Key: "k"}})
		if len(got.items) != 3 || len(got.bad) != 2 || got.bad[1] != whole.bad[1] || got.items[2].Key != whole.items[2].Key {
			t.Fatalf("pieces of %d: %d items, %+v", size, len(got.items), got.bad)
		}
	}
}

type pieces struct {
	text string
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.text == "" {
		return 0, io.EOF
	}
	n := copy(b[:min(p.size, len(b))], p.text)
	p.text = p.text[n:]
	return n, nil
}
