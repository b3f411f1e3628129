package testorg

import (
	"bytes"
	"strings"
	"time"

	"configtrail"
)

// damage waits for a history object that it can be done to.
type damage struct {
	trap    Trap
	after   time.Time
	account int // number of the account
	items   int // at least so many
	// superseded wants a capture whose resource was captured again in the same
	// object: no snapshot will ever show it.
	superseded bool
	strike     func(w *world, s *shipment)
}

func (d *damage) due(now time.Time, s *shipment) bool {
	if now.Before(d.after) || s.place.account.number != d.account || len(s.captures) < d.items {
		return false
	}
	for _, c := range s.captures {
		if c.earlier != nil { // stands in its history object only: leave it readable
			return false
		}
	}
	if !d.superseded {
		return true
	}
	for _, c := range s.captures {
		if c.resource.current != c && c.state != nil {
			return true
		}
	}
	return false
}

// bad adds an object that can't be read whole to the truth, and its copy.
func (w *world) bad(s *shipment, b BadObject) {
	b.Key = s.key()
	w.truth.Bad = append(w.truth.Bad, b)
	if w.copying(s.place) {
		b.Key = "restored/" + b.Key
		w.truth.Bad = append(w.truth.Bad, b)
	}
}

// deliverLater sends a shipment again, under its name, in the folder of a later day.
func (w *world) deliverLater(s *shipment, after time.Duration) (key string) {
	later := *s
	later.day = w.now.Add(after)
	if later.day.After(w.horizon) {
		later.day = w.horizon.Add(-time.Minute)
	}
	w.at(later.day, func() { w.send(&later) })
	return later.key()
}

// strikeLost lets an object never arrive.
func strikeLost(w *world, s *shipment) { w.lost(s.captures) }

// strikeLate writes an object four days late: the name tells it.
func strikeLate(w *world, s *shipment) {
	s.to = w.now.Add(4 * 24 * time.Hour)
	if s.to.After(w.horizon) {
		s.to = w.horizon.Add(-time.Minute)
	}
	s.day = s.to
	w.at(s.to, func() { w.send(s) })
}

// strikeTruncated breaks the gzip stream off behind the first half of the items
// and delivers the whole two days later.
func strikeTruncated(w *world, s *shipment) {
	good := w.truncate(s)
	w.bad(s, BadObject{
		Code: configtrail.CodeTruncated, Good: int64(good), Bad: int64(len(s.captures) - good),
		Redelivered: w.deliverLater(s, 2*24*time.Hour),
	})
}

// strikeTruncatedLost breaks the stream off, and nothing follows.
func strikeTruncatedLost(w *world, s *shipment) {
	good := w.truncate(s)
	w.bad(s, BadObject{Code: configtrail.CodeTruncated, Good: int64(good), Bad: int64(len(s.captures) - good)})
	w.arrived(s.captures[:good])
	w.lost(s.captures[good:])
}

// truncate writes half an object: the compressor is flushed behind the last
// whole item, so every decompressor gets exactly so far.
func (w *world) truncate(s *shipment) (good int) {
	good = len(s.captures) / 2
	whole := make([][]byte, len(s.captures))
	for i, c := range s.captures {
		whole[i] = appendItem(nil, c, c.ordinary())
	}
	text := w.wrap(whole, "")
	cut := len(w.wrap(whole[:good], "")) - len("]}")
	w.buffer.Reset()
	w.zip.Reset(&w.buffer)
	_, _ = w.zip.Write(text[:cut])
	_ = w.zip.Flush()
	readable := w.buffer.Len()
	_, _ = w.zip.Write(text[cut:])
	_ = w.zip.Close()
	w.store(s.place, s.key(), w.buffer.Bytes()[:readable+3], good)
	w.wrote(s.place, s.to)
	return good
}

// strikeInvalid breaks the JSON inside the last item.
func strikeInvalid(w *world, s *shipment) {
	var items [][]byte
	for _, c := range s.captures {
		items = append(items, appendItem(nil, c, c.ordinary()))
	}
	last := len(items) - 1
	items[last] = bytes.Replace(items[last], []byte(`"configuration":`), []byte(`"configuration"=`), 1)
	w.ship(s, w.wrap(items, ""), last)
	w.bad(s, BadObject{Code: configtrail.CodeInvalidJSON, Good: int64(last), Bad: 1})
	w.arrived(s.captures[:last])
	w.lost(s.captures[last:])
}

// strikeEmpty writes an object without a byte.
func strikeEmpty(w *world, s *shipment) {
	w.store(s.place, s.key(), nil, 0)
	w.wrote(s.place, s.to)
	w.bad(s, BadObject{Code: configtrail.CodeEmpty, Bad: int64(len(s.captures))})
	w.lost(s.captures)
}

// strikeMembers puts elements among the items that are none.
func strikeMembers(w *world, s *shipment) {
	good := w.items(s)
	timeless := bytes.Replace(good[0], []byte(`"configurationItemCaptureTime":"2`), []byte(`"configurationItemCaptureTime":"yesterday 2`), 1)
	items := append([][]byte{
		[]byte("null"), []byte(`"AWS::EC2::Instance"`), []byte("17"),
		[]byte(`{"configurationItemVersion":"1.3","awsAccountId":"` + s.place.account.id + `"}`), timeless,
	}, good...)
	w.ship(s, w.wrap(items, ""), len(good))
	w.bad(s, BadObject{Code: configtrail.CodeBadItem, Good: int64(len(good)), Bad: int64(len(items) - len(good))})
	w.arrived(s.captures)
}

// strikeMismatch puts an item of another account among the items, as a member
// account would that writes another's history.
func strikeMismatch(w *world, s *shipment) {
	items := w.items(s)
	good := len(items)
	forged := *s.captures[0]
	forged.form.noAccount = false
	as := forged.ordinary()
	as.account = "000000000042"
	if n := len(w.accounts); n > 1 {
		as.account = w.accounts[(s.place.account.number+1)%n].id
	}
	items = append(items, bytes.ReplaceAll(appendItem(nil, &forged, as), []byte(":"+s.place.account.id+":"), []byte(":"+as.account+":")))
	w.ship(s, w.wrap(items, ""), good)
	w.bad(s, BadObject{Code: configtrail.CodeAccountMismatch, Good: int64(good), Bad: 1})
	w.arrived(s.captures)
}

// strikeUnknown writes JSON that is no delivery beside the right object.
func strikeUnknown(w *world, s *shipment) {
	other := *s
	other.part = s.part + 90
	w.ship(&other, []byte(`{"fileVersion":"1.0","message":"see the other bucket","items":3}`), 0)
	w.bad(&other, BadObject{Code: configtrail.CodeUnknownShape})
	w.send(s)
}

// stray writes documents that lie outside any account's folder, in which an
// item lacks what nothing else tells.
func (w *world) stray(r *resource, trap Trap) {
	c := r.current
	if c == nil || c.state == nil || c.form != (form{spelling: c.form.spelling}) {
		return
	}
	w.trapped(trap)
	item := string(appendItem(nil, c, c.ordinary()))
	item = strings.ReplaceAll(item, r.arn, "")
	code := configtrail.CodeNoAccount
	if trap == TrapNoAccount {
		item = strings.Replace(item, `"awsAccountId":"`+r.key.Account+`",`, "", 1)
	} else {
		code = configtrail.CodeNoRegion
		item = strings.Replace(item, `"awsRegion":"`+r.key.Region+`",`, "", 1)
	}
	key := "exports/" + string(trap) + ".json.gz"
	w.emit(key, w.compress([]byte(`{"fileVersion":"1.0","configurationItems":[`+item+`]}`)))
	w.truth.Bad = append(w.truth.Bad, BadObject{Key: key, Code: code, Bad: 1})
}
