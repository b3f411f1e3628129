package price_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"configtrail"
	"configtrail/internal/price"
)

func book(t *testing.T) price.Book {
	t.Helper()
	b, err := price.New()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// round is a book of round rates and prices, so that its sums can be done by hand.
func round(t *testing.T) price.Book {
	t.Helper()
	b, err := book(t).Over([]byte(`{
		"as_of": "2024-11-05",
		"prices": {
			"s3.storage": {"usd": {"xx-test-1": 0.1}},
			"s3.write": {"usd": {"xx-test-1": 0.01}},
			"s3.read": {"usd": {"xx-test-1": 0.001}},
			"lambda.requests": {"usd": {"xx-test-1": 0.5}},
			"lambda.arm64": {"usd": {"xx-test-1": 0.0001}},
			"codebuild.large": {"usd": {"xx-test-1": 0.02}},
			"sqs.requests": {"usd": {"xx-test-1": 0.4}},
			"glue.requests": {"usd": {"xx-test-1": 2}},
			"glue.objects": {"usd": {"xx-test-1": null}},
			"athena.scanned": {"usd": {"xx-test-1": 1048576}},
			"cloudwatch.alarms": {"usd": {"xx-test-1": 0.1}},
			"transfer.internet": {"usd": {"xx-test-1": 0.09}},
			"transfer.region": {"usd": {"xx-test-1": 0.02}}
		},
		"rates": {
			"json_per_compressed": {"value": 10}, "here_json_bytes_per_second": {"value": 1000000}, "here_two_cores": {"value": 2}, "here_s3_open_seconds": {"value": 0.01},
			"message_objects": {"value": 1}, "batch_messages": {"value": 2}, "load_batch_messages": {"value": 5},
			"ingest_memory_gb": {"value": 2}, "ingest_batch_seconds": {"value": 1}, "ingest_object_seconds": {"value": 0.5}, "ingest_json_bytes_per_second": {"value": 1000000},
			"ingest_concurrency": {"value": 4}, "ingest_glue_calls": {"value": 3}, "ingest_writes": {"value": 2}, "ingest_reads": {"value": 5},
			"gather_every_minutes": {"value": 10}, "gather_memory_gb": {"value": 1}, "gather_seconds": {"value": 3}, "gather_idle_seconds": {"value": 1}, "gather_glue_calls": {"value": 10},
			"gather_writes": {"value": 4}, "gather_reads": {"value": 8},
			"compact_every_minutes": {"value": 720}, "compact_memory_gb": {"value": 4}, "compact_seconds": {"value": 10}, "compact_bytes_per_second": {"value": 1048576}, "compact_rewrites": {"value": 20}, "compact_requests": {"value": 100}, "compact_glue_calls": {"value": 30},
			"report_memory_gb": {"value": 1}, "report_seconds": {"value": 10}, "report_statements": {"value": 4}, "report_lake_share": {"value": 0.5}, "report_glue_calls": {"value": 20},
			"report_requests": {"value": 50}, "report_model_input": {"value": 1000}, "report_model_output": {"value": 100},
			"queue_idle_polls_per_minute": {"value": 1}, "log_bytes": {"value": 1024}, "alarms": {"value": 5}, "metrics": {"value": 1}, "secrets": {"value": 1}, "keys": {"value": 0},
			"key_requests": {"value": 2}, "lake_months": {"value": 10}, "lake_versions": {"value": 2}, "lake_tables": {"value": 4}, "large_minutes": {"value": 5}
		}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// line is a line without what sentences are made of.
type line struct {
	quantity float64
	usd      any // nil: unknown
}

func lines(e price.Estimate) map[string]line {
	all := map[string]line{}
	for _, l := range e.Lines {
		one := line{quantity: l.Quantity}
		if l.USD != nil {
			one.usd = *l.USD
		}
		all[l.Key] = one
	}
	return all
}

// nearly lets two figures differ by what a computer's arithmetic does.
var nearly = cmp.Options{cmp.AllowUnexported(line{}), cmpopts.EquateApprox(1e-9, 1e-9)}

// A lake of 2 accounts in 2 places, 20 days of a place: 100 objects of 2 MB of JSON
// in all, 40 new items, 2 large objects, a lake of 10 MiB. For 3 accounts in 2
// regions a month has 6 places × 30 days = 180 days of a place: nine times as much.
//
//	objects 900, JSON 18 MB, items 360, large 18, lake 90 MiB
//	messages 900 + 360 = 1,260; batches 630; gatherings 4,320, of them 630 with notes
//	compactions 60 of 10 + 90 × 20 ÷ 60 = 40 s; reports 30 × (2 + 1) + 1 = 91
//	invocations 630 + 4,320 + 60 + 91 = 5,101
func TestMonthByHand(t *testing.T) {
	found := price.Found{Accounts: 2, Places: 2, PlaceDays: 20, Objects: 100, Compressed: 300_000, JSON: 2_000_000, Items: 40, Large: 2, LakeBytes: 10 << 20}
	input := 3.0
	e := round(t).Month(found, price.Deployment{Accounts: 3, Regions: 2, Region: "xx-test-1", Reports: 2, ModelInput: &input})
	want := map[string]line{
		"s3.storage":            {1.758, 0.175781},   // 90 MiB × 10 months × 2 = 1,800 MiB of 1,024
		"s3.write":              {18_020, 0.1802},    // 630×2 + 630×4 + 3,690 + 60×100 + 91×50
		"s3.read":               {19_640, 0.01964},   // 900 + 630×5 + 630×8 + 60×100 + 91×50
		"lambda.requests":       {5_101, 0.002551},   // 0.0025505
		"lambda.ingest":         {2_196, 0.2196},     // (630×1 + 900×0.5 + 18) × 2
		"lambda.gather":         {5_580, 0.558},      // 630×3 + 3,690×1
		"lambda.compact":        {9_600, 0.96},       // 60 × 40 × 4
		"lambda.reports":        {910, 0.091},        // 91 × 10
		"codebuild.large":       {90, 1.8},           // 18 × 5
		"sqs.requests":          {45_720, 0.018288},  // 1,260 + 2×630 + 43,200
		"scheduler.invocations": {4_411, nil},        // 4,320 + 60 + 31
		"sns.publishes":         {31, nil},           // 30 + 1
		"glue.requests":         {11_810, 0.02362},   // 630×3 + 630×10 + 60×30 + 91×20
		"glue.objects":          {4, nil},            // its price is null
		"athena.scanned":        {0.003905, 4_095.0}, // 91 × 4 × 11.25 MiB (90 × 0.5 ÷ 4) at 1 USD a MiB
		"cloudwatch.logs":       {0.004865, nil},     // 5,101 KiB
		"cloudwatch.alarms":     {5, 0.5},            //
		"cloudwatch.metrics":    {1, nil},            //
		"secrets.secrets":       {1, nil},            //
		"kms.keys":              {0, nil},            // none, and so
		"kms.requests":          {0, nil},            // no requests
		"model.input":           {91_000, 0.273},     // 91 × 1,000 at 3 USD a million
		"model.output":          {9_100, nil},        //
	}
	if diff := cmp.Diff(want, lines(e), nearly); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	unknown := []string{
		"cloudwatch.logs", "cloudwatch.metrics", "glue.objects", "kms.keys", "kms.requests", "model.output", "scheduler.invocations", "secrets.secrets", "sns.publishes",
	}
	if diff := cmp.Diff(unknown, e.Unknown); diff != "" {
		t.Errorf("unknown (-want +got):\n%s", diff)
	}
	// The sum of the column, before it was rounded.
	if e.USD == nil || math.Abs(*e.USD-4_099.821_679_75) > 1e-6 {
		t.Errorf("total %v, want 4099.821680", *e.USD)
	}
	for _, l := range e.Lines {
		if l.Key == "cloudwatch.alarms" && !l.Assumed { // a rate that a file sets counts as assumed unless it says otherwise
			t.Error("a rate of a file without a word on how it is known counts as measured")
		}
	}
}

// A small lake's statements are billed for 10 MiB each; memory is as asked for.
func TestMonthLeast(t *testing.T) {
	found := price.Found{Accounts: 1, Places: 1, PlaceDays: 30, Objects: 10, JSON: 1000, Items: 10, LakeBytes: 1000}
	e := round(t).Month(found, price.Deployment{Accounts: 1, Regions: 1, Region: "xx-test-1", MemoryMB: 512})
	got := lines(e)
	// 31 reports × 4 statements × 10 MiB; (10 batches × 1 s + 10 objects × 0.5 s + 0.001 s) × 0.5 GB
	want := map[string]line{"athena.scanned": {0.001183, 1_240.0}, "lambda.ingest": {7.501, 0.0007501}}
	for key, line := range want {
		if diff := cmp.Diff(line, got[key], nearly); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

// 2,500 objects of 4 MiB compressed, 3 of them large, of 3,001 listed, in 270 messages.
func TestLoadByHand(t *testing.T) {
	load := price.Load{Region: "xx-test-1", Listed: 3_001, Objects: 2_500, Compressed: 4 << 20, Large: 3, Messages: 270}
	b := round(t)

	seconds, e := b.LoadHere(load, price.Here{Processors: 4, InS3: true, Listings: 2})
	// 41.94304 MB of JSON at 2 MB/s, and 25 s of waiting shared by four.
	if want := 20.97152 + 6.25; math.Abs(seconds-want) > 1e-9 {
		t.Errorf("here: %g s, want %g", seconds, want)
	}
	if diff := cmp.Diff(map[string]line{
		"load.list": {8, 0.00008}, "load.read": {2_500, 0.0025}, "load.transfer": {0.003906, nil},
	}, lines(e), nearly); diff != "" {
		t.Errorf("here (-want +got):\n%s", diff)
	}
	for _, l := range e.Lines {
		if l.Key == "load.transfer" && math.Abs(l.Args["most"]-0.0003515625) > 1e-12 { // 1/256 GiB × 0.09
			t.Errorf("at most %g", l.Args["most"])
		}
	}
	for way, usd := range map[price.Transfer]float64{price.TransferNone: 0, price.TransferRegion: 0.00007813} {
		_, e := b.LoadHere(load, price.Here{Processors: 1, InS3: true, Listings: 1, Transfer: way})
		if got := lines(e)["load.transfer"].usd; got != usd {
			t.Errorf("transfer %d: %v, want %g", way, got, usd)
		}
	}
	seconds, e = b.LoadHere(load, price.Here{Processors: 1})
	if math.Abs(seconds-41.94304) > 1e-9 || len(e.Lines) != 0 || e.USD != nil {
		t.Errorf("a folder: %g s, %v", seconds, e)
	}

	seconds, e = b.LoadByFunctions(load)
	// 54 batches: 54 + 1,250 + 41.94304 s of work by four at a time; one gathering.
	if want := 1_345.94304 / 4; math.Abs(seconds-want) > 1e-9 {
		t.Errorf("by functions: %g s, want %g", seconds, want)
	}
	if diff := cmp.Diff(map[string]line{
		"load.list":     {4, 0.00004},
		"load.sqs":      {135, 0.000054},       // 27 calls + 2×54
		"load.requests": {54, 0.000027},        //
		"load.lambda":   {2_694.886, 0.269489}, // 1,345.94304 × 2 + 3
		"load.s3.read":  {2_778, 0.002778},     // 2,500 + 54×5 + 8
		"load.s3.write": {112, 0.00112},        // 54×2 + 4
		"load.glue":     {172, 0.000344},       // 54×3 + 10
		"load.large":    {15, 0.3},             //
	}, lines(e), nearly); diff != "" {
		t.Errorf("by functions (-want +got):\n%s", diff)
	}

	seconds, e = b.LoadByFunctions(price.Load{Region: "xx-test-1"})
	if seconds != 0 || *e.USD != 0 {
		t.Errorf("nothing takes %g s and costs %g", seconds, *e.USD)
	}
}

// The built-in file knows the regions it names and no other; what it does not know
// is no price of 0.
func TestUnknownIsNotFree(t *testing.T) {
	found := price.Found{Accounts: 1, Places: 1, PlaceDays: 1, Objects: 1, Items: 1}
	e := book(t).Month(found, price.Deployment{Accounts: 1, Regions: 1, Region: "af-south-1"})
	if e.USD != nil || len(e.Unknown) != len(e.Lines) {
		t.Errorf("of a region that is not in the file: %v USD, %d of %d lines unknown", e.USD, len(e.Unknown), len(e.Lines))
	}
	for _, region := range []string{"us-east-1", "ap-northeast-1", "eu-central-1"} {
		for key, p := range book(t).Prices {
			if usd := p.USD[region]; usd != nil && *usd <= 0 {
				t.Errorf("%s in %s is %g", key, region, *usd)
			}
		}
	}
}

// Every price says what it is for and names a source, and every rate how it is known.
func TestFilesSayWhereTheyAreFrom(t *testing.T) {
	b := book(t)
	if b.AsOf == "" || b.Note == "" || b.Verified {
		t.Errorf("of %q, verified %v: %q", b.AsOf, b.Verified, b.Note)
	}
	for key, p := range b.Prices {
		service, _, _ := strings.Cut(key, ".")
		if p.Unit == "" || p.Per <= 0 || !strings.HasPrefix(b.Sources[service], "https://aws.amazon.com/") {
			t.Errorf("%s: %g %q, from %q", key, p.Per, p.Unit, b.Sources[service])
		}
	}
}

func TestOver(t *testing.T) {
	b := book(t)
	over, err := b.Over([]byte(`{"as_of":"2027-01-01","verified":true,"prices":{"s3.storage":{"usd":{"us-east-1":0.5,"xx-new-1":1}}},"rates":{"gather_seconds":{"value":2,"measured":true,"from":"a day"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	usd := func(b price.Book, key, region string) float64 {
		if p := b.Prices[key].USD[region]; p != nil {
			return *p
		}
		return -1
	}
	if usd(over, "s3.storage", "us-east-1") != 0.5 || usd(over, "s3.storage", "xx-new-1") != 1 || usd(over, "s3.storage", "ap-northeast-1") != usd(b, "s3.storage", "ap-northeast-1") {
		t.Errorf("prices %v", over.Prices["s3.storage"].USD)
	}
	if usd(b, "s3.storage", "us-east-1") == 0.5 {
		t.Error("the book itself was changed")
	}
	if over.Rates.GatherSeconds != (price.Rate{Value: 2, Measured: true, From: "a day"}) || over.Rates.GatherReads != b.Rates.GatherReads || !over.Verified {
		t.Errorf("rates %+v", over.Rates)
	}

	for text, want := range map[string]string{
		``:                                     "EOF",
		`{} {}`:                                "behind",
		`{"price":{}}`:                         `unknown field "price"`,
		`{"prices":{"s3.stroage":{"usd":{}}}}`: `no price "s3.stroage"`,
		`{"prices":{"s3.storage":{"per":1000,"usd":{}}}}`:         "is for 1 GB-month",
		`{"prices":{"s3.storage":{"unit":"TB","usd":{}}}}`:        "is for 1 GB-month",
		`{"prices":{"s3.storage":{"usd":{"us-east-1":-1}}}}`:      "of us-east-1 is -1",
		`{"rates":{"gather_minutes":{"value":1}}}`:                `unknown field "gather_minutes"`,
		`{"rates":{"gather_seconds":{"value":-1}}}`:               "gather_seconds is -1",
		`{"rates":{"batch_messages":{"value":0}}}`:                "divided by",
		`{"rates":{"gather_seconds":{"value":1,"measurd":true}}}`: `unknown field "measurd"`,
	} {
		if _, err := b.Over([]byte(text)); !errors.Is(err, configtrail.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want ErrInvalid that says %q", text, err, want)
		}
	}
}
