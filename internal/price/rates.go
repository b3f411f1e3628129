package price

import (
	"encoding/json"
	"fmt"

	"configtrail"
)

// Rates are the figures of work that quantities are made of. rates.json holds
// their values and says of each how it is known.
type Rates struct {
	// First loads on this machine.
	JSONPerCompressed      Rate `json:"json_per_compressed"`
	HereJSONBytesPerSecond Rate `json:"here_json_bytes_per_second"`
	HereTwoCores           Rate `json:"here_two_cores"`
	HereS3OpenSeconds      Rate `json:"here_s3_open_seconds"`

	// Messages and batches of the ingest function; those of a first load are named so.
	MessageObjects           Rate `json:"message_objects"`
	BatchMessages            Rate `json:"batch_messages"`
	LoadBatchMessages        Rate `json:"load_batch_messages"`
	IngestMemoryGB           Rate `json:"ingest_memory_gb"`
	IngestBatchSeconds       Rate `json:"ingest_batch_seconds"`
	IngestObjectSeconds      Rate `json:"ingest_object_seconds"`
	IngestJSONBytesPerSecond Rate `json:"ingest_json_bytes_per_second"`
	IngestConcurrency        Rate `json:"ingest_concurrency"`
	IngestGlueCalls          Rate `json:"ingest_glue_calls"`
	IngestWrites             Rate `json:"ingest_writes"`
	IngestReads              Rate `json:"ingest_reads"`

	// What gathers, compacts and reports.
	GatherEveryMinutes    Rate `json:"gather_every_minutes"`
	GatherMemoryGB        Rate `json:"gather_memory_gb"`
	GatherSeconds         Rate `json:"gather_seconds"`
	GatherIdleSeconds     Rate `json:"gather_idle_seconds"`
	GatherGlueCalls       Rate `json:"gather_glue_calls"`
	GatherWrites          Rate `json:"gather_writes"`
	GatherReads           Rate `json:"gather_reads"`
	CompactEveryMinutes   Rate `json:"compact_every_minutes"`
	CompactMemoryGB       Rate `json:"compact_memory_gb"`
	CompactSeconds        Rate `json:"compact_seconds"`
	CompactBytesPerSecond Rate `json:"compact_bytes_per_second"`
	CompactRewrites       Rate `json:"compact_rewrites"` // of each byte of the lake
	CompactRequests       Rate `json:"compact_requests"`
	CompactGlueCalls      Rate `json:"compact_glue_calls"`
	ReportMemoryGB        Rate `json:"report_memory_gb"`
	ReportSeconds         Rate `json:"report_seconds"`
	ReportStatements      Rate `json:"report_statements"`
	ReportLakeShare       Rate `json:"report_lake_share"`
	ReportGlueCalls       Rate `json:"report_glue_calls"`
	ReportRequests        Rate `json:"report_requests"`
	ReportModelInput      Rate `json:"report_model_input"`
	ReportModelOutput     Rate `json:"report_model_output"`

	// What stands there and costs.
	QueueIdlePollsPerMinute Rate `json:"queue_idle_polls_per_minute"`
	LogBytes                Rate `json:"log_bytes"`
	Alarms                  Rate `json:"alarms"`
	Metrics                 Rate `json:"metrics"`
	Secrets                 Rate `json:"secrets"`
	Keys                    Rate `json:"keys"`
	KeyRequests             Rate `json:"key_requests"`
	LakeMonths              Rate `json:"lake_months"`
	LakeVersions            Rate `json:"lake_versions"`
	LakeTables              Rate `json:"lake_tables"`
	LargeMinutes            Rate `json:"large_minutes"`
}

// UnmarshalJSON reads a rate whole: of one that replaces another nothing stays.
func (r *Rate) UnmarshalJSON(text []byte) error {
	type plain Rate
	var whole plain
	if err := strictly(text, &whole); err != nil {
		return err
	}
	*r = Rate(whole)
	return nil
}

// with gives the rates in which those that a file names are replaced, whole.
func (r Rates) with(text []byte) (Rates, error) {
	if err := strictly(text, &r); err != nil {
		return r, err
	}
	for name, rate := range r.all() {
		if !sound(rate.Value) {
			return r, fmt.Errorf("%w: the rate %s is %g", configtrail.ErrInvalid, name, rate.Value)
		}
	}
	for _, divisor := range []Rate{
		r.JSONPerCompressed, r.HereJSONBytesPerSecond, r.HereTwoCores, r.MessageObjects, r.BatchMessages,
		r.LoadBatchMessages, r.IngestJSONBytesPerSecond, r.IngestConcurrency, r.GatherEveryMinutes, r.CompactEveryMinutes, r.CompactBytesPerSecond, r.ReportStatements,
	} {
		if divisor.Value == 0 {
			return r, fmt.Errorf("%w: a rate that is divided by is 0", configtrail.ErrInvalid)
		}
	}
	return r, nil
}

// all are the rates by their names in files.
func (r Rates) all() map[string]Rate {
	text, err := json.Marshal(r)
	all := map[string]Rate{}
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		return nil // a rate that is no number: json has refused it before
	}
	return all
}
