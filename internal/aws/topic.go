package aws

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"configtrail"
)

// The limits of SNS.
const (
	MaxTopicMessage = 256 << 10 // bytes
	maxSubject      = 99        // characters: fewer than 100
)

// Publish sends a text to the subscribers of a topic. Of the subject, which mails
// show, what SNS does not take is left out: all but printable ASCII, and what is
// beyond its length; where nothing is left it is sent without. A topic is asked in
// its own region, whatever that of cfg. A text that is too large gives
// configtrail.ErrTooLarge, a topic that is not there configtrail.ErrNotFound.
func Publish(ctx context.Context, cfg aws.Config, topicARN, subject, text string) error {
	if region := regionOfARN(topicARN); region != "" {
		cfg.Region = region
	}
	switch {
	case len(text) > MaxTopicMessage:
		return fmt.Errorf("publish to %s: %w: a message of %d bytes; a topic takes %d", topicARN, configtrail.ErrTooLarge, len(text), MaxTopicMessage)
	case text == "" || !utf8.ValidString(text):
		return fmt.Errorf("publish to %s: %w: a message is a text that is not empty", topicARN, configtrail.ErrInvalid)
	}
	input := &sns.PublishInput{TopicArn: &topicARN, Message: &text}
	if subject = subjectOf(subject); subject != "" {
		input.Subject = &subject
	}
	if _, err := sns.NewFromConfig(cfg).Publish(ctx, input); err != nil {
		return fmt.Errorf("publish to %s: %w", topicARN, explainTopic(err, cfg))
	}
	return nil
}

// subjectOf is what SNS takes as a subject: printable ASCII that begins with a
// letter, a digit or punctuation.
func subjectOf(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	return strings.TrimSpace(text[:min(len(text), maxSubject)])
}

// explainTopic tells the errors that only SNS has.
func explainTopic(err error, cfg aws.Config) error {
	var missing *types.NotFoundException
	var sealed *types.KMSAccessDeniedException
	var denied *types.AuthorizationErrorException
	switch {
	case errors.As(err, &missing):
		err = &explained{"there is no such topic", []error{err, configtrail.ErrNotFound}}
		return configtrail.WithHint(err, "list the topics with: aws sns list-topics --region "+orElse(cfg.Region, "REGION"))
	case errors.As(err, &sealed):
		err = &explained{"its KMS key can't be used", []error{err}}
		return configtrail.WithHint(err, "allow kms:GenerateDataKey and kms:Decrypt on the topic's key")
	case errors.As(err, &denied):
		err = &explained{"access denied: sns:Publish", []error{err}}
		return configtrail.WithHint(err, "allow sns:Publish on the topic, in the role's policy and in the topic's")
	}
	return ExplainFor(cfg.Credentials, err)
}
