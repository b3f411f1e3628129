package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// document is the OpenAPI document, as any program reads it.
func document(t *testing.T) map[string]any {
	t.Helper()
	var d map[string]any
	if err := json.Unmarshal(openAPIDocument, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// at follows names into a document.
func at(value any, names ...string) any {
	for _, name := range names {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	return value
}

func TestTheDocumentHasTheRoutes(t *testing.T) {
	h, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	var routes, documented []string
	for _, r := range h.routes {
		routes = append(routes, strings.ToLower(r.method)+" "+r.path)
	}
	for path, methods := range at(document(t), "paths").(map[string]any) {
		for method := range methods.(map[string]any) {
			documented = append(documented, method+" "+path)
		}
	}
	slices.Sort(routes)
	slices.Sort(documented)
	if d := cmp.Diff(routes, documented); d != "" {
		t.Errorf("routes and document differ: %s", d)
	}
}

func TestTheDocumentHasTheParameters(t *testing.T) {
	var documented []string
	d := document(t)
	for _, one := range at(d, "paths", "/api/v1/report/{month}", "get", "parameters").([]any) {
		one = resolve(d, one)
		if at(one, "in") == "query" {
			documented = append(documented, at(one, "name").(string))
		}
	}
	slices.Sort(documented)
	if d := cmp.Diff(parameters(), documented); d != "" {
		t.Error(d)
	}
}

func TestTheDocumentHasTheCodes(t *testing.T) {
	codes := at(document(t), "components", "schemas", "Failure", "properties", "error", "properties", "code", "enum").([]any)
	for _, k := range append(kinds(), kind{code: "upstream"}, kind{code: "unauthorized"}, kind{code: "forbidden"}, kind{code: "unsupported"}) {
		if !slices.Contains(codes, any(k.code)) {
			t.Errorf("%s is not in the document", k.code)
		}
	}
}

// TestAnswersFitTheDocument holds real answers against the document's schemas.
func TestAnswersFitTheDocument(t *testing.T) {
	p := newPast(t)
	s := open(t, Options{Tell: NewTeller(p.options()).Tell, Now: later, Version: "1"})
	d := document(t)
	body := fmt.Sprintf(`{"target_year":%d,"target_month":"%d"}`, lakeMonth.Year, lakeMonth.Month)
	for _, test := range []struct {
		method, path, route, body string
		status                    int
	}{
		{"POST", "/", "/", body, 200},
		{"POST", "/", "/", "{}", 400},
		{"POST", "/", "/", strings.Repeat(" ", MaxBody+1), 413},
		{"GET", "/healthz", "/healthz", "", 200},
		{"GET", "/api/v1/openapi.json", "/api/v1/openapi.json", "", 200},
		{"GET", "/api/v1/report/" + lakeMonth.String(), "/api/v1/report/{month}", "", 200},
		{"GET", "/api/v1/report/2001-05", "/api/v1/report/{month}", "", 200}, // an empty month
		{"GET", "/api/v1/report/2001-13", "/api/v1/report/{month}", "", 400},
	} {
		answer := s.do(test.method, test.path, test.body)
		name := fmt.Sprintf("%s %s %d", test.method, test.path, test.status)
		if answer.status != test.status {
			t.Errorf("%s: %d %s", name, answer.status, answer.body)
			continue
		}
		response := resolve(d, at(d, "paths", test.route, strings.ToLower(test.method), "responses", fmt.Sprint(test.status)))
		schema := at(response, "content", answer.header.Get("Content-Type"), "schema")
		if schema == nil {
			t.Errorf("%s: the document has no such answer", name)
			continue
		}
		var value any
		if err := json.Unmarshal([]byte(answer.body), &value); err != nil {
			t.Fatal(err)
		}
		for _, wrong := range check(d, schema, value, "") {
			t.Errorf("%s: %s", name, wrong)
		}
	}
	request := at(d, "paths", "/", "post", "requestBody", "content", "application/json")
	for name, example := range at(request, "examples").(map[string]any) {
		text, err := json.Marshal(at(example, "value"))
		if err != nil {
			t.Fatal(err)
		}
		if wrong := check(d, at(request, "schema"), at(example, "value"), ""); len(wrong) > 0 {
			t.Errorf("example %s: %v", name, wrong)
		}
		if answer := open(t, Options{}).do(http.MethodPost, "/", string(text)); answer.status != 200 {
			t.Errorf("example %s: %d %s", name, answer.status, answer.body)
		}
	}
}

// TestTheCheckFails shows that what does not fit is seen.
func TestTheCheckFails(t *testing.T) {
	d := document(t)
	for text, schema := range map[string]string{
		`{"status":"SUCCEEDED","body":[]}`:                                         "MonthAnswer",
		`{"status":"SUCCEEDED","body":[{"text":1,"type":"text"}]}`:                 "MonthAnswer",
		`{"status":"FAILED","error":{"code":"odd","message":"x","hint":"y"}}`:      "Failure",
		`{"status":"FAILED","error":{"code":"invalid_json","message":"x"}}`:        "Failure",
		`{"target_year":1.5,"target_month":"1"}`:                                   "MonthRequest",
		`{"account":"1","region":"r","types":[],"from":"x","to":null,"reason":""}`: "Gap",
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		if len(check(d, map[string]any{"$ref": "#/components/schemas/" + schema}, value, "")) == 0 {
			t.Errorf("%s fits %s", text, schema)
		}
	}
}

func resolve(document map[string]any, value any) any {
	ref, ok := at(value, "$ref").(string)
	if !ok {
		return value
	}
	return at(document, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
}

// check tells where a value does not fit a schema: the part of JSON Schema
// 2020-12 that the document uses. A keyword that is not known is told too.
func check(document map[string]any, schema, value any, path string) []string {
	rules, ok := resolve(document, schema).(map[string]any)
	if !ok {
		return []string{path + " has no schema"}
	}
	var wrong []string
	for _, keyword := range slices.Sorted(maps.Keys(rules)) {
		rule := rules[keyword]
		fits := true
		switch keyword {
		case "description", "format":
		case "type":
			kinds, many := rule.([]any)
			if !many {
				kinds = []any{rule}
			}
			fits = slices.ContainsFunc(kinds, func(kind any) bool { return isA(value, kind.(string)) })
		case "const":
			fits = reflect.DeepEqual(value, rule)
		case "enum":
			fits = slices.ContainsFunc(rule.([]any), func(one any) bool { return reflect.DeepEqual(value, one) })
		case "pattern":
			text, isText := value.(string)
			fits = !isText || regexp.MustCompile(rule.(string)).MatchString(text)
		case "minItems":
			list, isList := value.([]any)
			fits = !isList || float64(len(list)) >= rule.(float64)
		case "oneOf":
			n := 0
			for _, one := range rule.([]any) {
				if len(check(document, one, value, path)) == 0 {
					n++
				}
			}
			fits = n == 1
		case "items":
			list, _ := value.([]any)
			for i, one := range list {
				wrong = append(wrong, check(document, rule, one, fmt.Sprintf("%s/%d", path, i))...)
			}
		case "required":
			members, _ := value.(map[string]any)
			for _, name := range rule.([]any) {
				if _, has := members[name.(string)]; !has {
					wrong = append(wrong, fmt.Sprintf("%s lacks %s", path, name))
				}
			}
		case "properties":
			members, _ := value.(map[string]any)
			for name, one := range rule.(map[string]any) {
				if member, has := members[name]; has {
					wrong = append(wrong, check(document, one, member, path+"/"+name)...)
				}
			}
		default:
			fits = false
		}
		if !fits {
			wrong = append(wrong, fmt.Sprintf("%s: %v does not fit %s %v", path, value, keyword, rule))
		}
	}
	return wrong
}

func isA(value any, kind string) bool {
	switch v := value.(type) {
	case nil:
		return kind == "null"
	case bool:
		return kind == "boolean"
	case string:
		return kind == "string"
	case float64:
		return kind == "number" || kind == "integer" && v == math.Trunc(v)
	case []any:
		return kind == "array"
	}
	return kind == "object"
}
