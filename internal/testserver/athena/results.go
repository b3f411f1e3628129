package athena

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// maxRows is how many rows an answer has at most, the header among them.
const maxRows = 1000

type resultsInput struct {
	QueryExecutionID string
	MaxResults       *int
	NextToken        string
	QueryResultType  string
}

type resultsOutput struct {
	UpdateCount *int64 `json:",omitempty"`
	ResultSet   resultSet
	NextToken   string `json:",omitempty"`
}

type resultSet struct {
	Rows              []resultRow
	ResultSetMetadata struct{ ColumnInfo []columnInfo }
}

type resultRow struct{ Data []datum }

// datum has no member where the value is null.
type datum struct {
	VarCharValue *string `json:",omitempty"`
}

// getResults gives a page of a query's rows.
func (s *Server) getResults(ctx context.Context, in *resultsInput) (*resultsOutput, error) {
	e, err := s.find(in.QueryExecutionID)
	if err != nil {
		return nil, err
	}
	size := maxRows
	if in.MaxResults != nil {
		if size = *in.MaxResults; size < 1 || size > maxRows {
			return nil, outside("maxResults", fmt.Sprintf("Member must have value between 1 and %d", maxRows))
		}
	}
	rows, updated, err := s.readable(ctx, e)
	if err != nil {
		return nil, err
	}
	at, err := e.offset(in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &resultsOutput{UpdateCount: updated}
	out.ResultSet.Rows = []resultRow{}
	out.ResultSet.ResultSetMetadata.ColumnInfo = []columnInfo{}
	for _, column := range rows.columns {
		out.ResultSet.ResultSetMetadata.ColumnInfo = append(out.ResultSet.ResultSetMetadata.ColumnInfo, info(column))
	}
	if e.statement.changes {
		return out, nil // how many rows were written is UpdateCount, no row
	}
	if e.statement.header && in.NextToken == "" {
		header := resultRow{}
		for i := range rows.columns {
			header.Data = append(header.Data, datum{VarCharValue: &rows.columns[i].Name})
		}
		out.ResultSet.Rows = append(out.ResultSet.Rows, header)
	}
	for ; at < len(rows.places) && len(out.ResultSet.Rows) < size; at++ {
		values, err := rows.row(at)
		if err != nil {
			return nil, fmt.Errorf("read row %d of %s: %w", at, e.id, err)
		}
		row := resultRow{Data: make([]datum, len(values))}
		for i, value := range values {
			row.Data[i].VarCharValue = value
		}
		out.ResultSet.Rows = append(out.ResultSet.Rows, row)
	}
	if at < len(rows.places) {
		out.NextToken = base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s:%d", e.id, at))
	}
	return out, nil
}

// offset is the row that a token leads to.
func (e *execution) offset(token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	text, err := base64.StdEncoding.DecodeString(token)
	at := 0
	if err == nil {
		_, err = fmt.Sscanf(strings.TrimPrefix(string(text), e.id+":"), "%d", &at)
	}
	if err != nil || !strings.HasPrefix(string(text), e.id+":") || at < 0 {
		return 0, refusal(codeInput, "Invalid NextToken")
	}
	return at, nil
}

// readable is a query's rows, where there are any to be had.
func (s *Server) readable(ctx context.Context, e *execution) (*spool, *int64, error) {
	e.mu.Lock()
	state, expired, rows, updated := e.state, e.expired, e.rows, e.updated
	e.mu.Unlock()
	switch {
	case state == queued || state == running:
		return nil, nil, refusal(codeState, "Query has not yet finished. Current state: %s", state)
	case state == failed:
		return nil, nil, refusal(codeState, "Query did not finish successfully. Final query state: %s", state)
	case state == cancelled || expired:
		return nil, nil, refusal(codeNoResult, "Could not find results")
	}
	if e.results != nil && e.statement.header { // Athena reads the object: who deleted it has no results
		bucket, key, err := place(e.results.OutputLocation)
		if err != nil {
			return nil, nil, err
		}
		if _, err := s.options.S3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key}); err != nil {
			return nil, nil, refusal(codeNoResult, "Could not find results")
		}
	}
	if updated == nil && e.statement.kind != "DDL" {
		updated = aws.Int64(0)
	}
	return rows, updated, nil
}

// deliver puts the results into S3: the rows, and a file beside them that only
// Athena's own drivers read.
func (s *Server) deliver(ctx context.Context, e *execution, rows *spool) error {
	bucket, key, err := place(e.results.OutputLocation)
	if err != nil {
		return err
	}
	if !e.statement.changes || e.statement.suffix == ".txt" {
		info, err := rows.object.Stat()
		if err != nil {
			return err
		}
		body := io.NewSectionReader(rows.object, 0, info.Size()) // other queries may give the same rows
		put := &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: body, ContentLength: aws.Int64(info.Size()), ContentType: aws.String("application/octet-stream")}
		if _, err := s.options.S3.PutObject(ctx, put); err != nil {
			return fmt.Errorf("write the results of %s to %s: %w", e.id, e.results.OutputLocation, err)
		}
	}
	if len(rows.columns) == 0 {
		return nil
	}
	key += ".metadata"
	if _, err := s.options.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(e.id)}); err != nil {
		return fmt.Errorf("write the metadata of %s: %w", e.id, err)
	}
	return nil
}
