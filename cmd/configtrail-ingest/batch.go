package main

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"configtrail/internal/ingest"
)

const (
	// takeBefore is kept free at the end of an invocation: five seconds for the
	// staging of what was read by then, and as long for what is sent on.
	takeBefore = 11 * time.Second
	// sendBefore is when sending on ends, so that the answer gets out.
	sendBefore = time.Second
)

// The metrics that are worth an alarm.
const (
	failedMessages = "failed"
	deadLetters    = "dead_letters"
	ageSeconds     = "age_seconds"
	leftNotes      = "left"
)

// batch is one batch of a queue on its way.
type batch struct {
	*parts
	records []events.SQSMessage
	taken   []ingest.Taken
	summary ingest.Summary

	givenUp      []bool // in the dead-letter queue, by message
	builds, dead int
}

// ingest takes a batch. A message is acknowledged once nothing is left to do for
// it: what it names is staged, handed to the longer run, or in the dead-letter queue.
func (f *function) ingest(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, told, error) {
	none := events.SQSEventResponse{}
	if err := f.config.need(taskIngest, append([]string{"CONFIGTRAIL_DEAD_LETTERS"}, f.needOfHandingOn()...)...); err != nil {
		return none, told{}, err
	}
	taking, cancel := until(ctx, takeBefore)
	defer cancel()
	taker, err := f.taker.get(func() (*ingest.Taker, error) {
		options, err := f.take(taking)
		return ingest.NewTaker(options), err
	})
	if err != nil {
		return none, told{}, err
	}
	messages := make([]ingest.Message, len(event.Records))
	for i, record := range event.Records {
		messages[i] = ingest.Message{ID: record.MessageId, Body: record.Body}
	}
	b := &batch{parts: f.parts, records: event.Records, givenUp: make([]bool, len(messages))}
	// An error of the lake fails what it touches; the others stand.
	b.taken, b.summary, err = taker.Take(taking, messages)
	if err != nil {
		f.log.LogAttrs(ctx, slog.LevelError, "the lake", slog.String("task", taskIngest), slog.String("error", unnamed(err)), slog.String("next", hintOf(err)))
	}
	sending, cancel := until(ctx, sendBefore)
	defer cancel()
	b.handOn(sending)
	b.giveUp(sending)
	return b.answer(), b.told(), nil
}

// last reports whether the queue gives a message up after this time.
func (b *batch) last(i int) bool {
	n, err := strconv.Atoi(b.records[i].Attributes["ApproximateReceiveCount"])
	return err == nil && n >= b.config.Receives
}

// answer names the messages that are to come again.
func (b *batch) answer() events.SQSEventResponse {
	answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for i, taken := range b.taken {
		if taken.Outcome == ingest.Failed && !b.givenUp[i] {
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: b.records[i].MessageId})
		}
	}
	return answer
}

// told counts what became of the messages.
func (b *batch) told() told {
	outcomes := map[ingest.Outcome]int{}
	reasons := map[string]int{}
	for _, taken := range b.taken {
		outcomes[taken.Outcome]++
		if taken.Outcome == ingest.Failed {
			reasons[reason(taken.Err)]++
		}
	}
	counts := []slog.Attr{slog.Int("messages", len(b.records))}
	for outcome := ingest.Ingested; outcome <= ingest.Failed; outcome++ {
		if outcomes[outcome] > 0 || outcome == ingest.Failed {
			counts = append(counts, slog.Int(outcome.String(), outcomes[outcome]))
		}
	}
	if len(reasons) > 0 {
		counts = append(counts, slog.Any("reasons", reasons))
	}
	counts = append(counts, slog.Int(deadLetters, b.dead), slog.Int("builds", b.builds))
	return told{append(counts, taken(b.summary)...), []string{failedMessages, deadLetters}}
}

// taken are the counts of what was read.
func taken(s ingest.Summary) []slog.Attr {
	return []slog.Attr{
		slog.Int64("items", s.Items.Read), slog.Int64("added", s.Items.Added), slog.Int64("duplicates", s.Items.Duplicates),
		slog.Int64("rejected", s.Items.Rejected), slog.Int64("events", s.Events), slog.Int64("quarantined", s.Deliveries.Quarantined),
		slog.Int64("bytes", s.Bytes.Compressed), slog.Int64("json_bytes", s.Bytes.JSON),
	}
}
