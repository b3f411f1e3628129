package testorg

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"configtrail"
)

//go:embed templates/*.json
var templateFiles embed.FS

// template describes a resource type: what its resources look like and what
// ordinarily happens to them. Strings hold ${names}, which expand fills in.
type template struct {
	Type    string            `json:"type"`
	Global  bool              `json:"global"`  // one of the account, in region "global"
	Count   int               `json:"count"`   // of forty resources of a place
	Once    bool              `json:"once"`    // never more than Count of them
	ID      string            `json:"id"`      // may use ${name}
	Name    string            `json:"name"`    // empty: the type has no resourceName
	ARN     string            `json:"arn"`     // empty: the type has none
	Zone    string            `json:"zone"`    // availabilityZone
	Created bool              `json:"created"` // the item tells resourceCreationTime
	Wholly  configtrail.Noise `json:"noise_class"`

	Source string          `json:"source"` // eventSource of its calls
	Create string          `json:"create"` // event names; empty: no call is behind it
	Delete string          `json:"delete"`
	Params json.RawMessage `json:"params"` // requestParameters that name the resource

	// Tags says where tags are told a second time: a path, and for a list of
	// pairs the names of the pairs' members.
	Tags string `json:"tags"`

	Relationships json.RawMessage `json:"relationships"`
	Configuration json.RawMessage `json:"configuration"`
	Supplementary json.RawMessage `json:"supplementaryConfiguration"`

	Changes []templateChange `json:"changes"` // made by calls
	Noise   []templateChange `json:"noise"`   // made by services, without a call

	params, relationships, configuration, supplementary value
}

type templateChange struct {
	Call   string            `json:"call"`
	Class  configtrail.Noise `json:"class"`
	Deploy bool              `json:"deploy"` // part of a deployment by a stack
	Edits  []templateEdit    `json:"edits"`
}

// templateEdit is one of: a value chosen from a list, an integer moved by a
// step, an element that is taken away when it is there and put in when it is not.
type templateEdit struct {
	Set    string            `json:"set"`
	To     []json.RawMessage `json:"to"`
	Step   string            `json:"step"`
	By     []int64           `json:"by"`
	Toggle string            `json:"toggle"`
	Value  json.RawMessage   `json:"value"`
}

// templates reads the embedded templates, in the order of the files.
func templates() ([]*template, error) {
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	var all []*template
	for _, file := range files {
		name := path.Join("templates", file.Name())
		data, err := templateFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var some []*template
		if err := json.Unmarshal(data, &some); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		for _, t := range some {
			if err := t.parse(); err != nil {
				return nil, fmt.Errorf("read %s: %s: %w", name, t.Type, err)
			}
		}
		all = append(all, some...)
	}
	return all, nil
}

func (t *template) parse() (err error) {
	for _, part := range []struct {
		to   *value
		from json.RawMessage
	}{{&t.params, t.Params}, {&t.relationships, t.Relationships}, {&t.configuration, t.Configuration}, {&t.supplementary, t.Supplementary}} {
		if *part.to, err = parseValue(part.from); err != nil {
			return err
		}
	}
	return nil
}

// parseValue reads JSON, keeping the order of members. Nothing at all is nil.
func parseValue(text []byte) (value, error) {
	if len(text) == 0 {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return nextValue(decoder)
}

func nextValue(decoder *json.Decoder) (value, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Number:
		if n, err := token.Int64(); err == nil {
			return n, nil
		}
		return number(token), nil
	case json.Delim:
		if token == '[' {
			l := &list{}
			for decoder.More() {
				v, err := nextValue(decoder)
				if err != nil {
					return nil, err
				}
				l.elements = append(l.elements, element{value: v})
			}
			_, err := decoder.Token()
			return l, err
		}
		o := &object{}
		for decoder.More() {
			name, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			v, err := nextValue(decoder)
			if err != nil {
				return nil, err
			}
			o.members = append(o.members, member{name.(string), v})
		}
		_, err := decoder.Token()
		return o, err
	case string, bool, nil:
		return token, nil
	}
	return nil, io.ErrUnexpectedEOF
}

// filling gives the value of a ${name}; an unknown name gives itself.
type filling func(name string) string

// expand makes a state of a template's value: names filled in, and objects with
// one member that begins with $ made into what they stand for. The tags are
// those of the resource.
func expand(v value, fill filling, tags *object) value {
	switch v := v.(type) {
	case string:
		return expandText(v, fill)
	case *list:
		made := &list{make([]element, len(v.elements))}
		for i, e := range v.elements {
			filled := expand(e.value, fill, tags)
			made.elements[i] = element{identity(filled), filled}
		}
		return made
	case *object:
		if len(v.members) == 1 && strings.HasPrefix(v.members[0].name, "$") {
			return expandSpecial(v.members[0], fill, tags)
		}
		made := &object{make([]member, len(v.members))}
		for i, m := range v.members {
			made.members[i] = member{expandText(m.name, fill), expand(m.value, fill, tags)}
		}
		return made
	}
	return v
}

func expandSpecial(m member, fill filling, tags *object) value {
	switch m.name {
	case "$int":
		n, err := strconv.ParseInt(expandText(m.value.(string), fill), 10, 64)
		if err != nil {
			return nil
		}
		return n
	case "$tags":
		names := m.value.(*list).elements
		if len(names) == 0 {
			return tags
		}
		made := &list{}
		for _, tag := range tags.members {
			made.elements = append(made.elements, tagPair(names[0].value.(string), names[1].value.(string), tag.name, tag.value))
		}
		return made
	}
	return &document{
		body:    expand(m.value, fill, tags),
		url:     m.name == "$url",
		twice:   m.name == "$jsonTwice",
		spacing: map[string]int{"$jsonSpaced": 1}[m.name],
	}
}

func tagPair(keyName, valueName, key string, v value) element {
	return element{key, &object{[]member{{keyName, key}, {valueName, v}}}}
}

func expandText(text string, fill filling) string {
	before, rest, found := strings.Cut(text, "${")
	if !found {
		return text
	}
	var b strings.Builder
	for found {
		name, tail, closed := strings.Cut(rest, "}")
		if !closed {
			break
		}
		b.WriteString(before)
		b.WriteString(fill(name))
		before, rest, found = strings.Cut(tail, "${")
	}
	b.WriteString(before)
	return b.String()
}

// identity is what makes an element of a list the same element in two states:
// its key, where AWS gives it one, else all of it.
func identity(v value) string {
	if o, ok := v.(*object); ok {
		for _, m := range o.members {
			switch m.name {
			case "key", "Key", "tagKey", "Sid", "parameterKey":
				if key, ok := m.value.(string); ok {
					return key
				}
			}
		}
	}
	return string(appendValue(nil, v, spelling{}))
}
