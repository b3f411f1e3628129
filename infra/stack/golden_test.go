package stack_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden templates anew")

// The templates of all shapes are kept, so that a change of the stack is seen in
// what it changes. go test ./stack -update writes them; read the difference.
func TestTemplatesAreAsKept(t *testing.T) {
	for shape := range shapes {
		t.Run(shape, func(t *testing.T) {
			file := filepath.Join("..", "testdata", shape+".template.json")
			got := template(t, shape).text
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s has changed; go test ./stack -update keeps what it is now:\n%s", file, difference(string(want), string(got)))
			}
		})
	}
}

// The text of a template does not depend on the run that made it.
func TestTemplatesAreReproducible(t *testing.T) {
	if !bytes.Equal(template(t, "control-tower").text, parse(t, load(t, "control-tower")).text) {
		t.Error("the same settings gave two templates")
	}
}

// difference shows the lines that went and came, each with the path of the object
// that it stands in.
func difference(want, got string) string {
	before, after := paths(want), paths(got)
	var out []string
	for _, line := range before {
		if !slices.Contains(after, line) {
			out = append(out, "- "+line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			out = append(out, "+ "+line)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int {
		pathA, _, _ := strings.Cut(a[2:], ": ")
		pathB, _, _ := strings.Cut(b[2:], ": ")
		return strings.Compare(pathA, pathB)
	})
	if len(out) > 60 {
		out = append(out[:60], fmt.Sprintf("… and %d lines more", len(out)-60))
	}
	return strings.Join(out, "\n")
}

// paths gives each line of an indented JSON with where it stands. Within lists the
// place is left out, so that what is inserted does not move what stands behind it.
func paths(text string) []string {
	var at, out []string
	for line := range strings.Lines(text) {
		content := strings.TrimLeft(line, " ")
		depth := len(line) - len(content)
		at = at[:min(depth, len(at))]
		for len(at) < depth {
			at = append(at, "")
		}
		content = strings.TrimRight(content, ",\n")
		if name, _, named := strings.Cut(content, `": `); named && (strings.HasSuffix(content, "{") || strings.HasSuffix(content, "[")) {
			at = append(at, strings.Trim(name, `"`))
		}
		if strings.Trim(content, "{}[]") != "" {
			out = append(out, strings.Trim(strings.Join(at[:min(depth, len(at))], "."), ".")+": "+content)
		}
	}
	return out
}
