package diff_test

import (
	"testing"

	"configtrail"
	"configtrail/internal/diff"
)

func TestClassify(t *testing.T) {
	for _, test := range []struct {
		title, resourceType string
		paths               []string
		want                configtrail.Noise
	}{
		{"a counter", "AWS::EC2::Subnet", []string{"/configuration/availableIpAddressCount"}, configtrail.NoiseCounter},
		{"a counter and a mirror: the counter names it", "AWS::EC2::Subnet", []string{"/relationships/3", "/configuration/availableIpAddressCount"}, configtrail.NoiseCounter},
		{"a counter and something else", "AWS::EC2::Subnet", []string{"/configuration/availableIpAddressCount", "/configuration/mapPublicIpOnLaunch"}, configtrail.NoiseNone},
		{"the counter of another type", "AWS::EC2::VPC", []string{"/configuration/availableIpAddressCount"}, configtrail.NoiseNone},
		{"a tag named like a counter", "AWS::EC2::Subnet", []string{"/tags/availableIpAddressCount"}, configtrail.NoiseNone},
		{"counters of an index", "AWS::DynamoDB::Table", []string{"/configuration/globalSecondaryIndexes/0/itemCount", "/configuration/tableSizeBytes"}, configtrail.NoiseCounter},
		{"the capacity of an index", "AWS::DynamoDB::Table", []string{"/configuration/globalSecondaryIndexes/0/provisionedThroughput/readCapacityUnits"}, configtrail.NoiseNone},
		{"only relationships", "AWS::EC2::VPC", []string{"/relationships/0", "/relationships/4"}, configtrail.NoiseMirroredRelationship},
		{"a member whose own groups changed", "AWS::IAM::User", []string{"/configuration/groupList/0", "/relationships/0"}, configtrail.NoiseNone},
		{"a volume was attached, seen from the volume", "AWS::EC2::Volume", []string{"/configuration/attachments/0", "/configuration/state/value", "/relationships/0"}, configtrail.NoiseMirroredRelationship},
		{"a volume was attached, seen from the instance", "AWS::EC2::Instance", []string{"/configuration/blockDeviceMappings/1", "/relationships/0"}, configtrail.NoiseNone},
		{"a volume grew", "AWS::EC2::Volume", []string{"/configuration/size"}, configtrail.NoiseNone},
		{"an instance was replaced in its scaling group", "AWS::AutoScaling::AutoScalingGroup", []string{"/configuration/instances/0", "/configuration/instances/0"}, configtrail.NoiseMirroredRelationship},
		{"a scaling group scaled: its desired capacity may have been set by a person", "AWS::AutoScaling::AutoScalingGroup", []string{"/configuration/desiredCapacity", "/configuration/instances/0"}, configtrail.NoiseNone},
		{"an instance of a scaling group fell ill", "AWS::AutoScaling::AutoScalingGroup", []string{"/configuration/instances/0/healthStatus"}, configtrail.NoiseNone},
		{"a failover", "AWS::RDS::DBCluster", []string{"/configuration/dBClusterMembers/0/isClusterWriter", "/configuration/dBClusterMembers/1/isClusterWriter"}, configtrail.NoiseNone},
		{"a role was used", "AWS::IAM::Role", []string{"/configuration/roleLastUsed"}, configtrail.NoiseServiceTimestamp},
		{"a role was used elsewhere", "AWS::IAM::Role", []string{"/configuration/roleLastUsed/lastUsedDate", "/configuration/roleLastUsed/region"}, configtrail.NoiseServiceTimestamp},
		{"a secret was read", "AWS::SecretsManager::Secret", []string{"/configuration/LastAccessedDate"}, configtrail.NoiseServiceTimestamp},
		{"a secret was rotated", "AWS::SecretsManager::Secret", []string{"/configuration/LastChangedDate", "/configuration/LastRotatedDate"}, configtrail.NoiseNone},
		{"somebody wrote something, though nothing that shows", "AWS::Lambda::Function", []string{"/configuration/lastModified"}, configtrail.NoiseNone},
		{"a time of writing beside a counter", "AWS::SQS::Queue", []string{"/configuration/ApproximateNumberOfMessages", "/configuration/LastModifiedTimestamp"}, configtrail.NoiseCounter},
		{"a time of writing beside a setting", "AWS::SQS::Queue", []string{"/configuration/LastModifiedTimestamp", "/configuration/VisibilityTimeout"}, configtrail.NoiseNone},
		{"an environment variable named like a time of use", "AWS::Lambda::Function", []string{"/configuration/environment/variables/lastUsedDate"}, configtrail.NoiseNone},
		{"an alarm was evaluated", "AWS::CloudWatch::Alarm", []string{"/configuration/stateReason", "/configuration/stateReasonData/startDate", "/configuration/stateUpdatedTimestamp"}, configtrail.NoiseServiceTimestamp},
		{"an alarm flipped", "AWS::CloudWatch::Alarm", []string{"/configuration/stateUpdatedTimestamp", "/configuration/stateValue"}, configtrail.NoiseNone},
		{"a record set came or went", "AWS::Route53::HostedZone", []string{"/configuration/resourceRecordSetCount"}, configtrail.NoiseNone},
		{"any verdict", "AWS::Config::ResourceCompliance", []string{"/configuration/complianceType"}, configtrail.NoiseCompliance},
		{"any inventory", "AWS::SSM::ManagedInstanceInventory", []string{"/tags/Owner"}, configtrail.NoiseInventory},
		{"the whole configuration", "AWS::EC2::Subnet", []string{"/configuration"}, configtrail.NoiseNone},
		{"no edit", "AWS::EC2::Subnet", nil, configtrail.NoiseNone},
	} {
		t.Run(test.title, func(t *testing.T) {
			var edits []configtrail.Edit
			for _, path := range test.paths {
				edits = append(edits, configtrail.Edit{Path: path, Op: configtrail.OpReplace})
			}
			if got := diff.Classify(test.resourceType, edits); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWhollyNoise(t *testing.T) {
	for resourceType, want := range map[string]configtrail.Noise{
		"AWS::Config::ResourceCompliance":        configtrail.NoiseCompliance,
		"AWS::Config::ConformancePackCompliance": configtrail.NoiseCompliance,
		"AWS::SSM::ManagedInstanceInventory":     configtrail.NoiseInventory,
		"AWS::SSM::FileData":                     configtrail.NoiseInventory,
		"AWS::SSM::PatchCompliance":              configtrail.NoiseInventory,
		"AWS::SSM::AssociationCompliance":        configtrail.NoiseInventory,
		"AWS::Config::ConfigurationRecorder":     configtrail.NoiseNone,
		"AWS::SSM::Document":                     configtrail.NoiseNone,
		"":                                       configtrail.NoiseNone,
	} {
		if got := diff.WhollyNoise(resourceType); got != want {
			t.Errorf("%s: got %q, want %q", resourceType, got, want)
		}
	}
}
