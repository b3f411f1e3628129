package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"configtrail/internal/message"
	"configtrail/internal/settings"
)

// Each phrase is the very sentence of its English message, so that the two can't
// drift apart, and has a Japanese one that keeps what it names.
func TestPhrasesAreTheSentencesOfTheirMessages(t *testing.T) {
	english, err := message.New("en")
	if err != nil {
		t.Fatal(err)
	}
	japanese, err := message.New("ja")
	if err != nil {
		t.Fatal(err)
	}
	a := &app{p: japanese}
	for _, p := range phrases {
		values := message.Args{}
		for _, name := range p.pattern.SubexpNames() {
			if name != "" {
				values[name] = map[string]string{"line": "7", "name": "console", "command": "aws s3 ls"}[name]
			}
			if values[name] == "" {
				values[name] = "given-" + name
			}
		}
		delete(values, "")
		if p.key == "aws.elsewhere" {
			values["name"] = "ap-northeast-1"
		}
		sentence := english.Text("phrase."+p.key, values)
		if !p.pattern.MatchString(sentence) {
			t.Errorf("%s: %s does not match %q", p.key, p.pattern, sentence)
			continue
		}
		said := a.phrase(sentence)
		if said != japanese.Text("phrase."+p.key, values) {
			t.Errorf("%s: %q is said as %q", p.key, sentence, said)
		}
		for _, value := range values {
			if !strings.Contains(said, value.(string)) {
				t.Errorf("%s: %q has lost %q", p.key, said, value)
			}
		}
	}
}

// Every message that the commands name exists, and every message of their two
// catalogues is named. Keys of which a part comes from data are left to the scripts.
func TestMessagesAreUsed(t *testing.T) {
	p, err := message.New("en")
	if err != nil {
		t.Fatal(err)
	}
	source := sourceOf(t) + `"` + strings.Join(settings.Flags(), `" "`) + `"`
	for _, found := range regexp.MustCompile(`\ba\.(?:t|p\.Text)\("([^"]+)"`).FindAllStringSubmatch(source, -1) {
		if key := found[1]; !strings.HasSuffix(key, ".") && !p.Has(key) {
			t.Errorf("there is no message %s", key)
		}
	}
	for _, found := range regexp.MustCompile(`(?:invalid|misused|told)\("([^"]+)"`).FindAllStringSubmatch(source, -1) {
		if key := "error." + found[1]; !p.Has(key) {
			t.Errorf("there is no message %s", key)
		}
	}
	for _, catalogue := range []string{"cli", "errors"} {
		text, err := os.ReadFile(filepath.Join("..", "message", "catalog", catalogue+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var messages map[string]any
		if err := json.Unmarshal(text, &messages); err != nil {
			t.Fatal(err)
		}
		for key := range messages {
			name := key
			switch first, rest, _ := strings.Cut(key, "."); first {
			case "kind", "noise", "warn":
				continue
			case "error", "hint", "phrase", "flag":
				name = rest
			}
			if rest, ok := strings.CutPrefix(key, "cli.completion."); ok {
				name = rest
			}
			if !strings.Contains(source, `"`+name+`"`) && !strings.Contains(source, "."+name+`"`) {
				t.Errorf("nothing says %s", key)
			}
		}
	}
}

// sourceOf is the text of this package without its tests.
func sourceOf(t *testing.T) string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
