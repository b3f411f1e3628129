package price

import "math"

// Found is what a lake's own counts say of an organisation.
type Found struct {
	Accounts  int     `json:"accounts"`
	Places    int     `json:"places"`     // accounts in their regions
	PlaceDays float64 `json:"place_days"` // days from the first to the last delivery, added up over places

	Objects    int64 `json:"objects"`    // delivered in these days
	Compressed int64 `json:"compressed"` // bytes
	JSON       int64 `json:"json"`       // bytes
	Items      int64 `json:"items"`      // that were new
	Changes    int64 `json:"changes"`
	Large      int64 `json:"large"` // objects that a function hands on
	LakeBytes  int64 `json:"lake_bytes"`
}

// Deployment is the organisation that a month is estimated for.
type Deployment struct {
	Accounts int
	Regions  int     // each account's
	Region   string  // of the deployment, whose prices count
	Reports  float64 // asked for in a day, beside the daily and the monthly run
	MemoryMB int     // of the ingest function; 0: the rate's

	// What a million tokens of a model cost; nil: unknown.
	ModelInput, ModelOutput *float64
}

const (
	monthDays    = 30
	dayMinutes   = 24 * 60
	leastScanned = 10 * mib // Athena bills as much for any statement
)

// month is the work of a month.
type month struct {
	objects, json, items, large float64 // new in it
	lake                        float64 // bytes that the lake gains

	messages, batches         float64
	ingestSeconds             float64
	gathers, active           float64 // gatherings, and those that find notes
	compacts, compactSeconds  float64
	reports, statementScanned float64
	invocations               float64
}

// workOf scales what was found, by account, region and day, to a month of a
// deployment.
func (b Book) workOf(found Found, d Deployment) month {
	r := b.Rates
	scale := float64(d.Accounts*d.Regions) * monthDays / found.PlaceDays
	m := month{
		objects: float64(found.Objects) * scale, json: float64(found.JSON) * scale, items: float64(found.Items) * scale,
		large: float64(found.Large) * scale, lake: float64(found.LakeBytes) * scale,
	}
	// Each object is a message of S3, and each new item may be one of Config's stream.
	m.messages = m.objects/r.MessageObjects.Value + m.items
	m.batches = m.messages / r.BatchMessages.Value
	m.ingestSeconds = m.batches*r.IngestBatchSeconds.Value + m.objects*r.IngestObjectSeconds.Value + m.json/r.IngestJSONBytesPerSecond.Value
	m.gathers = monthDays * dayMinutes / r.GatherEveryMinutes.Value
	m.active = min(m.gathers, m.batches)
	m.compacts = monthDays * dayMinutes / r.CompactEveryMinutes.Value
	m.compactSeconds = r.CompactSeconds.Value + m.lake*r.CompactRewrites.Value/r.CompactBytesPerSecond.Value/m.compacts
	m.reports = monthDays*(d.Reports+1) + 1
	m.statementScanned = max(leastScanned, m.lake*r.ReportLakeShare.Value/r.ReportStatements.Value)
	m.invocations = m.batches + m.gathers + m.compacts + m.reports
	return m
}

// Month estimates a month of a deployment, from what a lake found of an
// organisation like it. PlaceDays has to be above 0.
func (b Book) Month(found Found, d Deployment) Estimate {
	r, w := b.Rates, b.workOf(found, d)
	memory := r.IngestMemoryGB.Value
	if d.MemoryMB > 0 {
		memory = float64(d.MemoryMB) / 1024
	}
	m := &made{book: b, region: d.Region}

	m.add("s3.storage", "s3.storage", w.lake*r.LakeMonths.Value*r.LakeVersions.Value/gib,
		parts{"bytes": w.lake, "months": r.LakeMonths.Value, "versions": r.LakeVersions.Value},
		r.LakeMonths, r.LakeVersions)
	m.add("s3.write", "s3.write",
		w.batches*r.IngestWrites.Value+w.active*r.GatherWrites.Value+(w.gathers-w.active)+w.compacts*r.CompactRequests.Value+w.reports*r.ReportRequests.Value,
		parts{"batches": w.batches, "batch": r.IngestWrites.Value, "gathers": w.active, "gather": r.GatherWrites.Value, "idle": w.gathers - w.active,
			"compacts": w.compacts, "compact": r.CompactRequests.Value, "reports": w.reports, "report": r.ReportRequests.Value},
		r.IngestWrites, r.GatherWrites, r.CompactRequests, r.ReportRequests)
	m.add("s3.read", "s3.read",
		w.objects+w.batches*r.IngestReads.Value+w.active*r.GatherReads.Value+w.compacts*r.CompactRequests.Value+w.reports*r.ReportRequests.Value,
		parts{"objects": w.objects, "batches": w.batches, "batch": r.IngestReads.Value, "gathers": w.active, "gather": r.GatherReads.Value,
			"compacts": w.compacts, "compact": r.CompactRequests.Value, "reports": w.reports, "report": r.ReportRequests.Value},
		r.IngestReads, r.GatherReads, r.CompactRequests, r.ReportRequests)

	m.add("lambda.requests", "lambda.requests", w.invocations,
		parts{"batches": w.batches, "gathers": w.gathers, "compacts": w.compacts, "reports": w.reports},
		r.BatchMessages)
	m.add("lambda.ingest", "lambda.arm64", w.ingestSeconds*memory,
		parts{"batches": w.batches, "batch": r.IngestBatchSeconds.Value, "objects": w.objects, "object": r.IngestObjectSeconds.Value,
			"json": w.json, "rate": r.IngestJSONBytesPerSecond.Value, "memory": memory},
		r.IngestBatchSeconds, r.IngestObjectSeconds, r.IngestJSONBytesPerSecond)
	m.add("lambda.gather", "lambda.arm64", (w.active*r.GatherSeconds.Value+(w.gathers-w.active)*r.GatherIdleSeconds.Value)*r.GatherMemoryGB.Value,
		parts{"gathers": w.active, "seconds": r.GatherSeconds.Value, "idle": w.gathers - w.active, "pause": r.GatherIdleSeconds.Value, "memory": r.GatherMemoryGB.Value},
		r.GatherSeconds, r.GatherIdleSeconds, r.GatherMemoryGB)
	m.add("lambda.compact", "lambda.arm64", w.compacts*w.compactSeconds*r.CompactMemoryGB.Value,
		parts{"compacts": w.compacts, "seconds": w.compactSeconds, "memory": r.CompactMemoryGB.Value},
		r.CompactMemoryGB, r.CompactSeconds, r.CompactBytesPerSecond, r.CompactRewrites)
	m.add("lambda.reports", "lambda.arm64", w.reports*r.ReportSeconds.Value*r.ReportMemoryGB.Value,
		parts{"reports": w.reports, "seconds": r.ReportSeconds.Value, "memory": r.ReportMemoryGB.Value},
		r.ReportSeconds, r.ReportMemoryGB)
	m.add("codebuild.large", "codebuild.large", w.large*r.LargeMinutes.Value,
		parts{"large": w.large, "minutes": r.LargeMinutes.Value},
		r.LargeMinutes)

	polls := monthDays * dayMinutes * r.QueueIdlePollsPerMinute.Value
	m.add("sqs.requests", "sqs.requests", w.messages+2*w.batches+polls,
		parts{"messages": w.messages, "batches": w.batches, "polls": polls},
		r.QueueIdlePollsPerMinute, r.BatchMessages)
	m.add("scheduler.invocations", "scheduler.invocations", w.gathers+w.compacts+monthDays+1, parts{"gathers": w.gathers, "compacts": w.compacts, "runs": monthDays + 1})
	m.add("sns.publishes", "sns.publishes", monthDays+1, parts{"runs": monthDays + 1})
	m.add("glue.requests", "glue.requests",
		w.batches*r.IngestGlueCalls.Value+w.active*r.GatherGlueCalls.Value+w.compacts*r.CompactGlueCalls.Value+w.reports*r.ReportGlueCalls.Value,
		parts{"batches": w.batches, "batch": r.IngestGlueCalls.Value, "gathers": w.active, "gather": r.GatherGlueCalls.Value,
			"compacts": w.compacts, "compact": r.CompactGlueCalls.Value, "reports": w.reports, "report": r.ReportGlueCalls.Value},
		r.IngestGlueCalls, r.GatherGlueCalls, r.CompactGlueCalls, r.ReportGlueCalls)
	m.add("glue.objects", "glue.objects", r.LakeTables.Value,
		parts{"tables": r.LakeTables.Value},
		r.LakeTables)
	m.add("athena.scanned", "athena.scanned", w.reports*r.ReportStatements.Value*w.statementScanned/tib,
		parts{"reports": w.reports, "statements": r.ReportStatements.Value, "scanned": w.statementScanned},
		r.ReportStatements, r.ReportLakeShare)
	m.standing(w.invocations)
	m.model(d, w.reports)
	return m.estimate()
}

// standing adds what is there whether or not something is delivered, and what
// each invocation leaves behind.
func (m *made) standing(invocations float64) {
	r := m.book.Rates
	m.add("cloudwatch.logs", "cloudwatch.logs", invocations*r.LogBytes.Value/gib,
		parts{"invocations": invocations, "bytes": r.LogBytes.Value},
		r.LogBytes)
	m.add("cloudwatch.alarms", "cloudwatch.alarms", r.Alarms.Value, nil, r.Alarms)
	m.add("cloudwatch.metrics", "cloudwatch.metrics", r.Metrics.Value, nil, r.Metrics)
	m.add("secrets.secrets", "secrets.secrets", r.Secrets.Value, nil, r.Secrets)
	m.add("kms.keys", "kms.keys", r.Keys.Value, nil, r.Keys)
	m.add("kms.requests", "kms.requests", invocations*r.KeyRequests.Value*math.Min(r.Keys.Value, 1),
		parts{"invocations": invocations, "each": r.KeyRequests.Value},
		r.KeyRequests, r.Keys)
}

// model adds the tokens that reports would send to a model, were they told by one.
func (m *made) model(d Deployment, reports float64) {
	r := m.book.Rates
	for _, one := range []struct {
		key   string
		rate  Rate
		price *float64
	}{{"model.input", r.ReportModelInput, d.ModelInput}, {"model.output", r.ReportModelOutput, d.ModelOutput}} {
		n := reports * one.rate.Value
		m.line(Line{Key: one.key, Quantity: *rounded(n, 1), Unit: "token", Per: 1e6, UnitPrice: one.price, Assumed: !one.rate.Measured,
			Args: parts{"reports": reports, "tokens": one.rate.Value}}, n)
	}
}
