package settings

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

func oneOf(to *string, value string, allowed ...string) error {
	for _, a := range allowed {
		if value == a {
			*to = value
			return nil
		}
	}
	return fmt.Errorf("%q is none of %s", value, strings.Join(allowed, ", "))
}

// matching sets a text of a form; an empty one takes the setting back.
func matching(to *string, value string, form func() *regexp.Regexp, what string) error {
	if value != "" && !form().MatchString(value) {
		return fmt.Errorf("%q is not %s", value, what)
	}
	*to = value
	return nil
}

func boolean(to *bool, value string) error {
	switch value {
	case "true", "1":
		*to = true
	case "false", "0":
		*to = false
	default:
		return fmt.Errorf("%q is neither true nor false", value)
	}
	return nil
}

// address sets the address of a server.
func address(to *string, value, form string) error {
	if u, err := url.Parse(value); value != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return fmt.Errorf("%q is no address; write it as %s", value, form)
	}
	*to = value
	return nil
}

// whole sets a number of things; 0 takes the setting back.
func whole(to *int64, value string) error {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is no number; write it as 200000", value)
	}
	*to = n
	return nil
}

// money sets an amount of US dollars; 0 takes the setting back.
func money(to *float64, value string) error {
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || !(n >= 0) || math.IsInf(n, 0) {
		return fmt.Errorf("%q is no amount; write it in dollars, as 2.50", value)
	}
	*to = n
	return nil
}

// bytesOf sets a number of bytes, which may have a unit: 500MB, 1.5GB, 2TB, each
// a thousand of the one before, as Athena bills them.
func bytesOf(to *int64, value string) error {
	unit := 1.0
	number := strings.TrimSuffix(strings.ToUpper(value), "B")
	for i, letter := range []string{"K", "M", "G", "T"} {
		if rest, ok := strings.CutSuffix(number, letter); ok {
			number, unit = rest, math.Pow(1000, float64(i+1))
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(n >= 0) || n*unit > math.MaxInt64/2 {
		return fmt.Errorf("%q is no number of bytes; write it as 500MB or 2GB", value)
	}
	*to = int64(n * unit)
	return nil
}
