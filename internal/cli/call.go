package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"configtrail"
	"configtrail/internal/message"
)

// callFlags are the flags of call.
type callFlags struct {
	format      string
	auth        string
	tokenFile   string // "-": standard input
	tokenSecret string
	timeout     time.Duration
}

func (a *app) callCommand() *cobra.Command {
	var f callFlags
	c := &cobra.Command{
		Use: "call URL MONTH", Short: a.t("call.short"), Long: a.t("call.long"), Example: a.t("call.example"), Args: exactly("URL", "MONTH"),
		RunE: func(c *cobra.Command, args []string) error { return a.call(c.Context(), args[0], args[1], f) },
	}
	c.Flags().StringVar(&f.auth, "auth", authAuto, a.t("flag.auth"))
	c.Flags().StringVar(&f.tokenFile, "token-file", "", a.t("flag.token-file"))
	c.Flags().StringVar(&f.tokenSecret, "token-secret", "", a.t("flag.token-secret"))
	c.Flags().DurationVar(&f.timeout, "timeout", 15*time.Minute, a.t("flag.call-timeout")) // the longest that a function may take
	a.formatFlag(c, &f.format, "text", "json")
	return c
}

// call asks a deployed function, or serve, for a month, and prints its text.
func (a *app) call(ctx context.Context, address, monthText string, f callFlags) error {
	to, err := parseEndpoint(address)
	if err != nil {
		return err
	}
	month, err := configtrail.ParseMonth(monthText)
	switch {
	case err != nil:
		return invalid("month", message.Args{"text": monthText})
	case f.timeout <= 0:
		return misused("call_timeout", nil)
	case a.dryRun:
		return misused("call_dry_run", nil)
	}
	proof, err := a.proof(ctx, to, f)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, errTooSlow)
	defer cancel()
	answer, err := a.post(ctx, to, month, proof)
	if err != nil {
		return a.unanswered(ctx, to, f, err)
	}
	return a.answered(answer, to, proof, f)
}

// endpoint is where a month is asked for.
type endpoint struct {
	url    *url.URL
	region string // that the name of a Function URL tells
	local  bool   // on this machine
}

var functionURL = configtrail.Pattern(`^[a-z0-9]+\.lambda-url\.([a-z]{2,4}(?:-[a-z]+)+-\d{1,2})\.on\.aws$`)

// parseEndpoint reads an address. What is secret must not be part of it, and it
// must not be sent in the clear but on this machine.
func parseEndpoint(text string) (endpoint, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return endpoint{}, invalid("call_url", message.Args{"text": text})
	}
	if u.User != nil {
		return endpoint{}, invalid("call_url_secret", nil)
	}
	to := endpoint{url: u, local: isLocal(u.Hostname())}
	if u.Scheme == "http" && !to.local {
		return endpoint{}, invalid("call_http", message.Args{"host": u.Host})
	}
	if found := functionURL().FindStringSubmatch(strings.ToLower(u.Hostname())); found != nil {
		to.region = found[1]
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return to, nil
}

// isLocal reports whether a host is this machine by its very name.
func isLocal(host string) bool {
	address := net.ParseIP(host)
	return host == "localhost" || address != nil && address.IsLoopback()
}

// post sends the question. A language and a zone that nobody set are left to
// whoever answers.
func (a *app) post(ctx context.Context, to endpoint, month configtrail.Month, proof proof) (*callAnswer, error) {
	question := map[string]string{"target_year": strconv.Itoa(month.Year), "target_month": strconv.Itoa(int(month.Month))}
	if a.given["lang"] {
		question["lang"] = a.set.Lang
	}
	if a.given["tz"] {
		question["tz"] = a.set.TZ
	}
	body, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "configtrail/"+a.Version)
	if err := proof.show(ctx, request, body); err != nil {
		return nil, err
	}
	// A redirect would carry the proof to whoever is named there.
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return nil, &connectionError{err}
	}
	defer response.Body.Close()
	return readAnswer(response)
}

// errTooSlow is that no answer came in the time of --timeout.
var errTooSlow = errors.New("no answer in time")

// connectionError is that no answer came at all.
type connectionError struct{ err error }

func (e *connectionError) Error() string { return e.err.Error() }
func (e *connectionError) Unwrap() error { return e.err }

// unanswered tells why there is no answer.
func (a *app) unanswered(ctx context.Context, to endpoint, f callFlags, err error) error {
	var connection *connectionError
	var within *url.Error // which names the whole address again
	switch {
	case errors.Is(context.Cause(ctx), errTooSlow):
		return &configtrail.Problem{Key: "call_slow", Args: message.Args{"host": to.url.Host, "time": f.timeout.String()}, Err: fmt.Errorf("call: %w", err)}
	case ctx.Err() != nil, !errors.As(err, &connection):
		return err
	case errors.As(err, &within):
		err = within.Err
	}
	return &configtrail.Problem{Key: "call_unreachable", Args: message.Args{"host": to.url.Host, "what": err.Error()}, Err: fmt.Errorf("call: %w", err)}
}
