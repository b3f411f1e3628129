package athena

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/trinosql"
)

// maxPage is how many rows Athena gives at a time, the header among them.
const maxPage = 1000

// field is one value as text; nil is null.
type field = *string

// column is what a column's texts are turned into.
type column struct {
	name, label string
	typ         string
}

// rows reads the first page of a query that succeeded, which also tells its
// columns. Where there is more than that page, the rest comes from the file that
// Athena has written to S3, if there is one and it can be read, else page by page.
func (e *Engine) rows(ctx context.Context, execution *types.QueryExecution) (engine.Result, error) {
	id := sdk.ToString(execution.QueryExecutionId)
	first, err := e.page(ctx, id, nil)
	if err != nil {
		return engine.Result{}, err
	}
	columns, err := columnsOf(first.ResultSet)
	if err != nil {
		return engine.Result{}, err
	}
	result := engine.Result{Columns: make([]engine.Column, len(columns))}
	for i, c := range columns {
		result.Columns[i] = engine.Column{Name: c.name, Type: c.typ}
	}
	header := execution.StatementType == types.StatementTypeDml
	texts := e.pages(ctx, id, first, columns, header)
	if first.NextToken != nil {
		if file := e.file(ctx, execution, columns); file != nil {
			texts = file
		}
	}
	result.Rows = once(ctx, columns, texts)
	return result, nil
}

// columnsOf takes the columns out of a result's metadata.
func columnsOf(set *types.ResultSet) ([]column, error) {
	if set == nil || set.ResultSetMetadata == nil {
		return nil, errors.New("the rows came without columns")
	}
	var columns []column
	for _, info := range set.ResultSetMetadata.ColumnInfo {
		c := column{name: sdk.ToString(info.Name), label: sdk.ToString(info.Label), typ: sdk.ToString(info.Type)}
		if c.typ == "decimal" {
			c.typ = fmt.Sprintf("decimal(%d,%d)", info.Precision, info.Scale)
		}
		columns = append(columns, c)
	}
	return columns, nil
}

func (e *Engine) page(ctx context.Context, id string, token *string) (*athena.GetQueryResultsOutput, error) {
	out, err := call(ctx, e, func(ctx context.Context) (*athena.GetQueryResultsOutput, error) {
		return e.client.GetQueryResults(ctx, &athena.GetQueryResultsInput{
			QueryExecutionId: &id, NextToken: token, MaxResults: sdk.Int32(maxPage),
		})
	})
	if err != nil {
		return nil, e.explain(ctx, err)
	}
	return out, nil
}

// pages gives the rows of the first page and of all behind it. Only the first
// one of a SELECT begins with the columns' names.
func (e *Engine) pages(ctx context.Context, id string, page *athena.GetQueryResultsOutput, columns []column, header bool) iter.Seq2[[]field, error] {
	return func(yield func([]field, error) bool) {
		for {
			rows := page.ResultSet.Rows
			if header && len(rows) > 0 && isHeader(rows[0], columns) {
				rows = rows[1:]
			}
			header = false
			for _, row := range rows {
				fields := make([]field, len(row.Data))
				for i, datum := range row.Data {
					fields[i] = datum.VarCharValue
				}
				if !yield(fields, nil) {
					return
				}
			}
			if page.NextToken == nil {
				return
			}
			var err error
			if page, err = e.page(ctx, id, page.NextToken); err == nil && page.ResultSet == nil {
				err = errors.New("a page came without rows")
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// isHeader reports whether a row is made of the columns' names.
func isHeader(row types.Row, columns []column) bool {
	if len(row.Data) != len(columns) {
		return false
	}
	for i, datum := range row.Data {
		text := sdk.ToString(datum.VarCharValue)
		if datum.VarCharValue == nil || text != columns[i].name && text != columns[i].label {
			return false
		}
	}
	return true
}

// once turns texts into values, for one reader.
func once(ctx context.Context, columns []column, texts iter.Seq2[[]field, error]) iter.Seq2[[]any, error] {
	var read atomic.Bool
	return func(yield func([]any, error) bool) {
		if read.Swap(true) {
			yield(nil, errors.New("read rows: they were read before, or given up"))
			return
		}
		n := 0
		for fields, err := range texts {
			n++
			var row []any
			switch {
			case ctx.Err() != nil:
				err = fmt.Errorf("read rows: %w", context.Cause(ctx))
			case err == nil:
				row, err = values(columns, fields)
			}
			if err != nil {
				yield(nil, inRow(n, err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

func inRow(n int, err error) error {
	var problem *configtrail.Problem
	if errors.As(err, &problem) {
		return err
	}
	return fmt.Errorf("row %d: %w", n, err)
}

// values turns the texts of one row into what engine.Result promises.
func values(columns []column, fields []field) ([]any, error) {
	if len(fields) != len(columns) {
		return nil, fmt.Errorf("it has %d values for %d columns", len(fields), len(columns))
	}
	row := make([]any, len(fields))
	for i, text := range fields {
		if text == nil {
			continue
		}
		value, err := trinosql.Value(columns[i].typ, *text)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", configtrail.Visible(columns[i].name), err)
		}
		row[i] = value
	}
	return row, nil
}
