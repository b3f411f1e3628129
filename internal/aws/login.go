package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"configtrail"
)

// login is how a person got the credentials in use, and so how to renew them.
type login struct {
	profile string // "" or "default": commands need not name it
	kind    loginKind
	session string // of an SSO profile, where it has a named one
}

type loginKind int

const (
	loginUnknown loginKind = iota
	loginEnvironment
	loginSSO
	loginConsole // aws login
	loginKeys    // long-lived or pasted keys in a profile
	loginProcess
	loginMachine // container or instance role, web identity
)

// loginOf follows the order of the SDK's chain: a profile that was asked for,
// the environment, else the profile.
func loginOf(cfg aws.Config, options Options) login {
	var env config.EnvConfig
	var profile config.SharedConfig
	for _, source := range cfg.ConfigSources {
		switch s := source.(type) {
		case config.EnvConfig:
			env = s
		case config.SharedConfig:
			profile = s
		}
	}
	if options.Profile == "" {
		switch {
		case env.Credentials.HasKeys():
			return login{kind: loginEnvironment}
		case env.WebIdentityTokenFilePath != "":
			return login{kind: loginMachine}
		}
	}
	l := login{profile: profile.Profile}
	if options.Profile != "" {
		l.profile = options.Profile
	}
	base := &profile
	for base.Source != nil {
		base = base.Source
	}
	switch {
	case base.Credentials.HasKeys():
		l.kind = loginKeys
	case base.WebIdentityTokenFile != "" || base.CredentialSource != "":
		l.kind = loginMachine
	case base.SSOSession != nil || base.SSOStartURL != "":
		l.kind = loginSSO
		if base.SSOSession != nil {
			l.session = base.SSOSession.Name
		}
	case base.LoginSession != "":
		l.kind = loginConsole
	case base.CredentialProcess != "":
		l.kind = loginProcess
	case env.ContainerCredentialsRelativePath != "" || env.ContainerCredentialsEndpoint != "":
		l.kind = loginMachine
	}
	// The login of a role that builds on another profile is that profile's.
	if base != &profile && base.Profile != "" {
		l.profile = base.Profile
	}
	return l
}

// named is "profile NAME", or "" for the default one.
func (l login) named() string {
	if l.profile == "" || l.profile == config.DefaultSharedConfigProfile {
		return ""
	}
	return "profile " + l.profile
}

// flag is the AWS CLI's --profile for a command line, with a leading space, or "".
func (l login) flag() string {
	if l.named() == "" {
		return ""
	}
	return " --profile " + shellWord(l.profile)
}

// renew is the command, or the sentence, that makes fresh credentials.
func (l login) renew() string {
	switch l.kind {
	case loginSSO:
		return "aws sso login" + l.flag()
	case loginConsole:
		return "aws login" + l.flag()
	case loginEnvironment:
		return "set fresh AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or unset them and name a profile with --profile"
	case loginKeys:
		return "aws configure" + l.flag()
	case loginProcess:
		return "run the credential_process of " + l.profile + " by hand and see what it says"
	case loginMachine:
		return "check the role of this container, function or instance"
	default:
		return "aws sso login" + l.flag()
	}
}

var plainWord = configtrail.Pattern(`^[\w@%+=:,./-]+$`)

// shellWord quotes text so that a shell reads it as one word.
func shellWord(text string) string {
	if plainWord().MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// namedCredentials are credentials that know whose they are: an error that
// stops them from coming says so, and Explain can name the command that helps.
type namedCredentials struct {
	source aws.CredentialsProvider
	login  login
}

// credentialsError is why no credentials came.
type credentialsError struct {
	login login
	err   error
}

func (e *credentialsError) Error() string { return e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

// Retrieve implements aws.CredentialsProvider.
func (c *namedCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	credentials, err := c.source.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, &credentialsError{c.login, err}
	}
	return credentials, nil
}

// Invalidate makes the next Retrieve fetch anew what the source has cached.
func (c *namedCredentials) Invalidate() { Renew(c.source) }

// IsCredentialsProvider lets the SDK see through to the source, as it does for its own cache.
func (c *namedCredentials) IsCredentialsProvider(target aws.CredentialsProvider) bool {
	return aws.IsCredentialsProvider(c.source, target)
}

// Renew drops cached credentials, so that the next request fetches fresh ones,
// and reports whether there is a cache to drop. Call it when AWS says that a
// token has expired although by its own clock it has not.
func Renew(credentials aws.CredentialsProvider) bool {
	cache, ok := credentials.(interface{ Invalidate() })
	if ok {
		cache.Invalidate()
	}
	return ok
}
