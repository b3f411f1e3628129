// Package settings gathers what a person has set, flags over environment over
// file over defaults, into one plain struct. Nothing is read out of the
// process: the environment and the flags are passed in. What is not known or
// not allowed is an error that says where it stands and what would be.
package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"configtrail"
)

// Settings is what holds for one run. Load fills every member that has a default.
type Settings struct {
	Sources       []string // folders and s3://bucket/prefix; only the file has them
	Lake          string   // an absolute path, or s3://bucket/prefix without a slash at its end
	TZ            string   // an IANA name, or "Local" where this machine's zone has no name
	Lang          string   // "ja" or "en"
	Engine        string   // "duckdb", "athena" or "trino"
	Model         string   // "": nothing goes to a model
	RedactKeyFile string   // "": the key below ConfigDir, made when it is first needed

	// RedactKeySecret is the ARN or the name in Secrets Manager of the key, with
	// #FIELD behind it where it is a JSON secret. It never stands beside RedactKeyFile.
	RedactKeySecret string

	AWS      AWS
	Remote   Remote
	Spend    Spend
	Accounts []configtrail.Account // only the file has them

	File      string // the file that was read; "" where there is none
	ConfigDir string // where this person's settings of all programs lie, ~/.config; "" where there is no home
}

// AWS is how AWS is reached.
type AWS struct {
	Profile       string
	RoleARN       string
	ExternalID    string
	Region        string
	EndpointURL   string
	PathStyle     bool
	RequestPayer  bool
	ExpectedOwner string // account id
}

// The sources of Remote.
const (
	SourceLake = "lake" // the tables that ingest wrote
	SourceRaw  = "raw"  // tables over the bucket of AWS Config itself
)

// Remote is how Athena and Trino are asked, and where a lake in S3 is listed.
type Remote struct {
	Source    string   // SourceLake, the default, or SourceRaw
	Database  string   // of Glue, with the lake's tables; also of raw tables without one
	RawTables []string // "database.table" or "table"
	Workgroup string   // "": primary
	Output    string   // s3:// for results; "" where the workgroup has its own
	MaxBytes  int64    // that one query may read; 0: what the workgroup allows
	TrinoURL  string   // with catalog and schema as parameters
}

// rawTables sets the tables from a list with commas.
func (r *Remote) rawTables(value string) error {
	r.RawTables = nil
	for table := range strings.SplitSeq(value, ",") {
		if table = strings.TrimSpace(table); table == "" {
			continue
		}
		if !rawTable().MatchString(table) {
			return fmt.Errorf("%q is no table of Glue; write it as database.table", table)
		}
		r.RawTables = append(r.RawTables, table)
	}
	return nil
}

// Spend is what a day may cost, counted together by all who share its place.
// A day is one of UTC; 0 is no cap.
type Spend struct {
	Place  string // a folder or s3://bucket/prefix, with cached reports too; "": nothing is counted or kept
	Bytes  int64  // that queries read
	Tokens int64  // that models read and write
	USD    float64
}

// Options is where settings come from. Getenv is needed, the rest may be zero.
type Options struct {
	Getenv func(string) string

	// File is the value of --config. A file that is named, here or by
	// CONFIGTRAIL_CONFIG, has to exist; DefaultFile may be missing.
	File string

	// Flags are the flags that a person gave, by name without dashes, such as
	// "aws-region". Flags that set no setting are passed over.
	Flags map[string]string

	// Defaults are what holds for settings that nobody set, by name of the flag,
	// where a command has others than the rest.
	Defaults map[string]string

	// Given, where it is not nil, hears the flag of each setting that a person set,
	// wherever they did. Defaults are not theirs.
	Given func(flag string)

	Localtime string // the link that tells this machine's zone; "": /etc/localtime
}

// Load reads the settings. Its error is configtrail.ErrInvalid, or
// configtrail.ErrNotFound for a file that is named and not there; all that is
// wrong with a file is told at once, a line each.
func Load(options Options) (Settings, error) {
	s := Settings{Engine: "duckdb", Remote: Remote{Source: SourceLake}, Lang: langOf(options.Getenv), ConfigDir: configDir(options.Getenv)}
	paths := resolver{home: home(options.Getenv)}
	for _, f := range fields {
		if value, given := options.Defaults[f.flag]; given {
			if err := f.set(&s, paths, value); err != nil {
				return Settings{}, fmt.Errorf("%w: the default of --%s: %w", configtrail.ErrInvalid, f.flag, err)
			}
		}
	}
	if err := s.loadFile(options); err != nil {
		return Settings{}, err
	}
	for _, f := range fields {
		if value := options.Getenv(EnvName(f.flag)); value != "" {
			if err := f.set(&s, paths, value); err != nil {
				return Settings{}, fmt.Errorf("%w: %s: %w", configtrail.ErrInvalid, EnvName(f.flag), err)
			}
			options.given(f)
		}
		if value, given := options.Flags[f.flag]; given {
			if err := f.set(&s, paths, value); err != nil {
				return Settings{}, fmt.Errorf("%w: --%s: %w", configtrail.ErrInvalid, f.flag, err)
			}
			options.given(f)
		}
	}
	if s.RedactKeyFile != "" && s.RedactKeySecret != "" {
		return Settings{}, fmt.Errorf("%w: redact-key-file and redact-key-secret are both set; leave one out", configtrail.ErrInvalid)
	}
	return s.withDefaults(options)
}

func (o Options) given(f field) {
	if o.Given != nil {
		o.Given(f.flag)
	}
}

// withDefaults fills what only the machine can tell.
func (s Settings) withDefaults(options Options) (Settings, error) {
	if s.Lake == "" {
		data := dataDir(options.Getenv)
		if data == "" {
			err := fmt.Errorf("%w: no lake is set, and without HOME there is no folder for one", configtrail.ErrInvalid)
			return Settings{}, configtrail.WithHint(err, "name it with --lake or CONFIGTRAIL_LAKE")
		}
		s.Lake = filepath.Join(data, "configtrail", "lake")
	}
	if s.TZ == "" || s.TZ == localZone {
		zone, err := machineZone(options.Getenv, options.Localtime)
		if err != nil {
			return Settings{}, configtrail.WithHint(err, "name it with --tz or CONFIGTRAIL_TZ, such as --tz Asia/Tokyo")
		}
		s.TZ = zone
	}
	return s, nil
}

// loadFile reads the file that is named, or the one in ConfigDir if it is there.
func (s *Settings) loadFile(options Options) error {
	path, named := options.File, true
	if path == "" {
		path = options.Getenv(EnvName("config"))
	}
	if path == "" {
		if s.ConfigDir == "" {
			return nil
		}
		path, named = DefaultFile(options.Getenv), false
	}
	data, err := readFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && !named:
		return nil
	case errors.Is(err, os.ErrNotExist):
		err := fmt.Errorf("%w: no settings file at %s", configtrail.ErrNotFound, path)
		return configtrail.WithHint(err, "make one with: configtrail init --config "+path)
	case err != nil:
		return fmt.Errorf("read settings: %w", err)
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("read settings %s: %w", path, err)
	}
	s.File = path
	return s.parse(path, data, resolver{home: home(options.Getenv), folder: folder}, options.given)
}

// FileName is the name of the settings file in its folder.
const FileName = "config.yaml"

// EnvName is the environment variable of a flag: CONFIGTRAIL_AWS_REGION for aws-region.
func EnvName(flag string) string {
	return "CONFIGTRAIL_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// configDir is $XDG_CONFIG_HOME, or "".
func configDir(getenv func(string) string) string {
	return xdg(getenv, "XDG_CONFIG_HOME", ".config")
}

// dataDir is $XDG_DATA_HOME, or "".
func dataDir(getenv func(string) string) string {
	return xdg(getenv, "XDG_DATA_HOME", filepath.Join(".local", "share"))
}

// CacheDir is $XDG_CACHE_HOME, where what can be fetched again may be kept; ""
// where there is no home.
func CacheDir(getenv func(string) string) string {
	return xdg(getenv, "XDG_CACHE_HOME", ".cache")
}

// xdg follows the XDG Base Directory Specification: a relative path in the
// variable counts as none.
func xdg(getenv func(string) string, variable, below string) string {
	if dir := getenv(variable); filepath.IsAbs(dir) {
		return dir
	}
	if home := home(getenv); home != "" {
		return filepath.Join(home, below)
	}
	return ""
}

func home(getenv func(string) string) string {
	if dir := getenv("HOME"); dir != "" {
		return dir
	}
	return getenv("USERPROFILE")
}

// langOf is the language of messages by POSIX: LC_ALL over LC_MESSAGES over LANG.
func langOf(getenv func(string) string) string {
	for _, variable := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(variable); value != "" {
			if strings.HasPrefix(value, "ja") {
				return "ja"
			}
			return "en"
		}
	}
	return "en"
}
