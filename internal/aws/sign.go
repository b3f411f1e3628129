package aws

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
)

// Signing says what a request is signed for.
type Signing struct {
	Service string // its name in IAM, as lambda
	Region  string
	Time    time.Time // of the request; AWS allows minutes of difference
}

// SignRequest signs a request that no client of the SDK sends with Signature
// Version 4: its method, address, headers and body. Nothing of them may change
// afterwards. The error is one that Explain has made readable: there are no
// credentials, or they can't be fetched.
func SignRequest(ctx context.Context, cfg aws.Config, request *http.Request, body []byte, signing Signing) error {
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("sign the request: %w", ExplainFor(cfg.Credentials, err))
	}
	hash := sha256.Sum256(body)
	return v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(hash[:]), signing.Service, signing.Region, signing.Time)
}

// RefusedRequest is what AWS answered to a request that SignRequest signed, by the
// kind of error in its header and its words: keys that it does not know, that have
// ended or don't match, or a clock that is wrong. Anything else comes back unexplained.
func RefusedRequest(cfg aws.Config, kind, words string) error {
	return ExplainFor(cfg.Credentials, &smithy.GenericAPIError{Code: kind, Message: words})
}
