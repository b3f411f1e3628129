package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"configtrail"
	"configtrail/internal/message"
	"configtrail/internal/report"
	"configtrail/internal/spend"
)

// Answer is a month told.
type Answer struct {
	Text   string          `json:"text"`   // for people
	Report json.RawMessage `json:"report"` // for programs: the JSON of `configtrail report`

	// What a log says of it.
	Changes int64            `json:"changes"`
	ToldBy  string           `json:"told_by"`
	Reason  string           `json:"reason,omitempty"` // why not by a model that was asked, such as model.slow
	Cost    configtrail.Cost `json:"cost"`             // of making it

	Kept bool `json:"-"` // made for an earlier caller, or for one at the same time: this one cost nothing
}

// TellerOptions says how months are told. Version and Report are needed.
type TellerOptions struct {
	// Version names the state of the data that a month's report depends on. It is
	// asked for before every answer, and costs little.
	Version func(ctx context.Context, request Request) (string, error)

	// Report makes a report, with the text made by code.
	Report func(ctx context.Context, request Request) (*report.Report, error)

	// Source names what else a report depends on and may differ between those
	// who share a budget: tables, names of accounts, version of the program.
	Source string

	Prose Prose // by whom the report is worded; zero: by code

	Budget  *spend.Budget                    // nil: no caps, and answers are kept in this process only
	MayScan int64                            // bytes that one report may read; held in the budget meanwhile
	CostOf  func(err error) configtrail.Cost // of a report that failed; nil: nothing
	Now     func() time.Time                 // nil: time.Now
	Log     *slog.Logger                     // nil: no logs
}

// Teller tells months, each once: the same question on the same data runs
// neither a query nor a model again, whoever asks, and those who ask at the same
// time wait for the same answer. It is safe for concurrent use.
type Teller struct {
	options TellerOptions
	kept    shelf
	flights flights[Answer]
}

// NewTeller makes a teller.
func NewTeller(options TellerOptions) *Teller {
	if options.CostOf == nil {
		options.CostOf = func(error) configtrail.Cost { return configtrail.Cost{} }
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	return &Teller{options: options}
}

// Tell answers a request. Its errors are those of Options.Report and of the
// budget; a model that fails is no error, but told of in the text.
func (t *Teller) Tell(ctx context.Context, request Request) (Answer, error) {
	question := t.question(request)
	answer, shared, err := t.flights.do(ctx, question, func(ctx context.Context) (Answer, error) {
		return t.answer(ctx, question, request)
	})
	answer.Kept = answer.Kept || shared
	return answer, err
}

// question names what is asked: with the state of the data, all that an answer
// depends on.
func (t *Teller) question(request Request) string {
	filter := request.Filter
	text, _ := json.Marshal([]any{ //nolint:errchkjson // texts only
		request.Month.String(), request.Zone.String(), request.Lang, t.options.Source, t.options.Prose.name(),
		filter.Accounts, filter.Regions, filter.Types,
	})
	return string(text)
}

// state is the data's version. A month that was not over long ago is told anew
// every day, as what it says of days to come and of late deliveries goes by the clock.
func (t *Teller) state(ctx context.Context, request Request) (string, error) {
	version, err := t.options.Version(ctx, request)
	if err != nil {
		return "", fmt.Errorf("find the state of the data: %w", err)
	}
	const settled = 7 * 24 * time.Hour
	now := t.options.Now().In(request.Zone)
	if now.Before(request.Month.Window(request.Zone).To.Add(settled)) {
		version += " on " + now.Format(time.DateOnly)
	}
	return version, nil
}

// answer finds an answer, or makes it and keeps it.
func (t *Teller) answer(ctx context.Context, question string, request Request) (Answer, error) {
	state, err := t.state(ctx, request)
	if err != nil {
		return Answer{}, err
	}
	known := t.kept.find(question, state)
	if known.answer == nil {
		known.answer = t.fetch(ctx, spend.ReportKey{Question: question, State: state})
	}
	if known.answer != nil {
		t.kept.put(question, known)
		answer := *known.answer
		answer.Kept = true
		return answer, nil
	}
	if known.report == nil {
		if known.report, err = t.figures(ctx, request); err != nil {
			return Answer{}, err
		}
		t.kept.put(question, known)
	}
	printer, err := message.New(string(request.Lang))
	if err != nil {
		return Answer{}, err
	}
	told, reason, final, err := t.options.Prose.word(ctx, known.report, printer, t.options.Budget)
	if err != nil {
		return Answer{}, err
	}
	answer, err := toAnswer(told)
	if err != nil {
		return Answer{}, err
	}
	answer.Reason = reason
	if final {
		known.answer = &answer
		t.kept.put(question, known)
		t.store(ctx, spend.ReportKey{Question: question, State: state}, answer)
	}
	return answer, nil
}

// figures makes the report within the day's budget of bytes. What it costs in
// money is written down, but used up money stops no query.
func (t *Teller) figures(ctx context.Context, request Request) (*report.Report, error) {
	if t.options.Budget == nil {
		return t.options.Report(ctx, request)
	}
	held, err := t.options.Budget.Reserve(ctx, spend.Amount{Bytes: max(t.options.MayScan, 1)})
	if err != nil {
		return nil, err
	}
	r, err := t.options.Report(ctx, request)
	var cost configtrail.Cost
	if err != nil {
		cost = t.options.CostOf(err)
	} else {
		cost = r.Cost
	}
	if settling := held.Settle(ctx, spend.Of(cost)); settling != nil {
		// The reservation stands, so the day's sum is too high, never too low.
		t.options.Log.LogAttrs(ctx, slog.LevelWarn, "the budget was not settled", causes(settling)...)
	}
	return r, err
}

// toAnswer writes a report in the forms that it is asked for in.
func toAnswer(r *report.Report) (Answer, error) {
	var text bytes.Buffer
	if err := r.WriteJSON(&text); err != nil {
		return Answer{}, fmt.Errorf("write the report: %w", err)
	}
	return Answer{Text: r.Answer(), Report: bytes.TrimSpace(text.Bytes()), Changes: r.Totals.Changes, ToldBy: r.ToldBy, Cost: r.Cost}, nil
}

// fetch is an answer that another process kept, or nil. That the place can't be
// read is logged: what is asked can be answered all the same.
func (t *Teller) fetch(ctx context.Context, key spend.ReportKey) *Answer {
	if t.options.Budget == nil {
		return nil
	}
	text, ok, err := t.options.Budget.Cached(ctx, key)
	if err != nil {
		t.options.Log.LogAttrs(ctx, slog.LevelWarn, "kept answers can't be read", causes(err)...)
	}
	var answer Answer
	if !ok || json.Unmarshal(text, &answer) != nil || answer.Text == "" || len(answer.Report) == 0 || answer.Report[0] != '{' {
		return nil
	}
	return &answer
}

// store keeps an answer for other processes.
func (t *Teller) store(ctx context.Context, key spend.ReportKey, answer Answer) {
	if t.options.Budget == nil {
		return
	}
	text, err := json.Marshal(answer)
	if err == nil {
		err = t.options.Budget.Keep(ctx, key, text)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		t.options.Log.LogAttrs(ctx, slog.LevelWarn, "the answer was not kept", causes(err)...)
	}
}
