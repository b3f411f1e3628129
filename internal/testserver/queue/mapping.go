package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"

	"configtrail/internal/testserver/runtime"
)

// payload bounds the bodies of one event: Lambda takes 6 MiB, with all around them.
const payload = 4 << 20

// Mapping brings a queue's messages to a function in batches, as Lambda's event
// source mapping with ReportBatchItemFailures does.
type Mapping struct {
	Queue    *Queue
	Function *runtime.Function
	Batch    int // messages of an invocation at most; 0: 10
	Most     int // invocations at once; 0: 10

	// After, where it is not nil, hears of each invocation when it has ended.
	After func(runtime.Result)
}

// Brought is what a mapping did.
type Brought struct {
	Invocations int
	Failed      int // invocations
	Deleted     int // messages that the function took
	Returned    int // messages that it did not, by time
}

// record is a message in the function's event.
type record struct {
	MessageID         string                     `json:"messageId"`
	ReceiptHandle     string                     `json:"receiptHandle"`
	Body              string                     `json:"body"`
	Attributes        map[string]string          `json:"attributes"`
	MessageAttributes map[string]recordAttribute `json:"messageAttributes"`
	MD5OfBody         string                     `json:"md5OfBody"`
	EventSource       string                     `json:"eventSource"`
	EventSourceARN    string                     `json:"eventSourceARN"`
	AWSRegion         string                     `json:"awsRegion"`
}

type recordAttribute struct {
	StringValue string `json:"stringValue,omitempty"`
	BinaryValue []byte `json:"binaryValue,omitempty"`
	DataType    string `json:"dataType"`
}

// Bring invokes the function until no message can be seen. Those that the function
// did not take stay out of sight until Elapse.
func (m *Mapping) Bring(ctx context.Context) (Brought, error) {
	b := &bringing{Mapping: m}
	var pollers sync.WaitGroup
	most := m.Most
	if most <= 0 {
		most = 10
	}
	for range most {
		pollers.Go(func() { b.poll(ctx) })
	}
	pollers.Wait()
	return b.done, b.err
}

// Drain brings, and lets the time pass for what is to come again, until the queue
// is empty.
func (m *Mapping) Drain(ctx context.Context) (all Brought, err error) {
	for {
		one, err := m.Bring(ctx)
		all.Invocations += one.Invocations
		all.Failed += one.Failed
		all.Deleted += one.Deleted
		all.Returned += one.Returned
		if err != nil || m.Queue.Elapse() == 0 {
			return all, err
		}
	}
}

type bringing struct {
	*Mapping

	mu   sync.Mutex
	done Brought
	err  error
}

func (b *bringing) poll(ctx context.Context) {
	for ctx.Err() == nil {
		b.mu.Lock()
		broken := b.err != nil
		b.mu.Unlock()
		if broken {
			return
		}
		records := b.records()
		if len(records) == 0 {
			return
		}
		err := b.invoke(ctx, records)
		b.mu.Lock()
		if b.err == nil {
			b.err = err
		}
		b.mu.Unlock()
	}
}

// records receives a batch.
func (b *bringing) records() (all []record) {
	size := b.Batch
	if size <= 0 {
		size = 10
	}
	s := b.Queue.server
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range b.Queue.receive(size, payload) {
		attributes := map[string]recordAttribute{}
		for name, a := range m.Attributes {
			attributes[name] = recordAttribute{a.StringValue, a.BinaryValue, a.DataType}
		}
		all = append(all, record{
			MessageID: m.ID, ReceiptHandle: m.receipt, Body: m.Body, MD5OfBody: sum(m.Body), MessageAttributes: attributes,
			Attributes: map[string]string{
				"ApproximateReceiveCount": strconv.Itoa(m.Receives), "SentTimestamp": "1730800000000",
				"SenderId": "AIDATEST", "ApproximateFirstReceiveTimestamp": "1730800000001",
			},
			EventSource: "aws:sqs", EventSourceARN: b.Queue.ARN(), AWSRegion: region,
		})
	}
	return all
}

// invoke gives the function a batch, and deletes what it took.
func (b *bringing) invoke(ctx context.Context, records []record) error {
	event, err := json.Marshal(map[string][]record{"Records": records})
	if err != nil {
		return err
	}
	result, err := b.Function.Invoke(ctx, event)
	if err != nil {
		return err
	}
	failed := failures(result, records)
	b.mu.Lock()
	b.done.Invocations++
	if result.Failed {
		b.done.Failed++
	}
	b.done.Returned += len(failed)
	b.done.Deleted += len(records) - len(failed)
	b.mu.Unlock()
	s := b.Queue.server
	s.mu.Lock()
	for _, r := range records {
		if !failed[r.MessageID] {
			b.Queue.remove(r.ReceiptHandle)
		}
	}
	s.mu.Unlock()
	if b.After != nil {
		b.After(result)
	}
	return nil
}

// failures are the messages that stay in the queue. An answer that names none is
// a success; one that can't be read, or names a message that is not in the batch,
// fails it whole.
func failures(result runtime.Result, records []record) map[string]bool {
	all, failed := map[string]bool{}, map[string]bool{}
	for _, r := range records {
		all[r.MessageID] = true
	}
	if result.Failed {
		return all
	}
	var answer struct {
		BatchItemFailures []struct {
			ItemIdentifier *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if text := bytes.TrimSpace(result.Payload); len(text) > 0 && json.Unmarshal(text, &answer) != nil {
		return all
	}
	for _, one := range answer.BatchItemFailures {
		if one.ItemIdentifier == nil || !all[*one.ItemIdentifier] {
			return all
		}
		failed[*one.ItemIdentifier] = true
	}
	return failed
}

// String tells what was done, for a test's log.
func (b Brought) String() string {
	return fmt.Sprintf("%d invocations (%d failed), %d messages taken, %d returned", b.Invocations, b.Failed, b.Deleted, b.Returned)
}
