package testorg

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"configtrail"
)

// bucket is everything that was written, in the order of writing.
type bucket struct {
	keys  []string
	data  map[string][]byte
	truth Truth
}

func generate(t testing.TB, options Options) bucket {
	t.Helper()
	b := bucket{data: make(map[string][]byte)}
	var err error
	b.truth, err = Generate(context.Background(), options, func(key string, data []byte) error {
		if _, twice := b.data[key]; twice {
			return fmt.Errorf("%s written twice", key)
		}
		b.keys = append(b.keys, key)
		b.data[key] = bytes.Clone(data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// theDemo is the organisation of the demo and what a reader finds in it: made
// once for all tests, which only look at it.
var theDemo struct {
	once   sync.Once
	bucket bucket
	reader *reader
}

func demo(t testing.TB) (bucket, *reader) {
	t.Helper()
	theDemo.once.Do(func() {
		theDemo.bucket = generate(t, Options{})
		theDemo.reader = read(t, theDemo.bucket)
	})
	return theDemo.bucket, theDemo.reader
}

// reader is a second, naive reader of a bucket: it decodes everything with
// encoding/json, holds it in memory and applies the rules of the ledger to it.
// It knows nothing of the simulation.
type reader struct {
	items     map[configtrail.ResourceKey]map[int64]*seen // by capture time in ms
	distinct  map[string]bool
	delivered int64
	bad       map[string]BadObject
	first     map[Place]time.Time
	written   map[Place][]time.Time
	snapshots map[Place]int
	events    map[string]time.Time
	refused   map[string]bool
	eventSeen int
	known     map[[32]byte]*parsed       // of items already decoded
	found     map[Trap]int               // traps that the bytes show
	keyTold   map[string]map[string]bool // by item: the kinds of object and the regions that told it, and its spellings
}

type seen struct {
	status  configtrail.Status
	stateID int64
	created time.Time
	state   string // normal
	exact   string
	plain   any // as decoded, JSON in strings opened
}

// parsed is an item as one delivery tells it.
type parsed struct {
	item   map[string]any
	state  string
	exact  string // canonical by rule 0: strings and order of lists kept
	spelt  string // all of the state as it came
	repeat bool
}

var (
	historyName  = regexp.MustCompile(`/(\d{12})_Config_([a-z0-9-]+)_ConfigHistory_(.+)_(\d{8}T\d{6}Z)_(\d{8}T\d{6}Z)_\d+\.json\.gz$`)
	snapshotName = regexp.MustCompile(`/(\d{12})_Config_([a-z0-9-]+)_ConfigSnapshot_()()(\d{8}T\d{6}Z)_[0-9a-f-]{36}\.json\.gz$`)
	folderNames  = regexp.MustCompile(`/(\d{12})/Config/([a-z0-9-]+)/`)
)

func read(t testing.TB, b bucket) *reader {
	t.Helper()
	r := &reader{
		items: make(map[configtrail.ResourceKey]map[int64]*seen), distinct: make(map[string]bool), bad: make(map[string]BadObject),
		first: make(map[Place]time.Time), written: make(map[Place][]time.Time), snapshots: make(map[Place]int), events: make(map[string]time.Time), refused: make(map[string]bool),
		known: make(map[[32]byte]*parsed), found: make(map[Trap]int), keyTold: make(map[string]map[string]bool),
	}
	for _, key := range b.keys {
		data := b.data[key]
		switch {
		case strings.HasSuffix(key, "/ConfigWritabilityCheckFile"):
			r.found[TrapWritability]++
		case strings.Contains(key, "/CloudTrail-Digest/"):
			r.found[TrapDigests]++
		case strings.Contains(key, "/CloudTrail/"):
			r.trail(t, key, data)
		default:
			r.object(t, key, data)
		}
	}
	return r
}

// object reads one Config object as far as it goes.
func (r *reader) object(t testing.TB, key string, data []byte) {
	var account, region string
	for _, name := range []*regexp.Regexp{historyName, snapshotName} {
		if m := name.FindStringSubmatch(key); m != nil {
			account, region = m[1], m[2]
			at, err := time.Parse(inName, m[5])
			if err != nil {
				t.Fatal(err)
			}
			place := Place{account, region}
			r.written[place] = append(r.written[place], at)
			if name == snapshotName {
				r.snapshots[place]++
			}
			if first, ok := r.first[place]; !ok || at.Before(first) {
				r.first[place] = at
			}
		}
	}
	if m := folderNames.FindStringSubmatch(key); m != nil {
		account, region = m[1], m[2]
	}
	if strings.HasPrefix(key, "restored/") {
		r.found[TrapCopiedPrefix]++
	}
	text, code := unzip(data)
	raws, whole := elements(text)
	good, bad := int64(0), int64(0)
	note := func(c string) {
		bad++
		if code == "" {
			code = c
		}
	}
	if !slices.IsSortedFunc(raws, func(a, b json.RawMessage) int { return strings.Compare(captureIn(a), captureIn(b)) }) && deliveryKind(key) == "ConfigHistory" {
		r.found[TrapOutOfOrder]++
	}
	for _, raw := range raws {
		if c := r.item(raw, account, region, key); c != "" {
			note(c)
		} else {
			good++
		}
	}
	if code == "" && !whole {
		code = configtrail.CodeInvalidJSON
		if json.Valid(text) {
			code = configtrail.CodeUnknownShape
			if bytes.Contains(text, []byte("configurationItemSummary")) {
				r.found[TrapOversizedSummary]++
				return
			}
		}
	}
	if len(raws) == 0 && whole {
		r.found[TrapEmptySnapshot]++
	}
	if bytes.HasPrefix(text, []byte(`{"configurationItems"`)) {
		r.found[TrapMembersSwapped]++
	}
	r.delivered += good
	if code != "" {
		r.bad[key] = BadObject{Key: key, Code: code, Good: good, Bad: bad}
	}
}

func captureIn(raw []byte) string {
	_, after, _ := bytes.Cut(raw, []byte(`"configurationItemCaptureTime":"`))
	return string(after[:min(24, len(after))])
}

func unzip(data []byte) (text []byte, code string) {
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, configtrail.CodeEmpty
	}
	text, err = io.ReadAll(zip)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return text, configtrail.CodeTruncated
	}
	return text, ""
}

// elements are the items of a document, up to where it breaks.
func elements(text []byte) (raws []json.RawMessage, whole bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if _, err := decoder.Token(); err != nil {
		return nil, false
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return raws, false
		}
		var value json.RawMessage
		switch name {
		case "configurationItem":
			if decoder.Decode(&value) != nil {
				return raws, false
			}
			raws, whole = append(raws, value), true
		case "configurationItems":
			if _, err := decoder.Token(); err != nil {
				return raws, false
			}
			for decoder.More() {
				var raw json.RawMessage
				if decoder.Decode(&raw) != nil {
					return raws, false
				}
				raws = append(raws, raw)
			}
			if _, err := decoder.Token(); err != nil {
				return raws, false
			}
			whole = true
		default:
			if decoder.Decode(&value) != nil {
				return raws, false
			}
		}
	}
	return raws, whole
}

// item takes one element in, or says why it can't.
func (r *reader) item(raw json.RawMessage, account, region, key string) (code string) {
	sum := sha256.Sum256(raw)
	p := r.known[sum]
	if p == nil {
		p = parseItem(raw)
		r.known[sum] = p
		if p.repeat {
			r.found[TrapRepeatedKeys]++
		}
	}
	if p.item == nil {
		return configtrail.CodeBadItem
	}
	text := func(name string) string { s, _ := p.item[name].(string); return s }
	k := configtrail.ResourceKey{Account: text("awsAccountId"), Region: text("awsRegion"), Type: text("resourceType"), ID: text("resourceId")}
	captured, err := time.Parse(time.RFC3339Nano, text("configurationItemCaptureTime"))
	if err != nil || k.Type == "" || k.ID == "" {
		return configtrail.CodeBadItem
	}
	arn := strings.Split(text("ARN")+":::::", ":")
	if k.Account == "" || k.Region == "" {
		r.found[TrapMissingIdentity]++
	}
	k.Account = firstOf(k.Account, arn[4], account)
	k.Region = firstOf(k.Region, arn[3], region)
	switch {
	case k.Account == "":
		return configtrail.CodeNoAccount
	case k.Region == "":
		return configtrail.CodeNoRegion
	case account != "" && k.Account != account:
		return configtrail.CodeAccountMismatch
	}
	stateID := p.item["configurationStateId"]
	if stateID == nil {
		stateID = p.item["configurationStateID"]
		r.found[TrapOldSpelling]++
	}
	id, _ := strconv.ParseInt(fmt.Sprint(stateID), 10, 64)
	s := &seen{status: configtrail.Status(text("configurationItemStatus")), stateID: id, state: p.state, exact: p.exact, plain: p.item["parts"]}
	s.created, _ = time.Parse(time.RFC3339Nano, text("resourceCreationTime"))
	if r.items[k] == nil {
		r.items[k] = make(map[int64]*seen)
	}
	if strings.Contains(key, "/OversizedChangeNotification/") {
		r.found[TrapOversized]++
	}
	ms := captured.UnixMilli()
	r.distinct[k.String()+"\x1f"+strconv.FormatInt(ms, 10)+"\x1f"+p.exact] = true
	r.tell(k, ms, "in "+deliveryKind(key), "region "+region, "state "+p.exact, "spelt "+p.spelt)
	before := r.items[k][ms]
	if before != nil {
		if before.status != s.status && before.exact == s.exact {
			r.found[TrapStatusFlips]++
		}
		if before.stateID != s.stateID {
			r.found[TrapStateIDs]++
		}
	}
	if before == nil || s.stateID > before.stateID {
		r.items[k][ms] = s
	}
	return ""
}

// tell notes what told an item.
func (r *reader) tell(k configtrail.ResourceKey, ms int64, facts ...string) {
	name := k.String() + "\x1f" + strconv.FormatInt(ms, 10)
	if r.keyTold[name] == nil {
		r.keyTold[name] = make(map[string]bool)
	}
	for _, fact := range facts {
		r.keyTold[name][fact] = true
	}
}

func deliveryKind(key string) string {
	for _, kind := range []string{"ConfigHistory", "ConfigSnapshot", "OversizedChangeNotification"} {
		if strings.Contains(key, "/"+kind+"/") {
			return kind
		}
	}
	return ""
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func parseItem(raw json.RawMessage) *parsed {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var item map[string]any
	if decoder.Decode(&item) != nil || item == nil {
		return &parsed{}
	}
	parts := make(map[string]any)
	for _, name := range []string{"configuration", "supplementaryConfiguration", "tags", "relationships"} {
		parts[name] = item[name]
	}
	item["parts"] = parts
	exact, _ := json.Marshal(prune(parts))
	spelt, _ := json.Marshal(parts)
	return &parsed{item: item, state: normal(parts), exact: string(exact), spelt: string(spelt), repeat: repeats(raw)}
}

func (r *reader) trail(t testing.TB, key string, data []byte) {
	text, code := unzip(data)
	var file struct{ Records []map[string]any }
	if err := json.Unmarshal(text, &file); err != nil || code != "" {
		t.Fatalf("%s: %v %s", key, err, code)
	}
	if strings.HasPrefix(key, "trails/local/") {
		r.found[TrapTwoTrails]++
	}
	for _, event := range file.Records {
		if event["readOnly"] == true {
			r.found[TrapReadEvents]++
			continue
		}
		id := event["eventID"].(string)
		r.eventSeen++
		at, err := time.Parse(time.RFC3339, event["eventTime"].(string))
		if err != nil {
			t.Fatal(err)
		}
		r.events[id] = at
		if event["errorCode"] != nil {
			r.refused[id] = true
			r.found[TrapRefusedCalls]++
		}
	}
}

// ledger applies the rules to what was read.
func (r *reader) ledger() (changes []Change, sightings []Sighting) {
	for k, captures := range r.items {
		var before *seen // last with state
		var dead, any bool
		var after time.Time
		for _, ms := range slices.Sorted(mapKeys(captures)) {
			s, at := captures[ms], time.UnixMilli(ms).UTC()
			c := Change{Key: k, Time: at, After: after}
			first := !any
			any, after = true, at
			switch {
			case s.status.NotRecorded():
				sightings = append(sightings, Sighting{k, at, configtrail.NotRecorded})
				continue
			case s.status.Deleted():
				if dead {
					continue
				}
				dead, c.Kind = true, configtrail.Deleted
			case dead:
				dead, c.Kind = false, configtrail.Recreated
				before = s
			case first:
				before = s
				if !r.isNew(k, s, at) {
					sightings = append(sightings, Sighting{k, at, configtrail.FirstRecorded})
					continue
				}
				c.Kind = configtrail.Created
			default:
				same := before != nil && before.state == s.state
				before = s
				if same {
					continue
				}
				c.Kind = configtrail.Updated
			}
			changes = append(changes, c)
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmpOr(a.Key.Compare(b.Key), a.Time.Compare(b.Time)) })
	slices.SortFunc(sightings, func(a, b Sighting) int { return cmpOr(a.Key.Compare(b.Key), a.Time.Compare(b.Time)) })
	return changes, sightings
}

func cmpOr(a, b int) int {
	if a != 0 {
		return a
	}
	return b
}

func (r *reader) isNew(k configtrail.ResourceKey, s *seen, at time.Time) bool {
	if s.status != configtrail.StatusResourceDiscovered {
		return false
	}
	var first time.Time
	for place, written := range r.first {
		if place.Account == k.Account && (k.Region == configtrail.Global || k.Region == place.Region) && (first.IsZero() || written.Before(first)) {
			first = written
		}
	}
	if s.created.IsZero() {
		return at.After(first)
	}
	return at.Sub(s.created) <= 24*time.Hour && !at.Before(first.Add(-24*time.Hour))
}
