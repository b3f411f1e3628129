package redact

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"
	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
	"github.com/zricethezav/gitleaks/v8/logging"
)

// Rules of gitleaks that are not used, each because something here does it with
// what is known of AWS Config.
var unusedRules = []string{
	"aws-access-token", // an access key's id is no secret
	"private-key",      // found by text in linear time, however long
	"generic-api-key",  // assignments are judged by names here
	"curl-auth-user",   // found by flags here
	"pkcs12-file",      // looks at file names
	"kubernetes-secret-yaml",
}

// stems are the words of names that can give a value away, and the marks of
// other shapes. They come first in the automaton; the keywords of rules follow.
var stems = []string{
	"pass", "pwd", "secret", "token", "key", "cred", "auth", "psk", "preshared", "connectionstring", "connstr", "dsn", "sig", "cookie",
	stemURL, stemPEM, stemBasic, stemBearer, stemPasswordJa, stemPinJa,
}

const (
	stemURL    = "://"
	stemPEM    = "-----begin"
	stemBasic  = "basic "
	stemBearer = "bearer "

	stemPasswordJa = "パスワード"
	stemPinJa      = "暗証番号"
)

// vocabulary is every word that is looked for, and for each word behind the
// stems the rules of gitleaks that it can start.
type vocabulary struct {
	words *words
	rules [][]string // by word; ids of rules
}

// theVocabulary is built on first use: a millisecond. The words are read from
// gitleaks' own configuration text because compiling that takes hundreds of
// times as long and most runs never meet one.
var theVocabulary = sync.OnceValue(func() vocabulary {
	byWord := keywordsOf(config.DefaultConfig)
	list := slices.Clone(stems)
	var rules [][]string
	for range stems {
		rules = append(rules, nil)
	}
	for _, word := range slices.Sorted(maps.Keys(byWord)) {
		list = append(list, word)
		rules = append(rules, byWord[word])
	}
	return vocabulary{newWords(list), rules}
})

// keywordsOf reads the keywords of each rule out of the text of a gitleaks
// configuration, which is TOML in one regular layout.
func keywordsOf(text string) map[string][]string {
	byWord := make(map[string][]string)
	var id string
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "[[rules]]":
			id = ""
		case strings.HasPrefix(line, `id = "`) && id == "":
			id = strings.Trim(line[len("id = "):], `"`)
		case strings.HasPrefix(line, "keywords = ["):
			inside = true
			line = line[len("keywords = ["):]
		}
		if !inside {
			continue
		}
		list, _, last := strings.Cut(line, "]")
		for word := range strings.SplitSeq(list, ",") {
			word = strings.ToLower(strings.Trim(strings.TrimSpace(word), `"`))
			if word != "" && !slices.Contains(unusedRules, id) {
				byWord[word] = append(byWord[word], id)
			}
		}
		inside = !last
	}
	return byWord
}

// theRules compiles gitleaks' rules on first need. The library reads its own
// configuration through a process-wide reader and writes to a process-wide log,
// so it happens once and with that log switched off.
var theRules = sync.OnceValue(func() map[string]config.Rule {
	logging.Logger = zerolog.Nop()
	detector, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		return nil // every text that needs a rule is then hidden whole
	}
	rules := detector.Config.Rules
	for id, rule := range rules {
		rule.Allowlists = append(slices.Clone(rule.Allowlists), detector.Config.Allowlists...)
		rules[id] = rule
	}
	return rules
})

// matches finds what one rule sees in a text, by the steps that gitleaks takes:
// the expression, the group that is the secret, entropy, exceptions.
func matches(rule config.Rule, text string) []find {
	if rule.Regex == nil {
		return nil
	}
	var finds []find
	for _, at := range rule.Regex.FindAllStringSubmatchIndex(text, -1) {
		start, end := secretOf(rule, at)
		secret := text[start:end]
		if rule.Entropy != 0 && shannon(secret) <= rule.Entropy {
			continue
		}
		if !allowed(rule.Allowlists, text, at[0], at[1], secret) {
			finds = append(finds, find{start, end, classRule})
		}
	}
	return finds
}

// secretOf is the stretch of a match that is the secret: the rule's group, or
// the first that took part, or all.
func secretOf(rule config.Rule, at []int) (start, end int) {
	if g := rule.SecretGroup; g > 0 && len(at) > 2*g+1 && at[2*g] >= 0 {
		return at[2*g], at[2*g+1]
	}
	for g := 1; 2*g < len(at); g++ {
		if at[2*g] >= 0 && at[2*g+1] > at[2*g] {
			return at[2*g], at[2*g+1]
		}
	}
	return at[0], at[1]
}

func allowed(lists []*config.Allowlist, text string, start, end int, secret string) bool {
	for _, list := range lists {
		target := secret
		switch list.RegexTarget {
		case "match":
			target = text[start:end]
		case "line":
			from := strings.LastIndexByte(text[:start], '\n') + 1
			to := len(text)
			if n := strings.IndexByte(text[end:], '\n'); n >= 0 {
				to = end + n
			}
			target = text[from:to]
		}
		matched := list.RegexAllowed(target)
		stopped, _ := list.ContainsStopWord(secret)
		if list.MatchCondition != config.AllowlistMatchAnd {
			if matched || stopped {
				return true
			}
			continue
		}
		// Conditions on files and commits never hold here.
		if len(list.Paths) == 0 && len(list.Commits) == 0 && (len(list.Regexes) == 0 || matched) && (len(list.StopWords) == 0 || stopped) {
			return true
		}
	}
	return false
}
