package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// saidCases are what a month can be, the sentences that say so, and words of
// them that stand in no sentence of an ordinary month.
var saidCases = []struct {
	name   string
	is     func(t *testing.T, f *facts)
	en, ja string // part of one line
	keyEN  string // words of the sentence that must be absent where it does not hold
	keyJA  string
}{
	{
		name: "future", is: func(t *testing.T, f *facts) { f.Now = tokyo(t, "2024-10-31 23:59") },
		en: "The month has not begun.", ja: "この月はまだ始まっていません。",
		keyEN: "has not begun", keyJA: "始まっていません",
	},
	{
		name: "empty lake", is: func(t *testing.T, f *facts) { f.First, f.Last = time.Time{}, time.Time{} },
		en:    "The lake holds no delivery yet. Run configtrail ingest SOURCE to fill it.",
		ja:    "レイクにはまだ配信データがありません。configtrail ingest SOURCE で取り込んでください。",
		keyEN: "holds no delivery", keyJA: "配信データがありません",
	},
	{
		name: "nothing of what was asked", is: func(t *testing.T, f *facts) {
			f.First, f.Last = time.Time{}, time.Time{}
			f.Filters.Accounts = []string{sandbox}
		},
		en:    "The lake holds no delivery of what was asked for. Run configtrail doctor to see what it holds.",
		ja:    "指定された対象の配信データはレイクにありません。何が入っているかは configtrail doctor で確認できます。",
		keyEN: "asked for", keyJA: "指定された対象",
	},
	{
		name: "filtered", is: func(t *testing.T, f *facts) {
			f.Filters = Filters{Accounts: []string{"prod", "dev"}, Types: []string{"ec2"}}
		},
		en:    "This report covers only account prod (111122223333), dev (444455556666); type ec2.",
		ja:    "このレポートの対象を絞り込んでいます：アカウント prod (111122223333)、dev (444455556666)／タイプ ec2",
		keyEN: "covers only", keyJA: "絞り込んで",
	},
	{
		name: "empty month", is: func(t *testing.T, f *facts) { f.Last = tokyo(t, "2024-10-20 07:30") },
		en:    "No delivery reaches into November 2024, so nothing can be said about it: the deliveries span 2024-03-01 01:00 to 2024-10-20 07:30. If there are others, add them with configtrail ingest SOURCE.",
		ja:    "2024年11月の配信データがないため、この月については何も言えません。手元の配信データは2024-03-01 01:00から2024-10-20 07:30までのものです。この月の分があれば、configtrail ingest SOURCE で取り込んでください。",
		keyEN: "No delivery reaches into November", keyJA: "何も言えません",
	},
	{
		name: "month not over", is: func(t *testing.T, f *facts) {
			f.Now = tokyo(t, "2024-11-20 12:00")
			f.Awaited = []history.PlaceTime{
				{Account: prod, Region: "ap-northeast-1", Time: tokyo(t, "2024-11-20 04:10")},
				{Account: dev, Region: "ap-northeast-1", Time: tokyo(t, "2024-11-20 03:30")},
			}
		},
		en:    "The month is not over. What follows covers it until 2024-11-20 03:30; what came after has not been delivered yet.",
		ja:    "この月はまだ終わっていません。以下は、配信がそろっている2024-11-20 03:30までの内容です。",
		keyEN: "not over", keyJA: "終わって",
	},
	{
		name: "month not over by a clock that is behind", is: func(t *testing.T, f *facts) { f.Now = tokyo(t, "2024-11-20 12:00") },
		en: "What follows covers it until 2024-11-20 12:00;", ja: "以下は、配信がそろっている2024-11-20 12:00までの内容です。",
		keyEN: "What follows covers", keyJA: "以下は",
	},
	{
		name: "month not over and nothing delivered of it", is: func(t *testing.T, f *facts) {
			f.Now, f.Last = tokyo(t, "2024-11-01 02:00"), tokyo(t, "2024-10-31 22:00")
		},
		en:    "The month is not over, and no delivery reaches into it yet.",
		ja:    "この月はまだ終わっておらず、この月の配信もまだ届いていません。",
		keyEN: "no delivery reaches into it", keyJA: "まだ終わっておらず",
	},
	{
		name: "late data, still to come", is: func(t *testing.T, f *facts) {
			f.Now = tokyo(t, "2024-12-01 03:00")
			f.Awaited = []history.PlaceTime{{Account: prod, Region: "ap-northeast-1", Time: tokyo(t, "2024-11-30 19:00")}}
		},
		en:    "The last deliveries of the month are still to come: what follows is complete only until 2024-11-30 19:00.",
		ja:    "月末分の配信がまだ届いていません。以下の内容がそろっているのは2024-11-30 19:00までです。",
		keyEN: "still to come", keyJA: "月末分の配信",
	},
	{
		name: "late data, overdue", is: func(t *testing.T, f *facts) {
			f.Overdue = []history.PlaceTime{{Account: prod, Region: "us-east-1", Time: tokyo(t, "2024-11-12 08:00")}}
		},
		en:    "Deliveries of prod (111122223333) us-east-1 are overdue: nothing is known of it after 2024-11-12 08:00.",
		ja:    "prod (111122223333) us-east-1の配信が遅れています。2024-11-12 08:00より後のことはわかりません。",
		keyEN: "overdue", keyJA: "遅れて",
	},
	{
		name: "late data, overdue in several places", is: func(t *testing.T, f *facts) {
			f.Overdue = []history.PlaceTime{
				{Account: prod, Region: "us-east-1", Time: tokyo(t, "2024-11-12 08:00")},
				{Account: dev, Region: "us-east-1", Time: tokyo(t, "2024-11-02 08:00")},
			}
		},
		en:    "Deliveries are overdue in 2 pairs of account and region, the longest since 2024-11-02 08:00. See “What the deliveries cover”.",
		ja:    "アカウントとリージョンの組み合わせ2件で配信が遅れています（最も古いものは2024-11-02 08:00以降）。詳しくは「データの範囲」をご覧ください。",
		keyEN: "overdue in", keyJA: "組み合わせ",
	},
	{
		name: "not over and all overdue", is: func(t *testing.T, f *facts) {
			f.Now = tokyo(t, "2024-11-20 12:00")
			f.Overdue = []history.PlaceTime{{Account: prod, Region: "us-east-1", Time: tokyo(t, "2024-11-12 08:00")}}
		},
		en:    "The month is not over, and its latest deliveries are overdue.",
		ja:    "この月はまだ終わっていません。また、直近の配信が遅れています。",
		keyEN: "latest deliveries", keyJA: "直近の配信",
	},
	{
		name: "first month", is: func(t *testing.T, f *facts) {
			f.First, f.Previous, f.Earlier = tokyo(t, "2024-11-03 10:20"), nil, nil
			f.Joined = []history.PlaceTime{{Account: prod, Time: f.First}, {Account: dev, Time: tokyo(t, "2024-11-04 10:20")}}
		},
		en:    "This is the first month with deliveries; they begin at 2024-11-03 10:20. There is no month to compare it with, and resources that existed before count as first recorded, not as created.",
		ja:    "配信が始まった最初の月です（2024-11-03 10:20から）。比較できる前月はありません。また、それ以前からあったリソースは「作成」に数えず、初回の記録として扱っています。",
		keyEN: "first month", keyJA: "最初の月",
	},
	{
		name: "gap", is: func(t *testing.T, f *facts) {
			f.Gaps = []configtrail.Gap{
				{Account: prod, Region: "ap-northeast-1", Reason: configtrail.GapNoDelivery, From: tokyo(t, "2024-11-11 11:00"), To: tokyo(t, "2024-11-13 11:00")},
				{Account: prod, Region: "ap-northeast-1", Reason: configtrail.GapScope, Types: []string{"AWS::SQS::Queue"}, To: tokyo(t, "2024-11-20 11:00")},
			}
		},
		en:    "The deliveries have 1 gap in this month: changes within it are missing or show late. See “What the deliveries cover”.",
		ja:    "この月の配信には途切れが1件あります。その間の変更は、抜けているか、遅れて現れています。詳しくは「データの範囲」をご覧ください。",
		keyEN: "gap in this month", keyJA: "途切れが",
	},
	{
		name: "changes not derived", is: func(t *testing.T, f *facts) { f.Pending = true },
		en:    "The last ingest was broken off before its changes were derived. Run configtrail ingest again to complete the ledger.",
		ja:    "前回の取り込みは、変更を導き出す前に中断されています。configtrail ingest をもう一度実行すると、台帳が完成します。",
		keyEN: "broken off", keyJA: "中断",
	},
	{
		name: "no change", is: func(t *testing.T, f *facts) { still(f) },
		en: "No change was recorded in November 2024. October 2024 had 90.", ja: "2024年11月に記録された変更はありません。2024年10月の変更は90件でした。",
		keyEN: "No change", keyJA: "記録された変更は",
	},
	{
		name: "no change within a gap", is: func(t *testing.T, f *facts) {
			still(f)
			f.Gaps = []configtrail.Gap{{Account: prod, Region: "ap-northeast-1", Reason: configtrail.GapNoDelivery, From: tokyo(t, "2024-11-11 11:00"), To: tokyo(t, "2024-11-13 11:00")}}
		},
		en:    "No change was recorded in November 2024. But not everything was delivered or recorded: there may be changes that do not show.",
		ja:    "2024年11月に記録された変更はありません。ただし、配信や記録が欠けているところがあり、見えていない変更があるかもしれません。",
		keyEN: "do not show", keyJA: "見えていない",
	},
	{
		name: "no change so far", is: func(t *testing.T, f *facts) {
			still(f)
			f.Now = tokyo(t, "2024-11-20 12:00")
			f.Awaited = []history.PlaceTime{{Account: prod, Region: "ap-northeast-1", Time: tokyo(t, "2024-11-20 03:30")}}
		},
		en:    "No change has been recorded in the part of November 2024 that has been delivered.",
		ja:    "2024年11月のうち、配信済みの期間に記録された変更はありません。",
		keyEN: "the part of", keyJA: "配信済みの期間",
	},
	{
		name: "all noise", is: func(t *testing.T, f *facts) {
			still(f)
			f.Totals.Noise, f.Noise = 1240, map[configtrail.Noise]int64{configtrail.NoiseCompliance: 1239, configtrail.NoiseCounter: 1}
		},
		en:    "Nothing but noise was recorded in November 2024: 1,240 changes, none of which was made on purpose as far as the data tells. October 2024 had 90. Of what kind the noise was: 1,239 rule verdicts, 1 counter.",
		ja:    "2024年11月に記録されたのはノイズだけでした（1,240件）。データで見るかぎり、意図して行われた変更はありません。2024年10月の変更は90件でした。ノイズの内訳は、ルール評価1,239件、カウンターの増減1件です。",
		keyEN: "oise", keyJA: "ノイズ",
	},
	{
		name: "all noise so far", is: func(t *testing.T, f *facts) {
			still(f)
			f.Now = tokyo(t, "2024-11-20 12:00")
			f.Totals.Noise, f.Noise = 1, map[configtrail.Noise]int64{configtrail.NoiseInventory: 1}
		},
		en:    "Nothing but noise has been recorded in the part of November 2024 that has been delivered: 1 change.",
		ja:    "2024年11月のうち、配信済みの期間に記録されたのはノイズだけです（1件）。",
		keyEN: "that has been delivered", keyJA: "ノイズだけです",
	},
	{
		name: "quiet month", is: func(t *testing.T, f *facts) { f.Totals.Changes = 30 },
		en:    "It was a quiet month: 30 changes (the median of the 4 months before: 90).",
		ja:    "静かな月でした。変更は30件で、前月までの4か月の中央値は90件です。",
		keyEN: "quiet", keyJA: "静かな",
	},
	{
		name: "quiet month with gaps", is: func(t *testing.T, f *facts) {
			f.Totals.Changes = 1
			f.Gaps = []configtrail.Gap{{Account: prod, Region: "ap-northeast-1", Reason: configtrail.GapExcluded, Types: []string{"AWS::SQS::Queue"}, From: tokyo(t, "2024-10-21 12:00")}}
		},
		en:    "It was a quiet month: 1 change (the median of the 4 months before: 90). But not everything was delivered or recorded: there may be changes that do not show.",
		ja:    "静かな月でした。変更は1件で、前月までの4か月の中央値は90件です。ただし、配信や記録が欠けているところがあり、見えていない変更があるかもしれません。",
		keyEN: "there may be", keyJA: "ただし",
	},
	{
		name: "busy month", is: func(t *testing.T, f *facts) { f.Totals.Changes = 225 },
		en:    "It was a busy month: 225 changes, 2.5 times the median of the 4 months before (90).",
		ja:    "変更の多い月でした。225件は、前月までの4か月の中央値（90件）の2.5倍にあたります。",
		keyEN: "busy month", keyJA: "多い月",
	},
	{
		name: "one huge account", is: func(t *testing.T, f *facts) { f.Account[0].Changes = 54 },
		en:    "60% of the changes (54) were made in one account, prod (111122223333); over the 4 months before it was 44%.",
		ja:    "変更の60%（54件）が、1つのアカウント prod (111122223333) に集中しています（前月までの4か月では44%）。",
		keyEN: "one account", keyJA: "集中",
	},
	{
		name: "one huge account of two, with nothing before", is: func(t *testing.T, f *facts) {
			f.Account, f.Earlier = []Count{{Key: sandbox, Changes: 80}, {Key: dev, Changes: 10}}, nil
		},
		en:    "89% of the changes (80) were made in one account, 777788889999.",
		ja:    "変更の89%（80件）が、1つのアカウント 777788889999 に集中しています。",
		keyEN: "were made in one account", keyJA: "に集中しています",
	},
	{
		name: "account far above its usual", is: func(t *testing.T, f *facts) {
			f.Totals.Changes = 130
			f.Account[1].Changes = 75
		},
		en:    "dev (444455556666): 75 changes, 2.5 times the median of the 4 months before (30).",
		ja:    "dev (444455556666)：変更は75件で、前月までの4か月の中央値（30件）の2.5倍です。",
		keyEN: "dev (444455556666): 75", keyJA: "dev (444455556666)：変更は",
	},
	{
		name: "account active after none", is: func(t *testing.T, f *facts) {
			for i := range f.Earlier {
				delete(f.Earlier[i].Account, sandbox)
			}
			f.Earlier = f.Earlier[:1]
		},
		en:    "777788889999: 20 changes, after none in the month before.",
		ja:    "777788889999：変更は20件です。前月には1件もありませんでした。",
		keyEN: "after none", keyJA: "1件もありませんでした",
	},
	{
		name: "account silent", is: func(t *testing.T, f *facts) { f.Account = f.Account[:2] },
		en:    "777788889999: no change at all (the median of the 4 months before: 20).",
		ja:    "777788889999：変更が1件もありませんでした。前月までの4か月の中央値は20件です。",
		keyEN: "no change at all", keyJA: "変更が1件も",
	},
	{
		name: "type far above its usual", is: func(t *testing.T, f *facts) { f.Type[1].Changes = 120 },
		en:    "IAM Role: 120 changes, 3 times the median of the 4 months before (40).",
		ja:    "IAM Role：変更は120件で、前月までの4か月の中央値（40件）の3倍です。",
		keyEN: "IAM Role: 120", keyJA: "IAM Role：変更は",
	},
	{
		name: "mass deletion", is: func(t *testing.T, f *facts) {
			f.Totals.Deleted = 130
			f.Deletions = deletions{Day: "2024-11-05", N: 120, Usual: 1, Type: "AWS::EC2::Instance", Account: dev, Largest: 96}
		},
		en:    "120 resources were deleted on 5 November alone, 96 of them EC2 Instance in dev (444455556666).",
		ja:    "11月5日の1日だけで120個のリソースが削除されました。うち96個は dev (444455556666) の EC2 Instance です。",
		keyEN: "alone", keyJA: "1日だけで",
	},
	{
		name: "mass deletion of one type", is: func(t *testing.T, f *facts) {
			f.Totals.Deleted = 15
			f.Deletions = deletions{Day: "2024-11-30", N: 10, Usual: 0, Type: "AWS::S3::Bucket", Account: sandbox, Largest: 10}
		},
		en:    "10 resources were deleted on 30 November alone, all of them S3 Bucket in 777788889999.",
		ja:    "11月30日の1日だけで10個のリソースが削除されました。すべて 777788889999 の S3 Bucket です。",
		keyEN: "all of them S3", keyJA: "すべて 7777",
	},
	{
		name: "busy day", is: func(t *testing.T, f *facts) {
			f.Day[17].Changes = 40
			f.Totals.Changes = 127
			f.Crowd = crowded(f.Day, 127)
		},
		en:    "The busiest day was 18 November: 40 changes, 31% of the month's. The median day had 3.",
		ja:    "変更が最も多かったのは11月18日の40件で、この月の31%を占めます。1日あたりの中央値は3件です。",
		keyEN: "busiest day", keyJA: "最も多かった",
	},
	{
		name: "recorder change", is: func(t *testing.T, f *facts) {
			c := updated(recorderType, "default", tokyo(t, "2024-11-07 00:30"))
			f.Recorder = []configtrail.Change{c, c}
		},
		en:    "prod (111122223333) ap-northeast-1: the configuration recorder was changed on 7 November. What is recorded may differ since then.",
		ja:    "prod (111122223333) ap-northeast-1：11月7日に設定レコーダーが変更されました。それ以降、記録される範囲が変わっている可能性があります。",
		keyEN: "recorder", keyJA: "レコーダー",
	},
	{
		name: "recorder deleted", is: func(t *testing.T, f *facts) {
			c := updated(recorderType, "default", tokyo(t, "2024-11-07 00:30"))
			c.Kind = configtrail.Deleted
			f.Recorder = []configtrail.Change{c}
		},
		en:    "prod (111122223333) ap-northeast-1: a configuration recorder was deleted on 7 November. Changes after that may not be recorded.",
		ja:    "prod (111122223333) ap-northeast-1：11月7日に設定レコーダーが削除されました。それ以降の変更は記録されていない可能性があります。",
		keyEN: "recorder was deleted", keyJA: "レコーダーが削除",
	},
	{
		name: "quarantine", is: func(t *testing.T, f *facts) {
			f.Quarantine = quarantine{Parts: 3, Objects: 1, Codes: []Count{{Key: configtrail.CodeBadItem, Changes: 1}, {Key: configtrail.CodeTruncated, Changes: 2}}}
		},
		en:    "1 delivery of this month could not be read in full: 3 parts are in quarantine (1 malformed item, 2 cut short). Run configtrail doctor for the list.",
		ja:    "この月の配信のうち1個に読み取れない部分が計3か所あり、隔離しています（形式の誤った項目1件、途中で切れたもの2件）。一覧は configtrail doctor で確認できます。",
		keyEN: "quarantine", keyJA: "隔離しています",
	},
	{
		name: "no CloudTrail", is: func(t *testing.T, f *facts) {},
		en: "No CloudTrail was matched yet, so it is not said who made the changes.",
		ja: "CloudTrailとの照合はまだ行っていないため、誰による変更かは示していません。",
	},
	{
		name: "complete", is: func(t *testing.T, f *facts) {},
		en: "As far as the snapshots tell, the deliveries cover the month without a gap. They are complete until 2024-12-05 01:00.",
		ja: "スナップショットから判断するかぎり、配信はこの月を切れ目なくカバーしています。2024-12-05 01:00までの分がそろっています。",
	},
}

// still makes a month in which nothing changed.
func still(f *facts) {
	f.Totals, f.Account, f.Region, f.Type = history.Totals{}, nil, nil, nil
	for i := range f.Day {
		f.Day[i].Changes = 0
	}
}

func TestEverySituationIsSaidInBothLanguages(t *testing.T) {
	ordinary := map[message.Lang]string{}
	for _, lang := range message.Langs {
		ordinary[lang] = strings.Join(written(t, lang, ordinaryMonth(t)), "\n")
	}
	for _, c := range saidCases {
		t.Run(c.name, func(t *testing.T) {
			for lang, want := range map[message.Lang]string{message.English: c.en, message.Japanese: c.ja} {
				f := ordinaryMonth(t)
				c.is(t, f)
				said := written(t, lang, f)
				if n := count(said, want); n != 1 {
					t.Errorf("%s: said %d times: %s\nin:\n%s", lang, n, want, strings.Join(said, "\n"))
				}
			}
			if c.keyEN == "" {
				return
			}
			for lang, key := range map[message.Lang]string{message.English: c.keyEN, message.Japanese: c.keyJA} {
				if strings.Contains(ordinary[lang], key) {
					t.Errorf("%s: an ordinary month holds %q:\n%s", lang, key, ordinary[lang])
				}
				if want := map[message.Lang]string{message.English: c.en, message.Japanese: c.ja}[lang]; !strings.Contains(want, key) {
					t.Errorf("%s: %q is no part of the sentence", lang, key)
				}
			}
		})
	}
}

// count is in how many lines a text stands.
func count(lines []string, text string) int {
	n := 0
	for _, line := range lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

func TestWhatDoesNotHoldIsNotSaid(t *testing.T) {
	for _, c := range []struct {
		name string
		is   func(t *testing.T, f *facts)
		not  []string // parts of English lines
	}{
		{"a quarter fewer is not quiet", func(t *testing.T, f *facts) { f.Totals.Changes = 68 }, []string{"quiet"}},
		{"31 is more than a third of 90", func(t *testing.T, f *facts) { f.Totals.Changes = 31 }, []string{"quiet"}},
		{"a month that goes on is not called quiet", func(t *testing.T, f *facts) {
			f.Totals.Changes, f.Now = 10, tokyo(t, "2024-11-10 10:00")
		}, []string{"quiet", "That is"}},
		{"nor is one whose deliveries are overdue", func(t *testing.T, f *facts) {
			f.Totals.Changes = 10
			f.Overdue = []history.PlaceTime{{Account: prod, Region: "us-east-1", Time: tokyo(t, "2024-11-12 08:00")}}
		}, []string{"quiet", "That is"}},
		{"one month is no median", func(t *testing.T, f *facts) {
			f.Totals.Changes, f.Earlier = 900, f.Earlier[:1]
		}, []string{"busy", "median of"}},
		{"few of few is not quiet", func(t *testing.T, f *facts) {
			for i := range f.Earlier {
				f.Earlier[i].Changes = 9
			}
			f.Totals.Changes = 1
		}, []string{"quiet"}},
		{"nearly twice is not busy", func(t *testing.T, f *facts) { f.Totals.Changes = 179 }, []string{"busy month"}},
		{"59 % is not huge", func(t *testing.T, f *facts) { f.Account[0].Changes = 53 }, []string{"one account"}},
		{"79 % of two is not huge", func(t *testing.T, f *facts) {
			f.Account = []Count{{Key: prod, Changes: 71}, {Key: dev, Changes: 19}}
		}, []string{"one account"}},
		{"the only account is not huge", func(t *testing.T, f *facts) {
			f.Account = []Count{{Key: prod, Changes: 90}}
		}, []string{"one account"}},
		{"an account that joined is not held against months without it", func(t *testing.T, f *facts) {
			for i := range f.Earlier {
				delete(f.Earlier[i].Account, sandbox)
			}
			f.Joined = []history.PlaceTime{{Account: sandbox, Time: tokyo(t, "2024-11-11 09:00")}}
		}, []string{"after none"}},
		{"nor a type that came to be recorded", func(t *testing.T, f *facts) {
			for i := range f.Earlier {
				delete(f.Earlier[i].Type, "AWS::IAM::Role")
			}
			f.Gaps = []configtrail.Gap{{Account: prod, Region: "global", Types: []string{"AWS::IAM::Role"}, To: tokyo(t, "2024-11-08 14:00"), Reason: configtrail.GapScope}}
		}, []string{"after none", "The deliveries have"}},
		{"an account that could not be seen is not silent", func(t *testing.T, f *facts) {
			f.Account = f.Account[:2]
			f.Gaps = []configtrail.Gap{{Account: sandbox, Region: "ap-northeast-1", Reason: configtrail.GapNoDelivery, From: tokyo(t, "2024-11-11 11:00"), To: tokyo(t, "2024-11-13 11:00")}}
		}, []string{"no change at all"}},
		{"nor one whose deliveries are overdue", func(t *testing.T, f *facts) {
			f.Account = f.Account[:2]
			f.Overdue = []history.PlaceTime{{Account: sandbox, Region: "ap-northeast-1", Time: tokyo(t, "2024-11-12 08:00")}}
		}, []string{"no change at all"}},
		{"nine deletions are no mass", func(t *testing.T, f *facts) {
			f.Totals.Deleted, f.Deletions = 9, deletions{Day: "2024-11-05", N: 9, Type: "AWS::EC2::Instance", Account: dev, Largest: 9}
		}, []string{"alone"}},
		{"nor is what every day deletes", func(t *testing.T, f *facts) {
			f.Totals.Deleted, f.Deletions = 100, deletions{Day: "2024-11-05", N: 29, Usual: 10, Type: "AWS::EC2::Instance", Account: dev, Largest: 29}
		}, []string{"alone"}},
		{"nor is a small part of the month's", func(t *testing.T, f *facts) {
			f.Totals.Deleted, f.Deletions = 100, deletions{Day: "2024-11-05", N: 24, Type: "AWS::EC2::Instance", Account: dev, Largest: 24}
		}, []string{"alone"}},
		{"a day below a quarter of the month is no busy day", func(t *testing.T, f *facts) {
			f.Day[17].Changes, f.Totals.Changes = 22, 109
			f.Crowd = crowded(f.Day, 109)
		}, []string{"busiest"}},
		{"a trail that was matched is not missing", func(t *testing.T, f *facts) { f.Actor = []Count{} }, []string{"CloudTrail"}},
		{"a future month has no figures", func(t *testing.T, f *facts) {
			still(f)
			f.Now = tokyo(t, "2024-10-31 23:59")
		}, []string{"No change", "Overview", "complete until", "CloudTrail"}},
		{"an empty lake has no figures", func(t *testing.T, f *facts) {
			still(f)
			f.First, f.Last, f.CompleteUntil, f.Complete, f.Earlier, f.Previous = time.Time{}, time.Time{}, time.Time{}, nil, nil, nil
		}, []string{"No change", "Overview", "complete until", "quiet", "silent"}},
		{"an empty month does not call itself without changes", func(t *testing.T, f *facts) {
			still(f)
			f.Last = tokyo(t, "2024-10-20 07:30")
		}, []string{"No change", "no change", "Overview", "complete until", "quiet"}},
		{"types that came to be recorded hide nothing", func(t *testing.T, f *facts) {
			still(f)
			f.Gaps = []configtrail.Gap{{Account: prod, Region: "global", Types: []string{"AWS::IAM::Role"}, To: tokyo(t, "2024-11-08 14:00"), Reason: configtrail.GapScope}}
		}, []string{"do not show"}},
		{"with a gap the month is not covered without one", func(t *testing.T, f *facts) {
			f.Gaps = []configtrail.Gap{{Account: prod, Region: "ap-northeast-1", Reason: configtrail.GapNoDelivery, From: tokyo(t, "2024-11-11 11:00"), To: tokyo(t, "2024-11-13 11:00")}}
		}, []string{"without a gap"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := ordinaryMonth(t)
			c.is(t, f)
			said := written(t, message.English, f)
			for _, not := range c.not {
				if i := slices.IndexFunc(said, func(line string) bool { return strings.Contains(line, not) }); i >= 0 {
					t.Errorf("said: %s", said[i])
				}
			}
			written(t, message.Japanese, f)
		})
	}
}

func TestManyAlikeAreCounted(t *testing.T) {
	f := ordinaryMonth(t)
	f.Account = nil
	for _, id := range []string{"100000000001", "100000000002", "100000000003", "100000000004", "100000000005"} {
		f.Account = append(f.Account, Count{Key: id, Changes: 20})
	}
	for _, line := range []string{"100000000003: 20 changes, after none in the 4 months before.", "The same goes for 2 other accounts."} {
		if n := count(written(t, message.English, f), line); n != 1 {
			t.Errorf("said %d times: %s", n, line)
		}
	}
	if n := count(written(t, message.Japanese, f), "ほか2アカウントも同様です。"); n != 1 {
		t.Errorf("said %d times in Japanese", n)
	}
	if n := count(written(t, message.English, f), "100000000004: 20"); n != 0 {
		t.Error("the fourth account is named")
	}
}
