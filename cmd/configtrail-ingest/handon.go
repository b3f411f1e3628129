package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"configtrail"
	"configtrail/internal/aws"
	"configtrail/internal/blob"
	"configtrail/internal/delivery"
	"configtrail/internal/ingest"
)

// objectVariable tells the longer run which object is meant.
const objectVariable = "CONFIGTRAIL_OBJECT"

// needOfHandingOn are the settings of those that take what is small enough and hand
// on the rest.
func (f *function) needOfHandingOn() []string {
	needs := slices.Clone(needOfTaking)
	if f.config.Large > 0 {
		needs = append(needs, "CONFIGTRAIL_LONG_RUN")
	}
	return needs
}

// handOn starts a longer run for each object that is too large for the function.
// A message whose run can't be started is to come again, as one that failed. One
// that fails otherwise has its large objects handed on when it comes no more.
func (b *batch) handOn(ctx context.Context) {
	started := map[string]error{} // by token: one run for all messages that name an object
	for i := range b.taken {
		taken := &b.taken[i]
		if taken.Outcome != ingest.Large && (taken.Outcome != ingest.Failed || !b.last(i)) {
			continue
		}
		for _, object := range taken.Objects {
			if object.Outcome != ingest.Large {
				continue
			}
			token := tokenOf(object.URI, etagIn(b.records[i].Body, object.URI))
			err, done := started[token]
			if !done {
				err = b.longRun(ctx, object.URI, token)
				started[token] = err
				if err == nil {
					b.builds++
				}
			}
			if err != nil && taken.Outcome == ingest.Large {
				taken.Outcome, taken.URI, taken.Err = ingest.Failed, object.URI, err
			}
		}
	}
}

// tokenOf makes one run of all that are started for an object as it is now.
func tokenOf(uri, etag string) string {
	sum := sha256.Sum256([]byte(uri + "\x1f" + etag))
	return hex.EncodeToString(sum[:])
}

// etagIn is the ETag of an object as a message tells it; "" where it does not.
func etagIn(body, uri string) string {
	message, err := delivery.ParseMessage([]byte(body))
	if err != nil {
		return ""
	}
	for _, object := range message.Objects {
		if (blob.URL{Bucket: object.Bucket, Prefix: object.Key}).String() == uri {
			return object.ETag
		}
	}
	return ""
}

// longRun starts a run for one object.
func (p *parts) longRun(ctx context.Context, uri, token string) error {
	if err := passable(uri); err != nil {
		return err
	}
	cfg, err := p.sdk(ctx)
	if err != nil {
		return err
	}
	_, err = aws.StartBuild(ctx, cfg, p.config.LongRun, aws.Build{Token: token, Environment: map[string]string{objectVariable: uri}})
	return err
}

// listed hands on what one listing found. A listing finds an object again until
// its run, which may take hours, is over and what it staged is gathered.
type listed struct {
	*parts
	underWay map[string]bool // objects of runs; nil: not looked for yet
}

// handOn starts a longer run for an object unless one is under way. A second run does
// no harm: it finds the object in, or stages the same once more, which gathering
// tells from what is new. So where the runs can't be told, one is started.
func (l *listed) handOn(ctx context.Context, object blob.Object) error {
	if l.underWay == nil {
		l.underWay = l.runs(ctx)
	}
	if l.underWay[object.URI] {
		return nil
	}
	return l.longRun(ctx, object.URI, tokenOf(object.URI, object.ETag))
}

// runs are the objects of the longer runs that have not ended.
func (p *parts) runs(ctx context.Context) map[string]bool {
	objects := map[string]bool{}
	cfg, err := p.sdk(ctx)
	var environments []map[string]string
	if err == nil {
		environments, err = aws.BuildsUnderWay(ctx, cfg, p.config.LongRun)
	}
	if err != nil {
		p.log.WarnContext(ctx, "the longer runs under way are not known", "error", unnamed(err), "next", hintOf(err))
	}
	for _, environment := range environments {
		objects[environment[objectVariable]] = true
	}
	return objects
}

// longestURI is s3:// with the longest bucket and the longest key.
const longestURI = len("s3://") + 255 + len("/") + 1024

// passable refuses a URI that a variable can't carry as it is to a program.
func passable(uri string) error {
	_, err := blob.ParseURL(uri)
	switch {
	case err != nil:
		return err
	case len(uri) > longestURI, strings.ContainsFunc(uri, func(r rune) bool { return r == unicode.ReplacementChar || unicode.IsControl(r) }):
		return fmt.Errorf("%w: the name of the object can't be handed to the longer run; read it with: configtrail ingest", configtrail.ErrInvalid)
	}
	return nil
}

// giveUp sends what failed for the last time to the dead-letter queue, with the
// reason, and counts it as done. Where sending fails it stays failed, and the queue
// itself moves it there, without a reason.
func (b *batch) giveUp(ctx context.Context) {
	var at []int
	var letters []aws.QueueMessage
	for i, taken := range b.taken {
		if taken.Outcome == ingest.Failed && b.last(i) {
			at = append(at, i)
			letters = append(letters, letter(b.records[i].Body, taken))
		}
	}
	if len(letters) == 0 {
		return
	}
	cfg, err := b.sdk(ctx)
	var unsent []int
	if err == nil {
		unsent, err = aws.SendMessages(ctx, cfg, b.config.DeadLetters, letters)
	}
	if err != nil {
		b.log.ErrorContext(ctx, "not sent to the dead-letter queue", "messages", max(len(unsent), 1), "error", unnamed(err), "next", hintOf(err))
		if len(unsent) == 0 {
			return
		}
	}
	for n, i := range at {
		if len(unsent) > 0 && unsent[0] == n {
			unsent = unsent[1:]
			continue
		}
		b.givenUp[i] = true
		b.dead++
	}
}

// The longest attributes of a dead letter, in bytes.
const (
	longestReason = 1000
	longestObject = 2000
)

// letter is a message with the reason why it was given up, and the object that
// this is about. Both hold what others wrote, so both are made visible.
func letter(body string, taken ingest.Taken) aws.QueueMessage {
	why := "unknown"
	if taken.Err != nil {
		why = taken.Err.Error()
	}
	m := aws.QueueMessage{Body: body, Attributes: map[string]string{"reason": attribute(why, longestReason), "message": attribute(taken.ID, 100)}}
	if taken.URI != "" {
		m.Attributes["object"] = attribute(taken.URI, longestObject)
	}
	return m
}

// attribute is a text as an attribute may hold it.
func attribute(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r&0xfffe == 0xfffe { // what XML has no character for
			return unicode.ReplacementChar
		}
		return r
	}, text)
	return cut(configtrail.Visible(text), most)
}
