package redact_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"configtrail"
	"configtrail/internal/redact"
)

// keyText and keyID were worked out with openssl: the id is the start of
// SHA-256 over HMAC-SHA-256 of the words "configtrail redaction key id".
const (
	keyText = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	keyID   = "e78b9e1d4e206c19"
)

func TestKeyID(t *testing.T) {
	key, err := redact.ParseKey(" " + keyText + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if key.ID != keyID {
		t.Errorf("ID = %s, want %s", key.ID, keyID)
	}
	if key.Bytes()[31] != 31 || len(key.Bytes()) != 32 {
		t.Errorf("Bytes = %x", key.Bytes())
	}
}

// A secret that Secrets Manager generated is hashed to a key; its id was worked
// out with openssl too.
func TestGeneratedKey(t *testing.T) {
	const text = "Zq3vB8nKx0LrT5yWcE1dHj7mPu2sGfA9iRoQ4tYb6Vw" // 43 characters
	key, err := redact.ParseKey(text + "\n")
	if err != nil || key.ID != "b96064b57476bd93" || len(key.Bytes()) != 32 {
		t.Errorf("%s, %v", key, err)
	}
	for name, wrong := range map[string]string{
		"one too short": text[1:], "a sign": text + "!", "a line": text + "\n" + text, "a space": text[:20] + " " + text[20:],
		"no capitals": strings.ToLower(text), "no digits": strings.Repeat("aB", 30), "full-width digits": strings.Repeat("aB１", 20),
		"a long name": "configtrail/production/redaction-key/of-the-lake",
	} {
		if _, err := redact.ParseKey(wrong); !errors.Is(err, configtrail.ErrInvalid) || strings.Contains(err.Error(), wrong[:8]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A key file holds a key itself.
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := redact.LoadKey(path); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("a generated secret in a file: %v", err)
	}
}

func TestKeyIsNeverPrinted(t *testing.T) {
	key, err := redact.ParseKey(keyText)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s %x %q %d", key, key, key, key, key, key, key) + string(text)
	for _, secret := range []string{keyText[:16], "1 2 3", "0x1, 0x2"} {
		if strings.Contains(printed, secret) {
			t.Errorf("the key shows in %s", printed)
		}
	}
}

func TestKeyTextIsRefused(t *testing.T) {
	for _, text := range []string{"", keyText[:62], keyText + "00", strings.Replace(keyText, "0", "g", 1)} {
		_, err := redact.ParseKey(text)
		if !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("ParseKey(%q) = %v, want ErrInvalid", text, err)
		}
		if err != nil && strings.Contains(err.Error(), "'g'") {
			t.Errorf("the error quotes the key: %v", err)
		}
	}
}

func TestCreateAndLoadKey(t *testing.T) {
	path := redact.DefaultKeyPath(t.TempDir(), "s3://bucket/lake")
	if _, err := redact.LoadKey(path); !errors.Is(err, configtrail.ErrNotFound) {
		t.Errorf("no file: %v, want ErrNotFound", err)
	}
	made, err := redact.CreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := redact.LoadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if loaded.ID != made.ID || !bytes.Equal(loaded.Bytes(), made.Bytes()) {
		t.Errorf("made %s, loaded %s", made, loaded)
	}
	if _, err := redact.CreateKey(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second key was made over the first: %v", err)
	}
	if names, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(names) != 1 {
		t.Errorf("the folder holds %v", names)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %04o", info.Mode().Perm())
	}
}

func TestLooseKeyFileIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes do not tell who may read a file here")
	}
	path := filepath.Join(t.TempDir(), "key")
	if _, err := redact.CreateKey(path); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o601} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := redact.LoadKey(path)
		var hint *configtrail.Hint
		if !errors.Is(err, configtrail.ErrInvalid) || !errors.As(err, &hint) || hint.Next != "run chmod 600 "+path {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	if _, err := redact.LoadKey(filepath.Dir(path)); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("a folder: %v, want ErrInvalid", err)
	}
}

func TestOneKeyForAllWhoStartTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "key")
	ids := make([]string, 16)
	var group sync.WaitGroup
	for i := range ids {
		group.Go(func() {
			key, err := redact.LoadOrCreateKey(path)
			if err != nil {
				t.Error(err)
			}
			ids[i] = key.ID
		})
	}
	group.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Fatalf("several keys: %v", ids)
		}
	}
}

func TestRandomKeysDiffer(t *testing.T) {
	if one, two := redact.RandomKey(), redact.RandomKey(); one.ID == two.ID {
		t.Error("two random keys are one")
	}
	if redact.DefaultKeyPath("c", "a") == redact.DefaultKeyPath("c", "b") {
		t.Error("two lakes have one key file")
	}
}
