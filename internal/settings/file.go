package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"configtrail"
)

// maxFile is far more than thousands of accounts take.
const maxFile = 8 << 20

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%w: %s has more than %d MB", configtrail.ErrTooLarge, path, maxFile>>20)
	}
	return data, err
}

// parse reads a file into s. It goes over the nodes of the document by itself:
// only so can it name the line and the allowed keys, and take an account id
// with its leading zeros, which YAML would read as a number.
func (s *Settings) parse(path string, data []byte, paths resolver, given func(field)) error {
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) {
		return nil // nothing but comments
	}
	if err == nil {
		if second := decoder.Decode(new(yaml.Node)); !errors.Is(second, io.EOF) {
			err = errors.New("one document is allowed, and there are more")
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %s", configtrail.ErrInvalid, syntax(path, err))
	}
	r := reading{settings: s, path: path, paths: paths, given: given}
	r.top(document.Content[0])
	if len(r.wrong) > 0 {
		return fmt.Errorf("%w: %s", configtrail.ErrInvalid, strings.Join(r.wrong, "\n"))
	}
	return nil
}

var yamlLine = configtrail.Pattern(`^yaml: line (\d+): `)

// syntax turns the parser's "yaml: line 3: …" into "PATH:3: …".
func syntax(path string, err error) string {
	text := err.Error()
	if found := yamlLine().FindStringSubmatch(text); found != nil {
		return path + ":" + found[1] + ": " + text[len(found[0]):]
	}
	return path + ": " + strings.TrimPrefix(text, "yaml: ")
}

// reading is one file being read. It goes on behind what is wrong, so that a
// person hears of everything at once.
type reading struct {
	settings *Settings
	path     string
	paths    resolver
	given    func(field)
	wrong    []string
}

func (r *reading) problem(at *yaml.Node, format string, args ...any) {
	r.wrong = append(r.wrong, r.path+":"+strconv.Itoa(at.Line)+": "+fmt.Sprintf(format, args...))
}

func (r *reading) top(node *yaml.Node) {
	r.mapping(node, "", func(key string, value *yaml.Node) bool {
		switch key {
		case "sources":
			r.sources(value)
		case "accounts":
			r.accounts(value)
		case "aws", "remote", "spend":
			r.mapping(value, key, func(below string, value *yaml.Node) bool { return r.field(key+"."+below, value) },
				keysBelow(key+"."))
		default:
			return !strings.Contains(key, ".") && r.field(key, value)
		}
		return true
	}, append([]string{"sources", "accounts", "aws", "remote", "spend"}, keysBelow("")...))
}

// keysBelow are the keys of fields in one mapping of the file.
func keysBelow(prefix string) []string {
	var keys []string
	for _, f := range fields {
		if key, ok := strings.CutPrefix(f.file, prefix); ok && !strings.Contains(key, ".") {
			keys = append(keys, key)
		}
	}
	return keys
}

// field sets a single value, and reports whether there is such a key.
func (r *reading) field(key string, value *yaml.Node) bool {
	at := slices.IndexFunc(fields, func(f field) bool { return f.file == key })
	if at < 0 {
		return false
	}
	if text, ok := r.text(key, value); ok {
		if err := fields[at].set(r.settings, r.paths, text); err != nil {
			r.problem(value, "%s: %s", key, err)
		}
		r.given(fields[at])
	}
	return true
}

// mapping gives each key and value to take, which reports whether it knows the key.
func (r *reading) mapping(node *yaml.Node, name string, take func(key string, value *yaml.Node) bool, allowed []string) {
	if node.Kind != yaml.MappingNode {
		r.problem(node, "%s", orTop(name)+" has to be keys with values; allowed: "+strings.Join(allowed, ", "))
		return
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if before, twice := lines[key.Value]; twice {
			r.problem(key, "%s is set twice, first in line %d", key.Value, before)
			continue
		}
		lines[key.Value] = key.Line
		if !take(key.Value, value) {
			r.problem(key, "unknown key %q; allowed: %s", key.Value, strings.Join(allowed, ", "))
		}
	}
}

func orTop(name string) string {
	if name == "" {
		return "the file"
	}
	return name
}

// text is a single value as it is written: 012345678901 keeps its zero.
func (r *reading) text(key string, node *yaml.Node) (string, bool) {
	switch {
	case node.Kind == yaml.AliasNode:
		r.problem(node, "%s: references such as *%s are not read here", key, node.Value)
	case node.Kind != yaml.ScalarNode:
		r.problem(node, "%s has to be a single value", key)
	case node.Tag == "!!null" || node.Value == "":
		r.problem(node, "%s has no value; give it one or remove it", key)
	case !slices.Contains([]string{"!!str", "!!int", "!!float", "!!bool", "!!timestamp"}, node.ShortTag()):
		r.problem(node, "%s: values of type %s are not read here", key, node.Tag)
	default:
		return node.Value, true
	}
	return "", false
}

// list gives the members of a list.
func (r *reading) list(key string, node *yaml.Node) []*yaml.Node {
	if node.Kind != yaml.SequenceNode {
		r.problem(node, "%s has to be a list, each member on a line that begins with a dash", key)
		return nil
	}
	return node.Content
}

func (r *reading) sources(node *yaml.Node) {
	for _, member := range r.list("sources", node) {
		text, ok := r.text("sources", member)
		if !ok {
			continue
		}
		source, err := r.paths.place(text)
		if err != nil {
			r.problem(member, "sources: %s", err)
			continue
		}
		r.settings.Sources = append(r.settings.Sources, source)
	}
}

func (r *reading) accounts(node *yaml.Node) {
	ids, names := map[string]int{}, map[string]int{}
	for _, member := range r.list("accounts", node) {
		account, ok := r.account(member)
		if !ok {
			continue
		}
		if before, twice := ids[account.ID]; twice {
			r.problem(member, "account %s is listed twice, first in line %d", account.ID, before)
			continue
		}
		ids[account.ID] = member.Line
		if name := strings.ToLower(account.Name); name != "" {
			if before, twice := names[name]; twice {
				r.problem(member, "the account name %s is given twice, first in line %d", account.Name, before)
				continue
			}
			names[name] = member.Line
		}
		r.settings.Accounts = append(r.settings.Accounts, account)
	}
}

// account reads one account, and reports whether all of it is right.
func (r *reading) account(node *yaml.Node) (account configtrail.Account, ok bool) {
	before := len(r.wrong)
	r.mapping(node, "accounts", func(key string, value *yaml.Node) bool {
		switch key {
		case "id":
			account.ID, _ = r.text("id", value)
		case "name":
			account.Name, _ = r.text("name", value)
		case "groups":
			for _, member := range r.list("groups", value) {
				if group, ok := r.text("groups", member); ok {
					account.Groups = append(account.Groups, group)
				}
			}
		default:
			return false
		}
		return true
	}, []string{"id", "name", "groups"})
	if len(r.wrong) == before {
		if err := checkAccount(account); err != nil {
			r.problem(node, "accounts: %s", err)
		}
	}
	return account, len(r.wrong) == before
}
