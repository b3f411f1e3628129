package history_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/history"
)

const (
	prod = "111122223333"
	dev  = "444455556666"
)

func key(account, region, kind, id string) configtrail.ResourceKey {
	return configtrail.ResourceKey{Account: account, Region: region, Type: kind, ID: id}
}

func source(n int64) configtrail.Source {
	return configtrail.Source{URI: "s3://b/k.json.gz", Key: "k.json.gz", ETag: `"e"`, Index: n}
}

// edit replaces 1 by 2 at a path.
func edit(path string) configtrail.Edit {
	return configtrail.Edit{Path: path, Op: configtrail.OpReplace, Old: json.RawMessage("1"), New: json.RawMessage("2")}
}

// smallLedger is seven changes of two accounts, each unlike the others.
func smallLedger() []configtrail.Change {
	before := source(7)
	return []configtrail.Change{
		{
			Key: key(prod, "ap-northeast-1", "AWS::EC2::SecurityGroup", "sg-1"), Name: "web", ARN: "arn:aws:ec2:ap-northeast-1:111122223333:security-group/sg-1",
			Tags: map[string]string{"Env": "prod", "名前": "100%_'\"🙂"},
			Time: at("2024-11-05T01:02:03.456Z"), After: at("2024-11-04T00:00:00Z"), Kind: configtrail.Updated,
			Edits:      []configtrail.Edit{{Path: "/configuration/ipPermissions/0/ipRanges/0", Op: configtrail.OpAdd, New: json.RawMessage(`"say \"Hello\" 50% O'Hara"`)}},
			HashBefore: "h0", HashAfter: "h1",
			ActorStatus: configtrail.ActorKnown, Actor: &configtrail.Actor{
				ID: "arn:aws:sts::111122223333:assumed-role/ops-admin/tanaka@example.com", Name: "ops-admin/tanaka@example.com", Confidence: 0.97,
				EventID: "ev-1", EventName: "AuthorizeSecurityGroupIngress", EventTime: at("2024-11-05T01:01:00Z"), Candidates: []configtrail.Actor{},
			},
			Source: source(1), SourceBefore: &before,
		},
		{
			Key: key(prod, "ap-northeast-1", "AWS::EC2::Instance", "i-1"), Name: "web", Tags: map[string]string{"env": "prod"},
			Time: at("2024-11-05T01:02:03.456Z"), Kind: configtrail.Created, ActorStatus: configtrail.ActorAmbiguous,
			Actor: &configtrail.Actor{EventID: "", Ambiguous: true, Candidates: []configtrail.Actor{
				{ID: "arn:a", Name: "sato", Confidence: 0.5, Candidates: []configtrail.Actor{}}, {ID: "arn:b", Name: "ito", Confidence: 0.5, Candidates: []configtrail.Actor{}},
			}},
			Edits: []configtrail.Edit{}, HashAfter: "h2", Source: source(2),
		},
		{
			Key: key(prod, "global", "AWS::IAM::Role", "AROA1"), Name: "deploy", Time: at("2024-11-10T00:00:00Z"), After: at("2024-11-01T00:00:00Z"),
			Kind: configtrail.Deleted, ActorStatus: configtrail.ActorUnknown, Edits: []configtrail.Edit{}, Source: source(3),
		},
		{
			Key: key(prod, "us-east-1", "AWS::EC2::Subnet", "subnet-1"), Time: at("2024-11-11T00:00:00Z"), Kind: configtrail.Updated,
			Noise: configtrail.NoiseCounter, ActorStatus: configtrail.ActorUnknown,
			Edits: []configtrail.Edit{edit("/configuration/availableIpAddressCount")}, Source: source(4),
		},
		{
			Key: key(dev, "ap-northeast-1", "AWS::S3::Bucket", "invoices"), Name: "invoices", Time: at("2024-11-12T00:00:00Z"), Kind: configtrail.Recreated,
			ActorStatus: configtrail.ActorNoTrail,
			Edits:       []configtrail.Edit{edit("/tags/Env"), edit("/supplementaryConfiguration/BucketPolicy/policyText/Statement/0/Principal")}, Source: source(5),
		},
		{
			Key: key(dev, "ap-northeast-1", "AWS::S3::Bucket", "logs/'); DROP TABLE changes;--"), Name: "%", Time: at("2024-10-31T15:30:00Z"), Kind: configtrail.Updated,
			ActorStatus: configtrail.ActorNoTrail, Edits: []configtrail.Edit{edit("/configuration/a.b/ipPermissions")}, Source: source(6),
		},
		{
			Key: key(dev, "us-east-1", "Custom::Thing::Config", "t-1"), Name: "_", Time: at("2024-11-30T15:00:00Z"), Kind: configtrail.Updated,
			ActorStatus: configtrail.ActorNoTrail, Edits: []configtrail.Edit{edit("/relationships/3/name")}, Source: source(8),
		},
	}
}

// ids names changes by their resources.
func ids(changes []configtrail.Change) []string {
	names := []string{}
	for _, c := range changes {
		names = append(names, c.Key.ID)
	}
	return names
}

const bobby = "logs/'); DROP TABLE changes;--"

func TestChangesGiveBackWhatWasStored(t *testing.T) {
	want := smallLedger()
	page, err := over(open(t, ledger{changes: want})).Changes(t.Context(), history.Filter{Noise: history.NoiseInclude, Order: history.Ascending})
	if err != nil {
		t.Fatal(err)
	}
	// By time, ties by key: Instance before SecurityGroup.
	want = []configtrail.Change{want[5], want[1], want[0], want[2], want[3], want[4], want[6]}
	for i := range want {
		if want[i].Tags == nil {
			want[i].Tags = page.Changes[i].Tags // null or empty: no difference to anybody
			if len(page.Changes[i].Tags) != 0 {
				t.Errorf("%s has tags %v", want[i].Key, page.Changes[i].Tags)
			}
		}
	}
	if difference := cmp.Diff(history.Page{Changes: want, Total: 7}, page); difference != "" {
		t.Error(difference)
	}
}

func TestEachFilter(t *testing.T) {
	h := over(open(t, ledger{changes: smallLedger(), items: []configtrail.ConfigurationItem{
		{Key: key(prod, "ap-northeast-1", "AWS::EC2::SecurityGroup", "sg-1"), Name: "old-web", CaptureTime: at("2024-11-04T00:00:00Z")},
		{Key: key(prod, "ap-northeast-1", "AWS::EC2::Instance", "i-1"), Name: "web", CaptureTime: at("2024-11-05T01:02:03.456Z")},
		{Key: key(dev, "ap-northeast-1", "AWS::S3::Bucket", bobby), Name: "%", ARN: "arn:aws:s3:::logs", CaptureTime: at("2024-10-31T15:30:00Z")},
	}}))
	h.Accounts = []configtrail.Account{{ID: prod, Name: "本番", Groups: []string{"live"}}, {ID: dev, Name: "dev", Groups: []string{"live", "test"}}}
	for name, test := range map[string]struct {
		filter history.Filter
		want   string // ids in order of time, joined by a blank
	}{
		"nothing excludes noise":        {history.Filter{}, bobby + " i-1 sg-1 AROA1 invoices t-1"},
		"noise only":                    {history.Filter{Noise: history.NoiseOnly}, "subnet-1"},
		"from is in, to is not":         {history.Filter{Window: configtrail.Window{From: at("2024-11-05T01:02:03.456Z"), To: at("2024-11-12T00:00:00Z")}}, "i-1 sg-1 AROA1"},
		"open from":                     {history.Filter{Window: configtrail.Window{To: at("2024-11-01T00:00:00Z")}}, bobby},
		"open to":                       {history.Filter{Window: configtrail.Window{From: at("2024-11-12T00:00:00Z")}}, "invoices t-1"},
		"an empty window":               {history.Filter{Window: configtrail.Window{From: at("2024-11-10T00:00:00Z"), To: at("2024-11-10T00:00:00Z")}}, ""},
		"account by id":                 {history.Filter{Accounts: []string{dev}}, bobby + " invoices t-1"},
		"account by name":               {history.Filter{Accounts: []string{"本番"}}, "i-1 sg-1 AROA1"},
		"account by group":              {history.Filter{Accounts: []string{"LIVE"}}, bobby + " i-1 sg-1 AROA1 invoices t-1"},
		"an account that has nothing":   {history.Filter{Accounts: []string{"999999999999"}}, ""},
		"two regions":                   {history.Filter{Regions: []string{"global", "US-EAST-1"}}, "AROA1 t-1"},
		"a full type":                   {history.Filter{Types: []string{"AWS::EC2::Instance"}}, "i-1"},
		"a service":                     {history.Filter{Types: []string{"ec2"}}, "i-1 sg-1"},
		"the beginning of a type":       {history.Filter{Types: []string{"aws::S3"}}, bobby + " invoices"},
		"the middle of a type":          {history.Filter{Types: []string{"EC2::securitygroup"}}, "sg-1"},
		"part of a word is no type":     {history.Filter{Types: []string{"ec"}}, ""},
		"% is no wildcard in types":     {history.Filter{Types: []string{"%"}}, ""},
		"a resource by key":             {history.Filter{Resources: []string{prod + "/global/AWS::IAM::Role/AROA1"}}, "AROA1"},
		"a resource by a former name":   {history.Filter{Resources: []string{"old-web"}}, "sg-1"},
		"a resource by ARN":             {history.Filter{Resources: []string{"arn:aws:s3:::logs"}}, bobby},
		"a resource of hostile id":      {history.Filter{Resources: []string{bobby}}, bobby},
		"% is no wildcard in names":     {history.Filter{Resources: []string{"%"}}, bobby},
		"resources nobody knows":        {history.Filter{Resources: []string{"' OR 1=1 --"}}, ""},
		"two kinds":                     {history.Filter{Kinds: []configtrail.Kind{configtrail.Created, configtrail.Deleted}}, "i-1 AROA1"},
		"tag keys have a case":          {history.Filter{Tags: map[string]string{"Env": "prod"}}, "sg-1"},
		"hostile tags":                  {history.Filter{Tags: map[string]string{"名前": "100%_'\"🙂"}}, "sg-1"},
		"every tag has to fit":          {history.Filter{Tags: map[string]string{"Env": "prod", "Owner": "x"}}, ""},
		"a tag that is a quote":         {history.Filter{Tags: map[string]string{"'": "'"}}, ""},
		"a path and what is below":      {history.Filter{Paths: []string{"/configuration/ipPermissions"}}, "sg-1"},
		"a path is not a beginning":     {history.Filter{Paths: []string{"/configuration/ipPerm"}}, ""},
		"* is within a segment":         {history.Filter{Paths: []string{"/configuration/ip*/*/ipRanges"}}, "sg-1"},
		"* is not two segments":         {history.Filter{Paths: []string{"/configuration/*/ipRanges"}}, ""},
		"** is any depth":               {history.Filter{Paths: []string{"/supplementaryConfiguration/**/Principal"}}, "invoices"},
		"** is no depth too":            {history.Filter{Paths: []string{"/tags/**/Env"}}, "invoices"},
		"a path without a slash":        {history.Filter{Paths: []string{"ipPermissions"}}, bobby + " sg-1"},
		"a dot is a dot":                {history.Filter{Paths: []string{"/configuration/a?b", "/configuration/a.b", "/configuration/axb"}}, bobby},
		"a dot is not any letter":       {history.Filter{Paths: []string{"/configuration/ipPermission."}}, ""},
		"a pattern of regexp signs":     {history.Filter{Paths: []string{`/(.+)|[a-z]{1,}^$\`}}, ""},
		"text in a name":                {history.Filter{Contains: "WEB"}, "i-1 sg-1"},
		"text in an ARN":                {history.Filter{Contains: "security-group/"}, "sg-1"},
		"text in a value":               {history.Filter{Contains: `say "hello"`}, "sg-1"},
		"% in a value is a %":           {history.Filter{Contains: "50% o'h"}, "sg-1"},
		"_ in a name is a _":            {history.Filter{Contains: "_"}, "t-1"},
		"text that is SQL":              {history.Filter{Contains: "'); drop table"}, bobby},
		"an actor by ARN":               {history.Filter{Actor: "arn:aws:sts::111122223333:assumed-role/ops-admin/tanaka@example.com"}, "sg-1"},
		"an actor by session":           {history.Filter{Actor: "Tanaka@example.com"}, "sg-1"},
		"an actor by role":              {history.Filter{Actor: "ops-admin"}, "sg-1"},
		"part of a name is no actor":    {history.Filter{Actor: "tanaka"}, ""},
		"a candidate is no actor":       {history.Filter{Actor: "sato"}, ""},
		"members narrow each other":     {history.Filter{Accounts: []string{prod}, Kinds: []configtrail.Kind{configtrail.Updated}, Types: []string{"ec2"}}, "sg-1"},
		"zero width space is itself":    {history.Filter{Contains: "we\u200bb"}, ""},
		"noise by path with everything": {history.Filter{Noise: history.NoiseInclude, Paths: []string{"availableIp*"}}, "subnet-1"},
	} {
		t.Run(name, func(t *testing.T) {
			test.filter.Order = history.Ascending
			page, err := h.Changes(t.Context(), test.filter)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(ids(page.Changes), " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if int(page.Total) != len(page.Changes) {
				t.Errorf("total %d of %d", page.Total, len(page.Changes))
			}
		})
	}
}

func TestFiltersThatMeanNothingAreRefused(t *testing.T) {
	h := over(open(t, ledger{}))
	for name, filter := range map[string]history.Filter{
		"window":       {Window: configtrail.Window{From: at("2024-11-02T00:00:00Z"), To: at("2024-11-01T00:00:00Z")}},
		"account":      {Accounts: []string{"nobody"}},
		"no account":   {Accounts: []string{""}},
		"kind":         {Kinds: []configtrail.Kind{"exploded"}},
		"not a change": {Kinds: []configtrail.Kind{configtrail.FirstRecorded}},
		"noise":        {Noise: "loud"},
		"order":        {Order: "sideways"},
		"limit":        {Limit: -1},
		"path":         {Paths: []string{""}},
		"tag":          {Tags: map[string]string{"": "x"}},
		"bytes":        {Contains: "\xff"},
		"null":         {Actor: "a\x00b"},
		"cursor":       {Cursor: "garbage!"},
		"cursor 2":     {Cursor: "e30"},
	} {
		if _, err := h.Changes(t.Context(), filter); !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		for _, err := range h.EachChange(t.Context(), filter) {
			if !errors.Is(err, configtrail.ErrInvalid) {
				t.Errorf("%s: each: %v", name, err)
			}
		}
	}
}

// thousand is 1,000 changes of which ten at a time share an instant.
func thousand() []configtrail.Change {
	var changes []configtrail.Change
	for i := range 1000 {
		changes = append(changes, configtrail.Change{
			Key:  key(prod, "ap-northeast-1", "AWS::EC2::Instance", fmt.Sprintf("i-%03d", i*7%1000)),
			Time: at("2024-11-01T00:00:00Z").Add(time.Duration(i/10) * time.Hour), Kind: configtrail.Updated,
		})
	}
	return changes
}

func TestCursorsGoThroughEverythingOnce(t *testing.T) {
	for _, order := range []history.Order{history.Ascending, history.Descending} {
		data := thousand()
		twice := append(data, data[500:520]...) // let in twice by concurrent writers
		e := open(t, ledger{changes: twice})
		h := over(e)
		var got []configtrail.Change
		filter := history.Filter{Order: order, Limit: 7}
		for pages := 0; ; pages++ {
			page, err := h.Changes(t.Context(), filter)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, page.Changes...)
			if page.Total != int64(1000+min(pages, 1)) { // one more from the first page on
				t.Fatalf("page %d: total %d", pages, page.Total)
			}
			if page.Next == "" {
				break
			}
			if len(page.Changes) != 7 {
				t.Fatalf("page %d has %d changes", pages, len(page.Changes))
			}
			if pages == 0 { // something is ingested in front of the cursor
				early := configtrail.Change{Key: key(dev, "global", "AWS::IAM::Role", "late"), Kind: configtrail.Updated, Time: page.Changes[0].Time}
				if order == history.Ascending {
					early.Time = early.Time.Add(-time.Hour)
				} else {
					early.Time = early.Time.Add(time.Hour)
				}
				e.load(t, "changes", []map[string]any{changeRow(t, early)})
			}
			filter.Cursor = page.Next
		}
		if len(got) != 1000 {
			t.Fatalf("%s: %d changes", order, len(got))
		}
		for i := 1; i < len(got); i++ {
			step := got[i].Time.Compare(got[i-1].Time)
			if order == history.Descending {
				step = -step
			}
			if step < 0 || step == 0 && got[i].Key.Compare(got[i-1].Key) <= 0 {
				t.Fatalf("%s: %v %v stands behind %v %v", order, got[i].Time, got[i].Key, got[i-1].Time, got[i-1].Key)
			}
		}
		filter.Noise = history.NoiseInclude
		if _, err := h.Changes(t.Context(), filter); !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("a cursor of another filter: %v", err)
		}
	}
}

func TestEachChangeEndsWhenNobodyWantsMore(t *testing.T) {
	h := over(open(t, ledger{changes: thousand()}))
	n := 0
	for _, err := range h.EachChange(t.Context(), history.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	n = 0
	for range h.EachChange(t.Context(), history.Filter{Limit: 900}) { // the engine has one connection: it must be free again
		n++
	}
	if n != 900 {
		t.Errorf("%d changes", n)
	}
}

func TestScopeIsSetFromTheFilter(t *testing.T) {
	e := open(t, ledger{})
	window := configtrail.Window{From: at("2024-11-01T00:00:00Z"), To: at("2024-12-01T00:00:00Z")}
	_, err := over(e).Changes(t.Context(), history.Filter{
		Window: window, Accounts: []string{prod}, Regions: []string{"us-east-1"}, Types: []string{"AWS::EC2::Instance"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = over(e).Changes(t.Context(), history.Filter{Window: window, Types: []string{"ec2"}, Resources: []string{prod + "/global/AWS::IAM::Role/a/b"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []configtrail.Scope
	for _, q := range e.queries() {
		got = append(got, q.Scope)
	}
	want := []configtrail.Scope{
		{Window: window, Accounts: []string{prod}, Regions: []string{"us-east-1"}, Types: []string{"AWS::EC2::Instance"}},
		{Window: window, Accounts: []string{prod}, Regions: []string{"global"}, Types: []string{"AWS::IAM::Role"}, Resources: []string{"a/b"}},
	}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Error(difference)
	}
}

func TestTooManyResourcesAreRefused(t *testing.T) {
	var data ledger
	for n := range 501 {
		data.items = append(data.items, configtrail.ConfigurationItem{
			Key: key(prod, "us-east-1", "AWS::EC2::Instance", fmt.Sprint("i-", n)), Name: "worker", CaptureTime: at("2024-11-01T00:00:00Z"),
		})
	}
	_, err := over(open(t, data)).Changes(t.Context(), history.Filter{Resources: []string{"worker"}})
	if !errors.Is(err, configtrail.ErrInvalid) {
		t.Error(err)
	}
}
