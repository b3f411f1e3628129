package e2e_test

import (
	"bytes"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	gocmp "github.com/google/go-cmp/cmp"

	"configtrail/internal/testorg"
	"configtrail/internal/testserver/glue"
	"configtrail/internal/testserver/iam"
	"configtrail/internal/testserver/runtime"
	"configtrail/internal/testserver/secrets"
	"configtrail/internal/testserver/stack"
)

// TestAReaderRole plays the shape whose bucket is in another account: a listing
// assumes a role there, reads with its keys, and writes the lake with its own. What
// either does is held against the example's template and the policy that it prints.
func TestAReaderRole(t *testing.T) {
	p := build(t)
	d := deploy(t, p)
	template, err := iam.Read(filepath.FromSlash("../../../infra/testdata/reader-role.template.json"), map[string]string{"AWS::AccountId": glue.Account, "AWS::Region": d.stack.Region})
	if err != nil {
		t.Fatal(err)
	}
	const owner, role, external = "444455556666", "arn:aws:iam::444455556666:role/configtrail-reader", "example-external-id"

	recorder := func() *iam.Recorder {
		r := &iam.Recorder{Account: glue.Account, Region: d.stack.Region, Names: d.names()}
		r.Names[d.source], r.Names[organisationFolders] = "example-log-archive", "AWSLogs/o-exampleorgid"
		return r
	}
	own, reader := recorder(), recorder()
	d.fronts[listingFunction] = d.stack.Front(t, stack.FrontOptions{
		Services: d.services, Roles: []stack.Role{{ARN: role, ExternalID: external, Watch: reader.Watch}},
		Watch: func(r *http.Request) {
			if strings.Contains(r.Header.Get("Authorization"), "Credential="+d.stack.AccessKey+"/") {
				own.Watch(r)
			}
		},
	})
	listing := func(roleARN, externalID string) *runtime.Function {
		source := `{"place":"s3://` + d.source + "/" + organisationFolders + `/","owner":"` + owner + `"` + roleARN + externalID + `}`
		f := runtime.New(runtime.Options{Binary: p.ingest, Timeout: 2 * time.Minute, Output: io.Discard, Env: d.env(t, listingFunction,
			"CONFIGTRAIL_LAKE=s3://"+d.lake+"/lake", "CONFIGTRAIL_LAKE_OWNER="+glue.Account, "CONFIGTRAIL_REDACT_KEY_SECRET="+secrets.ARN(redactSecret),
			"CONFIGTRAIL_LARGE=0", "CONFIGTRAIL_SOURCES=["+source+"]")})
		t.Cleanup(f.Close)
		return f
	}

	var objects []object
	if _, err := testorg.Generate(t.Context(), testorg.Options{Seed: 5, Months: 1, Accounts: 2, Regions: []string{"ap-northeast-1"}, Resources: 8, SnapshotEvery: 240 * time.Hour, Without: []testorg.Trap{testorg.TrapCopiedPrefix}},
		func(key string, data []byte) error {
			if strings.HasPrefix(key, organisationFolders) {
				objects = append(objects, object{key, bytes.Clone(data)})
			}
			return nil
		}); err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if _, err := d.stack.Client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &d.source, Key: &o.key, Body: bytes.NewReader(o.data)}); err != nil {
			t.Fatal(err)
		}
	}
	d.reference(t, objects)
	d.lakeRun(t, "init")

	for name, f := range map[string]*runtime.Function{
		"no role": listing("", ""), "another external id": listing(`,"role_arn":"`+role+`"`, `,"external_id":"other"`),
	} {
		result, err := f.Invoke(t.Context(), []byte(`{"task":"list","days":36500}`))
		if err != nil {
			t.Fatal(err)
		}
		if !result.Failed || !strings.Contains(string(result.Payload), "denied") {
			t.Errorf("with %s the bucket of another account was listed: %s", name, result.Payload)
		}
	}
	d.functions[listingFunction] = listing(`,"role_arn":"`+role+`"`, `,"external_id":"`+external+`"`)
	d.invoke(t, listingFunction, `{"task":"list","days":36500}`)
	gather := runtime.New(runtime.Options{Binary: p.ingest, Timeout: 2 * time.Minute, Output: io.Discard, Env: d.env(t, gatherFunction,
		"CONFIGTRAIL_LAKE=s3://"+d.lake+"/lake", "CONFIGTRAIL_LAKE_OWNER="+glue.Account)})
	t.Cleanup(gather.Close)
	d.functions[gatherFunction] = gather
	d.invoke(t, gatherFunction, `{"task":"gather"}`)
	want, got := d.changes(t, d.localRun), d.changes(t, d.lakeRun)
	if diff := gocmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("of %d objects the ledger differs from that of one local ingest, which has %d changes (-local +listed):\n%s", len(objects), len(want), diff)
	}

	printed, _ := template.Output("ArchiveReaderPolicy").(string)
	policy, err := iam.Document(printed)
	if err != nil {
		t.Fatal(err)
	}
	covered := func(who string, p iam.Policy, calls []iam.Call) {
		if len(calls) == 0 {
			t.Errorf("%s made no call", who)
		}
		for _, call := range calls {
			if len(p.Allow(call)) == 0 {
				t.Errorf("%s: no statement covers %s on %s", who, call.Action, strings.Join(call.Resources, ", "))
			}
		}
	}
	covered("the reader's policy", policy, reader.Calls())
	calls := own.Calls()
	for i := len(calls) - 1; i >= 0; i-- { // what it tried without the role, it may not
		if strings.Contains(strings.Join(calls[i].Resources, " "), "example-log-archive") {
			calls = append(calls[:i], calls[i+1:]...)
		}
	}
	for i, call := range calls {
		if call.Action == "sts:AssumeRole" && call.Resources[0] != role {
			t.Errorf("call %d assumes %v", i, call.Resources)
		}
	}
	covered("the listing's role", template.Policy(listingFunction), calls)
}
