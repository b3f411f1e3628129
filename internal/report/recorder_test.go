package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/message"
)

func TestRecordingThatWasStoppedIsSaid(t *testing.T) {
	stop := updated(recorderType, "default", tokyo(t, "2024-11-07 00:30"), replaced("/configuration/recording", "true", "false"))
	start := updated(recorderType, "default", tokyo(t, "2024-11-09 10:00"), replaced("/configuration/Recording", "false", "true"))
	other := updated(recorderType, "default", tokyo(t, "2024-11-08 00:00"), replaced("/configuration/recordingGroup/allSupported", "true", "false"))
	elsewhere := start
	elsewhere.Key.Region = "us-east-1"
	gap := configtrail.Gap{Account: prod, Region: "ap-northeast-1", Reason: configtrail.GapNoDelivery, From: tokyo(t, "2024-11-07 01:00"), To: tokyo(t, "2024-11-09 11:00")}
	before := gap
	before.From, before.To = tokyo(t, "2024-11-02 01:00"), tokyo(t, "2024-11-04 01:00")
	abroad := gap
	abroad.Region = "us-east-1"
	for _, c := range []struct {
		name    string
		changes []configtrail.Change
		gaps    []configtrail.Gap
		en, ja  []string
	}{
		{"for good", []configtrail.Change{stop}, []configtrail.Gap{before, abroad},
			[]string{"AWS Config recording was stopped in prod (111122223333) ap-northeast-1 on 7 November. Changes after that are not recorded until it is started again."},
			[]string{"prod (111122223333) ap-northeast-1：11月7日にAWS Configの記録が停止されました。再開されるまで、変更は記録されません。"}},
		{"for two days", []configtrail.Change{stop, other, start}, []configtrail.Gap{before, abroad, gap},
			[]string{"AWS Config recording was stopped in prod (111122223333) ap-northeast-1 on 7 November and started again on 9 November. It explains the gap from 2024-11-07 01:00 to 2024-11-09 11:00, in which nothing was delivered.",
				"prod (111122223333) ap-northeast-1: the configuration recorder was changed on 8 November. What is recorded may differ since then."},
			[]string{"prod (111122223333) ap-northeast-1：11月7日にAWS Configの記録が停止され、11月9日に再開されました。2024-11-07 01:00から2024-11-09 11:00まで配信がないのは、このためです。",
				"prod (111122223333) ap-northeast-1：11月8日に設定レコーダーが変更されました。それ以降、記録される範囲が変わっている可能性があります。"}},
		{"and started elsewhere", []configtrail.Change{stop, elsewhere}, nil,
			[]string{"AWS Config recording was stopped in prod (111122223333) ap-northeast-1 on 7 November. Changes after that are not recorded until it is started again.",
				"AWS Config recording was started in prod (111122223333) us-east-1 on 9 November. Changes before that may not be recorded."},
			[]string{"prod (111122223333) ap-northeast-1：11月7日にAWS Configの記録が停止されました。再開されるまで、変更は記録されません。",
				"prod (111122223333) us-east-1：11月9日にAWS Configの記録が開始されました。それより前の変更は記録されていない可能性があります。"}},
	} {
		for lang, want := range map[message.Lang][]string{message.English: c.en, message.Japanese: c.ja} {
			f := ordinaryMonth(t)
			f.Recorder, f.Gaps = c.changes, c.gaps
			if got := (teller{printer(t, lang), f}).recorders(); !slices.Equal(got, want) {
				t.Errorf("%s: got\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
}

func TestManyStopsAreCounted(t *testing.T) {
	f := ordinaryMonth(t)
	for _, region := range []string{"r1", "r2", "r3", "r4", "r5"} {
		c := updated(recorderType, "default", tokyo(t, "2024-11-07 00:30"), replaced("/configuration/recording", "true", "false"))
		c.Key.Region = region
		f.Recorder = append(f.Recorder, c)
	}
	for lang, want := range map[message.Lang]string{message.English: "Recording was stopped 2 more times.", message.Japanese: "記録の停止は、ほかにも2件あります。"} {
		if got := (teller{printer(t, lang), f}).recorders(); len(got) != 4 || got[3] != want {
			t.Errorf("said %q", got)
		}
	}
}

func TestRecordingThatWasStoppedComesFirst(t *testing.T) {
	var r ranking
	at := tokyo(t, "2024-11-05 14:05")
	for n := range 20 {
		r.add(updated("AWS::EC2::SecurityGroup", string(rune('a'+n)), at, added("/configuration/ipPermissions/0", `{"cidrIp":"0.0.0.0/0"}`)))
	}
	r.add(updated(recorderType, "default", at.Add(time.Hour), replaced("/configuration/recording", "true", "false")))
	if got := ids(r.best()); got[0] != "default" {
		t.Errorf("named %v", got)
	}
}
