package messages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// schema holds JSON values against the schemas of one OpenAPI document: the part
// of JSON Schema 2020-12 that the document uses. A keyword outside of that part
// is an error, so that nothing the document asks for goes unchecked.
type schema struct {
	root any
}

// silent keywords ask for nothing.
var silent = map[string]bool{
	"title": true, "description": true, "default": true, "example": true, "examples": true, "deprecated": true,
	"discriminator": true, "readOnly": true, "writeOnly": true, "format": true, "nullable": true,
}

// check gives what is wrong with a value, each with its place; empty where it is right.
func (s schema) check(node any, value any, path string) []string {
	var all []string
	add := func(format string, args ...any) {
		all = append(all, strings.TrimPrefix(path+": ", ": ")+fmt.Sprintf(format, args...))
	}
	rules, ok := node.(map[string]any)
	if !ok {
		if node == false {
			add("Extra inputs are not permitted")
		}
		return all
	}
	for _, keyword := range slices.Sorted(maps.Keys(rules)) {
		rule := rules[keyword]
		switch keyword {
		case "$ref":
			target, err := s.resolve(rule)
			if err != nil {
				add("%v", err)
				continue
			}
			all = append(all, s.check(target, value, path)...)
		case "type":
			if !isOfType(value, rule) {
				add("Input should be of type %v", rule)
			}
		case "const":
			if !reflect.DeepEqual(value, rule) {
				add("Input should be %v", rule)
			}
		case "enum":
			if !slices.ContainsFunc(rule.([]any), func(one any) bool { return reflect.DeepEqual(one, value) }) {
				add("Input should be one of %v", rule)
			}
		case "anyOf", "oneOf":
			all = append(all, s.alternatives(keyword, rules, value, path)...)
		case "allOf":
			for _, one := range rule.([]any) {
				all = append(all, s.check(one, value, path)...)
			}
		case "required", "properties", "additionalProperties":
			if keyword == "additionalProperties" || rules["additionalProperties"] == nil && (keyword == "properties" || rules["properties"] == nil) {
				all = append(all, s.members(rules, value, path)...)
			}
		case "items", "minItems", "maxItems":
			if list, ok := value.([]any); ok {
				all = append(all, s.elements(keyword, rule, list, path)...)
			}
		case "minLength", "maxLength", "pattern":
			if text, ok := value.(string); ok && !fits(keyword, rule, text) {
				add("String does not keep to %s %v", keyword, rule)
			}
		case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
			if n, ok := value.(float64); ok && !within(keyword, rule.(float64), n) {
				add("Input does not keep to %s %v", keyword, rule)
			}
		default:
			if !silent[keyword] && !strings.HasPrefix(keyword, "x-") {
				add("the schema has a keyword that is not checked: %s", keyword)
			}
		}
	}
	return all
}

// resolve follows a reference within the document.
func (s schema) resolve(ref any) (any, error) {
	at := s.root
	path, ok := strings.CutPrefix(fmt.Sprint(ref), "#/")
	if !ok {
		return nil, fmt.Errorf("the schema refers to %v", ref)
	}
	for name := range strings.SplitSeq(path, "/") {
		object, _ := at.(map[string]any)
		if at = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]; at == nil {
			return nil, fmt.Errorf("the schema refers to %v, which is not there", ref)
		}
	}
	return at, nil
}

// alternatives holds a value against several schemas. Where a discriminator
// tells which one is meant, its complaints are given, else those of the schema
// that fits furthest.
func (s schema) alternatives(keyword string, rules map[string]any, value any, path string) []string {
	if object, ok := value.(map[string]any); ok {
		if discriminator, ok := rules["discriminator"].(map[string]any); ok {
			if mapping, ok := discriminator["mapping"].(map[string]any); ok {
				name, _ := object[fmt.Sprint(discriminator["propertyName"])].(string)
				if ref, ok := mapping[name]; ok {
					return s.check(map[string]any{"$ref": ref}, value, path)
				}
				return []string{fmt.Sprintf("%s: Input tag %q found does not match any of the expected tags", path, name)}
			}
		}
	}
	var nearest []string
	right := 0
	for _, one := range rules[keyword].([]any) {
		wrong := s.check(one, value, path)
		if len(wrong) == 0 {
			right++
		} else if nearest == nil || depth(wrong) > depth(nearest) {
			nearest = wrong
		}
	}
	if right == 1 || right > 1 && keyword == "anyOf" {
		return nil
	}
	if right > 1 {
		return []string{path + ": Input fits more than one alternative"}
	}
	return nearest
}

// depth is how far into a value a schema fits before the first complaint.
func depth(wrong []string) int {
	place, _, _ := strings.Cut(wrong[0], ": ")
	return strings.Count(place, ".")
}

// members checks the members of an object: those it must have, those it may
// have, and what becomes of others.
func (s schema) members(rules map[string]any, value any, path string) []string {
	object, ok := value.(map[string]any)
	if !ok {
		return nil // "type" tells
	}
	var all []string
	required, _ := rules["required"].([]any)
	for _, name := range required {
		if _, ok := object[name.(string)]; !ok {
			all = append(all, join(path, name.(string))+": Field required")
		}
	}
	properties, _ := rules["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		rule, known := properties[name]
		if !known {
			rule = rules["additionalProperties"]
		}
		if rule != nil {
			all = append(all, s.check(rule, object[name], join(path, name))...)
		}
	}
	return all
}

func (s schema) elements(keyword string, rule any, list []any, path string) []string {
	switch n := float64(len(list)); {
	case keyword == "minItems" && n < rule.(float64), keyword == "maxItems" && n > rule.(float64):
		return []string{fmt.Sprintf("%s: List does not keep to %s %v", path, keyword, rule)}
	case keyword != "items":
		return nil
	}
	var all []string
	for i, one := range list {
		all = append(all, s.check(rule, one, join(path, fmt.Sprint(i)))...)
	}
	return all
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

func isOfType(value, rule any) bool {
	if list, ok := rule.([]any); ok {
		return slices.ContainsFunc(list, func(one any) bool { return isOfType(value, one) })
	}
	switch v := value.(type) {
	case nil:
		return rule == "null"
	case bool:
		return rule == "boolean"
	case string:
		return rule == "string"
	case float64:
		return rule == "number" || rule == "integer" && v == math.Trunc(v)
	case []any:
		return rule == "array"
	}
	return rule == "object"
}

func fits(keyword string, rule any, text string) bool {
	switch keyword {
	case "minLength":
		return float64(utf8.RuneCountInString(text)) >= rule.(float64)
	case "maxLength":
		return float64(utf8.RuneCountInString(text)) <= rule.(float64)
	}
	pattern, err := regexp.Compile(rule.(string))
	return err == nil && pattern.MatchString(text)
}

func within(keyword string, limit, n float64) bool {
	switch keyword {
	case "minimum":
		return n >= limit
	case "maximum":
		return n <= limit
	case "exclusiveMinimum":
		return n > limit
	}
	return n < limit
}

// decode reads one JSON value and nothing behind it. An object that names a
// member twice is refused: a reader would see only one of them.
func decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	value, err := decodeValue(decoder)
	if err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, fmt.Errorf("there is something behind the value")
	}
	return value, nil
}

func decodeValue(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		object := map[string]any{}
		for decoder.More() {
			key, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			if _, twice := object[key.(string)]; twice {
				return nil, fmt.Errorf("the member %q stands there twice", key)
			}
			if object[key.(string)], err = decodeValue(decoder); err != nil {
				return nil, err
			}
		}
		_, err = decoder.Token()
		return object, err
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			one, err := decodeValue(decoder)
			if err != nil {
				return nil, err
			}
			list = append(list, one)
		}
		_, err = decoder.Token()
		return list, err
	}
	return token, nil
}
