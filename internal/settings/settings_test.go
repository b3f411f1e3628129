package settings_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/settings"
)

// env is an environment of its own.
type env map[string]string

func (e env) get(name string) string { return e[name] }

// write makes a settings file and gives its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// full is every setting, each other than its default.
const full = `sources:
  - s3://logs/AWSLogs
  - deliveries
  - ~/archive
lake: s3://lake/configtrail
tz: Asia/Tokyo
lang: ja
engine: trino
model: claude-sonnet-5-5
redact_key_file: key
aws:
  profile: audit
  role_arn: arn:aws:iam::111122223333:role/audit/reader
  external_id: 0x1F
  region: ap-northeast-1
  endpoint_url: https://s3.example.com:9000
  path_style: true
  request_payer: true
  expected_owner: 012345678901
accounts:
  - id: 012345678901
    name: 本番
    groups: [web, 金融]
  - {id: "444455556666", name: on}
`

func TestLoadFile(t *testing.T) {
	path := write(t, full)
	got, err := settings.Load(settings.Options{File: path, Getenv: env{"HOME": "/home/kenji"}.get})
	if err != nil {
		t.Fatal(err)
	}
	want := settings.Settings{
		Sources: []string{"s3://logs/AWSLogs", filepath.Join(filepath.Dir(path), "deliveries"), "/home/kenji/archive"},
		Lake:    "s3://lake/configtrail", TZ: "Asia/Tokyo", Lang: "ja", Engine: "trino", Model: "claude-sonnet-5-5",
		RedactKeyFile: filepath.Join(filepath.Dir(path), "key"),
		AWS: settings.AWS{
			Profile: "audit", RoleARN: "arn:aws:iam::111122223333:role/audit/reader", ExternalID: "0x1F",
			Region: "ap-northeast-1", EndpointURL: "https://s3.example.com:9000", PathStyle: true, RequestPayer: true,
			ExpectedOwner: "012345678901", // which YAML would read as a number
		},
		Remote: settings.Remote{Source: "lake"},
		Accounts: []configtrail.Account{
			{ID: "012345678901", Name: "本番", Groups: []string{"web", "金融"}},
			{ID: "444455556666", Name: "on"},
		},
		File: path, ConfigDir: "/home/kenji/.config",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestLoadDefaults(t *testing.T) {
	for _, test := range []struct {
		name string
		env  env
		want settings.Settings
	}{
		{
			"home", env{"HOME": "/home/k", "TZ": "UTC"},
			settings.Settings{Lake: "/home/k/.local/share/configtrail/lake", TZ: "UTC", Lang: "en", Engine: "duckdb", Remote: settings.Remote{Source: "lake"}, ConfigDir: "/home/k/.config"},
		},
		{
			"XDG", env{"HOME": "/home/k", "TZ": "UTC", "XDG_DATA_HOME": "/data", "XDG_CONFIG_HOME": "/etc/k"},
			settings.Settings{Lake: "/data/configtrail/lake", TZ: "UTC", Lang: "en", Engine: "duckdb", Remote: settings.Remote{Source: "lake"}, ConfigDir: "/etc/k"},
		},
		{
			"a relative XDG path counts as none", env{"HOME": "/home/k", "TZ": "UTC", "XDG_DATA_HOME": "data"},
			settings.Settings{Lake: "/home/k/.local/share/configtrail/lake", TZ: "UTC", Lang: "en", Engine: "duckdb", Remote: settings.Remote{Source: "lake"}, ConfigDir: "/home/k/.config"},
		},
		{
			"no home, as in a function", env{"TZ": ":UTC", "CONFIGTRAIL_LAKE": "s3://lake/"},
			settings.Settings{Lake: "s3://lake", TZ: "UTC", Lang: "en", Engine: "duckdb", Remote: settings.Remote{Source: "lake"}},
		},
		{
			"Japanese", env{"HOME": "/h", "TZ": ":/usr/share/zoneinfo/Asia/Tokyo", "LANG": "ja_JP.UTF-8"},
			settings.Settings{Lake: "/h/.local/share/configtrail/lake", TZ: "Asia/Tokyo", Lang: "ja", Engine: "duckdb", Remote: settings.Remote{Source: "lake"}, ConfigDir: "/h/.config"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := settings.Load(settings.Options{Getenv: test.env.get})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
	_, err := settings.Load(settings.Options{Getenv: env{}.get})
	expect(t, err, configtrail.ErrInvalid, "invalid: no lake is set, and without HOME there is no folder for one")
}

func TestLang(t *testing.T) {
	for _, test := range []struct {
		env  env
		want string
	}{
		{env{}, "en"},
		{env{"LANG": "ja_JP.UTF-8"}, "ja"},
		{env{"LANG": "ja"}, "ja"},
		{env{"LANG": "C.UTF-8"}, "en"},
		{env{"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"},
		{env{"LANG": "en_US.UTF-8", "LC_MESSAGES": "en_US.UTF-8", "LC_ALL": "ja_JP.eucJP"}, "ja"},
		{env{"LANG": "ja_JP.UTF-8", "CONFIGTRAIL_LANG": "en"}, "en"},
	} {
		test.env["HOME"], test.env["TZ"] = "/h", "UTC"
		got, err := settings.Load(settings.Options{Getenv: test.env.get})
		if err != nil || got.Lang != test.want {
			t.Errorf("%v: %q, %v", test.env, got.Lang, err)
		}
	}
}

func TestPrecedence(t *testing.T) {
	file := write(t, "lang: ja\nlake: /from/file\nengine: athena\nmodel: from-file\naws:\n  path_style: true\n  region: eu-west-1\n")
	environment := env{
		"HOME": "/h", "TZ": "UTC", "LANG": "ja_JP.UTF-8",
		"CONFIGTRAIL_LAKE": "from/env", "CONFIGTRAIL_ENGINE": "trino", "CONFIGTRAIL_AWS_REGION": "us-west-2", "CONFIGTRAIL_REQUEST_PAYER": "1",
		"CONFIGTRAIL_LANG": "",
	}
	got, err := settings.Load(settings.Options{File: file, Getenv: environment.get, Flags: map[string]string{
		"engine": "duckdb", "path-style": "false", "model": "", "from": "13:30",
	}})
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	want := settings.Settings{
		Lake:   filepath.Join(here, "from", "env"), // over the file, from where the program runs
		Engine: "duckdb",                           // the flag over the variable over the file
		Model:  "",                                 // an empty flag takes it back
		Lang:   "ja",                               // an empty variable is none
		TZ:     "UTC",
		AWS:    settings.AWS{Region: "us-west-2", RequestPayer: true},
		Remote: settings.Remote{Source: "lake"},
		File:   file, ConfigDir: "/h/.config",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestWhichFile(t *testing.T) {
	home := t.TempDir()
	base := env{"HOME": home, "TZ": "UTC"}
	load := func(o settings.Options) (settings.Settings, error) {
		o.Getenv = base.get
		return settings.Load(o)
	}
	if got, err := load(settings.Options{}); err != nil || got.File != "" {
		t.Errorf("no file anywhere: %q, %v", got.File, err)
	}
	standard := settings.DefaultFile(base.get)
	if want := filepath.Join(home, ".config", "configtrail", "config.yaml"); standard != want {
		t.Fatalf("default file %s, want %s", standard, want)
	}
	if err := settings.WriteExample(standard, "en"); err != nil {
		t.Fatal(err)
	}
	if got, err := load(settings.Options{}); err != nil || got.File != standard {
		t.Errorf("the default file: %q, %v", got.File, err)
	}
	missing := filepath.Join(home, "none.yaml")
	_, err := load(settings.Options{File: missing})
	expect(t, err, configtrail.ErrNotFound, "not found: no settings file at "+missing)
	base["CONFIGTRAIL_CONFIG"] = missing
	_, err = load(settings.Options{})
	expect(t, err, configtrail.ErrNotFound, "not found: no settings file at "+missing)
	other := write(t, "lang: ja\n")
	if got, err := load(settings.Options{File: other}); err != nil || got.File != other || got.Lang != "ja" {
		t.Errorf("--config over CONFIGTRAIL_CONFIG: %+v, %v", got, err)
	}
	if _, err := load(settings.Options{File: home}); err == nil {
		t.Error("a folder was read as a file")
	}
}

// expect compares an error's class and its whole text.
func expect(t *testing.T, err, class error, text string) {
	t.Helper()
	if !errors.Is(err, class) || err.Error() != text {
		t.Errorf("error: %v\n want: %s", err, text)
	}
}

func TestStrict(t *testing.T) {
	const top = "sources, accounts, aws, remote, spend, lake, tz, lang, engine, model, redact_key_file, redact_key_secret"
	const below = "profile, role_arn, external_id, region, endpoint_url, path_style, request_payer, expected_owner"
	for _, test := range []struct{ text, want string }{
		{"lake: x\nlakes: y\n", `FILE:2: unknown key "lakes"; allowed: ` + top},
		{"aws:\n  profil: x\n", `FILE:2: unknown key "profil"; allowed: ` + below},
		{"aws.region: eu-west-1\n", `FILE:1: unknown key "aws.region"; allowed: ` + top},
		{"accounts:\n  - id: \"111122223333\"\n    nam: x\n", `FILE:3: unknown key "nam"; allowed: id, name, groups`},
		{"engine: mysql\n", `FILE:1: engine: "mysql" is none of duckdb, athena, trino`},
		{"lang: jp\n", `FILE:1: lang: "jp" is none of ja, en`},
		{"\n\ntz: Tokyo\n", `FILE:3: tz: "Tokyo" is no time zone; write it as Asia/Tokyo or UTC`},
		{"tz: ../../etc/passwd\n", `FILE:1: tz: "../../etc/passwd" is no time zone; write it as Asia/Tokyo or UTC`},
		{"lake: https://x\n", `FILE:1: lake: "https://x" is neither a folder nor s3://bucket/prefix`},
		{"lake:\n", `FILE:1: lake has no value; give it one or remove it`},
		{"lake: [a]\n", `FILE:1: lake has to be a single value`},
		{"lake: !!binary aGk=\n", `FILE:1: lake: values of type !!binary are not read here`},
		{"sources: s3://x\n", `FILE:1: sources has to be a list, each member on a line that begins with a dash`},
		{"sources:\n  - gs://x\n", `FILE:2: sources: "gs://x" is neither a folder nor s3://bucket/prefix`},
		{"aws: audit\n", `FILE:1: aws has to be keys with values; allowed: ` + below},
		{"aws:\n  path_style: yes\n", `FILE:2: aws.path_style: "yes" is neither true nor false`},
		{"aws:\n  region: Tokyo\n", `FILE:2: aws.region: "Tokyo" is not a region; write it as ap-northeast-1`},
		{"aws:\n  role_arn: reader\n", `FILE:2: aws.role_arn: "reader" is not a role; write it as arn:aws:iam::ACCOUNT:role/NAME`},
		{"aws:\n  expected_owner: me\n", `FILE:2: aws.expected_owner: "me" is not an account id: twelve digits`},
		{"aws:\n  endpoint_url: ftp://x\n", `FILE:2: aws.endpoint_url: "ftp://x" is no address; write it as https://HOST:PORT`},
		{"accounts:\n  - id: 12\n", `FILE:2: accounts: "12" is not an account id: twelve digits`},
		{"accounts:\n  - name: prod\n", `FILE:2: accounts: "" is not an account id: twelve digits`},
		{"accounts:\n  - id: \"111122223333\"\n  - id: \"111122223333\"\n", `FILE:3: account 111122223333 is listed twice, first in line 2`},
		{"accounts:\n  - {id: \"111122223333\", name: prod}\n  - {id: \"444455556666\", name: PROD}\n", `FILE:3: the account name PROD is given twice, first in line 2`},
		{"accounts:\n  - {id: \"111122223333\", name: \"444455556666\"}\n", `FILE:2: accounts: "444455556666" is an account id and can't be the name of an account or a group`},
		{"lang: ja\nlang: en\n", `FILE:2: lang is set twice, first in line 1`},
		{"lake: &a x\nmodel: *a\n", `FILE:2: model: references such as *a are not read here`},
		{"- lake\n", `FILE:1: the file has to be keys with values; allowed: ` + top},
		{"lake: x\n---\nlake: y\n", `FILE: one document is allowed, and there are more`},
		{"lake: 'x\n", `FILE:2: found unexpected end of stream`},
		// Everything that is wrong is told at once, in the order of the file.
		{"lang: jp\nengine: x\nlakes: z\n", `FILE:1: lang: "jp" is none of ja, en` + "\n" + `FILE:2: engine: "x" is none of duckdb, athena, trino` + "\n" + `FILE:3: unknown key "lakes"; allowed: ` + top},
	} {
		path := write(t, test.text)
		_, err := settings.Load(settings.Options{File: path, Getenv: env{"HOME": "/h", "TZ": "UTC"}.get})
		expect(t, err, configtrail.ErrInvalid, "invalid: "+strings.ReplaceAll(test.want, "FILE", path))
	}
	for _, text := range []string{"", "# nothing\n", "sources: []\n", "accounts: []\n"} {
		if _, err := settings.Load(settings.Options{File: write(t, text), Getenv: env{"HOME": "/h", "TZ": "UTC"}.get}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	_, err := settings.Load(settings.Options{Getenv: env{"HOME": "/h", "CONFIGTRAIL_ENGINE": "x"}.get})
	expect(t, err, configtrail.ErrInvalid, `invalid: CONFIGTRAIL_ENGINE: "x" is none of duckdb, athena, trino`)
	_, err = settings.Load(settings.Options{Getenv: env{"HOME": "/h"}.get, Flags: map[string]string{"tz": "JST"}})
	expect(t, err, configtrail.ErrInvalid, `invalid: --tz: "JST" is no time zone; write it as Asia/Tokyo or UTC`)
	_, err = settings.Load(settings.Options{Getenv: env{"HOME": "/h", "TZ": "JST-9"}.get})
	expect(t, err, configtrail.ErrInvalid, `invalid: TZ=JST-9 is not the name of a zone`)
}

func TestMachineZone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no links to zones here")
	}
	dir := t.TempDir()
	for _, test := range []struct{ target, want string }{
		{"/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"},
		{"../usr/share/zoneinfo/posix/Europe/Berlin", "Europe/Berlin"},
		{"/var/db/timezone/zoneinfo/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"},
		{"/usr/share/zoneinfo/Not/AZone", "Local"},
		{"/somewhere/else", "Local"},
	} {
		link := filepath.Join(dir, strings.ReplaceAll(test.target, "/", "_"))
		if err := os.Symlink(test.target, link); err != nil {
			t.Fatal(err)
		}
		got, err := settings.Load(settings.Options{Getenv: env{"HOME": "/h"}.get, Localtime: link})
		if err != nil || got.TZ != test.want {
			t.Errorf("%s: %q, %v; want %s", test.target, got.TZ, err, test.want)
		}
	}
	got, err := settings.Load(settings.Options{Getenv: env{"HOME": "/h"}.get, Localtime: filepath.Join(dir, "none")})
	if err != nil || got.TZ != "Local" {
		t.Errorf("no link: %q, %v", got.TZ, err)
	}
}

func TestAccounts(t *testing.T) {
	s := settings.Settings{Accounts: []configtrail.Account{
		{ID: "444455556666", Name: "staging", Groups: []string{"web"}},
		{ID: "111122223333", Name: "Prod", Groups: []string{"web", "PCI"}},
		{ID: "777788889999", Name: "web"},
		{ID: "000000000001"},
	}}
	for _, test := range []struct {
		filter string
		want   []string
	}{
		{"prod", []string{"111122223333"}},
		{"pci", []string{"111122223333"}},
		{"WEB", []string{"444455556666", "111122223333", "777788889999"}},
		{"444455556666", []string{"444455556666"}},
		{"999999999999", []string{"999999999999"}}, // an id need not be known
		{"pro", nil},
		{"", nil},
		{"99999999999", nil},
	} {
		if diff := cmp.Diff(test.want, s.AccountIDs(test.filter)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.filter, diff)
		}
	}
	for id, want := range map[string]string{"111122223333": "Prod", "000000000001": "", "999999999999": ""} {
		if got := s.AccountName(id); got != want {
			t.Errorf("name of %s: %q, want %q", id, got, want)
		}
	}
}

// The example sets nothing as it is; with the # taken off it sets everything
// there is, so that it can't fall behind what is read.
func TestExample(t *testing.T) {
	base := env{"HOME": "/h", "TZ": "UTC", "XDG_CONFIG_HOME": "/x"}
	plain, err := settings.Load(settings.Options{Getenv: base.get})
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "ja"} {
		path := filepath.Join(t.TempDir(), "new", "folder", "config.yaml")
		if err := settings.WriteExample(path, lang); err != nil {
			t.Fatal(err)
		}
		got, err := settings.Load(settings.Options{Getenv: base.get, File: path})
		if err != nil {
			t.Fatal(err)
		}
		got.File = ""
		if diff := cmp.Diff(plain, got); diff != "" {
			t.Errorf("%s as it is (-want +got):\n%s", lang, diff)
		}
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}

		// Settings begin right behind the #, or with two spaces; prose with one.
		var lines []string
		for line := range strings.Lines(settings.Example(lang)) {
			if setting, ok := strings.CutPrefix(line, "#"); ok && (setting[0] >= 'a' && setting[0] <= 'z' || strings.HasPrefix(setting, "  ")) {
				lines = append(lines, setting)
			}
		}
		got, err = settings.Load(settings.Options{Getenv: base.get, File: write(t, strings.Join(lines, ""))})
		if err != nil {
			t.Fatal(err)
		}
		got.File = ""
		want := settings.Settings{
			Sources: []string{"s3://config-bucket-111122223333/AWSLogs", "/h/config-archive"},
			Lake:    "/h/.local/share/configtrail/lake", TZ: "Asia/Tokyo", Lang: lang, Engine: "duckdb", Model: "claude-sonnet-5-5",
			RedactKeyFile: "/h/.config/configtrail/keys/organisation.key",
			AWS: settings.AWS{
				Profile: "audit", RoleARN: "arn:aws:iam::111122223333:role/config-reader", ExternalID: "asked-for-by-the-role",
				Region: "ap-northeast-1", EndpointURL: "https://s3.example.com", ExpectedOwner: "111122223333",
			},
			Remote: settings.Remote{
				Source: "lake", Database: "configtrail", RawTables: []string{"config.raw_2024", "config.raw"}, Workgroup: "configtrail",
				Output: "s3://query-results-111122223333/configtrail/", MaxBytes: 50e9,
				TrinoURL: "https://analyst@trino.example.com:8443?catalog=lake&schema=configtrail",
			},
			Spend: settings.Spend{Place: "s3://lake-111122223333/spend", Bytes: 1e12, Tokens: 500_000, USD: 10},
			Accounts: []configtrail.Account{
				{ID: "111122223333", Name: "prod", Groups: []string{"web", "pci"}},
				{ID: "444455556666", Name: "staging"},
			},
			ConfigDir: "/x",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s with everything set (-want +got):\n%s", lang, diff)
		}
		if err := settings.WriteExample(path, lang); !errors.Is(err, os.ErrExist) || !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("written over a file: %v", err)
		}
	}
}

func TestFlagsAndVariables(t *testing.T) {
	want := []string{
		"lake", "tz", "lang", "engine", "source", "database", "raw-table", "workgroup", "output", "max-bytes", "trino-url",
		"model", "spend", "day-bytes", "day-tokens", "day-usd", "redact-key-file", "redact-key-secret", "profile", "role-arn", "external-id",
		"aws-region", "endpoint-url", "path-style", "request-payer", "expected-owner",
	}
	if diff := cmp.Diff(want, settings.Flags()); diff != "" {
		t.Errorf("flags (-want +got):\n%s", diff)
	}
	if got := settings.EnvName("aws-region"); got != "CONFIGTRAIL_AWS_REGION" {
		t.Errorf("variable %s", got)
	}
}

func TestAmounts(t *testing.T) {
	base := env{"HOME": "/h", "TZ": "UTC"}
	for value, want := range map[string]int64{"0": 0, "10000000": 10_000_000, "500MB": 500e6, "1.5GB": 1.5e9, "2TB": 2e12, "2 tb": 2e12, "7k": 7000} {
		got, err := settings.Load(settings.Options{Getenv: base.get, Flags: map[string]string{"max-bytes": value}})
		if err != nil || got.Remote.MaxBytes != want {
			t.Errorf("%s is %d bytes, %v; want %d", value, got.Remote.MaxBytes, err, want)
		}
	}
	for flag, values := range map[string][]string{
		"max-bytes":  {"-1", "x", "NaN", "1e30", "5 GiB", "GB"},
		"day-tokens": {"-1", "1.5", "many"},
		"day-usd":    {"-1", "NaN", "Inf", "$2"},
		"raw-table":  {"a.b.c", "Config.Raw", "a;b", "a b"},
		"database":   {"Lake", "a.b", "a'b"},
		"workgroup":  {"a b", "a/b"},
		"output":     {"file:///x", "s3://", "s3://b ucket/"},
		"source":     {"table"},
		"trino-url":  {"trino.example.com", "ftp://x"},
	} {
		for _, value := range values {
			if got, err := settings.Load(settings.Options{Getenv: base.get, Flags: map[string]string{flag: value}}); !errors.Is(err, configtrail.ErrInvalid) {
				t.Errorf("--%s %q gave %v, %v", flag, value, got, err)
			}
		}
	}
}

func TestDefaultsOfACommand(t *testing.T) {
	base := env{"HOME": "/h", "TZ": "UTC", "LANG": "en_US.UTF-8"}
	defaults := map[string]string{"tz": "Asia/Tokyo", "lang": "ja"}
	got, err := settings.Load(settings.Options{Getenv: base.get, Defaults: defaults})
	if err != nil || got.TZ != "Asia/Tokyo" || got.Lang != "ja" {
		t.Errorf("nobody set anything: %s, %s, %v", got.TZ, got.Lang, err)
	}
	file := write(t, "tz: Europe/Berlin\n")
	got, err = settings.Load(settings.Options{Getenv: base.get, Defaults: defaults, File: file, Flags: map[string]string{"lang": "en"}})
	if err != nil || got.TZ != "Europe/Berlin" || got.Lang != "en" {
		t.Errorf("file and flag: %s, %s, %v", got.TZ, got.Lang, err)
	}
}

func TestTheSecretOfTheKey(t *testing.T) {
	base := env{"HOME": "/h", "TZ": "UTC"}
	for _, id := range []string{
		"configtrail/redact-key", "configtrail/keys#redact", "arn:aws:secretsmanager:ap-northeast-1:111122223333:secret:redact-AbCdEf#a key's",
	} {
		_, err := settings.Load(settings.Options{Getenv: base.get, Flags: map[string]string{"redact-key-secret": id}})
		if strings.Contains(id, " ") != errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("%q: %v", id, err)
		}
	}
	path := write(t, "redact_key_secret: configtrail/redact-key\n")
	got, err := settings.Load(settings.Options{Getenv: base.get, File: path})
	if err != nil || got.RedactKeySecret != "configtrail/redact-key" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = settings.Load(settings.Options{Getenv: base.get, File: path, Flags: map[string]string{"redact-key-file": "key"}})
	expect(t, err, configtrail.ErrInvalid, "invalid: redact-key-file and redact-key-secret are both set; leave one out")
	if got, err = settings.Load(settings.Options{Getenv: base.get, File: path, Flags: map[string]string{"redact-key-file": "key", "redact-key-secret": ""}}); err != nil || got.RedactKeyFile == "" {
		t.Errorf("taken back: %+v, %v", got, err)
	}
}

// Whoever asks whether a person has set something hears of all places but defaults.
func TestGiven(t *testing.T) {
	heard := map[string]bool{}
	_, err := settings.Load(settings.Options{
		Getenv:   env{"HOME": "/h", "TZ": "UTC", "LANG": "ja_JP.UTF-8", "CONFIGTRAIL_AWS_REGION": "us-east-1"}.get,
		File:     write(t, "tz: Asia/Tokyo\n"),
		Flags:    map[string]string{"engine": "athena"},
		Defaults: map[string]string{"model": "m"},
		Given:    func(flag string) { heard[flag] = true },
	})
	if diff := cmp.Diff(map[string]bool{"aws-region": true, "tz": true, "engine": true}, heard); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
