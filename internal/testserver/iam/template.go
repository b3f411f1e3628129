// Package iam holds the calls that programs made against what a CloudFormation
// template allows them: which statement of a role covers a call, and which
// statements no call needed.
package iam

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Template is a CloudFormation template in JSON.
type Template struct {
	Parameters map[string]struct{ Default any }
	Conditions map[string]any
	Mappings   map[string]map[string]map[string]any
	Resources  map[string]Resource
	Outputs    map[string]struct{ Value any }

	values map[string]string
}

// Resource is one resource of a template.
type Resource struct {
	Type       string
	Condition  string
	Properties map[string]any
}

// Read reads a template. Values are those of parameters and of pseudo parameters,
// such as AWS::Region; parameters that are not given have their default.
func Read(path string, values map[string]string) (*Template, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t := &Template{values: map[string]string{
		"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com", "AWS::StackName": "configtrail",
	}}
	if err := json.Unmarshal(data, t); err != nil {
		return nil, fmt.Errorf("read template %s: %w", path, err)
	}
	for name, parameter := range t.Parameters {
		if parameter.Default != nil {
			t.values[name] = fmt.Sprint(parameter.Default)
		}
	}
	for name, value := range values {
		t.values[name] = value
	}
	return t, nil
}

// Of gives the logical ids of the resources of a type, sorted.
func (t *Template) Of(kind string) []string {
	var ids []string
	for id, resource := range t.Resources {
		if resource.Type == kind && t.holds(resource.Condition) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Property is a resource's property with everything in it resolved; nil where it
// has none.
func (t *Template) Property(id, name string) any {
	return t.resolve(t.Resources[id].Properties[name])
}

// holds tells a condition; "" holds.
func (t *Template) holds(name string) bool {
	if name == "" {
		return true
	}
	holds, _ := t.resolve(t.Conditions[name]).(bool)
	return holds
}

// absent stands for AWS::NoValue.
type absent struct{}

// resolve works out intrinsic functions. What a deployment alone can tell, such as
// an ARN's random part, has the logical id in its place.
func (t *Template) resolve(value any) any {
	switch v := value.(type) {
	case []any:
		list := []any{}
		for _, one := range v {
			if one = t.resolve(one); one != (absent{}) {
				list = append(list, one)
			}
		}
		return list
	case map[string]any:
		if len(v) == 1 {
			for name, argument := range v {
				if name == "Ref" || name == "Condition" || strings.HasPrefix(name, "Fn::") {
					return t.intrinsic(name, argument)
				}
			}
		}
		object := map[string]any{}
		for name, one := range v {
			if one = t.resolve(one); one != (absent{}) {
				object[name] = one
			}
		}
		return object
	}
	return value
}

// intrinsic works out one function.
func (t *Template) intrinsic(name string, argument any) any {
	if name == "Fn::Sub" {
		return t.substitute(argument)
	}
	if name == "Fn::GetAtt" {
		if dotted, ok := argument.(string); ok {
			id, attribute, _ := strings.Cut(dotted, ".")
			argument = []any{id, attribute}
		}
	}
	if name == "Ref" {
		return t.ref(text(argument))
	}
	if name == "Condition" {
		return t.holds(text(argument))
	}
	list, ok := t.resolve(argument).([]any)
	if !ok {
		list = []any{t.resolve(argument)}
	}
	switch name {
	case "Fn::GetAtt":
		return t.attribute(text(list[0]), text(list[1]))
	case "Fn::Join":
		var parts []string
		for _, part := range list[1].([]any) {
			parts = append(parts, text(part))
		}
		return strings.Join(parts, text(list[0]))
	case "Fn::Split":
		var parts []any
		for part := range strings.SplitSeq(text(list[1]), text(list[0])) {
			parts = append(parts, part)
		}
		return parts
	case "Fn::Select":
		var index int
		fmt.Sscan(text(list[0]), &index) //nolint:errcheck // an index that is none is the first
		return list[1].([]any)[index]
	case "Fn::If":
		if t.holds(text(list[0])) {
			return list[1]
		}
		return list[2]
	case "Fn::Equals":
		return text(list[0]) == text(list[1])
	case "Fn::Not":
		return list[0] != true
	case "Fn::And":
		return !slices.Contains(list, any(false))
	case "Fn::Or":
		return slices.Contains(list, any(true))
	case "Fn::FindInMap":
		return t.Mappings[text(list[0])][text(list[1])][text(list[2])]
	}
	return name + " " + text(list)
}

// substitute fills in ${Name} and ${Name.Attribute}.
func (t *Template) substitute(argument any) string {
	own := map[string]any{}
	pattern, ok := argument.(string)
	if list, isList := argument.([]any); isList {
		pattern, ok = list[0].(string)
		own, _ = list[1].(map[string]any)
	}
	if !ok {
		return ""
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(pattern, "${")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		id, attribute, dotted := strings.Cut(name, ".")
		switch value, mine := own[name]; {
		case mine:
			out.WriteString(text(t.resolve(value)))
		case dotted:
			out.WriteString(t.attribute(id, attribute))
		default:
			out.WriteString(text(t.ref(name)))
		}
		pattern = after
	}
}

// text is a value as a text.
func text(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	return fmt.Sprint(value)
}

// Output is an output's value; nil where there is none of the name.
func (t *Template) Output(name string) any { return t.resolve(t.Outputs[name].Value) }
