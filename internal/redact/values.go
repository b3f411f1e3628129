package redact

import "strings"

// stands reports a text that stands in the place of a secret: nothing, a
// marker, a mask, or a reference that is resolved elsewhere.
func stands(t string) bool {
	if t == "" || isMarker(t) {
		return true
	}
	switch strings.ToLower(t) {
	case "null", "none", "nil", "true", "false", "undefined", "n/a", "na", "-", "yes", "no", "empty",
		"hidden_due_to_security_reasons", "<sensitivedataremoved>", "(sensitive value)", "<redacted>", "redacted", "[redacted]", "***redacted***", "<masked>", "<secret>":
		return true
	}
	if len(t) < 128 && strings.Trim(t, "*") == "" || strings.Trim(t, "xX") == "" && len(t) > 3 {
		return true
	}
	switch {
	case strings.HasPrefix(t, "{{") && strings.HasSuffix(t, "}}") && len(t) < 512 && strings.Count(t, "{{") == 1: // {{resolve:secretsmanager:…}}
		return isReference(t[2 : len(t)-2])
	case strings.HasPrefix(t, "${") && strings.IndexByte(t, '}') == len(t)-1:
		return isReference(t[2 : len(t)-1])
	case strings.HasPrefix(t, "$(") && strings.IndexByte(t, ')') == len(t)-1:
		return true
	case strings.HasPrefix(t, "$") && len(t) > 1:
		return strings.Trim(t[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789") == "" && isLetter(t[1])
	case strings.HasPrefix(t, "%") && strings.HasSuffix(t, "%") && len(t) > 2:
		return isReference(t[1 : len(t)-1])
	case strings.HasPrefix(t, "<") && strings.HasSuffix(t, ">") && len(t) < 64:
		return isReference(t[1 : len(t)-1])
	}
	return isARN(t) || isAccessKeyID(t)
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

// isReference reports the inside of ${…}: a name, not a value. The default of
// ${NAME:-value} is a value.
func isReference(t string) bool {
	if strings.Contains(t, ":-") || strings.Contains(t, ":=") {
		return false
	}
	for _, c := range []byte(t) {
		if !isAlphanumeric(c) && !strings.ContainsRune("_-.:/ @+=", rune(c)) {
			return false
		}
	}
	return true
}

// isARN reports a text that is one ARN. An ARN names a thing and is shown
// everywhere; text that only begins like one is searched.
func isARN(t string) bool {
	if !strings.HasPrefix(t, "arn:") || strings.Count(t, ":") < 5 {
		return false
	}
	for _, c := range []byte(t) {
		if c <= ' ' || c == '"' || c == '\'' || c == '=' || c == '<' || c == ';' || c == '&' {
			return false
		}
	}
	return !strings.Contains(t, "://")
}

// isAccessKeyID reports the id of an access key. It identifies, it does not
// open anything, and it is what ties a leaked key to its user.
func isAccessKeyID(t string) bool {
	if len(t) < 16 || len(t) > 32 {
		return false
	}
	switch t[:4] {
	case "AKIA", "ASIA", "AROA", "AIDA", "AGPA", "AIPA", "ANPA", "ANVA", "ABIA", "ACCA":
	default:
		return false
	}
	for _, c := range []byte(t) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// isHex reports a text of hexadecimal digits: a digest or a commit.
func isHex(t string) bool {
	for _, c := range []byte(t) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return t != ""
}

// isUUID reports the form of a UUID: an id, but also some services' API tokens.
func isUUID(t string) bool {
	return len(t) == 36 && t[8] == '-' && t[13] == '-' && t[18] == '-' && t[23] == '-' &&
		isHex(t[:8]) && isHex(t[9:13]) && isHex(t[14:18]) && isHex(t[19:23]) && isHex(t[24:])
}

// isNumber reports a plain decimal number, a date or a version.
func isNumber(t string) bool {
	for _, c := range []byte(t) {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != ':' {
			return false
		}
	}
	return t != ""
}

// isWord reports one enumeration value: AWS_IAM, required, HeaderAuth. It has
// letters and underscores only.
func isWord(t string, most int) bool {
	for _, c := range []byte(t) {
		if !isLetter(c) {
			return false
		}
	}
	return len(t) <= most
}

// excused reports that a value under a name of this class is none after all.
func excused(class, t string) bool {
	if stands(t) {
		return true
	}
	switch class {
	case classEncryption:
		// The id or alias of a KMS key goes by the same names.
		return isUUID(t) || strings.HasPrefix(t, "alias/") || isEnumeration(t)
	case classKey, classToken, classCredentials, classSecret:
		return isEnumeration(t)
	case classConnection:
		return plainURL(t)
	case classPrivateKey:
		return strings.HasPrefix(t, "/") && len(t) < 256 && !strings.ContainsAny(t, " \n") // the path of a file
	}
	return false
}

// isEnumeration reports values such as NONE, AWS_IAM, required and CODEBUILD
// under a name that could also hold a secret.
func isEnumeration(t string) bool {
	if !isWord(t, 24) {
		return false
	}
	switch t {
	case "required", "optional", "enabled", "disabled", "default", "auto", "inherit", "managed", "custom", "basic", "bearer":
		return true
	}
	return strings.ToUpper(t) == t
}

// plainURL reports a URL, or a JDBC one, that carries nothing but an address.
func plainURL(t string) bool {
	scheme, rest, found := strings.Cut(t, "://")
	if !found || scheme == "" || !isWord(strings.NewReplacer(":", "", "+", "", "-", "").Replace(scheme), 24) {
		return false
	}
	return !strings.ContainsAny(rest, "@?;&= \n\t")
}

// harmlessVariables are the ends of the names of environment variables that say
// how a program runs and where.
var harmlessVariables = []string{
	"region", "level", "name", "names", "table", "bucket", "host", "hostname", "port", "stage", "timezone", "tz", "lang", "locale", "endpoint", "arn", "env", "environment", "mode",
	"timeout", "version", "prefix", "suffix", "zone", "queue", "topic", "cluster", "service", "namespace", "domain", "runtime", "handler", "layer", "retention", "format", "enabled",
	"path", "dir", "directory", "url", "uri", "id", "ids", "debug", "size", "count", "interval", "limit", "user", "username", "schema", "dbname", "database", "output", "wrapper",
	"build", "commit", "sha", "revision", "release",
}

// harmlessVariable reports an environment variable whose value shows that it is
// no secret. Everything else in an environment is hidden: a name such as
// LEGACY_X is no reason to trust what it holds.
func harmlessVariable(name, t string) bool {
	if stands(t) || plainURL(t) && !longPath(t) || isEnumeration(t) {
		return true
	}
	if isNumber(t) {
		return len(t) <= 16
	}
	if isAWSID(t) || isHostName(t) {
		return true
	}
	if len(t) > 256 || looksRandom(t) || strings.ContainsAny(t, "@=\n") {
		return false
	}
	j := joined(name)
	for _, tail := range harmlessVariables {
		if strings.HasSuffix(j, tail) {
			return true
		}
	}
	return false
}

// longPath reports a URL whose path has a segment that looks made up, as the
// address of a webhook, which opens a channel to whoever knows it.
func longPath(t string) bool {
	_, rest, _ := strings.Cut(t, "://")
	_, path, _ := strings.Cut(rest, "/")
	for segment := range strings.SplitSeq(path, "/") {
		if isUUID(segment) || looksRandom(segment) {
			return true
		}
	}
	return false
}

// isAWSID reports ids such as sg-0a1b2c3d, vpc-…, subnet-… and region names.
func isAWSID(t string) bool {
	word, rest, found := strings.Cut(t, "-")
	if !found || !isWord(word, 8) || strings.ToLower(word) != word || len(rest) > 32 {
		return false
	}
	if isHex(rest) && len(rest) >= 8 {
		return true
	}
	parts := strings.Split(t, "-") // ap-northeast-1, us-gov-west-1
	last := parts[len(parts)-1]
	return len(parts) >= 3 && len(parts) <= 4 && len(parts[0]) == 2 && len(last) == 1 && isNumber(last) && isWord(strings.Join(parts[:len(parts)-1], ""), 20)
}

// isHostName reports a dotted lower-case name whose last label is letters only.
func isHostName(t string) bool {
	if len(t) > 253 || !strings.Contains(t, ".") {
		return false
	}
	for _, c := range []byte(t) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	last := t[strings.LastIndexByte(t, '.')+1:]
	return len(last) >= 2 && isWord(last, 24)
}
