package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"configtrail"
)

// explain turns an error of DuckDB into one that a person can act on: what is
// wrong with the statement, in one line, without the names of the lake's files.
func explain(ctx context.Context, err error, d *database, p plan) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var failure *duckdb.Error
	if !errors.As(err, &failure) {
		return err
	}
	if err := missingFile(failure.Msg, p); err != nil {
		return err
	}
	message, file := oneLine(failure.Msg, p)
	if file != "" {
		// DuckDB calls a broken file an invalid input; the statement is not to blame.
		return fmt.Errorf("read %s of the lake: %s", file, message)
	}
	switch failure.Type {
	case duckdb.ErrorTypeOutOfMemory:
		limit := "the machine's memory"
		if d.memory != "" {
			limit = d.memory
		}
		return tooMuchMemory(limit)
	case duckdb.ErrorTypeParser, duckdb.ErrorTypeSyntax, duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog,
		duckdb.ErrorTypeConversion, duckdb.ErrorTypeInvalidInput, duckdb.ErrorTypeOutOfRange, duckdb.ErrorTypeMismatchType,
		duckdb.ErrorTypeDivideByZero, duckdb.ErrorTypeInvalidType, duckdb.ErrorTypeParameterNotResolved, duckdb.ErrorTypeDecimal,
		duckdb.ErrorTypeParameterNotAllowed, duckdb.ErrorTypeNotImplemented, duckdb.ErrorTypeExpression:
		return fmt.Errorf("%w: %s", configtrail.ErrInvalid, message)
	}
	return fmt.Errorf("DuckDB: %s", message)
}

// missingFile is the error for a message about a planned file that is not there
// any more; nil where the file is there or the message is about something else.
func missingFile(message string, p plan) error {
	folder := p.lakeFolder()
	for _, planned := range p.files() {
		if !strings.Contains(message, planned) {
			continue
		}
		if _, err := os.Stat(planned); !errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		below, err := filepath.Rel(folder, planned)
		if err != nil {
			below = filepath.Base(planned)
		}
		return configtrail.WithHint(
			fmt.Errorf("data file %s of the lake is missing", configtrail.Visible(below)),
			"Restore it, or ingest again into a new lake.")
	}
	return nil
}

func tooMuchMemory(limit string) error {
	return configtrail.WithHint(
		fmt.Errorf("%w: the query needs more memory than %s", configtrail.ErrTooLarge, limit),
		"Select fewer columns or rows, or narrow the span.")
}

// oneLine is a message of DuckDB without its kind in front, without the drawing
// of the statement behind, and with planned files by their last name only. It
// also gives the planned file that the message speaks of, if it does.
func oneLine(message string, p plan) (line, file string) {
	message, _, _ = strings.Cut(message, "\n\nLINE ")
	if kind, rest, ok := strings.Cut(message, " Error: "); ok && !strings.ContainsAny(kind, "\n:") {
		message = rest
	}
	for _, planned := range p.files() {
		if strings.Contains(message, planned) {
			file = filepath.Base(planned)
			message = strings.ReplaceAll(message, planned, file)
		}
	}
	lines := strings.FieldsFunc(message, func(r rune) bool { return r == '\n' })
	for i, line := range lines {
		lines[i] = configtrail.Visible(strings.TrimSpace(line))
	}
	return strings.Join(lines, " "), file
}
