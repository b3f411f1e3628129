package delivery_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/delivery"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestParseKey(t *testing.T) {
	const (
		history  = "111122223333_Config_us-east-1_ConfigHistory_AWS::EC2::Instance_20241105T010203Z_20241105T070203Z_1.json.gz"
		snapshot = "111122223333_Config_us-east-1_ConfigSnapshot_20241105T010203Z_0f1d63cc-aee4-48b8-82ab-4f38087be14e.json.gz"
		trail    = "111122223333_CloudTrail_us-east-1_20241105T0105Z_s7dpHbl38neqZbm2.json.gz"
	)
	day := at("2024-11-05T00:00:00Z")
	written := at("2024-11-05T07:02:03Z")
	ofHistory := delivery.Key{
		Kind: configtrail.KindHistory, Account: "111122223333", Region: "us-east-1", Type: "AWS::EC2::Instance",
		Day: day, WrittenAt: written, Foldered: true,
	}
	ofSnapshot := delivery.Key{
		Kind: configtrail.KindSnapshot, Account: "111122223333", Region: "us-east-1",
		Day: day, WrittenAt: at("2024-11-05T01:02:03Z"), Foldered: true,
	}
	ofTrail := delivery.Key{
		Kind: configtrail.KindCloudTrail, Account: "111122223333", Region: "us-east-1",
		Day: day, WrittenAt: at("2024-11-05T01:05:00Z"), Foldered: true,
	}
	loose := func(key delivery.Key, day time.Time) delivery.Key {
		key.Foldered, key.Day = false, day
		return key
	}
	other := func(change func(*delivery.Key), key delivery.Key) delivery.Key {
		change(&key)
		return key
	}
	none := time.Time{}

	for key, want := range map[string]delivery.Key{
		"AWSLogs/111122223333/Config/us-east-1/2024/11/5/ConfigHistory/" + history:                                ofHistory,
		"AWSLogs/111122223333/Config/us-east-1/2024/11/05/ConfigHistory/" + history:                               ofHistory,
		"AWSLogs/o-9k5pprm6te/111122223333/Config/us-east-1/2024/11/5/ConfigHistory/" + history:                   ofHistory,
		"o-9k5pprm6te/AWSLogs/111122223333/Config/us-east-1/2024/11/5/ConfigHistory/" + history:                   ofHistory,
		"a/b/c/AWSLogs/111122223333/Config/us-east-1/2024/11/5/ConfigHistory/" + history:                          ofHistory,
		"AWSLogs/AWSLogs/999988887777/x/AWSLogs/111122223333/Config/us-east-1/2024/11/5/ConfigHistory/" + history: ofHistory,
		"999988887777/Config/AWSLogs/111122223333/Config/us-east-1/2024/11/5/ConfigHistory/" + history:            ofHistory,
		"111122223333/Config/us-east-1/2024/11/5/ConfigHistory/" + history:                                        ofHistory,
		"us-east-1/2024/11/5/ConfigHistory/" + history:                                                            loose(ofHistory, day),
		"11/5/ConfigHistory/" + history:                                                                           loose(ofHistory, none),
		"./copy/" + history:                                                                                       loose(ofHistory, none),
		history:                                                                                                   loose(ofHistory, none),
		"AWSLogs/111122223333/Config/us-east-1/2024/11/5/ConfigSnapshot/" + snapshot:                              ofSnapshot,
		snapshot: loose(ofSnapshot, none),

		// The folder's account and region win over those of the file name.
		"AWSLogs/444455556666/Config/eu-west-1/2024/11/5/ConfigHistory/" + history: other(func(k *delivery.Key) {
			k.Account, k.Region = "444455556666", "eu-west-1"
		}, ofHistory),
		// A service's name inside a type means nothing.
		"AWSLogs/111122223333/Config/us-east-1/2024/11/5/ConfigHistory/111122223333_Config_us-east-1_ConfigHistory_AWS::CloudTrail::Trail_20241105T010203Z_20241105T070203Z_1.json.gz": other(func(k *delivery.Key) {
			k.Type = "AWS::CloudTrail::Trail"
		}, ofHistory),
		// A file without a time has only the day of its folder.
		"AWSLogs/111122223333/Config/us-east-1/2024/11/5/ConfigHistory/renamed.json.gz": other(func(k *delivery.Key) {
			k.Type, k.WrittenAt = "", none
		}, ofHistory),
		"AWSLogs/111122223333/Config/us-east-1/2024/13/5/ConfigHistory/" + history: other(func(k *delivery.Key) { k.Day = none }, ofHistory),

		"AWSLogs/111122223333/Config/us-east-1/2016/10/6/OversizedChangeNotification/AWS::EC2::Instance/i-1/111122223333_Config_us-east-1_ChangeNotification_AWS::EC2::Instance_i-1_20161006T164616Z_0.json.gz": {
			Kind: configtrail.KindOversized, Account: "111122223333", Region: "us-east-1", Type: "AWS::EC2::Instance",
			Day: at("2016-10-06T00:00:00Z"), WrittenAt: at("2016-10-06T16:46:16Z"), Foldered: true,
		},
		// A resource id with slashes can't pass for another account's folder.
		"AWSLogs/111122223333/Config/us-east-1/2016/10/6/OversizedChangeNotification/AWS::SSM::Document/x/AWSLogs/999988887777/Config/eu-west-1/2020/1/1/ConfigHistory/x_20161006T164616Z_0.json.gz": {
			Kind: configtrail.KindOversized, Account: "111122223333", Region: "us-east-1", Type: "AWS::SSM::Document",
			Day: at("2016-10-06T00:00:00Z"), WrittenAt: at("2016-10-06T16:46:16Z"), Foldered: true,
		},

		"AWSLogs/111122223333/Config/ConfigWritabilityCheckFile":       {Kind: configtrail.KindWritability, Account: "111122223333", Foldered: true},
		"p/AWSLogs/o-1/111122223333/Config/ConfigWritabilityCheckFile": {Kind: configtrail.KindWritability, Account: "111122223333", Foldered: true},

		"AWSLogs/111122223333/CloudTrail/us-east-1/2024/11/05/" + trail:                           ofTrail,
		"p/AWSLogs/o-9k5pprm6te/111122223333/CloudTrail/us-east-1/2024/11/05/" + trail:            ofTrail,
		"o-9k5pprm6te/AWSLogs/o-9k5pprm6te/111122223333/CloudTrail/us-east-1/2024/11/05/" + trail: ofTrail,
		trail: loose(ofTrail, none),
		"AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2024/11/05/111122223333_CloudTrail-Digest_us-east-1_org_us-east-1_20241105T010203Z.json.gz": {
			Kind: configtrail.KindDigest, Account: "111122223333", Region: "us-east-1", Day: day, WrittenAt: at("2024-11-05T01:02:03Z"), Foldered: true,
		},
		"AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2024/11/05/111122223333_CloudTrail-Insight_us-east-1_20241105T0105Z_x.json.gz": {
			Kind: configtrail.KindDigest, Account: "111122223333", Region: "us-east-1", Day: day, WrittenAt: at("2024-11-05T01:05:00Z"), Foldered: true,
		},

		"": {Kind: configtrail.KindOther},
		"AWSLogs/111122223333/vpcflowlogs/us-east-1/2024/11/05/x.log.gz": {Kind: configtrail.KindOther},
		"notes/items.json": {Kind: configtrail.KindOther},
	} {
		if diff := cmp.Diff(want, delivery.ParseKey(key)); diff != "" {
			t.Errorf("%s\n%s", key, diff)
		}
	}
}

func TestUnescapeKey(t *testing.T) {
	for escaped, want := range map[string]string{
		"a/ConfigHistory/1_AWS%3A%3AEC2%3A%3AInstance_1.json.gz": "a/ConfigHistory/1_AWS::EC2::Instance_1.json.gz",
		"a+b%2Bc": "a b+c",
		"100%":    "100%",
	} {
		if got := delivery.UnescapeKey(escaped); got != want {
			t.Errorf("%s gives %s", escaped, got)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add("AWSLogs/o-1/111122223333/Config/us-east-1/2024/11/5/ConfigHistory/111122223333_Config_us-east-1_ConfigHistory_AWS::EC2::VPC_20241105T010203Z_20241105T070203Z_1.json.gz")
	f.Add("111122223333/Config/ConfigWritabilityCheckFile")
	f.Add("ConfigSnapshot/Z")
	f.Fuzz(func(t *testing.T, key string) {
		got := delivery.ParseKey(key)
		if got.Kind == "" || got.Foldered && !configtrail.IsAccountID(got.Account) {
			t.Errorf("%+v", got)
		}
	})
}
