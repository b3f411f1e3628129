package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"configtrail/internal/message"
)

// MaxBody is how large the body of a request may be, in bytes.
const MaxBody = 64 << 10

// members are a JSON object's, as they were written.
type members map[string]json.RawMessage

// readBody reads the one JSON object of a request.
func readBody(r *http.Request) (members, *failure) {
	if failed := checkType(r.Header); failed != nil {
		return nil, failed
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	switch {
	case err != nil && r.Context().Err() != nil:
		return nil, &failure{Status: http.StatusServiceUnavailable, Code: "stopped", cause: err}
	case err != nil:
		return nil, &failure{Status: http.StatusBadRequest, Code: "invalid_json", Key: "body_cut_off", cause: err}
	case len(text) > MaxBody:
		return nil, &failure{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Key: "body_too_large",
			Args: message.Args{"max": MaxBody / 1024, "example": example}, Header: http.Header{"Connection": {"close"}}}
	}
	object, err := parseObject(text)
	if err != nil {
		return nil, &failure{Status: http.StatusBadRequest, Code: "invalid_json", Args: message.Args{"what": visible(err.Error()), "example": example}}
	}
	return object, nil
}

// checkType refuses what is not JSON. curl -d calls whatever it sends a form, and
// that is what people send, so that name passes; what is really a form then is
// no JSON.
func checkType(header http.Header) *failure {
	refused := func(what string) *failure {
		return &failure{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type",
			Args: message.Args{"type": visible(what)}, Header: http.Header{"Accept": {"application/json"}}}
	}
	if encoding := header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return refused("Content-Encoding: " + encoding)
	}
	given := header.Get("Content-Type")
	if given == "" {
		return nil
	}
	kind, parameters, err := mime.ParseMediaType(given)
	if err != nil || kind != "application/json" && kind != "application/x-www-form-urlencoded" {
		return refused(given)
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "us-ascii") {
		return refused(given)
	}
	return nil
}

// parseObject reads exactly one object, each of whose keys stands there once: a
// key that is given twice means one thing to one reader and another to the next.
// A byte order mark, which some editors write, is passed over.
func parseObject(text []byte) (members, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return nil, errors.New("it is empty")
	case !utf8.Valid(text):
		return nil, errors.New("it is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return nil, errors.New("it is not an object in braces")
	}
	object := members{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, syntax(err)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, syntax(err)
		}
		name := key.(string) // in an object, what stands before a value is a text, or Token fails
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("%q stands in it twice", message.Clip(name, 40))
		}
		object[name] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, syntax(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the object")
	}
	return object, nil
}

// syntax is what is wrong with JSON, in words of ours.
func syntax(err error) error {
	var wrong *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("at byte %d: %w", wrong.Offset, wrong)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends too early")
	}
	return err
}

// text is a member that is a text or a number, as text; empty for one that is
// missing or null. Anything else is none.
func (m members) text(name string) (text string, ok bool) {
	raw := m[name]
	if raw == nil || string(raw) == "null" {
		return "", true
	}
	if json.Unmarshal(raw, &text) == nil {
		return text, true
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String(), true
	}
	return string(raw), false
}
