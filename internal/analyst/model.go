// Package analyst is the part that a language model has in an answer: it words
// what code has counted, and nothing more.
//
// A model is told a configtrail.Brief: figures by code, names as aliases. It
// answers with prose that cites lines of the brief, ⟦b12⟧, and holds no figure
// of its own. Code checks that, asks once to mend what is not supported, and
// puts values and names in. Where the model fails, is refused, or does not keep
// to the brief, the text made by code stands in, with a sentence why.
package analyst

import (
	"context"

	"configtrail"
)

// Model is a language model behind some service.
type Model interface {
	// Name is what the model is asked for by, and what told_by says.
	Name() string

	// Reply answers one request, trying again where that may help and ctx leaves
	// time. Errors are configtrail.Problem, hold no credentials and no text of
	// the reply, and wrap configtrail.ErrOverBudget where a limit of the service
	// stands in the way. An answer that was cut off or refused is no error: its
	// Stop says so, and its cost counts. Beside an error the reply still says what
	// was spent.
	Reply(ctx context.Context, request Request) (Reply, error)

	// Price is what so many tokens cost at most, nil where the price is not known.
	Price(input, output int64) *float64
}

// Request is what a model is asked.
type Request struct {
	System    string // the same for all months, so that services can keep it ready
	Turns     []Turn // the user's and the model's by turns; the first and the last are the user's
	MaxTokens int64  // of the reply
}

// Turn is what one side says.
type Turn struct {
	Role Role
	Text string
}

// Role is who speaks.
type Role string

// The roles, as services name them.
const (
	User      Role = "user"
	Assistant Role = "assistant"
)

// Reply is what a model answers.
type Reply struct {
	Text string
	Stop Stop
	Cost configtrail.Cost

	// Unsure says, beside an error, that the request may have been carried out
	// and be paid for, by an amount that nobody told.
	Unsure bool
}

// Stop is why a reply ends.
type Stop string

// The ends of a reply.
const (
	StopEnd     Stop = "end"
	StopLength  Stop = "length"  // cut off at MaxTokens
	StopRefusal Stop = "refusal" // the service or the model declined
)

// Tokens is how many tokens text has at most, for all that is known before it
// is sent: a token of Japanese has a character, which has three bytes, one of
// English about four letters.
func Tokens(text string) int64 { return int64(len(text)+2) / 3 }

// tokens is an upper estimate of a request's input.
func (r Request) tokens() int64 {
	const frame = 16 // of a turn, and of the request
	n := Tokens(r.System) + frame
	for _, t := range r.Turns {
		n += Tokens(t.Text) + frame
	}
	return n
}
