package duckdb

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"configtrail"
)

// role checks the value of a member against what the grammar says may stand there.
func (w *walker) role(role string, value any, in *scope) error {
	switch role {
	case "plain":
		return plain(value)
	case "names":
		return names(value)
	case "query", "table", "expression":
		return w.node(role, value, in)
	case "expressions":
		return w.list("expression", value, in)
	case "rows":
		return each(value, func(row any) error { return w.list("expression", row, in) })
	case "statement":
		return w.statement(value, in)
	case "orders":
		return each(value, func(order any) error {
			return w.parts(order, in, "type plain", "null_order plain", "expression expression")
		})
	case "ordering":
		return w.parts(value, in, "type plain", "orders orders")
	case "cases":
		return each(value, func(check any) error {
			return w.parts(check, in, "when_expr expression", "then_expr expression")
		})
	case "replacements":
		return each(value, func(replacement any) error {
			return w.parts(replacement, in, "key plain", "value expression")
		})
	case "constant":
		return w.parts(value, in, "type type", "is_null plain", "value plain")
	case "type":
		return w.typeOf(value)
	case "relation":
		return w.relation(value, in)
	case "function":
		return w.function(value)
	case "schema":
		// The parser itself writes main before some of its own functions.
		if value != "" && value != "main" {
			return hinted(refuse("a function with a schema in front"), "Write lower(name) rather than name.lower().")
		}
		return nil
	case "tablefunction":
		return w.tableFunction(value, in)
	}
	return fmt.Errorf("check the query: the grammar names an unknown role %q", role)
}

// parts checks a node that has no type of its own: exactly the members named,
// each "name role".
func (w *walker) parts(value any, in *scope, parts ...string) error {
	node, ok := value.(map[string]any)
	if !ok {
		return unreadable("a part of the statement", value)
	}
	for name, value := range inOrder(node) {
		known := slices.IndexFunc(parts, func(part string) bool { return strings.HasPrefix(part, name+" ") })
		if known < 0 {
			return refuse("the part %s", quoted(name))
		}
		if err := w.role(strings.TrimPrefix(parts[known], name+" "), value, in); err != nil {
			return err
		}
	}
	return nil
}

// relation checks the name of a table: one of the four, or a CTE in sight. The
// check is by the parsed name, so quotes and case make no difference, and a
// file's name is a name like any other: not one of the four.
func (w *walker) relation(value any, in *scope) error {
	name, _ := value.(string)
	name = lower(name)
	switch {
	case in.sees(name):
	case slices.Contains(relations[:], name):
		if !slices.Contains(w.relations, name) {
			w.relations = append(w.relations, name)
		}
	default:
		original, _ := value.(string)
		return hinted(refuse("the relation %s", quoted(original)), "Select from items, changes, events or deliveries.")
	}
	return nil
}

func (w *walker) function(value any) error {
	name, _ := value.(string)
	if !w.grammar.functions[lower(name)] {
		return hinted(refuse("the function %s", quoted(name)), "Call only functions that make a value of values; files, settings and the catalog are out of reach.")
	}
	return nil
}

// tableFunction checks a function that stands in FROM.
func (w *walker) tableFunction(value any, in *scope) error {
	call, _ := value.(map[string]any)
	name, _ := call["function_name"].(string)
	if kindOf(call) != "FUNCTION/FUNCTION" || !w.grammar.tableFunctions[lower(name)] {
		return hinted(refuse("the table function %s", quoted(name)), "In FROM, only unnest, range and generate_series are functions.")
	}
	// The same name is in the list of functions, so the call can be checked as one.
	return w.node("expression", value, in)
}

// typeOf checks the type of a cast or constant, down to its element types.
func (w *walker) typeOf(value any) error {
	node, ok := value.(map[string]any)
	if !ok {
		return unreadable("a type", value)
	}
	id, _ := node["id"].(string)
	info, _ := node["type_info"].(map[string]any)
	if id == "UNBOUND" {
		name, _ := info["name"].(string)
		if !w.grammar.named[lower(name)] || !empty(info["catalog"]) || !empty(info["schema"]) || !empty(info["user_type_modifiers"]) {
			return refuse("the type %s", quoted(name))
		}
		return nil
	}
	if !w.grammar.types[id] {
		return refuse("the type %s", quoted(id))
	}
	for name, value := range inOrder(info) {
		var err error
		switch name {
		case "child_type":
			err = w.typeOf(value)
		case "child_types":
			err = each(value, func(child any) error {
				members, _ := child.(map[string]any)
				return w.typeOf(members["second"])
			})
		case "type", "alias", "width", "scale", "size", "collation":
			err = plain(value)
		default:
			if !empty(value) {
				err = refuse("the part %s of a type", quoted(name))
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// plain checks for text, numbers and booleans, and lists of them: nothing in
// which a node could hide.
func plain(value any) error {
	switch value := value.(type) {
	case nil, string, float64, bool:
		return nil
	case []any:
		return each(value, plain)
	}
	return unreadable("a plain value", value)
}

// names checks lists of column names, which may be objects of qualifiers, and of
// pairs of such.
func names(value any) error {
	object, ok := value.(map[string]any)
	if !ok {
		if list, ok := value.([]any); ok {
			return each(list, names)
		}
		return plain(value)
	}
	for name, value := range inOrder(object) {
		if !slices.Contains([]string{"catalog", "schema", "table", "column", "key", "value"}, name) {
			return refuse("the part %s of a name", quoted(name))
		}
		if err := names(value); err != nil {
			return err
		}
	}
	return nil
}

// inOrder gives the members of a node by name, so that of two reasons to refuse a
// statement always the same is told.
func inOrder(node map[string]any) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for _, name := range slices.Sorted(maps.Keys(node)) {
			if !yield(name, node[name]) {
				return
			}
		}
	}
}

// each checks every element of a list.
func each(value any, check func(any) error) error {
	list, ok := value.([]any)
	if !ok {
		return unreadable("a list", value)
	}
	for _, element := range list {
		if err := check(element); err != nil {
			return err
		}
	}
	return nil
}

// empty reports a value that says nothing: null, false, "", [], {} and objects of such.
func empty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case bool:
		return !value
	case string:
		return value == ""
	case []any:
		return len(value) == 0
	case map[string]any:
		for _, member := range value {
			if !empty(member) {
				return false
			}
		}
		return true
	}
	return false
}

// hinted gives a refusal a nearer next step than the general one.
func hinted(err error, next string) error {
	var general *configtrail.Hint
	if errors.As(err, &general) {
		err = general.Err
	}
	return configtrail.WithHint(err, next)
}
