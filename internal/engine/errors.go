package engine

import (
	"errors"

	"configtrail"
)

// BadObject is an object that breaks every query that reads it, such as a file
// that is no JSON behind a JSON table. A query that leaves it out can answer.
type BadObject struct {
	URI    string // s3://bucket/key, as the engine's own column "$path" spells it
	Reason string // the engine's words, on one line
}

// Error names the object and why it can't be read.
func (b *BadObject) Error() string {
	return "object " + configtrail.Visible(b.URI) + " can't be read: " + configtrail.Visible(b.Reason)
}

// Spent is an error of a query that had cost something before it ended.
type Spent struct {
	Cost configtrail.Cost
	Err  error
}

// Error is what ended the query.
func (s *Spent) Error() string { return s.Err.Error() }

// Unwrap gives what ended the query.
func (s *Spent) Unwrap() error { return s.Err }

// CostOf is what a query had cost before it failed with err: nothing where err
// does not tell.
func CostOf(err error) configtrail.Cost {
	var spent *Spent
	if errors.As(err, &spent) {
		return spent.Cost
	}
	return configtrail.Cost{}
}
