package settings

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"configtrail"
)

// field is one setting that is a single value, whoever sets it.
type field struct {
	flag string // "aws-region"; EnvName gives its variable
	file string // in the file: "aws.region" is the key region below aws
	set  func(s *Settings, paths resolver, value string) error
}

// fields are all of them, in the order of the example file.
var fields = []field{
	{"lake", "lake", func(s *Settings, paths resolver, v string) (err error) {
		s.Lake, err = paths.place(v)
		if strings.HasPrefix(s.Lake, "s3://") {
			s.Lake = strings.TrimRight(s.Lake, "/") // one spelling: the lake's key goes by it
		}
		return err
	}},
	{"tz", "tz", func(s *Settings, _ resolver, v string) error {
		if _, err := time.LoadLocation(v); err != nil || v == "" {
			return fmt.Errorf("%q is no time zone; write it as Asia/Tokyo or UTC", v)
		}
		s.TZ = v
		return nil
	}},
	{"lang", "lang", func(s *Settings, _ resolver, v string) error { return oneOf(&s.Lang, v, "ja", "en") }},
	{"engine", "engine", func(s *Settings, _ resolver, v string) error {
		return oneOf(&s.Engine, v, "duckdb", "athena", "trino")
	}},
	{"source", "remote.source", func(s *Settings, _ resolver, v string) error {
		return oneOf(&s.Remote.Source, v, SourceLake, SourceRaw)
	}},
	{"database", "remote.database", func(s *Settings, _ resolver, v string) error {
		return matching(&s.Remote.Database, v, database, "a Glue database; write it in lower case, as configtrail")
	}},
	{"raw-table", "remote.raw_table", func(s *Settings, _ resolver, v string) error { return s.Remote.rawTables(v) }},
	{"workgroup", "remote.workgroup", func(s *Settings, _ resolver, v string) error {
		return matching(&s.Remote.Workgroup, v, workgroup, "a workgroup of Athena")
	}},
	{"output", "remote.output", func(s *Settings, _ resolver, v string) error {
		return matching(&s.Remote.Output, v, s3URL, "a place for results; write it as s3://bucket/prefix/")
	}},
	{"max-bytes", "remote.max_bytes", func(s *Settings, _ resolver, v string) error { return bytesOf(&s.Remote.MaxBytes, v) }},
	{"trino-url", "remote.trino_url", func(s *Settings, _ resolver, v string) error {
		return address(&s.Remote.TrinoURL, v, "https://USER@HOST:PORT")
	}},
	{"model", "model", func(s *Settings, _ resolver, v string) error { s.Model = v; return nil }},
	{"spend", "spend.place", func(s *Settings, paths resolver, v string) (err error) {
		s.Spend.Place, err = paths.place(v)
		return err
	}},
	{"day-bytes", "spend.day_bytes", func(s *Settings, _ resolver, v string) error { return bytesOf(&s.Spend.Bytes, v) }},
	{"day-tokens", "spend.day_tokens", func(s *Settings, _ resolver, v string) error { return whole(&s.Spend.Tokens, v) }},
	{"day-usd", "spend.day_usd", func(s *Settings, _ resolver, v string) error { return money(&s.Spend.USD, v) }},
	{"redact-key-file", "redact_key_file", func(s *Settings, paths resolver, v string) (err error) {
		s.RedactKeyFile, err = paths.path(v)
		return err
	}},
	{"redact-key-secret", "redact_key_secret", func(s *Settings, _ resolver, v string) error {
		return matching(&s.RedactKeySecret, v, secretID, "a secret of Secrets Manager; write its ARN or name, with #FIELD behind it for a member of a JSON secret")
	}},
	{"profile", "aws.profile", func(s *Settings, _ resolver, v string) error { s.AWS.Profile = v; return nil }},
	{"role-arn", "aws.role_arn", func(s *Settings, _ resolver, v string) error {
		return matching(&s.AWS.RoleARN, v, roleARN, "a role; write it as arn:aws:iam::ACCOUNT:role/NAME")
	}},
	{"external-id", "aws.external_id", func(s *Settings, _ resolver, v string) error { s.AWS.ExternalID = v; return nil }},
	{"aws-region", "aws.region", func(s *Settings, _ resolver, v string) error {
		return matching(&s.AWS.Region, v, region, "a region; write it as ap-northeast-1")
	}},
	{"endpoint-url", "aws.endpoint_url", func(s *Settings, _ resolver, v string) error {
		if u, err := url.Parse(v); err == nil && u.User != nil {
			return fmt.Errorf("%q is no address; write it as https://HOST:PORT", v)
		}
		return address(&s.AWS.EndpointURL, v, "https://HOST:PORT")
	}},
	{"path-style", "aws.path_style", func(s *Settings, _ resolver, v string) error { return boolean(&s.AWS.PathStyle, v) }},
	{"request-payer", "aws.request_payer", func(s *Settings, _ resolver, v string) error { return boolean(&s.AWS.RequestPayer, v) }},
	{"expected-owner", "aws.expected_owner", func(s *Settings, _ resolver, v string) error {
		return matching(&s.AWS.ExpectedOwner, v, accountID, "an account id: twelve digits")
	}},
}

var (
	roleARN   = configtrail.Pattern(`^arn:aws[a-z-]*:iam::\d{12}:role/\S+$`)
	region    = configtrail.Pattern(`^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$`)
	accountID = configtrail.Pattern(`^\d{12}$`)
	database  = configtrail.Pattern(`^[a-z0-9_]{1,255}$`)
	rawTable  = configtrail.Pattern(`^([a-z0-9_]{1,255}\.)?[a-z0-9_]{1,255}$`)
	workgroup = configtrail.Pattern(`^[a-zA-Z0-9._-]{1,128}$`)
	secretID  = configtrail.Pattern(`^[\w/+=.@:!-]+(#\S+)?$`)
	s3URL     = configtrail.Pattern(`^s3://[a-z0-9][a-z0-9.-]+(/\S*)?$`)
)

// Flags are the names of the flags that Load reads.
func Flags() []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.flag
	}
	return names
}

// resolver makes paths absolute as the person who wrote them meant them: ~/ is
// their home, and in a file a relative path starts at the file's folder.
type resolver struct {
	home   string
	folder string // "": a relative path starts where the program runs
}

func (r resolver) path(value string) (string, error) {
	if value == "" {
		return "", errors.New("is empty")
	}
	if rest, ok := strings.CutPrefix(value, "~/"); ok && r.home != "" {
		return filepath.Join(r.home, rest), nil
	}
	if r.folder != "" && !filepath.IsAbs(value) {
		return filepath.Join(r.folder, value), nil
	}
	return filepath.Abs(value)
}

// place is a path, or an S3 URL, which stays as it is.
func (r resolver) place(value string) (string, error) {
	scheme, rest, isURL := strings.Cut(value, "://")
	switch {
	case !isURL:
		return r.path(value)
	case scheme != "s3" || rest == "" || rest[0] == '/':
		return "", fmt.Errorf("%q is neither a folder nor s3://bucket/prefix", value)
	}
	return value, nil
}

// checkAccount keeps a name from passing for an account id.
func checkAccount(a configtrail.Account) error {
	if !configtrail.IsAccountID(a.ID) {
		return fmt.Errorf("%q is not an account id: twelve digits", a.ID)
	}
	for _, name := range append([]string{a.Name}, a.Groups...) {
		if configtrail.IsAccountID(name) {
			return fmt.Errorf("%q is an account id and can't be the name of an account or a group", name)
		}
	}
	return nil
}
