package testorg

import (
	"bufio"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"strconv"
	"time"
)

// BigOptions describe one ConfigSnapshot object of any size. The zero value is
// 300 MB of JSON, compressed, all of whose items are distinct and in order.
type BigOptions struct {
	Seed     uint64
	Bytes    int64 // of JSON, reached by whole items; 0: 300 MB
	Item     int64 // bytes of an ordinary item; 0: 20 KB, as in large snapshots
	Largest  int64 // bytes of one item in the middle; 0: none is larger
	Distinct int64 // items, which then repeat; 0: all

	Shuffled bool // items in no order of capture time or id
	Repeated bool // in every item the member ComputerName twice, first with a wrong value
	Plain    bool // not compressed
}

// BigTruth tells what is in an object that Big wrote.
type BigTruth struct {
	Items    int64
	Distinct int64
	Bytes    int64 // of JSON
	Account  string
	Region   string
}

// Big streams one snapshot object. It holds no more than some kilobytes,
// whatever the sizes asked for. Equal options write equal bytes.
func Big(w io.Writer, o BigOptions) (BigTruth, error) {
	if o.Bytes <= 0 {
		o.Bytes = 300 << 20
	}
	if o.Item <= 0 {
		o.Item = 20 << 10
	}
	if !o.Plain {
		zip, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
		if err != nil {
			return BigTruth{}, err
		}
		truth, err := big(zip, o)
		if err != nil {
			return truth, err
		}
		return truth, zip.Close()
	}
	return big(w, o)
}

func big(w io.Writer, o BigOptions) (BigTruth, error) {
	truth := BigTruth{Account: "123400005678", Region: "ap-northeast-1"}
	s := &bigWriter{w: bufio.NewWriterSize(w, 64<<10), options: o}
	s.text(`{"fileVersion":"1.0","configSnapshotId":"00000000-0000-4000-8000-000000000000","configurationItems":[`)
	const tail = "]}"
	large := o.Largest > 0
	for ordinary := int64(0); s.written+int64(len(tail)) < o.Bytes || large; truth.Items++ {
		if truth.Items > 0 {
			s.text(",")
		}
		if large && s.written >= o.Bytes/2 {
			large = false
			truth.Distinct++
			s.item(1<<40, o.Largest)
		} else {
			n := ordinary
			if o.Distinct > 0 {
				n %= o.Distinct
			}
			if n == ordinary {
				truth.Distinct++
			}
			ordinary++
			s.item(n, o.Item)
		}
		if s.err != nil {
			return truth, s.err
		}
	}
	s.text(tail)
	truth.Bytes = s.written
	return truth, s.w.Flush()
}

// bigWriter writes items and remembers how much and whether it failed.
type bigWriter struct {
	w       *bufio.Writer
	options BigOptions
	written int64
	err     error
	line    []byte
}

func (s *bigWriter) text(text string) { s.bytes([]byte(text)) }

func (s *bigWriter) bytes(b []byte) {
	if s.err == nil {
		n, err := s.w.Write(b)
		s.written += int64(n)
		s.err = err
	}
}

// item writes the item with a number: the software inventory of an instance,
// as long as asked for.
func (s *bigWriter) item(n, size int64) {
	end := s.written + size
	rng := rand.New(rand.NewPCG(s.options.Seed, uint64(n)))
	place := n
	if s.options.Shuffled {
		place = rng.Int64N(1 << 32)
	}
	id := "i-0" + pad(strconv.FormatInt(place, 16), 12) + pad(strconv.FormatInt(n%0x1000, 16), 4)
	captured := time.Date(2024, 11, 5, 0, 0, 0, 0, time.UTC).Add(time.Duration(place%86_400_000) * time.Millisecond)
	s.text(`{"relatedEvents":[],"relationships":[{"resourceId":"` + id + `","resourceType":"AWS::EC2::Instance","name":"Is associated with "}],"configuration":{"AWS:InstanceInformation":{"SchemaVersion":"1.0","Content":{"` + id + `":{`)
	if s.options.Repeated {
		s.text(`"ComputerName":"superseded",`)
	}
	s.text(`"ComputerName":"ip-10-0-0-1","PlatformName":"Amazon Linux","InstanceId":"` + id + `"}}},"AWS:Application":{"SchemaVersion":"1.1","Content":[`)
	const rest = 700 // what follows the list
	for i := 0; i == 0 || s.written < end-rest; i++ {
		b := s.line[:0]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"Name":"package-`...)
		b = strconv.AppendInt(b, int64(i), 10)
		b = append(b, `","Version":"`...)
		b = strconv.AppendUint(b, rng.Uint64N(40), 10)
		b = append(b, '.')
		b = strconv.AppendUint(b, rng.Uint64N(1000), 10)
		b = append(b, `","Publisher":"Amazon Linux","Architecture":"x86_64","InstalledTime":"2024-0`...)
		b = strconv.AppendUint(b, 1+rng.Uint64N(9), 10)
		b = append(b, `-01T00:00:00Z","URL":"https://example.com/`...)
		b = strconv.AppendUint(b, rng.Uint64(), 36)
		b = append(b, `"}`...)
		s.bytes(b)
		s.line = b
		if s.err != nil {
			return
		}
	}
	s.text(`]}},"supplementaryConfiguration":{},"tags":{"Name":"在庫-` + strconv.FormatInt(n, 10) + `","Owner":"データ基盤"},"configurationItemVersion":"1.3","configurationItemCaptureTime":"` + stamp(captured) +
		`","configurationStateId":` + strconv.FormatInt(captured.UnixMilli(), 10) + `,"awsAccountId":"123400005678","configurationItemStatus":"ResourceDiscovered","resourceType":"AWS::SSM::ManagedInstanceInventory","resourceId":"` + id +
		`","ARN":"arn:aws:ssm:ap-northeast-1:123400005678:managed-instance-inventory/` + id + `","awsRegion":"ap-northeast-1","availabilityZone":"Not Applicable","configurationStateMd5Hash":""}`)
}

func pad(digits string, width int) string {
	for len(digits) < width {
		digits = "0" + digits
	}
	return digits
}
