package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The shapes of names, as their services take them.
const (
	aStack    = `[a-z][a-z0-9-]{0,29}`
	aName     = `[a-z][a-z0-9]{0,19}`
	aDatabase = `[a-z0-9_]{1,64}`
	aBucket   = `[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]`
	anAccount = `[0-9]{12}`
	aRegion   = `[a-z]{2,4}(-[a-z]+)+-[0-9]`
	folders   = `[A-Za-z0-9._=-]+(/[A-Za-z0-9._=-]+)*`
	aTopic    = `arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}`
	aRole     = `arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+`
	aCaller   = `arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/[A-Za-z0-9+=,.@_/-]+)`
	aKey      = `arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+`
	aSecret   = `arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+`
	anEmail   = `[^@\s]+@[^@\s]+`
	schedule  = `(rate|cron)\(.+\)`
	anID      = `[A-Za-z0-9+=,.@:/_-]{2,1000}`
)

// complaint gathers what is wrong with settings.
type complaint struct{ wrong []error }

func (c *complaint) say(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Errorf(format, args...))
}

// matches holds a value against a pattern as a whole.
func (c *complaint) matches(where, value, pattern, what string) {
	if !regexp.MustCompile(`^(` + pattern + `)$`).MatchString(value) {
		c.say("%s: %q is no %s", where, value, what)
	}
}

func (c *complaint) oneOf(where, value string, values ...string) {
	if !slices.Contains(values, value) {
		c.say("%s: %q is none of %s", where, value, strings.Join(values, ", "))
	}
}

func (c *complaint) between(where string, value, least, most int) {
	if value < least || value > most {
		c.say("%s: %d is not between %d and %d", where, value, least, most)
	}
}

func (s Settings) check() []error {
	c := &complaint{}
	c.matches("stack", s.Stack, aStack, "name of a stack: small letters, digits and -, at most 30")
	c.oneOf("architecture", s.Architecture, "arm64", "x86_64")
	c.oneOf("language", s.Language, "ja", "en")
	c.oneOf("encryption", s.Encryption, KeyOwn, KeyAWS)
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "" || s.TimeZone == "Local" {
		c.say("time_zone: %q is no time zone such as Asia/Tokyo", s.TimeZone)
	}
	if !slices.Contains([]int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}, s.LogDays) {
		c.say("log_days: CloudWatch keeps logs for 7, 14, 30, 60, 90, 120, 180, 365, 400, 731 … days, not for %d", s.LogDays)
	}
	c.matches("lake.database", s.Lake.Database, aDatabase, "name of a Glue database: small letters, digits and _")
	if s.Lake.Bucket != "" {
		c.matches("lake.bucket", s.Lake.Bucket, aBucket, "name of a bucket")
	}
	c.existing(s)
	c.between("lake.noncurrent_days", s.Lake.NoncurrentDays, 1, 3650)
	c.between("lake.unfinished_days", s.Lake.UnfinishedDays, 1, 365)
	c.functions(s)
	c.model(s)
	for name, text := range map[string]string{
		"gather": s.Schedules.Gather, "listing": s.Schedules.Listing, "compact": s.Schedules.Compact, "daily": s.Schedules.Daily, "monthly": s.Schedules.Monthly,
	} {
		c.matches("schedules."+name, text, schedule, "schedule such as rate(5 minutes) or cron(0 9 * * ? *)")
	}
	for _, email := range append(slices.Clone(s.Reports.Emails), s.Alarms.Emails...) {
		c.matches("emails", email, anEmail, "address")
	}
	if s.Alarms.Topic != "" {
		c.matches("alarms.topic", s.Alarms.Topic, aTopic, "ARN of a topic")
		if len(s.Alarms.Emails) > 0 {
			c.say("alarms: emails are subscribed to a topic that the stack makes; with topic, subscribe them there")
		}
	}
	c.between("alarms.oldest_minutes", s.Alarms.OldestMinutes, 1, 1440)
	c.sources(s)
	slices.SortFunc(c.wrong, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return c.wrong
}

// existing checks that a lake that is there is named whole.
func (c *complaint) existing(s Settings) {
	there := s.Lake.Existing
	if there == (Existing{}) {
		return
	}
	c.matches("lake.existing.redact_key_secret", there.RedactKeySecret, aSecret, "ARN of a secret")
	if s.Lake.Bucket == "" {
		c.say("lake.bucket: name the bucket of the lake that exists")
	}
	if own := s.Encryption == KeyOwn; own || there.KeyARN != "" {
		c.matches("lake.existing.key_arn", there.KeyARN, aKey, "ARN of the KMS key that the lake is encrypted with")
		if !own {
			c.say("lake.existing.key_arn: it belongs to encryption: key")
		}
	}
}

func (c *complaint) functions(s Settings) {
	for name, f := range map[string]Function{"answer": s.Answer.Function, "ingest": s.Ingest.Function} {
		c.between(name+".memory", f.Memory, 256, 10240)
		c.between(name+".timeout", f.Timeout, 10, 900)
		c.between(name+".concurrency", f.Concurrency, 2, 1000)
	}
	c.between("ingest.batch", s.Ingest.Batch, 1, 10000)
	c.between("ingest.window", s.Ingest.Window, 0, 300)
	if s.Ingest.Batch > 10 && s.Ingest.Window == 0 {
		c.say("ingest.window: a batch of more than 10 messages needs a window of a second or more")
	}
	c.between("ingest.receives", s.Ingest.Receives, 2, 100)
	c.between("ingest.long_runs", s.Ingest.LongRuns, 1, 100)
	if s.Ingest.LargeBytes < 1<<20 {
		c.say("ingest.large_bytes: %d is less than a megabyte", s.Ingest.LargeBytes)
	}
	c.oneOf("answer.source", s.Answer.Source, FromLake, FromRaw)
	c.oneOf("answer.auth", s.Answer.Auth, AuthIAM, AuthToken)
	for _, caller := range s.Answer.Callers {
		c.matches("answer.callers", caller, aCaller, "ARN of a role, a user or an account's root; a wildcard is none")
	}
	if s.Answer.Auth == AuthToken && len(s.Answer.Callers) > 0 {
		c.say("answer.callers: with auth: token whoever has the token may call; leave callers out")
	}
	if s.Answer.Day.Bytes < 0 || s.Answer.Day.Tokens < 0 || s.Answer.Day.USD < 0 {
		c.say("answer.day: a cap below 0")
	}
	if s.Query.MaxBytes < 10_000_000 {
		c.say("query.max_bytes: Athena takes no cut-off below 10,000,000 bytes")
	}
	c.between("query.results_days", s.Query.ResultsDays, 1, 365)
}

func (c *complaint) model(s Settings) {
	if s.Model.Name == "" {
		return
	}
	if strings.Contains(s.Model.Name, "*") {
		c.say("model.name: %q holds a wildcard", s.Model.Name)
	}
	if strings.HasPrefix(s.Model.Name, "arn:") {
		c.say("model.name: %q is an ARN; write the id of the model, or of its profile, so that its permission names the model too", s.Model.Name)
	}
	for _, region := range s.Model.Regions {
		c.matches("model.regions", region, aRegion, "region")
	}
	if _, profile := s.Model.Profile(); profile && len(s.Model.InRegions()) == 0 {
		c.say("model.regions: name the regions in which the profile %s may run the model", s.Model.Name)
	}
}

// Bedrock is the model's id on Bedrock; "" for the Messages API, which needs a key.
func (m Model) Bedrock() string {
	id, named := strings.CutPrefix(m.Name, "bedrock:")
	if named || strings.Contains(m.Name, "anthropic.") {
		return id
	}
	return ""
}

// Profile is the model that an inference profile of Bedrock runs.
func (m Model) Profile() (model string, isProfile bool) {
	before, model, found := strings.Cut(m.Bedrock(), ".anthropic.")
	if !found || before == "" {
		return m.Bedrock(), false
	}
	return "anthropic." + model, true
}

// InRegions are the regions in which the profile may run its model: those of the
// settings, or of Japan for a profile of Japan.
func (m Model) InRegions() []string {
	if len(m.Regions) == 0 && strings.HasPrefix(m.Bedrock(), "jp.") {
		return []string{"ap-northeast-1", "ap-northeast-3"}
	}
	return m.Regions
}
