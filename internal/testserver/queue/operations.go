package queue

import (
	"context"
	"fmt"
	"path"
	"strconv"

	"configtrail/internal/testserver/awsjson"
)

// operations are those that are answered.
func (s *Server) operations() map[string]awsjson.Operation {
	return map[string]awsjson.Operation{
		"SendMessage":             awsjson.Of(s.sendMessage),
		"SendMessageBatch":        awsjson.Of(s.sendMessageBatch),
		"ReceiveMessage":          awsjson.Of(s.receiveMessage),
		"DeleteMessage":           awsjson.Of(s.deleteMessage),
		"DeleteMessageBatch":      awsjson.Of(s.deleteMessageBatch),
		"ChangeMessageVisibility": awsjson.Of(s.changeVisibility),
		"GetQueueAttributes":      awsjson.Of(s.attributes),
	}
}

// queue is the queue of a URL. The lock is held.
func (s *Server) queue(url string) (*Queue, error) {
	if q := s.queues[path.Base(url)]; q != nil && q.URL() == url {
		return q, nil
	}
	return nil, awsjson.Errorf("QueueDoesNotExist", "The specified queue does not exist.")
}

type entry struct {
	ID                string `json:"Id"`
	QueueURL          string `json:"QueueUrl"`
	MessageBody       string
	MessageAttributes map[string]Attribute
}

type sent struct {
	ID               string `json:"Id,omitempty"`
	MessageID        string `json:"MessageId"`
	MD5OfMessageBody string
}

func (s *Server) sendMessage(_ context.Context, in *entry) (*sent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueURL)
	if err != nil {
		return nil, err
	}
	return q.take(in)
}

// take adds a message that a client sends. The lock is held.
func (q *Queue) take(in *entry) (*sent, error) {
	m := &message{Message: Message{Body: in.MessageBody, Attributes: in.MessageAttributes}}
	if no := m.check(); no != nil {
		return nil, no
	}
	added := q.add(in.MessageBody, in.MessageAttributes)
	return &sent{in.ID, added.ID, sum(in.MessageBody)}, nil
}

type batchInput struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []entry
}

type refused struct {
	ID            string `json:"Id"`
	Code, Message string
	SenderFault   bool
}

type batchOutput struct {
	Successful []any
	Failed     []refused `json:",omitempty"`
}

// checkBatch says what SQS says to a batch that it does not look into.
func checkBatch(entries []entry) error {
	if len(entries) == 0 {
		return awsjson.Errorf("EmptyBatchRequest", "There should be at least one entry in the request.")
	}
	if len(entries) > maxBatch {
		return awsjson.Errorf("TooManyEntriesInBatchRequest", "Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(entries))
	}
	total, seen := 0, map[string]bool{}
	for _, e := range entries {
		switch {
		case e.ID == "" || len(e.ID) > 80:
			return awsjson.Errorf("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores.")
		case seen[e.ID]:
			return awsjson.Errorf("BatchEntryIdsNotDistinct", "Id %s repeated.", e.ID)
		}
		seen[e.ID] = true
		total += (&message{Message: Message{Body: e.MessageBody, Attributes: e.MessageAttributes}}).size()
	}
	if total > MaxMessage {
		return awsjson.Errorf("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", MaxMessage, total)
	}
	return nil
}

func (s *Server) sendMessageBatch(_ context.Context, in *batchInput) (*batchOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueURL)
	if err == nil {
		err = checkBatch(in.Entries)
	}
	if err != nil {
		return nil, err
	}
	out := &batchOutput{Successful: []any{}}
	for _, e := range in.Entries {
		m := &message{Message: Message{Body: e.MessageBody, Attributes: e.MessageAttributes}}
		if no := m.check(); no != nil {
			out.Failed = append(out.Failed, refused{e.ID, no.Type, no.Message, true})
			continue
		}
		one, err := q.take(&e)
		if err != nil {
			return nil, err
		}
		out.Successful = append(out.Successful, one)
	}
	return out, nil
}

type receiveInput struct {
	QueueURL            string `json:"QueueUrl"`
	MaxNumberOfMessages int
}

type received struct {
	MessageID         string `json:"MessageId"`
	ReceiptHandle     string
	Body              string
	MD5OfBody         string
	Attributes        map[string]string
	MessageAttributes map[string]Attribute `json:",omitempty"`
}

type receiveOutput struct{ Messages []received }

func (s *Server) receiveMessage(_ context.Context, in *receiveInput) (*receiveOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueURL)
	switch {
	case err != nil:
		return nil, err
	case in.MaxNumberOfMessages < 0 || in.MaxNumberOfMessages > maxBatch:
		return nil, awsjson.Errorf("InvalidParameterValue", "Value %d for parameter MaxNumberOfMessages is invalid.", in.MaxNumberOfMessages)
	}
	out := &receiveOutput{}
	for _, m := range q.receive(max(in.MaxNumberOfMessages, 1), MaxMessage) {
		out.Messages = append(out.Messages, received{m.ID, m.receipt, m.Body, sum(m.Body),
			map[string]string{"ApproximateReceiveCount": strconv.Itoa(m.Receives)}, m.Attributes})
	}
	return out, nil
}

type receipt struct {
	ID            string `json:"Id"`
	QueueURL      string `json:"QueueUrl"`
	ReceiptHandle string
}

func (s *Server) deleteMessage(_ context.Context, in *receipt) (*struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueURL)
	if err != nil {
		return nil, err
	}
	q.remove(in.ReceiptHandle)
	return &struct{}{}, nil
}

type deleteBatchInput struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []receipt
}

func (s *Server) deleteMessageBatch(_ context.Context, in *deleteBatchInput) (*batchOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueURL)
	if err != nil {
		return nil, err
	}
	out := &batchOutput{Successful: []any{}}
	for _, e := range in.Entries {
		q.remove(e.ReceiptHandle)
		out.Successful = append(out.Successful, map[string]string{"Id": e.ID})
	}
	return out, nil
}

type visibilityInput struct {
	receipt
	VisibilityTimeout int
}

func (s *Server) changeVisibility(_ context.Context, in *visibilityInput) (*struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueURL)
	if err != nil {
		return nil, err
	}
	for _, m := range q.messages {
		if m.receipt != "" && m.receipt == in.ReceiptHandle {
			if in.VisibilityTimeout == 0 {
				m.receipt = ""
			}
			return &struct{}{}, nil
		}
	}
	return nil, awsjson.Errorf("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
}

type attributesOutput struct{ Attributes map[string]string }

func (s *Server) attributes(_ context.Context, in *receiveInput) (*attributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueURL)
	if err != nil {
		return nil, err
	}
	seen, flying := 0, 0
	for _, m := range q.messages {
		if m.receipt == "" {
			seen++
		} else {
			flying++
		}
	}
	out := &attributesOutput{map[string]string{
		"QueueArn": q.ARN(), "ApproximateNumberOfMessages": strconv.Itoa(seen), "ApproximateNumberOfMessagesNotVisible": strconv.Itoa(flying),
	}}
	if q.dead != nil {
		out.Attributes["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, q.dead.ARN(), q.options.Receives)
	}
	return out, nil
}
