package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"configtrail"
	"configtrail/internal/aws"
	"configtrail/internal/message"
)

// The ways in which a caller shows who they are. Both proofs are the one header
// Authorization, so there is never more than one.
const (
	authAuto  = "auto"  // a token where there is one; else a signature, but on this machine nothing
	authIAM   = "iam"   // a signature, as a Function URL of the type AWS_IAM wants it
	authToken = "token" // a bearer token
	authNone  = "none"
)

// proof is what a request shows of its caller.
type proof struct {
	kind   string // authIAM, authToken or authNone
	token  string
	config sdk.Config // whose credentials sign
	region string
	now    func() time.Time
}

// proof finds what the flags ask for. Credentials are fetched when it is shown.
func (a *app) proof(ctx context.Context, to endpoint, f callFlags) (proof, error) {
	from, err := a.tokenSource(f)
	if err != nil {
		return proof{}, err
	}
	kind := f.auth
	switch kind {
	case authIAM, authToken, authNone:
	case authAuto:
		switch {
		case from != (tokenSource{}):
			kind = authToken
		case to.local:
			kind = authNone
		default:
			kind = authIAM
		}
	default:
		return proof{}, oneOf("--auth", f.auth, authAuto, authIAM, authToken, authNone)
	}
	if kind != authToken && f.tokenFile+f.tokenSecret != "" {
		return proof{}, misused("call_two_proofs", message.Args{"auth": kind})
	}
	p := proof{kind: kind, now: a.Now}
	switch kind {
	case authToken:
		p.token, err = a.callToken(ctx, from)
	case authIAM:
		if p.config, err = a.awsConfig(ctx); err != nil {
			return p, told("aws", err)
		}
		if p.region = to.region; p.region == "" { // a name of one's own, before the function
			p.region, err = p.config.Region, told("aws", aws.NeedRegion(p.config))
		}
	}
	return p, err
}

// show puts the proof on a request, which must not change any more.
func (p proof) show(ctx context.Context, request *http.Request, body []byte) error {
	switch p.kind {
	case authToken:
		request.Header.Set("Authorization", "Bearer "+p.token)
	case authIAM:
		err := aws.SignRequest(ctx, p.config, request, body, aws.Signing{Service: "lambda", Region: p.region, Time: p.now()})
		return told("aws", err)
	}
	return nil
}

// tokenSource says where a token lies. It is never an argument, which everybody
// on the machine could read.
type tokenSource struct{ text, file, secret string }

// tokenSource is that of the flags, or else of the environment.
func (a *app) tokenSource(f callFlags) (tokenSource, error) {
	from := tokenSource{file: f.tokenFile, secret: f.tokenSecret}
	if from == (tokenSource{}) {
		from = tokenSource{a.Getenv("CONFIGTRAIL_TOKEN"), a.Getenv("CONFIGTRAIL_TOKEN_FILE"), a.Getenv("CONFIGTRAIL_TOKEN_SECRET")}
	}
	n := 0
	for _, place := range []string{from.text, from.file, from.secret} {
		if place != "" {
			n++
		}
	}
	if n > 1 {
		return from, misused("call_two_tokens", nil)
	}
	return from, nil
}

// maxToken is more than any token of this kind has, in bytes.
const maxToken = 8 << 10

// callToken reads the token.
func (a *app) callToken(ctx context.Context, from tokenSource) (string, error) {
	token, err := from.text, error(nil)
	switch {
	case from.file != "":
		token, err = a.tokenFile(from.file)
	case from.secret != "":
		cfg, failed := a.awsConfig(ctx)
		if failed != nil {
			return "", told("aws", failed)
		}
		token, err = aws.Secret(ctx, cfg, from.secret)
		err = told("aws", err)
	}
	if err != nil {
		return "", err
	}
	token = strings.TrimSpace(token)
	switch {
	case token == "":
		return "", invalid("call_no_token", nil)
	case len(token) > maxToken, strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", invalid("call_token", nil)
	}
	return token, nil
}

// tokenFile reads a token from a file, or from standard input.
func (a *app) tokenFile(path string) (string, error) {
	in := a.Stdin
	if path != "-" {
		file, err := os.Open(path)
		switch {
		case errors.Is(err, os.ErrNotExist):
			return "", &configtrail.Problem{Key: "call_no_token_file", Args: message.Args{"file": path}, Err: fmt.Errorf("read the token: %w: %w", configtrail.ErrNotFound, err)}
		case err != nil:
			return "", fmt.Errorf("read the token: %w", err)
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxToken+2))
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	return string(text), nil
}
