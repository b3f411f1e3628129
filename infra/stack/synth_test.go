package stack_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"configtrail/infra/settings"
	"configtrail/infra/stack"
)

// TestMain ends the process that runs CDK.
func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// shapes are the settings files that come with the app, by name.
var shapes = map[string]string{
	"configtrail":   "../configtrail.yaml",
	"same-account":  "../examples/same-account.yaml",
	"reader-role":   "../examples/reader-role.yaml",
	"bucket-policy": "../examples/bucket-policy.yaml",
	"control-tower": "../examples/control-tower.yaml",
}

// plain is a plain template, read once for all tests.
type plain struct {
	text       []byte
	Parameters map[string]any
	Resources  map[string]resource
	Outputs    map[string]struct{ Value any }
}

type resource struct {
	Type           string
	Properties     map[string]any
	DependsOn      []string
	DeletionPolicy string
	Metadata       map[string]any
}

var (
	made   = map[string]*plain{}
	making sync.Mutex
)

// template synthesizes a shape, once.
func template(t *testing.T, shape string) *plain {
	t.Helper()
	making.Lock()
	defer making.Unlock()
	if made[shape] == nil {
		made[shape] = parse(t, load(t, shape))
	}
	return made[shape]
}

func load(t *testing.T, shape string) settings.Settings {
	t.Helper()
	s, err := settings.Load(shapes[shape])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parse(t *testing.T, s settings.Settings) *plain {
	t.Helper()
	text, err := stack.Template(s)
	if err != nil {
		t.Fatal(err)
	}
	p := &plain{text: text}
	if err := json.Unmarshal(text, p); err != nil {
		t.Fatal(err)
	}
	return p
}

// assembly synthesizes a shape as cdk deploys it, with made-up zip files.
func assembly(t *testing.T, shape string) assertions.Template {
	t.Helper()
	dist := t.TempDir()
	for _, name := range []string{stack.AnswerZip, stack.IngestZip} {
		if err := os.WriteFile(filepath.Join(dist, name), []byte("PK "+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return assertions.Template_FromStack(stack.New(awscdk.NewApp(nil), load(t, shape), stack.Options{Dist: dist}), nil)
}

// of gives the logical ids of the resources of a type, sorted.
func (p *plain) of(kind string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(p.Resources)) {
		if p.Resources[id].Type == kind {
			ids = append(ids, id)
		}
	}
	return ids
}

// at walks down a resource's properties: names, and numbers for members of lists.
func (p *plain) at(t *testing.T, id string, path ...any) any {
	t.Helper()
	if p.Resources[id].Properties == nil {
		t.Fatalf("there is no %s", id)
	}
	var value any = p.Resources[id].Properties
	for i, step := range path {
		switch s := step.(type) {
		case string:
			value = value.(map[string]any)[s]
		case int:
			value = value.([]any)[s]
		}
		if value == nil {
			t.Fatalf("%s has no %v", id, path[:i+1])
		}
	}
	return value
}

// spell writes a value as a person reads it: references as ${Name}.
func spell(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case map[string]any:
		if name, ok := v["Ref"].(string); ok {
			return "${" + name + "}"
		}
		if attribute, ok := v["Fn::GetAtt"].([]any); ok {
			return fmt.Sprintf("${%s.%s}", attribute[0], attribute[1])
		}
		if pattern, ok := v["Fn::Sub"].(string); ok {
			return pattern
		}
		if join, ok := v["Fn::Join"].([]any); ok {
			var out strings.Builder
			for _, part := range join[1].([]any) {
				out.WriteString(spell(part))
			}
			return out.String()
		}
	}
	text, _ := json.Marshal(value)
	return string(text)
}

// spelled are the members of a list, or a single one.
func spelled(value any) []string {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	var out []string
	for _, one := range list {
		out = append(out, spell(one))
	}
	return out
}

// policy is one statement of a policy in a template, and where it stands.
type policy struct {
	at         string // AnswerRole/ReadLake
	effect     string
	principals []string
	actions    []string
	resources  []string
	condition  map[string]any
}

// policies are all statements of a template, in order of where they stand.
func (p *plain) policies() []policy {
	var all []policy
	for _, id := range slices.Sorted(maps.Keys(p.Resources)) {
		walk(p.Resources[id].Properties, func(s map[string]any) {
			sid := s["Sid"]
			if p.Resources[id].Type == "AWS::Events::EventBusPolicy" {
				sid = p.Resources[id].Properties["StatementId"] // which EventBridge makes the Sid of
			}
			statement := policy{
				at: id + "/" + spell(sid), effect: spell(s["Effect"]), actions: spelled(s["Action"]),
			}
			if s["Resource"] != nil {
				statement.resources = spelled(s["Resource"])
			}
			if named, ok := s["Principal"].(map[string]any); ok {
				for _, who := range slices.Sorted(maps.Keys(named)) {
					statement.principals = append(statement.principals, spelled(named[who])...)
				}
			} else if s["Principal"] != nil {
				statement.principals = spelled(s["Principal"])
			}
			statement.condition, _ = s["Condition"].(map[string]any)
			all = append(all, statement)
		})
	}
	return all
}

// walk finds statements wherever they are: what has an Effect and an Action.
func walk(value any, found func(map[string]any)) {
	switch v := value.(type) {
	case []any:
		for _, one := range v {
			walk(one, found)
		}
	case map[string]any:
		if v["Effect"] != nil && v["Action"] != nil {
			found(v)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			walk(v[name], found)
		}
	}
}
