package main

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"configtrail"
	"configtrail/internal/aws"
)

// longestError bounds what a log says of an error, in bytes.
const longestError = 600

// unnamed is an error as a log may hold it: on one line, of bounded length, and
// without the names of objects, which are data.
func unnamed(err error) string {
	text := configtrail.Visible(err.Error())
	if errors.Is(err, errNeeds) { // these are our own words
		return text
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "s3://")
		b.WriteString(before)
		if !found {
			return cut(b.String(), longestError)
		}
		b.WriteString("s3://…")
		// Up to the ": " that separates what from why; a key may hold spaces.
		if i := strings.Index(after, ": "); i >= 0 {
			text = after[i:]
		} else {
			text = ""
		}
	}
}

// hintOf is what to do about an error; "" where nothing is known.
func hintOf(err error) string {
	var hint *configtrail.Hint
	if errors.As(err, &hint) {
		return hint.Next
	}
	return ""
}

// cut bounds a text, in bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	most -= len("…")
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "…"
}

// short is a text of somebody else's for a log or an error.
func short(text string) string { return cut(configtrail.Visible(text), 40) }

// reason is the kind of an error in one word, for counting.
func reason(err error) string {
	var coded interface{ ErrorCode() string }
	switch {
	case errors.Is(err, aws.ErrBusy):
		return "busy"
	case errors.As(err, &coded) && errorCode().MatchString(coded.ErrorCode()):
		return coded.ErrorCode()
	}
	for _, one := range []struct {
		is   error
		name string
	}{
		{context.DeadlineExceeded, "out_of_time"}, {context.Canceled, "out_of_time"},
		{configtrail.ErrNotFound, "not_found"}, {configtrail.ErrInvalid, "invalid"}, {configtrail.ErrTooLarge, "too_large"},
		{configtrail.ErrConflict, "conflict"},
	} {
		if errors.Is(err, one.is) {
			return one.name
		}
	}
	return "other"
}

var errorCode = configtrail.Pattern(`^[A-Za-z][A-Za-z0-9.]{0,63}$`)
