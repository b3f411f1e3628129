// Package claude asks Claude: through the Anthropic Messages API, or through
// Amazon Bedrock. It is the home of Anthropic's SDK, and knows what models cost.
//
// Every failure is a configtrail.Problem that says what happened and what to do.
// None holds a credential, nor anything that a service answered but its status
// and the id of the request.
package claude

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/bedrock"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/aws/aws-sdk-go-v2/aws"

	"configtrail"
	"configtrail/internal/analyst"
)

// Options says which model is asked, and how. Model is needed.
type Options struct {
	// Model is what people name the model by: claude-sonnet-5-5 at Anthropic;
	// bedrock:ID, an inference profile or the ARN of one on Bedrock.
	Model string

	// Key gives the API key of Anthropic, when the first request is sent.
	Key func(ctx context.Context) (string, error)

	// AWS is the configuration for Bedrock: region and credentials.
	AWS aws.Config

	// BaseURL is where the service is; "": where its owner runs it. It has to be
	// https, or on this machine. Commands take it from ANTHROPIC_BASE_URL.
	BaseURL string

	Prices    Prices            // by model, over the built-in ones
	Timeout   time.Duration     // of one attempt; 0: two minutes
	Now       func() time.Time  // nil: time.Now
	Transport http.RoundTripper // nil: http.DefaultTransport
}

// Client asks one model. It is safe for concurrent use.
type Client struct {
	options Options
	model   string // as the service knows it
	bedrock bool
	price   *Price // nil: not known
	http    *http.Client
}

// New prepares a client and asks nobody. A model or an address that can't be is
// configtrail.ErrInvalid.
func New(options Options) (*Client, error) {
	model, onBedrock, err := parse(options.Model, options.AWS.Region)
	if err != nil {
		return nil, err
	}
	if err := checkURL(options.BaseURL); err != nil {
		return nil, err
	}
	if options.Timeout <= 0 {
		options.Timeout = 2 * time.Minute
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Transport == nil {
		options.Transport = http.DefaultTransport
	}
	price, err := options.Prices.find(model)
	if err != nil {
		return nil, err
	}
	return &Client{options: options, model: model, bedrock: onBedrock, price: price, http: &http.Client{
		Transport: bounded{options.Transport},
		// A key must not follow a redirection to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// checkURL refuses an address to which a key would travel in the clear.
func checkURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err == nil && u.Host != "" && u.User == nil &&
		(u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")) {
		return nil
	}
	return &configtrail.Problem{Key: "model.address", Err: fmt.Errorf("%w: the address of the model's service has to be https", configtrail.ErrInvalid)}
}

// Name is what the model was asked for by.
func (c *Client) Name() string { return c.options.Model }

// Price is what so many tokens cost at most; nil where the price is not known.
func (c *Client) Price(input, output int64) *float64 { return c.price.most(input, output) }

// Reply asks the model, and again where the service was busy or failed, as long
// as ctx lasts.
func (c *Client) Reply(ctx context.Context, request analyst.Request) (analyst.Reply, error) {
	service, err := c.service(ctx, c.http)
	if err != nil {
		return analyst.Reply{Cost: configtrail.Cost{USD: new(float64)}}, err
	}
	unsure := false
	for attempt := 1; ; attempt++ {
		message, answered, err := c.send(ctx, service, request)
		if err == nil {
			return c.reply(message)
		}
		failed := c.explain(ctx, err, answered)
		unsure = unsure || failed.unsure
		if !failed.again || attempt == attempts || !c.wait(ctx, failed.pause(attempt)) {
			return analyst.Reply{Cost: configtrail.Cost{USD: new(float64)}, Unsure: unsure}, failed.problem
		}
	}
}

// send sends a request once. An error beside answered is of an answer that came
// and could not be read.
func (c *Client) send(ctx context.Context, service anthropic.MessageService, request analyst.Request) (message *anthropic.Message, answered bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	var response *http.Response // the SDK reads and closes it
	message, err = service.New(ctx, params(c.model, request),
		option.WithMaxRetries(0), option.WithRequestTimeout(c.options.Timeout), option.WithResponseInto(&response))
	return message, response != nil, err
}

// params is the request in the API's words. Temperature is left alone: newer
// models refuse any but their own.
func params(model string, request analyst.Request) anthropic.MessageNewParams {
	system := anthropic.TextBlockParam{Text: request.System, CacheControl: anthropic.NewCacheControlEphemeralParam()}
	p := anthropic.MessageNewParams{Model: model, MaxTokens: request.MaxTokens, System: []anthropic.TextBlockParam{system}}
	for _, turn := range request.Turns {
		block := anthropic.NewTextBlock(turn.Text)
		if turn.Role == analyst.Assistant {
			p.Messages = append(p.Messages, anthropic.NewAssistantMessage(block))
		} else {
			p.Messages = append(p.Messages, anthropic.NewUserMessage(block))
		}
	}
	return p
}

// service is the SDK's client. Nothing of the environment is used: no key, no
// address, no tracing.
func (c *Client) service(ctx context.Context, client *http.Client) (anthropic.MessageService, error) {
	options := []option.RequestOption{option.WithoutEnvironmentDefaults(), option.WithoutOpenTelemetry(), option.WithHTTPClient(client)}
	if c.bedrock {
		if c.options.AWS.Region == "" || c.options.AWS.Credentials == nil && c.options.AWS.BearerAuthTokenProvider == nil {
			return anthropic.MessageService{}, c.problem("model.aws", fmt.Errorf("%w: Bedrock needs a region and credentials of AWS", configtrail.ErrInvalid))
		}
		options = append(options, bedrock.WithConfig(c.options.AWS))
	} else {
		key, err := c.key(ctx)
		if err != nil {
			return anthropic.MessageService{}, err
		}
		options = append(options, option.WithAPIKey(key))
	}
	if c.options.BaseURL != "" {
		options = append(options, option.WithBaseURL(c.options.BaseURL))
	}
	return anthropic.NewMessageService(options...), nil
}

func (c *Client) key(ctx context.Context) (string, error) {
	if c.options.Key == nil {
		return "", c.problem("model.no_key", fmt.Errorf("%w: no API key", configtrail.ErrInvalid))
	}
	key, err := c.options.Key(ctx)
	if err != nil {
		return "", err // of whoever keeps the key, and in its words
	}
	if key == "" {
		return "", c.problem("model.no_key", fmt.Errorf("%w: no API key", configtrail.ErrInvalid))
	}
	return key, nil
}

// reply reads an answer.
func (c *Client) reply(m *anthropic.Message) (analyst.Reply, error) {
	usage := m.Usage
	reply := analyst.Reply{Cost: configtrail.Cost{
		InputTokens:  usage.InputTokens + usage.CacheCreationInputTokens + usage.CacheReadInputTokens,
		OutputTokens: usage.OutputTokens,
		USD:          c.price.of(usage.InputTokens, usage.CacheCreationInputTokens, usage.CacheReadInputTokens, usage.OutputTokens),
	}}
	for _, block := range m.Content {
		if block.Type == "text" {
			reply.Text += block.Text
		}
	}
	switch m.StopReason {
	case anthropic.StopReasonEndTurn, anthropic.StopReasonStopSequence:
		reply.Stop = analyst.StopEnd
	case anthropic.StopReasonMaxTokens, anthropic.StopReasonModelContextWindowExceeded:
		reply.Stop = analyst.StopLength
	case anthropic.StopReasonRefusal:
		reply.Stop = analyst.StopRefusal
	default:
		return reply, c.problem("model.garbled", fmt.Errorf("the answer of %s ends for an unknown reason", c.model))
	}
	return reply, nil
}

func (c *Client) problem(key string, err error) *configtrail.Problem {
	return &configtrail.Problem{Key: key, Args: map[string]any{"model": configtrail.Visible(c.options.Model)}, Err: err}
}
