package runtime

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// TestTheExampleOfAWS is the example of the IAM User Guide, "Signature Version 4
// request examples": its canonical request's hash and its signature stand there.
func TestTheExampleOfAWS(t *testing.T) {
	r, err := http.NewRequest(http.MethodGet, "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("X-Amz-Date", "20150830T123600Z")
	a := authorization{
		day: "20150830", region: "us-east-1", service: "iam", end: "aws4_request", signed: []string{"content-type", "host", "x-amz-date"},
		signature: "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
	}
	text, ok := canonicalRequest(r, a.signed, nil)
	if hash := sha256.Sum256([]byte(text)); !ok || hex.EncodeToString(hash[:]) != "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59" {
		t.Errorf("the canonical request is\n%s", text)
	}
	if !a.signedWith("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", r, nil) {
		t.Error("another signature")
	}
}

// The callers of the tests.
var (
	kenji = Key{Access: "AKIAKENJI", Secret: "wJalrXUtnFEMI/kenji", ARN: "arn:aws:iam::444455556666:user/kenji"}
	role  = Key{Access: "ASIAROLE", Secret: "wJalrXUtnFEMI/role", Session: "IQoJb3JpZ2luX2Vj//8=", ARN: "arn:aws:sts::444455556666:assumed-role/reader/kenji"}
	guest = Key{Access: "AKIAGUEST", Secret: "wJalrXUtnFEMI/guest", ARN: "arn:aws:iam::444455556666:user/guest", Denied: true}
	late  = Key{Access: "ASIALATE", Secret: "wJalrXUtnFEMI/late", Session: "late", Ends: time.Unix(1, 0)}
)

func signing(t *testing.T) *Started {
	t.Helper()
	return self(t, Options{IAM: &IAM{Keys: []Key{kenji, role, guest, late}}})
}

const body = `{"target_year":"2024","target_month":"11"}`

// signed is a request by the SDK's own signer.
type signed struct {
	path, service, region string
	key                   Key
	at                    time.Time
	header                http.Header
}

func (s signed) request(t *testing.T, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+s.path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for name, values := range s.header {
		r.Header[name] = values
	}
	if s.service == "" {
		s.service = "lambda"
	}
	if s.region == "" {
		s.region = "ap-northeast-1"
	}
	if s.at.IsZero() {
		s.at = time.Now()
	}
	credentials := aws.Credentials{AccessKeyID: s.key.Access, SecretAccessKey: s.key.Secret, SessionToken: s.key.Session}
	hash := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, r, hex.EncodeToString(hash[:]), s.service, s.region, s.at); err != nil {
		t.Fatal(err)
	}
	return r
}

// send gives the status, the kind of an error, and the body.
func send(t *testing.T, r *http.Request) (status int, kind, text string) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("X-Amzn-Errortype"), string(answer)
}

func TestSignedRequestsReachTheFunction(t *testing.T) {
	f := signing(t)
	for name, test := range map[string]struct {
		signed
		account, id string
	}{
		"a user":             {signed{key: kenji}, "444455556666", "AIDAEXAMPLE"},
		"a role":             {signed{key: role}, "444455556666", "AROAEXAMPLE:kenji"},
		"a slow clock":       {signed{key: kenji, at: time.Now().Add(-4 * time.Minute)}, "444455556666", "AIDAEXAMPLE"},
		"a path and a query": {signed{key: kenji, path: "/api/v1/%E6%9C%88%2Fx/a+b?tz=Asia%2FTokyo&x=a%20b&x=&a=~"}, "444455556666", "AIDAEXAMPLE"},
		"more headers": {signed{key: kenji, header: http.Header{
			"X-Two": {"1", "2"}, "X-Spaced": {"a   b"}, "X-Amz-Content-Sha256": {"4de94302a53242a7710448160fb358d322a224c81b1069974629c85be6f50a12"},
		}}, "444455556666", "AIDAEXAMPLE"},
	} {
		status, kind, text := send(t, test.request(t, f.URL))
		var event struct {
			RequestContext struct {
				AccountID  string
				Authorizer struct{ IAM map[string]any }
			}
			Body string
		}
		if err := json.Unmarshal([]byte(text), &event); err != nil || status != http.StatusOK {
			t.Errorf("%s: %d %s %s", name, status, kind, text)
			continue
		}
		iam := event.RequestContext.Authorizer.IAM
		if event.RequestContext.AccountID != "111122223333" || iam["accountId"] != test.account || iam["userId"] != test.id ||
			iam["accessKey"] != test.key.Access || iam["userArn"] != test.key.ARN || event.Body != body {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// Whatever of a signed request is changed on the way, it is refused, and the
// function never hears of it.
func TestWhatLambdaRefuses(t *testing.T) {
	f := signing(t)
	authorization := func(old, with string) func(*http.Request) {
		return func(r *http.Request) {
			header := r.Header.Get("Authorization")
			if changed := strings.Replace(header, old, with, 1); changed != header {
				r.Header.Set("Authorization", changed)
				return
			}
			t.Errorf("%s has no %s", header, old)
		}
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	const wrong, scope, token = "InvalidSignatureException", "InvalidSignatureException", "UnrecognizedClientException"
	for name, test := range map[string]struct {
		signed
		change func(*http.Request)
		kind   string
		holds  string
	}{
		"nothing signed":        {signed{key: kenji}, func(r *http.Request) { r.Header.Del("Authorization") }, "AccessDeniedException", `{"Message":"Forbidden`},
		"a token":               {signed{key: kenji}, set("Authorization", "Bearer t0ken"), "IncompleteSignatureException", "Authorization header requires"},
		"no policy":             {signed{key: guest}, nil, "AccessDeniedException", `{"Message":"Forbidden`},
		"an unknown key":        {signed{key: Key{Access: "AKIANOBODY", Secret: "x"}}, nil, token, "security token"},
		"another secret":        {signed{key: Key{Access: kenji.Access, Secret: "x"}}, nil, wrong, "does not match"},
		"keys that have ended":  {signed{key: late}, nil, "ExpiredTokenException", "is expired"},
		"no session token":      {signed{key: Key{Access: role.Access, Secret: role.Secret}}, nil, token, "security token"},
		"another session token": {signed{key: role}, set("X-Amz-Security-Token", "x"), token, "security token"},
		"a needless token":      {signed{key: kenji}, set("X-Amz-Security-Token", "x"), token, "security token"},
		"another service":       {signed{key: kenji, service: "execute-api"}, nil, scope, "correct service: 'lambda'"},
		"another region":        {signed{key: kenji, region: "us-east-1"}, nil, scope, "valid region"},
		"too old":               {signed{key: kenji, at: time.Now().Add(-6 * time.Minute)}, nil, wrong, "Signature expired"},
		"of the future":         {signed{key: kenji, at: time.Now().Add(6 * time.Minute)}, nil, wrong, "not yet current"},
		"another time": {signed{key: kenji}, func(r *http.Request) {
			r.Header.Set("X-Amz-Date", time.Now().UTC().Add(-time.Minute).Format(stampLayout))
		}, wrong, "does not match"},
		"no time":        {signed{key: kenji}, set("X-Amz-Date", ""), wrong, "does not match"},
		"another day":    {signed{key: kenji}, authorization("/"+time.Now().UTC().Format("20060102")+"/", "/20200101/"), wrong, "does not match"},
		"another end":    {signed{key: kenji}, authorization("aws4_request", "aws5_request"), wrong, "does not match"},
		"another caller": {signed{key: kenji}, authorization(kenji.Access, guest.Access), wrong, "does not match"},
		"another method": {signed{key: kenji}, func(r *http.Request) { r.Method = http.MethodPut }, wrong, "does not match"},
		"another path":   {signed{key: kenji}, func(r *http.Request) { r.URL.Path = "/x" }, wrong, "does not match"},
		"another query":  {signed{key: kenji, path: "/?a=1"}, func(r *http.Request) { r.URL.RawQuery = "a=2" }, wrong, "does not match"},
		"another host":   {signed{key: kenji}, func(r *http.Request) { r.Host = "x.lambda-url.ap-northeast-1.on.aws" }, wrong, "does not match"},
		"another type":   {signed{key: kenji}, set("Content-Type", "text/plain"), wrong, "does not match"},
		"another body of the same length": {signed{key: kenji}, func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(body, "11", "12", 1)))
		}, wrong, "does not match"},
		"a body that is told wrong":  {signed{key: kenji, header: http.Header{"X-Amz-Content-Sha256": {strings.Repeat("0", 64)}}}, nil, wrong, "does not match"},
		"a header of AWS beside it":  {signed{key: kenji}, set("X-Amz-Meta", "x"), wrong, "does not match"},
		"without the host":           {signed{key: kenji}, authorization(";host;", ";"), wrong, "does not match"},
		"a header that is not there": {signed{key: kenji}, authorization(";host;", ";host;u;"), wrong, "does not match"},
		"another signature": {signed{key: kenji}, func(r *http.Request) {
			header := []byte(r.Header.Get("Authorization"))
			header[len(header)-1] ^= 1
			r.Header.Set("Authorization", string(header))
		}, wrong, "does not match"},
		"no signature":    {signed{key: kenji}, authorization("Signature=", "Signatur="), "IncompleteSignatureException", "Authorization header requires"},
		"two credentials": {signed{key: kenji}, authorization("Signature=", "Credential=x, Signature="), "IncompleteSignatureException", "Authorization header requires"},
		"two headers":     {signed{key: kenji}, func(r *http.Request) { r.Header.Add("Authorization", "Bearer t0ken") }, "IncompleteSignatureException", "Authorization header requires"},
	} {
		r := test.request(t, f.URL)
		if test.change != nil {
			test.change(r)
		}
		status, kind, text := send(t, r)
		if status != http.StatusForbidden || kind != test.kind || !strings.Contains(text, test.holds) {
			t.Errorf("%s: %d %s %s", name, status, kind, text)
		}
	}
	if f.serial != 0 {
		t.Error("the function was started for a request that was refused")
	}
}

// The documents show curl: its signature is by other people again.
func TestCurlSigns(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("there is no curl")
	}
	if help, err := exec.CommandContext(t.Context(), curl, "--help", "all").Output(); err != nil || !bytes.Contains(help, []byte("--aws-sigv4")) {
		t.Skip("this curl does not sign: it is older than 7.75")
	}
	f := signing(t)
	header := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(header, []byte("x-amz-security-token: "+role.Session+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args  []string
		holds string
	}{
		"a user":            {[]string{"--user", kenji.Access + ":" + kenji.Secret}, `"userArn":"` + kenji.ARN + `"`},
		"a role":            {[]string{"--user", role.Access + ":" + role.Secret, "-H", "x-amz-security-token: " + role.Session}, `"userArn":"` + role.ARN + `"`},
		"a token in a file": {[]string{"--user", role.Access + ":" + role.Secret, "-H", "@" + header}, `"userArn":"` + role.ARN + `"`},
		"a wrong secret":    {[]string{"--user", kenji.Access + ":x"}, "does not match"},
	} {
		args := append([]string{"-sS", "--aws-sigv4", "aws:amz:ap-northeast-1:lambda", f.URL + "/", "-d", body}, test.args...)
		out, err := exec.CommandContext(t.Context(), curl, args...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), test.holds) {
			t.Errorf("%s: %v %s", name, err, out)
		}
	}
}

func TestEncoded(t *testing.T) {
	for raw, want := range map[string]string{
		"": "", "a=1": "a=1", "b&a": "a=&b=", "a=2&a=1": "a=1&a=2", "x=a%20b&y=a+b": "x=a%20b&y=a%20b", "t=Asia%2ftokyo": "t=Asia%2Ftokyo", "q=%E6%9C%88~*": "q=%E6%9C%88~%2A",
	} {
		if got := canonicalQuery(raw); got != want {
			t.Errorf("query %q: %q, want %q", raw, got, want)
		}
	}
	for raw, want := range map[string]string{"": "/", "/": "/", "/a b": "/a%2520b", "/a%2Fb/": "/a%252Fb/", "/月": "/%25E6%259C%2588"} {
		u, err := url.Parse("http://h" + raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := canonicalPath(u); got != want {
			t.Errorf("path %q: %q, want %q", raw, got, want)
		}
	}
}
