package redact

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"configtrail"
)

// keyBytes is the length of a key: as long as the hash it is used with.
const keyBytes = 32

// generatedChars is how many characters of 62 are as hard to guess as a key.
const generatedChars = 43

// Key is a lake's redaction key. The secret stays out of logs and JSON: only the
// id is exported, and Key prints as its id.
type Key struct {
	ID     string // 16 hexadecimal digits that name the key and tell nothing about it
	secret []byte
}

// Bytes is the secret, for New and for hashing states. The caller must not write to it.
func (k Key) Bytes() []byte { return k.secret }

// String is the key's id.
func (k Key) String() string { return k.ID }

// Format keeps the secret out of every verb, such as %x, which would print the fields.
func (k Key) Format(state fmt.State, _ rune) { fmt.Fprint(state, k.ID) }

// NewKey makes a Key of 32 secret bytes, wherever they came from.
func NewKey(secret []byte) (Key, error) {
	if len(secret) != keyBytes {
		return Key{}, fmt.Errorf("%w: a redaction key has %d bytes, not %d", configtrail.ErrInvalid, keyBytes, len(secret))
	}
	secret = bytes.Clone(secret)
	return Key{ID: keyID(secret), secret: secret}, nil
}

// keyID is a hash of a keyed hash: it can be published beside data that the key
// protects without being one of the values the key is used for.
func keyID(secret []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("configtrail redaction key id"))
	sum := sha256.Sum256(mac.Sum(nil))
	return hex.EncodeToString(sum[:8])
}

// RandomKey is a key for this process only, for output redaction where no key
// is set up. Its markers can't be compared with those of another run.
func RandomKey() Key {
	secret := make([]byte, keyBytes)
	rand.Read(secret) // never returns an error: it ends the program where there is no randomness
	return Key{ID: keyID(secret), secret: secret}
}

// ParseKey reads a secret that holds a key: the text of a key file, or one that
// Secrets Manager generated, which is at least 43 letters and digits at random.
// Space around it is ignored.
func ParseKey(text string) (Key, error) {
	text = strings.TrimSpace(text)
	if isHex(text) {
		return parseHexKey(text)
	}
	// No error holds a part of the secret.
	switch {
	case strings.Trim(text, lowerCase+upperCase+digits) != "":
		return Key{}, fmt.Errorf("%w: a redaction key is %d hexadecimal digits, or at least %d random letters and digits and nothing else",
			configtrail.ErrInvalid, 2*keyBytes, generatedChars)
	case len(text) < generatedChars:
		return Key{}, fmt.Errorf("%w: a redaction key has at least %d random letters and digits, not %d", configtrail.ErrInvalid, generatedChars, len(text))
	case !strings.ContainsAny(text, lowerCase) || !strings.ContainsAny(text, upperCase) || !strings.ContainsAny(text, digits):
		// Chance makes this once in a thousand million times; a slip in typing a key file makes it often.
		return Key{}, fmt.Errorf("%w: a generated redaction key has small letters, capitals and digits", configtrail.ErrInvalid)
	}
	sum := sha256.Sum256([]byte("configtrail redaction key\n" + text))
	return NewKey(sum[:])
}

const (
	lowerCase = "abcdefghijklmnopqrstuvwxyz"
	upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits    = "0123456789"
)

// parseHexKey reads the text of a key file: 64 hexadecimal digits.
func parseHexKey(text string) (Key, error) {
	secret, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil {
		// The decoder's error would quote a character of the secret.
		return Key{}, fmt.Errorf("%w: a redaction key is written as %d hexadecimal digits", configtrail.ErrInvalid, 2*keyBytes)
	}
	return NewKey(secret)
}

// DefaultKeyPath is where the key of a lake lies unless told otherwise, below
// the user's configuration folder. The lake's part of it is a hash of where the
// lake is, so that two lakes have two keys and the path is legal everywhere.
func DefaultKeyPath(configDir, lake string) string {
	sum := sha256.Sum256([]byte(lake))
	return filepath.Join(configDir, "configtrail", "keys", hex.EncodeToString(sum[:8])+".key")
}

// LoadKey reads a key file. No file is ErrNotFound. A file that others than its
// owner can read or write is refused: whoever has the key can test guesses
// against every marker of the lake.
func LoadKey(path string) (Key, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Key{}, fmt.Errorf("read redaction key %s: %w", path, configtrail.ErrNotFound)
	}
	if err != nil {
		return Key{}, fmt.Errorf("read redaction key: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Key{}, fmt.Errorf("read redaction key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Key{}, fmt.Errorf("read redaction key %s: %w: not a regular file", path, configtrail.ErrInvalid)
	}
	if loose(info.Mode()) {
		err := fmt.Errorf("read redaction key %s: %w: mode %04o lets others than its owner at it", path, configtrail.ErrInvalid, info.Mode().Perm())
		return Key{}, configtrail.WithHint(err, "run chmod 600 "+path)
	}
	text, err := io.ReadAll(io.LimitReader(file, 4*keyBytes)) // longer than any key with its line end
	if err != nil {
		return Key{}, fmt.Errorf("read redaction key: %w", err)
	}
	key, err := parseHexKey(string(text))
	if err != nil {
		return Key{}, fmt.Errorf("read redaction key %s: %w", path, err)
	}
	return key, nil
}

// CreateKey makes a random key and writes it to path, readable by its owner
// only. A file that is there is never replaced: that is fs.ErrExist, also for
// one of two processes that create at the same moment. A reader sees the whole
// key or no file.
func CreateKey(path string) (Key, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Key{}, fmt.Errorf("create redaction key: %w", err)
	}
	key := RandomKey()
	temp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // 0600
	if err != nil {
		return Key{}, fmt.Errorf("create redaction key: %w", err)
	}
	defer func() { _ = os.Remove(temp.Name()) }() // the key has a name of its own by then
	_, err = temp.WriteString(hex.EncodeToString(key.secret) + "\n")
	if err == nil {
		err = temp.Sync()
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return Key{}, fmt.Errorf("create redaction key: %w", err)
	}
	// A link, unlike a rename, fails where the name is taken.
	if err := os.Link(temp.Name(), path); err != nil {
		return Key{}, fmt.Errorf("create redaction key: %w", err)
	}
	return key, nil
}

// LoadOrCreateKey reads the key at path, and makes it where there is none yet.
// Processes that start at the same moment all get the same key.
func LoadOrCreateKey(path string) (Key, error) {
	key, err := LoadKey(path)
	if !errors.Is(err, configtrail.ErrNotFound) {
		return key, err
	}
	if key, err = CreateKey(path); errors.Is(err, fs.ErrExist) {
		return LoadKey(path)
	}
	return key, err
}
