package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"configtrail/internal/lake"
	"configtrail/internal/testserver/runtime"
)

const answersHost = "cloudformation-custom-resource-response-useast1.s3.amazonaws.com"

// answers is the bucket that CloudFormation reads answers from. A function comes
// to it by a proxy, so that it needs no other rule than at AWS about where it may
// send an answer.
type answers struct {
	env []string // of a function that finds it

	mu      sync.Mutex
	got     []resourceAnswer
	headers []http.Header
	refuse  int // the next so many
}

func serveAnswers(t *testing.T) *answers {
	t.Helper()
	a := &answers{}
	certificate, authority := certify(t, answersHost)
	server := httptest.NewUnstartedServer(http.HandlerFunc(a.take))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != answersHost+":443" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		to, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer to.Close()
		from, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer from.Close()
		io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			io.Copy(to, bufio.NewReader(buffered))
			to.(*net.TCPConn).CloseWrite()
		}()
		io.Copy(from, to)
	}))
	t.Cleanup(proxy.Close)
	a.env = []string{"HTTPS_PROXY=" + proxy.URL, "SSL_CERT_FILE=" + authority}
	return a
}

// certify makes a certificate for a host and the file of who vouches for it.
func certify(t *testing.T, host string) (tls.Certificate, string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{host}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, file
}

func (a *answers) take(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refuse > 0 {
		a.refuse--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var answer resourceAnswer
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || r.Method != http.MethodPut || r.URL.Query().Get("X-Amz-Signature") != "s" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	a.got, a.headers = append(a.got, answer), append(a.headers, r.Header)
}

// last is the answer to the last event.
func (a *answers) last(t *testing.T, n int) resourceAnswer {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.got) != n {
		t.Fatalf("%d answers, want %d", len(a.got), n)
	}
	if kind := a.headers[n-1].Values("Content-Type"); len(kind) > 0 && kind[0] != "" {
		t.Errorf("the answer has the type %q, which is not signed", kind)
	}
	return a.got[n-1]
}

// resource is an event of CloudFormation.
func resource(request, physical string) string {
	return text(map[string]any{
		"RequestType": request, "ResponseURL": "https://" + answersHost + "/arn%3Aaws%3Acloudformation%3Aus-east-1%3A123456789012%3Astack/s?X-Amz-Signature=s",
		"StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/s/1", "RequestId": "r-1", "LogicalResourceId": "LakeTables",
		"ResourceType": "AWS::CloudFormation::CustomResource", "PhysicalResourceId": physical,
		"ResourceProperties": map[string]any{"ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:configtrail-tables", "Version": "1"},
	})
}

func ask(t *testing.T, f *runtime.Started, event string) runtime.Result {
	t.Helper()
	result, err := f.Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestTheStackMakesTheTables(t *testing.T) {
	d := around(t, "")
	answers := serveAnswers(t)
	f := d.start(t, answers.env...)

	answers.refuse = 2 // S3 is slow at first
	if result := ask(t, f, resource("Create", "")); result.Failed {
		t.Fatalf("create: %s", result.Payload)
	}
	made := answers.last(t, 1)
	want := resourceAnswer{
		Status: "SUCCESS", PhysicalResourceID: "configtrail-tables/" + d.database, StackID: "arn:aws:cloudformation:us-east-1:123456789012:stack/s/1",
		RequestID: "r-1", LogicalResourceID: "LakeTables",
	}
	if made != want {
		t.Errorf("create: %+v, want %+v", made, want)
	}
	l := d.lake(t)
	columns, err := l.Columns(t.Context(), lake.Items)
	if err != nil || len(columns) == 0 {
		t.Errorf("columns: %v, %v", columns, err)
	}
	version, err := l.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	ask(t, f, resource("Update", made.PhysicalResourceID))
	if got := answers.last(t, 2); got.Status != "SUCCESS" || got.PhysicalResourceID != made.PhysicalResourceID {
		t.Errorf("update: %+v", got)
	}
	ask(t, f, resource("Delete", made.PhysicalResourceID))
	if got := answers.last(t, 3); got.Status != "SUCCESS" || got.PhysicalResourceID != made.PhysicalResourceID {
		t.Errorf("delete: %+v", got)
	}
	if after, err := d.lake(t).Version(t.Context()); err != nil || after != version {
		t.Errorf("the lake is at %s, %v; it was at %s", after, err, version)
	}
	// The same tables, asked for with another key.
	other := d.start(t, append(answers.env, "CONFIGTRAIL_REDACT_KEY_SECRET=configtrail/other")...)
	ask(t, other, resource("Update", made.PhysicalResourceID))
	if got := answers.last(t, 4); got.Status != "FAILED" || got.Reason != "read the secret configtrail/other: there is none of this name in ap-northeast-1 — list them with: aws secretsmanager list-secrets --region ap-northeast-1" {
		t.Errorf("without a key: %+v", got)
	}
}

// A stack whose function is set up wrongly is told so, and can still be deleted.
func TestTheStackIsToldOfWrongSettings(t *testing.T) {
	answers := serveAnswers(t)
	f := runtime.Start(t, runtime.Options{Binary: binary(t), Env: append(answers.env, "CONFIGTRAIL_LAKE=s3://lake", "CONFIGTRAIL_LAKE_OWNER=12"), Output: io.Discard})
	ask(t, f, resource("Create", ""))
	const reason = `CONFIGTRAIL_LAKE_OWNER: "12" is not an account id: twelve digits\nCONFIGTRAIL_LAKE: "s3://lake" is not a place in S3; write it as s3://bucket/lake\nCONFIGTRAIL_DATABASE: name the Glue database with the lake's tables`
	if got := answers.last(t, 1); got.Status != "FAILED" || got.Reason != reason || got.PhysicalResourceID != "configtrail-tables" {
		t.Errorf("create: %+v", got)
	}
	ask(t, f, resource("Delete", "configtrail-tables"))
	if got := answers.last(t, 2); got.Status != "SUCCESS" {
		t.Errorf("delete: %+v", got)
	}
	if result := ask(t, f, `{"task":"gather"}`); !result.Failed || result.Failure().Message != errSettings.Error() {
		t.Errorf("gather: %s", result.Payload)
	}
}

func TestAnswersGoToS3Only(t *testing.T) {
	for _, to := range []string{
		"https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/arn?X-Amz-Signature=s",
		"https://cloudformation-custom-resource-response-apnortheast1.s3.ap-northeast-1.amazonaws.com/arn",
		"https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/arn",
		"https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn/arn",
		"https://s3.dualstack.eu-west-1.amazonaws.com/bucket/arn",
	} {
		if _, err := answerURL(to); err != nil {
			t.Errorf("%s: %v", to, err)
		}
	}
	for _, to := range []string{
		"", "http://x.s3.amazonaws.com/a", "https://x.s3.amazonaws.com.evil.example/a", "https://evil.example/x.s3.amazonaws.com", "https://s3.amazonaws.com@evil.example/",
		"https://user@x.s3.amazonaws.com/", "https://x.s3.amazonaws.com:8443/", "https://xs3.amazonaws.com/", "https://169.254.169.254/", "https://x.execute-api.us-east-1.amazonaws.com/",
		"https://s3evil.amazonaws.com/", "https://x.s3.us-east-1.amazonaws.com.evil/", "file:///etc/passwd", "https://s3.x.y.z.amazonaws.com/",
	} {
		if _, err := answerURL(to); err == nil {
			t.Errorf("%q is taken", to)
		}
	}
	f := runtime.Start(t, runtime.Options{Binary: binary(t), Output: io.Discard})
	result := ask(t, f, strings.ReplaceAll(resource("Delete", "x"), answersHost, "evil.example"))
	if !result.Failed || !strings.Contains(result.Failure().Message, "the ResponseURL of the event is none of S3 over https") {
		t.Errorf("answered elsewhere: %s", result.Payload)
	}
}
