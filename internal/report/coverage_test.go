package report

import (
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

func TestCoverageIsSaidInBothLanguages(t *testing.T) {
	from, to := tokyo(t, "2024-11-11 11:00"), tokyo(t, "2024-11-13 11:00")
	gap := func(reason string, from, to time.Time, types ...string) func(*facts) {
		return func(f *facts) {
			f.Gaps = []configtrail.Gap{{Account: dev, Region: "us-east-1", Types: types, From: from, To: to, Reason: reason}}
		}
	}
	for _, c := range []struct {
		name   string
		is     func(f *facts)
		en, ja string
	}{
		{"gap", gap(configtrail.GapNoDelivery, from, to),
			"dev (444455556666) us-east-1: no delivery from 2024-11-11 11:00 to 2024-11-13 11:00. Changes of that time show as one step at its end.",
			"dev (444455556666) us-east-1：2024-11-11 11:00から2024-11-13 11:00まで配信がありません。その間の変更は、再開時に1つにまとまって現れます。"},
		{"a type came to be recorded", gap(configtrail.GapScope, tokyo(t, "2024-03-01 00:00"), to, "AWS::IAM::Role"),
			"dev (444455556666) us-east-1: IAM Role was first recorded at 2024-11-13 11:00. Nothing is known of it before that.",
			"dev (444455556666) us-east-1：IAM Roleの記録は2024-11-13 11:00に始まりました。それより前のことはわかりません。"},
		{"four types came to be recorded", gap(configtrail.GapScope, time.Time{}, to, "AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::Policy"),
			"IAM Role, IAM User, IAM Group, IAM Policy were first recorded at 2024-11-13 11:00. Nothing is known of them before that.",
			"IAM Role、IAM User、IAM Group、IAM Policyの記録は2024-11-13 11:00に始まりました。"},
		{"five types came to be recorded", gap(configtrail.GapScope, time.Time{}, to, "AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::Policy", "AWS::SQS::Queue"),
			"IAM Role, IAM User, IAM Group and 2 other types were first recorded at 2024-11-13 11:00.",
			"IAM Role、IAM User、IAM Groupほか2タイプの記録は2024-11-13 11:00に始まりました。"},
		{"a type is no longer recorded", gap(configtrail.GapExcluded, from, time.Time{}, "AWS::SQS::Queue"),
			"dev (444455556666) us-east-1: SQS Queue has not been recorded since 2024-11-11 11:00.",
			"dev (444455556666) us-east-1：SQS Queueは2024-11-11 11:00から記録されていません。"},
		{"a type was not recorded for a while", gap(configtrail.GapExcluded, from, to, "AWS::SQS::Queue"),
			"dev (444455556666) us-east-1: SQS Queue was not recorded from 2024-11-11 11:00 to 2024-11-13 11:00.",
			"dev (444455556666) us-east-1：SQS Queueは2024-11-11 11:00から2024-11-13 11:00まで記録されていません。"},
		{"items lost", gap(configtrail.GapQuarantined, from, to),
			"dev (444455556666) us-east-1: records of all types from 2024-11-11 11:00 to 2024-11-13 11:00 may be lost in a delivery that could not be read.",
			"dev (444455556666) us-east-1：2024-11-11 11:00から2024-11-13 11:00までのすべてのタイプの記録が、読み取れない配信とともに失われている可能性があります。"},
		{"items lost, nobody knows when", func(f *facts) { f.Gaps = []configtrail.Gap{{Reason: configtrail.GapQuarantined}} },
			"An unnamed account: records of all types, of unknown time, may be lost in a delivery that could not be read.",
			"アカウント不明：時期不明のすべてのタイプの記録が、読み取れない配信とともに失われている可能性があります。"},
		{"archived", gap(configtrail.GapArchived, from, to),
			"dev (444455556666) us-east-1: deliveries from 2024-11-11 11:00 to 2024-11-13 11:00 lie in an archive storage class and were not read.",
			"dev (444455556666) us-east-1：2024-11-11 11:00から2024-11-13 11:00までの配信は、アーカイブ用のストレージクラスにあるため読み取っていません。"},
		{"archived, nobody knows when", gap(configtrail.GapArchived, time.Time{}, time.Time{}),
			"dev (444455556666) us-east-1: deliveries of unknown time lie in an archive storage class and were not read.",
			"dev (444455556666) us-east-1：時期不明の配信が、アーカイブ用のストレージクラスにあるため読み取れていません。"},
		{"a reason that has no sentence yet", gap("new_reason", from, to),
			"dev (444455556666) us-east-1, 2024-11-11 11:00 to 2024-11-13 11:00: new_reason.",
			"dev (444455556666) us-east-1、2024-11-11 11:00から2024-11-13 11:00まで：new_reason。"},
		{"no rhythm", func(f *facts) { f.NoRhythm = 1 },
			"Gaps can't be told in 1 pair of account and region: there are too few snapshots.",
			"スナップショットが足りず、配信の途切れを判定できないアカウントとリージョンの組み合わせが1件あります。"},
		{"an account joined", func(f *facts) { f.Joined = []history.PlaceTime{{Account: dev, Time: from}} },
			"dev (444455556666): deliveries began at 2024-11-11 11:00. Nothing is known of it before that.",
			"dev (444455556666)：配信は2024-11-11 11:00に始まりました。それより前のことはわかりません。"},
		{"an account that never delivered", func(f *facts) { f.Unseen = []string{sandbox} },
			"777788889999: nothing was ever delivered.", "777788889999：配信データが1つもありません。"},
		{"one of several overdue places", func(f *facts) {
			f.Overdue = []history.PlaceTime{{Account: prod, Region: "us-east-1", Time: from}, {Account: dev, Region: "us-east-1", Time: to}}
		},
			"Deliveries of dev (444455556666) us-east-1 are overdue: nothing is known of it after 2024-11-13 11:00.",
			"dev (444455556666) us-east-1の配信が遅れています。2024-11-13 11:00より後のことはわかりません。"},
		{"complete until", func(f *facts) { f.NoRhythm = 1 },
			"Taken together, the deliveries are complete until 2024-12-05 01:00.", "すべての配信がそろっているのは2024-12-05 01:00までです。"},
		{"codes without a name", func(f *facts) {
			f.Quarantine = quarantine{1, 1, []Count{{Key: "newer\x1b[2J", Changes: 1}}}
		}, "1 part is in quarantine (1 newer\\x1b[2J).", "計1か所あり、隔離しています（newer\\x1b[2J 1件）。"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for lang, want := range map[message.Lang]string{message.English: c.en, message.Japanese: c.ja} {
				f := ordinaryMonth(t)
				c.is(f)
				if said := written(t, lang, f); count(said, want) != 1 {
					t.Errorf("%s: said %d times: %s\nin:\n%s", lang, count(said, want), want, strings.Join(said, "\n"))
				}
			}
		})
	}
}

func TestAccountsOfTheFirstDayAreNoNewcomers(t *testing.T) {
	f := ordinaryMonth(t)
	f.First, f.Previous, f.Earlier = tokyo(t, "2024-11-03 10:20"), nil, nil
	f.Joined = []history.PlaceTime{{Account: prod, Time: f.First}, {Account: dev, Time: f.First.Add(36 * time.Hour)}, {Account: sandbox, Time: f.First.Add(36*time.Hour + 1)}}
	said := written(t, message.English, f)
	if count(said, "deliveries began at") != 1 || count(said, "777788889999: deliveries began at 2024-11-04 22:20.") != 1 {
		t.Errorf("newcomers:\n%s", strings.Join(said, "\n"))
	}
}

func TestManyGapsAreCounted(t *testing.T) {
	f := ordinaryMonth(t)
	for range 40 {
		f.Gaps = append(f.Gaps, configtrail.Gap{Account: dev, Region: "us-east-1", Reason: configtrail.GapNoDelivery, From: tokyo(t, "2024-11-11 11:00"), To: tokyo(t, "2024-11-13 11:00")})
	}
	said := written(t, message.English, f)
	if count(said, "no delivery from") != 12 || count(said, "And 28 more; run configtrail doctor for all of them.") != 1 {
		t.Errorf("gaps:\n%s", strings.Join(said, "\n"))
	}
}

func TestEveryCodeHasAName(t *testing.T) {
	for _, code := range []string{
		configtrail.CodeTruncated, configtrail.CodeInvalidJSON, configtrail.CodeEmpty, configtrail.CodeBadItem, configtrail.CodeUnknownShape,
		configtrail.CodeNoAccount, configtrail.CodeNoRegion, configtrail.CodeAccountMismatch, configtrail.CodeTooLarge, configtrail.CodeUnreadable,
	} {
		if !printer(t, message.English).Has("report.code." + code) {
			t.Errorf("%s has no name", code)
		}
	}
}
