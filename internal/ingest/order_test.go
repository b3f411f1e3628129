package ingest_test

import (
	"context"
	"errors"
	"testing"

	"configtrail"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
	"configtrail/internal/redact"
)

// However the deliveries come, the lake holds the same rows in the end.
func TestOrderOfIngestMakesNoDifference(t *testing.T) {
	w := small(t)
	folder := openFolder(t, w.dir)
	reference := newLake(t)
	run(t, optionsFor(reference, folder))
	checkLedger(t, reference, w.truth)
	want := rowsOf(t, reference)

	t.Run("random order", func(t *testing.T) {
		l := newLake(t)
		options := optionsFor(l, arranged{Bucket: folder, arrange: shuffled(2)})
		options.CommitBytes = 4 << 20
		run(t, options)
		checkRows(t, want, rowsOf(t, l))
	})
	t.Run("three parts", func(t *testing.T) {
		l := newLake(t)
		for i := range 3 {
			run(t, optionsFor(l, arranged{Bucket: folder, arrange: part(i, 3)}))
		}
		checkRows(t, want, rowsOf(t, l))
	})
	t.Run("newest first", func(t *testing.T) {
		l := newLake(t)
		for _, since := range []string{"2024-08-29", "2024-08-20", "2024-08-12", "2024-08-03", "2020-01-01"} {
			options := optionsFor(l, folder)
			options.Filter.Since = instant(t, since+"T00:00:00Z")
			run(t, options)
		}
		run(t, optionsFor(l, folder)) // what has no day in its key passed every filter
		checkRows(t, want, rowsOf(t, l))
	})
	t.Run("everything twice", func(t *testing.T) {
		l := newLake(t)
		run(t, optionsFor(l, folder))
		summary := run(t, optionsFor(l, copied{folder}))
		if summary.Items.Added != 0 || summary.Changes != 0 || summary.Items.Duplicates != w.truth.Delivered {
			t.Errorf("the copy added something: %+v", summary)
		}
		checkRows(t, want, rowsOf(t, l))
		before := versionOf(t, l)
		run(t, optionsFor(l, folder, copied{folder}))
		if after := versionOf(t, l); after != before {
			t.Errorf("version %s became %s although nothing was new", before, after)
		}
	})
	t.Run("twice at once", func(t *testing.T) {
		// Two processes that know nothing of each other; both let items in twice.
		dir := t.TempDir()
		one, two := openLake(t, dir), openLake(t, dir)
		failed := make(chan error, 1)
		go func() {
			_, err := ingest.Run(context.WithoutCancel(t.Context()), optionsFor(one, arranged{Bucket: folder, arrange: shuffled(3)}))
			failed <- err
		}()
		run(t, optionsFor(two, copied{arranged{Bucket: folder, arrange: shuffled(4)}}))
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
		if written, err := ingest.Derive(t.Context(), one); written != 0 || err != nil {
			t.Errorf("%d rows were left to derive: %v", written, err)
		}
		got := rowsOf(t, one)
		got.Events = want.Events // concurrent writers may store an event twice; readers count ids
		checkRows(t, want, got)
	})
}

// One redaction key a lake: what another one hashed could not be compared.
func TestAnotherRedactionKeyIsRefused(t *testing.T) {
	dir := t.TempDir()
	bucket := newMemory("bucket")
	bucket.put(historyKey(t, "vpc", "2024-11-05T06:00:00Z"), history(vpc("2024-11-05T01:00:00Z", "10.0.0.0/16")))
	l := openLake(t, dir)
	run(t, optionsFor(l, bucket))
	before := versionOf(t, l)

	other, err := redact.NewKey([]byte("another example of 32 bytes....."))
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func(context.Context, lake.Options) (*lake.Lake, error){"create": lake.Create, "open": lake.Open} {
		_, err := open(t.Context(), lake.Options{Dir: dir, RedactKeyID: other.ID})
		var hint *configtrail.Hint
		if !errors.Is(err, configtrail.ErrConflict) || !errors.As(err, &hint) || hint.Next == "" {
			t.Errorf("%s with another key: %v; want ErrConflict with what to do", name, err)
		}
	}
	reading, err := lake.Open(t.Context(), lake.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	if _, err := ingest.Run(t.Context(), optionsFor(reading, bucket)); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("ingest into a lake opened for reading: %v", err)
	}
	if after := versionOf(t, l); after != before {
		t.Error("a refused writer changed the lake")
	}
}
