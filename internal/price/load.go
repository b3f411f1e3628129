package price

import "math"

// Load is a first load: what a source holds that is not in the lake yet.
type Load struct {
	Region string // of the source's bucket, whose prices count; "": unknown

	Listed     int64 // objects that a listing goes through
	Objects    int64 // to be read
	Compressed int64 // bytes of them
	Large      int64 // of them, objects that a function hands on
	Messages   int64 // that carry them to the functions
}

// Here is the machine that a load runs on.
type Here struct {
	Processors int
	InS3       bool     // the source: its objects are fetched one by one
	Listings   int      // how often the source is listed
	Transfer   Transfer // of what is read, out of the bucket's region
}

// Transfer is where data goes.
type Transfer int

// The ways that data goes.
const (
	TransferUnknown Transfer = iota // to where is not known, so neither is its price
	TransferNone                    // it stays in its region
	TransferRegion                  // to another region of AWS
)

// pageKeys is how many keys a page of a listing holds.
const pageKeys = 1000

// LoadHere estimates a load by this machine: its seconds, and what AWS bills. A
// folder costs nothing, so it has no lines.
func (b Book) LoadHere(load Load, here Here) (seconds float64, e Estimate) {
	r := b.Rates
	workers := float64(max(here.Processors, 1))
	speed := r.HereJSONBytesPerSecond.Value
	if here.Processors > 1 {
		speed *= r.HereTwoCores.Value
	}
	json := float64(load.Compressed) * r.JSONPerCompressed.Value
	seconds = json / speed
	m := &made{book: b, region: load.Region}
	if !here.InS3 {
		return seconds, m.estimate()
	}
	seconds += float64(load.Objects) * r.HereS3OpenSeconds.Value / workers

	pages := math.Ceil(float64(load.Listed) / pageKeys)
	m.add("load.list", "s3.write", pages*float64(here.Listings), parts{"listed": float64(load.Listed), "listings": float64(here.Listings)})
	m.add("load.read", "s3.read", float64(load.Objects), parts{"objects": float64(load.Objects)})
	m.transfer(load, here.Transfer)
	return seconds, m.estimate()
}

// transfer adds the line of what goes over the network.
func (m *made) transfer(load Load, way Transfer) {
	price, internet := m.book.usd("transfer.internet", m.region)
	gigabytes := float64(load.Compressed) / gib
	line := Line{Key: "load.transfer", Quantity: *rounded(gigabytes, 1e-3), Unit: price.Unit, Per: price.Per, Args: parts{"bytes": float64(load.Compressed)}}
	switch way {
	case TransferNone:
		line.UnitPrice = new(float64)
	case TransferRegion:
		_, line.UnitPrice = m.book.usd("transfer.region", m.region)
	case TransferUnknown:
		if internet != nil {
			line.Args["most"] = gigabytes * *internet
		}
	}
	m.line(line, gigabytes)
}

// LoadByFunctions estimates a load that is fanned out to the deployed functions:
// the seconds until the queue is empty, and what AWS bills.
func (b Book) LoadByFunctions(load Load) (seconds float64, e Estimate) {
	r := b.Rates
	objects, messages, json := float64(load.Objects), float64(load.Messages), float64(load.Compressed)*r.JSONPerCompressed.Value
	batches := math.Ceil(messages / r.LoadBatchMessages.Value)
	work := batches*r.IngestBatchSeconds.Value + objects*r.IngestObjectSeconds.Value + json/r.IngestJSONBytesPerSecond.Value
	if batches > 0 {
		seconds = work / min(r.IngestConcurrency.Value, batches)
	}
	gathers := math.Ceil(seconds / 60 / r.GatherEveryMinutes.Value)
	m := &made{book: b, region: load.Region}

	pages := math.Ceil(float64(load.Listed) / pageKeys)
	m.add("load.list", "s3.write", pages, parts{"listed": float64(load.Listed), "listings": 1})
	sends := math.Ceil(messages / 10) // ten to a request
	m.add("load.sqs", "sqs.requests", sends+2*batches,
		parts{"messages": messages, "sends": sends, "batches": batches},
		r.LoadBatchMessages)
	m.add("load.requests", "lambda.requests", batches,
		parts{"batches": batches},
		r.LoadBatchMessages)
	m.add("load.lambda", "lambda.arm64", work*r.IngestMemoryGB.Value+gathers*r.GatherSeconds.Value*r.GatherMemoryGB.Value,
		parts{"seconds": work, "memory": r.IngestMemoryGB.Value, "gathers": gathers, "gather": r.GatherSeconds.Value, "gatherer": r.GatherMemoryGB.Value},
		r.IngestMemoryGB, r.GatherSeconds, r.GatherMemoryGB, r.IngestBatchSeconds, r.IngestObjectSeconds)
	m.add("load.s3.read", "s3.read", objects+batches*r.IngestReads.Value+gathers*r.GatherReads.Value,
		parts{"objects": objects, "batches": batches, "batch": r.IngestReads.Value, "gathers": gathers, "gather": r.GatherReads.Value},
		r.IngestReads, r.GatherReads)
	m.add("load.s3.write", "s3.write", batches*r.IngestWrites.Value+gathers*r.GatherWrites.Value,
		parts{"batches": batches, "batch": r.IngestWrites.Value, "gathers": gathers, "gather": r.GatherWrites.Value},
		r.IngestWrites, r.GatherWrites)
	m.add("load.glue", "glue.requests", batches*r.IngestGlueCalls.Value+gathers*r.GatherGlueCalls.Value,
		parts{"batches": batches, "batch": r.IngestGlueCalls.Value, "gathers": gathers, "gather": r.GatherGlueCalls.Value},
		r.IngestGlueCalls, r.GatherGlueCalls)
	m.add("load.large", "codebuild.large", float64(load.Large)*r.LargeMinutes.Value,
		parts{"large": float64(load.Large), "minutes": r.LargeMinutes.Value},
		r.LargeMinutes)
	return seconds, m.estimate()
}
