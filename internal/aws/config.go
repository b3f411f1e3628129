// Package aws finds out who we are to AWS: region, credentials, how often a
// request is tried again; and tells people in one line why AWS refused. It is
// the home of the SDK's configuration and of STS. The clients of other
// services live with the packages that need them.
package aws

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"configtrail"
)

// Options says whose credentials to use and where. The zero value is the
// SDK's own chain: environment, profile (keys, SSO, console login, process,
// role), web identity, container, instance.
//
// The chain reads AWS_… variables and ~/.aws itself, as every AWS tool does.
type Options struct {
	Profile     string // of ~/.aws/config; "": AWS_PROFILE, else "default"
	RoleARN     string // a role to assume with what the chain finds
	ExternalID  string // sent with RoleARN, where the role's trust asks for one
	SessionName string // of the assumed role, seen in CloudTrail; "": configtrail
	Region      string // "": AWS_REGION, else the profile's; may stay empty for S3

	// EndpointURL is asked instead of AWS's endpoints by the clients made from
	// the configuration, over any AWS_ENDPOINT_URL… variable. Credentials are
	// still fetched where the environment says.
	EndpointURL string
}

// Attempts is how often one request is sent before its error is final, unless
// AWS_MAX_ATTEMPTS or the profile says otherwise. With pauses that double up to
// 20 s it outlasts about a minute of 503 SlowDown.
const Attempts = 8

// headerTimeout is how long a service may think before its answer begins.
const headerTimeout = time.Minute

// Config resolves options. It asks AWS for nothing yet: credentials are
// fetched with the first request. The error is one that Explain has made readable.
func Config(ctx context.Context, options Options) (aws.Config, error) {
	if options.RoleARN != "" && !roleARN().MatchString(options.RoleARN) {
		err := fmt.Errorf("%w: %q is no role; write it as arn:aws:iam::ACCOUNT:role/NAME", configtrail.ErrInvalid, options.RoleARN)
		return aws.Config{}, configtrail.WithHint(err, "list the roles with: aws iam list-roles")
	}
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = headerTimeout
		})),
		config.WithLogger(logging.Nop{}), // what matters comes back as an error
	}
	if options.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(options.Profile))
	}
	if options.Region != "" {
		load = append(load, config.WithRegion(options.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("read the AWS settings: %w", explain(err, login{profile: options.Profile}))
	}
	who := loginOf(cfg, options)
	if options.RoleARN != "" {
		cfg.Credentials = assume(cfg, options)
	}
	credentials := &namedCredentials{cfg.Credentials, who}

	// A second load, so that an endpoint given here wins over the variables of
	// single services and yet is not asked for credentials.
	if options.EndpointURL != "" {
		load = append(load, config.WithBaseEndpoint(options.EndpointURL), config.WithCredentialsProvider(credentials))
		if cfg, err = config.LoadDefaultConfig(ctx, load...); err != nil {
			return aws.Config{}, fmt.Errorf("read the AWS settings: %w", explain(err, who))
		}
	}
	cfg.Credentials = credentials
	if cfg.RetryMode == "" {
		cfg.Retryer = patient
	}
	return cfg, nil
}

// patient retries as the SDK does by default, only longer, and without its
// quota of retries: hundreds of workers that are slowed down together would
// use it up and then fail at once.
func patient() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = Attempts
		o.RateLimiter = ratelimit.None
	})
}

var roleARN = configtrail.Pattern(`^arn:(aws[a-z-]*):iam::\d{12}:role/[\w+=,.@/-]+$`)

// assume gives credentials of options.RoleARN, renewed before they end for as
// long as those of cfg hold.
func assume(cfg aws.Config, options Options) *aws.CredentialsCache {
	if cfg.Region == "" {
		cfg.Region = homeRegion(options.RoleARN)
	}
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), options.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = options.SessionName
		if o.RoleSessionName == "" {
			o.RoleSessionName = "configtrail"
		}
		if options.ExternalID != "" {
			o.ExternalID = aws.String(options.ExternalID)
		}
	})
	return aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow = time.Minute
	})
}

// homeRegion is where the STS of an ARN's partition can be asked when no
// region is set.
func homeRegion(arn string) string {
	partition, _, _ := strings.Cut(strings.TrimPrefix(arn, "arn:"), ":")
	switch partition {
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	default:
		return "us-east-1"
	}
}

// NeedRegion gives an error with a hint where cfg has no region: for services
// that live in one, unlike S3, whose buckets tell theirs.
func NeedRegion(cfg aws.Config) error {
	if cfg.Region != "" {
		return nil
	}
	return explain(errNoRegion, login{})
}
