package raw

import (
	"fmt"
	"strings"

	"configtrail"
)

// hiveType is a column's type as Glue keeps it, such as
// array<struct<resourceId:string,tags:map<string,string>>>.
type hiveType struct {
	name    string // in lower case, with its parameters: bigint, decimal(10,2), array, map, struct
	of      []hiveType
	members []string // names of a struct's members in lower case, beside of
}

// maxDepth bounds how deep types are nested. AWS's own schema of an item needs four.
const maxDepth = 64

// parseHive reads a type. Case means nothing in one, and white space around its
// parts is let through.
func parseHive(text string) (hiveType, error) {
	p := hiveParser{rest: text}
	parsed, err := p.parse(0)
	if err == nil && strings.TrimSpace(p.rest) != "" {
		err = fmt.Errorf("unexpected %q", short(p.rest))
	}
	if err != nil {
		return hiveType{}, fmt.Errorf("%w: column type %q: %w", configtrail.ErrInvalid, short(text), err)
	}
	return parsed, nil
}

func short(text string) string {
	const most = 60
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

type hiveParser struct{ rest string }

func (p *hiveParser) parse(depth int) (hiveType, error) {
	if depth > maxDepth {
		return hiveType{}, fmt.Errorf("it is nested deeper than %d", maxDepth)
	}
	name := strings.ToLower(strings.TrimSpace(p.until("<>,(")))
	if name == "" {
		return hiveType{}, fmt.Errorf("a type is missing before %q", short(p.rest))
	}
	if p.take("(") {
		name += "(" + strings.TrimSpace(p.until(")")) + ")"
		p.take(")")
	}
	t := hiveType{name: name}
	if !p.take("<") {
		return t, nil
	}
	for {
		if name == "struct" {
			member := strings.ToLower(strings.Trim(strings.TrimSpace(p.until(":<>,")), "`"))
			if member == "" || !p.take(":") {
				return hiveType{}, fmt.Errorf("a member is missing before %q", short(p.rest))
			}
			t.members = append(t.members, member)
		}
		inner, err := p.parse(depth + 1)
		if err != nil {
			return hiveType{}, err
		}
		t.of = append(t.of, inner)
		if p.take(",") {
			continue
		}
		if !p.take(">") {
			return hiveType{}, fmt.Errorf("a > is missing before %q", short(p.rest))
		}
		return t, nil
	}
}

// until takes the text before any of the characters.
func (p *hiveParser) until(chars string) string {
	end := strings.IndexAny(p.rest, chars)
	if end < 0 {
		end = len(p.rest)
	}
	text := p.rest[:end]
	p.rest = p.rest[end:]
	return text
}

func (p *hiveParser) take(text string) bool {
	rest, found := strings.CutPrefix(strings.TrimLeft(p.rest, " \t\r\n"), text)
	if found {
		p.rest = rest
	}
	return found
}

// isText reports whether values of the type are text.
func (t hiveType) isText() bool {
	return t.name == "string" || strings.HasPrefix(t.name, "varchar") || strings.HasPrefix(t.name, "char")
}

// items gives the members of a list of structs; false where it is none.
func (t hiveType) items() (map[string]hiveType, bool) {
	if t.name != "array" || len(t.of) != 1 || t.of[0].name != "struct" {
		return nil, false
	}
	members := map[string]hiveType{}
	for i, name := range t.of[0].members {
		members[name] = t.of[0].of[i]
	}
	return members, true
}
