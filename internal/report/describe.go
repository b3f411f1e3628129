package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"configtrail"
	"configtrail/internal/message"
)

// How much of one change is told.
const (
	editsAtMost    = 2
	segmentsAtMost = 3
	valueAtMost    = 80
)

// mainChanges are the changes to see first, one a line, and how many others there are.
func (t teller) mainChanges() []bullet {
	var all []bullet
	for _, c := range t.Main {
		all = append(all, bullet{t.describe(c), c.ID()})
	}
	if more := t.Totals.Changes - int64(len(all)); more > 0 && len(all) > 0 {
		all = append(all, bullet{Text: t.Text("report.main.more", message.Args{"n": more})})
	}
	return all
}

// describe is one change in one line.
func (t teller) describe(c configtrail.Change) string {
	args := message.Args{"time": c.Time.In(t.Zone).Format("01-02 15:04"), "resource": t.resource(c)}
	if len(c.Edits) == 0 || c.Kind == configtrail.Created || c.Kind == configtrail.Deleted {
		return t.Text("report.main."+string(c.Kind), args)
	}
	edits := once(c.Edits)
	slices.SortStableFunc(edits, func(a, b configtrail.Edit) int { return cmp.Compare(editScore(b), editScore(a)) })
	var told []string
	for _, e := range edits[:min(len(edits), editsAtMost)] {
		if aboutTags(e.Path) && len(told) > 0 && !aboutTags(edits[0].Path) {
			break // tags are told only where nothing else changed
		}
		told = append(told, t.Text("report.edit."+e.Op, message.Args{
			"path": shortPath(e.Path), "old": shortValue(e.Old), "new": shortValue(e.New)}))
	}
	if more := len(edits) - len(told); more > 0 {
		told = append(told, t.Text("report.edit.more", message.Args{"n": more}))
	}
	args["edits"] = strings.Join(told, t.say("report.edit.and"))
	return t.Text("report.main."+string(c.Kind)+".edits", args)
}

// resource is how a report names a resource: type, name where it has one, else
// id, and the place.
func (t teller) resource(c configtrail.Change) string {
	return t.Text("report.resource", message.Args{
		"type": typeName(c.Key.Type), "name": show(cmp.Or(c.Name, c.Tags["Name"], c.Key.ID)),
		"place": t.place(c.Key.Account, c.Key.Region)})
}

// shortPath is a property path without its root, without places in lists, and
// cut to its last segments.
func shortPath(path string) string {
	tags := strings.HasPrefix(path, "/tags/")
	for _, root := range []string{"/configuration/", "/supplementaryConfiguration/"} {
		path = strings.TrimPrefix(path, root)
	}
	var segments []string
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if tags || !listIndex(segment) {
			segments = append(segments, shorten(configtrail.Visible(unescapePointer.Replace(segment)), nameAtMost/2))
		}
	}
	if len(segments) == 0 {
		return show(path)
	}
	if len(segments) > segmentsAtMost {
		segments = append([]string{segments[0], "…"}, segments[len(segments)-segmentsAtMost+1:]...)
	}
	return strings.Join(segments, ".")
}

// unescapePointer undoes the escapes of a JSON Pointer (RFC 6901, section 4).
var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")

// listIndex reports whether a segment is a place in a list, as far as one can
// tell: a short number or the end.
func listIndex(segment string) bool {
	return segment == "-" || len(segment) > 0 && len(segment) < 5 && strings.Trim(segment, "0123456789") == ""
}

// shortValue is a value in one short line. Strings stand without their quotes,
// objects and lists as their leaves: fromPort=22 cidrIp=0.0.0.0/0.
func shortValue(value json.RawMessage) string {
	if len(value) == 0 {
		return "null"
	}
	var words []string
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	if err := leaves(decoder, "", &words); err != nil {
		return shorten(configtrail.Visible(string(value)), valueAtMost)
	}
	all := slices.Clone(words)
	words = slices.DeleteFunc(words, func(word string) bool {
		address, legacy := strings.CutPrefix(word, "ipRanges=")
		return legacy && slices.Contains(all, "cidrIp="+address)
	})
	return shorten(configtrail.Visible(cmp.Or(strings.Join(words, " "), string(value))), valueAtMost)
}

// once is a copy of edits without those of a legacy list, ipRanges, that say of
// an address what another says with ipv4Ranges.
func once(edits []configtrail.Edit) []configtrail.Edit {
	told := map[string]bool{}
	for _, e := range edits {
		if list, _, ok := strings.Cut(e.Path, "/ipv4Ranges/"); ok {
			told[list+" "+e.Op+" "+strings.TrimPrefix(shortValue(e.Old), "cidrIp=")+" "+strings.TrimPrefix(shortValue(e.New), "cidrIp=")] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(edits), func(e configtrail.Edit) bool {
		list, _, ok := strings.Cut(e.Path, "/ipRanges/")
		return ok && told[list+" "+e.Op+" "+shortValue(e.Old)+" "+shortValue(e.New)]
	})
}

// leaves collects the scalars of a JSON value, each behind the name of the
// nearest member that holds it.
func leaves(decoder *json.Decoder, name string, words *[]string) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') && token != json.Delim('[') {
		word := fmt.Sprint(token)
		if token == nil {
			word = "null"
		}
		if name != "" {
			word = name + "=" + word
		}
		*words = append(*words, word)
		return nil
	}
	for decoder.More() {
		if token == json.Delim('{') {
			key, err := decoder.Token()
			if err != nil {
				return err
			}
			name = fmt.Sprint(key)
		}
		if err := leaves(decoder, name, words); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return err
}
