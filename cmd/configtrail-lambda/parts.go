package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"configtrail/internal/analyst"
	"configtrail/internal/analyst/claude"
	"configtrail/internal/aws"
	"configtrail/internal/blob"
	"configtrail/internal/engine"
	"configtrail/internal/engine/athena"
	"configtrail/internal/engine/raw"
	"configtrail/internal/engine/trino"
	"configtrail/internal/history"
	"configtrail/internal/message"
	"configtrail/internal/report"
	"configtrail/internal/settings"
	"configtrail/internal/spend"
	"configtrail/internal/web"
)

// parts are what answers are made with. Each is made when the first request needs
// it, and tried again with the next where that failed.
type parts struct {
	config config
	log    *slog.Logger
	now    func() time.Time

	aws    once[sdk.Config]
	teller once[*web.Teller]
	source once[*source]
	secret once[string]
}

// once is a part that is made once.
type once[T any] struct {
	mu   sync.Mutex
	made bool
	part T
}

func (o *once[T]) get(make func() (T, error)) (T, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.made {
		part, err := make()
		if err != nil {
			return part, err
		}
		o.part, o.made = part, true
	}
	return o.part, nil
}

func (p *parts) sdk(ctx context.Context) (sdk.Config, error) {
	return p.aws.get(func() (sdk.Config, error) {
		a := p.config.AWS
		return aws.Config(ctx, aws.Options{
			Profile: a.Profile, RoleARN: a.RoleARN, ExternalID: a.ExternalID, Region: a.Region, EndpointURL: a.EndpointURL,
		})
	})
}

// token is what callers have to send.
func (p *parts) token(ctx context.Context) (string, error) {
	return p.secret.get(func() (string, error) { return p.readSecret(ctx, p.config.TokenSecret) })
}

func (p *parts) readSecret(ctx context.Context, id string) (string, error) {
	cfg, err := p.sdk(ctx)
	if err != nil {
		return "", err
	}
	return aws.Secret(ctx, cfg, id)
}

// tell tells a month.
func (p *parts) tell(ctx context.Context, request web.Request) (web.Answer, error) {
	teller, err := p.teller.get(func() (*web.Teller, error) { return p.newTeller(ctx) })
	if err != nil {
		return web.Answer{}, err
	}
	return teller.Tell(ctx, request)
}

func (p *parts) newTeller(ctx context.Context) (*web.Teller, error) {
	budget, err := p.budget(ctx)
	if err != nil {
		return nil, err
	}
	prose, err := p.prose(ctx)
	if err != nil {
		return nil, err
	}
	c := p.config
	return web.NewTeller(web.TellerOptions{
		Version: func(ctx context.Context, r web.Request) (string, error) {
			past, err := p.past(ctx, r.Zone)
			if err != nil {
				return "", err
			}
			return past.Version(ctx, p.options(r, message.Printer{}).Question())
		},
		Report: func(ctx context.Context, r web.Request) (*report.Report, error) {
			past, err := p.past(ctx, r.Zone)
			if err != nil {
				return nil, err
			}
			printer, err := message.New(string(r.Lang))
			if err != nil {
				return nil, err
			}
			return report.Make(ctx, past, p.options(r, printer))
		},
		Source: fmt.Sprint(version, c.Engine, c.Remote, c.Accounts),
		Prose:  prose, Budget: budget, MayScan: queriesAtMost * c.Remote.MaxBytes, CostOf: engine.CostOf, Log: p.log,
	}), nil
}

// options are those of the report that a request asks for. Of raw tables a month
// before is not read: it would cost as much again.
func (p *parts) options(r web.Request, printer message.Printer) report.Options {
	o := report.Options{Month: r.Month, Filter: r.Filter, Printer: printer, Version: version}
	if p.config.Remote.Source == settings.SourceRaw {
		o.Before = -1
	}
	return o
}

// queriesAtMost is how many queries a report runs.
const queriesAtMost = 6

// budget is where the day's spending is counted and answers are kept; nil where
// the settings name no place.
func (p *parts) budget(ctx context.Context) (*spend.Budget, error) {
	place := p.config.Spend.Place
	if place == "" {
		return nil, nil
	}
	store, err := blob.OpenStore(ctx, place, blob.Sources{Config: p.sdk, S3: p.s3()})
	if err != nil {
		return nil, fmt.Errorf("open the budget: %w", err)
	}
	s := p.config.Spend
	return spend.New(store, spend.Options{Caps: spend.Caps{Bytes: s.Bytes, Tokens: s.Tokens, USD: s.USD}})
}

func (p *parts) s3() blob.S3Options {
	a := p.config.AWS
	return blob.S3Options{PathStyle: a.PathStyle, RequestPayer: a.RequestPayer, ExpectedOwner: a.ExpectedOwner}
}

// prose is the model that words reports; none where none is asked for.
func (p *parts) prose(ctx context.Context) (web.Prose, error) {
	if p.config.Model == "" {
		return web.Prose{}, nil
	}
	cfg, err := p.sdk(ctx)
	if err != nil {
		return web.Prose{}, err
	}
	var key once[string]
	model, err := claude.New(claude.Options{
		Model: p.config.Model, AWS: cfg, BaseURL: p.config.ModelURL,
		Key: func(ctx context.Context) (string, error) {
			return key.get(func() (string, error) {
				if p.config.ModelKeySecret == "" {
					return p.config.ModelKey, nil
				}
				return p.readSecret(ctx, p.config.ModelKeySecret)
			})
		},
	})
	if err != nil {
		return web.Prose{}, err
	}
	prose := web.Prose{Model: model}
	if n := p.config.TokensPerMinute; n > 0 {
		prose.Rate = analyst.NewRate(analyst.Limits{Input: n}, nil)
	}
	return prose, nil
}

// source is where the past is asked.
type source struct {
	engine engine.Engine
	tables *raw.Tables // nil: a lake

	mu  sync.Mutex
	raw map[string]*history.Raw // by zone
}

// past is the past in a zone.
func (p *parts) past(ctx context.Context, zone *time.Location) (history.Past, error) {
	s, err := p.source.get(func() (*source, error) { return p.open(ctx) })
	if err != nil {
		return nil, err
	}
	if s.tables == nil {
		return &history.History{Engine: s.engine, Zone: zone, Now: p.now, Accounts: p.config.Accounts}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.raw[zone.String()] == nil {
		s.raw[zone.String()] = &history.Raw{Tables: s.tables, Zone: zone, Now: p.now, Accounts: p.config.Accounts}
	}
	return s.raw[zone.String()], nil
}

// open makes the engine and, for raw tables, reads their definitions.
func (p *parts) open(ctx context.Context) (*source, error) {
	cfg, err := p.sdk(ctx)
	if err != nil {
		return nil, err
	}
	c := p.config.Remote
	version := lakeVersion(cfg, c.Database)
	if c.Source == settings.SourceRaw {
		version = nil
	}
	database := c.Database
	if database == "" {
		database, _, _ = strings.Cut(c.RawTables[0], ".")
	}
	var e engine.Engine
	if p.config.Engine == "trino" {
		e, err = trino.New(trino.Options{URL: c.TrinoURL, MaxBytes: c.MaxBytes, Version: version})
	} else {
		e, err = athena.New(athena.Options{
			Config: cfg, Database: database, Workgroup: c.Workgroup, Output: c.Output, MaxBytes: c.MaxBytes, S3: p.s3(), Version: version,
		})
	}
	if err != nil || c.Source != settings.SourceRaw {
		return &source{engine: e}, err
	}
	options := raw.Options{Config: cfg, S3: p.s3(), Tables: p.config.tables(), Engine: e, Now: p.now}
	if p.config.Organization {
		options.Accounts = func(ctx context.Context) ([]string, error) {
			accounts, err := aws.OrganizationAccounts(ctx, cfg)
			var ids []string
			for _, account := range accounts {
				ids = append(ids, account.ID)
			}
			return ids, err
		}
	}
	tables, err := raw.Open(ctx, options)
	if err != nil {
		return nil, err
	}
	return &source{engine: e, tables: tables, raw: map[string]*history.Raw{}}, nil
}
