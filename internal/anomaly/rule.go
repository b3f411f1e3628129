package anomaly

import (
	"cmp"
	"slices"
	"strings"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// rule is a detector that judges one change at a time by the states around it.
type rule struct {
	name  string // "rule.1": the number is that of the published list of rules
	doc   string
	types []string
	judge func(*scene, step) *verdict // nil: nothing to say

	// reads are the properties in whose difference judge may find something, as JSON
	// Pointers without regard to case. It finds nothing in an update that edits none.
	reads []string
	// harmless reports whether an edit of these, alone, gives judge nothing to find,
	// whatever stands beside it; nil: none does. It must be sure of it.
	harmless func(configtrail.Edit) bool

	ends []string // of types, those in whose deletion it may find something
}

// interested reports whether the rule could find anything in a change of its types.
func (r rule) interested(c configtrail.Change) bool {
	switch c.Kind {
	case configtrail.Deleted:
		return slices.Contains(r.ends, c.Key.Type)
	case configtrail.Updated:
		return slices.ContainsFunc(c.Edits, func(e configtrail.Edit) bool {
			return slices.ContainsFunc(r.reads, func(read string) bool { return concerns(e.Path, read) }) &&
				(r.harmless == nil || !r.harmless(e))
		})
	}
	return true
}

// concerns reports whether an edit of one property changes another one: whether
// either lies in the other, or they are the same.
func concerns(edited, read string) bool {
	e, r := strings.Split(edited, "/"), strings.Split(read, "/")
	for i := range min(len(e), len(r)) {
		if !strings.EqualFold(e[i], r[i]) {
			return false
		}
	}
	return true
}

// verdict is what a rule found in one change.
type verdict struct {
	severity string
	score    int
	summary  string       // the part of the catalogue key behind "anomaly.RULE.summary", such as ".blocked"
	args     message.Args // besides resource, type, place and account
	sets     []string
}

// detector lets the rule judge all steps of its types.
func (r rule) detector() Detector {
	types := map[string]bool{}
	for _, t := range r.types {
		types[t] = true
	}
	return Detector{Name: r.name, Doc: r.doc, Types: r.types, interested: r.interested, find: func(s *scene) []configtrail.Finding {
		var findings []configtrail.Finding
		for i := range s.Steps {
			at := s.Steps[i]
			if !types[at.Change.Key.Type] {
				continue
			}
			v := r.judge(s, newStep(at))
			if v == nil {
				continue
			}
			key := at.Change.Key
			args := message.Args{
				"resource": resource(at.Change), "type": typeName(key.Type), "place": s.place(key), "account": s.account(key.Account),
			}
			for name, value := range v.args {
				args[name] = value
			}
			findings = append(findings, configtrail.Finding{
				Severity: v.severity, Score: v.score, Time: at.Change.Time, Resource: key, Name: cmp.Or(at.Change.Name, at.Change.Tags["Name"]),
				Summary:  s.text("anomaly."+r.name+".summary"+v.summary, args),
				Evidence: []string{at.Change.ID()}, Sets: v.sets,
			})
		}
		return findings
	}}
}

// step is a change as a rule sees it: what was true before it, and after.
type step struct {
	change        configtrail.Change
	before, after state
}

// newStep reads the states of a step. What a former life of the resource held
// says nothing about this one: a resource that came back is held against nothing,
// like one that is new.
func newStep(at history.Step) step {
	s := step{change: at.Change, before: stateOf(at.Before), after: stateOf(at.After)}
	if s.began() {
		s.before = state{known: true}
	}
	return s
}

// began reports whether the change begins a life.
func (s step) began() bool {
	return s.change.Kind == configtrail.Created || s.change.Kind == configtrail.Recreated
}

// ended reports whether the change ends a life.
func (s step) ended() bool { return s.change.Kind == configtrail.Deleted }

// edge reports whether both sides are known, so that what is true after the
// change and was not before can be told. An update without the state before it
// proves nothing.
func (s step) edge() bool { return !s.ended() && s.before.known && s.after.known }

// state is what a rule reads of an item.
type state struct {
	known         bool // false: there is no such item, or it could not be read
	configuration node
	supplementary node
}

func stateOf(item *configtrail.ConfigurationItem) state {
	if item == nil {
		return state{}
	}
	configuration, err := parse(item.Configuration)
	if err != nil {
		return state{}
	}
	supplementary, err := parse(item.SupplementaryConfiguration)
	if err != nil {
		return state{}
	}
	return state{known: true, configuration: configuration, supplementary: supplementary}
}
