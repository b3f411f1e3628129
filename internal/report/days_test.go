package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

func TestNeighbouringDaysThatStandOutAreOneRun(t *testing.T) {
	for _, c := range []struct {
		name  string
		is    map[int]int64 // changes of a day, other than 3
		all   int64
		first string
		days  int
		n     int64
	}{
		{"none", nil, 90, "", 0, 0},
		{"one", map[int]int64{18: 40}, 127, "2024-11-18", 1, 40},
		{"three, none of which holds a quarter", map[int]int64{10: 30, 11: 40, 12: 35}, 210, "2024-11-10", 3, 105},
		{"two runs", map[int]int64{2: 50, 10: 30, 11: 30, 30: 20}, 200, "2024-11-10", 2, 60},
		{"a day between that does not stand out", map[int]int64{10: 30, 11: 19, 12: 31}, 120, "2024-11-12", 1, 31},
		{"less than a quarter", map[int]int64{10: 30, 11: 30}, 241, "", 0, 0},
	} {
		f := ordinaryMonth(t)
		for day, n := range c.is {
			f.Day[day-1].Changes = n
		}
		got := crowded(f.Day, c.all)
		if len(got.Days) != c.days || got.N != c.n || c.days > 0 && (got.Days[0] != c.first || got.Usual != 3) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestWhatTheBusiestDaysShare(t *testing.T) {
	run := crowd{Days: []string{"2024-11-10", "2024-11-11"}, N: 60, Usual: 3}
	tagged, typed := run, run
	tagged.Common, tagged.Sharing = trait{path: "/tags/AuditFinding"}, 45
	typed.Common, typed.Sharing = trait{resourceType: "AWS::EC2::Instance"}, 18
	for _, c := range []struct {
		crowd  crowd
		en, ja string
	}{
		{run, "The busiest days were 10 November to 11 November: 60 changes in 2 days, 50% of the month's. The median day had 3.",
			"11月10日から11月11日までの2日間に変更が集中しています。計60件で、この月の50%を占めます。1日あたりの中央値は3件です。"},
		{tagged, "The busiest days were 10 November to 11 November: 60 changes in 2 days, 50% of the month's. The median day had 3. Of these, 45 (75%) have /tags/AuditFinding in common.",
			"11月10日から11月11日までの2日間に変更が集中しています。計60件で、この月の50%を占めます。1日あたりの中央値は3件です。うち45件（75%）は、/tags/AuditFinding が変わったものです。"},
		{typed, "The busiest days were 10 November to 11 November: 60 changes in 2 days, 50% of the month's. The median day had 3. Of these, 18 (30%) are changes of EC2 Instance.",
			"11月10日から11月11日までの2日間に変更が集中しています。計60件で、この月の50%を占めます。1日あたりの中央値は3件です。うち18件（30%）は、EC2 Instance の変更です。"},
	} {
		for lang, want := range map[message.Lang]string{message.English: c.en, message.Japanese: c.ja} {
			f := ordinaryMonth(t)
			f.Totals.Changes, f.Crowd = 120, c.crowd
			if got := (teller{printer(t, lang), f}).busyDays(); !slices.Equal(got, []string{want}) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	}
}

func TestTheCommonestTrait(t *testing.T) {
	at := tokyo(t, "2024-11-05 14:05")
	finding := func(n int) configtrail.Change {
		return updated("AWS::SQS::Queue", fmt.Sprint(n), at, added("/tags/AuditFinding", `"x"`), added(fmt.Sprintf("/configuration/tags/%d", n), `{"key":"AuditFinding"}`))
	}
	rule := func(n int) configtrail.Change {
		return updated("AWS::EC2::SecurityGroup", fmt.Sprint(n), at, added(fmt.Sprintf("/configuration/ipPermissions/%d", n), `{}`), added("/configuration/ipPermissions/9", `{}`))
	}
	bare := func(n int) configtrail.Change { return updated("AWS::S3::Bucket", fmt.Sprint(n), at) }
	for _, c := range []struct {
		name              string
		tags, rules, rest int
		want              trait
		sharing           int64
	}{
		{"a tag", 5, 4, 1, trait{path: "/tags/AuditFinding"}, 5},
		{"a path, counted once a change", 2, 6, 2, trait{path: "/configuration/ipPermissions"}, 6},
		{"a path before a type that more share", 3, 0, 7, trait{path: "/tags/AuditFinding"}, 3},
		{"a type", 2, 2, 6, trait{resourceType: "AWS::S3::Bucket"}, 6},
	} {
		all := traits{}
		for i := range c.tags {
			all.add(finding(i))
		}
		for i := range c.rules {
			all.add(rule(i))
		}
		for i := range c.rest {
			all.add(bare(i))
		}
		if got, sharing := all.most(10); got != c.want || sharing != c.sharing {
			t.Errorf("%s: %+v, %d", c.name, got, sharing)
		}
	}
	if got, n := (traits{{path: "/a"}: 29}).most(100); got != (trait{}) || n != 0 {
		t.Errorf("29%% is enough: %+v", got)
	}
}

func TestMassDeletionIsAmongTheMainChanges(t *testing.T) {
	f := ordinaryMonth(t)
	gone := updated("AWS::SQS::Queue", "gone", tokyo(t, "2024-11-05 14:05"))
	gone.Kind = configtrail.Deleted
	f.Totals.Deleted, f.Deletions = 15, deletions{Day: "2024-11-05", N: 12, Account: prod, Type: "AWS::SQS::Queue", Largest: 12, One: gone}
	var full []configtrail.Change
	for n := range mainAtMost {
		full = append(full, updated("AWS::IAM::Role", fmt.Sprint(n), tokyo(t, "2024-11-06 14:05")))
	}
	if got, want := ids(f.withDeletion(slices.Clone(full))), []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "gone"}; !cmp.Equal(got, want) {
		t.Errorf("in a full list: %v", got)
	}
	if got := ids(f.withDeletion(slices.Clone(full[:2]))); !cmp.Equal(got, []string{"0", "1", "gone"}) {
		t.Errorf("in a short list: %v", got)
	}
	if got := ids(f.withDeletion([]configtrail.Change{gone})); !cmp.Equal(got, []string{"gone"}) {
		t.Errorf("twice: %v", got)
	}
}

func TestResourcesThatCameBackAreNamed(t *testing.T) {
	at := tokyo(t, "2024-11-05 14:05")
	var all []configtrail.Change
	for _, id := range []string{"a", "b", "c"} {
		all = append(all, updated("AWS::S3::Bucket", id, at))
	}
	const place, ort = " in prod (111122223333) ap-northeast-1", "prod (111122223333) ap-northeast-1 の S3 Bucket"
	for _, c := range []struct {
		is     recreated
		en, ja string
	}{
		{recreated{1, all[:1]}, "One resource came back under the id of a deleted one: S3 Bucket “a”" + place + ".",
			"削除されたリソースと同じIDで作り直されたものが1個あります：" + ort + "「a」"},
		{recreated{2, all[:2]}, "2 resources came back under the ids of deleted ones: S3 Bucket “a”" + place + ", S3 Bucket “b”" + place + ".",
			"削除されたリソースと同じIDで作り直されたものが2個あります：" + ort + "「a」、" + ort + "「b」"},
		{recreated{9, all}, "9 resources came back under the ids of deleted ones, among them S3 Bucket “a”" + place + ", S3 Bucket “b”" + place + ", S3 Bucket “c”" + place + ".",
			"削除されたリソースと同じIDで作り直されたものが9個あります：" + ort + "「a」、" + ort + "「b」、" + ort + "「c」 など"},
	} {
		for lang, want := range map[message.Lang]string{message.English: c.en, message.Japanese: c.ja} {
			f := ordinaryMonth(t)
			f.Recreated = c.is
			if got := (teller{printer(t, lang), f}).recreated(); !slices.Equal(got, []string{want}) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	}
}

func TestDenialsRankLowAndLiftedBlocksHigh(t *testing.T) {
	at := tokyo(t, "2024-11-05 14:05")
	const entry = "/configuration/entries/1"
	account := updated(accountBlockType, "account", at)
	account.Kind = configtrail.Deleted
	var r ranking
	for _, c := range []configtrail.Change{
		updated("AWS::EC2::NetworkAcl", "deny", at, added(entry, `{"cidrBlock":"0.0.0.0/0","egress":false,"ruleAction":"deny"}`)),
		updated("AWS::EC2::NetworkAcl", "made to deny", at, replaced(entry+"/ruleAction", `"allow"`, `"deny"`), replaced(entry+"/cidrBlock", `"10.0.0.0/8"`, `"0.0.0.0/0"`)),
		updated("AWS::EC2::NetworkAcl", "allow", at, added(entry, `{"cidrBlock":"0.0.0.0/0","egress":false,"ruleAction":"allow"}`)),
		updated("AWS::EC2::SecurityGroup", "internal", at, added("/configuration/ipPermissions/0/ipv4Ranges/0", `{"cidrIp":"10.0.0.0/8"}`)),
		updated("AWS::S3::Bucket", "switched off", at, replaced("/supplementaryConfiguration/PublicAccessBlockConfiguration/blockPublicAcls", "true", "false")),
		updated("AWS::S3::Bucket", "switched on", at, replaced("/supplementaryConfiguration/PublicAccessBlockConfiguration/blockPublicAcls", "false", "true")),
		updated("AWS::S3::Bucket", "taken away", at, configtrail.Edit{Path: "/supplementaryConfiguration/PublicAccessBlockConfiguration", Op: configtrail.OpRemove,
			Old: json.RawMessage(`{"blockPublicAcls":true,"blockPublicPolicy":true}`)}),
		account,
	} {
		r.add(c)
	}
	want := []string{"allow", "account", "switched off", "taken away", "internal", "switched on", "deny", "made to deny"}
	if diff := cmp.Diff(want, ids(r.best())); diff != "" {
		t.Error(diff)
	}
}

func TestAMonthWithoutDeliveriesIsOneSentence(t *testing.T) {
	f := ordinaryMonth(t)
	still(f)
	f.Last = tokyo(t, "2024-10-20 07:30")
	for n := range 20 {
		place := history.PlaceTime{Account: prod, Region: fmt.Sprint("r", n), Time: f.Last}
		f.Overdue, f.NoRhythm = append(f.Overdue, place), n
		f.Gaps = append(f.Gaps, configtrail.Gap{Account: prod, Region: place.Region, Reason: configtrail.GapNoDelivery, From: f.Last})
	}
	for lang, want := range map[message.Lang]string{
		message.English:  "No delivery reaches into November 2024, so nothing can be said about it: the deliveries span 2024-03-01 01:00 to 2024-10-20 07:30. If there are others, add them with configtrail ingest SOURCE.",
		message.Japanese: "2024年11月の配信データがないため、この月については何も言えません。手元の配信データは2024-03-01 01:00から2024-10-20 07:30までのものです。この月の分があれば、configtrail ingest SOURCE で取り込んでください。",
	} {
		d := write(teller{printer(t, lang), f}, "1.0.0")
		if !slices.Equal(d.Lead, []string{want}) || len(d.Sections) != 1 || len(d.Sections[0].Bullets) != 0 {
			t.Errorf("said:\n%s", d.prose())
		}
		f.Gaps = append(f.Gaps, configtrail.Gap{Account: prod, Region: "r1", Reason: configtrail.GapArchived})
		if d := write(teller{printer(t, lang), f}, "1.0.0"); len(d.Sections[0].Bullets) != 1 {
			t.Errorf("an archive that hides deliveries is not told:\n%s", d.prose())
		}
		f.Gaps = f.Gaps[:20]
	}
}

func TestAccountsStandWithNameAndID(t *testing.T) {
	f := ordinaryMonth(t)
	f.Names["999900001111"], f.Names["999900002222"] = "twin", "twin"
	f.Filters.Accounts = []string{prod, "dev", sandbox, "twin"}
	for lang, want := range map[message.Lang]string{
		message.English:  "This report covers only account prod (111122223333), dev (444455556666), 777788889999, twin.",
		message.Japanese: "このレポートの対象を絞り込んでいます：アカウント prod (111122223333)、dev (444455556666)、777788889999、twin",
	} {
		if got := (teller{printer(t, lang), f}).filtered(); strings.Join(got, "") != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestBracketsAreNotNested(t *testing.T) {
	for lang, want := range map[message.Lang]string{
		message.English: "Made at 2024-12-05 09:00 by configtrail (devel)", message.Japanese: "作成：2024-12-05 09:00、configtrail (devel)",
	} {
		if got := write(teller{printer(t, lang), ordinaryMonth(t)}, "(devel)").Subtitle; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
