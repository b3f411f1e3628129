package configtrail

// Account is what the settings know of one account.
type Account struct {
	ID     string   `yaml:"id" json:"id"`
	Name   string   `yaml:"name" json:"name"`
	Groups []string `yaml:"groups" json:"groups"`
}

// Cost is what an answer cost. A nil field is unknown, which is not zero.
type Cost struct {
	InputTokens  int64    `json:"input_tokens"`
	OutputTokens int64    `json:"output_tokens"`
	Bytes        int64    `json:"bytes"`
	USD          *float64 `json:"usd"`
}
