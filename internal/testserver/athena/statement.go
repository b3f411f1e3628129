package athena

import (
	"fmt"
	"slices"
	"strings"

	"configtrail/internal/testserver/trino"
)

// statement is a query's text as Athena understands it.
type statement struct {
	sql      string // for Trino
	kind     string // StatementType: DML, DDL, UTILITY
	sub      string // SubstatementType, where it is known
	header   bool   // the results begin with the names of the columns
	suffix   string // of the result's name in S3
	changes  bool   // anything at all
	rejected error  // why it fails on Athena, though Trino would run it
}

// athenaCatalog is Glue's catalog by Athena's name.
const athenaCatalog = "AwsDataCatalog"

// trinoOnly are the first words of statements that Athena has none of.
var trinoOnly = []string{
	"ANALYZE", "CALL", "COMMENT", "COMMIT", "DENY", "GRANT", "KILL", "REFRESH", "RESET", "REVOKE", "ROLLBACK",
	"SET", "START", "TRUNCATE", "USE",
}

// athenaOnly are the first words of statements that Trino has none of.
var athenaOnly = []string{"DEALLOCATE", "EXECUTE", "MSCK", "OPTIMIZE", "PREPARE", "UNLOAD", "VACUUM"}

// parse reads a text for its kind, refuses what Athena refuses before a query
// exists, and writes it anew for Trino's catalog.
func parse(text, catalog string) (*statement, error) {
	all := tokens(text)
	for i, t := range all {
		if text[t.start] != ';' || t.kind != symbol {
			continue
		}
		if i+1 < len(all) {
			return nil, refusal(codeMalformed, "Only one sql statement is allowed. Got: %s", text)
		}
		text, all = text[:t.start], all[:i]
	}
	words := make([]string, len(all))
	for i, t := range all {
		if t.kind == word || t.kind == symbol {
			words[i] = strings.ToUpper(text[t.start:t.end])
		}
	}
	if len(words) == 0 {
		return nil, refusal(codeInput, "queryString is null or empty")
	}
	s, err := classify(words)
	if err != nil {
		return nil, err
	}
	s.rejected = foreign(text, all, words)
	s.sql = rewrite(text, all, words, catalog)
	return s, nil
}

// classify tells the kind of statement by its first words.
func classify(words []string) (*statement, error) {
	second := ""
	if len(words) > 1 {
		second = words[1]
	}
	switch first := words[0]; {
	case first == "WITH" && second == "FUNCTION" || first == "DESCRIBE" && (second == "INPUT" || second == "OUTPUT"),
		first == "SHOW" && (second == "SESSION" || second == "ROLES" || second == "GRANTS" || second == "ROLE"),
		first == "CREATE" && (second == "ROLE" || second == "FUNCTION" || second == "MATERIALIZED" || second == "CATALOG"),
		slices.Contains(trinoOnly, first):
		return nil, refusal(codeInput, "Queries of this type are not supported")
	case slices.Contains(athenaOnly, first), first == "CREATE" && second == "EXTERNAL":
		return nil, refusal(codeInput, "this server runs statements on Trino, which has no %s", strings.TrimSpace(first+" "+second))
	case slices.Contains([]string{"SELECT", "WITH", "VALUES", "TABLE", "("}, first):
		return &statement{kind: "DML", sub: "SELECT", header: true, suffix: ".csv"}, nil
	case first == "EXPLAIN":
		return &statement{kind: "DML", sub: first, suffix: ".txt"}, nil
	case first == "INSERT":
		return &statement{kind: "DML", sub: first, changes: true}, nil
	case slices.Contains([]string{"DELETE", "UPDATE", "MERGE"}, first):
		return &statement{kind: "DML", sub: first, suffix: ".csv", changes: true}, nil
	case first == "DESCRIBE" || first == "DESC":
		return &statement{kind: "UTILITY", sub: "DESCRIBE", suffix: ".txt"}, nil
	case first == "SHOW":
		return &statement{kind: "UTILITY", sub: "SHOW_" + strings.Replace(second, "SCHEMAS", "DATABASES", 1), suffix: ".txt"}, nil
	case first == "CREATE" && second == "TABLE" && slices.Contains(words, "AS"):
		return &statement{kind: "DDL", sub: "CREATE_TABLE_AS_SELECT", changes: true}, nil
	case slices.Contains([]string{"CREATE", "DROP", "ALTER"}, first):
		return &statement{kind: "DDL", sub: first + "_" + strings.Replace(second, "SCHEMA", "DATABASE", 1), suffix: ".txt", changes: true}, nil
	}
	return &statement{kind: "DML", suffix: ".csv"}, nil // Trino says what is wrong with it
}

// foreign is the failure of a table that is named in a catalog of Trino's: on
// Athena there is none of that name.
func foreign(text string, all []token, words []string) error {
	for i := 0; i+5 < len(all); i++ {
		if !slices.Contains([]string{"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "DESCRIBE"}, words[i]) || words[i+2] != "." || words[i+4] != "." {
			continue
		}
		if name := unquoted(text, all[i+1]); all[i+1].kind <= quoted && !strings.EqualFold(name, athenaCatalog) {
			line := strings.Count(text[:all[i+1].start], "\n")
			column := all[i+1].start - strings.LastIndex(text[:all[i+1].start], "\n")
			return &trino.Error{ErrorName: "CATALOG_NOT_FOUND", ErrorType: "USER_ERROR",
				Message: fmt.Sprintf("line %d:%d: Catalog '%s' not found", line+1, column, strings.ToLower(name))}
		}
	}
	return nil
}

// unquoted is a name without its quotes.
func unquoted(text string, t token) string {
	name := text[t.start:t.end]
	if t.kind == quoted && len(name) > 1 {
		return strings.ReplaceAll(name[1:len(name)-1], `""`, `"`)
	}
	return name
}

// rewrite makes Trino read the text as Athena does: AwsDataCatalog is Trino's
// catalog, padded so that places in messages stay, and 1.5 is a double.
func rewrite(text string, all []token, words []string, catalog string) string {
	var out strings.Builder
	done := 0
	for i, t := range all {
		piece := text[t.start:t.end]
		switch {
		case t.kind <= quoted && i+1 < len(all) && words[i+1] == "." && strings.EqualFold(unquoted(text, t), athenaCatalog):
			piece = fmt.Sprintf("%-*s", len(piece), catalog)
		case t.kind == number && strings.Contains(piece, ".") && !strings.ContainsAny(piece, "eE"):
			piece += "E0"
		}
		out.WriteString(text[done:t.start])
		out.WriteString(piece)
		done = t.end
	}
	out.WriteString(text[done:])
	return out.String()
}
