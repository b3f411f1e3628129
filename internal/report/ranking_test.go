package report

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
)

func ids(changes []configtrail.Change) []string {
	var all []string
	for _, c := range changes {
		all = append(all, c.Key.ID)
	}
	return all
}

func TestWhatLetsEveryoneInComesFirst(t *testing.T) {
	at := tokyo(t, "2024-11-05 14:05")
	var r ranking
	for _, c := range []configtrail.Change{
		updated("AWS::IAM::Role", "tags", at, added("/tags/Owner", `"*"`)),
		updated("AWS::Lambda::Function", "memory", at, replaced("/configuration/memorySize", "128", "256")),
		updated("AWS::IAM::Role", "policy", at, replaced("/configuration/rolePolicyList/0/policyDocument/Statement/0/Action", `"s3:*"`, `"s3:Get*"`)),
		updated("AWS::EC2::SecurityGroup", "egress", at, added("/configuration/ipPermissionsEgress/0/ipv4Ranges/0", `{"cidrIp":"0.0.0.0/0"}`)),
		updated("AWS::SQS::Queue", "queue", at, replaced("/configuration/Policy/Statement/0/Principal/AWS", `"arn:aws:iam::111122223333:root"`, `"*"`)),
		updated("AWS::EC2::SecurityGroup", "open", at, added("/configuration/ipPermissions/0/ipv4Ranges/0", `{"cidrIp":"0.0.0.0/0"}`)),
		updated("AWS::EC2::SecurityGroup", "open before", at, replaced("/configuration/ipPermissions/0", `{"toPort":22,"ipv4Ranges":[{"cidrIp":"0.0.0.0/0"}]}`, `{"toPort":80,"ipv4Ranges":[{"cidrIp":"0.0.0.0/0"}]}`)),
		updated("AWS::EC2::SecurityGroup", "10.0.0.0", at, added("/configuration/ipPermissions/0/ipv4Ranges/0", `{"cidrIp":"10.0.0.0/8"}`)),
	} {
		r.add(c)
	}
	want := []string{
		"open", "queue", // 275 and 230
		"10.0.0.0", "egress", "open before", // 115 each, in the order of their keys
		"policy", // 110
		"memory", // 45
		"tags",   // 20
	}
	if diff := cmp.Diff(want, ids(r.best())); diff != "" {
		t.Error(diff)
	}
}

func TestKindsWeigh(t *testing.T) {
	c := configtrail.Change{Key: configtrail.ResourceKey{Type: "AWS::KMS::Key"}}
	points := map[configtrail.Kind]int{}
	for _, kind := range configtrail.Kinds {
		c.Kind = kind
		points[kind] = score(c)
	}
	want := map[configtrail.Kind]int{configtrail.Created: 80, configtrail.Updated: 70, configtrail.Deleted: 95, configtrail.Recreated: 90}
	if diff := cmp.Diff(want, points); diff != "" {
		t.Error(diff)
	}
}

func TestOneResourceDoesNotFillTheList(t *testing.T) {
	at := tokyo(t, "2024-11-05 14:05")
	var r ranking
	for n := range 1000 {
		r.add(updated("AWS::CloudTrail::Trail", "flapping", at.Add(time.Duration(n)*time.Minute), replaced("/configuration/isLogging", "true", "false")))
	}
	r.add(updated("AWS::SQS::Queue", "quiet", at, replaced("/configuration/DelaySeconds", "0", "5")))
	if diff := cmp.Diff([]string{"flapping", "flapping", "quiet"}, ids(r.best())); diff != "" {
		t.Error(diff)
	}
}

func TestOneDeploymentDoesNotFillTheList(t *testing.T) {
	at := tokyo(t, "2024-11-05 14:05")
	var r ranking
	for n := range 300 {
		c := updated("AWS::IAM::Role", fmt.Sprintf("role-%03d", n), at.Add(time.Duration(n)*time.Second))
		c.Kind = configtrail.Created
		r.add(c)
	}
	for n := range 3 {
		r.add(updated("AWS::SQS::Queue", fmt.Sprintf("queue-%d", n), at, replaced("/configuration/DelaySeconds", "0", "5")))
	}
	want := []string{
		"role-000", "role-001", "role-002", "role-003", "role-004", "role-005", "role-006", "role-007", "role-008",
		"queue-0", "queue-1", "queue-2",
	}
	if diff := cmp.Diff(want, ids(r.best())); diff != "" {
		t.Error(diff)
	}
}

func TestOpeningsAreAllNamed(t *testing.T) {
	at := tokyo(t, "2024-11-05 14:05")
	var r ranking
	for n := range 9 {
		r.add(updated("AWS::EC2::SecurityGroup", fmt.Sprintf("sg-%d", n), at, added("/configuration/ipPermissions/0/ipv4Ranges/0", `{"cidrIp":"0.0.0.0/0"}`)))
		role := updated("AWS::IAM::Role", fmt.Sprintf("role-%d", n), at)
		role.Kind = configtrail.Deleted
		r.add(role)
	}
	named := ids(r.best())
	if len(named) != 12 || named[8] != "sg-8" || named[9] != "role-0" {
		t.Errorf("named %v", named)
	}
}

func TestTheOrderOfTheStreamDoesNotMatter(t *testing.T) {
	at := tokyo(t, "2024-11-05 14:05")
	var all []configtrail.Change
	for n := range 500 {
		all = append(all, updated([]string{"AWS::IAM::Role", "AWS::SQS::Queue", "AWS::S3::Bucket"}[n%3], fmt.Sprint(n%40), at.Add(time.Duration(n)*time.Second),
			replaced([]string{"/configuration/a", "/configuration/policy"}[n%2], "1", "2")))
	}
	var forward, backward ranking
	for i := range all {
		forward.add(all[i])
		backward.add(all[len(all)-1-i])
	}
	if diff := cmp.Diff(forward.best(), backward.best()); diff != "" {
		t.Error(diff)
	}
}

func TestEveryone(t *testing.T) {
	for _, c := range []struct {
		path, value string
		want        bool
	}{
		{"/configuration/ipPermissions/0/ipRanges/0", `"0.0.0.0/0"`, true},
		{"/configuration/ipPermissions/0/ipv6Ranges/0", `{"cidrIpv6":"::/0"}`, true},
		{"/configuration/ipPermissions/0/ipRanges/0", `"10.0.0.0/0"`, false},
		{"/supplementaryConfiguration/BucketPolicy/policyText/Statement/0", `{"Effect":"Allow","Principal":"*"}`, true},
		{"/supplementaryConfiguration/AccessControlList/grantSet/1", `{"grantee":"AllUsers","permission":"Read"}`, true},
		{"/configuration/Policy/Statement/0/Principal", `"*"`, true},
		{"/configuration/Policy/Statement/0/Action", `"*"`, true},
		{"/configuration/filter", `"*"`, false},
		{"/configuration/routes/2", `{"destinationCidrBlock":"0.0.0.0/0","natGatewayId":"nat-1"}`, false},
		{"/configuration/Policy/Statement/1", `{"Action":"s3:*","Effect":"Deny","Principal":"*"}`, false},
		{"/configuration/entries/1", `{"cidrBlock":"0.0.0.0/0","egress":false,"ruleAction":"allow"}`, true},
		{"/configuration/entries/1", `{"cidrBlock":"0.0.0.0/0","egress":false,"ruleAction":"deny"}`, false},
		{"/configuration/entries/1", `{"cidrBlock":"0.0.0.0/0","egress":true,"ruleAction":"allow"}`, false},
	} {
		if got := opens(configtrail.Edit{Path: c.path, New: json.RawMessage(c.value)}); got != c.want {
			t.Errorf("%s %s: %v", c.path, c.value, got)
		}
	}
}
