package athena

import (
	"context"
	"time"

	"configtrail/internal/testserver/awsjson"
)

type queryInput struct{ QueryExecutionID string }

type queryOutput struct{ QueryExecution queryExecution }

type queryExecution struct {
	QueryExecutionID                 string `json:"QueryExecutionId"`
	Query                            string
	StatementType                    string
	SubstatementType                 string                      `json:",omitempty"`
	ResultConfiguration              *resultConfiguration        `json:",omitempty"`
	ManagedQueryResultsConfiguration *managedResultConfiguration `json:",omitempty"`
	ResultReuseConfiguration         *reuseConfiguration         `json:",omitempty"`
	ExecutionParameters              []string                    `json:",omitempty"`
	QueryExecutionContext            queryContext
	WorkGroup                        string
	EngineVersion                    engineVersion
	Status                           queryStatus
	Statistics                       queryStatistics
}

type queryStatus struct {
	State              string
	StateChangeReason  string `json:",omitempty"`
	SubmissionDateTime awsjson.Time
	CompletionDateTime *awsjson.Time `json:",omitempty"`
	AthenaError        *athenaError  `json:",omitempty"`
}

type queryStatistics struct {
	EngineExecutionTimeInMillis   int64
	DataScannedInBytes            int64
	TotalExecutionTimeInMillis    int64
	QueryQueueTimeInMillis        int64
	ServiceProcessingTimeInMillis int64
	ResultReuseInformation        struct{ ReusedPreviousResult bool }
}

// shown is the query as the API gives it.
func (e *execution) shown(now time.Time) queryExecution {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := queryExecution{
		QueryExecutionID: e.id, Query: e.input.QueryString, StatementType: e.statement.kind, SubstatementType: e.statement.sub,
		ResultConfiguration: e.results, ResultReuseConfiguration: e.input.ResultReuseConfiguration,
		ExecutionParameters: e.input.ExecutionParameters, QueryExecutionContext: e.input.QueryExecutionContext,
		WorkGroup: e.group.Name, EngineVersion: engine,
		Status: queryStatus{State: e.state, StateChangeReason: e.reason, SubmissionDateTime: awsjson.Time(e.submitted), AthenaError: e.why},
	}
	if e.results == nil {
		out.ManagedQueryResultsConfiguration = &managedResultConfiguration{Enabled: true}
	}
	until := now
	if e.ended() {
		until = e.completed
		completed := awsjson.Time(e.completed)
		out.Status.CompletionDateTime = &completed
	}
	began := until
	if !e.started.IsZero() {
		began = e.started
	}
	out.Statistics = queryStatistics{
		EngineExecutionTimeInMillis: until.Sub(began).Milliseconds(), DataScannedInBytes: e.scanned,
		TotalExecutionTimeInMillis: until.Sub(e.submitted).Milliseconds(), QueryQueueTimeInMillis: began.Sub(e.submitted).Milliseconds(),
	}
	out.Statistics.ResultReuseInformation.ReusedPreviousResult = e.reused != nil && e.state == succeeded
	return out
}

func (s *Server) getQuery(_ context.Context, in *queryInput) (*queryOutput, error) {
	e, err := s.find(in.QueryExecutionID)
	if err != nil {
		return nil, err
	}
	return &queryOutput{QueryExecution: e.shown(s.options.Now())}, nil
}

type batchGetQueryInput struct{ QueryExecutionIDs []string }

type batchGetQueryOutput struct {
	QueryExecutions              []queryExecution
	UnprocessedQueryExecutionIDs []map[string]string `json:"UnprocessedQueryExecutionIds"`
}

func (s *Server) batchGetQuery(_ context.Context, in *batchGetQueryInput) (*batchGetQueryOutput, error) {
	if n := len(in.QueryExecutionIDs); n < 1 || n > maxListed {
		return nil, outside("queryExecutionIds", "Member must have length between 1 and 50")
	}
	out := &batchGetQueryOutput{QueryExecutions: []queryExecution{}, UnprocessedQueryExecutionIDs: []map[string]string{}}
	for _, id := range in.QueryExecutionIDs {
		e, err := s.find(id)
		if err != nil {
			out.UnprocessedQueryExecutionIDs = append(out.UnprocessedQueryExecutionIDs, map[string]string{"QueryExecutionId": id, "ErrorCode": codeNoQuery, "ErrorMessage": err.Error()})
			continue
		}
		out.QueryExecutions = append(out.QueryExecutions, e.shown(s.options.Now()))
	}
	return out, nil
}

type listQueriesOutput struct {
	QueryExecutionIDs []string `json:"QueryExecutionIds"`
	NextToken         string   `json:",omitempty"`
}

// listQueries lists a workgroup's queries, newest first.
func (s *Server) listQueries(_ context.Context, in *listInput) (*listQueriesOutput, error) {
	group, err := s.group(in.WorkGroup)
	if err != nil {
		return nil, err
	}
	size := maxListed
	if in.MaxResults != nil {
		if size = *in.MaxResults; size < 1 || size > maxListed {
			return nil, outside("maxResults", "Member must have value between 1 and 50")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &listQueriesOutput{QueryExecutionIDs: []string{}}
	skipping := in.NextToken != ""
	for i := len(s.order) - 1; i >= 0; i-- {
		e := s.order[i]
		switch {
		case skipping:
			skipping = e.id != in.NextToken
		case e.group.Name != group.Name || s.executions[e.id] == nil:
		case len(out.QueryExecutionIDs) == size:
			out.NextToken = out.QueryExecutionIDs[size-1]
			return out, nil
		default:
			out.QueryExecutionIDs = append(out.QueryExecutionIDs, e.id)
		}
	}
	return out, nil
}
