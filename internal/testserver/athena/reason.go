package athena

import (
	"regexp"
	"strings"

	"configtrail/internal/testserver/trino"
)

// userTypes are AthenaError's types of Trino's user errors, by Trino's name.
var userTypes = map[string]int{
	"DIVISION_BY_ZERO":      1001,
	"TYPE_MISMATCH":         1002,
	"COLUMN_NOT_FOUND":      1006,
	"INVALID_CAST_ARGUMENT": 1100,
	"NOT_SUPPORTED":         1200,
	"SCHEMA_NOT_FOUND":      1301,
	"TABLE_NOT_FOUND":       1301,
	"CATALOG_NOT_FOUND":     1301,
	"FUNCTION_NOT_FOUND":    1303,
}

// Types of AthenaError where Trino's name decides nothing.
const (
	typeExhausted = 0
	typeEngine    = 200
	typeUser      = 1000
)

// injected finds the column in Trino's message about an injected partition.
var injected = regexp.MustCompile(`[Cc]olumn '([^']+)' failed\. Injected`)

// explain says Trino's error in Athena's words.
func explain(e *trino.Error, catalog string) *athenaError {
	out := &athenaError{ErrorMessage: e.ErrorName + ": " + strings.ReplaceAll(e.Message, "'"+catalog+".", "'"+strings.ToLower(athenaCatalog)+".")}
	if found := injected.FindStringSubmatch(e.Message); found != nil {
		out.ErrorMessage = "CONSTRAINT_VIOLATION: Injected projected partition column " + found[1] +
			" must have only (and at least one) equality conditions in the WHERE clause!"
	}
	switch e.ErrorType {
	case "USER_ERROR":
		out.ErrorCategory, out.ErrorType = 2, typeUser
		if kind, ok := userTypes[e.ErrorName]; ok {
			out.ErrorType = kind
		}
	case "INSUFFICIENT_RESOURCES":
		out.ErrorCategory, out.ErrorType = 2, typeExhausted
		out.ErrorMessage = "Query exhausted resources at this scale factor"
	default:
		out.ErrorCategory, out.ErrorType = 1, typeEngine
	}
	return out
}
