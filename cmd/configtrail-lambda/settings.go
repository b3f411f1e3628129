package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"configtrail/internal/message"
	"configtrail/internal/settings"
)

// config is what the function is told by its environment: CONFIGTRAIL_… for the
// settings that the command line has too, and a few of its own.
type config struct {
	settings.Settings

	// Secrets Manager's ARNs or names; #FIELD behind one names a member of a JSON secret.
	TokenSecret    string // of the bearer token; "": Lambda's own authorisation is all
	ModelKeySecret string // of the API key
	ModelKey       string // the key itself, from ANTHROPIC_API_KEY
	ModelURL       string // ANTHROPIC_BASE_URL

	TokensPerMinute int64 // that the model may be sent; 0: no limit of ours
	Organization    bool  // the accounts of raw tables are asked of AWS Organizations
}

// defaults are what the function takes where its environment says nothing. It
// writes no lake, so the place of one is of no account.
func defaults() map[string]string {
	return map[string]string{
		"CONFIGTRAIL_TZ": "Asia/Tokyo", "CONFIGTRAIL_LANG": "ja", "CONFIGTRAIL_ENGINE": "athena", "CONFIGTRAIL_LAKE": "/tmp/lake",
	}
}

// own are the variables that only the function has.
func own() []string {
	return []string{
		"CONFIGTRAIL_TOKEN_SECRET", "CONFIGTRAIL_MODEL_KEY_SECRET", "CONFIGTRAIL_MODEL_TOKENS_PER_MINUTE", "CONFIGTRAIL_ORGANIZATION", "CONFIGTRAIL_CONFIG",
	}
}

// load reads the environment, KEY=VALUE each. Its error tells all that is wrong,
// a line each.
func load(environment []string) (config, error) {
	env := map[string]string{}
	for _, one := range environment {
		name, value, _ := strings.Cut(one, "=")
		env[name] = value
	}
	c := config{
		TokenSecret: env["CONFIGTRAIL_TOKEN_SECRET"], ModelKeySecret: env["CONFIGTRAIL_MODEL_KEY_SECRET"],
		ModelKey: env["ANTHROPIC_API_KEY"], ModelURL: env["ANTHROPIC_BASE_URL"],
	}
	wrong := unknown(env)
	if text := env["CONFIGTRAIL_MODEL_TOKENS_PER_MINUTE"]; text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			wrong = append(wrong, fmt.Errorf("CONFIGTRAIL_MODEL_TOKENS_PER_MINUTE: %q is no number; write it as 50000", text))
		}
		c.TokensPerMinute = n
	}
	switch text := env["CONFIGTRAIL_ORGANIZATION"]; text {
	case "", "false", "0":
	case "true", "1":
		c.Organization = true
	default:
		wrong = append(wrong, fmt.Errorf("CONFIGTRAIL_ORGANIZATION: %q is neither true nor false", text))
	}
	set, err := shared(env)
	if err != nil {
		return c, errors.Join(append(wrong, err)...)
	}
	c.Settings = set
	return c, errors.Join(append(wrong, c.check()...)...)
}

// shared reads the settings that the command line has too. Of what is wrong, the
// first would hide the rest, so each is then read by itself.
func shared(env map[string]string) (settings.Settings, error) {
	merged := defaults()
	for name, value := range env {
		if value != "" {
			merged[name] = value
		}
	}
	set, err := settings.Load(settings.Options{Getenv: func(name string) string { return merged[name] }})
	if err == nil {
		return set, nil
	}
	var wrong []error
	for _, flag := range append(settings.Flags(), "config") {
		_, err := settings.Load(settings.Options{Getenv: func(name string) string {
			if name == settings.EnvName(flag) {
				return merged[name]
			}
			return defaults()[name]
		}})
		if err != nil {
			wrong = append(wrong, plain(err))
		}
	}
	if len(wrong) == 0 {
		wrong = append(wrong, plain(err))
	}
	return settings.Settings{}, errors.Join(wrong...)
}

// plain is a settings error without the kind of error in front.
func plain(err error) error {
	if err == nil {
		return nil
	}
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "invalid: "), "not found: ")
	return errors.New(text)
}

// unknown are variables that look like settings and are none: a cap that is
// spelled wrong would else be no cap.
func unknown(env map[string]string) []error {
	var known []string
	for _, flag := range settings.Flags() {
		known = append(known, settings.EnvName(flag))
	}
	known = append(known, own()...)
	slices.Sort(known)
	var wrong []error
	for name := range env {
		if strings.HasPrefix(name, "CONFIGTRAIL_") && !slices.Contains(known, name) {
			wrong = append(wrong, fmt.Errorf("%s is not known; there are %s", name, strings.Join(known, ", ")))
		}
	}
	slices.SortFunc(wrong, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return wrong
}

// check tells what is wrong between settings.
func (c config) check() []error {
	var wrong []error
	needs := func(is bool, text string) {
		if is {
			wrong = append(wrong, errors.New(text))
		}
	}
	raw := c.Remote.Source == settings.SourceRaw
	bare := slices.ContainsFunc(c.Remote.RawTables, func(table string) bool { return !strings.Contains(table, ".") })
	needs(c.Engine == "duckdb", "CONFIGTRAIL_ENGINE: this function asks athena or trino")
	needs(c.Engine == "trino" && c.Remote.TrinoURL == "", "CONFIGTRAIL_TRINO_URL: say where Trino is, as https://USER@HOST:PORT?catalog=lake&schema=configtrail")
	needs(!raw && c.Remote.Database == "", "CONFIGTRAIL_DATABASE: name the Glue database with the lake's tables, or set CONFIGTRAIL_SOURCE=raw")
	needs(raw && len(c.Remote.RawTables) == 0, "CONFIGTRAIL_RAW_TABLE: name the tables over the bucket of AWS Config, as database.table")
	needs(raw && bare && c.Remote.Database == "", "CONFIGTRAIL_DATABASE: name the database of the tables in CONFIGTRAIL_RAW_TABLE, or write them as database.table")
	capped := c.Spend.Bytes > 0 || c.Spend.Tokens > 0 || c.Spend.USD > 0
	needs(capped && c.Spend.Place == "", "CONFIGTRAIL_SPEND: say where the day's budget is counted, as s3://bucket/prefix")
	needs(c.Spend.Bytes > 0 && c.Remote.MaxBytes == 0, "CONFIGTRAIL_MAX_BYTES: say what one query may read, as CONFIGTRAIL_DAY_BYTES is held by it")
	bedrock := strings.HasPrefix(c.Model, "bedrock:") || strings.HasPrefix(c.Model, "arn:")
	needs(c.Model != "" && !bedrock && c.ModelKey == "" && c.ModelKeySecret == "",
		"CONFIGTRAIL_MODEL_KEY_SECRET: name the secret with the API key of "+c.Model)
	return wrong
}

func (c config) lang() message.Lang { return message.Lang(c.Lang) }

// tables are the raw tables, each with its database.
func (c config) tables() []string {
	var all []string
	for _, table := range c.Remote.RawTables {
		if !strings.Contains(table, ".") {
			table = c.Remote.Database + "." + table
		}
		all = append(all, table)
	}
	return all
}
