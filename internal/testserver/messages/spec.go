package messages

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// sdk is the module whose source holds the published description of the API.
const sdk = "github.com/anthropics/anthropic-sdk-go"

// spec is the published OpenAPI document.
type spec struct {
	schema
	bodies map[string]any // schema of a POST's body, by path
}

// loadSpec reads the document from the module cache, where it lies beside the
// client that the program is built with. It is read once.
var loadSpec = sync.OnceValues(readSpec)

func readSpec() (*spec, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", sdk).Output()
	if err != nil {
		return nil, fmt.Errorf("find the module %s: %w", sdk, err)
	}
	name := filepath.Join(strings.TrimSpace(string(out)), "scripts", "mock-spec.json.gz")
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	text, err := io.ReadAll(unzipped)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var root any
	if err := json.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	s := &spec{schema{root}, map[string]any{}}
	for _, path := range []string{"/v1/messages", "/v1/messages/count_tokens"} {
		ref := "#/paths/" + strings.ReplaceAll(path, "/", "~1") + "/post/requestBody/content/application~1json/schema"
		if s.bodies[path], err = s.resolve(ref); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// complaints is what the API would refuse in a body: by the document, and by the
// rules that its text states and a schema can't.
func (s *spec) complaints(path string, body any) []string {
	all := s.check(s.bodies[path], body, "")
	object, _ := body.(map[string]any)
	turns, _ := object["messages"].([]any)
	for i, one := range turns {
		turn, _ := one.(map[string]any)
		want := "user"
		if i%2 == 1 {
			want = "assistant"
		}
		if turn["role"] != want {
			all = append(all, fmt.Sprintf("messages.%d.role: roles have to alternate, and begin with the user's", i))
		}
		for _, text := range texts(turn["content"]) {
			if strings.TrimSpace(text) == "" {
				all = append(all, fmt.Sprintf("messages.%d: text content blocks must contain non-whitespace text", i))
			}
		}
	}
	if len(turns)%2 == 0 {
		all = append(all, "messages: This model does not support assistant message prefill. The conversation must end with a user message.")
	}
	for _, name := range []string{"temperature", "top_p", "top_k"} {
		if _, ok := object[name]; ok {
			all = append(all, name+": may only be set to its default value for this model")
		}
	}
	return all
}

// texts are the texts of a turn's content or of a system prompt.
func texts(content any) []string {
	if text, ok := content.(string); ok {
		return []string{text}
	}
	var all []string
	list, _ := content.([]any)
	for _, one := range list {
		block, _ := one.(map[string]any)
		if text, ok := block["text"].(string); ok {
			all = append(all, text)
		}
	}
	return all
}
