package awsjson

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// authorization is what a request says of who sent it.
type authorization struct {
	accessKey, region, service string
	signed                     []string // names of the headers that the signature covers
}

// readAuthorization reads the header of signature version 4.
func readAuthorization(header string) (*authorization, error) {
	fields, ok := strings.CutPrefix(header, "AWS4-HMAC-SHA256 ")
	if !ok {
		return nil, Errorf("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	a := &authorization{}
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Credential":
			if scope := strings.Split(value, "/"); len(scope) == 5 { // key, day, region, service, aws4_request
				a.accessKey, a.region, a.service = scope[0], scope[2], scope[3]
			}
		case "SignedHeaders":
			a.signed = strings.Split(value, ";")
		}
	}
	if a.service == "" || len(a.signed) == 0 {
		return nil, Errorf("IncompleteSignatureException", "Authorization header requires 'Credential' and 'SignedHeaders' parameters.")
	}
	return a, nil
}

// verify signs the request again with the secret, over the same headers, and
// compares.
func (a *authorization) verify(r *http.Request, body []byte, secret string) error {
	mismatch := Errorf("InvalidSignatureException", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return mismatch
	}
	again, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+r.Host+r.URL.RequestURI(), http.NoBody)
	if err != nil {
		return mismatch
	}
	for _, name := range a.signed {
		if name == "content-length" {
			again.ContentLength = r.ContentLength
			continue
		}
		if values := r.Header.Values(name); values != nil {
			again.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	hash := sha256.Sum256(body)
	credentials := aws.Credentials{AccessKeyID: a.accessKey, SecretAccessKey: secret}
	if err := v4.NewSigner().SignHTTP(r.Context(), credentials, again, hex.EncodeToString(hash[:]), a.service, a.region, at); err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(signature(r), signature(again)) != 1 {
		return mismatch
	}
	return nil
}

// signature is what stands behind Signature= in the Authorization header.
func signature(r *http.Request) []byte {
	_, value, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	return []byte(value)
}
