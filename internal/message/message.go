// Package message is what people read: every sentence, label and error in
// Japanese and English, side by side in the catalogues of this folder.
//
// A message holds placeholders: {name} is the value of an argument, with
// thousands separated where it is a number; {name?one:many} is the first word
// where the number is 1 and the second otherwise, for languages that care.
// Values come out as they are: the caller makes hostile text visible and
// escapes it for its format.
package message

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"configtrail"
)

//go:embed catalog/*.json
var catalog embed.FS

// Lang is a language that every message exists in.
type Lang string

// The languages.
const (
	English  Lang = "en"
	Japanese Lang = "ja"
)

// Langs lists the languages.
var Langs = []Lang{English, Japanese}

// Args are the values of a message's placeholders.
type Args map[string]any

// Printer gives messages in one language. It is safe for concurrent use.
type Printer struct {
	lang     Lang
	messages map[string]map[Lang]string
}

// New is a printer for "en" or "ja". Another language gives ErrInvalid.
func New(lang string) (Printer, error) {
	switch Lang(lang) {
	case English, Japanese:
	default:
		return Printer{}, fmt.Errorf("%w: language %q; there are en and ja", configtrail.ErrInvalid, lang)
	}
	messages, err := load(catalog)
	return Printer{Lang(lang), messages}, err
}

// load reads every catalogue. A key that stands in two of them is an error.
func load(files fs.FS) (map[string]map[Lang]string, error) {
	all := map[string]map[Lang]string{}
	names, err := fs.Glob(files, "catalog/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		var one map[string]map[Lang]string
		if err := json.Unmarshal(text, &one); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		for key, texts := range one {
			if _, twice := all[key]; twice {
				return nil, fmt.Errorf("read %s: %s stands in another catalogue too", name, key)
			}
			all[key] = texts
		}
	}
	return all, nil
}

// Lang is the printer's language.
func (p Printer) Lang() Lang { return p.lang }

// Has reports whether there is a message of this key.
func (p Printer) Has(key string) bool { return p.messages[key] != nil }

// Text is the message of a key with its arguments put in. A key or an argument
// that is missing shows in the text as ⟦key⟧, so that a reader and a test see it.
func (p Printer) Text(key string, args Args) string {
	text, ok := p.messages[key][p.lang]
	if !ok {
		return "⟦" + key + "⟧"
	}
	var b strings.Builder
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:open])
		text = text[open+1:]
		end := strings.IndexByte(text, '}')
		if end < 0 {
			return b.String() + "⟦{⟧"
		}
		b.WriteString(fill(text[:end], args))
		text = text[end+1:]
	}
}

// fill is the text of one placeholder.
func fill(placeholder string, args Args) string {
	name, words, choice := strings.Cut(placeholder, "?")
	value, ok := args[name]
	if !ok {
		return "⟦" + name + "⟧"
	}
	if choice {
		one, many, _ := strings.Cut(words, ":")
		if n, ok := number(value); ok && n == 1 {
			return one
		}
		return many
	}
	if n, ok := number(value); ok {
		return Number(n)
	}
	return fmt.Sprint(value)
}

func number(value any) (int64, bool) {
	switch n := value.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	}
	return 0, false
}

// Number writes n with a comma between thousands, as both languages do.
func Number(n int64) string {
	text := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, text = "-", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return sign + text
}
