package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"configtrail"
)

// The limits of SQS.
const (
	MaxQueueMessage = 1 << 20 // bytes of a message with its attributes, and of all messages of one call
	queueBatch      = 10      // messages of one call
)

// QueueMessage is a message for a queue.
type QueueMessage struct {
	Body       string
	Attributes map[string]string // texts that are not empty
}

// size is what SQS counts of a message.
func (m QueueMessage) size() int {
	n := len(m.Body)
	for name, value := range m.Attributes {
		n += len(name) + len(queueText) + len(value)
	}
	return n
}

const queueText = "String"

func (m QueueMessage) attributes() map[string]types.MessageAttributeValue {
	if len(m.Attributes) == 0 {
		return nil
	}
	all := make(map[string]types.MessageAttributeValue, len(m.Attributes))
	for name, value := range m.Attributes {
		all[name] = types.MessageAttributeValue{DataType: aws.String(queueText), StringValue: &value}
	}
	return all
}

// SendMessage sends one message to the queue of a URL. One that is too large gives
// configtrail.ErrTooLarge, a queue that is not there configtrail.ErrNotFound.
func SendMessage(ctx context.Context, cfg aws.Config, queueURL string, m QueueMessage) error {
	if size := m.size(); size > MaxQueueMessage {
		return tooLarge(size)
	}
	_, err := sqs.NewFromConfig(cfg).SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &queueURL, MessageBody: &m.Body, MessageAttributes: m.attributes(),
	})
	if err != nil {
		return fmt.Errorf("send to the queue %s: %w", queueURL, explainQueue(err, cfg, queueURL))
	}
	return nil
}

// SendMessages sends any number of messages, in as few calls as SQS allows. It
// gives the indices of those that were not sent, in order, and an error that says
// why the first of them was not. After a call that fails no other is made.
func SendMessages(ctx context.Context, cfg aws.Config, queueURL string, messages []QueueMessage) (failed []int, err error) {
	client := sqs.NewFromConfig(cfg)
	for from := 0; from < len(messages); {
		n := fitting(messages[from:])
		if n == 0 {
			failed, err = append(failed, from), cmp.Or(err, tooLarge(messages[from].size()))
			from++
			continue
		}
		refused, code, sendErr := sendBatch(ctx, client, queueURL, messages[from:from+n])
		if sendErr != nil {
			for i := from; i < len(messages); i++ {
				failed = append(failed, i)
			}
			slices.Sort(failed)
			return failed, cmp.Or(err, fmt.Errorf("send to the queue %s: %w", queueURL, explainQueue(sendErr, cfg, queueURL)))
		}
		for _, i := range refused {
			failed = append(failed, from+i)
			err = cmp.Or(err, fmt.Errorf("send to the queue %s: a message was refused: %s", queueURL, configtrail.Visible(code)))
		}
		from += n
	}
	slices.Sort(failed)
	return failed, err
}

// sendBatch makes one call, and gives the indices of the messages that SQS did not
// take, with its code for the first of them.
func sendBatch(ctx context.Context, client *sqs.Client, queueURL string, messages []QueueMessage) (refused []int, code string, err error) {
	batch := make([]types.SendMessageBatchRequestEntry, len(messages))
	for i := range messages {
		batch[i] = types.SendMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), MessageBody: &messages[i].Body, MessageAttributes: messages[i].attributes(),
		}
	}
	out, err := client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &queueURL, Entries: batch})
	if err != nil {
		return nil, "", err
	}
	for _, one := range out.Failed {
		i, err := strconv.Atoi(aws.ToString(one.Id))
		if err != nil || i < 0 || i >= len(messages) {
			return nil, "", fmt.Errorf("%w: the answer tells of a message that was not sent", configtrail.ErrInvalid)
		}
		refused, code = append(refused, i), cmp.Or(code, aws.ToString(one.Code))
	}
	return refused, code, nil
}

// fitting is how many of the messages go into one call; 0: the first is too large
// by itself.
func fitting(messages []QueueMessage) (n int) {
	for size := 0; n < len(messages) && n < queueBatch; n++ {
		if size += messages[n].size(); size > MaxQueueMessage {
			break
		}
	}
	return n
}

func tooLarge(size int) error {
	return fmt.Errorf("%w: a message of %d bytes with its attributes; a queue takes %d", configtrail.ErrTooLarge, size, MaxQueueMessage)
}

// explainQueue tells the errors that only SQS has.
func explainQueue(err error, cfg aws.Config, queueURL string) error {
	var missing *types.QueueDoesNotExist
	var sealed *types.KmsAccessDenied
	switch {
	case errors.As(err, &missing):
		err = &explained{"there is no such queue", []error{err, configtrail.ErrNotFound}}
		return configtrail.WithHint(err, "list the queues with: aws sqs list-queues --region "+orElse(cfg.Region, "REGION"))
	case errors.As(err, &sealed):
		err = &explained{"its KMS key can't be used", []error{err}}
		return configtrail.WithHint(err, "allow kms:GenerateDataKey and kms:Decrypt on the queue's key, or encrypt the queue with SSE-SQS; it is "+configtrail.Visible(queueURL))
	}
	return ExplainFor(cfg.Credentials, err)
}
