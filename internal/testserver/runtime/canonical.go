package runtime

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// canonicalRequest is a request in the form that its signature is made over, by
// the IAM User Guide, "Create a signed AWS API request". It fails where the
// request tells of another body than it has, or signs a header that it lacks.
func canonicalRequest(r *http.Request, signed []string, body []byte) (text string, ok bool) {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if told := r.Header.Values("X-Amz-Content-Sha256"); len(told) > 0 && !slices.Equal(told, []string{hash}) {
		return "", false
	}
	lines := []string{r.Method, canonicalPath(r.URL), canonicalQuery(r.URL.RawQuery)}
	for _, name := range signed {
		values := r.Header.Values(name)
		switch {
		case name == "host": // which net/http keeps elsewhere, like the next
			values = []string{r.Host}
		case name == "content-length":
			values = []string{strconv.Itoa(len(body))}
		case name != strings.ToLower(name), values == nil:
			return "", false
		}
		var plain []string
		for _, value := range values {
			plain = append(plain, strings.Join(strings.Fields(value), " "))
		}
		lines = append(lines, name+":"+strings.Join(plain, ","))
	}
	return strings.Join(append(lines, "", strings.Join(signed, ";"), hash), "\n"), true
}

// canonicalPath is the path as it was sent, each of its parts encoded once more:
// every service but S3 wants it so.
func canonicalPath(u *url.URL) string {
	parts := strings.Split(u.EscapedPath(), "/")
	for i, part := range parts {
		parts[i] = encoded(part)
	}
	if path := strings.Join(parts, "/"); path != "" {
		return path
	}
	return "/"
}

// canonicalQuery is the query decoded, encoded in the one way, and sorted.
func canonicalQuery(raw string) string {
	var pairs []string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		pairs = append(pairs, encoded(decoded(name))+"="+encoded(decoded(value)))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// decoded is a part of a query; one that is no right code stays as it is.
func decoded(part string) string {
	if text, err := url.QueryUnescape(part); err == nil {
		return text
	}
	return part
}

// encoded writes every byte as %XX but the letters, digits and four marks that
// RFC 3986 calls unreserved.
func encoded(text string) string {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
	var b strings.Builder
	for _, c := range []byte(text) {
		if strings.IndexByte(unreserved, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteString(strings.ToUpper(hex.EncodeToString([]byte{c})))
	}
	return b.String()
}
