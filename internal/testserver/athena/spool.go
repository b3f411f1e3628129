package athena

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"configtrail/internal/testserver/trino"
)

// spool holds a query's rows in a file, so that a large answer needs no memory,
// with the place of each; and beside it the file that goes to S3.
type spool struct {
	columns   []trino.Column
	statement *statement
	rows      *os.File
	places    []int64 // of rows
	end       int64
	written   *bufio.Writer
	object    *os.File
	lines     *bufio.Writer
	begun     bool // the object has its header
}

func newSpool(dir, id string, of *statement) (*spool, error) {
	rows, err := os.Create(filepath.Join(dir, id+".rows"))
	if err != nil {
		return nil, err
	}
	object, err := os.Create(filepath.Join(dir, id+".object"))
	if err != nil {
		rows.Close()
		return nil, err
	}
	return &spool{statement: of, rows: rows, written: bufio.NewWriter(rows), object: object, lines: bufio.NewWriter(object)}, nil
}

// close gives the files up.
func (s *spool) close() error { return errors.Join(s.rows.Close(), s.object.Close()) }

// add keeps a page's rows.
func (s *spool) add(columns []trino.Column, data [][]any) error {
	if s.columns == nil && columns != nil {
		s.columns = columns
	}
	for _, values := range data {
		row := make([]*string, len(values))
		for i, value := range values {
			row[i] = render(value, s.columns[i].TypeSignature)
		}
		line, err := json.Marshal(row)
		if err != nil {
			return err
		}
		s.places = append(s.places, s.end)
		s.end += int64(len(line))
		if _, err := s.written.Write(line); err != nil {
			return err
		}
		if err := s.line(row); err != nil {
			return err
		}
	}
	return nil
}

// line writes a row of the object: for a SELECT as CSV with every value quoted
// and null as nothing, for others tabs between and no end of line after the last.
func (s *spool) line(row []*string) error {
	var out strings.Builder
	switch {
	case s.statement.header:
		if err := s.head(); err != nil {
			return err
		}
		csv(&out, row)
	case s.begun:
		out.WriteByte('\n')
		fallthrough
	default:
		s.begun = true
		for i, value := range row {
			if i > 0 {
				out.WriteByte('\t')
			}
			if value != nil {
				out.WriteString(*value)
			}
		}
	}
	_, err := s.lines.WriteString(out.String())
	return err
}

// head writes the names of the columns, once.
func (s *spool) head() error {
	if s.begun || !s.statement.header {
		return nil
	}
	s.begun = true
	var names []*string
	for i := range s.columns {
		names = append(names, &s.columns[i].Name)
	}
	var out strings.Builder
	csv(&out, names)
	_, err := s.lines.WriteString(out.String())
	return err
}

// csv writes one line as Athena does.
func csv(out *strings.Builder, row []*string) {
	for i, value := range row {
		if i > 0 {
			out.WriteByte(',')
		}
		if value != nil {
			out.WriteString(`"` + strings.ReplaceAll(*value, `"`, `""`) + `"`)
		}
	}
	out.WriteByte('\n')
}

// finish makes everything readable.
func (s *spool) finish() error {
	return errors.Join(s.head(), s.written.Flush(), s.lines.Flush())
}

// row reads one row.
func (s *spool) row(i int) ([]*string, error) {
	end := s.end
	if i+1 < len(s.places) {
		end = s.places[i+1]
	}
	line := make([]byte, end-s.places[i])
	if _, err := s.rows.ReadAt(line, s.places[i]); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var row []*string
	return row, json.Unmarshal(line, &row)
}
