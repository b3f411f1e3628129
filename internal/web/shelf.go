package web

import (
	"slices"
	"sync"

	"configtrail/internal/report"
)

// onShelf is how many questions one process remembers.
const onShelf = 32

// shelf holds what was made for the last questions, one state of each: figures,
// and the whole answer unless its prose is still to be had. The zero value is empty.
type shelf struct {
	mu    sync.Mutex
	items []shelved // the question asked last stands last
}

type shelved struct {
	question, state string
	report          *report.Report // nil where only the answer is known; nobody changes it
	answer          *Answer        // nil until it is final; likewise
}

// find gives what is known, empty but for its state where nothing is.
func (s *shelf) find(question, state string) shelved {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.items {
		if one.question == question && one.state == state {
			return one
		}
	}
	return shelved{question: question, state: state}
}

// put stands in the place of what was known of the question.
func (s *shelf) put(question string, known shelved) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = slices.DeleteFunc(s.items, func(one shelved) bool { return one.question == question })
	s.items = append(s.items, known)
	if len(s.items) > onShelf {
		s.items = slices.Delete(s.items, 0, 1)
	}
}
