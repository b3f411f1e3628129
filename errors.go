package configtrail

import "errors"

// The errors that surfaces tell apart. They are wrapped with what was being done
// and to what; each surface maps them once, to an exit code or an HTTP status.
var (
	ErrNotFound   = errors.New("not found")
	ErrInvalid    = errors.New("invalid")
	ErrRefused    = errors.New("refused") // a statement that is not one read-only SELECT
	ErrTooLarge   = errors.New("too large")
	ErrOverBudget = errors.New("over budget")
	ErrConflict   = errors.New("conflict") // a lake written with another redaction key
)

// Hint is an error that also tells what to do next.
type Hint struct {
	Err  error
	Next string // one sentence or command, in the imperative
}

// Error is what happened, without the next step, which surfaces print on a line of its own.
func (h *Hint) Error() string { return h.Err.Error() }

// Unwrap gives the error that the hint belongs to.
func (h *Hint) Unwrap() error { return h.Err }

// WithHint ties a next step to an error. A nil error stays nil.
func WithHint(err error, next string) error {
	if err == nil {
		return nil
	}
	return &Hint{err, next}
}
