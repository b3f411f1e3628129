package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"configtrail"
	"configtrail/internal/aws"
	"configtrail/internal/message"
)

// maxAnswer is more than a Function URL hands on, in bytes.
const maxAnswer = 8 << 20

// maxSentence is how much of what others say is shown, in columns.
const maxSentence = 600

// callAnswer is what came back, read whole.
type callAnswer struct {
	status int
	header http.Header
	body   []byte
}

func readAnswer(response *http.Response) (*callAnswer, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, &connectionError{fmt.Errorf("read the answer: %w", err)}
	case len(body) > maxAnswer:
		return nil, &configtrail.Problem{Key: "call_too_large", Args: message.Args{"max": maxAnswer >> 20},
			Err: fmt.Errorf("read the answer: %w: it has more than %d bytes", configtrail.ErrTooLarge, maxAnswer)}
	}
	return &callAnswer{response.StatusCode, response.Header, body}, nil
}

// contract is the body of an answer of the month endpoint, good or bad.
type contract struct {
	Status string `json:"status"`
	Body   []struct {
		Text string `json:"text"`
		Type string `json:"type"`
	} `json:"body"`
	Error struct {
		Code      string `json:"code"`
		Message   string `json:"message"`
		Hint      string `json:"hint"`
		RequestID string `json:"request_id"`
	} `json:"error"`
}

// answered prints a good answer, and makes an error of any other.
func (a *app) answered(answer *callAnswer, to endpoint, proof proof, f callFlags) error {
	var c contract
	ours := json.Unmarshal(answer.body, &c) == nil
	switch {
	case ours && answer.status == http.StatusOK && c.Status == "SUCCEEDED" && len(c.Body) > 0:
		return a.printAnswer(answer, c, f)
	case ours && answer.status != http.StatusOK && c.Status == "FAILED" && c.Error.Code != "":
		return refusal(answer, c, to, proof)
	}
	return stranger(answer, to, proof)
}

// printAnswer prints the text, each line made visible: its author is known, but
// names in it are the organisation's. JSON comes as it came.
func (a *app) printAnswer(answer *callAnswer, c contract, f callFlags) error {
	if f.format == "json" {
		_, err := a.Stdout.Write(append(escapeHidden([]byte(strings.TrimSpace(string(answer.body)))), '\n'))
		return err
	}
	var text strings.Builder
	for _, part := range c.Body {
		for line := range strings.SplitSeq(strings.TrimRight(part.Text, "\n"), "\n") {
			text.WriteString(configtrail.Visible(line) + "\n")
		}
	}
	_, err := io.WriteString(a.Stdout, text.String())
	return err
}

// refusal is an answer of the month endpoint that says no, in its own words.
func refusal(answer *callAnswer, c contract, to endpoint, proof proof) error {
	args := message.Args{"host": to.url.Host, "what": message.Clip(c.Error.Message, maxSentence)}
	if answer.status == http.StatusUnauthorized {
		key := "call_needs_token"
		if proof.kind == authToken {
			key = "call_wrong_token"
		}
		return &configtrail.Problem{Key: key, Args: args, Err: errors.New("call: unauthorized")}
	}
	err := fmt.Errorf("call: status %d: %s", answer.status, c.Error.Code)
	for _, kind := range []struct {
		status   int
		sentinel error
	}{
		{http.StatusBadRequest, configtrail.ErrInvalid}, {http.StatusNotFound, configtrail.ErrNotFound}, {http.StatusTooManyRequests, configtrail.ErrOverBudget},
	} {
		if answer.status == kind.status {
			err = fmt.Errorf("%w: %w", kind.sentinel, err)
		}
	}
	if c.Error.Hint != "" {
		err = configtrail.WithHint(err, message.Clip(c.Error.Hint, maxSentence))
	}
	p := &configtrail.Problem{Key: "call_refused", Args: args, Err: err}
	if c.Error.RequestID != "" {
		p.Key, args["id"] = "call_failed", message.Clip(c.Error.RequestID, 80)
	}
	return p
}

// stranger is an answer by somebody before the function, mostly by Lambda itself.
func stranger(answer *callAnswer, to endpoint, proof proof) error {
	kind, _, _ := strings.Cut(answer.header.Get("X-Amzn-Errortype"), ":")
	words := lambdaWords(answer.body)
	args := message.Args{"host": to.url.Host, "status": answer.status, "what": message.Clip(words, maxSentence)}
	problem := func(key string, err error) error { return &configtrail.Problem{Key: key, Args: args, Err: err} }
	err := fmt.Errorf("call: status %d: %s", answer.status, kind)
	switch {
	case answer.status >= 300 && answer.status < 400:
		args["to"] = "?"
		if u, err := url.Parse(answer.header.Get("Location")); err == nil && u.Host != "" {
			args["to"] = u.Host
		}
		return problem("call_redirected", err)
	case answer.status == http.StatusForbidden && (kind != "" || strings.HasPrefix(words, "Forbidden")): // by Lambda
		switch {
		case proof.kind != authIAM:
			return problem("call_unsigned", err)
		case strings.HasPrefix(words, "Forbidden"):
			return problem("call_forbidden", err)
		case strings.Contains(words, "Credential should be scoped"):
			return problem("call_status", err)
		}
		return told("aws", aws.RefusedRequest(proof.config, kind, words))
	case answer.status == http.StatusNotFound:
		return problem("call_nothing", fmt.Errorf("%w: %w", configtrail.ErrNotFound, err))
	case answer.status == http.StatusTooManyRequests:
		return problem("call_busy", err)
	case answer.status == http.StatusBadGateway || answer.status == http.StatusGatewayTimeout:
		return problem("call_broken", err)
	case answer.status == http.StatusOK:
		return problem("call_not_ours", err)
	}
	return problem("call_status", err)
}

// lambdaWords is what an answer says, by Lambda in one of two spellings.
func lambdaWords(body []byte) string {
	var said struct{ Message string } // of JSON's names, capitals don't count
	if json.Unmarshal(body, &said) == nil && said.Message != "" {
		return said.Message
	}
	return strings.TrimSpace(string(body))
}
