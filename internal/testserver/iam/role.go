package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Statement is one statement of a policy.
type Statement struct {
	Sid       string
	Allows    bool
	Actions   []string
	Resources []string
	Condition map[string]map[string][]string // operator, key, values
}

// Call is one call to AWS: the action that its caller needs, on all of the
// resources, and what conditions look at.
type Call struct {
	Action    string
	Resources []string
	Keys      map[string]string // condition keys, such as s3:prefix
}

// Policy is what a role may do by the policies of its template.
type Policy []Statement

// Policy gathers the statements of a role, by its logical id: its own and those of
// policies that name it.
func (t *Template) Policy(role string) Policy {
	var all Policy
	if own, ok := t.Property(role, "Policies").([]any); ok {
		for _, one := range own {
			if policy, ok := one.(map[string]any); ok {
				all = append(all, statements(policy["PolicyDocument"])...)
			}
		}
	}
	for _, kind := range []string{"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"} {
		for _, id := range t.Of(kind) {
			roles, _ := t.Property(id, "Roles").([]any)
			if slices.Contains(roles, t.ref(role)) {
				all = append(all, statements(t.Property(id, "PolicyDocument"))...)
			}
		}
	}
	return all
}

func statements(document any) Policy {
	object, _ := document.(map[string]any)
	var all Policy
	for _, one := range list(object["Statement"]) {
		s, _ := one.(map[string]any)
		statement := Statement{
			Sid: text(s["Sid"]), Allows: s["Effect"] == "Allow",
			Actions: texts(s["Action"]), Resources: texts(s["Resource"]), Condition: map[string]map[string][]string{},
		}
		conditions, _ := s["Condition"].(map[string]any)
		for operator, keys := range conditions {
			statement.Condition[operator] = map[string][]string{}
			object, _ := keys.(map[string]any)
			for key, values := range object {
				statement.Condition[operator][key] = texts(values)
			}
		}
		all = append(all, statement)
	}
	return all
}

// Allow gives the statements that together cover a call: one for each of its
// resources. None where some resource is not covered, or a statement denies one.
func (p Policy) Allow(call Call) []Statement {
	var used []Statement
	for _, resource := range call.Resources {
		i := slices.IndexFunc(p, func(s Statement) bool { return s.Allows && s.covers(call, resource) })
		if i < 0 || slices.ContainsFunc(p, func(s Statement) bool { return !s.Allows && s.covers(call, resource) }) {
			return nil
		}
		used = append(used, p[i])
	}
	return used
}

func (s Statement) covers(call Call, resource string) bool {
	return slices.ContainsFunc(s.Actions, func(a string) bool { return matches(strings.ToLower(a), strings.ToLower(call.Action)) }) &&
		slices.ContainsFunc(s.Resources, func(r string) bool { return matches(r, resource) }) && s.meets(call.Keys)
}

// meets tells whether the conditions hold that a test can know: those of texts,
// over keys that the call has. Others, such as the service that calls for us, hold.
func (s Statement) meets(keys map[string]string) bool {
	for operator, wanted := range s.Condition {
		for key, values := range wanted {
			value, known := keys[key]
			if !known {
				continue
			}
			has := slices.ContainsFunc(values, func(v string) bool {
				return v == value || strings.Contains(operator, "Like") && matches(v, value)
			})
			if has == strings.Contains(operator, "Not") {
				return false
			}
		}
	}
	return true
}

// matches holds a text against a pattern of IAM: * is any text, ? any character.
func matches(pattern, value string) bool {
	for pattern != "" {
		switch pattern[0] {
		case '*':
			for at := range len(value) + 1 {
				if matches(pattern[1:], value[at:]) {
					return true
				}
			}
			return false
		case '?':
			if value == "" {
				return false
			}
		default:
			if value == "" || value[0] != pattern[0] {
				return false
			}
		}
		pattern, value = pattern[1:], value[1:]
	}
	return value == ""
}

func list(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{value}
}

func texts(value any) []string {
	var all []string
	for _, one := range list(value) {
		all = append(all, text(one))
	}
	return all
}

// Document reads a policy as people copy it.
func Document(document string) (Policy, error) {
	var read any
	if err := json.Unmarshal([]byte(document), &read); err != nil {
		return nil, fmt.Errorf("read a policy: %w", err)
	}
	return statements(read), nil
}
