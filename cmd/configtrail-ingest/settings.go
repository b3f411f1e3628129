package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/message"
	"configtrail/internal/settings"
)

// config is what the function is told by its environment: CONFIGTRAIL_… for the
// settings that the command line has too, and its own.
type config struct {
	settings.Settings

	LakeOwner   string  // account id of the lake's bucket, and of those of reports
	Sources     []place // where deliveries lie
	DeadLetters string  // URL of the queue of messages that nobody could take
	Receives    int     // after how many deliveries of a message the queue gives it up
	Large       int64   // compressed bytes above which an object is left to the longer run; 0: none is too large
	LongRun     string  // CodeBuild project of that
	Topic       string  // ARN of the topic of daily and monthly news
	Reports     string  // s3://… of the monthly reports
	Announced   string  // s3://… of what was told already

	Function string // its name, of which the metrics are
	Memory   int64  // that it has, in MiB; 0: not known
}

// defaultReceives is how often a queue delivers a message where nothing else is set.
const defaultReceives = 5

// defaults are what the function takes where its environment says nothing, by
// name of the flag. There is none for the lake: this one fails the check.
func defaults() map[string]string {
	return map[string]string{"tz": "Asia/Tokyo", "lang": "ja", "engine": "athena", "lake": noLake}
}

const noLake = "/nowhere"

// own are the variables that only the function has, and what reads them.
// CONFIGTRAIL_OBJECT is for the commands of the longer run.
func own() map[string]func(c *config, value string) error {
	return map[string]func(c *config, value string) error{
		"CONFIGTRAIL_LAKE_OWNER": func(c *config, v string) error {
			c.LakeOwner = v
			return wrongUnless(configtrail.IsAccountID(v), v, "an account id: twelve digits")
		},
		"CONFIGTRAIL_SOURCES": func(c *config, v string) (err error) {
			c.Sources, err = parsePlaces(v)
			return err
		},
		"CONFIGTRAIL_DEAD_LETTERS": func(c *config, v string) error {
			c.DeadLetters = v
			u, err := url.Parse(v)
			is := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && len(u.Path) > 1
			return wrongUnless(is, v, "the URL of a queue; write it as https://sqs.REGION.amazonaws.com/ACCOUNT/NAME")
		},
		"CONFIGTRAIL_RECEIVES": func(c *config, v string) (err error) {
			c.Receives, err = strconv.Atoi(v)
			return wrongUnless(err == nil && c.Receives >= 1 && c.Receives <= 1000, v, "a number from 1 to 1000, the maxReceiveCount of the queue")
		},
		"CONFIGTRAIL_LARGE": func(c *config, v string) (err error) {
			c.Large, err = strconv.ParseInt(v, 10, 64)
			return wrongUnless(err == nil && c.Large >= 0, v, "a number of bytes; write it as 33554432")
		},
		"CONFIGTRAIL_LONG_RUN": func(c *config, v string) error {
			c.LongRun = v
			return wrongUnless(projectName().MatchString(v), v, "the name of a CodeBuild project")
		},
		"CONFIGTRAIL_TOPIC": func(c *config, v string) error {
			c.Topic = v
			return wrongUnless(topicARN().MatchString(v), v, "the ARN of a topic; write it as arn:aws:sns:REGION:ACCOUNT:NAME")
		},
		"CONFIGTRAIL_REPORTS":   func(c *config, v string) error { c.Reports = v; return s3Place(v, "s3://bucket/reports") },
		"CONFIGTRAIL_ANNOUNCED": func(c *config, v string) error { c.Announced = v; return s3Place(v, "s3://bucket/announced") },
		"CONFIGTRAIL_CONFIG":    nil,
		"CONFIGTRAIL_OBJECT":    nil,
	}
}

var (
	projectName = configtrail.Pattern(`^[A-Za-z0-9][A-Za-z0-9_-]{1,149}$`)
	topicARN    = configtrail.Pattern(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$`)
)

func wrongUnless(is bool, value, what string) error {
	if is {
		return nil
	}
	return fmt.Errorf("%q is not %s", value, what)
}

func s3Place(value, example string) error {
	place, err := blob.ParseURL(value)
	return wrongUnless(err == nil && place.Prefix != "", value, "a place in S3; write it as "+example)
}

// load reads the environment, KEY=VALUE each. Its error tells all that is wrong,
// a line each. What only some tasks need, need tells when they begin.
func load(environment []string) (config, error) {
	env := map[string]string{}
	for _, one := range environment {
		name, value, _ := strings.Cut(one, "=")
		env[name] = value
	}
	c := config{Receives: defaultReceives, Function: env["AWS_LAMBDA_FUNCTION_NAME"]}
	c.Memory, _ = strconv.ParseInt(env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], 10, 64) // Lambda's own
	wrong := unknown(env)
	readers := own()
	for _, name := range names(readers) {
		if read := readers[name]; read != nil && env[name] != "" {
			if err := read(&c, env[name]); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
			}
		}
	}
	set, failed := shared(env)
	if c.Settings = set; len(failed) > 0 {
		return c, errors.Join(append(wrong, failed...)...)
	}
	return c, errors.Join(append(wrong, c.check()...)...)
}

// shared reads the settings that the command line has too. Of what is wrong, the
// first would hide the rest, so each is then read by itself.
func shared(env map[string]string) (settings.Settings, []error) {
	read := func(only string) (settings.Settings, error) {
		return settings.Load(settings.Options{Defaults: defaults(), Getenv: func(name string) string {
			if only != "" && name != only && strings.HasPrefix(name, "CONFIGTRAIL_") {
				return ""
			}
			return env[name]
		}})
	}
	set, err := read("")
	if err == nil {
		return set, nil
	}
	var wrong []error
	for _, flag := range append(settings.Flags(), "config") {
		if _, err := read(settings.EnvName(flag)); err != nil {
			wrong = append(wrong, plain(err))
		}
	}
	if len(wrong) == 0 {
		wrong = append(wrong, plain(err))
	}
	return settings.Settings{}, wrong
}

// plain is a settings error without the kind of error in front.
func plain(err error) error {
	return errors.New(strings.TrimPrefix(strings.TrimPrefix(err.Error(), "invalid: "), "not found: "))
}

// unknown are variables that look like settings and are none: a limit that is
// spelled wrong would else be no limit.
func unknown(env map[string]string) (wrong []error) {
	readers := own()
	known := names(readers)
	for _, flag := range settings.Flags() {
		known = append(known, settings.EnvName(flag))
	}
	slices.Sort(known)
	for _, name := range names(env) {
		if strings.HasPrefix(name, "CONFIGTRAIL_") && !slices.Contains(known, name) {
			wrong = append(wrong, fmt.Errorf("%s is not known; there are %s", name, strings.Join(known, ", ")))
		}
	}
	return wrong
}

func names[V any](all map[string]V) []string {
	var list []string
	for name := range all {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// check tells what every task needs and is not there.
func (c config) check() []error {
	var wrong []error
	lake, err := blob.ParseURL(c.Lake)
	switch {
	case c.Lake == noLake:
		wrong = append(wrong, errors.New("CONFIGTRAIL_LAKE: say where the lake is, as s3://bucket/lake"))
	case err != nil || lake.Prefix == "":
		wrong = append(wrong, fmt.Errorf("CONFIGTRAIL_LAKE: %q is not a place in S3; write it as s3://bucket/lake", c.Lake))
	}
	return append(wrong, c.missing("CONFIGTRAIL_DATABASE", "CONFIGTRAIL_LAKE_OWNER")...)
}

// missing are the settings of a list that are not set, each with what it is.
func (c config) missing(needed ...string) (wrong []error) {
	for _, name := range needed {
		value, what := "", ""
		switch name {
		case "CONFIGTRAIL_DATABASE":
			value, what = c.Remote.Database, "name the Glue database with the lake's tables"
		case "CONFIGTRAIL_LAKE_OWNER":
			value, what = c.LakeOwner, "say which account owns the lake's bucket, as 123456789012"
		case "CONFIGTRAIL_REDACT_KEY_SECRET":
			value, what = cmp.Or(c.RedactKeySecret, c.RedactKeyFile), "name the secret with the lake's redaction key"
		case "CONFIGTRAIL_SOURCES":
			if len(c.Sources) == 0 {
				what = "say where deliveries lie, as " + placesExample
			} else {
				value = "set"
			}
		case "CONFIGTRAIL_DEAD_LETTERS":
			value, what = c.DeadLetters, "name the queue of messages that nobody could take, by its URL"
		case "CONFIGTRAIL_LONG_RUN":
			value, what = c.LongRun, "name the CodeBuild project for objects above CONFIGTRAIL_LARGE"
		case "CONFIGTRAIL_TOPIC":
			value, what = c.Topic, "name the topic for news, by its ARN"
		case "CONFIGTRAIL_REPORTS":
			value, what = c.Reports, "say where reports are kept, as s3://bucket/reports"
		case "CONFIGTRAIL_ANNOUNCED":
			value, what = c.Announced, "say where it is kept what was told already, as s3://bucket/announced"
		}
		if value == "" {
			wrong = append(wrong, fmt.Errorf("%s: %s", name, what))
		}
	}
	return wrong
}

// need gives an error for what a task needs and is not set.
func (c config) need(task string, needed ...string) error {
	wrong := c.missing(needed...)
	if task == taskDaily || task == taskMonthly {
		switch {
		case c.Engine == "duckdb":
			wrong = append(wrong, errors.New("CONFIGTRAIL_ENGINE: this function asks athena or trino"))
		case c.Engine == "trino" && c.Remote.TrinoURL == "":
			wrong = append(wrong, errors.New("CONFIGTRAIL_TRINO_URL: say where Trino is, as https://USER@HOST:PORT?catalog=lake&schema=configtrail"))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	texts := make([]string, len(wrong))
	for i, err := range wrong {
		texts[i] = err.Error()
	}
	return fmt.Errorf("%w of the task %s: %s", errNeeds, task, strings.Join(texts, "; "))
}

// errNeeds is a task that lacks settings.
var errNeeds = fmt.Errorf("%w: settings", configtrail.ErrInvalid)

func (c config) lang() message.Lang { return message.Lang(c.Lang) }
