package e2e_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"configtrail/internal/testserver/messages"
)

// private is everything of the bucket that may not leave for a model: planted
// secrets, accounts, ids, names, ARNs, tags and addresses.
func (at *place) private(t *testing.T, p programs) map[string]string {
	t.Helper()
	all := map[string]string{}
	add := func(kind, text string) {
		if utf8.RuneCountInString(text) >= 8 || len(text) >= 6 && strings.IndexFunc(text, func(r rune) bool { return r > 0x7f }) >= 0 {
			all[text] = kind
		}
	}
	for _, secret := range at.truth.Secrets {
		add("secret", secret)
	}
	for _, account := range accounts(at.truth) {
		add("account", account)
	}
	type resource struct {
		Name       string
		ARN        string
		ResourceID string `json:"resource_id"`
		Tags       map[string]string
	}
	take := func(r resource) {
		add("id", r.ResourceID)
		add("name", r.Name)
		add("arn", r.ARN)
		for key, value := range r.Tags {
			add("tag", key)
			add("tag", value)
		}
	}
	for line := range bytes.Lines(at.run(t, p, "changes", "--from", "2024-08-01", "--to", "2024-10-01", "--limit", "0", "--noise", "include", "--format", "jsonl")) {
		var r resource
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		take(r)
	}
	for line := range bytes.Lines(at.run(t, p, "at", "2024-09-30", "--format", "jsonl")) {
		var r resource
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		take(r)
	}
	if len(all) < 200 {
		t.Fatalf("only %d things to look for", len(all))
	}
	return all
}

// nothingLeft looks for anything private in what was sent, and for anything that
// the API would refuse.
func nothingLeft(t *testing.T, server *messages.Server, private map[string]string) {
	t.Helper()
	for _, request := range server.Requests() {
		if len(request.Wrong) > 0 {
			t.Errorf("the API would refuse it: %q", request.Wrong)
		}
		for text, kind := range private {
			spelled, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(request.Body, text) || strings.Contains(request.Body, string(spelled[1:len(spelled)-1])) {
				t.Errorf("%s %q left for the model", kind, text)
			}
		}
	}
}
