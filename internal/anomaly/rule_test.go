package anomaly

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/diff"
	"configtrail/internal/history"
)

// pair is a change as a rule sees it. The states are the JSON of the
// configuration, for buckets of the supplementary configuration; empty: there is no item.
type pair struct {
	name          string
	kind          configtrail.Kind // empty: updated
	before, after string
	want          string // severity, summary and sets of the rule's finding; empty: it has none
}

// judge holds pairs against what a rule says of them, in English.
func judge(t *testing.T, rule, resourceType string, pairs []pair) {
	t.Helper()
	options := english(t)
	for _, p := range pairs {
		month := stepMonth(resourceType, p)
		found := of(Detect(month, options), rule)
		if len(found) > 0 && !Judged(edited(t, month.Steps[0])) {
			t.Errorf("%s, %s: the states of the change would not have been read", rule, p.name)
		}
		var got []string
		for _, f := range found {
			text := f.Severity + ": " + f.Summary
			if len(f.Sets) > 0 {
				text += " [" + strings.Join(f.Sets, "; ") + "]"
			}
			got = append(got, text)
		}
		if diff := cmp.Diff(p.want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s, %s: %s", rule, p.name, diff)
		}
	}
}

// stepMonth is a month with one change.
func stepMonth(resourceType string, p pair) *history.Month {
	key := configtrail.ResourceKey{Account: prod, Region: tokyo, Type: resourceType, ID: "r-1"}
	if p.kind == "" {
		p.kind = configtrail.Updated
	}
	item := func(text string) *configtrail.ConfigurationItem {
		switch {
		case text == "":
			return nil
		case resourceType == bucket:
			return &configtrail.ConfigurationItem{Key: key, Configuration: json.RawMessage(`{"name":"r"}`), SupplementaryConfiguration: json.RawMessage(text)}
		}
		return &configtrail.ConfigurationItem{Key: key, Configuration: json.RawMessage(text)}
	}
	m := november()
	m.Steps = []history.Step{{
		Change: configtrail.Change{Key: key, Name: "本番 web", Kind: p.kind, Time: at("2024-11-05 14:05")},
		Before: item(p.before), After: item(p.after),
	}}
	return m
}

// edited is a change with the edits that its states show, as a ledger tells it.
func edited(t *testing.T, step history.Step) configtrail.Change {
	t.Helper()
	c := step.Change
	if c.Kind != configtrail.Updated {
		return c
	}
	var err error
	if c.Edits, err = diff.Edits(step.Before, step.After); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatNoRuleReadsIsNotJudged(t *testing.T) {
	change := func(resourceType string, kind configtrail.Kind, paths ...string) configtrail.Change {
		c := configtrail.Change{Key: configtrail.ResourceKey{Type: resourceType}, Kind: kind}
		for _, path := range paths {
			op, path, _ := strings.Cut(path, " ")
			path, value, _ := strings.Cut(path, " ")
			c.Edits = append(c.Edits, configtrail.Edit{Op: op, Path: path, New: json.RawMessage(value)})
		}
		return c
	}
	for _, c := range []struct {
		name   string
		change configtrail.Change
		want   bool
	}{
		{"a rule of a group", change(securityGroup, configtrail.Updated, "replace /tags/a", "replace /configuration/ipPermissions/2"), true},
		{"names in another case", change(securityGroup, configtrail.Updated, "replace /configuration/IpPermissions"), true},
		{"all of the configuration", change(securityGroup, configtrail.Updated, "replace /configuration"), true},
		{"tags alone", change(securityGroup, configtrail.Updated, "replace /configuration/tags/3", "replace /tags/a"), false},
		{"a name that only begins like it", change(securityGroup, configtrail.Updated, "replace /configuration/ipPermissionsEgress/0"), false},
		{"a private range", change(securityGroup, configtrail.Updated, `add /configuration/ipPermissions/2 {"fromPort":22,"ipRanges":["10.0.0.0/16"],"toPort":22}`), false},
		{"half of the world, with a space", change(securityGroup, configtrail.Updated, `add /configuration/ipPermissions/2 {"ipv4Ranges":[{"cidrIp":"128.0.0.0/1 "}]}`), true},
		{"the world, by its name in another case", change(securityGroup, configtrail.Updated, `add /configuration/IPPermissions/2/ipv6Ranges/0 {"cidrIpv6":"::/0"}`), true},
		{"a range that is no longer let in", change(securityGroup, configtrail.Updated, "remove /configuration/ipPermissions/0/ipv4Ranges/1"), false},
		{"a port that is no longer said", change(securityGroup, configtrail.Updated, "remove /configuration/ipPermissions/0/fromPort"), true},
		{"other ports", change(securityGroup, configtrail.Updated, "replace /configuration/ipPermissions/0/toPort 65535"), true},
		{"another range", change(securityGroup, configtrail.Updated, `replace /configuration/ipPermissions/0/ipRanges/0 "10.0.0.0/8"`), true},
		{"all permissions at once", change(securityGroup, configtrail.Updated, `add /configuration/ipPermissions [{"ipRanges":["10.0.0.0/8"]}]`), true},
		{"one harmless edit and one other", change(securityGroup, configtrail.Updated, "remove /configuration/ipPermissions/0", "replace /configuration/ipPermissions/1/ipProtocol \"-1\""), true},
		{"a policy that is not administrative", change("AWS::IAM::Role", configtrail.Updated, `add /configuration/attachedManagedPolicies/1 {"policyArn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}`), false},
		{"a policy that is", change("AWS::IAM::Role", configtrail.Updated, `add /configuration/attachedManagedPolicies/1 {"policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`), true},
		{"a policy that is detached", change("AWS::IAM::Role", configtrail.Updated, "remove /configuration/attachedManagedPolicies/1"), false},
		{"the name of an attached policy", change("AWS::IAM::Role", configtrail.Updated, `replace /configuration/attachedManagedPolicies/1/policyName "x"`), true},
		{"a new group", change(securityGroup, configtrail.Created), true},
		{"a group that came back", change(securityGroup, configtrail.Recreated), true},
		{"a group that is gone", change(securityGroup, configtrail.Deleted), false},
		{"a bucket that is gone", change(bucket, configtrail.Deleted), false},
		{"an account's block that is gone", change(accountBlock, configtrail.Deleted), true},
		{"a switch of it", change(accountBlock, configtrail.Updated, "replace /configuration/ignorePublicAcls"), true},
		{"a trail that is gone", change(trail, configtrail.Deleted), true},
		{"a recorder that is gone", change(recorder, configtrail.Deleted), true},
		{"a type without rules", change("AWS::EC2::Volume", configtrail.Created), false},
	} {
		if got := Judged(c.change); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// quoted is a JSON document in a string.
func quoted(document string) string {
	text, err := json.Marshal(document)
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	return string(text)
}

func TestAFindingIsWhole(t *testing.T) {
	m := stepMonth(securityGroup, pair{before: permits(), after: permits(permit("tcp", 22, 22, v4("0.0.0.0/0")))})
	options := english(t)
	options.AccountName = func(id string) string { return map[string]string{prod: "本番"}[id] }
	want := []configtrail.Finding{{
		Detector: "rule.1", Severity: "high", Score: 85, Time: at("2024-11-05 14:05"), Resource: m.Steps[0].Change.Key, Name: "本番 web",
		Summary:  "Security group “本番 web” in 本番 (111122223333) ap-northeast-1 opened SSH (22) to the whole internet (0.0.0.0/0)",
		Evidence: []string{m.Steps[0].Change.ID()},
		Sets:     []string{"CIS 5.3", "INCOMING_SSH_DISABLED", "Stratus aws.exfiltration.ec2-security-group-open-port-22-ingress"},
	}}
	if diff := cmp.Diff(want, Detect(m, options)); diff != "" {
		t.Error(diff)
	}
	options.Printer = printer(t, "ja")
	if got, want := Detect(m, options)[0].Summary, "本番 (111122223333) ap-northeast-1 のセキュリティグループ「本番 web」で、SSH (22) が全世界（0.0.0.0/0）に開放されました"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestNamesAreMadeVisible(t *testing.T) {
	m := stepMonth(securityGroup, pair{before: permits(), after: permits(permit("tcp", 22, 22, v4("0.0.0.0/0")))})
	m.Steps[0].Change.Name = "a\x1b[2J\u202e" + strings.Repeat("長", 200)
	options := english(t)
	options.AccountName = func(string) string { return "prod\x1b[31m" }
	got := Detect(m, options)[0].Summary
	if strings.ContainsAny(got, "\x1b\u202e") || !strings.Contains(got, `prod\x1b[31m (111122223333)`) || !strings.Contains(got, `a\x1b[2J\u202e長`) || len([]rune(got)) > 250 {
		t.Errorf("shown: %q", got)
	}
}

func TestFindingsComeGravestFirst(t *testing.T) {
	m := stepMonth(securityGroup, pair{before: permits(), after: permits(permit("-1", none, none, v4("0.0.0.0/0"), v6("::/0")))})
	trail := stepMonth("AWS::CloudTrail::Trail", pair{kind: configtrail.Deleted, before: "{}"}).Steps[0]
	trail.Change.Time = at("2024-11-04 09:00")
	ofAll := stepMonth("AWS::CloudTrail::Trail", pair{kind: configtrail.Deleted, before: `{"isOrganizationTrail":true}`}).Steps[0]
	ofAll.Change.Time = at("2024-11-06 09:00")
	m.Steps = append(m.Steps, trail, ofAll)
	var got []string
	for _, f := range Detect(m, english(t)) {
		got = append(got, fmt.Sprint(f.Detector, " ", f.Severity, " ", f.Score, " ", f.Time.Day()))
	}
	// Rules 1 to 3 speak of one change, each with a finding of its own.
	want := []string{"rule.17 critical 100 6", "rule.17 critical 95 4", "rule.3 critical 95 5"}
	if diff := cmp.Diff(want, got[:3]); diff != "" || len(got) != 5 {
		t.Errorf("%v: %s", got, diff)
	}
	ids := map[string]bool{}
	for _, f := range Detect(m, english(t)) {
		ids[f.ID()] = true
	}
	if len(ids) != 5 {
		t.Errorf("findings share ids: %v", ids)
	}
}

func TestNothingIsFoundInAnEmptyMonth(t *testing.T) {
	for name, m := range map[string]*history.Month{"empty": {}, "quiet": november()} {
		if found := Detect(m, english(t)); found == nil || len(found) != 0 {
			t.Errorf("%s: %#v", name, found)
		}
	}
}

// hostile are states that are no state.
var hostile = []string{
	`{`, `[]`, `null`, `"x"`, `7`, `{"ipPermissions":7}`, `{"ipPermissions":[7,null,[],{"ipProtocol":{},"ipRanges":{"a":1}}]}`,
	`{"BucketPolicy":{"policyText":"{"}}`, `{"BucketPolicy":"\"\\\"[\\\"\""}`, `{"BucketPolicy":{"policyText":"{\"Statement\":[[[]],{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":{}},\"Condition\":[]}]}"}}`,
	`{"AccessControlList":"{\"grantList\":{\"a\":[]}}"}`, `{"AccessControlList":"%zz"}`, `{"PublicAccessBlockConfiguration":[true]}`,
	`{"attachedManagedPolicies":{"policyArn":["arn"]}}`, `{"recordingGroup":"{\"allSupported\":{}}","recording":[]}`,
	strings.Repeat(`[`, 20000), `{"a":` + strings.Repeat(`{"a":`, 3000) + `1` + strings.Repeat(`}`, 3001), "{}{}", "{\"\xff\":1}",
}

func TestHostileStatesSayNothing(t *testing.T) {
	kinds := []configtrail.Kind{configtrail.Created, configtrail.Updated, configtrail.Recreated}
	options := english(t)
	for _, resourceType := range StepTypes() {
		for _, kind := range kinds {
			for i, after := range hostile {
				for _, before := range []string{`{}`, after, hostile[(i+1)%len(hostile)]} {
					m := stepMonth(resourceType, pair{kind: kind, before: before, after: after})
					m.Steps[0].After.Configuration = json.RawMessage(after)
					if found := Detect(m, options); len(found) > 0 {
						t.Errorf("%s %s: %.80s → %.80s: %s", resourceType, kind, before, after, found[0].Summary)
					}
				}
			}
		}
	}
}

func FuzzRules(f *testing.F) {
	for _, state := range hostile {
		f.Add(state, state)
	}
	f.Add(permits(), permits(permit("-1", none, none, v4("0.0.0.0/0"))))
	f.Add(`{}`, policy(`{"Effect":"Allow","Principal":"*","Action":"s3:*"}`))
	f.Add(`{}`, acl("AllUsers", "Read"))
	options := english(f)
	f.Fuzz(func(t *testing.T, before, after string) {
		for _, resourceType := range StepTypes() {
			m := stepMonth(resourceType, pair{before: before, after: after})
			if before == "" || after == "" {
				return
			}
			m.Steps[0].After.Configuration = json.RawMessage(after)
			m.Steps[0].Before.Configuration = json.RawMessage(before)
			for _, found := range Detect(m, options) {
				if len(found.Evidence) == 0 || strings.ContainsRune(found.Summary, '⟦') {
					t.Errorf("%+v", found)
				}
			}
			m.Steps[0].Before = m.Steps[0].After
			if found := Detect(m, options); len(found) > 0 {
				t.Errorf("what stays as it is: %s", found[0].Summary)
			}
		}
	})
}

func TestEveryDetectorIsTold(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "findings.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, d := range Detectors() {
		if names[d.Name] || d.Doc == "" {
			t.Errorf("%s stands twice or without a doc", d.Name)
		}
		names[d.Name] = true
		if !strings.Contains(string(page), "`"+d.Name+"`") {
			t.Errorf("docs/findings.md does not tell of %s", d.Name)
		}
		for _, lang := range []string{"en", "ja"} {
			for _, text := range []string{Name(printer(t, lang), d.Name), Meaning(printer(t, lang), d.Name)} {
				if strings.ContainsRune(text, '⟦') {
					t.Errorf("%s in %s: %s", d.Name, lang, text)
				}
			}
		}
	}
}

func TestStepTypes(t *testing.T) {
	want := []string{
		"AWS::CloudTrail::Trail", "AWS::Config::ConfigurationRecorder", "AWS::EC2::SecurityGroup", "AWS::IAM::Group", "AWS::IAM::Role",
		"AWS::IAM::User", "AWS::S3::AccountPublicAccessBlock", "AWS::S3::Bucket",
	}
	if diff := cmp.Diff(want, StepTypes()); diff != "" {
		t.Error(diff)
	}
}
