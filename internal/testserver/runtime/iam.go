package runtime

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// IAM is the authorisation of a Function URL whose type is AWS_IAM: each request
// is signed with Signature Version 4 for the service lambda. It is checked here
// without the SDK, whose signer is what the tests hold against it.
//
// Left out are what a person with a command line does not send: a signature in
// the query, and paths with dots that AWS would resolve first.
type IAM struct {
	Keys   []Key
	Region string           // "": ap-northeast-1
	Now    func() time.Time // nil: time.Now
}

// Key is a pair of keys that AWS has given out.
type Key struct {
	Access, Secret string
	Session        string    // the token that temporary keys come with; "": they are a user's own
	Ends           time.Time // of temporary keys; zero: not within the test
	ARN            string    // of the user or the assumed role
	Denied         bool      // no policy lets this caller invoke the function
}

// skew is how far a request's time may be from the server's.
const skew = 5 * time.Minute

// stampLayout is how a signature writes a time.
const stampLayout = "20060102T150405Z"

// refusal is what Lambda answers instead of the function. All have the status 403.
type refusal struct{ kind, body string }

// These are the words of AWS. Its own refusals have a capital letter where those
// of the signature have none.
var (
	forbidden    = &refusal{"AccessDeniedException", `{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}`}
	mismatch     = invalid("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	unknownToken = &refusal{"UnrecognizedClientException", `{"message":"The security token included in the request is invalid."}`}
	expiredToken = &refusal{"ExpiredTokenException", `{"message":"The security token included in the request is expired"}`}
	incomplete   = &refusal{"IncompleteSignatureException", `{"message":"Authorization header requires 'Credential' parameter, 'Signature' parameter and 'SignedHeaders' parameter."}`}
)

func invalid(what string) *refusal {
	return &refusal{"InvalidSignatureException", string(told(map[string]string{"message": what}))}
}

func (r *refusal) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Requestid", requestID())
	w.Header().Set("X-Amzn-Errortype", r.kind)
	w.WriteHeader(http.StatusForbidden)
	w.Write([]byte(r.body)) //nolint:errcheck // a caller that has gone reads no answer
}

// admit gives the key of whoever signed a request, or why it is refused.
func (i *IAM) admit(r *http.Request, body []byte) (*Key, *refusal) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return nil, forbidden
	}
	a, ok := readAuthorization(headers)
	if !ok {
		return nil, incomplete
	}
	now, region := time.Now, "ap-northeast-1"
	if i.Now != nil {
		now = i.Now
	}
	if i.Region != "" {
		region = i.Region
	}
	at, err := time.Parse(stampLayout, r.Header.Get("X-Amz-Date"))
	switch {
	case err != nil, a.day != at.Format("20060102"), a.end != "aws4_request":
		return nil, mismatch
	case a.service != "lambda":
		return nil, invalid("Credential should be scoped to correct service: 'lambda'.")
	case a.region != region:
		return nil, invalid("Credential should be scoped to a valid region.")
	case at.Before(now().Add(-skew)):
		return nil, invalid("Signature expired: " + at.Format(stampLayout) + " is now earlier than " + now().UTC().Add(-skew).Format(stampLayout))
	case at.After(now().Add(skew)):
		return nil, invalid("Signature not yet current: " + at.Format(stampLayout) + " is still later than " + now().UTC().Add(skew).Format(stampLayout))
	}
	n := slices.IndexFunc(i.Keys, func(k Key) bool { return k.Access == a.access })
	if n < 0 || i.Keys[n].Session != r.Header.Get("X-Amz-Security-Token") {
		return nil, unknownToken
	}
	key := &i.Keys[n]
	switch {
	case !a.covers(r), !a.signedWith(key.Secret, r, body):
		return nil, mismatch
	case !key.Ends.IsZero() && !now().Before(key.Ends):
		return nil, expiredToken
	case key.Denied:
		return nil, forbidden
	}
	return key, nil
}

// authorization is the header of a signature, taken apart.
type authorization struct {
	access, day, region, service, end string // the credential and its scope
	signed                            []string
	signature                         string
}

// readAuthorization reads the one header AWS4-HMAC-SHA256 Credential=…,
// SignedHeaders=…, Signature=….
func readAuthorization(headers []string) (a authorization, ok bool) {
	fields, ok := strings.CutPrefix(headers[0], "AWS4-HMAC-SHA256 ")
	if !ok || len(headers) > 1 {
		return a, false
	}
	members := map[string]string{}
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		if members[name] != "" {
			return a, false
		}
		members[name] = value
	}
	scope := strings.Split(members["Credential"], "/")
	if len(scope) != 5 || members["SignedHeaders"] == "" || members["Signature"] == "" || len(members) != 3 {
		return a, false
	}
	return authorization{
		access: scope[0], day: scope[1], region: scope[2], service: scope[3], end: scope[4],
		signed: strings.Split(members["SignedHeaders"], ";"), signature: members["Signature"],
	}, true
}

// covers reports whether the signature covers what it has to: the host, and
// whatever speaks to AWS itself.
func (a *authorization) covers(r *http.Request) bool {
	if !slices.Contains(a.signed, "host") || !slices.IsSorted(a.signed) || len(slices.Compact(slices.Clone(a.signed))) != len(a.signed) {
		return false
	}
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") && !slices.Contains(a.signed, name) {
			return false
		}
	}
	return true
}

// signedWith works the signature out anew and compares.
func (a *authorization) signedWith(secret string, r *http.Request, body []byte) bool {
	request, ok := canonicalRequest(r, a.signed, body)
	if !ok {
		return false
	}
	hash := sha256.Sum256([]byte(request))
	scope := strings.Join([]string{a.day, a.region, a.service, a.end}, "/")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), scope, hex.EncodeToString(hash[:])}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{a.day, a.region, a.service, a.end} {
		key = keyed(key, part)
	}
	return hmac.Equal([]byte(hex.EncodeToString(keyed(key, text))), []byte(a.signature))
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
