package athena

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"configtrail"
	"configtrail/internal/blob"
)

// file gives the rows of the CSV that Athena wrote for an execution, or nil where
// there is none, or none that can be read: results that Athena keeps itself, a
// role without the right to read the bucket. It is opened at once, so that the
// pages still can stand in for it.
func (e *Engine) file(ctx context.Context, execution *types.QueryExecution, columns []column) iter.Seq2[[]field, error] {
	if execution.ResultConfiguration == nil || execution.StatementType != types.StatementTypeDml {
		return nil
	}
	location := sdk.ToString(execution.ResultConfiguration.OutputLocation)
	place, err := blob.ParseURL(location)
	if err != nil || !strings.HasSuffix(location, ".csv") {
		return nil
	}
	bucket, err := blob.OpenS3(e.options.Config, location, e.options.S3)
	if err != nil {
		return nil
	}
	body, err := bucket.Open(ctx, blob.Object{Key: place.Prefix, URI: location})
	if err != nil {
		return nil
	}
	rows := &csvReader{in: bufio.NewReaderSize(body, 1<<20), fields: len(columns)}
	if err := rows.skipHeader(columns); err != nil {
		body.Close()
		return nil
	}
	return func(yield func([]field, error) bool) {
		defer body.Close()
		for {
			fields, err := rows.next()
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				yield(nil, fmt.Errorf("read %s: %w", configtrail.Visible(location), err))
				return
			case !yield(fields, nil):
				return
			}
		}
	}
}

// maxRow bounds a row, of which Athena's own limit is 32 MB.
const maxRow = 64 << 20

// csvReader reads Athena's CSV: every value stands in quotes, a quote in it is
// doubled, line breaks in it are its own, and a null is nothing at all, without
// quotes. A general reader of CSV takes null and "" for the same.
type csvReader struct {
	in     *bufio.Reader
	fields int
	line   int64 // of the last row given, counted in rows
}

// skipHeader reads the row of names, which the file of a SELECT begins with.
func (r *csvReader) skipHeader(columns []column) error {
	names, err := r.next()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	for i, name := range names {
		if name == nil || *name != columns[i].name && *name != columns[i].label {
			return errors.New("it does not begin with the names of the columns")
		}
	}
	return nil
}

// next gives one row, or io.EOF behind the last.
func (r *csvReader) next() ([]field, error) {
	if _, err := r.in.Peek(1); err != nil {
		return nil, err
	}
	r.line++
	row := make([]field, 0, r.fields)
	size := 0
	for {
		value, end, err := r.field(maxRow - size)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", r.line, err)
		}
		if value != nil {
			size += len(*value)
		}
		row = append(row, value)
		if len(row) > r.fields || end && len(row) < r.fields {
			return nil, fmt.Errorf("row %d has %d values or more for %d columns", r.line, len(row), r.fields)
		}
		if end {
			return row, nil
		}
	}
}

// field reads one value and what ends it: a comma, or the end of the row.
func (r *csvReader) field(most int) (value field, end bool, err error) {
	c, err := r.in.ReadByte()
	if errors.Is(err, io.EOF) {
		return nil, true, nil // a null that ends the file
	}
	if err != nil {
		return nil, false, err
	}
	switch c {
	case ',':
		return nil, false, nil
	case '\n':
		return nil, true, nil
	case '"':
	default:
		return nil, false, fmt.Errorf("a value begins with %q and not with a quote", c)
	}
	var text strings.Builder
	for {
		part, err := r.in.ReadSlice('"')
		if text.Len()+len(part) > most {
			return nil, false, fmt.Errorf("%w: more than %d bytes", configtrail.ErrTooLarge, maxRow)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			text.Write(part)
			continue
		}
		if errors.Is(err, io.EOF) {
			return nil, false, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, false, err
		}
		text.Write(part[:len(part)-1])
		c, err := r.in.ReadByte()
		whole := text.String()
		switch {
		case errors.Is(err, io.EOF) || err == nil && c == '\n':
			return &whole, true, nil
		case err != nil:
			return nil, false, err
		case c == ',':
			return &whole, false, nil
		case c == '"':
			text.WriteByte('"')
		default:
			return nil, false, fmt.Errorf("%q stands behind a value", c)
		}
	}
}
