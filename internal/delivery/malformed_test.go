package delivery_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/delivery"
)

// bad is what a test expects of one quarantined thing; reason is a part of it.
type bad struct {
	index, offset int64
	code, reason  string
}

func (r result) check(t *testing.T, name string, items int, want ...bad) {
	t.Helper()
	if r.err != nil || len(r.items) != items || len(r.bad) != len(want) {
		t.Errorf("%s: %d items, want %d; %v %+v", name, len(r.items), items, r.err, r.bad)
		return
	}
	for i, got := range r.bad {
		if got.Key != "k" || got.Index != want[i].index || got.Offset != want[i].offset || got.Code != want[i].code || !strings.Contains(got.Reason, want[i].reason) {
			t.Errorf("%s: got %+v\nwant %+v", name, got, want[i])
		}
	}
}

const head = `{"configurationItems":[` // 23 bytes

func TestBadItems(t *testing.T) {
	size := int64(len(item))
	for name, element := range map[string]struct{ text, reason string }{
		"null":          {`null`, "null stands where an item should"},
		"string":        {`"x"`, "a string stands"},
		"number":        {`-1.5e3`, "a number stands"},
		"boolean":       {`true`, "a boolean stands"},
		"list":          {`[{}]`, "a list stands"},
		"empty":         {`{}`, "resourceType and resourceId are missing"},
		"no type":       {strings.Replace(item, "resourceType", "x", 1), "resourceType is missing"},
		"empty id":      {with("resourceId", `""`), "resourceId is missing"},
		"no time":       {with("configurationItemCaptureTime", `"yester\u001bday"`), `"yester\x1bday", which is no time`},
		"relationships": {with("relationships", `[null]`), "relationships are no list of objects"},
		"not UTF-8":     {with("resourceName", "\"\xff\""), "byte 0xff is no UTF-8, at offset "},
		"half a rune":   {with("configuration", "{\"a\":\"\xe3\x81\"}"), "byte 0xe3 is no UTF-8"},
		"NUL in a text": {with("configuration", "{\"a\":\"\x00\"}"), "raw control character 0x00"},
		"bad escape":    {with("configuration", `{"a":"\x"}`), "an escape that JSON does not have"},
		"bad code unit": {with("configuration", `{"a":"\u12G4"}`), "an escape that JSON does not have"},
		"too deep":      {with("configuration", strings.Repeat(`{"a":[`, 501)+strings.Repeat("]}", 501)), "nested deeper than 1000"},
	} {
		text := head + item + ", " + element.text + "," + item + "]}"
		decodeText(t, text).check(t, name, 2, bad{1, 23 + size + 2, configtrail.CodeBadItem, element.reason})
	}
	deep := with("configuration", strings.Repeat(`{"a":[`, 499)+strings.Repeat("]}", 499))
	decodeText(t, head+deep+"]}").check(t, "deep enough", 1)
}

func TestBrokenDocuments(t *testing.T) {
	size := int64(len(item))
	two := head + item + "," + item + "]}"
	whole := int64(len(two))
	for name, c := range map[string]struct {
		text  string
		items int
		want  bad
	}{
		"nothing":             {"", 0, bad{-1, 0, configtrail.CodeEmpty, "empty"}},
		"white space":         {" \n", 0, bad{-1, 2, configtrail.CodeEmpty, "empty"}},
		"gzip of nothing":     {string(gz(t, "")), 0, bad{-1, 0, configtrail.CodeEmpty, "empty"}},
		"empty object":        {"{}", 0, bad{-1, 0, configtrail.CodeEmpty, "empty object"}},
		"unknown object":      {` {"a":1}`, 0, bad{-1, 1, configtrail.CodeUnknownShape, "no known form"}},
		"number":              {"12", 0, bad{-1, 0, configtrail.CodeUnknownShape, "neither an object nor a list"}},
		"no JSON":             {"hello", 0, bad{-1, 0, configtrail.CodeInvalidJSON, `"h" stands where a value should`}},
		"UTF-16":              {"\xff\xfe{\x00", 0, bad{-1, 0, configtrail.CodeInvalidJSON, "stands where a value should"}},
		"cut behind an item":  {two[:23+size], 1, bad{-1, 23 + size, configtrail.CodeTruncated, "behind item 0: the text ends"}},
		"cut in an item":      {two[:23+size+50], 1, bad{-1, 23 + size + 50, configtrail.CodeTruncated, "the text ends"}},
		"cut in a literal":    {head + item + ",nul", 1, bad{-1, 23 + size + 4, configtrail.CodeTruncated, "the text ends where null should stand"}},
		"cut at the end":      {two[:whole-1], 2, bad{-1, whole - 1, configtrail.CodeTruncated, "the text ends"}},
		"a wrong literal":     {head + item + `,{"a":tru3}]}`, 1, bad{-1, 23 + size + 9, configtrail.CodeInvalidJSON, `"3" stands where true should`}},
		"a leading zero":      {head + item + `,{"a":01}]}`, 1, bad{-1, 23 + size + 7, configtrail.CodeInvalidJSON, `"1" stands where`}},
		"a comma too many":    {head + item + `,]}`, 1, bad{-1, 23 + size + 1, configtrail.CodeInvalidJSON, `"]" stands where an element`}},
		"a comma missing":     {head + item + item + `]}`, 1, bad{-1, 23 + size, configtrail.CodeInvalidJSON, `"{" stands where a comma`}},
		"brackets crossed":    {head + item + `,{"a":[1}]}`, 1, bad{-1, 23 + size + 8, configtrail.CodeInvalidJSON, `"}" stands where a comma`}},
		"spliced in a string": {head + item + `,{"a":"b}{`, 1, bad{-1, 23 + size + 10, configtrail.CodeInvalidJSON, "stray brackets"}},
		"text behind":         {two + "\nx", 2, bad{-1, whole + 1, configtrail.CodeInvalidJSON, `'x' stands behind the document`}},
		"NUL behind":          {two + "\x00", 2, bad{-1, whole, configtrail.CodeInvalidJSON, "stands behind the document"}},
		"gzip, bytes behind":  {string(gz(t, two)) + "garbage behind it", 2, bad{-1, whole, configtrail.CodeInvalidJSON, "the gzip stream is damaged"}},
		"gzip, cut trailer":   {cut(gz(t, two), 4), 2, bad{-1, whole, configtrail.CodeTruncated, "the gzip stream ends early"}},
		"gzip, wrong sum":     {flip(gz(t, two), 8), 2, bad{-1, whole, configtrail.CodeInvalidJSON, "its checksum does not fit"}},
		"gzip, only magic":    {"\x1f\x8b", 0, bad{-1, 0, configtrail.CodeTruncated, "the gzip stream ends early"}},
		"second document cut": {two + "\n" + `{"configurationItems":[` + item, 3, bad{-1, whole + 1 + 23 + size, configtrail.CodeTruncated, "the text ends"}},
	} {
		decodeText(t, c.text).check(t, name, c.items, c.want)
	}
}

func cut(data []byte, n int) string { return string(data[:len(data)-n]) }

// flip changes the byte that stands n from the end.
func flip(data []byte, n int) string {
	data = bytes.Clone(data)
	data[len(data)-n] ^= 0xff
	return string(data)
}

// A gzip stream cut anywhere gives a prefix of its items and one entry.
func TestCutAnywhere(t *testing.T) {
	data := gz(t, head+item+","+item+","+item+"]}")
	for n := 2; n < len(data); n++ {
		got := decode(t, bytes.NewReader(data[:n]), delivery.Document{})
		if diff := cmp.Diff([]string{configtrail.CodeTruncated}, got.codes()); diff != "" || got.err != nil {
			t.Fatalf("cut at %d: %v %+v", n, got.err, got.bad)
		}
	}
}

func TestSeveralDocuments(t *testing.T) {
	lines := item + "\n" + item + "\r\n" + head + "null," + item + "]} {\"a\":1}" + item
	got := decodeText(t, lines)
	size := int64(len(item))
	got.check(t, "lines", 4,
		bad{2, 2*size + 3 + 23, configtrail.CodeBadItem, "null"},
		bad{-1, 3*size + 3 + 23 + 8, configtrail.CodeUnknownShape, "no known form"})
	var indexes []int64
	for _, found := range got.items {
		indexes = append(indexes, found.Source.Index)
	}
	if diff := cmp.Diff([]int64{0, 1, 3, 4}, indexes); diff != "" {
		t.Error(diff)
	}
}

func TestLimits(t *testing.T) {
	large := with("configuration", `{"a":"`+strings.Repeat("x", 1<<20)+`"}`)
	text := head + item + "," + large + "," + item + `],"rest":"` + strings.Repeat("y", 1<<20) + `"}` + large + item
	doc := delivery.Document{Source: configtrail.Source{Key: "k"}, Limits: delivery.Limits{ItemBytes: 200 << 10}}
	second := int64(strings.LastIndex(text, large))
	decode(t, strings.NewReader(text), doc).check(t, "item", 3,
		bad{1, 23 + int64(len(item)) + 1, configtrail.CodeTooLarge, "larger than 204800 bytes"},
		bad{-1, second, configtrail.CodeTooLarge, "larger than"})

	// An item a little above the limit that lies whole in the window is refused too.
	doc.Limits = delivery.Limits{ItemBytes: int64(len(item)) - 1}
	decode(t, strings.NewReader(item), doc).check(t, "a little", 0, bad{-1, 0, configtrail.CodeTooLarge, "larger than"})
	doc.Limits.ItemBytes++
	decode(t, strings.NewReader(item), doc).check(t, "not above", 1)

	if testing.Short() {
		return
	}
	// 70 MB of one letter pack into some 70 KB.
	blank := gz(t, head+item+`],"rest":"`+strings.Repeat("x", 70<<20)+`"}`)
	doc.Limits = delivery.Limits{Ratio: 100}
	got := decode(t, bytes.NewReader(blank), doc)
	if diff := cmp.Diff([]string{configtrail.CodeTooLarge}, got.codes()); diff != "" || len(got.items) != 1 {
		t.Errorf("%d items, %+v", len(got.items), got.bad)
	}
	decode(t, bytes.NewReader(blank), delivery.Document{Source: configtrail.Source{Key: "k"}}).check(t, "allowed ratio", 1)
}

func TestMessagesGoWrongAlone(t *testing.T) {
	broken := `{"Type":"Notification","Message":"{\"configurationItem\":{"}`
	plain := `{"Type":"Notification","Message":"hello"}`
	good := `{"Type":"Notification","Message":` + quote(t, `{"configurationItem":`+item+`}`) + `}`
	nested := `{}`
	for range 9 {
		nested = `{"detail":` + nested + `}`
	}
	decodeText(t, "["+broken+","+plain+","+good+",{\"Message\":\"\"},"+nested+",5]").check(t, "messages", 1,
		bad{0, 1, configtrail.CodeTruncated, "inside the message, at its byte 22"},
		bad{1, int64(len(broken)) + 2, configtrail.CodeInvalidJSON, "inside the message, at its byte 0"},
		bad{3, int64(len(broken)+len(plain)+len(good)) + 4, configtrail.CodeEmpty, "the message is empty"},
		bad{4, int64(len(broken)+len(plain)+len(good)) + 4 + 15, configtrail.CodeUnknownShape, "more than 6 messages"},
		bad{5, int64(len(broken)+len(plain)+len(good)) + 4 + 15 + int64(len(nested)) + 1, configtrail.CodeBadItem, "a number"})
}
