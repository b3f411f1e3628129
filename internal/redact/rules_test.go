package redact

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zricethezav/gitleaks/v8/config"
)

// The keywords are read from the library's text without compiling it. Here they
// are compared with what the library itself makes of it.
func TestKeywordsAreThoseOfTheCompiledRules(t *testing.T) {
	want := make(map[string][]string)
	for id, rule := range theRules() {
		if slices.Contains(unusedRules, id) {
			continue
		}
		if len(rule.Keywords) == 0 {
			t.Errorf("rule %s has no keyword and would never run", id)
		}
		if len(rule.RequiredRules) > 0 || rule.Path != nil && rule.Regex == nil {
			t.Errorf("rule %s needs more than a text", id)
		}
		for _, word := range rule.Keywords {
			want[word] = append(want[word], id)
		}
	}
	got := keywordsOf(config.DefaultConfig)
	for _, lists := range []map[string][]string{got, want} {
		for _, ids := range lists {
			slices.Sort(ids)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestUnusedRulesExist(t *testing.T) {
	for _, id := range unusedRules {
		if _, ok := theRules()[id]; !ok {
			t.Errorf("gitleaks has no rule %s any more", id)
		}
	}
}

func TestWordsAreFoundWhereverTheyOverlap(t *testing.T) {
	list := []string{"he", "she", "his", "hers", "-x"}
	var got []string
	newWords(list).scan("uSHErs-Xhis", func(word, end int) { got = append(got, list[word]) })
	if diff := cmp.Diff([]string{"she", "he", "hers", "-x", "his"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestClassOf(t *testing.T) {
	for name, want := range map[string]string{
		"password": classPassword, "MASTER_USER_PASSWORD": classPassword, "dbPass": classPassword, "DB_PASS2": classPassword, "pg-pwd": classPassword, "ADMIN_PIN": classPassword,
		"bypass": "", "compass": "", "passthroughBehavior": "", "passwordPolicy": "", "passwordLastUsed": "", "PasswordResetRequired": "", "mapping": "",
		"clientSecret": classSecret, "secretString": classSecret, "secretArn": "", "SecretsManagerSecretId": "", "secretName": "", "secretOptions": "", "UseExistingClientSecret": "",
		"sessionToken": classToken, "HECToken": classToken, "nextToken": "", "clientRequestToken": "", "httpTokens": "", "TokenValidityUnits": "", "MaxSessionTokens": "", "tokenize": "",
		"apiKey": classKey, "secretAccessKey": classKey, "x-api-key": classKey, "accessKeyId": "", "key": "", "publicKey": "", "apiKeySource": "", "kmsKeyId": "", "hashKey": "",
		"encryptionKey": classEncryption, "kmsMasterKey": classEncryption, "privateKey": classPrivateKey, "sshPublicKey": "", "preSharedKey": classShared,
		"connectionString": classConnection, "Authorization": classCredentials, "authorizationType": "", "imagePullCredentialsType": "", "basicAuthCredentials": classCredentials,
		"userData": classUserData, "token.actions.githubusercontent.com:aud": "",
	} {
		if got := classOf(name); got != want {
			t.Errorf("classOf(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestLooksRandom(t *testing.T) {
	for text, want := range map[string]bool{
		"q7Rz0Xw2Lk9Vb4Tn6Yd1Hs3P": true,
		"q7Rz0Xw2":                 false,
		"ProductionDatabaseCluster2024Backup9F8A7B6C": false,
		"0a1b2c3d4e5f60718293a4b5c6d7e8f901234567":    false,
		"1234abcd-12ab-34cd-56ef-1234567890ab":        false,
		"thisisoneverylongwordwithoutanydigitsinside": false,
		strings.Repeat("a1", 20):                      false,
	} {
		if got := looksRandom(text); got != want {
			t.Errorf("looksRandom(%q) = %v", text, got)
		}
	}
}

// compose is the inverse of applying one list of spans after another.
func TestCompose(t *testing.T) {
	text := "0123456789"
	first := []span{{1, 3, "AAAA"}, {5, 6, "B"}}
	after := apply(text, first) // 0AAAA34B6789
	for _, second := range [][]span{
		{{0, 1, "x"}}, {{5, 6, "x"}}, {{9, 12, "x"}}, {{0, 12, "x"}}, {{0, 5, "x"}, {8, 9, "y"}}, {{7, 8, "x"}},
	} {
		if got, want := apply(text, compose(first, second)), apply(after, second); got != want {
			t.Errorf("compose with %v: %q, want %q", second, got, want)
		}
	}
}
