package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// Raw is what a report made from raw tables says of itself, as programs read it.
type Raw struct {
	Tables      []string          `json:"tables"`
	From        configtrail.Stamp `json:"from"` // first day whose folders were read
	To          configtrail.Stamp `json:"to"`   // and the day behind the last
	Content     bool              `json:"content"`
	NotCompared []string          `json:"not_compared"` // columns that the tables lack; never nil
	Records     int64             `json:"records"`
	Captures    int64             `json:"captures"`
	LeftOut     []LeftOut         `json:"left_out"` // never nil
	Notes       []history.RawNote `json:"notes"`    // never nil
}

// LeftOut is an object that was left out because it breaks a query.
type LeftOut struct {
	URI    string `json:"uri"`
	Reason string `json:"reason"`
}

func rawOf(raw *history.RawAnswer, zone *time.Location) *Raw {
	if raw == nil {
		return nil
	}
	r := &Raw{
		Tables: list(raw.Tables), From: configtrail.Stamp(raw.From.In(zone)), To: configtrail.Stamp(raw.To.In(zone)), Content: raw.Content,
		NotCompared: list(raw.NotCompared), Records: raw.Records, Captures: raw.Captures, LeftOut: []LeftOut{}, Notes: list(raw.Notes),
	}
	for _, object := range raw.LeftOut {
		r.LeftOut = append(r.LeftOut, LeftOut(object))
	}
	return r
}

// columns are names of columns in words.
func (t teller) columns(names []string) string {
	var shown []string
	for _, name := range names {
		shown = append(shown, show(name))
	}
	return t.list(shown)
}

// read says which tables and folders a report from raw tables was made of.
func (t teller) read() []string {
	raw := t.Raw
	if raw == nil {
		return nil
	}
	args := message.Args{"tables": t.columns(raw.Tables), "n": len(raw.Tables)}
	if raw.From.IsZero() || raw.To.IsZero() {
		return []string{t.Text("report.raw.tables", args)}
	}
	args["from"], args["to"] = raw.From.UTC().Format(time.DateOnly), raw.To.UTC().Add(-time.Second).Format(time.DateOnly)
	return []string{t.Text("report.raw.folders", args)}
}

// compared says what of the states was not compared, before any figure.
func (t teller) compared() []string {
	switch raw := t.Raw; {
	case raw == nil:
	case !raw.Content:
		return []string{t.say("report.raw.content")}
	case len(raw.NotCompared) > 0:
		return []string{t.Text("report.raw.comparison", message.Args{"columns": t.columns(raw.NotCompared)})}
	}
	return nil
}

// unread says of a month without any record why that may be, and what to do.
func (t teller) unread() []string {
	raw := t.Raw
	if raw == nil || raw.Records > 0 || !t.begun() {
		return nil
	}
	said := []string{t.Text("report.raw.none", message.Args{"month": t.month(t.Month)})}
	first, last := t.First, t.Last
	if first.IsZero() {
		first, last = raw.Reach.From, raw.Reach.To
	}
	span := message.Args{"first": t.moment(first), "last": t.moment(last)}
	switch {
	case first.IsZero():
		said = append(said, t.say("report.raw.none.unlisted"))
	case t.covered():
		said = append(said, t.Text("report.raw.none.listed", span))
	default:
		said = append(said, t.Text("report.raw.none.elsewhere", span))
	}
	return []string{t.sentences(said)}
}

// captures counts what stands in the tables: of tables without state that is
// all there is to say of resources that were neither made nor deleted.
func (t teller) captures() []string {
	raw := t.Raw
	if raw == nil || raw.Records == 0 {
		return nil
	}
	return []string{t.Text("report.raw.captures", message.Args{"captures": raw.Captures, "records": raw.Records})}
}

// limits are what an answer from raw tables can't know, one sentence each, and
// which objects it leaves out.
func (t teller) limits() []string {
	raw := t.Raw
	if raw == nil {
		return nil
	}
	all := append(t.read(), t.compared()...)
	for _, note := range raw.Notes {
		key := "report.raw.note." + string(note)
		switch {
		case note == history.NoteContent || note == history.NoteComparison:
			// said above
		case note == history.NoteLeftOut && len(raw.LeftOut) > 0, note == history.NoteUnread && len(raw.Unread) > 0:
			// said below, with the objects and the places
		case !t.Has(key):
			all = append(all, show(string(note)))
		default:
			all = append(all, t.say(key))
		}
	}
	all = append(all, atMost(t, raw.Unread, func(p configtrail.Place) string {
		return t.Text("report.raw.unread", message.Args{"place": t.place(p.Account, p.Region)})
	})...)
	if len(raw.LeftOut) > 0 {
		all = append(all, t.Text("report.raw.left_out", message.Args{"n": len(raw.LeftOut)}))
		all = append(all, atMost(t, raw.LeftOut, func(object history.LeftOut) string {
			return t.Text("report.raw.object", message.Args{
				"uri": shorten(configtrail.Visible(object.URI), uriAtMost), "reason": shorten(configtrail.Visible(object.Reason), valueAtMost)})
		})...)
	}
	return append(all, t.say("report.raw.next"))
}

// captured is what the tables hold of each type, the most captures first.
func (t teller) captured() []table {
	if t.Raw == nil || len(t.Raw.By) == 0 {
		return nil
	}
	of := map[string]*history.RawCount{}
	for _, one := range t.Raw.By {
		if of[one.Type] == nil {
			of[one.Type] = &history.RawCount{Type: one.Type}
		}
		of[one.Type].Records += one.Records
		of[one.Type].Captures += one.Captures
	}
	types := slices.SortedFunc(maps.Values(of), func(a, b *history.RawCount) int {
		return cmp.Or(cmp.Compare(b.Captures, a.Captures), cmp.Compare(a.Type, b.Type))
	})
	counted := table{Head: []string{t.say("report.table.type"), t.say("report.table.records"), t.say("report.table.captures.short")}}
	row := func(name string, types []*history.RawCount) {
		var records, captures int64
		for _, one := range types {
			records, captures = records+one.Records, captures+one.Captures
		}
		counted.Rows = append(counted.Rows, []string{name, message.Number(records), message.Number(captures)})
	}
	shown := min(len(types), groupsAtMost)
	for i := range shown {
		row(typeName(types[i].Type), types[i:i+1])
	}
	if rest := types[shown:]; len(rest) > 0 {
		row(t.Text("report.table.more", message.Args{"n": len(rest)}), rest)
	}
	return []table{counted}
}

// uriAtMost is how many characters of an object's address are shown.
const uriAtMost = 200
