package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/history"
	"configtrail/internal/message"
	"configtrail/internal/report"
	"configtrail/internal/web"
)

// queriesAtMost is how many queries a report runs.
const queriesAtMost = 6

// defaultAddr is where serve listens unless told.
const defaultAddr = "127.0.0.1:8080"

func (a *app) serveCommand() *cobra.Command {
	var addr string
	c := &cobra.Command{
		Use: "serve", Short: a.t("serve.short"), Long: a.t("serve.long"), Example: a.p.Text("serve.example", message.Args{"body": `{"target_year":"2024","target_month":"11"}`}), Args: exactly(),
		// Callers of the month endpoint get Japanese and months of Tokyo unless told
		// otherwise; who runs the server is still spoken to in their own language.
		PersistentPreRunE: func(c *cobra.Command, args []string) error {
			a.defaults = map[string]string{"tz": "Asia/Tokyo", "lang": "ja"}
			own := a.p
			err := a.load(c, args)
			a.p = own
			return err
		},
		RunE: func(c *cobra.Command, _ []string) error { return a.serve(c.Context(), addr) },
	}
	c.Flags().StringVar(&addr, "addr", defaultAddr, a.t("flag.addr"))
	return c
}

func (a *app) serve(ctx context.Context, addr string) error {
	v, err := a.openPast(ctx)
	if err != nil {
		return err
	}
	defer v.close()
	handler, err := a.handler(ctx, v)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return &configtrail.Problem{Key: "listen", Args: message.Args{"addr": addr, "what": err.Error()}, Err: fmt.Errorf("listen: %w", err)}
	}
	a.remark(a.p.Text("serve.listening", message.Args{"addr": listener.Addr().String()}))
	err = web.Serve(ctx, listener, handler, web.Limits{})
	if errors.Is(err, context.Canceled) {
		return nil // it was asked to end
	}
	return err
}

// handler answers from a past.
func (a *app) handler(ctx context.Context, v *view) (*web.Handler, error) {
	log := slog.New(slog.NewTextHandler(a.Stderr, &slog.HandlerOptions{Level: a.logLevel()}))
	budget, err := a.budget(ctx)
	if err != nil {
		return nil, err
	}
	prose, err := a.prose(ctx)
	if err != nil {
		return nil, err
	}
	zones := a.zones(v)
	teller := web.NewTeller(web.TellerOptions{
		Version: func(ctx context.Context, r web.Request) (string, error) {
			return zones.in(r.Zone).Version(ctx, a.reportOptions(r.Month, r.Filter, a.p, v).Question())
		},
		Report: func(ctx context.Context, r web.Request) (*report.Report, error) {
			printer, err := message.New(string(r.Lang))
			if err != nil {
				return nil, err
			}
			return report.Make(ctx, zones.in(r.Zone), a.reportOptions(r.Month, r.Filter, printer, v))
		},
		Source: fmt.Sprint(a.set.Engine, a.set.Remote, a.set.Lake, a.set.Accounts, a.Version),
		Prose:  prose, Budget: budget, CostOf: engine.CostOf, MayScan: queriesAtMost * a.set.Remote.MaxBytes, Now: a.Now, Log: log,
	})
	return web.New(web.Options{
		Tell: teller.Tell, Token: a.token(), Accounts: a.set.Accounts,
		Zone: a.zone, Lang: message.Lang(a.set.Lang), Now: a.Now, Log: log, Version: a.Version,
	})
}

// prose is who words the reports: a model where one was asked for, else code.
func (a *app) prose(ctx context.Context) (web.Prose, error) {
	model, err := a.model(ctx)
	if err != nil || model == nil {
		return web.Prose{}, err
	}
	return web.Prose{Model: model}, nil
}

// token is what callers have to show; nil where none is set.
func (a *app) token() func(context.Context) (string, error) {
	token := a.Getenv("CONFIGTRAIL_TOKEN")
	if token == "" {
		return nil
	}
	return func(context.Context) (string, error) { return token, nil }
}

func (a *app) logLevel() slog.Level {
	if a.quiet {
		return slog.LevelError
	}
	return slog.LevelInfo
}

// zones gives a past for each zone that is asked for, made once.
type zones struct {
	mu   sync.Mutex
	made map[string]history.Past
	make func(*time.Location) history.Past
}

func (z *zones) in(zone *time.Location) history.Past {
	z.mu.Lock()
	defer z.mu.Unlock()
	p, ok := z.made[zone.String()]
	if !ok {
		p = z.make(zone)
		z.made[zone.String()] = p
	}
	return p
}

func (a *app) zones(v *view) *zones {
	z := &zones{made: map[string]history.Past{}}
	if raw, ok := v.past.(*history.Raw); ok {
		z.make = func(zone *time.Location) history.Past {
			return &history.Raw{Tables: raw.Tables, Zone: zone, Now: a.Now, Accounts: a.set.Accounts}
		}
		return z
	}
	z.make = func(zone *time.Location) history.Past {
		return &history.History{Engine: v.lake.Engine, Zone: zone, Now: a.Now, Accounts: a.set.Accounts}
	}
	return z
}
