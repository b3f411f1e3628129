package ingest_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/testorg"
)

// shared is a folder of real samples beside the project, which is no part of it.
func shared(t *testing.T, below string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("this test lies in no module")
		}
		dir = filepath.Dir(dir)
	}
	folder := filepath.Join(filepath.Dir(dir), "shared", filepath.FromSlash(below))
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no real samples at %s", folder)
	}
	return folder
}

// A real instance, from its creation on: stopped, started and stopped again. It
// is told by change notifications, in files whose names tell nothing and beside
// those of other resources.
func TestLifeOfAnInstance(t *testing.T) {
	l := newLake(t)
	run(t, optionsFor(l, openFolder(t, shared(t, "fixtures/asecurityteam__awsconfig-transformerd"))))

	// What a person would name, in the order of the paths. AWS's own list in the
	// notification leaves out state.code, and calls the interface another one.
	lost := func(path string) testorg.Edit { return testorg.Edit{Path: "/configuration/" + path, Op: "remove"} }
	came := func(path string) testorg.Edit { return testorg.Edit{Path: "/configuration/" + path, Op: "add"} }
	other := func(path string) testorg.Edit { return testorg.Edit{Path: "/configuration/" + path, Op: "replace"} }
	stopped := []testorg.Edit{
		lost("networkInterfaces/0/association"), lost("networkInterfaces/0/privateIpAddresses/0/association"),
		lost("publicDnsName"), lost("publicIpAddress"), other("state/code"), other("state/name"),
		came("stateReason"), came("stateTransitionReason"),
	}
	started := []testorg.Edit{
		other("launchTime"), came("networkInterfaces/0/association"), came("networkInterfaces/0/privateIpAddresses/0/association"),
		came("publicDnsName"), came("publicIpAddress"), other("state/code"), other("state/name"),
		lost("stateReason"), lost("stateTransitionReason"),
	}
	key := configtrail.ResourceKey{Account: "123456789012", Region: "us-west-2", Type: "AWS::EC2::Instance", ID: "i-0a763ac3ee37d8d2b"}
	at := func(text string) time.Time { return instant(t, "2019-02-22T"+text+"Z") }
	want := []testorg.Change{
		{Key: key, Kind: configtrail.Created, Time: at("20:43:10.208")},
		{Key: key, Kind: configtrail.Updated, Time: at("20:48:32.538"), After: at("20:43:10.208"), Edits: stopped},
		{Key: key, Kind: configtrail.Updated, Time: at("21:02:18.758"), After: at("20:48:32.538"), Edits: started},
		{Key: key, Kind: configtrail.Updated, Time: at("21:17:53.073"), After: at("21:02:18.758"), Edits: stopped},
	}
	var got []testorg.Change
	var states, addresses []string
	for change, err := range l.ChangesInOrder(t.Context(), configtrail.Scope{Resources: []string{key.ID}}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, asTruth(change))
		for _, e := range change.Edits {
			switch e.Path {
			case "/configuration/state/name":
				states = append(states, string(e.Old), string(e.New))
			case "/configuration/publicIpAddress":
				addresses = append(addresses, string(e.Old), string(e.New))
			}
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("the instance's ledger (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff([]string{`"running"`, `"stopped"`, `"stopped"`, `"running"`, `"running"`, `"stopped"`}, states); diff != "" {
		t.Errorf("state.name (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff([]string{`"34.222.120.66"`, "", "", `"34.219.72.29"`, `"34.219.72.29"`, ""}, addresses); diff != "" {
		t.Errorf("publicIpAddress (-want +got):\n%s", diff)
	}
}
