package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"configtrail/internal/cli"
	"configtrail/internal/lake"
)

// A key that functions use too lies in Secrets Manager; whoever has no right to
// it, or another, can't write the lake.
func TestTheKeyOfALakeLiesInASecret(t *testing.T) {
	noProfile(t)
	secrets := map[string]string{
		"generated": "Zq3vB8nKx0LrT5yWcE1dHj7mPu2sGfA9iRoQ4tYb6Vw", // its id was worked out with openssl
		"json":      `{"redact":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}`,
		"short":     "Zq3vB8nKx0",
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ SecretId string }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" {
			t.Errorf("asked %s: %v", r.Header.Get("X-Amz-Target"), err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		text, ok := secrets[asked.SecretId]
		if !ok {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"__type":"ResourceNotFoundException"}`)
			return
		}
		json.NewEncoder(w).Encode(map[string]string{"SecretString": text})
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", server.URL)

	home := t.TempDir()
	run := func(dir, secret string, more ...string) called {
		var out, said bytes.Buffer
		env := map[string]string{"HOME": home, "CONFIGTRAIL_REDACT_KEY_SECRET": secret, "CONFIGTRAIL_AWS_REGION": "eu-west-1", "CONFIGTRAIL_TZ": "UTC"}
		code := cli.Main(t.Context(), cli.Environment{
			Args: append([]string{"init", "--lake", dir}, more...), Getenv: func(name string) string { return env[name] },
			Stdin: strings.NewReader(""), Stdout: &out, Stderr: &said, Now: time.Now,
		})
		return called{code, out.String(), said.String()}
	}
	for _, test := range []struct{ name, secret, id string }{
		{"a generated secret", "generated", "b96064b57476bd93"}, {"a member of a JSON secret", "json#redact", "e78b9e1d4e206c19"},
	} {
		dir := filepath.Join(t.TempDir(), "lake")
		if got := run(dir, test.secret); got.code != 0 {
			t.Fatalf("%s: %+v", test.name, got)
		}
		l, err := lake.Open(t.Context(), lake.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if l.RedactKeyID() != test.id {
			t.Errorf("%s: the lake's key is %s, want %s", test.name, l.RedactKeyID(), test.id)
		}
		l.Close()
		if got := run(dir, test.secret); got.code != 0 {
			t.Errorf("%s, again: %+v", test.name, got)
		}
		other := map[string]string{"generated": "json#redact", "json#redact": "generated"}[test.secret]
		if got := run(dir, other); got.code != 2 || !strings.Contains(got.errors, "was written with another redaction key") {
			t.Errorf("%s, by another key: %+v", test.name, got)
		}
	}
	for _, test := range []struct {
		secret string
		code   int
		said   string
	}{
		{"short", 2, "configtrail: the secret short holds no redaction key: a redaction key has at least 43 random letters and digits, not 10\n  → store the text of the lake's key file in it"},
		{"json", 2, "configtrail: the secret json holds no redaction key: a redaction key is 64 hexadecimal digits, or at least 43 random letters and digits and nothing else\n"},
		{"json#other", 4, `configtrail: read the secret json: no text in its field "other"`},
		{"gone", 4, "configtrail: read the secret gone: there is none of this name in eu-west-1"},
	} {
		dir := filepath.Join(t.TempDir(), "lake")
		got := run(dir, test.secret)
		if got.code != test.code || !strings.HasPrefix(got.errors, test.said) || strings.Contains(got.errors, "Zq3v") {
			t.Errorf("%s: %+v", test.secret, got)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: a lake was made", test.secret)
		}
	}
	if _, err := os.Stat(filepath.Join(home, ".config", "configtrail", "keys")); err == nil {
		t.Error("a key was made beside the secret")
	}
}
