package testorg

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"configtrail"
)

// resource is one thing in an account, alive or dead.
type resource struct {
	template *template
	home     *place
	places   []*place // that record it
	key      configtrail.ResourceKey
	name     string
	arn      string
	zone     string
	created  time.Time
	origin   origin

	state *object // configuration, supplementaryConfiguration, tags, relationships
	dead  bool

	due      bool // a capture is on the agenda
	dirty    bool // something happened since the last capture
	calls    []*call
	captured time.Time // last capture
	current  *capture
	unseen   bool // never captured in this life
	history  history
}

// origin is what a resource is made for.
type origin struct {
	instance string    // id of the instance it belongs to
	target   *resource // that a compliance item is about
	name     string    // instead of one made up
	created  time.Time // zero: long ago
}

// words are the applications that resources are named for.
var words = [...]string{
	"web", "api", "billing", "auth", "search", "batch", "etl", "stock", "mail", "report", "cart", "edge", "audit", "ml", "pay", "ops",
}

// owners are values of tags.
var owners = [...]string{"platform", "payments", "データ基盤", "受注チーム", "セキュリティ 🔐", "o'brien & co"}

// build makes a resource with its first state. It does not exist until it is
// put among the others by preexist or create.
func (w *world) build(t *template, p *place, o origin) *resource {
	r := &resource{template: t, home: p, places: []*place{p}, origin: o, created: o.created, unseen: true}
	if r.created.IsZero() {
		r.created = w.start.Add(-w.between(20*24*time.Hour, 700*24*time.Hour)).Truncate(time.Millisecond)
	}
	r.key = configtrail.ResourceKey{Account: p.account.id, Region: p.region, Type: t.Type}
	if t.Global {
		r.key.Region = configtrail.Global
		if p.account.number == 0 && w.options.has(TrapGlobalTwice) {
			r.places = p.account.places
		}
	}
	app := words[p.account.apps%len(words)]
	if round := p.account.apps / len(words); round > 0 {
		app += strconv.Itoa(round)
	}
	p.account.apps++
	zone := p.region + string("ac"[w.rng.IntN(2)])
	fill := w.filling(r)
	named := func(name string) string {
		switch name {
		case "app":
			return app
		case "az":
			return zone
		}
		return fill(name)
	}
	r.zone = expandText(t.Zone, named)
	if r.name = o.name; r.name == "" {
		r.name = expandText(t.Name, named)
	}
	r.key.ID = expandText(t.ID, named)
	r.arn = expandText(t.ARN, named)

	tags := &object{}
	if t.Tags != "" {
		tags.members = []member{
			{"Name", p.account.env + "-" + app}, {"Owner", owners[w.rng.IntN(len(owners))]}, {"team/cost~center", "CC-" + strconv.Itoa(10+w.rng.IntN(90))},
		}
		if w.options.has(TrapCaseTags) && w.chance(15) {
			tags.members = append(tags.members, member{"Environment", p.account.env}, member{"environment", "本番"})
			w.trapped(TrapCaseTags)
		}
	}
	relationships, _ := expand(t.relationships, named, tags).(*list)
	if relationships == nil {
		relationships = &list{}
	}
	r.state = &object{[]member{
		{"configuration", expand(t.configuration, named, tags)},
		{"supplementaryConfiguration", expand(t.supplementary, named, tags)},
		{"tags", tags},
		{"relationships", relationships},
	}}
	return r
}

// filling gives the names of templates for a resource at the present moment.
func (w *world) filling(r *resource) filling {
	p := r.home
	return func(name string) string {
		switch name {
		case "account":
			return p.account.id
		case "tail":
			return p.account.id[8:]
		case "region":
			return p.region
		case "env":
			return p.account.env
		case "id":
			return r.key.ID
		case "name":
			return r.name
		case "arn":
			return r.arn
		case "instance":
			return r.origin.instance
		case "vpc":
			return p.vpc
		case "subnet":
			return p.subnet
		case "sg":
			return p.sg
		case "target":
			return r.origin.target.key.Type + "/" + r.origin.target.key.ID
		case "targetid":
			return r.origin.target.key.ID
		case "targettype":
			return r.origin.target.key.Type
		case "created":
			return stamp(r.created)
		case "createdms":
			return strconv.FormatInt(r.created.UnixMilli(), 10)
		case "createds":
			return strconv.FormatInt(r.created.Unix(), 10)
		case "now":
			return stamp(w.now)
		case "nowms":
			return strconv.FormatInt(w.now.UnixMilli(), 10)
		case "nows":
			return strconv.FormatInt(w.now.Unix(), 10)
		case "octet":
			return strconv.Itoa(1 + w.rng.IntN(253))
		case "pair":
			return w.text(2, hexDigits)
		case "short":
			return w.text(6, "abcdefghijklmnopqrstuvwxyz0123456789")
		case "uuid":
			return w.uuid()
		case "sha":
			return base64.StdEncoding.EncodeToString([]byte(w.text(32, hexDigits)))
		case "secret":
			return w.secret()
		}
		if n, err := strconv.Atoi(strings.TrimPrefix(name, "hex")); err == nil {
			return w.text(n, hexDigits)
		}
		if n, err := strconv.Atoi(strings.TrimPrefix(name, "upper")); err == nil {
			return w.text(n, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
		}
		return name
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (w *world) text(n int, alphabet string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[w.rng.IntN(len(alphabet))]
	}
	return string(b)
}

func (w *world) uuid() string {
	h := w.text(32, hexDigits)
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}

// secret makes up a password and tells the truth's list of it.
func (w *world) secret() string {
	s := w.text(28, "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789")
	w.truth.Secrets = append(w.truth.Secrets, s)
	return s
}

// preexist puts a resource among the others as it was captured before the first month.
func (w *world) preexist(r *resource) {
	w.put(r)
	now := w.now
	w.now = w.start.Add(-w.between(2*24*time.Hour, 120*24*time.Hour)).Truncate(time.Millisecond)
	if r.created.After(w.now) {
		r.created = w.now.Add(-36 * time.Hour) // the state tells an earlier time, as states of copied resources do
	}
	c := w.look(r, configtrail.StatusResourceDiscovered)
	r.history.waiting = append(r.history.waiting, c)
	w.now = now
}

// put puts a resource among the others.
func (w *world) put(r *resource) {
	if r.template.Global {
		r.home.account.global = append(r.home.account.global, r)
	} else {
		r.home.resources = append(r.home.resources, r)
	}
	switch p := r.home; r.template.Type {
	case "AWS::EC2::VPC":
		p.vpc = r.key.ID
	case "AWS::EC2::Subnet":
		p.subnet = r.key.ID
	case "AWS::EC2::SecurityGroup":
		if p.sg == "" {
			p.sg = r.key.ID
		}
	}
}

// create makes a resource at the present moment, by a call or by a service.
func (w *world) create(t *template, p *place, o origin, by *actor) *resource {
	if o.created.IsZero() {
		o.created = w.now
	}
	r := w.build(t, p, o)
	w.put(r)
	w.touch(r, w.record(r, t.Create, by))
	return r
}

// revive lets a deleted resource live again under its id.
func (w *world) revive(r *resource, by *actor) {
	r.dead, r.unseen, r.created = false, true, w.now
	if !slices.Contains(r.home.resources, r) && !r.template.Global {
		r.home.resources = append(r.home.resources, r)
	}
	w.touch(r, w.record(r, r.template.Create, by))
}

// delete ends a resource's life at the present moment.
func (w *world) delete(r *resource, by *actor) {
	if r.dead {
		return
	}
	r.dead = true
	w.touch(r, w.record(r, r.template.Delete, by))
}

// alter changes a resource's state at the present moment.
func (w *world) alter(r *resource, by *actor, event string, change func(value) value) {
	if r.dead {
		return
	}
	r.state = change(r.state).(*object)
	w.touch(r, w.record(r, event, by))
}

// apply makes one of the changes that its template lists.
func (w *world) apply(r *resource, change templateChange, by *actor) {
	fill := w.filling(r)
	w.alter(r, by, change.Call, func(state value) value {
		for _, e := range change.Edits {
			state = w.applyEdit(state, e, fill)
		}
		return state
	})
}

func (w *world) applyEdit(state value, e templateEdit, fill filling) value {
	part := func(text []byte) value {
		v, err := parseValue(text)
		if err != nil {
			return nil
		}
		return expand(v, fill, nil)
	}
	switch {
	case e.Set != "":
		path := segments(expandText(e.Set, fill))
		old := at(state, path)
		chosen := w.rng.IntN(len(e.To))
		to := part(e.To[chosen])
		if to == old { // the next one differs
			to = part(e.To[(chosen+1)%len(e.To)])
		}
		return set(state, path, to)
	case e.Step != "":
		path := segments(e.Step)
		n, _ := at(state, path).(int64)
		return set(state, path, max(1, n+e.By[w.rng.IntN(len(e.By))]))
	case e.Toggle != "":
		v := part(e.Value)
		path := append(segments(e.Toggle), identity(v))
		if at(state, path) != nil {
			return remove(state, path)
		}
		return set(state, path, v)
	}
	return state
}

// setTag gives a resource a tag, or takes it away, wherever its type tells tags.
func setTag(r *resource, state value, key string, to value) value {
	if to == nil {
		to = absent{}
	}
	state = set(state, []string{"tags", key}, to)
	where := strings.Fields(r.template.Tags)
	if len(where) == 0 {
		return state
	}
	path := append(segments(where[0]), key)
	if len(where) == 3 && to != (absent{}) {
		to = tagPair(where[1], where[2], key, to).value
	}
	return set(state, path, to)
}
