package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"configtrail"
	"configtrail/internal/aws"
	"configtrail/internal/blob"
	"configtrail/internal/ingest"
	"configtrail/internal/message"
)

// fannedOut is what was handed to the functions, as `ingest --queue --format json` prints it.
type fannedOut struct {
	Queue    string         `json:"queue"`
	Messages int64          `json:"messages"`
	Sent     int64          `json:"sent"` // objects in them
	Bytes    int64          `json:"bytes"`
	Accounts int            `json:"accounts"`
	Days     int            `json:"days"` // of accounts
	Objects  foreseenCounts `json:"objects"`
}

// fanOut tells the deployed functions of every object that is not in the lake
// yet, as S3 would have when it was written. Nothing is read here. Running it again
// sends what has not arrived in the lake by then; an object that is sent twice is
// taken once.
func (a *app) fanOut(ctx context.Context, f ingestFlags, filter ingest.Filter, named []string) error {
	region, err := queueRegion(f.queue)
	if err != nil {
		return err
	}
	sources, err := a.sources(ctx, named)
	if err != nil {
		return err
	}
	for _, source := range sources {
		if _, ok := source.(*blob.S3); !ok {
			return invalid("queue_folder", message.Args{"source": source.URI()})
		}
	}
	l, err := a.openLake(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }() // it was only read
	send, err := a.sender(ctx, f.queue, region)
	if err != nil {
		return err
	}
	out := fannedOut{Queue: f.queue}
	err = a.send(ctx, ingest.Outlook{Sources: sources, Filter: filter, Retry: f.retry, Lake: l}, send, &out)
	if err != nil {
		if out.Messages > 0 {
			a.remark(a.p.Text("fanout.before", message.Args{"messages": out.Messages}))
		}
		return err
	}
	if f.format == "json" {
		return writeJSON(a.Stdout, out)
	}
	if !a.quiet {
		a.fanned(out)
	}
	return nil
}

// sender gives messages to the queue, ten to a call.
func (a *app) sender(ctx context.Context, queue, region string) (func(bodies []string) error, error) {
	cfg, err := a.awsConfig(ctx)
	if err != nil {
		return nil, told("aws", err)
	}
	if region != "" {
		cfg.Region = region
	}
	if err := aws.NeedRegion(cfg); err != nil {
		return nil, told("aws", err)
	}
	return func(bodies []string) error {
		messages := make([]aws.QueueMessage, len(bodies))
		for i, body := range bodies {
			messages[i].Body = body
		}
		_, err := aws.SendMessages(ctx, cfg, queue, messages)
		if errors.Is(err, configtrail.ErrNotFound) {
			return &configtrail.Problem{Key: "no_queue", Args: message.Args{"queue": queue}, Err: err}
		}
		return told("queue", err)
	}, nil
}

// send packs what is due and sends it. What was sent before an error is in out.
func (a *app) send(ctx context.Context, outlook ingest.Outlook, send func([]string) error, out *fannedOut) error {
	packers := map[blob.Bucket]*packer{}
	accounts, days := map[string]bool{}, map[packKey]bool{}
	tally := func() {
		out.Messages, out.Sent, out.Bytes = 0, 0, 0
		for _, p := range packers {
			out.Messages, out.Sent, out.Bytes = out.Messages+p.messages, out.Sent+p.objects, out.Bytes+p.bytes
		}
		out.Accounts, out.Days = len(accounts), len(days)
	}
	defer tally()
	for object, err := range outlook.List(ctx) {
		if err != nil {
			return told("reading", err)
		}
		out.Objects.count(object)
		if object.Standing != ingest.Due {
			continue
		}
		p := packers[object.Bucket]
		if p == nil {
			place := object.Bucket.(*blob.S3).Place()
			p = newPacker(place.Bucket, a.Now(), send)
			packers[object.Bucket] = p
		}
		accounts[object.Key.Account], days[keyOf(object)] = true, true
		if err := p.add(object); err != nil {
			return err
		}
		if a.Terminal && !a.quiet && out.Objects.Seen%1000 == 0 {
			tally()
			fmt.Fprint(a.Stderr, "\r\x1b[K"+a.p.Text("fanout.progress", message.Args{"seen": out.Objects.Seen, "messages": out.Messages}))
		}
	}
	for _, p := range packers {
		if err := p.flush(); err != nil {
			return err
		}
	}
	if a.Terminal && !a.quiet {
		fmt.Fprint(a.Stderr, "\r\x1b[K")
	}
	return nil
}

// count counts an object by how it stands.
func (c *foreseenCounts) count(object ingest.Listed) {
	c.Seen++
	switch {
	case object.Standing == ingest.NotRead:
		c.Ignored++
	case object.Standing == ingest.InAlready:
		c.Already++
	case object.Object.Archived:
		c.Archived++
	default:
		c.New++
	}
}

func (a *app) fanned(out fannedOut) {
	o := out.Objects
	fmt.Fprintln(a.Stdout, a.p.Text("fanout.objects", message.Args{"seen": o.Seen, "new": o.New, "already": o.Already, "ignored": o.Ignored, "archived": o.Archived}))
	if out.Messages == 0 {
		fmt.Fprintln(a.Stdout, a.t("fanout.nothing"))
		return
	}
	fmt.Fprintln(a.Stdout, a.p.Text("fanout.sent", message.Args{
		"messages": out.Messages, "objects": out.Sent, "bytes": size(out.Bytes), "accounts": out.Accounts, "days": out.Days, "queue": configtrail.Visible(out.Queue)}))
	fmt.Fprintln(a.Stdout, a.t("fanout.next"))
}

// queueHost is the host of SQS in a region, of whichever partition.
var queueHost = configtrail.Pattern(`^(?:sqs|queue)\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$`)

// queueRegion checks the URL of a queue and gives the region that its host
// names; "" where it names none.
func queueRegion(queue string) (string, error) {
	u, err := url.Parse(queue)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Count(strings.Trim(u.Path, "/"), "/") != 1 || u.RawQuery != "" || u.User != nil {
		return "", invalid("queue_url", message.Args{"text": queue})
	}
	if found := queueHost().FindStringSubmatch(u.Hostname()); found != nil {
		return found[1], nil
	}
	return "", nil
}
