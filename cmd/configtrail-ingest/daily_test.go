package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/engine/duckdb"
	"configtrail/internal/history"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
	"configtrail/internal/message"
	"configtrail/internal/redact"
	"configtrail/internal/report"
	"configtrail/internal/testorg"
)

// growing is a lake of a made-up organisation, which is ingested as far as it had
// been delivered at an instant.
type growing struct {
	t       *testing.T
	objects map[string][]byte
	dir     string
	lake    *lake.Lake
	key     redact.Key
	clock   *clock
	sent    []report.Notice
	refuse  error // what publishing gives
}

// The months are September and October 2024. In October SSH is open to the world
// on the 14th, a bucket is public from the 18th on, and much is deleted on the 20th.
func newGrowing(t *testing.T) *growing {
	t.Helper()
	g := &growing{t: t, objects: map[string][]byte{}, dir: t.TempDir(), clock: &clock{}}
	options := testorg.Options{Seed: 11, Start: configtrail.Month{Year: 2024, Month: time.September}, Months: 2, Resources: 6, Accounts: 2, Regions: []string{"ap-northeast-1"}}
	if _, err := testorg.Generate(t.Context(), options, func(key string, data []byte) error {
		g.objects[key] = append([]byte(nil), data...)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var err error
	if g.key, err = redact.NewKey([]byte("an example of thirty-two bytes..")); err != nil {
		t.Fatal(err)
	}
	if g.lake, err = lake.Create(t.Context(), lake.Options{Dir: t.TempDir(), RedactKeyID: g.key.ID}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.lake.Close() })
	return g
}

var written = regexp.MustCompile(`\d{8}T\d{6}Z`)

// until moves the clock, and ingests what had been written by then.
func (g *growing) until(clock string) {
	g.t.Helper()
	now := tokyo(g.t, clock)
	g.clock.set(now)
	for key, data := range g.objects {
		times := written.FindAllString(filepath.Base(key), -1)
		if len(times) == 0 {
			continue
		}
		at, err := time.Parse("20060102T150405Z", times[len(times)-1])
		if err != nil {
			g.t.Fatal(err)
		}
		if at.After(now) {
			continue
		}
		path := filepath.Join(g.dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			g.t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			g.t.Fatal(err)
		}
		delete(g.objects, key)
	}
	source, err := blob.OpenFolder(g.dir)
	if err != nil {
		g.t.Fatal(err)
	}
	if _, err := ingest.Run(g.t.Context(), ingest.Options{
		Sources: []blob.Bucket{source}, Lake: g.lake, HashKey: g.key.Bytes(), Redactor: redact.New(g.key.Bytes()), Workers: 1,
	}); err != nil {
		g.t.Fatal(err)
	}
}

func tokyo(t *testing.T, clock string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", clock, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// herald tells what the lake holds.
func (g *growing) herald(lang message.Lang) herald {
	g.t.Helper()
	e, err := duckdb.New(g.lake, duckdb.Options{})
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { e.Close() })
	zone := tokyo(g.t, "2024-10-01 00:00").Location()
	printer, err := message.New(string(lang))
	if err != nil {
		g.t.Fatal(err)
	}
	accounts := []configtrail.Account{}
	places, err := (&history.History{Engine: e, Zone: zone, Now: g.clock.Now}).Coverage(g.t.Context(), history.Filter{})
	if err != nil {
		g.t.Fatal(err)
	}
	for _, p := range places.Places {
		accounts = append(accounts, configtrail.Account{ID: p.Account, Name: "本番-" + p.Account[:4]})
	}
	return herald{
		past: &history.History{Engine: e, Zone: zone, Now: g.clock.Now, Accounts: accounts},
		zone: zone, printer: printer, now: g.clock.Now, flags: "--engine athena --lake s3://lake/lake --database configtrail",
		publish: func(_ context.Context, subject, text string) error {
			if g.refuse == nil {
				g.sent = append(g.sent, report.Notice{Subject: subject, Text: text})
			}
			return g.refuse
		},
	}
}

// day runs once, and gives what was published and what was counted.
func (g *growing) day(h herald, memory announced) (sent []report.Notice, counts string) {
	g.t.Helper()
	g.sent = nil
	attrs, err := h.daily(g.t.Context(), memory, 0)
	if err != nil {
		g.t.Fatal(err)
	}
	return g.sent, said(attrs)
}

func said(attrs []slog.Attr) string {
	var all []string
	for _, a := range attrs {
		if a.Key != "bytes" {
			all = append(all, a.String())
		}
	}
	return strings.Join(all, " ")
}

// memories gives one memory for each language, as if each had its own function.
func (g *growing) memories() func(lang message.Lang, run string) announced {
	g.t.Helper()
	stores := map[message.Lang]blob.Store{}
	for _, lang := range message.Langs {
		store, err := blob.OpenFolder(g.t.TempDir())
		if err != nil {
			g.t.Fatal(err)
		}
		stores[lang] = store
	}
	return func(lang message.Lang, run string) announced {
		return announced{stores[lang], "daily.json", run, g.clock.Now}
	}
}

func TestDaysOfAnOrganisation(t *testing.T) {
	g := newGrowing(t)
	memory := g.memories()
	for _, day := range []struct {
		at, counts, subject string
		file                string // of the whole text
	}{
		// The last seven days lie in two months.
		{"2024-10-03 09:00", "news=3 told_before=0 told_by_another=0 told=3", "configtrail: 3 gaps in the data", ""},
		// SSH was opened at 14:05 the day before, and a role became an administrator's;
		// a recorder had been off for two days before that.
		{"2024-10-15 09:00", "news=4 told_before=0 told_by_another=0 told=4", "configtrail: 2 high findings, 2 gaps in the data", "daily"},
		{"2024-10-16 09:00", "news=4 told_before=4 told_by_another=0 told=0", "", ""},
		{"2024-10-19 09:00", "news=5 told_before=2 told_by_another=0 told=3", "configtrail: 3 high findings", ""},
	} {
		g.until(day.at)
		for _, lang := range message.Langs {
			sent, counts := g.day(g.herald(lang), memory(lang, day.at))
			if counts != day.counts {
				t.Errorf("%s %s: counted %s, want %s", day.at, lang, counts, day.counts)
			}
			if day.subject == "" {
				if len(sent) > 0 {
					t.Errorf("%s %s: sent %q", day.at, lang, sent)
				}
				continue
			}
			if len(sent) != 1 || sent[0].Subject != day.subject {
				t.Errorf("%s %s: sent %q, want %s", day.at, lang, sent, day.subject)
				continue
			}
			if strings.Contains(sent[0].Text, "⟦") {
				t.Errorf("%s %s: a message or an argument is missing:\n%s", day.at, lang, sent[0].Text)
			}
			if day.file != "" {
				golden(t, day.file+"."+string(lang)+".txt", sent[0].Text)
			}
		}
	}
}

var update = flag.Bool("update", false, "write the golden files anew; read them before you keep them")

// golden holds text against a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestARunThatIsKilledLosesNothing(t *testing.T) {
	g := newGrowing(t)
	memory := g.memories()
	g.until("2024-10-15 09:00")
	h := g.herald(message.English)
	fails := func(ctx context.Context, name string) {
		t.Helper()
		if _, err := h.daily(ctx, memory(message.English, name), 0); err == nil {
			t.Errorf("%s did not fail", name)
		}
	}
	told := func(name string) string {
		t.Helper()
		sent, counts := g.day(h, memory(message.English, name))
		if len(sent) > 0 != strings.HasSuffix(counts, " told=4") {
			t.Errorf("%s sent %d messages and counted %s", name, len(sent), counts)
		}
		return counts
	}

	// Killed before it publishes: another, at once, does not know that, but the same
	// event tried again tells all.
	g.refuse = errors.New("the topic is not there")
	fails(t.Context(), "first")
	g.refuse = nil
	if got := told("other"); got != "news=4 told_before=0 told_by_another=4 told=0" {
		t.Error(got)
	}
	// Killed between the message and the note of it: told once more, and no third time.
	ctx, kill := context.WithCancel(t.Context())
	publish, published := h.publish, 0
	h.publish = func(ctx context.Context, subject, text string) error {
		published++
		kill()
		return publish(ctx, subject, text)
	}
	fails(ctx, "first")
	h.publish = publish
	if got := told("first"); published != 1 || got != "news=4 told_before=0 told_by_another=0 told=4" {
		t.Errorf("%d, %s", published, got)
	}
	g.clock.pass(time.Hour)
	if got := told("next"); got != "news=4 told_before=4 told_by_another=0 told=0" {
		t.Error(got)
	}
}

func TestRunsAtOnceTellOnce(t *testing.T) {
	g := newGrowing(t)
	memory := g.memories()
	g.until("2024-10-15 09:00")
	var mu sync.Mutex
	var texts []string
	var runs sync.WaitGroup
	for _, name := range []string{"one", "two", "three"} {
		h := g.herald(message.English)
		h.publish = func(_ context.Context, _, text string) error {
			mu.Lock()
			defer mu.Unlock()
			texts = append(texts, text)
			return nil
		}
		runs.Go(func() {
			if _, err := h.daily(t.Context(), memory(message.English, name), 0); err != nil {
				t.Error(err)
			}
		})
	}
	runs.Wait()
	if len(texts) != 1 || !strings.Contains(texts[0], "2 grave findings (2 high) and 2 gaps in the data") {
		t.Errorf("told %d times: %q", len(texts), texts)
	}
}

func TestADailyRunLooksAtAMonthAtMost(t *testing.T) {
	for _, days := range []int{-1, 32} {
		if _, err := (herald{}).daily(t.Context(), announced{}, days); !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("%d days: %v", days, err)
		}
	}
}
