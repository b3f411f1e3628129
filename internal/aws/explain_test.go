package aws_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"configtrail"
	"configtrail/internal/aws"
)

// refusal is an error as the SDK builds it from a service's answer.
func refusal(service, operation string, status int, code, message string, header ...string) error {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &smithy.OperationError{ServiceID: service, OperationName: operation, Err: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: h}},
		Err:      &smithy.GenericAPIError{Code: code, Message: message},
	}}
}

// Texts of answers that must not come out, because nobody knows what is in them.
const secret = "AKIASECRETKEYID wJalrXUtnFEMI/bPxRfiCYEXAMPLEKEY"

func TestExplain(t *testing.T) {
	const self = "the identity that this shows: aws sts get-caller-identity"
	for _, test := range []struct {
		err        error
		what, next string
	}{
		{
			refusal("S3", "ListObjectsV2", 403, "AccessDenied", `User: arn:aws:sts::111122223333:assumed-role/Reader/kenji is not authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::logs" because no identity-based policy allows the s3:ListBucket action`),
			"access denied: s3:ListBucket on arn:aws:s3:::logs", "allow s3:ListBucket for " + self,
		},
		{
			refusal("S3", "GetObject", 403, "AccessDenied", `User: arn:aws:iam::111122223333:user/k is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::logs/x" with an explicit deny in a resource-based policy`),
			"access denied: s3:GetObject on arn:aws:s3:::logs/x, by an explicit deny", "find the policy that denies s3:GetObject for " + self,
		},
		{refusal("S3", "GetObject", 403, "AccessDenied", "Access Denied "+secret), "access denied: s3:GetObject", "allow s3:GetObject for " + self},
		{refusal("S3", "ListObjectsV2", 403, "AccessDenied", "Access Denied"), "access denied: s3:ListBucket", "allow s3:ListBucket for " + self},
		{refusal("S3", "HeadBucket", 403, "Forbidden", "Forbidden"), "access denied: s3:ListBucket", "allow s3:ListBucket for " + self},
		{refusal("S3", "GetBucketLifecycleConfiguration", 403, "AccessDenied", "Access Denied"), "access denied: s3:GetLifecycleConfiguration", "allow s3:GetLifecycleConfiguration for " + self},
		{
			refusal("S3", "GetObject", 403, "AccessDenied", `User: arn:aws:iam::111122223333:user/k is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:ap-northeast-1:111122223333:key/0 because no resource-based policy allows the kms:Decrypt action`),
			"access denied: kms:Decrypt on arn:aws:kms:ap-northeast-1:111122223333:key/0", "allow kms:Decrypt in the key's policy and for " + self,
		},
		{
			refusal("S3", "GetObject", 400, "KMS.DisabledException", "arn:aws:kms:… is disabled. "+secret),
			"the KMS key of the object cannot be used: KMS.DisabledException", "look at the key's state: aws kms describe-key --key-id KEY",
		},
		{
			refusal("S3", "GetObject", 403, "AccessDenied", "Bucket is requester pays bucket but no x-amz-request-payer header found."),
			"the bucket wants its reader to pay", "pay for it with --request-payer",
		},
		{
			refusal("S3", "GetObject", 301, "PermanentRedirect", "…", "x-amz-bucket-region", "eu-west-1"),
			"the bucket is in eu-west-1", "name its region with --aws-region eu-west-1",
		},
		{
			refusal("S3", "GetObject", 400, "AuthorizationHeaderMalformed", "…", "x-amz-bucket-region", "eu-west-1.evil.example"),
			"the bucket is in another region", "name its region with --aws-region; this tells it: aws s3api head-bucket --bucket BUCKET",
		},
		{refusal("S3", "ListObjectsV2", 404, "NoSuchBucket", "…"), "no such bucket", "list the buckets with: aws s3 ls"},
		{refusal("S3", "GetObject", 403, "RequestTimeTooSkewed", "…"), "this machine's clock differs too much from AWS's", "set the clock, such as with: timedatectl set-ntp true"},
		{refusal("STS", "AssumeRole", 403, "SignatureDoesNotMatch", "Signature expired: 20241105T010203Z is now earlier than …"), "this machine's clock differs too much from AWS's", "set the clock, such as with: timedatectl set-ntp true"},
		{refusal("S3", "GetObject", 503, "SlowDown", "Please reduce your request rate."), "AWS asked to slow down, and went on asking", "wait a few minutes and run it again: it goes on where it stopped"},
		{refusal("S3", "GetObject", 400, "ExpiredToken", "The provided token has expired. "+secret), "the AWS credentials have expired", "aws sso login"},
		{refusal("S3", "GetObject", 403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records. "+secret), "AWS does not know these credentials", "aws sso login"},
		{refusal("S3", "GetObject", 403, "SignatureDoesNotMatch", "The request signature we calculated does not match … "+secret), "the secret access key does not belong to the access key id", "aws sso login"},
		{
			&smithy.OperationError{ServiceID: "S3", OperationName: "GetObject", Err: &smithyhttp.RequestSendError{Err: &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "logs.s3.ap-nowhere-1.amazonaws.com"}}}},
			"no such host: logs.s3.ap-nowhere-1.amazonaws.com", "check the network, --aws-region and --endpoint-url",
		},
		{
			&smithy.OperationError{ServiceID: "S3", OperationName: "GetObject", Err: &smithyhttp.RequestSendError{Err: &net.OpError{Op: "dial", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9}, Err: errors.New("connection refused")}}},
			"no connection to 127.0.0.1:9: connection refused", "check the network and --endpoint-url",
		},
		{
			&smithy.OperationError{ServiceID: "Athena", OperationName: "StartQueryExecution", Err: errors.New("resolve endpoint: endpoint rule error, Invalid Configuration: Missing Region")},
			"no AWS region is set", "name it with --aws-region, AWS_REGION or the profile, such as --aws-region ap-northeast-1",
		},
		{
			refusal("S3", "GetObject", 403, "AccessDenied", "User: x is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::logs/\x1b[2J\u202eevil\""),
			`access denied: s3:GetObject on arn:aws:s3:::logs/\x1b[2J\u202eevil`, "allow s3:GetObject for " + self,
		},
	} {
		explained := aws.Explain(fmt.Errorf("page 3: %w", test.err))
		expect(t, explained, test.what, test.next)
		if !errors.Is(explained, test.err) {
			t.Errorf("%s: the SDK's error is lost", test.what)
		}
		var hint *configtrail.Hint
		if errors.As(explained, &hint) && strings.Contains(explained.Error()+hint.Next, "SECRET") {
			t.Errorf("a secret came out: %s", explained)
		}
		if again := aws.Explain(fmt.Errorf("list: %w", explained)); again.Error() != "list: "+test.what {
			t.Errorf("explained twice: %s", again)
		}
	}
	if !errors.Is(aws.Explain(refusal("S3", "ListObjectsV2", 404, "NoSuchBucket", "")), configtrail.ErrNotFound) {
		t.Error("a missing bucket is not ErrNotFound")
	}
}

func TestExplainLeavesTheRest(t *testing.T) {
	for _, err := range []error{
		nil,
		errors.New("disk full"),
		fmt.Errorf("x: %w", context.Canceled),
		refusal("S3", "GetObject", 404, "NoSuchKey", "The specified key does not exist."),
		refusal("S3", "GetObject", 500, "InternalError", "We encountered an internal error."),
	} {
		var hint *configtrail.Hint
		if got := aws.Explain(err); !errors.Is(got, err) || errors.As(got, &hint) {
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestExplainForNamesTheProfile(t *testing.T) {
	machine(t, "[profile audit]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = ap-northeast-1\nsso_account_id = 111122223333\nsso_role_name = Reader\n")
	cfg, err := aws.Config(t.Context(), aws.Options{Profile: "audit"})
	if err != nil {
		t.Fatal(err)
	}
	expired := refusal("S3", "GetObject", 400, "ExpiredToken", "The provided token has expired.")
	expect(t, aws.ExplainFor(cfg.Credentials, expired), "the AWS credentials have expired (profile audit)", "aws sso login --profile audit")
	denied := refusal("S3", "GetObject", 403, "AccessDenied", "Access Denied")
	expect(t, aws.ExplainFor(cfg.Credentials, denied), "access denied: s3:GetObject", "allow s3:GetObject for the identity that this shows: aws sts get-caller-identity --profile audit")

	t.Setenv("AWS_ACCESS_KEY_ID", "ASIA")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	t.Setenv("AWS_SESSION_TOKEN", "old")
	if cfg, err = aws.Config(t.Context(), aws.Options{}); err != nil {
		t.Fatal(err)
	}
	expect(t, aws.ExplainFor(cfg.Credentials, expired), "the AWS credentials have expired (from the AWS_… variables)",
		"set fresh AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or unset them and name a profile with --profile")
}
