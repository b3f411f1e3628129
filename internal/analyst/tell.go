package analyst

import (
	"context"
	"errors"
	"fmt"
	"time"

	"configtrail"
	"configtrail/internal/message"
	"configtrail/internal/spend"
)

// How much a telling may take unless options say otherwise.
const (
	defaultMaxTokens = 8000 // the prose has about a thousand; models that always think first take the more of it
	defaultRoom      = 2 * time.Second
)

// TellOptions says what is told, by whom, and within what bounds. Brief, Model
// and Printer are needed; the others have useful zero values.
type TellOptions struct {
	Model   Model
	Brief   configtrail.Brief
	Printer message.Printer // its language is the prose's

	// Text is the prose by code, which stands in where the model's can't.
	Text string

	MaxTokens int64         // of one reply, thinking included; 0: 8,000
	Room      time.Duration // kept free before ctx's deadline, so that the caller can still answer; 0: 2 s

	Rate   *Rate         // tokens and requests a minute, shared by all tellings of a process; nil: no limit
	Budget *spend.Budget // of the day, shared by processes; nil: no limit
}

func (o TellOptions) maxTokens() int64 {
	if o.MaxTokens > 0 {
		return o.MaxTokens
	}
	return defaultMaxTokens
}

// Told is the prose of a month.
type Told struct {
	Text     string
	ToldBy   string // the model's name, or "code"
	Verified bool   // that every figure and name in it comes from the brief; always true for code
	Cost     configtrail.Cost

	// Why tells people why code stands in, in a sentence or two; empty where the
	// model's prose is used.
	Why string
	// Reason is its name for logs, such as model.slow.
	Reason string

	// Err is for logs: what went wrong, without any text of the model's.
	Err error

	// Refused is what was wrong with the last reply that was read, for those
	// who look into it. It quotes the model.
	Refused []Violation
}

// ByCode is the text made by code.
const ByCode = "code"

// Tell has a model word a brief. Whatever goes wrong with the model gives the
// text of options, and no error; errors are a cancelled context and options that
// can't be. A brief without lines is told by code and asks nobody. Tell returns
// Room before ctx's deadline, if there is one.
func Tell(ctx context.Context, options TellOptions) (Told, error) {
	if options.Model == nil || languages[options.Printer.Lang()] == "" {
		return Told{}, fmt.Errorf("tell %s: %w: a model and a language are needed", options.Brief.Month, configtrail.ErrInvalid)
	}
	t := telling{options: options, request: First(options), check: newChecker(options.Brief, options.Printer)}
	t.cost.USD = new(float64)
	inner, cancel := withRoom(ctx, options.Room)
	defer cancel()
	told, err := t.tell(inner)
	if errors.Is(ctx.Err(), context.Canceled) {
		return Told{}, fmt.Errorf("tell %s: %w", options.Brief.Month, context.Canceled)
	}
	if err != nil {
		told = t.byCode(err)
	}
	told.Cost, told.Err = t.cost, errors.Join(told.Err, t.unsettled)
	return told, nil
}

// withRoom ends a context some time before it would end.
func withRoom(ctx context.Context, room time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	if room <= 0 {
		room = defaultRoom
	}
	return context.WithDeadline(ctx, deadline.Add(-room))
}

// telling is one Tell under way.
type telling struct {
	options TellOptions
	request Request
	check   *checker
	cost    configtrail.Cost

	unsettled error
}

// tell asks, checks, and asks once more with remarks.
func (t *telling) tell(ctx context.Context) (Told, error) {
	if len(t.options.Brief.Lines) == 0 {
		return Told{}, t.problem("model.nothing", errors.New("there is nothing to tell"))
	}
	var violations []Violation
	for range 2 {
		reply, err := t.reply(ctx)
		if err != nil {
			return Told{}, err
		}
		switch reply.Stop {
		case StopRefusal:
			return Told{}, t.problem("model.refused", errors.New("the model declined"))
		case StopLength:
			return Told{}, t.problem("model.cut_off", errors.New("the reply was cut off at its limit of tokens"))
		}
		if violations = t.check.violations(reply.Text); len(violations) == 0 {
			return Told{Text: t.check.render(reply.Text, t.options.Printer), ToldBy: t.options.Model.Name(), Verified: true}, nil
		}
		t.request.Turns = append(t.request.Turns, Turn{Assistant, reply.Text}, Turn{User, repair(violations)})
		if reply.Text == "" { // services refuse an empty turn
			t.request.Turns[len(t.request.Turns)-2].Text = "…"
		}
	}
	told := t.byCode(t.problem("model.unsupported", errors.New("the reply says what the brief does not")))
	told.Refused = violations
	return told, nil
}

// reply asks once, within all budgets.
func (t *telling) reply(ctx context.Context) (Reply, error) {
	input, output := t.request.tokens(), t.request.MaxTokens
	if t.options.Rate != nil {
		held, err := t.options.Rate.reserve(ctx, input, output)
		if err != nil {
			return Reply{}, err
		}
		reply, err := t.buy(ctx, input, output)
		if !reply.Unsure {
			held.settle(reply.Cost)
		}
		return reply, err
	}
	return t.buy(ctx, input, output)
}

// buy asks the model, within the budget of the day. What was spent counts also
// where the answer is an error.
func (t *telling) buy(ctx context.Context, input, output int64) (Reply, error) {
	var held *spend.Reservation
	if t.options.Budget != nil {
		var err error
		held, err = t.options.Budget.Reserve(ctx, spend.Amount{Tokens: input + output, USD: t.options.Model.Price(input, output)})
		if err != nil {
			return Reply{}, err
		}
	}
	reply, err := t.options.Model.Reply(ctx, t.request)
	t.cost.InputTokens += reply.Cost.InputTokens
	t.cost.OutputTokens += reply.Cost.OutputTokens
	if reply.Unsure {
		t.cost.USD = nil
		return reply, err // the reservation stands
	}
	t.cost.USD = sum(t.cost.USD, reply.Cost.USD)
	if held != nil {
		// An answer that is paid for is used whatever becomes of the settlement:
		// without it the reservation stands, and the day's sum is too high, not too low.
		if settling := held.Settle(ctx, spend.Of(reply.Cost)); settling != nil {
			t.unsettled = fmt.Errorf("settle the budget of the day: %w", settling)
		}
	}
	return reply, err
}

// sum adds amounts of money; one that is not known makes the sum unknown.
func sum(a, b *float64) *float64 {
	if a == nil || b == nil {
		return nil
	}
	c := *a + *b
	return &c
}

// problem is something that went wrong with the model, for people.
func (t *telling) problem(key string, err error) *configtrail.Problem {
	return &configtrail.Problem{Key: key, Args: map[string]any{"model": t.options.Model.Name()}, Err: fmt.Errorf("%s: %w", t.options.Model.Name(), err)}
}

// byCode is the text by code, and why it stands in.
func (t *telling) byCode(err error) Told {
	problem := t.named(err)
	return Told{Text: t.options.Text, ToldBy: ByCode, Verified: true, Why: why(t.options.Printer, problem), Reason: problem.Key, Err: err}
}

// named is what went wrong as a problem that the catalogue has words for.
func (t *telling) named(err error) *configtrail.Problem {
	var problem *configtrail.Problem
	switch {
	case errors.As(err, &problem) && t.options.Printer.Has("error."+problem.Key):
		return problem
	case errors.Is(err, context.DeadlineExceeded):
		return t.problem("model.slow", err)
	case errors.Is(err, configtrail.ErrOverBudget):
		return t.problem("model.over_budget", err)
	}
	return t.problem("model.failed", err)
}

// why is a sentence on what went wrong and, where there is one, on what to do.
func why(p message.Printer, problem *configtrail.Problem) string {
	return p.Text("analyst.why", message.Args{"what": p.Text("error."+problem.Key, problem.Args), "hint": hint(p, problem)})
}

func hint(p message.Printer, problem *configtrail.Problem) string {
	if !p.Has("hint." + problem.Key) {
		return ""
	}
	return p.Text("analyst.why.hint", message.Args{"hint": p.Text("hint."+problem.Key, problem.Args)})
}
