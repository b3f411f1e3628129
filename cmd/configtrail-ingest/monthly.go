package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/report"
)

// monthly writes the report of a month below the place of reports, as
// 2024/11/report.html and the like, and tells the topic its headlines. A month
// that an event names is told whenever somebody asks; without one it is the month
// before, and is told once, however often the schedule's event comes.
func monthly(ctx context.Context, p *parts, e event) ([]slog.Attr, error) {
	h, err := p.herald(ctx)
	if err != nil {
		return nil, err
	}
	cfg, err := p.sdk(ctx)
	if err != nil {
		return nil, err
	}
	bucket, err := blob.OpenS3(cfg, p.config.Reports, p.s3(p.config.LakeOwner))
	if err != nil {
		return nil, err
	}
	month, err := h.monthIn(e.Month)
	if err != nil {
		return nil, err
	}
	s := shelf{bucket, month, cfg.Region}
	memory := announced{bucket, s.below("announced.json"), runOf(ctx), p.now}
	if e.Month != "" {
		return h.monthly(ctx, s, memory, always)
	}
	return h.monthly(ctx, s, memory, onceOnly)
}

// telling says whether a month that was told is told again.
type telling int

const (
	onceOnly telling = iota
	always
)

func (h herald) monthly(ctx context.Context, s shelf, memory announced, how telling) ([]slog.Attr, error) {
	r, err := h.report(ctx, s.month)
	if err != nil {
		return nil, err
	}
	written, err := s.put(ctx, r)
	if err != nil {
		return nil, err
	}
	const month = "month"
	claimed, err := memory.claim(ctx, []string{month})
	if err != nil {
		return nil, err
	}
	counts := []slog.Attr{
		slog.String("month", s.month.String()), slog.Int64("changes", r.Totals.Changes), slog.Int("findings", len(r.Findings)),
		slog.Bool("complete", r.Complete()), slog.Int64("written_bytes", written), slog.Int64("bytes", r.Cost.Bytes),
	}
	if len(claimed.ids) == 0 && how != always {
		return append(counts, slog.Int("told", 0)), nil
	}
	again := fmt.Sprintf(`{"task":%q,"month":%q}`, taskMonthly, s.month)
	notice := r.Notice(report.Files{URIs: s.uris(), Console: s.console(), Again: again})
	if err := h.publish(ctx, notice.Subject, notice.Text); err != nil {
		return nil, err
	}
	return append(counts, slog.Int("told", 1)), memory.tell(ctx, []string{month})
}

// shelf is where the report of a month lies.
type shelf struct {
	bucket *blob.S3
	month  configtrail.Month
	region string // of the bucket
}

// files are those of a report, in the order in which they are written: who sees
// the JSON finds the others of the same run.
var files = []struct {
	name  string
	write func(*report.Report, io.Writer) error
}{
	{"report.html", (*report.Report).WriteHTML},
	{"report.md", (*report.Report).WriteMarkdown},
	{"report.json", (*report.Report).WriteJSON},
}

// below is the path of a file of the month below the place of reports.
func (s shelf) below(name string) string {
	return fmt.Sprintf("%04d/%02d/%s", s.month.Year, s.month.Month, name)
}

// put writes the report in each form, each file whole in place of an older one.
func (s shelf) put(ctx context.Context, r *report.Report) (written int64, err error) {
	for _, file := range files {
		var b bytes.Buffer
		if err := file.write(r, &b); err != nil {
			return written, fmt.Errorf("write %s: %w", file.name, err)
		}
		size := int64(b.Len())
		if _, err := s.bucket.Put(ctx, s.bucket.Key(s.below(file.name)), bytes.NewReader(b.Bytes()), size); err != nil {
			return written, err
		}
		written += size
	}
	return written, nil
}

func (s shelf) uris() []string {
	var all []string
	for _, file := range files {
		all = append(all, strings.TrimRight(s.bucket.URI(), "/")+"/"+s.below(file.name))
	}
	return all
}

// console is where a browser shows the page in the console of the bucket's
// partition; empty for partitions whose console has no public address.
func (s shelf) console() string {
	place, err := blob.ParseURL(s.bucket.URI())
	if err != nil {
		return ""
	}
	var host string
	switch region := s.region; {
	case region == "" || strings.HasPrefix(region, "us-iso") || strings.HasPrefix(region, "eu-iso"):
		return ""
	case strings.HasPrefix(region, "cn-"):
		host = region + ".console.amazonaws.cn"
	case strings.HasPrefix(region, "us-gov-"):
		host = "console.amazonaws-us-gov.com"
	case strings.HasPrefix(region, "eusc-"):
		host = region + ".console.amazonaws-eusc.eu"
	default:
		host = region + ".console.aws.amazon.com"
	}
	query := url.Values{"region": {s.region}, "prefix": {s.bucket.Key(s.below(files[0].name))}}
	return "https://" + host + "/s3/object/" + place.Bucket + "?" + query.Encode()
}
