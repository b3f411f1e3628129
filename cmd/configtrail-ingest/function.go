package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"configtrail"
)

// The tasks, as logs name them. All but the first three are asked for by
// {"task":"NAME"}.
const (
	taskIngest  = "ingest" // a batch of a queue
	taskTables  = "tables" // CloudFormation's custom resource
	taskObject  = "object" // the command
	taskGather  = "gather"
	taskList    = "list"
	taskCompact = "compact"
	taskDaily   = "daily"
	taskMonthly = "monthly"
)

// needOfTaking are the settings of everything that adds items.
var needOfTaking = []string{"CONFIGTRAIL_REDACT_KEY_SECRET", "CONFIGTRAIL_SOURCES"}

// function does what events ask for.
type function struct {
	*parts
	settings error // what is wrong with the settings; nil: nothing
}

// event asks for a task.
type event struct {
	Task  string `json:"task"`
	Month string `json:"month"` // of monthly: 2024-10; "": the one before
	Days  int    `json:"days"`  // of list: back from now; 0: 3
}

// told is what a task did: counts for the log and, of a task that was asked for
// by name, for the caller. Metrics are the names of those that are worth an alarm.
type told struct {
	counts  []slog.Attr
	metrics []string
}

// invoke does what one event asks for.
func (f *function) invoke(ctx context.Context, raw json.RawMessage) (any, error) {
	began := f.now()
	var kind struct {
		event
		Records     json.RawMessage
		RequestType string
		ResponseURL string
	}
	if err := json.Unmarshal(raw, &kind); err != nil {
		return nil, errors.New("the event is no JSON object")
	}
	switch {
	case kind.RequestType != "" && kind.ResponseURL != "":
		did, err := f.tables(ctx, raw)
		return nil, f.tell(ctx, taskTables, began, did, err)
	case f.settings != nil:
		return nil, errSettings
	case len(kind.Records) > 0:
		var batch events.SQSEvent
		if err := json.Unmarshal(raw, &batch); err != nil || len(batch.Records) == 0 || batch.Records[0].EventSource != "aws:sqs" {
			return nil, errors.New("the event's records are none of a queue")
		}
		answer, did, err := f.ingest(ctx, batch)
		if err = f.tell(ctx, taskIngest, began, did, err); err != nil {
			return nil, err
		}
		return answer, nil
	}
	did, err := f.task(ctx, kind.event)
	if err = f.tell(ctx, kind.Task, began, did, err); err != nil {
		return nil, err
	}
	return asMap(did.counts), nil
}

// task does what was asked for by name.
func (f *function) task(ctx context.Context, e event) (told, error) {
	tasks := map[string]struct {
		do    func(context.Context, event) (told, error)
		needs []string
	}{
		taskGather:  {f.gather, nil},
		taskList:    {f.list, f.needOfHandingOn()},
		taskCompact: {f.compact, nil},
		taskDaily:   {f.daily, []string{"CONFIGTRAIL_TOPIC", "CONFIGTRAIL_ANNOUNCED"}},
		taskMonthly: {f.monthly, []string{"CONFIGTRAIL_TOPIC", "CONFIGTRAIL_REPORTS"}},
	}
	task, ok := tasks[e.Task]
	if !ok {
		return told{}, fmt.Errorf("%w: the task %q is none of gather, list, compact, daily, monthly", configtrail.ErrInvalid, short(e.Task))
	}
	if err := f.config.need(e.Task, task.needs...); err != nil {
		return told{}, err
	}
	return task.do(ctx, e)
}

// until is a context that ends some time before the function is killed; where that
// is more than half of the time, at half of it.
func until(ctx context.Context, before time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(before, time.Until(deadline)/2)))
}

// tell writes the log line of an invocation, and gives its error as the invocation
// has it: with nothing of the data in it.
func (f *function) tell(ctx context.Context, task string, began time.Time, did told, err error) error {
	level, attrs := slog.LevelInfo, []slog.Attr{slog.String("task", short(task))}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		attrs = append(attrs, slog.String("request_id", lc.AwsRequestID))
	}
	attrs = append(attrs, slog.Float64("seconds", f.now().Sub(began).Seconds()))
	attrs = append(attrs, did.counts...)
	if err != nil {
		level = slog.LevelError
		said := unnamed(err)
		attrs = append(attrs, slog.String("error", said))
		if next := hintOf(err); next != "" {
			attrs = append(attrs, slog.String("next", next))
		}
		err = errors.New(said)
	}
	attrs = append(attrs, f.metrics(did.metrics)...)
	f.log.LogAttrs(ctx, level, "done", attrs...)
	return err
}

// metrics make CloudWatch read some of a line's counts as metrics, by its embedded
// metric format.
func (f *function) metrics(names []string) []slog.Attr {
	if f.config.Function == "" || len(names) == 0 {
		return nil
	}
	type metric struct{ Name, Unit string }
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []metric
	}
	d := directive{Namespace: "configtrail", Dimensions: [][]string{{"function"}}}
	for _, name := range names {
		unit := "Count"
		if name == ageSeconds {
			unit = "Seconds"
		}
		d.Metrics = append(d.Metrics, metric{name, unit})
	}
	return []slog.Attr{slog.String("function", f.config.Function), slog.Group("_aws",
		slog.Int64("Timestamp", f.now().UnixMilli()), slog.Any("CloudWatchMetrics", []directive{d}))}
}

// asMap is counts as JSON has them.
func asMap(counts []slog.Attr) map[string]any {
	all := map[string]any{}
	for _, one := range counts {
		all[one.Key] = one.Value.Any()
	}
	return all
}
