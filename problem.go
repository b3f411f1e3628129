package configtrail

// Problem is an error that people are told in their own language. Key names its
// sentence ("error." + Key) and its next step ("hint." + Key) in the message
// catalogues; Args fill their placeholders. Err says the same in English, for
// logs and for errors.Is.
type Problem struct {
	Key  string
	Args map[string]any
	Err  error
}

// Error is the English sentence.
func (p *Problem) Error() string { return p.Err.Error() }

// Unwrap gives the error with its sentinel.
func (p *Problem) Unwrap() error { return p.Err }
