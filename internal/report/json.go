package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"configtrail"
)

// WriteJSON writes the report as the contract has it, in one line. Characters
// that hide or reorder text are written as escapes: programs read the same
// value, and a terminal shows what is there.
func (r *Report) WriteJSON(w io.Writer) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = w.Write(append(escapeHidden(text), '\n'))
	return err
}

// escapeHidden escapes what configtrail.Visible would show as a code. In JSON it
// can stand only inside strings.
func escapeHidden(text []byte) []byte {
	var b bytes.Buffer
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		one := string(text[:size])
		switch {
		case size == 1 || configtrail.Visible(one) == one:
			b.WriteString(one)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		text = text[size:]
	}
	return b.Bytes()
}
