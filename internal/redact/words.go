package redact

// words finds many fixed words in a text in one pass, whatever their case: the
// automaton of Aho and Corasick ("Efficient string matching", CACM 18(6), 1975)
// with every transition worked out, so that a byte costs one table lookup.
type words struct {
	letter [256]uint8 // bytes that no word holds share 0
	width  int
	next   []uint16   // by state and letter
	found  [][]uint16 // by state: the words that end there
}

// newWords builds the automaton. Words are in lower case, and together shorter
// than 65,536 bytes.
func newWords(list []string) *words {
	w := &words{width: 1}
	for _, word := range list {
		for _, c := range []byte(word) {
			if w.letter[c] == 0 {
				w.letter[c] = uint8(w.width)
				if c >= 'a' && c <= 'z' {
					w.letter[c-'a'+'A'] = uint8(w.width)
				}
				w.width++
			}
		}
	}
	w.grow()
	for id, word := range list {
		state := 0
		for _, c := range []byte(word) {
			at := state*w.width + int(w.letter[c])
			if w.next[at] == 0 {
				w.next[at] = uint16(len(w.found))
				w.grow()
			}
			state = int(w.next[at])
		}
		w.found[state] = append(w.found[state], uint16(id))
	}
	w.link()
	return w
}

func (w *words) grow() {
	w.next = append(w.next, make([]uint16, w.width)...)
	w.found = append(w.found, nil)
}

// link fills the transitions that the words themselves do not have, breadth
// first: they lead to where the longest proper suffix leads.
func (w *words) link() {
	suffix := make([]uint16, len(w.found))
	var queue []uint16
	for _, state := range w.next[:w.width] {
		if state != 0 {
			queue = append(queue, state)
		}
	}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		shorter := suffix[state]
		w.found[state] = append(w.found[state], w.found[shorter]...)
		for letter := range w.width {
			to := &w.next[int(state)*w.width+letter]
			fallback := w.next[int(shorter)*w.width+letter]
			if *to == 0 {
				*to = fallback
				continue
			}
			suffix[*to] = fallback
			queue = append(queue, *to)
		}
	}
}

// scan calls f for each occurrence of a word with the offset behind it.
func (w *words) scan(text string, f func(word, end int)) {
	state := 0
	for i := range len(text) {
		state = int(w.next[state*w.width+int(w.letter[text[i]])])
		for _, word := range w.found[state] {
			f(int(word), i+1)
		}
	}
}
