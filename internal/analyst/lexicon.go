package analyst

import (
	"cmp"
	"embed"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed words/*.txt
var wordFiles embed.FS

// lexicon is what the checks know of words: the lists of the folder words.
type lexicon struct {
	constants []string        // spellings that stand as they are, longest first
	latin     map[string]bool // words in Latin letters, case counts
	katakana  map[string]bool
	longest   int // word of katakana, in characters
	starters  map[string]bool
	vendors   map[string]bool
	subjects  []subject

	numbersJa, numbersJaWhole []string
	numbersEn                 map[string]bool
	kanjiFree                 *strings.Replacer
}

// subject ties words to the types of resources they speak of.
type subject struct {
	prefix string   // of full type names
	plain  []string // the words in lower case, which a text has to hold for words to match
	words  *regexp.Regexp
}

// words is read once, on first use.
var words = sync.OnceValue(func() *lexicon {
	l := &lexicon{
		constants: lines("constants"), latin: set("latin"), katakana: set("katakana"), starters: set("starters_en"), vendors: set("vendors"),
		numbersJa: lines("number_ja"), numbersJaWhole: lines("number_ja_whole"), numbersEn: set("number_en"),
	}
	longestFirst(l.constants)
	for word := range l.katakana {
		l.longest = max(l.longest, len([]rune(word)))
	}
	free := lines("kanji_free")
	longestFirst(free)
	var pairs []string
	for _, word := range free {
		pairs = append(pairs, word, " ")
	}
	l.kanjiFree = strings.NewReplacer(pairs...)
	for _, line := range lines("subjects") {
		prefix, list, _ := strings.Cut(line, "\t")
		l.subjects = append(l.subjects, newSubject(prefix, strings.Fields(strings.ReplaceAll(list, "_", "\x00"))...))
	}
	return l
})

// newSubject takes words with \x00 for the spaces in them.
func newSubject(prefix string, list ...string) subject {
	var all, plain []string
	for _, word := range list {
		word = strings.ReplaceAll(word, "\x00", " ")
		all, plain = append(all, whole(word)), append(plain, strings.ToLower(word))
	}
	return subject{prefix, plain, regexp.MustCompile(`(?i)` + strings.Join(all, "|"))}
}

// whole is a pattern of a word that is not part of a longer one in Latin letters.
func whole(word string) string {
	pattern := regexp.QuoteMeta(word)
	if isWordByte(word[0]) {
		pattern = `(?:^|[^A-Za-z0-9_:.-])` + pattern
	}
	if isWordByte(word[len(word)-1]) {
		pattern += `(?:$|[^A-Za-z0-9_:])`
	}
	return pattern
}

// lines are the lines of a list, without comments.
func lines(name string) []string {
	text, err := wordFiles.ReadFile("words/" + name + ".txt")
	if err != nil {
		return nil // the lists are embedded by name, and a test reads each
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}

// set is a list of words that are parted by spaces.
func set(name string) map[string]bool {
	all := map[string]bool{}
	for _, line := range lines(name) {
		for _, word := range strings.Fields(line) {
			all[word] = true
		}
	}
	return all
}

func longestFirst(all []string) {
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
