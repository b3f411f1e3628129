package trinosql

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"configtrail"
)

// Failure is why the engine gave up on a query.
type Failure struct {
	Name    string // TABLE_NOT_FOUND; "" where the engine gave none
	Message string // its words, which may hold anything from the data
}

// named splits "TABLE_NOT_FOUND: line 1:15: …" into name and message.
var named = configtrail.Pattern(`^\s*([A-Z][A-Z0-9_]{3,}):?\s+`)

// ParseFailure reads a message that may begin with the failure's name, as
// Athena's do, and leaves out what Athena adds about forums and support.
func ParseFailure(message string) Failure {
	for _, advice := range []string{"\nThis query ran against the ", " This query ran against the ", "Please post the error message on our forum"} {
		if i := strings.Index(message, advice); i > 0 {
			message = message[:i]
		}
	}
	f := Failure{Message: strings.TrimSpace(message)}
	if found := named().FindStringSubmatch(message); found != nil {
		f.Name, f.Message = found[1], strings.TrimSpace(message[len(found[0]):])
	}
	return f
}

// Problem tells a person what happened and what to do.
func (f Failure) Problem() error {
	for _, rule := range rules {
		if p := rule(f); p != nil {
			return p
		}
	}
	reason := f.reason()
	return problem("engine_failed", map[string]any{"reason": reason}, fmt.Errorf("the query failed: %s", configtrail.Visible(reason)))
}

// rules are tried in turn. Refusals come first: they stand inside of messages
// about objects, which are not to blame.
var rules = []func(Failure) *configtrail.Problem{
	deniedRule, regionRule, slowRule, limitRule, missingRule, injectedRule, objectRule, statementRule,
}

func problem(key string, args map[string]any, err error) *configtrail.Problem {
	return &configtrail.Problem{Key: key, Args: args, Err: err}
}

// maxReason bounds how much of an engine's words is told, in runes.
const maxReason = 400

// reason is the message on one line, visible and not too long.
func (f Failure) reason() string {
	text := strings.Join(strings.Fields(cmp.Or(f.Message, f.Name, "no reason was given")), " ")
	if utf8.RuneCountInString(text) > maxReason {
		text = string([]rune(text)[:maxReason]) + "…"
	}
	return configtrail.Visible(text)
}

// is reports whether the failure has one of the names.
func (f Failure) is(names ...string) bool {
	for _, name := range names {
		if f.Name == name {
			return true
		}
	}
	return false
}

// says reports whether the message holds one of the texts, in any case.
func (f Failure) says(texts ...string) bool {
	message := strings.ToLower(f.Message)
	for _, text := range texts {
		if strings.Contains(message, strings.ToLower(text)) {
			return true
		}
	}
	return false
}

var (
	notAuthorized = configtrail.Pattern(`not authorized to perform: ([\w-]+:\w+)(?:[^.]*? on resource: "?([^\s"]+))?`)
	lakeFormation = configtrail.Pattern(`(?i)insufficient lake formation permission\(s\):? *(?:required )?([\w ]+?) on ([\w.*-]+)`)
)

func deniedRule(f Failure) *configtrail.Problem {
	if found := notAuthorized().FindStringSubmatch(f.Message); found != nil {
		return Denied(found[1], found[2])
	}
	if found := lakeFormation().FindStringSubmatch(f.Message); found != nil {
		return Denied("lakeformation:"+strings.TrimSpace(found[1]), found[2])
	}
	switch {
	case f.says("InvalidObjectState", "storage class"): // S3 answers 403 to what lies in an archive
		return nil
	case f.says("Access Denied (Service: Amazon S3", "Access Denied (Service: S3", "AccessDenied", "Status Code: 403") && f.says("s3"):
		return Denied("s3:GetObject", f.object())
	case f.is("PERMISSION_DENIED", "ACCESS_DENIED"), f.says("Access Denied:", "Insufficient permissions"):
		reason := f.reason()
		return problem("engine_denied_because", map[string]any{"reason": reason}, fmt.Errorf("access denied: %s", configtrail.Visible(reason)))
	}
	return nil
}

// Denied is the Problem of a permission that is missing. The resource may be "".
func Denied(action, resource string) *configtrail.Problem {
	if resource == "" {
		return problem("engine_denied", map[string]any{"action": action}, fmt.Errorf("access denied: %s", configtrail.Visible(action)))
	}
	return problem("engine_denied_on", map[string]any{"action": action, "resource": resource},
		fmt.Errorf("access denied: %s on %s", configtrail.Visible(action), configtrail.Visible(resource)))
}

func regionRule(f Failure) *configtrail.Problem {
	if !f.says("PermanentRedirect", "Status Code: 301", "MovedPermanently", "AuthorizationHeaderMalformed", "must be addressed using the specified endpoint", "bucket is in this region") {
		return nil
	}
	return problem("engine_region", nil, errors.New("a bucket of the query lies in another region than the engine"))
}

func slowRule(f Failure) *configtrail.Problem {
	switch {
	case f.is("QUERY_QUEUE_FULL"), f.says("SlowDown", "reduce your request rate", "Status Code: 503", "Rate exceeded", "Too many queued queries"):
		return Throttled()
	}
	return nil
}

// Throttled is the Problem of a service that went on asking to slow down.
func Throttled() *configtrail.Problem {
	return problem("engine_throttled", nil, errors.New("the engine has too much to do and went on asking to wait"))
}

func limitRule(f Failure) *configtrail.Problem {
	switch {
	case f.is("EXCEEDED_SCAN_LIMIT"), f.says("Bytes scanned limit was exceeded"):
		return problem("engine_cutoff", nil, fmt.Errorf("%w: the query was stopped by a limit on the bytes that one may read", configtrail.ErrOverBudget))
	case f.is("EXCEEDED_MEMORY_LIMIT", "EXCEEDED_GLOBAL_MEMORY_LIMIT", "EXCEEDED_LOCAL_MEMORY_LIMIT", "CLUSTER_OUT_OF_MEMORY", "OUT_OF_SPILL_SPACE", "GENERIC_INSUFFICIENT_RESOURCES"),
		f.says("exhausted resources"):
		return problem("engine_exhausted", nil, fmt.Errorf("%w: the query needs more memory than the engine has for it", configtrail.ErrTooLarge))
	case f.is("EXCEEDED_TIME_LIMIT", "EXCEEDED_CPU_LIMIT", "ABANDONED_QUERY"), f.says("Query timeout", "exceeded the maximum run time", "exceeded maximum time limit"):
		return problem("engine_timeout", nil, fmt.Errorf("%w: the query took longer than the engine allows", configtrail.ErrTooLarge))
	case f.is("QUERY_TEXT_TOO_LARGE", "COMPILER_ERROR", "STACK_OVERFLOW"):
		return problem("engine_statement", map[string]any{"reason": f.reason()}, fmt.Errorf("%w: the statement is too large: %s", configtrail.ErrTooLarge, configtrail.Visible(f.reason())))
	case f.is("ADMINISTRATIVELY_KILLED", "ADMINISTRATIVELY_PREEMPTED", "USER_CANCELED", "USER_CANCELLED"):
		return Stopped()
	}
	return nil
}

// Stopped is the Problem of a query that somebody else ended.
func Stopped() *configtrail.Problem {
	return problem("engine_stopped", nil, errors.New("the query was stopped from outside"))
}

var (
	tableName   = configtrail.Pattern(`(?i)table '?([\w.$*-]+)'? (?:does not exist|not found)`)
	schemaName  = configtrail.Pattern(`(?i)(?:schema|database) '?([\w.$*-]+)'? (?:does not exist|not found)`)
	catalogName = configtrail.Pattern(`(?i)(?:catalog|data ?source) '?([\w.$*-]+)'? (?:does not exist|not found)`)
	columnName  = configtrail.Pattern(`(?i)column '?([\w.$*-]+)'? (?:cannot be resolved|does not exist|not found)`)
)

func missingRule(f Failure) *configtrail.Problem {
	for _, missing := range []struct {
		key, arg, name string
		in             *regexp.Regexp
	}{
		{"engine_catalog", "catalog", "CATALOG_NOT_FOUND", catalogName()},
		{"engine_database", "database", "SCHEMA_NOT_FOUND", schemaName()},
		{"engine_table", "table", "TABLE_NOT_FOUND", tableName()},
		{"engine_column", "column", "COLUMN_NOT_FOUND", columnName()},
	} {
		found := missing.in.FindStringSubmatch(f.Message)
		if found == nil && !f.is(missing.name) {
			continue
		}
		name := f.reason()
		if found != nil {
			name = found[1]
		}
		return problem(missing.key, map[string]any{missing.arg: name},
			fmt.Errorf("%w: %s %s", configtrail.ErrNotFound, missing.arg, configtrail.Visible(name)))
	}
	return nil
}

var injectedColumn = configtrail.Pattern(`(?i)(?:partition(?:ed)? column|projection for column) '?([\w-]+)'?`)

func injectedRule(f Failure) *configtrail.Problem {
	if !f.is("CONSTRAINT_VIOLATION", "INVALID_COLUMN_PROPERTY", "HIVE_INVALID_PARTITION_VALUE") && !f.says("injected") {
		return nil
	}
	found := injectedColumn().FindStringSubmatch(f.Message)
	if found == nil {
		return nil
	}
	return problem("engine_injected", map[string]any{"column": found[1]},
		fmt.Errorf("%w: partition column %s is injected and needs its values named", configtrail.ErrInvalid, configtrail.Visible(found[1])))
}
