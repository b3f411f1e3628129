package duckdb

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed guard/grammar.txt
var grammarText string

//go:embed guard/functions.txt
var functionsText string

// A grammar is the allow-list of the guard: which nodes a statement may be made
// of, which functions it may call and which types it may name. It is read from
// the two files in folder guard and never changes afterwards.
type grammar struct {
	kinds          map[string][]member // by family and kind, "table BASE_TABLE"
	unwanted       map[string]string   // by family and kind: the words of the refusal
	types          map[string]bool     // ids
	named          map[string]bool     // types known by name only, lower case
	functions      map[string]bool     // lower case
	tableFunctions map[string]bool
}

// A member is one member of a node, with what may stand there.
type member struct {
	name     string
	role     string
	optional bool   // may be null
	reason   string // of role "no": what its presence means to the writer of the SQL
}

// readGrammar reads both files. They are part of the binary, so an error is a
// mistake in them, which a test would show.
func readGrammar(kinds, functions string) (*grammar, error) {
	g := &grammar{
		kinds: map[string][]member{}, unwanted: map[string]string{},
		types: map[string]bool{}, named: map[string]bool{},
		functions: map[string]bool{}, tableFunctions: map[string]bool{},
	}
	for number, line := range strings.Split(kinds, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if err := g.line(words); err != nil {
			return nil, fmt.Errorf("read grammar of the SQL guard: line %d: %w", number+1, err)
		}
	}
	for line := range strings.SplitSeq(functions, "\n") {
		words, into := strings.Fields(line), g.functions
		if len(words) > 0 && words[0] == "table:" {
			words, into = words[1:], g.tableFunctions
		}
		if len(words) > 0 && words[0] == "#" {
			continue
		}
		for _, name := range words {
			into[name] = true
		}
	}
	return g, nil
}

// line takes in one line of the grammar file.
func (g *grammar) line(words []string) error {
	switch family := words[0]; family {
	case "types":
		for _, id := range words[1:] {
			g.types[spaced(id)] = true
		}
	case "named":
		for _, name := range words[1:] {
			g.named[name] = true
		}
	case "refuse":
		if len(words) != 4 {
			return fmt.Errorf("refuse takes a family, a kind and a reason, got %q", words)
		}
		g.unwanted[words[1]+" "+words[2]] = spaced(words[3])
	case "query", "table", "expression", "modifier":
		if len(words) < 2 {
			return fmt.Errorf("%s without a kind", family)
		}
		members := []member{}
		for _, word := range words[2:] {
			m, err := parseMember(word)
			if err != nil {
				return err
			}
			members = append(members, m)
		}
		class, types, hasTypes := strings.Cut(words[1], "/")
		if !hasTypes {
			g.kinds[family+" "+class] = members
			break
		}
		for kind := range strings.SplitSeq(types, ",") {
			g.kinds[family+" "+class+"/"+kind] = members
		}
	default:
		return fmt.Errorf("unknown word %q", family)
	}
	return nil
}

// parseMember reads name:role, name:role? or name:no=REASON.
func parseMember(word string) (member, error) {
	name, role, ok := strings.Cut(word, ":")
	if !ok || name == "" || role == "" {
		return member{}, fmt.Errorf("%q is not name:role", word)
	}
	if reason, ok := strings.CutPrefix(role, "no="); ok {
		return member{name: name, role: "no", reason: spaced(reason)}, nil
	}
	role, optional := strings.CutSuffix(role, "?")
	return member{name: name, role: role, optional: optional}, nil
}

// spaced gives a word of the grammar file its spaces.
func spaced(word string) string { return strings.ReplaceAll(word, "+", " ") }
