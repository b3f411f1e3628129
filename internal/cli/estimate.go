package cli

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
	"configtrail/internal/price"
)

// From here on a first load is one that a person wants to hear about before it starts.
const (
	manyObjects = 5_000
	manyBytes   = 1_000_000_000
)

// foresight is what an ingest would do, as `ingest --dry-run --format json` prints it.
type foresight struct {
	DryRun  bool              `json:"dry_run"`
	Sources []*foreseenSource `json:"sources"`
	Objects foreseenCounts    `json:"objects"`
	Bytes   foreseenBytes     `json:"bytes"`
	By      struct {
		Place []foreseenPart `json:"place"`
		Month []foreseenPart `json:"month"`
	} `json:"by"` // of what is new
	Prices pricesJSON  `json:"prices"`
	Rates  price.Rates `json:"rates"`
}

type foreseenCounts struct {
	Seen     int64 `json:"seen"`
	New      int64 `json:"new"`
	Already  int64 `json:"already"`
	Ignored  int64 `json:"ignored"`
	Archived int64 `json:"archived"` // can't be read without a restore
}

type foreseenBytes struct {
	New      int64 `json:"new"`
	Archived int64 `json:"archived"`
}

// foreseenPart is what is new of a place, or of a month.
type foreseenPart struct {
	Account string `json:"account,omitempty"`
	Region  string `json:"region,omitempty"`
	Month   string `json:"month,omitempty"`
	Objects int64  `json:"objects"`
	Bytes   int64  `json:"bytes"`
}

// foreseenSource is one source.
type foreseenSource struct {
	Source    string         `json:"source"`
	Region    string         `json:"region"` // of its bucket; "" for a folder
	Objects   foreseenCounts `json:"objects"`
	Bytes     foreseenBytes  `json:"bytes"`
	Lifecycle *lifecycleJSON `json:"lifecycle"` // null for a folder
	Here      foreseenWork   `json:"here"`
	Functions *foreseenWork  `json:"functions"` // null for a folder, which they can't read

	bucket *blob.S3 // nil for a folder
	large  int64
	fates  *fates
	packed *packer
}

// foreseenWork is how long a load takes, and what it costs.
type foreseenWork struct {
	Seconds  float64 `json:"seconds"`
	Messages int64   `json:"messages,omitempty"`
	price.Estimate
}

// foresee lists and estimates, and writes nothing.
func (a *app) foresee(ctx context.Context, f ingestFlags, filter ingest.Filter, named []string) error {
	outlook := ingest.Outlook{Filter: filter, Retry: f.retry}
	var err error
	if outlook.Sources, err = a.sources(ctx, named); err != nil {
		return err
	}
	if outlook.Lake, err = a.lakeIfAny(ctx); err != nil {
		return err
	}
	if outlook.Lake != nil {
		defer func() { _ = outlook.Lake.Close() }() // it was only read
	}
	sight, err := a.estimate(ctx, outlook, f.prices)
	switch {
	case err != nil:
		return err
	case f.format == "json":
		return writeJSON(a.Stdout, sight)
	}
	a.foreseen(a.Stdout, sight)
	return nil
}

// lakeIfAny opens the lake for reading; nil where there is none yet.
func (a *app) lakeIfAny(ctx context.Context) (*lake.Lake, error) {
	l, err := a.openLake(ctx)
	if errors.Is(err, configtrail.ErrNotFound) {
		return nil, nil
	}
	return l, err
}

// foretell prints the estimate of a first load that is no small one, on standard
// error. It lists the sources once more than the load itself, which costs little
// beside reading them.
func (a *app) foretell(ctx context.Context, outlook ingest.Outlook, f ingestFlags) error {
	if a.quiet {
		return nil
	}
	first, err := outlook.First(ctx)
	if err != nil || !first {
		return told("reading", err)
	}
	sight, err := a.estimate(ctx, outlook, f.prices)
	if err != nil {
		return err
	}
	if sight.Objects.New < manyObjects && sight.Bytes.New < manyBytes {
		return nil
	}
	a.foreseen(a.Stderr, sight)
	a.remark(a.t("estimate.begins"))
	return nil
}

// estimate lists the sources and works out what reading them takes.
func (a *app) estimate(ctx context.Context, outlook ingest.Outlook, prices string) (*foresight, error) {
	book, err := a.priceBook(prices)
	if err != nil {
		return nil, err
	}
	sight := &foresight{DryRun: a.dryRun, Prices: pricesOf(book, prices), Rates: book.Rates}
	of := map[blob.Bucket]*foreseenSource{}
	for _, bucket := range outlook.Sources {
		s := a.foreseenSource(ctx, bucket)
		of[bucket] = s
		sight.Sources = append(sight.Sources, s)
	}
	places, months := map[[2]string]*foreseenPart{}, map[string]*foreseenPart{}
	for object, err := range outlook.List(ctx) {
		if err != nil {
			return nil, told("reading", err)
		}
		s := of[object.Bucket]
		s.see(object)
		if object.Standing != ingest.Due || object.Object.Archived {
			continue
		}
		place := [2]string{object.Key.Account, object.Key.Region}
		if places[place] == nil {
			places[place] = &foreseenPart{Account: place[0], Region: place[1]}
		}
		places[place].add(object.Object)
		month := ""
		if day := dayOf(object.Key); !day.IsZero() {
			month = day.Format("2006-01")
		}
		if months[month] == nil {
			months[month] = &foreseenPart{Month: month}
		}
		months[month].add(object.Object)
	}
	for _, s := range sight.Sources {
		if err := a.work(s, book); err != nil {
			return nil, err
		}
		sight.Objects.add(s.Objects)
		sight.Bytes.New += s.Bytes.New
		sight.Bytes.Archived += s.Bytes.Archived
	}
	sight.By.Place, sight.By.Month = inOrder(places), inOrder(months)
	return sight, nil
}

// foreseenSource begins with what a source's bucket says of itself.
func (a *app) foreseenSource(ctx context.Context, bucket blob.Bucket) *foreseenSource {
	s := &foreseenSource{Source: bucket.URI()}
	if s.bucket, _ = bucket.(*blob.S3); s.bucket == nil {
		return s
	}
	s.fates = a.fatesOf(ctx, s.bucket)
	s.packed = newPacker(s.bucket.Place().Bucket, a.Now(), func([]string) error { return nil })
	return s
}

// see counts an object of the source.
func (s *foreseenSource) see(object ingest.Listed) {
	s.Objects.Seen++
	switch {
	case object.Standing == ingest.NotRead:
		s.Objects.Ignored++
		return
	case object.Standing == ingest.InAlready:
		s.Objects.Already++
	case object.Object.Archived:
		s.Objects.Archived++
		s.Bytes.Archived += object.Object.Size
	default:
		s.Objects.New++
		s.Bytes.New += object.Object.Size
		if object.Object.Size > largeBytes {
			s.large++
		}
	}
	if s.fates != nil {
		s.fates.meet(object)
	}
	if s.packed != nil && object.Standing == ingest.Due {
		_ = s.packed.add(object) // it sends nothing, so nothing fails
	}
}

// largeBytes is the compressed size from which a deployed function hands an
// object on, unless its settings say otherwise.
const largeBytes = 64 << 20

// work estimates the time and the money of one source.
func (a *app) work(s *foreseenSource, book price.Book) error {
	load := price.Load{Listed: s.Objects.Seen, Objects: s.Objects.New, Compressed: s.Bytes.New, Large: s.large}
	here := price.Here{Processors: runtime.GOMAXPROCS(0), Listings: 1}
	if s.bucket != nil {
		s.Region = s.bucket.Region()
		load.Region, here.InS3, here.Transfer = s.Region, true, a.transferFrom(s.Region)
		if !a.dryRun {
			here.Listings = 2 // this one, and that of the load
		}
	}
	s.Here.Seconds, s.Here.Estimate = book.LoadHere(load, here)
	if s.bucket == nil {
		return nil
	}
	if err := s.packed.flush(); err != nil {
		return err
	}
	s.Lifecycle = s.fates.json(a)
	load.Messages = s.packed.messages
	s.Functions = &foreseenWork{Messages: load.Messages}
	s.Functions.Seconds, s.Functions.Estimate = book.LoadByFunctions(load)
	return nil
}

// transferFrom is where the data of a bucket goes. Only AWS's own environments
// say for certain in which region they are.
func (a *app) transferFrom(region string) price.Transfer {
	here := a.Getenv("AWS_REGION")
	switch {
	case a.Getenv("AWS_EXECUTION_ENV") == "" || here == "":
		return price.TransferUnknown
	case here == region:
		return price.TransferNone
	}
	return price.TransferRegion
}

func (c *foreseenCounts) add(o foreseenCounts) {
	c.Seen += o.Seen
	c.New += o.New
	c.Already += o.Already
	c.Ignored += o.Ignored
	c.Archived += o.Archived
}

func (p *foreseenPart) add(object blob.Object) {
	p.Objects++
	p.Bytes += object.Size
}

// inOrder are the parts by account, region and month.
func inOrder[K comparable](parts map[K]*foreseenPart) []foreseenPart {
	all := []foreseenPart{}
	for _, p := range parts {
		all = append(all, *p)
	}
	slices.SortFunc(all, func(a, b foreseenPart) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Month, b.Month))
	})
	return all
}
