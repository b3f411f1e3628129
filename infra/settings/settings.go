// Package settings reads the one file that says what a deployment of configtrail
// consists of. What the file does not say has a default that is fit for use;
// what it says and nobody knows is an error, as a misspelt cap would else be none.
package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"gopkg.in/yaml.v3"
)

// Settings are a deployment. The members are those of the file.
type Settings struct {
	Stack         string            `yaml:"stack"`          // its name, and the first part of names within it
	Tags          map[string]string `yaml:"tags"`           // of all that can be tagged
	Architecture  string            `yaml:"architecture"`   // of the functions: arm64 or x86_64
	TimeZone      string            `yaml:"time_zone"`      // of months, days and schedules
	Language      string            `yaml:"language"`       // ja or en
	Encryption    string            `yaml:"encryption"`     // KeyOwn or KeyAWS
	LogDays       int               `yaml:"log_days"`       // that logs are kept
	LakeFormation bool              `yaml:"lake_formation"` // it governs the account's tables

	Lake      Lake      `yaml:"lake"`
	Raw       Raw       `yaml:"raw"`
	Query     Query     `yaml:"query"`
	Answer    Answer    `yaml:"answer"`
	Model     Model     `yaml:"model"`
	Ingest    Ingest    `yaml:"ingest"`
	Schedules Schedules `yaml:"schedules"`
	Reports   Target    `yaml:"reports"`
	Alarms    Alarms    `yaml:"alarms"`
	Sources   []Source  `yaml:"sources"`
	Streams   []Stream  `yaml:"streams"`
}

// The values of Encryption: a key of KMS that the stack makes, or the keys of AWS.
const (
	KeyOwn = "key"
	KeyAWS = "aws"
)

// Lake is where the lake lies.
type Lake struct {
	Database       string   `yaml:"database"`
	Bucket         string   `yaml:"bucket"` // "": CloudFormation names it
	Existing       Existing `yaml:"existing"`
	NoncurrentDays int      `yaml:"noncurrent_days"`
	UnfinishedDays int      `yaml:"unfinished_days"`
}

// Existing is a lake that is there: its bucket and database, which Lake names, its
// key and its secret are used and not made. A stack that is deleted leaves them.
type Existing struct {
	RedactKeySecret string `yaml:"redact_key_secret"` // ARN; "": the stack makes a lake
	KeyARN          string `yaml:"key_arn"`           // with KeyOwn
}

// Raw is what the tables over raw buckets have in common.
type Raw struct {
	Database string   `yaml:"database"`
	Regions  []string `yaml:"regions"` // that are recorded
	Years    [2]int   `yaml:"years,flow"`
}

// Query bounds what is asked of Athena.
type Query struct {
	MaxBytes    int64 `yaml:"max_bytes"` // that one query may read
	ResultsDays int   `yaml:"results_days"`
}

// Answer is the function behind the URL.
type Answer struct {
	Function     `yaml:",inline"`
	Source       string   `yaml:"source"`  // FromLake or FromRaw
	Auth         string   `yaml:"auth"`    // AuthIAM or AuthToken
	Callers      []string `yaml:"callers"` // ARNs of who may call the URL, beside those whom their own policies allow
	Organization bool     `yaml:"organization"`
	Day          Day      `yaml:"day"`
}

// The values of Answer.Source and Answer.Auth.
const (
	FromLake  = "lake"
	FromRaw   = "raw"
	AuthIAM   = "iam"
	AuthToken = "token"
)

// Function is what a function may use.
type Function struct {
	Memory      int `yaml:"memory"`      // MB
	Timeout     int `yaml:"timeout"`     // seconds
	Concurrency int `yaml:"concurrency"` // reserved for it, and at most
}

// Day caps what answers cost in a day of UTC; 0 is no cap.
type Day struct {
	Bytes  int64   `yaml:"bytes"`
	Tokens int64   `yaml:"tokens"`
	USD    float64 `yaml:"usd"`
}

// Model words the answers, where it has a name.
type Model struct {
	Name            string   `yaml:"name"`
	Regions         []string `yaml:"regions"` // where an inference profile of Bedrock may run it
	TokensPerMinute int      `yaml:"tokens_per_minute"`
}

// Ingest is the function behind the queue.
type Ingest struct {
	Function    `yaml:",inline"`
	Batch       int    `yaml:"batch"`         // messages of one invocation
	Window      int    `yaml:"window"`        // seconds that a batch is waited for
	Receives    int    `yaml:"receives"`      // tries before a message is a dead letter
	LargeBytes  int64  `yaml:"large_bytes"`   // compressed; what is larger goes to the longer run
	LongRuns    int    `yaml:"long_runs"`     // at a time
	LongRunSize string `yaml:"long_run_size"` // CodeBuild's compute type
}

// Schedules are expressions of EventBridge Scheduler, in the time zone.
type Schedules struct {
	Gather  string `yaml:"gather"`
	Listing string `yaml:"listing"`
	Compact string `yaml:"compact"`
	Daily   string `yaml:"daily"`
	Monthly string `yaml:"monthly"`
}

// GatherLate is for how many minutes nothing may be gathered: three times as long as
// lies between two runs, from half an hour to a day. Of a cron expression a day.
func (s Schedules) GatherLate() int {
	var n int
	var unit string
	if _, err := fmt.Sscanf(s.Gather, "rate(%d %s", &n, &unit); err != nil {
		return dayMinutes
	}
	switch strings.TrimSuffix(unit, ")") {
	case "minute", "minutes":
	case "hour", "hours":
		n *= 60
	default:
		return dayMinutes
	}
	return min(max(3*n, 30), dayMinutes)
}

const dayMinutes = 24 * 60

// Target is who is told.
type Target struct {
	Emails []string `yaml:"emails"`
}

// Alarms are where alarms go: a topic that is there, or one that the stack makes.
type Alarms struct {
	Target        `yaml:",inline"`
	Topic         string `yaml:"topic"`
	OldestMinutes int    `yaml:"oldest_minutes"` // that a message may wait
}

// Source is one bucket that AWS Config or CloudTrail delivers to.
type Source struct {
	Name       string   `yaml:"name"`
	Bucket     string   `yaml:"bucket"`
	Owner      string   `yaml:"owner"`   // account of the bucket
	Region     string   `yaml:"region"`  // of the bucket; "": the stack's
	Folders    []string `yaml:"folders"` // before the account's, as they stand in the keys
	KeyARN     string   `yaml:"key_arn"` // KMS key of its objects
	Access     string   `yaml:"access"`  // AccessOwn, AccessRole or AccessPolicy
	RoleARN    string   `yaml:"role_arn"`
	ExternalID string   `yaml:"external_id"`
	Ways       []string `yaml:"ways"` // WaySQS, WaySNS, WayEvents, WayListing
	Topics     []Topic  `yaml:"topics"`
	Tables     []Table  `yaml:"tables"`
}

// The shapes of an organisation: the bucket is in the stack's own account; or a
// role in the bucket's account is assumed; or the bucket's policy lets us in.
const (
	AccessOwn    = "own"
	AccessRole   = "role"
	AccessPolicy = "policy"
)

// The ways in which new objects become known.
const (
	WaySQS     = "sqs"         // the bucket's notifications to our queue
	WaySNS     = "sns"         // the bucket's notifications to a topic
	WayEvents  = "eventbridge" // the bucket's events
	WayListing = "listing"     // a scheduled listing, for buckets that may not be touched
)

// Topic is a topic of SNS that our queue subscribes to.
type Topic struct {
	ARN string `yaml:"arn"`
	Raw bool   `yaml:"raw"` // messages come without SNS's envelope
}

// Table is a raw Glue table over one layout of keys.
type Table struct {
	Name     string   `yaml:"name"`
	Folders  string   `yaml:"folders"`
	Form     string   `yaml:"form"`     // FormState or FormLives
	Accounts []string `yaml:"accounts"` // none: injected, which needs no list
}

// The forms of a raw table: with state, by the OpenX SerDe; or without, by Hive's.
const (
	FormState = "state"
	FormLives = "lives"
)

// Stream is where Config itself tells of each change within minutes.
type Stream struct {
	Topic       `yaml:",inline"`
	EventBridge bool     `yaml:"eventbridge"` // of this account and region, and of the accounts that send theirs here
	Accounts    []string `yaml:"accounts"`    // that may send their events here
}

// defaults are what holds where the file says nothing.
func defaults() Settings {
	return Settings{
		Stack: "configtrail", Architecture: "arm64", TimeZone: "Asia/Tokyo", Language: "ja", Encryption: KeyOwn, LogDays: 90,
		Lake:  Lake{Database: "configtrail", NoncurrentDays: 30, UnfinishedDays: 7},
		Raw:   Raw{Database: "configtrail_raw", Years: [2]int{2021, 2999}},
		Query: Query{MaxBytes: 20_000_000_000, ResultsDays: 7},
		Answer: Answer{
			Function: Function{Memory: 1024, Timeout: 300, Concurrency: 5}, Source: FromLake, Auth: AuthIAM,
			Day: Day{Bytes: 1_000_000_000_000, Tokens: 1_000_000, USD: 10},
		},
		Ingest: Ingest{
			Function: Function{Memory: 2048, Timeout: 300, Concurrency: 20},
			Batch:    50, Window: 20, Receives: 5, LargeBytes: 64 << 20, LongRuns: 4, LongRunSize: "BUILD_GENERAL1_LARGE",
		},
		Schedules: Schedules{
			Gather: "rate(5 minutes)", Listing: "rate(1 hour)", Compact: "rate(1 hour)",
			Daily: "cron(0 9 * * ? *)", Monthly: "cron(0 9 4 * ? *)",
		},
		Alarms: Alarms{OldestMinutes: 60},
	}
}

// Load reads a file. Its error tells all that is wrong, a line each.
func Load(path string) (Settings, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Settings{}, fmt.Errorf("read the settings: %w", err)
	}
	s, err := Parse(text)
	if err != nil {
		return s, fmt.Errorf("settings %s:\n%w", path, err)
	}
	return s, nil
}

// Parse reads the text of a file.
func Parse(text []byte) (Settings, error) {
	s := defaults()
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&s); err != nil && !errors.Is(err, io.EOF) {
		return s, err
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return s, errors.New("there is a second document, or something behind the first")
	}
	for i := range s.Sources {
		if s.Sources[i].Access == "" {
			s.Sources[i].Access = AccessOwn
		}
		for j := range s.Sources[i].Tables {
			if s.Sources[i].Tables[j].Form == "" {
				s.Sources[i].Tables[j].Form = FormState
			}
		}
	}
	return s, errors.Join(s.check()...)
}
