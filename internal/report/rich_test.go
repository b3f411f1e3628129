package report

import (
	"encoding/json"
	"testing"

	"configtrail"
	"configtrail/internal/history"
)

// richMonth is November 2024 of an organisation in which nearly everything
// happened that a report tells of.
func richMonth(t testing.TB) *facts {
	t.Helper()
	const audit = "123412341234"
	f := ordinaryMonth(t)
	f.Names = map[string]string{prod: "本番", dev: "dev", audit: "audit"}
	f.Totals = history.Totals{Changes: 1284, Noise: 5120, Created: 142, Updated: 980, Deleted: 158, Recreated: 4, Resources: 701, Accounts: 4}
	f.Previous = &history.Totals{Changes: 402, Noise: 4980, Created: 60, Updated: 310, Deleted: 31, Recreated: 1, Resources: 240, Accounts: 3}
	f.Noise = map[configtrail.Noise]int64{
		configtrail.NoiseCompliance: 4000, configtrail.NoiseInventory: 800, configtrail.NoiseCounter: 250,
		configtrail.NoiseMirroredRelationship: 69, configtrail.NoiseServiceTimestamp: 1,
	}
	f.Account = []Count{{Key: prod, Name: "本番", Changes: 1011}, {Key: dev, Name: "dev", Changes: 180}, {Key: sandbox, Changes: 72}, {Key: audit, Name: "audit", Changes: 21}}
	f.Region = []Count{{Key: "ap-northeast-1", Changes: 1090}, {Key: "us-east-1", Changes: 120}, {Key: "global", Changes: 74}}
	f.Type = []Count{
		{Key: "AWS::EC2::Instance", Changes: 420}, {Key: "AWS::EC2::SecurityGroup", Changes: 300}, {Key: "AWS::Lambda::Function", Changes: 180},
		{Key: "AWS::IAM::Role", Changes: 110}, {Key: "AWS::S3::Bucket", Changes: 90}, {Key: "AWS::AutoScaling::AutoScalingGroup", Changes: 60},
		{Key: "AWS::CloudFormation::Stack", Changes: 50}, {Key: "AWS::SQS::Queue", Changes: 40}, {Key: "AWS::RDS::DBInstance", Changes: 24},
		{Key: "AWS::KMS::Key", Changes: 8}, {Key: "AWS::Config::ConfigurationRecorder", Changes: 2},
	}
	for i, n := range []int64{
		31, 4, 2, 40, 340, 45, 52, 38, 3, 1, 41, 0, 0, 60, 66, 5, 2, 44, 61, 39, 52, 47, 6, 0, 58, 70, 63, 49, 62, 3,
	} {
		f.Day[i].Changes = n
	}
	for i, n := range []int64{402, 380, 415, 371} {
		f.Earlier[i].Changes = n
		f.Earlier[i].Account = map[string]int64{prod: n / 2, dev: n / 3, "900090009000": 15}
		f.Earlier[i].Region = map[string]int64{"ap-northeast-1": n - 60, "global": 60}
		f.Earlier[i].Type = map[string]int64{
			"AWS::EC2::Instance": 100, "AWS::EC2::SecurityGroup": 90, "AWS::Lambda::Function": 120, "AWS::IAM::Role": 60, "AWS::S3::Bucket": n - 371,
		}
	}
	f.Deletions = deletions{Day: "2024-11-05", N: 124, Usual: 1, Type: "AWS::EC2::Instance", Account: prod, Largest: 96}

	f.Crowd = crowd{Days: []string{"2024-11-05"}, N: 340, Usual: 40, Common: trait{path: "/tags/AuditFinding"}, Sharing: 123}

	f.Main = richChanges(t)
	f.Recreated = recreated{4, f.Main[2:3]}
	f.Recorder = []configtrail.Change{f.Main[1]}

	f.First, f.Last, f.CompleteUntil = tokyo(t, "2024-03-01 01:00"), tokyo(t, "2024-12-05 07:00"), tokyo(t, "2024-11-28 03:00")
	f.Complete = []history.PlaceTime{
		{Account: prod, Region: "ap-northeast-1", Time: tokyo(t, "2024-12-05 01:00")},
		{Account: dev, Region: "us-east-1", Time: tokyo(t, "2024-11-28 03:00")},
	}
	f.Overdue = []history.PlaceTime{{Account: dev, Region: "us-east-1", Time: tokyo(t, "2024-11-28 03:00")}}
	f.Joined = []history.PlaceTime{{Account: audit, Time: tokyo(t, "2024-11-18 09:30")}}
	f.NoRhythm = 1
	f.Gaps = []configtrail.Gap{
		{Account: sandbox, Region: "ap-northeast-1", Types: []string{"AWS::SQS::Queue"}, From: tokyo(t, "2024-10-21 12:00"), Reason: configtrail.GapExcluded},
		{Account: prod, Region: "us-east-1", Types: []string{}, From: tokyo(t, "2024-11-11 11:00"), To: tokyo(t, "2024-11-13 11:00"), Reason: configtrail.GapNoDelivery},
		{Account: prod, Region: "global", Types: []string{"AWS::IAM::Group", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User", "AWS::KMS::Alias"}, From: tokyo(t, "2024-03-01 01:00"), To: tokyo(t, "2024-11-08 14:00"), Reason: configtrail.GapScope},
		{Account: dev, Region: "us-east-1", Types: []string{"AWS::Lambda::Function"}, From: tokyo(t, "2024-11-20 09:00"), To: tokyo(t, "2024-11-20 15:00"), Reason: configtrail.GapQuarantined},
	}
	f.Quarantine = quarantine{Parts: 12, Objects: 3, Codes: []Count{{Key: configtrail.CodeBadItem, Changes: 10}, {Key: configtrail.CodeEmpty, Changes: 1}, {Key: configtrail.CodeTruncated, Changes: 1}}}
	f.Findings = richFindings(f.Main)
	money := 0.00006
	f.Cost = configtrail.Cost{Bytes: 12_345_678, USD: &money}
	return f
}

// richFindings are one of each severity, of rules and of counts.
func richFindings(changes []configtrail.Change) []configtrail.Finding {
	finding := func(detector, severity string, score int, summary string, c configtrail.Change, evidence ...string) configtrail.Finding {
		return configtrail.Finding{
			Detector: detector, Severity: severity, Score: score, Time: c.Time, Resource: c.Key, Summary: summary, Evidence: append([]string{c.ID()}, evidence...)}
	}
	open := finding("rule.1", "critical", 95, "SSH (22) is open to the world on “web”", changes[0])
	open.Sets = []string{"CIS 5.3", "INCOMING_SSH_DISABLED"}
	again := finding("rule.1", "high", 85, "RDP (3389) is open to the world on “web”", changes[0])
	wave := finding("delete-wave", "high", 70, "124 deletions within an hour", changes[2], "c_aaaaaaaaaaaaaaaa", "c_bbbbbbbbbbbbbbbb", "c_cccccccccccccccc", "c_dddddddddddddddd")
	burst := finding("burst", "medium", 50, "420 changes of EC2 Instance on one day", changes[4])
	burst.Resource.ID = ""
	return []configtrail.Finding{open, again, wave, burst, finding("rule.26", "low", 10, "a role got PowerUserAccess attached", changes[3])}
}

func richChanges(t testing.TB) []configtrail.Change {
	t.Helper()
	open := updated("AWS::EC2::SecurityGroup", "sg-0a1b2c3d4e5f", tokyo(t, "2024-11-05 14:05"),
		added("/configuration/ipPermissions/2", `{"fromPort":22,"ipProtocol":"tcp","ipv4Ranges":[{"cidrIp":"0.0.0.0/0"}],"toPort":22}`))
	open.Name = "web"
	recorder := updated(recorderType, "default", tokyo(t, "2024-11-07 00:30"),
		replaced("/configuration/recordingGroup/allSupported", "false", "true"), replaced("/configuration/recordingGroup/includeGlobalResourceTypes", "false", "true"),
		replaced("/configuration/recordingMode/recordingFrequency", `"DAILY"`, `"CONTINUOUS"`))
	bucket := updated("AWS::S3::Bucket", "invoices-本番", tokyo(t, "2024-11-19 10:00"))
	bucket.Kind = configtrail.Deleted
	role := updated("AWS::IAM::Role", "AROAEXAMPLE", tokyo(t, "2024-11-20 18:45"))
	role.Key.Region, role.Name, role.Kind = configtrail.Global, "deploy", configtrail.Created
	instance := updated("AWS::EC2::Instance", "i-0123456789abcdef0", tokyo(t, "2024-11-21 09:12"),
		configtrail.Edit{Path: "/tags/Owner", Op: configtrail.OpRemove, Old: json.RawMessage(`"payments"`)})
	instance.Key.Account, instance.Tags = sandbox, map[string]string{"Name": "踏み台サーバー"}
	return []configtrail.Change{open, recorder, bucket, role, instance}
}
