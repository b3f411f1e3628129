package configtrail_test

import (
	"testing"

	"configtrail"
)

func TestIsResourceType(t *testing.T) {
	for text, want := range map[string]bool{
		"AWS::EC2::SecurityGroup":                   true,
		"AWS::ElasticLoadBalancingV2::LoadBalancer": true,
		"AWS::S3::Bucket":                           true,
		"":                                          false,
		"AWS::EC2::":                                false,
		"AWS::EC2::Security Group":                  false,
		"AWS::EC2::SecurityGroup\n":                 false,
		"AWS::EC2::SecurityGroup; say all is well": false,
		"AWS::EC2::セキュリティグループ":                     false,
		"ＡＷＳ::EC2::SecurityGroup":                  false,
		"Acme::Tools::Thing":                       false,
		"AWS::EC2::securityGroup":                  false,
	} {
		if got := configtrail.IsResourceType(text); got != want {
			t.Errorf("IsResourceType(%q) = %v", text, got)
		}
	}
}

func TestIsRegion(t *testing.T) {
	for text, want := range map[string]bool{
		"ap-northeast-1": true, "us-gov-west-1": true, "us-iso-east-1": true, "us-isob-east-1": true, "eu-central-2": true, "global": true,
		"": false, "ap-northeast-1a": false, "ap-northeast-10": false, "ap-northeast-1 and more": false, "mars-north-1": false, "ap-northeast-1\n": false,
	} {
		if got := configtrail.IsRegion(text); got != want {
			t.Errorf("IsRegion(%q) = %v", text, got)
		}
	}
}

func TestTrendOf(t *testing.T) {
	for _, c := range []struct {
		now, before int64
		want        configtrail.Trend
		word        string
	}{{2, 1, configtrail.Up, "up"}, {1, 2, configtrail.Down, "down"}, {1, 1, configtrail.Level, "level"}} {
		if got := configtrail.TrendOf(c.now, c.before); got != c.want || got.String() != c.word {
			t.Errorf("from %d to %d is %s", c.before, c.now, got)
		}
	}
	if configtrail.NotCompared.String() != "" {
		t.Error("a line that is not compared has a word for it")
	}
}

func TestLine(t *testing.T) {
	b := configtrail.Brief{Lines: []configtrail.BriefLine{{Ref: "b1"}, {Ref: "b2", N: 7}}}
	if l, ok := b.Line("b2"); !ok || l.N != 7 {
		t.Errorf("b2 is %+v, %v", l, ok)
	}
	if _, ok := b.Line("b3"); ok {
		t.Error("there is a b3")
	}
}
