package analyst

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/message"
	"configtrail/internal/spend"
)

// scripted is a model that says what it was told to, one reply after another.
type scripted struct {
	replies  []Reply
	err      error
	price    *float64
	requests []Request
	before   func()
}

func (*scripted) Name() string                { return "scripted" }
func (s *scripted) Price(_, _ int64) *float64 { return s.price }
func (s *scripted) Reply(_ context.Context, r Request) (Reply, error) {
	if s.before != nil {
		s.before()
	}
	s.requests = append(s.requests, r)
	if len(s.replies) == 0 {
		return Reply{}, s.err
	}
	reply := s.replies[0]
	s.replies = s.replies[1:]
	return reply, s.err
}

func usd(x float64) *float64 { return &x }

func said(text string, input, output int64, price *float64) Reply {
	return Reply{Text: text, Stop: StopEnd, Cost: configtrail.Cost{InputTokens: input, OutputTokens: output, USD: price}}
}

func options(t *testing.T, model Model) TellOptions {
	return TellOptions{Model: model, Brief: november(), Printer: printer(t, message.Japanese), Text: "コードの文章"}
}

func TestTheRepairTurnListsWhatIsUnsupported(t *testing.T) {
	wrong := strings.ReplaceAll(novemberJA, "⟦b1⟧件", "1,200件")
	model := &scripted{replies: []Reply{said(wrong, 3000, 400, usd(0.01)), said(novemberJA, 3900, 410, usd(0.02))}}
	told, err := Tell(t.Context(), options(t, model))
	if err != nil {
		t.Fatal(err)
	}
	if told.ToldBy != "scripted" || !told.Verified || told.Why != "" || told.Err != nil || !strings.Contains(told.Text, "1,200件になりました") {
		t.Errorf("%+v", told)
	}
	if told.Cost.InputTokens != 6900 || told.Cost.OutputTokens != 810 || told.Cost.USD == nil || *told.Cost.USD < 0.0299 || *told.Cost.USD > 0.0301 {
		t.Errorf("cost is %+v", told.Cost)
	}
	if len(model.requests) != 2 || len(model.requests[1].Turns) != 3 {
		t.Fatalf("%d requests", len(model.requests))
	}
	turns := model.requests[1].Turns
	if turns[1] != (Turn{Assistant, wrong}) || turns[2].Role != User {
		t.Error("the repair does not follow the reply")
	}
	for _, want := range []string{"⟦b1⟧ has to be told", `"1" tells a number`, "前月の⟦b9⟧から増えて1,200件になりました。"} {
		if !strings.Contains(turns[2].Text, want) {
			t.Errorf("the repair lacks %q:\n%s", want, turns[2].Text)
		}
	}
	if strings.Contains(turns[2].Text, "{list}") || strings.Contains(turns[2].Text, "invoices") {
		t.Errorf("the repair is\n%s", turns[2].Text)
	}
}

func TestAnEmptyReplyIsMended(t *testing.T) {
	model := &scripted{replies: []Reply{said("", 1, 1, nil), said(novemberJA, 1, 1, nil)}}
	told, err := Tell(t.Context(), options(t, model))
	if err != nil || told.ToldBy != "scripted" {
		t.Fatalf("%+v, %v", told, err)
	}
	if told.Cost.USD != nil {
		t.Error("an unknown price became known")
	}
	if text := model.requests[1].Turns[1].Text; strings.TrimSpace(text) == "" {
		t.Error("services refuse a turn without text")
	}
}

func TestCodeTellsWhereTheModelFails(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
		kind error
	}{
		"known":    {&configtrail.Problem{Key: "model.key", Args: map[string]any{"model": "m"}, Err: configtrail.ErrRefused}, "APIキーが受け付けられませんでした。対処：キーが", configtrail.ErrRefused},
		"unknown":  {errors.New("something with a secret in it"), "scripted への問い合わせに失敗しました。対処：もう一度", nil},
		"deadline": {context.DeadlineExceeded, "応答が時間内に返りませんでした", context.DeadlineExceeded},
	} {
		told, err := Tell(t.Context(), options(t, &scripted{err: c.err}))
		if err != nil || told.Text != "コードの文章" || told.ToldBy != ByCode || !told.Verified {
			t.Errorf("%s: %+v, %v", name, told, err)
		}
		if !strings.Contains(told.Why, c.want) || strings.Contains(told.Why, "secret") || strings.Contains(told.Why, "⟦") {
			t.Errorf("%s: why is %q", name, told.Why)
		}
		if !errors.Is(told.Err, c.err) || c.kind != nil && !errors.Is(told.Err, c.kind) {
			t.Errorf("%s: error is %v", name, told.Err)
		}
	}
}

func TestTellOfNothingAsksNobody(t *testing.T) {
	model := &scripted{}
	o := options(t, model)
	o.Brief.Lines = nil
	told, err := Tell(t.Context(), o)
	if err != nil || told.ToldBy != ByCode || told.Text != "コードの文章" || len(model.requests) > 0 || told.Why == "" {
		t.Errorf("%+v, %v, %d requests", told, err, len(model.requests))
	}
	if _, err := Tell(t.Context(), TellOptions{Printer: o.Printer}); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("without a model: %v", err)
	}
}

func TestACancelledTellIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	model := &scripted{err: context.Canceled, before: cancel}
	if _, err := Tell(ctx, options(t, model)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestTellKeepsToTheBudgetOfTheDay holds that what may be spent is taken before
// anything is sent, and that only what was spent stays taken.
func TestTellKeepsToTheBudgetOfTheDay(t *testing.T) {
	folder, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2024, 12, 2, 3, 0, 0, 0, time.UTC)
	budget, err := spend.New(folder, spend.Options{Caps: spend.Caps{Tokens: 12_000, USD: 1}, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	tell := func(model *scripted) Told {
		o := options(t, model)
		o.Budget, o.MaxTokens = budget, 4000
		told, err := Tell(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return told
	}
	// Each takes some 6,000 tokens while it lasts, and leaves 1,000 taken.
	for range 3 {
		if told := tell(&scripted{replies: []Reply{said(novemberJA, 600, 400, usd(0.01))}, price: usd(0.2)}); told.ToldBy != "scripted" {
			t.Fatalf("%+v", told)
		}
	}
	// Nobody knows what this one cost: what was taken for it stays taken.
	lost := &scripted{replies: []Reply{{Unsure: true}}, err: &configtrail.Problem{Key: "model.slow", Args: map[string]any{"model": "m"}, Err: context.DeadlineExceeded}, price: usd(0.2)}
	if told := tell(lost); told.ToldBy != ByCode || told.Cost.USD != nil {
		t.Errorf("%+v", told)
	}
	model := &scripted{replies: []Reply{said(novemberJA, 600, 400, usd(0.01))}, price: usd(0.2)}
	told := tell(model)
	if told.ToldBy != ByCode || len(model.requests) > 0 || !errors.Is(told.Err, configtrail.ErrOverBudget) || !strings.Contains(told.Why, "トークン") {
		t.Errorf("beyond the cap: %+v, %d requests", told, len(model.requests))
	}
}

func TestTellKeepsToTheRate(t *testing.T) {
	o := options(t, &scripted{replies: []Reply{said(novemberJA, 600, 400, nil)}})
	o.Rate = NewRate(Limits{Output: 100}, nil)
	told, err := Tell(t.Context(), o)
	if err != nil || told.ToldBy != ByCode || !errors.Is(told.Err, configtrail.ErrOverBudget) || !strings.Contains(told.Why, "1分あたりの上限") {
		t.Errorf("%+v, %v", told, err)
	}
}
