package claude

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"configtrail/internal/analyst"
)

// errNotSent is what the recorder of a request answers.
var errNotSent = errors.New("not sent")

// ShowRequest is what Reply would send, to whom, and sends nothing: the address,
// the headers but those that prove who we are, and the body. It needs no key.
func (c *Client) ShowRequest(ctx context.Context, request analyst.Request) (string, error) {
	r := &recorder{}
	shown := *c
	shown.options.Key = func(context.Context) (string, error) { return "-", nil }
	shown.options.AWS.BearerAuthTokenProvider = nil
	shown.options.AWS.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "-", SecretAccessKey: "-"}, nil
	})
	if shown.bedrock && shown.options.AWS.Region == "" {
		shown.options.AWS.Region = "REGION"
	}
	service, err := shown.service(ctx, &http.Client{Transport: r})
	if err != nil {
		return "", err
	}
	if _, _, err := shown.send(ctx, service, request); !errors.Is(err, errNotSent) {
		return "", fmt.Errorf("show the request to %s: %w", c.model, err)
	}
	return r.shown, r.err
}

// recorder writes requests down instead of sending them.
type recorder struct {
	shown string
	err   error
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", request.Method, request.URL)
	var names []string
	for name := range request.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		value := strings.Join(request.Header[name], ", ")
		switch strings.ToLower(name) {
		case "x-api-key", "authorization", "x-amz-security-token":
			value = "…"
		}
		fmt.Fprintf(&b, "%s: %s\n", name, value)
	}
	var pretty bytes.Buffer
	if r.err = json.Indent(&pretty, body, "", "  "); r.err == nil {
		fmt.Fprintf(&b, "\n%s\n", pretty.String())
	}
	r.shown = b.String()
	return nil, errNotSent
}
