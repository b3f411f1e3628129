package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"configtrail"
	"configtrail/internal/lake"
)

// resourceEvent is what CloudFormation asks of a custom resource.
type resourceEvent struct {
	RequestType        string // Create, Update, Delete
	ResponseURL        string // where the answer is put: signed, and so a secret
	StackID            string `json:"StackId"`
	RequestID          string `json:"RequestId"`
	LogicalResourceID  string `json:"LogicalResourceId"`
	PhysicalResourceID string `json:"PhysicalResourceId"`
}

// resourceAnswer is what CloudFormation is answered.
type resourceAnswer struct {
	Status             string // SUCCESS or FAILED
	Reason             string `json:",omitempty"` // people see it in the stack's events
	PhysicalResourceID string `json:"PhysicalResourceId"`
	StackID            string `json:"StackId"`
	RequestID          string `json:"RequestId"`
	LogicalResourceID  string `json:"LogicalResourceId"`
}

const (
	// answerBefore is kept free for the answer, with its tries.
	answerBefore = 25 * time.Second
	// answerTries is how often the answer is put.
	answerTries = 4
	// longestWhy bounds the reason: the answer may have 4096 bytes.
	longestWhy = 1000
)

// tables makes the lake's tables, and the columns that an older lake lacks, as
// `configtrail init` does. CloudFormation waits an hour for an answer, so there is
// one in any case. A stack that goes leaves the lake as it is.
func (f *function) tables(ctx context.Context, raw []byte) (told, error) {
	var e resourceEvent
	if err := json.Unmarshal(raw, &e); err != nil {
		return told{}, errors.New("the event of the custom resource can't be read")
	}
	to, err := answerURL(e.ResponseURL)
	if err != nil {
		return told{}, err
	}
	answer := resourceAnswer{
		Status: "SUCCESS", PhysicalResourceID: e.PhysicalResourceID,
		StackID: e.StackID, RequestID: e.RequestID, LogicalResourceID: e.LogicalResourceID,
	}
	if answer.PhysicalResourceID == "" { // it stays what it is: another one would have the old resource deleted
		answer.PhysicalResourceID = "configtrail-tables"
		if f.settings == nil {
			answer.PhysicalResourceID += "/" + f.config.Remote.Database
		}
	}
	failed := f.makeTables(ctx, e.RequestType)
	if failed != nil {
		answer.Status, answer.Reason = "FAILED", cut(configtrail.Visible(failed.Error()), longestWhy)
		if next := hintOf(failed); next != "" {
			answer.Reason += " — " + cut(configtrail.Visible(next), longestWhy)
		}
	}
	err = f.put(ctx, to, answer)
	if err == nil && failed != nil {
		f.log.LogAttrs(ctx, slog.LevelError, "tables", slog.String("error", unnamed(failed)), slog.String("next", hintOf(failed)))
	}
	return told{counts: []slog.Attr{slog.String("request", short(e.RequestType)), slog.String("status", answer.Status)}}, err
}

func (f *function) makeTables(ctx context.Context, request string) error {
	switch request {
	case "Delete":
		return nil
	case "Create", "Update":
	default:
		return fmt.Errorf("%w: a request of type %q", configtrail.ErrInvalid, short(request))
	}
	if f.settings != nil {
		return f.settings
	}
	if err := f.config.need(taskTables, "CONFIGTRAIL_REDACT_KEY_SECRET"); err != nil {
		return err
	}
	within, cancel := until(ctx, answerBefore)
	defer cancel()
	options, err := f.lakeOptions(within)
	if err != nil {
		return err
	}
	key, err := f.key(within)
	if err != nil {
		return err
	}
	options.RedactKeyID = key.ID
	l, err := lake.Create(within, options)
	if err != nil {
		return err
	}
	return l.Close()
}

// s3Host is a host of S3 as CloudFormation's answers have it, in every partition.
var s3Host = configtrail.Pattern(`^([a-z0-9][a-z0-9.-]*\.)?s3([.-](dualstack\.)?[a-z]{2,4}(-[a-z]+)+-\d{1,2})?\.amazonaws\.(com|com\.cn|eu)$`)

// answerURL refuses an address that is none of S3: the event says where the answer
// goes, and whoever can invoke the function would else choose any.
func answerURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.User != nil || (u.Port() != "" && u.Port() != "443") || !s3Host().MatchString(u.Hostname()) {
		return "", fmt.Errorf("%w: the ResponseURL of the event is none of S3 over https", configtrail.ErrInvalid)
	}
	return text, nil
}

// put sends the answer, some times over where S3 is slow or broken.
func (f *function) put(ctx context.Context, to string, answer resourceAnswer) error {
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		again, err := f.putOnce(ctx, to, body)
		if err == nil || !again || try == answerTries {
			return err
		}
		pause := time.NewTimer(time.Duration(try) * time.Second)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return errors.Join(err, ctx.Err())
		}
	}
}

// putOnce sends the answer once, and tells whether another try may help. No error
// holds the address, as its signature is a secret.
func (f *function) putOnce(ctx context.Context, to string, body []byte) (again bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, to, bytes.NewReader(body))
	if err != nil {
		return false, errors.New("answer CloudFormation: its address can't be read")
	}
	request.Header["Content-Type"] = nil // the signature knows of none
	response, err := f.http.Do(request)
	if err != nil {
		var in *url.Error
		if errors.As(err, &in) {
			err = in.Err
		}
		return true, fmt.Errorf("answer CloudFormation: %w", err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection ends well
	if response.StatusCode/100 != 2 {
		return response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests,
			fmt.Errorf("answer CloudFormation: S3 says %s", http.StatusText(response.StatusCode))
	}
	return false, nil
}
