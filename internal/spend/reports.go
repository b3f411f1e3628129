package spend

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"configtrail"
)

// ReportKey names a report that is kept. Question is what was asked, and names
// the object; State is everything else that the answer depends on, such as the
// version of the data. A report of another state takes the old one's place, so
// there are never more reports than questions.
type ReportKey struct {
	Question, State string
}

// heading is the line above a kept report: whose it is, and its own hash. An
// object that was cut off, changed by hand or is another's fails one of them.
func (k ReportKey) heading(report []byte) []byte {
	return fmt.Appendf(nil, "configtrail report 1 %s %s\n", hash(k.Question, k.State), hash(string(report)))
}

func (b *Budget) reportKey(k ReportKey) string { return b.key("reports", hash(k.Question)) }

// hash is of texts, with a length before each so that no two lists meet.
func hash(texts ...string) string {
	h := sha256.New()
	for _, text := range texts {
		fmt.Fprintf(h, "%d:%s", len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Cached gives the report that was kept under a key. None, one of another
// state, one that is damaged or too large gives false.
func (b *Budget) Cached(ctx context.Context, key ReportKey) (report []byte, ok bool, err error) {
	object := b.reportKey(key)
	text, _, err := b.store.Read(ctx, object)
	switch {
	case errors.Is(err, configtrail.ErrNotFound):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("read the kept report %s: %w", object, err)
	}
	line, report, _ := bytes.Cut(text, []byte("\n"))
	if len(report) > b.options.MaxReport || !bytes.Equal(append(line, '\n'), key.heading(report)) {
		return nil, false, nil
	}
	return report, true, nil
}

// Keep stores a report under a key, in the place of an older one. A report
// above Options.MaxReport gives configtrail.ErrTooLarge. Of several processes
// that keep one report at once, one does.
func (b *Budget) Keep(ctx context.Context, key ReportKey, report []byte) error {
	object := b.reportKey(key)
	if len(report) > b.options.MaxReport {
		return fmt.Errorf("%w: keep the report %s: %d bytes, of %d at most", configtrail.ErrTooLarge, object, len(report), b.options.MaxReport)
	}
	_, etag, err := b.store.Read(ctx, object)
	if err != nil && !errors.Is(err, configtrail.ErrNotFound) {
		return fmt.Errorf("keep the report %s: %w", object, err)
	}
	_, err = b.store.Swap(ctx, object, append(key.heading(report), report...), etag)
	if err != nil && !errors.Is(err, configtrail.ErrConflict) {
		return fmt.Errorf("keep the report %s: %w", object, err)
	}
	return nil
}
