package raw

import (
	"strings"
	"testing"
)

func TestHiveTypes(t *testing.T) {
	parsed, err := parseHive("Array< STRUCT <resourceId : string, `Tags`:map<string,string>, n:decimal(10, 2),\n relationships:array<struct<a:int,b:array<string>>> > >")
	if err != nil {
		t.Fatal(err)
	}
	members, ok := parsed.items()
	if !ok || len(members) != 4 {
		t.Fatal(parsed)
	}
	if !members["resourceid"].isText() || members["tags"].name != "map" || members["n"].name != "decimal(10, 2)" {
		t.Error(members)
	}
	if inner, ok := members["relationships"].items(); !ok || inner["b"].name != "array" || inner["a"].name != "int" {
		t.Error(members["relationships"])
	}
	for _, broken := range []string{
		"", "array<", "array<struct<a>>", "array<struct<a:>>", "array<struct<:string>>", "map<string,string", "string>", "array<struct<a:string>> x",
		strings.Repeat("array<", 100) + "string" + strings.Repeat(">", 100),
	} {
		if parsed, err := parseHive(broken); err == nil {
			t.Errorf("%q is %v", broken, parsed)
		}
	}
}

func FuzzHiveTypes(f *testing.F) {
	f.Add("array<struct<resourceId:string,tags:map<string,string>>>")
	f.Add("decimal(10,2)")
	f.Fuzz(func(t *testing.T, text string) {
		if parsed, err := parseHive(text); err == nil && parsed.name == "" {
			t.Errorf("%q has no name", text)
		}
	})
}
