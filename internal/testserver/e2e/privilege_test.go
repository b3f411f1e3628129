package e2e_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"configtrail/internal/testserver/glue"
	"configtrail/internal/testserver/iam"
)

// template is the plain template of the settings file that comes with the source.
const template = "../../../infra/testdata/configtrail.template.json"

// notCalled are statements that no program of ours calls for, with who does.
var notCalled = map[string]string{
	"WriteLog":            "Lambda, or CodeBuild, writes what the program prints",
	"UseLakeKey":          "S3 encrypts and decrypts on the caller's behalf",
	"LambdaTakesMessages": "Lambda's event source mapping",
	"Wake":                "EventBridge Scheduler",
	"ReadCode":            "CodeBuild's first command fetches the binary",
	"AthenaWritesResults": "Athena, on the caller's behalf",
	"AthenaFindsResults":  "Athena, on the caller's behalf",
	"AthenaFindsLake":     "Athena, on the caller's behalf",
	"ReadResults":         "the function itself, for results of many rows, and Athena on its behalf",
	"ListLake":            "S3 answers 404 for what is not there, rather than 403; Athena lists on the caller's behalf",
	"AnswerRole.ReadLake": "Athena, on the caller's behalf",

	"CompactRole.RemoveFromLake": "files that were replaced an hour ago, or that nobody named for a day",
}

// leastPrivilege holds the calls that each program made against its role: every
// call is covered by a statement, and every statement is used or has a user.
func (d *deployment) leastPrivilege(t *testing.T) {
	read, err := iam.Read(filepath.FromSlash(template), map[string]string{"AWS::AccountId": glue.Account, "AWS::Region": d.stack.Region})
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for _, role := range read.Of("AWS::IAM::Role") {
		policy := read.Policy(role)
		used := map[string]bool{}
		var calls []iam.Call
		if r := d.recorders[role]; r != nil {
			calls = r.Calls()
		}
		for _, call := range calls {
			statements := policy.Allow(call)
			if len(statements) == 0 {
				t.Errorf("%s: no statement covers %s on %s", role, call.Action, strings.Join(call.Resources, ", "))
			}
			for _, s := range statements {
				used[s.Sid] = true
				table.WriteString(role + "\t" + s.Sid + "\t" + call.Action + "\n")
			}
		}
		for _, s := range policy {
			if !s.Allows || used[s.Sid] || notCalled[role+"."+s.Sid] != "" || notCalled[s.Sid] != "" {
				continue
			}
			t.Errorf("%s: no call needed the statement %s: %v on %v", role, s.Sid, s.Actions, s.Resources)
		}
	}
	for role := range d.recorders {
		if role != "people" && !slices.Contains(read.Of("AWS::IAM::Role"), role) {
			t.Errorf("the template has no role %s", role)
		}
	}
	if path := os.Getenv("CONFIGTRAIL_PRIVILEGES"); path != "" {
		lines := strings.Split(strings.TrimSpace(table.String()), "\n")
		slices.Sort(lines)
		if err := os.WriteFile(path, []byte(strings.Join(slices.Compact(lines), "\n")+"\n"), 0o600); err != nil {
			t.Error(err)
		}
	}
}
