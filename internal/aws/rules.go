package aws

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"configtrail"
)

// rules are tried in turn; the first that knows the answer explains it.
var rules = []func(a answer, who login) (what, next string, ok bool){
	settingsRule, clockRule, refusedKeysRule, loginRule, keyRule, payerRule, deniedRule, regionRule, bucketRule, throttledRule, networkRule,
}

// settingsRule knows what is wrong before any request.
func settingsRule(a answer, who login) (string, string, bool) {
	var profile config.SharedConfigProfileNotExistError
	var role config.SharedConfigAssumeRoleError
	var mfa config.AssumeRoleTokenProviderNotSetError
	switch {
	case errors.As(a.err, &mfa):
		return "the profile's role asks for an MFA code, which configtrail does not",
			`eval "$(aws configure export-credentials` + who.flag() + ` --format env)", then run it again without --profile`, true
	case errors.As(a.err, &role):
		return fmt.Sprintf("the source_profile %s of role %s has no credentials", role.Profile, role.RoleARN),
			"aws configure list-profiles", true
	case errors.As(a.err, &profile):
		return "no AWS profile " + profile.Profile, "aws configure list-profiles", true
	case errors.Is(a.err, errNoRegion) || strings.Contains(a.err.Error(), "Missing Region"):
		return errNoRegion.Error(), "name it with --aws-region, AWS_REGION or the profile, such as --aws-region ap-northeast-1", true
	}
	return "", "", false
}

func clockRule(a answer, _ login) (string, string, bool) {
	switch {
	case a.code == "RequestTimeTooSkewed", a.code == "RequestExpired",
		strings.Contains(a.message, "Signature expired"), strings.Contains(a.message, "Signature not yet current"):
		return "this machine's clock differs too much from AWS's", "set the clock, such as with: timedatectl set-ntp true", true
	}
	return "", "", false
}

// refusedKeysRule knows credentials that AWS has looked at and refused.
func refusedKeysRule(a answer, who login) (string, string, bool) {
	switch a.code {
	case "InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken":
		return "AWS does not know these credentials" + of(who), who.renew(), true
	case "SignatureDoesNotMatch", "InvalidSignatureException":
		return "the secret access key does not belong to the access key id" + of(who), who.renew(), true
	}
	if expiredCodes[a.code] {
		return "the AWS credentials have expired" + of(who), who.renew(), true
	}
	return "", "", false
}

func of(who login) string {
	if who.kind == loginEnvironment {
		return " (from the AWS_… variables)"
	}
	if who.named() == "" {
		return ""
	}
	return " (" + who.named() + ")"
}

// loginRule knows why no credentials came at all.
func loginRule(a answer, who login) (string, string, bool) {
	var token *ssocreds.InvalidTokenError
	var failed *credentialsError
	switch {
	case errors.As(a.err, &token):
		who.kind = loginSSO
		return "the SSO login has expired" + of(who), who.renew(), true
	case !errors.As(a.err, &failed):
		return "", "", false
	case unreachable(a.err) && who.kind != loginUnknown:
		return "", "", false // the network, which another rule tells
	case a.service == "STS" && a.code != "", a.code == "ForbiddenException":
		return "", "", false // a role that is refused is a question of rights, not of the login
	}
	switch who.kind {
	case loginSSO:
		return "the SSO login has expired or is missing" + of(who), who.renew(), true
	case loginConsole:
		return "the console login has expired or is missing" + of(who), who.renew(), true
	case loginProcess:
		return "the credential_process gave no credentials" + of(who), who.renew(), true
	case loginMachine:
		return "the role of this machine gave no credentials", who.renew(), true
	default:
		return "no AWS credentials found" + of(who),
			"log in with aws sso login --profile NAME and name it with --profile NAME, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", true
	}
}

// keyRule knows objects whose KMS key is out of reach.
func keyRule(a answer, who login) (string, string, bool) {
	switch denied := deniedOf(a); {
	case strings.HasPrefix(a.code, "KMS."), strings.HasPrefix(a.code, "KMS") && strings.HasSuffix(a.code, "Exception"):
		return "the KMS key of the object cannot be used: " + a.code, "look at the key's state: aws kms describe-key --key-id KEY" + who.flag(), true
	case denied.denied && strings.HasPrefix(denied.action, "kms:"):
		return "access denied: " + denied.action + " on " + orElse(denied.resource, "the object's KMS key"),
			"allow " + denied.action + " in the key's policy and for " + identity(who), true
	}
	return "", "", false
}

func payerRule(a answer, _ login) (string, string, bool) {
	if a.status == http.StatusForbidden && strings.Contains(strings.ToLower(a.message), "requester pays") {
		return "the bucket wants its reader to pay", "pay for it with --request-payer", true
	}
	return "", "", false
}

func deniedRule(a answer, who login) (string, string, bool) {
	denied := deniedOf(a)
	if !denied.denied {
		return "", "", false
	}
	what := "access denied: " + orElse(denied.action, "the request")
	if denied.resource != "" {
		what += " on " + denied.resource
	}
	next := "allow " + orElse(denied.action, "it") + " for " + identity(who)
	if denied.explicit {
		what += ", by an explicit deny"
		next = "find the policy that denies " + orElse(denied.action, "it") + " for " + identity(who)
	}
	return what, next, true
}

func identity(who login) string {
	return "the identity that this shows: aws sts get-caller-identity" + who.flag()
}

type denial struct {
	denied           bool
	action, resource string
	explicit         bool
}

// The sentence that IAM writes, which names the action and often the resource.
var notAuthorized = configtrail.Pattern(`not authorized to perform: ([\w-]+:\w+)(?: on resource: "?([^\s"]+))?`)

func deniedOf(a answer) denial {
	switch a.code {
	case "AccessDenied", "AccessDeniedException", "AllAccessDisabled", "Forbidden", "UnauthorizedOperation", "ForbiddenException":
	default:
		return denial{}
	}
	d := denial{denied: true, explicit: strings.Contains(a.message, "explicit deny")}
	if found := notAuthorized().FindStringSubmatch(a.message); found != nil {
		d.action, d.resource = found[1], found[2]
		return d
	}
	switch {
	case a.operation == "ListObjectsV2" || a.operation == "HeadBucket":
		d.action = "s3:ListBucket"
	case a.operation == "GetBucketLifecycleConfiguration":
		d.action = "s3:GetLifecycleConfiguration"
	case a.operation == "HeadObject":
		d.action = "s3:GetObject"
	case a.operation != "":
		d.action = strings.ToLower(a.service) + ":" + a.operation
	}
	return d
}

// WrongRegion reports whether S3 refused a request because the bucket is in
// another region. BucketRegion may tell which.
func WrongRegion(err error) bool { return answerOf(err).wrongRegion() }

func (a answer) wrongRegion() bool {
	switch a.code {
	case "PermanentRedirect", "MovedPermanently", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "IncorrectEndpoint":
		return true
	}
	// An answer to HEAD has no code: 301, or 400 where the signature is of another region.
	return a.status == http.StatusMovedPermanently || a.status == http.StatusBadRequest && a.operation == "HeadBucket" && a.region != ""
}

func regionRule(a answer, _ login) (string, string, bool) {
	if !a.wrongRegion() {
		return "", "", false
	}
	if a.region != "" {
		return "the bucket is in " + a.region, "name its region with --aws-region " + a.region, true
	}
	return "the bucket is in another region", "name its region with --aws-region; this tells it: aws s3api head-bucket --bucket BUCKET", true
}

func bucketRule(a answer, who login) (string, string, bool) {
	if a.code == "NoSuchBucket" {
		return "no such bucket", "list the buckets with: aws s3 ls" + who.flag(), true
	}
	return "", "", false
}

func throttledRule(a answer, _ login) (string, string, bool) {
	if _, ok := retry.DefaultThrottleErrorCodes[a.code]; ok || a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable {
		return "AWS asked to slow down, and went on asking",
			"wait a few minutes and run it again: it goes on where it stopped", true
	}
	return "", "", false
}

// networkRule knows requests that never got an answer.
func networkRule(a answer, _ login) (string, string, bool) {
	if !unreachable(a.err) {
		return "", "", false
	}
	var name *net.DNSError
	var dial *net.OpError
	switch {
	case errors.As(a.err, &name):
		return "no such host: " + name.Name, "check the network, --aws-region and --endpoint-url", true
	case errors.As(a.err, &dial) && dial.Addr != nil:
		return "no connection to " + dial.Addr.String() + ": " + dial.Err.Error(), "check the network and --endpoint-url", true
	}
	return "AWS gave no answer", "check the network and --endpoint-url", true
}

func unreachable(err error) bool {
	var send *smithyhttp.RequestSendError
	return errors.As(err, &send)
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
