package analyst

import (
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/message"
)

var tokyo = time.FixedZone("Asia/Tokyo", 9*60*60)

// november is a brief written by hand: a month with more changes than the one
// before, two grave findings, and a gap.
func november() configtrail.Brief {
	at := func(day, hour, minute int) time.Time { return time.Date(2024, 11, day, hour, minute, 0, 0, tokyo) }
	group := []string{"AWS::EC2::SecurityGroup"}
	bucket := []string{"AWS::S3::Bucket"}
	here := []string{"ap-northeast-1"}
	return configtrail.Brief{
		Month: configtrail.Month{Year: 2024, Month: time.November}, Zone: tokyo,
		Names: map[string]string{
			"acct_1": "本番 (111122223333)", "acct_2": "検証 (444455556666)", "acct_3": "777788889999",
			"res_1": "sg-0a1b2c3d", "res_2": "invoices-2024", "res_3": "deploy-role", "actor_1": "taro.yamada",
		},
		Lines: []configtrail.BriefLine{
			{Ref: "b1", About: configtrail.AboutTotal, What: "changes", Unit: configtrail.UnitChanges, N: 1200, Trend: configtrail.Up},
			{Ref: "b2", About: configtrail.AboutTotal, What: "created", Unit: configtrail.UnitChanges, N: 300, Trend: configtrail.Up},
			{Ref: "b3", About: configtrail.AboutTotal, What: "updated", Unit: configtrail.UnitChanges, N: 800, Trend: configtrail.Up},
			{Ref: "b4", About: configtrail.AboutTotal, What: "deleted", Unit: configtrail.UnitChanges, N: 100, Trend: configtrail.Down},
			{Ref: "b5", About: configtrail.AboutTotal, What: "recreated", Unit: configtrail.UnitChanges, N: 0, Trend: configtrail.Level},
			{Ref: "b6", About: configtrail.AboutTotal, What: "resources", Unit: configtrail.UnitResources, N: 450},
			{Ref: "b7", About: configtrail.AboutTotal, What: "accounts", Unit: configtrail.UnitAccounts, N: 3},
			{Ref: "b8", About: configtrail.AboutTotal, What: "noise", Unit: configtrail.UnitChanges, N: 5000},
			{Ref: "b9", About: configtrail.AboutMonthBefore, What: "changes", Unit: configtrail.UnitChanges, N: 970},
			{Ref: "b10", About: configtrail.AboutDifference, What: "changes", Unit: configtrail.UnitChanges, N: 230, Trend: configtrail.Up},
			{Ref: "b11", About: configtrail.AboutGroup, What: "account", Aliases: []string{"acct_1"}, Unit: configtrail.UnitChanges, N: 700, Trend: configtrail.Up},
			{Ref: "b12", About: configtrail.AboutGroup, What: "account", Aliases: []string{"acct_2"}, Unit: configtrail.UnitChanges, N: 500, Trend: configtrail.Down},
			{Ref: "b13", About: configtrail.AboutGroup, What: "type", Types: group, Unit: configtrail.UnitChanges, N: 240, Trend: configtrail.Up},
			{Ref: "b14", About: configtrail.AboutGroup, What: "type", Types: bucket, Unit: configtrail.UnitChanges, N: 90},
			{Ref: "b15", About: configtrail.AboutGroup, What: "region", Regions: here, Unit: configtrail.UnitChanges, N: 1000},
			{Ref: "b16", About: configtrail.AboutFinding, What: "rule.1", Severity: "critical", Aliases: []string{"res_1", "acct_1"},
				Types: group, Regions: here, Sets: []string{"CIS 5.3"}, Unit: configtrail.UnitTime, Time: at(5, 14, 2)},
			{Ref: "b17", About: configtrail.AboutFinding, What: "rule.12", Severity: "high", Aliases: []string{"res_2", "acct_2"},
				Types: bucket, Regions: here, Unit: configtrail.UnitTime, Time: at(12, 9, 30)},
			{Ref: "b18", About: configtrail.AboutFinding, What: "burst", Severity: "medium", Aliases: []string{"acct_1"},
				Types: group, Regions: here, Unit: configtrail.UnitTime, Time: at(20, 3, 0), Trend: configtrail.Up},
			{Ref: "b19", About: configtrail.AboutEvidence, What: "burst", Aliases: []string{"acct_1"},
				Types: group, Regions: here, Unit: configtrail.UnitChanges, N: 120, Trend: configtrail.Up},
			{Ref: "b20", About: configtrail.AboutChange, What: "deleted", Aliases: []string{"res_3", "acct_2", "actor_1"},
				Types: []string{"AWS::IAM::Role"}, Regions: []string{"global"}, Unit: configtrail.UnitTime, Time: at(21, 18, 45)},
			{Ref: "b21", About: configtrail.AboutGap, What: "no_delivery", Aliases: []string{"acct_2"}, Regions: here, Unit: configtrail.UnitTime, Time: at(25, 0, 0)},
			{Ref: "b22", About: configtrail.AboutCoverage, What: "no_trail", Unit: configtrail.UnitNone},
		},
	}
}

func checkerOf(t testing.TB, lang message.Lang) *checker {
	t.Helper()
	return newChecker(november(), printer(t, lang))
}

func printer(t testing.TB, lang message.Lang) message.Printer {
	t.Helper()
	p, err := message.New(string(lang))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sentenceViolations is what is wrong with one sentence, apart from what the
// whole text lacks.
func sentenceViolations(c *checker, text string) []Violation {
	var all []Violation
	for _, v := range c.violations(text) {
		if v.Rule != "missing" && v.Rule != "length" && v.Rule != "language" {
			all = append(all, v)
		}
	}
	return all
}
