package duckdb

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"configtrail"
	"configtrail/internal/lake"
)

// maxDepth is how deep nodes may lie in one another. People write a dozen; a
// thousand would exhaust the stack of the planner.
const maxDepth = 200

// relations are the names a statement may select from, besides its own CTEs.
var relations = [...]string{lake.Items, lake.Changes, lake.Events, lake.Deliveries}

// A walker goes through one parsed statement and stops at the first thing the
// grammar does not allow.
type walker struct {
	grammar    *grammar
	parameters parameters
	relations  []string // met so far, each once
	depth      int
}

// parameters says whether a statement may hold ? in place of values.
type parameters string

const (
	noParameters   parameters = ""        // free SQL: nobody is there to give values
	withParameters parameters = "allowed" // a statement of the catalogue
)

// A scope is the names of CTEs that can be seen at a place, innermost first.
type scope struct {
	name  string // lower case
	outer *scope
}

func (s *scope) sees(name string) bool {
	for ; s != nil; s = s.outer {
		if s.name == name {
			return true
		}
	}
	return false
}

// statement checks {"node": …, "named_param_map": […]}.
func (w *walker) statement(value any, in *scope) error {
	members, ok := value.(map[string]any)
	if !ok {
		return unreadable("a statement", value)
	}
	for name, value := range inOrder(members) {
		var err error
		switch name {
		case "node":
			err = w.node("query", value, in)
		case "named_param_map":
			if !empty(value) && w.parameters == noParameters {
				err = refuse("a parameter")
			}
		default:
			err = refuse("the part %s of a statement", quoted(name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// node checks one node of a family, and everything below it.
func (w *walker) node(family string, value any, in *scope) error {
	node, ok := value.(map[string]any)
	if !ok {
		return unreadable("a "+family, value)
	}
	w.depth++
	defer func() { w.depth-- }()
	if w.depth > maxDepth {
		return refuse("a statement nested more than %d levels deep", maxDepth)
	}
	kind := kindOf(node)
	members, known := w.grammar.kinds[family+" "+kind]
	if !known {
		if family == "expression" && kind == "PARAMETER/VALUE_PARAMETER" && w.parameters == withParameters {
			return nil
		}
		if reason, ok := w.grammar.unwanted[family+" "+kind]; ok {
			return refuse("%s", reason)
		}
		return refuse("a %s of the kind %s", family, quoted(kind))
	}
	if family == "query" {
		inner, err := w.ctes(node["cte_map"], in)
		if err != nil {
			return err
		}
		in = inner
	}
	for name, value := range inOrder(node) {
		if err := w.member(family, kind, members, name, value, node, in); err != nil {
			return err
		}
	}
	return nil
}

// member checks one member of a node: one that every node of the family has, or
// one that the grammar names.
func (w *walker) member(family, kind string, members []member, name string, value any, node map[string]any, in *scope) error {
	switch name {
	case "class", "type", "alias", "query_location":
		return w.role("plain", value, in)
	case "sample":
		if family == "table" && value != nil {
			return refuse("TABLESAMPLE")
		}
	case "cte_map":
		if family == "query" {
			return nil // checked before the rest, which sees the names
		}
	case "modifiers":
		if family == "query" {
			return w.list("modifier", value, in)
		}
	}
	i := slices.IndexFunc(members, func(m member) bool { return m.name == name })
	switch {
	case i >= 0 && members[i].role == "no":
		if !empty(value) {
			return refuse("%s", members[i].reason)
		}
		return nil
	case i >= 0 && value == nil && members[i].optional:
		return nil
	case i >= 0 && kind == "RECURSIVE_CTE_NODE" && name == "right":
		// Only the second half of a recursive CTE sees the CTE itself.
		name, _ := node["cte_name"].(string)
		return w.role(members[i].role, value, &scope{lower(name), in})
	case i >= 0:
		return w.role(members[i].role, value, in)
	case empty(value):
		return nil // a member this version of the grammar does not know, at rest
	}
	return refuse("the part %s of a %s %s", quoted(name), family, quoted(kind))
}

// list checks a list of nodes of one family.
func (w *walker) list(family string, value any, in *scope) error {
	nodes, ok := value.([]any)
	if !ok {
		return unreadable("a list of "+family+"s", value)
	}
	for _, node := range nodes {
		if err := w.node(family, node, in); err != nil {
			return err
		}
	}
	return nil
}

// ctes checks the WITH of a query and gives the scope in which the query sees
// the names: each CTE sees those before it, and not itself.
func (w *walker) ctes(value any, in *scope) (*scope, error) {
	if value == nil {
		return in, nil
	}
	holder, ok := value.(map[string]any)
	if !ok {
		return nil, unreadable("WITH", value)
	}
	entries, ok := holder["map"].([]any)
	if !ok {
		return nil, unreadable("WITH", value)
	}
	for _, entry := range entries {
		entry, _ := entry.(map[string]any)
		name, _ := entry["key"].(string)
		cte, ok := entry["value"].(map[string]any)
		if !ok {
			return nil, unreadable("WITH", entry)
		}
		if !isName(name) {
			return nil, refuse("the name %s of a WITH", quoted(name))
		}
		for member, value := range inOrder(cte) {
			var err error
			switch member {
			case "query":
				err = w.statement(value, in)
			case "aliases", "materialized":
				err = w.role("plain", value, in)
			case "key_targets":
				if !empty(value) {
					err = refuse("USING KEY")
				}
			default:
				if !empty(value) {
					err = refuse("the part %s of a WITH", quoted(member))
				}
			}
			if err != nil {
				return nil, err
			}
		}
		in = &scope{lower(name), in}
	}
	return in, nil
}

// kindOf is the type of a node, for expressions behind its class.
func kindOf(node map[string]any) string {
	kind, _ := node["type"].(string)
	if class, ok := node["class"].(string); ok {
		return class + "/" + kind
	}
	return kind
}

// lower folds ASCII only: a Turkish ı or a Kelvin sign makes another name.
func lower(name string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name)
}

// isName reports letters, digits and underscores: nothing that could be taken
// for the path of a file.
func isName(name string) bool {
	for i, r := range name {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return name != "" && utf8.ValidString(name)
}

// refuse is the error of a statement that holds something not allowed. What it
// names comes out as "… is not allowed".
func refuse(format string, args ...any) error {
	what := fmt.Sprintf(format, args...)
	return configtrail.WithHint(
		fmt.Errorf("%w: %s is not allowed in a query", configtrail.ErrRefused, what),
		"Write one SELECT over items, changes, events and deliveries.")
}

// unreadable is the error of a tree in which DuckDB put something unforeseen.
func unreadable(what string, value any) error {
	return refuse("%s that reads as %T", what, value)
}

// quoted is a name of somebody's choosing, short and safe to show.
func quoted(name string) string {
	const most = 60
	if utf8.RuneCountInString(name) > most {
		name = string([]rune(name)[:most]) + "…"
	}
	return `"` + configtrail.Visible(name) + `"`
}
