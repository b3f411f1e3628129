package trinosql

import (
	"fmt"
	"regexp"
	"strings"

	"configtrail"
	"configtrail/internal/engine"
)

// Keys may hold spaces and brackets: what a message puts behind the key ends it
// best, be it the end of the line, else a space does.
var objectURI = []func() *regexp.Regexp{
	configtrail.Pattern(`(?m)Failed to read file at (s3[an]?://\S.*)$`),
	configtrail.Pattern(`(s3[an]?://\S.*?) \(offset=\d+`),
	configtrail.Pattern(`(s3[an]?://[^\s'"]+?\.(?:json\.gz|json|gz|parquet|orc|avro))(?:[\s'",:;)\]}]|\.(?:\s|$)|$)`),
	configtrail.Pattern(`(s3[an]?://[^\s'"]+)`),
}

// object is the s3:// URI that the message names, or "". It is spelled with s3,
// as the column "$path" is.
func (f Failure) object() string {
	for i, pattern := range objectURI {
		found := pattern().FindStringSubmatch(f.Message)
		if found == nil {
			continue
		}
		uri := found[1]
		if i == len(objectURI)-1 {
			uri = strings.TrimRight(uri, ".,:;)]}")
		}
		_, rest, _ := strings.Cut(uri, "://")
		return "s3://" + rest
	}
	return ""
}

// objectRule knows failures that one object causes, and what it says of a file
// of a table that is not there any more.
func objectRule(f Failure) *configtrail.Problem {
	uri, reason := f.object(), f.reason()
	switch {
	case f.says("NoSuchKey", "does not exist") && uri != "" && strings.HasPrefix(f.Name, "ICEBERG_"),
		f.is("ICEBERG_MISSING_METADATA", "ICEBERG_INVALID_SNAPSHOT_ID"):
		return problem("engine_moved", map[string]any{"reason": reason},
			fmt.Errorf("files of the lake were removed while the query ran: %s", configtrail.Visible(reason)))
	case !f.breaksOnData():
		return nil
	case uri == "":
		return problem("engine_unread", map[string]any{"reason": reason},
			fmt.Errorf("an object of the table can't be read, and the engine does not say which: %s", configtrail.Visible(reason)))
	}
	bad := &engine.BadObject{URI: uri, Reason: reason}
	return problem("engine_bad_object", map[string]any{"uri": uri, "reason": reason}, bad)
}

// breaksOnData reports whether reading the data failed, rather than the statement.
func (f Failure) breaksOnData() bool {
	return f.is("HIVE_BAD_DATA", "HIVE_CURSOR_ERROR", "HIVE_CANNOT_OPEN_SPLIT", "HIVE_FILE_NOT_FOUND", "HIVE_MISSING_DATA", "HIVE_UNKNOWN_ERROR",
		"ICEBERG_BAD_DATA", "ICEBERG_CURSOR_ERROR", "ICEBERG_CANNOT_OPEN_SPLIT") ||
		f.says("not a valid JSON", "JSONException", "Error opening Hive split", "Failed to read file at", "InvalidObjectState")
}

// statementRule knows statements that the engine does not understand.
func statementRule(f Failure) *configtrail.Problem {
	if !f.is("SYNTAX_ERROR", "TYPE_MISMATCH", "FUNCTION_NOT_FOUND", "INVALID_FUNCTION_ARGUMENT", "NOT_SUPPORTED", "INVALID_CAST_ARGUMENT", "INVALID_LITERAL",
		"AMBIGUOUS_NAME", "EXPRESSION_NOT_AGGREGATE", "MISMATCHED_COLUMN_ALIASES", "MISSING_COLUMN_NAME", "INVALID_ARGUMENTS", "DIVISION_BY_ZERO",
		"NUMERIC_VALUE_OUT_OF_RANGE", "INVALID_LIMIT_CLAUSE", "MISSING_ATTRIBUTE", "DUPLICATE_COLUMN_NAME", "FUNCTION_IMPLEMENTATION_ERROR") &&
		!f.says("Queries of this type are not supported", "mismatched input") {
		return nil
	}
	reason := f.reason()
	return problem("engine_syntax", map[string]any{"reason": reason}, fmt.Errorf("%w: %s", configtrail.ErrInvalid, configtrail.Visible(reason)))
}
