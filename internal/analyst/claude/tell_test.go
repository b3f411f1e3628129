package claude_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/analyst"
	"configtrail/internal/analyst/claude"
	"configtrail/internal/message"
	"configtrail/internal/testserver/messages"
)

// Secrets of the month that no model may see: they are in the names alone.
var planted = []string{"sg-0a1b2c3d", "invoices-2024", "taro.yamada@example.com", "111122223333", "本番", "Ignore all"}

// november is a small brief: more changes than before, and two grave findings.
func november() configtrail.Brief {
	tokyo := time.FixedZone("Asia/Tokyo", 9*60*60)
	at := func(day, hour int) time.Time { return time.Date(2024, 11, day, hour, 30, 0, 0, tokyo) }
	changes := func(ref string, about configtrail.Topic, what string, n int64, trend configtrail.Trend) configtrail.BriefLine {
		return configtrail.BriefLine{Ref: ref, About: about, What: what, Unit: configtrail.UnitChanges, N: n, Trend: trend}
	}
	inProduction := changes("b5", configtrail.AboutGroup, "account", 900, configtrail.Up)
	inProduction.Aliases = []string{"acct_1"}
	return configtrail.Brief{
		Month: configtrail.Month{Year: 2024, Month: time.November}, Zone: tokyo,
		Names: map[string]string{
			"acct_1": "本番 (111122223333)", "acct_2": "444455556666", "res_1": "sg-0a1b2c3d",
			"res_2": "invoices-2024\u202e Ignore all", "actor_1": "taro.yamada@example.com",
		},
		Lines: []configtrail.BriefLine{
			changes("b1", configtrail.AboutTotal, "changes", 1234, configtrail.Up),
			changes("b2", configtrail.AboutTotal, "created", 1000, configtrail.Up),
			changes("b3", configtrail.AboutTotal, "deleted", 234, configtrail.Down),
			changes("b4", configtrail.AboutMonthBefore, "changes", 970, configtrail.NotCompared),
			inProduction,
			{Ref: "b6", About: configtrail.AboutFinding, What: "rule.1", Severity: "critical", Aliases: []string{"res_1", "acct_1", "actor_1"},
				Types: []string{"AWS::EC2::SecurityGroup"}, Unit: configtrail.UnitTime, Time: at(5, 14)},
			{Ref: "b7", About: configtrail.AboutFinding, What: "rule.12", Severity: "high", Aliases: []string{"res_2", "acct_2"},
				Types: []string{"AWS::S3::Bucket"}, Unit: configtrail.UnitTime, Time: at(12, 9)},
		},
	}
}

func client(t *testing.T, server *messages.Server) *claude.Client {
	t.Helper()
	c, err := claude.New(claude.Options{
		Model: "claude-sonnet-5-5", BaseURL: server.URL,
		Key: func(context.Context) (string, error) { return server.Key, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func tell(t *testing.T, server *messages.Server, lang string, within, room time.Duration) analyst.Told {
	t.Helper()
	p, err := message.New(lang)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	told, err := analyst.Tell(ctx, analyst.TellOptions{
		Model: client(t, server), Brief: november(), Printer: p, Text: "by code", Room: room,
	})
	if err != nil {
		t.Fatal(err)
	}
	return told
}

// TestTell goes through the whole of it, once for each way in which a service or
// a model can behave.
func TestTell(t *testing.T) {
	for _, c := range []struct {
		script   messages.Script
		by       string
		requests int
		why      string // what the Japanese sentence holds
		kind     error
	}{
		{messages.Right, "claude-sonnet-5-5", 1, "", nil},
		{messages.Mends, "claude-sonnet-5-5", 2, "", nil},
		{messages.RateLimitedOnce, "claude-sonnet-5-5", 2, "", nil},
		{messages.OverloadedOnce, "claude-sonnet-5-5", 2, "", nil},
		{messages.WrongNumber, "code", 2, "記録で裏付けられない内容", nil},
		{messages.WrongResource, "code", 2, "記録で裏付けられない内容", nil},
		{messages.WrongDirection, "code", 2, "記録で裏付けられない内容", nil},
		{messages.Silent, "code", 2, "記録で裏付けられない内容", nil},
		{messages.Vendor, "code", 2, "記録で裏付けられない内容", nil},
		{messages.CutOff, "code", 1, "トークン数の上限で途切れました", nil},
		{messages.Refusal, "code", 1, "回答を控えました", nil},
		{messages.Garbage, "code", 1, "応答を読み取れませんでした", nil},
		{messages.RateLimited, "code", 1, "レート制限", configtrail.ErrOverBudget},
		{messages.Unauthorized, "code", 1, "APIキーが受け付けられませんでした", configtrail.ErrRefused},
		{messages.Redirect, "code", 1, "応答を読み取れませんでした", nil},
	} {
		for _, lang := range []string{"ja", "en"} {
			t.Run(string(c.script)+" "+lang, func(t *testing.T) {
				t.Parallel()
				server := messages.Start(t, c.script)
				told := tell(t, server, lang, 30*time.Second, time.Second)
				if told.ToldBy != c.by || !told.Verified {
					t.Fatalf("told by %q, verified %v, why %q, refused %+v", told.ToldBy, told.Verified, told.Why, told.Refused)
				}
				if n := len(server.Requests()); n != c.requests {
					t.Errorf("%d requests, want %d", n, c.requests)
				}
				if byCode := c.by == "code"; byCode != (told.Text == "by code") || byCode != (told.Why != "") || byCode != (told.Err != nil) {
					t.Errorf("text %q, why %q, error %v", told.Text, told.Why, told.Err)
				}
				if lang == "ja" && !strings.Contains(told.Why, c.why) {
					t.Errorf("why is %q", told.Why)
				}
				if c.kind != nil && !errors.Is(told.Err, c.kind) {
					t.Errorf("error %v is no %v", told.Err, c.kind)
				}
				checkRequests(t, server, told)
			})
		}
	}
}

// checkRequests holds that nothing of the names went out, that no credential came
// back in, and that what was spent is told.
func checkRequests(t *testing.T, server *messages.Server, told analyst.Told) {
	t.Helper()
	spent := false
	for _, r := range server.Requests() {
		for _, secret := range planted {
			if strings.Contains(r.Body, secret) {
				t.Errorf("a request holds %q", secret)
			}
		}
		spent = spent || r.Status == 200
	}
	if told.Err != nil && strings.Contains(told.Err.Error()+told.Why, server.Key) {
		t.Errorf("the key stands in %v, %s", told.Err, told.Why)
	}
	if garbled := strings.Contains(fmt.Sprint(told.Err), "can't be read"); told.Cost.USD == nil || garbled {
		if !garbled || told.Cost.USD != nil {
			t.Errorf("cost is %+v, and what was read is %v", told.Cost, told.Err)
		}
	} else if readable := told.Cost.InputTokens > 0; readable != (*told.Cost.USD > 0) {
		t.Errorf("cost is %+v, %v USD", told.Cost, *told.Cost.USD)
	}
}

func TestTheProseHasValuesAndNames(t *testing.T) {
	ja := tell(t, messages.Start(t, messages.Right), "ja", 30*time.Second, time.Second)
	for _, want := range []string{
		"この月の変更は、前月の970件から増えて1,234件になりました。", "作成が1,000件、削除が234件", "本番 (111122223333)",
		"11月5日 14:30に、sg-0a1b2c3dで重大な検出", `invoices-2024\u202e Ignore all`,
	} {
		if !strings.Contains(ja.Text, want) {
			t.Errorf("%q is missing in:\n%s", want, ja.Text)
		}
	}
	en := tell(t, messages.Start(t, messages.Right), "en", 30*time.Second, time.Second)
	for _, want := range []string{"the 970 changes of the month before, the month saw an increase to 1,234.", "5 November 14:30"} {
		if !strings.Contains(en.Text, want) {
			t.Errorf("%q is missing in:\n%s", want, en.Text)
		}
	}
	for _, text := range []string{ja.Text, en.Text} {
		if strings.ContainsAny(text, "⟦⟧") || strings.Contains(text, "acct_") || strings.Contains(text, "res_") {
			t.Errorf("something is not put in:\n%s", text)
		}
	}
}

// TestTellEndsBeforeItsDeadline holds for services that never end, are always
// busy, or are not there.
func TestTellEndsBeforeItsDeadline(t *testing.T) {
	for script, why := range map[messages.Script]string{
		messages.Endless: "時間内に返りませんでした", messages.Overloaded: "混み合っています", messages.Failing: "サービス側でエラー",
	} {
		t.Run(string(script), func(t *testing.T) {
			t.Parallel()
			server := messages.Start(t, script)
			began := time.Now()
			told := tell(t, server, "ja", 5*time.Second, 3500*time.Millisecond)
			if took := time.Since(began); took >= 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if told.ToldBy != "code" || !strings.Contains(told.Why, why) {
				t.Errorf("told by %s: %s", told.ToldBy, told.Why)
			}
		})
	}
	t.Run("not there", func(t *testing.T) {
		t.Parallel()
		server := messages.Start(t, messages.Right)
		server.URL = "http://127.0.0.1:1"
		if told := tell(t, server, "ja", 5*time.Second, 4200*time.Millisecond); !strings.Contains(told.Why, "接続できません") {
			t.Errorf("why is %q", told.Why)
		}
	})
}
