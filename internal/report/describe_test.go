package report

import (
	"encoding/json"
	"strings"
	"testing"

	"configtrail"
	"configtrail/internal/message"
)

func TestAChangeIsOneLine(t *testing.T) {
	at := tokyo(t, "2024-11-05 14:05")
	group := updated("AWS::EC2::SecurityGroup", "sg-0a1b", at,
		replaced("/configuration/description", `"old"`, `"new"`),
		added("/configuration/ipPermissions/0/ipv4Ranges/2", `{"cidrIp":"0.0.0.0/0"}`),
		configtrail.Edit{Path: "/tags/Cost~1Center", Op: configtrail.OpRemove, Old: json.RawMessage(`"1234"`)})
	group.Name = "web"
	ticket := updated("AWS::EC2::SecurityGroup", "sg-1", at, added("/configuration/tags/1", `{"key":"Ticket","value":"1"}`),
		replaced("/configuration/description", `"old"`, `"new"`), added("/tags/Ticket", `"1"`))
	tagged := updated("AWS::EC2::SecurityGroup", "sg-0a1b", at, configtrail.Edit{Path: "/tags/2024", Op: configtrail.OpRemove, Old: json.RawMessage(`"x"`)})
	tagged.Tags = map[string]string{"Name": "名前"}
	tagged.Key.Account = sandbox
	legacy := updated("AWS::EC2::SecurityGroup", "sg-2", at,
		added("/configuration/ipPermissions/0/ipRanges/1", `"0.0.0.0/0"`), added("/configuration/ipPermissions/0/ipv4Ranges/1", `{"cidrIp":"0.0.0.0/0"}`),
		added("/configuration/ipPermissions/0/ipRanges/2", `"10.0.0.0/8"`))
	kinds := map[configtrail.Kind]configtrail.Change{}
	for _, kind := range configtrail.Kinds {
		c := updated("AWS::S3::Bucket", "invoices", at)
		c.Kind = kind
		kinds[kind] = c
	}
	again := kinds[configtrail.Recreated]
	again.Edits = []configtrail.Edit{replaced("/supplementaryConfiguration/BucketPolicy/policyText/Statement/0/Principal/AWS/1", `"a"`, `null`)}
	for _, c := range []struct {
		change configtrail.Change
		en, ja string
	}{
		{group,
			`11-05 14:05 EC2 SecurityGroup “web” in prod (111122223333) ap-northeast-1: added ipPermissions.ipv4Ranges (cidrIp=0.0.0.0/0); description from old to new; 1 more edit`,
			`11-05 14:05 prod (111122223333) ap-northeast-1 の EC2 SecurityGroup「web」：ipPermissions.ipv4Ranges を追加（cidrIp=0.0.0.0/0）、description を old から new に変更、ほか1か所`},
		{ticket,
			"11-05 14:05 EC2 SecurityGroup “sg-1” in prod (111122223333) ap-northeast-1: description from old to new; 2 more edits",
			"11-05 14:05 prod (111122223333) ap-northeast-1 の EC2 SecurityGroup「sg-1」：description を old から new に変更、ほか2か所"},
		{legacy, // 10.0.0.0/8 is said by no other edit
			"11-05 14:05 EC2 SecurityGroup “sg-2” in prod (111122223333) ap-northeast-1: added ipPermissions.ipv4Ranges (cidrIp=0.0.0.0/0); added ipPermissions.ipRanges (10.0.0.0/8)",
			"11-05 14:05 prod (111122223333) ap-northeast-1 の EC2 SecurityGroup「sg-2」：ipPermissions.ipv4Ranges を追加（cidrIp=0.0.0.0/0）、ipPermissions.ipRanges を追加（10.0.0.0/8）"},
		{tagged,
			"11-05 14:05 EC2 SecurityGroup “名前” in 777788889999 ap-northeast-1: removed tags.2024 (x)",
			"11-05 14:05 777788889999 ap-northeast-1 の EC2 SecurityGroup「名前」：tags.2024 を削除（x）"},
		{kinds[configtrail.Created], "11-05 14:05 S3 Bucket “invoices” in prod (111122223333) ap-northeast-1: created", "11-05 14:05 prod (111122223333) ap-northeast-1 の S3 Bucket「invoices」：作成"},
		{kinds[configtrail.Updated], "11-05 14:05 S3 Bucket “invoices” in prod (111122223333) ap-northeast-1: updated", "11-05 14:05 prod (111122223333) ap-northeast-1 の S3 Bucket「invoices」：更新"},
		{kinds[configtrail.Deleted], "11-05 14:05 S3 Bucket “invoices” in prod (111122223333) ap-northeast-1: deleted", "11-05 14:05 prod (111122223333) ap-northeast-1 の S3 Bucket「invoices」：削除"},
		{kinds[configtrail.Recreated], "11-05 14:05 S3 Bucket “invoices” in prod (111122223333) ap-northeast-1: recreated", "11-05 14:05 prod (111122223333) ap-northeast-1 の S3 Bucket「invoices」：再作成"},
		{again,
			"11-05 14:05 S3 Bucket “invoices” in prod (111122223333) ap-northeast-1: recreated; BucketPolicy.….Principal.AWS from a to null",
			"11-05 14:05 prod (111122223333) ap-northeast-1 の S3 Bucket「invoices」：再作成、BucketPolicy.….Principal.AWS を a から null に変更"},
	} {
		for lang, want := range map[message.Lang]string{message.English: c.en, message.Japanese: c.ja} {
			if got := (teller{printer(t, lang), ordinaryMonth(t)}).describe(c.change); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	}
}

func TestShortPath(t *testing.T) {
	for path, want := range map[string]string{
		"/configuration/memorySize":                 "memorySize",
		"/configuration":                            "configuration",
		"/configuration/0":                          "0",
		"/configuration/ipPermissions/-":            "ipPermissions",
		"/configuration/a/b/c":                      "a.b.c",
		"/configuration/a/b/c/d/e":                  "a.….d.e",
		"/configuration/a/12345":                    "a.12345",
		"/relationships/3":                          "relationships",
		"/tags/a~1b~0c":                             "tags.a/b~c",
		"/tags/bad\x1b[2Jkey":                       `tags.bad\x1b[2Jkey`,
		"/configuration/" + strings.Repeat("x", 40): strings.Repeat("x", 29) + "…",
	} {
		if got := shortPath(path); got != want {
			t.Errorf("shortPath(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestShortValue(t *testing.T) {
	for value, want := range map[string]string{
		"":               "null",
		"null":           "null",
		"12":             "12",
		"1.50":           "1.50",
		`""`:             `""`,
		"[]":             "[]",
		`{}`:             "{}",
		`"two\nlines"`:   `two\nlines`,
		`{"a":1}`:        `a=1`,
		`["x","y",null]`: `x y null`,
		`{"fromPort":22,"ipRanges":["10.0.0.0/8","0.0.0.0/0"],"ipv6Ranges":[],"pairs":[{"groupId":"sg-1"}],"open":true}`: "fromPort=22 ipRanges=10.0.0.0/8 ipRanges=0.0.0.0/0 groupId=sg-1 open=true",
		`{"ipProtocol":"tcp","ipRanges":["0.0.0.0/0","10.0.0.0/8"],"ipv4Ranges":[{"cidrIp":"0.0.0.0/0"}]}`:               "ipProtocol=tcp ipRanges=10.0.0.0/8 cidrIp=0.0.0.0/0",
		`{"broken":`:                        `{"broken":`,
		`"` + strings.Repeat("あ", 81) + `"`: strings.Repeat("あ", 79) + "…",
	} {
		if got := shortValue(json.RawMessage(value)); got != want {
			t.Errorf("shortValue(%s) = %q, want %q", value, got, want)
		}
	}
}
