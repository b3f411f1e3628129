package report

import (
	"strings"
	"testing"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

func TestTotalsAreComparedWithTheMonthBefore(t *testing.T) {
	for _, c := range []struct {
		name        string
		now, before int64
		en, ja      string
	}{
		{"more", 135, 100, "That is 35% more than in October 2024 (100).", "2024年10月（100件）と比べて35%増えています。"},
		{"fewer", 65, 100, "That is 35% fewer than in October 2024 (100).", "2024年10月（100件）と比べて35%減っています。"},
		{"hardly any left", 1, 1000, "That is 99% fewer than in October 2024 (1,000).", "2024年10月（1,000件）と比べて99%減っています。"},
		{"few more", 12, 11, "That is 1 more than in October 2024 (11).", "2024年10月（11件）より1件増えています。"},
		{"few fewer", 3, 19, "That is 16 fewer than in October 2024 (19).", "2024年10月（19件）より16件減っています。"},
		{"times", 1250, 500, "That is 2.5 times as many as in October 2024 (500).", "2024年10月（500件）の2.5倍です。"},
		{"times of little", 400, 1, "That is 400 times as many as in October 2024 (1).", "2024年10月（1件）の400倍です。"},
		{"about", 1003, 1000, "That is about as many as in October 2024 (1,000).", "2024年10月（1,000件）とほぼ同じです。"},
		{"same", 90, 90, "That is as many as in October 2024.", "2024年10月と同じ件数です。"},
		{"from none", 90, 0, "October 2024 had none.", "2024年10月の変更は0件でした。"},
		{"to none", 0, 90, "October 2024 had 90.", "2024年10月の変更は90件でした。"},
		{"none of both", 0, 0, "There was none in October 2024 either.", "2024年10月にも変更はありませんでした。"},
	} {
		for lang, want := range map[message.Lang]string{message.English: c.en, message.Japanese: c.ja} {
			f := ordinaryMonth(t)
			f.Totals.Changes, f.Previous.Changes = c.now, c.before
			if got := (teller{printer(t, lang), f}).comparison(); got != want {
				t.Errorf("%s: %s\nwant %s", c.name, got, want)
			}
		}
	}
}

func TestAMonthThatIsNotCompleteIsNotCompared(t *testing.T) {
	for _, c := range []struct {
		name   string
		is     func(f *facts)
		en, ja string
	}{
		{"not over", func(f *facts) { f.Now = tokyo(t, "2024-11-20 12:00") },
			"October 2024 had 90 in all; the two can be compared once this month is complete.",
			"2024年10月は月全体で90件でした。この月の分がそろってから比較できます。"},
		{"the month before is not covered", func(f *facts) { f.Previous = nil },
			"There is nothing to compare it with: the deliveries do not span all of October 2024.",
			"2024年10月は配信が月全体に及んでいないため、比較していません。"},
		{"first month", func(f *facts) { f.Previous, f.First = nil, tokyo(t, "2024-11-03 10:20") }, "", ""},
		{"silent for long", func(f *facts) {
			f.Overdue = []history.PlaceTime{{Account: dev, Region: "us-east-1", Time: tokyo(t, "2024-09-30 12:00")}}
		}, "That is as many as in October 2024.", "2024年10月と同じ件数です。"},
	} {
		for lang, want := range map[message.Lang]string{message.English: c.en, message.Japanese: c.ja} {
			f := ordinaryMonth(t)
			c.is(f)
			if got := (teller{printer(t, lang), f}).comparison(); got != want {
				t.Errorf("%s: %s\nwant %s", c.name, got, want)
			}
		}
	}
}

func TestTheFiguresAreOneSentence(t *testing.T) {
	one := history.Totals{Changes: 1, Updated: 1, Resources: 1, Accounts: 1, Noise: 1}
	all := history.Totals{Changes: 1234, Created: 100, Updated: 1000, Deleted: 130, Recreated: 4, Resources: 901, Accounts: 12, Noise: 2000}
	for _, c := range []struct {
		totals history.Totals
		noise  map[configtrail.Noise]int64
		en, ja string
	}{
		{one, map[configtrail.Noise]int64{configtrail.NoiseMirroredRelationship: 1},
			"In November 2024, 1 change touched 1 resource in 1 account (1 updated). October 2024 had none. Not counted: 1 change that is noise, with no action on the resource behind it (1 mirrored relationship).",
			"2024年11月は、1アカウントの1リソースで1件の変更がありました（更新1件）。2024年10月の変更は0件でした。このほか、リソースへの操作ではない変化（ノイズ）が1件あり、上の件数には含めていません（関連付けの反映1件）。"},
		{all, map[configtrail.Noise]int64{configtrail.NoiseCounter: 500, configtrail.NoiseServiceTimestamp: 300, configtrail.NoiseInventory: 200, configtrail.NoiseCompliance: 1000},
			"In November 2024, 1,234 changes touched 901 resources in 12 accounts (100 created, 1,000 updated, 130 deleted, 4 recreated). October 2024 had none. Not counted: 2,000 changes that are noise, with no action on the resource behind them (1,000 rule verdicts, 200 inventory reports, 500 counters, 300 service timestamps).",
			"2024年11月は、12アカウントの901リソースで1,234件の変更がありました（作成100件、更新1,000件、削除130件、再作成4件）。2024年10月の変更は0件でした。このほか、リソースへの操作ではない変化（ノイズ）が2,000件あり、上の件数には含めていません（ルール評価1,000件、インベントリ報告200件、カウンターの増減500件、サービス側の時刻更新300件）。"},
	} {
		for lang, want := range map[message.Lang]string{message.English: c.en, message.Japanese: c.ja} {
			f := ordinaryMonth(t)
			f.Totals, f.Noise, f.Previous = c.totals, c.noise, &history.Totals{}
			if got := strings.Join((teller{printer(t, lang), f}).overview(), "\n"); got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
		}
	}
}

func TestCommandsCarryZoneAndFilters(t *testing.T) {
	f := ordinaryMonth(t)
	f.Filters = Filters{Accounts: []string{"prod"}, Types: []string{"ec2", "AWS::IAM::Role"}}
	f.Main = []configtrail.Change{
		updated("AWS::SSM::Parameter", "/app/$(reboot)'; rm -rf ~", tokyo(t, "2024-11-05 14:05")),
		updated("AWS::EC2::SecurityGroup", "sg-0a1b", tokyo(t, "2024-11-05 14:05")),
	}
	var lines []string
	for _, c := range (teller{printer(t, message.English), f}).next() {
		lines = append(lines, c.Line)
	}
	want := []string{
		"configtrail changes --from 2024-11-01 --to 2024-12-01 --tz Asia/Tokyo --account prod --type ec2 --type AWS::IAM::Role",
		"configtrail timeline '111122223333/ap-northeast-1/AWS::EC2::SecurityGroup/sg-0a1b'",
		"configtrail report 2024-11 --format html --tz Asia/Tokyo --account prod --type ec2 --type AWS::IAM::Role > report.html",
		"configtrail doctor",
		`configtrail query "SELECT resource_type, count(*) AS n FROM changes GROUP BY 1 ORDER BY 2 DESC"`,
	}
	if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	f.Filters = Filters{Accounts: []string{"本番"}}
	if got := (teller{printer(t, message.English), f}).next()[0].Line; !strings.HasSuffix(got, " --tz Asia/Tokyo --account 本番") {
		t.Errorf("with a Japanese name: %s", got)
	}
	f.Filters.Accounts = []string{"本番; reboot"}
	if got := (teller{printer(t, message.English), f}).next(); len(got) != 1 || got[0].Line != "configtrail doctor" {
		t.Errorf("with a name that means something to a shell: %v", got)
	}
}
