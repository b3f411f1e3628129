package runtime

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// urlEvent is the event of a Function URL, payload format 2.0.
type urlEvent struct {
	Version        string            `json:"version"`
	RouteKey       string            `json:"routeKey"`
	RawPath        string            `json:"rawPath"`
	RawQueryString string            `json:"rawQueryString"`
	Cookies        []string          `json:"cookies,omitempty"`
	Headers        map[string]string `json:"headers"`
	Query          map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext urlContext        `json:"requestContext"`
	Body           *string           `json:"body,omitempty"`
	Base64         bool              `json:"isBase64Encoded"`
}

type urlContext struct {
	AccountID      string         `json:"accountId"`
	APIID          string         `json:"apiId"`
	Authentication *struct{}      `json:"authentication"`
	Authorizer     *urlAuthorizer `json:"authorizer,omitempty"` // of the type AWS_IAM only
	DomainName     string         `json:"domainName"`
	DomainPrefix   string         `json:"domainPrefix"`
	HTTP           urlHTTP        `json:"http"`
	RequestID      string         `json:"requestId"`
	RouteKey       string         `json:"routeKey"`
	Stage          string         `json:"stage"`
	Time           string         `json:"time"`
	TimeEpoch      int64          `json:"timeEpoch"`
}

type urlAuthorizer struct {
	IAM urlCaller `json:"iam"`
}

// urlCaller is who signed a request.
type urlCaller struct {
	AccessKey       string    `json:"accessKey"`
	AccountID       string    `json:"accountId"`
	CallerID        string    `json:"callerId"`
	CognitoIdentity *struct{} `json:"cognitoIdentity"`
	PrincipalOrgID  *string   `json:"principalOrgId"`
	UserARN         string    `json:"userArn"`
	UserID          string    `json:"userId"`
}

type urlHTTP struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// urlAnswer is what a function gives a Function URL.
type urlAnswer struct {
	Status  int               `json:"statusCode"`
	Headers map[string]string `json:"headers"`
	Cookies []string          `json:"cookies"`
	Body    string            `json:"body"`
	Base64  bool              `json:"isBase64Encoded"`
}

// ServeHTTP implements http.Handler: a Function URL in buffered mode. It adds the header X-Configtrail-Init to an answer for which a
// process was started: the seconds until it asked for work.
func (f *Function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxPayload+1))
	if err != nil || len(body) > MaxPayload {
		http.Error(w, `{"Message":"Request Entity Too Large"}`, http.StatusRequestEntityTooLarge)
		return
	}
	var caller *Key
	if f.options.IAM != nil {
		key, refused := f.options.IAM.admit(r, body)
		if refused != nil {
			refused.write(w)
			return
		}
		caller = key
	}
	event := eventOf(r, body, caller)
	// A caller that leaves does not end the invocation.
	result, err := f.Invoke(context.WithoutCancel(r.Context()), event)
	if err != nil {
		http.Error(w, `{"Message":"Service Unavailable"}`, http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("X-Amzn-Requestid", result.RequestID)
	if result.Cold {
		w.Header().Set("X-Configtrail-Init", fmt.Sprintf("%.4f", result.Init.Seconds()))
	}
	status, answer, ok := answerTo(w.Header(), result)
	if !ok {
		w.Header().Set("Content-Type", "application/json")
		status, answer = http.StatusBadGateway, []byte("Internal Server Error")
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(answer) //nolint:errcheck // a caller that has gone reads no answer
	}
}

// answerTo takes an answer apart. JSON without a status is the body itself.
func answerTo(header http.Header, result Result) (status int, body []byte, ok bool) {
	if result.Failed {
		return 0, nil, false
	}
	var members map[string]json.RawMessage
	if !json.Valid(result.Payload) {
		return 0, nil, false
	}
	if json.Unmarshal(result.Payload, &members) != nil || members["statusCode"] == nil {
		header.Set("Content-Type", "application/json")
		return http.StatusOK, result.Payload, true
	}
	var a urlAnswer
	if err := json.Unmarshal(result.Payload, &a); err != nil || a.Status < 100 || a.Status > 599 {
		return 0, nil, false
	}
	body = []byte(a.Body)
	if a.Base64 {
		var err error
		if body, err = base64.StdEncoding.DecodeString(a.Body); err != nil {
			return 0, nil, false
		}
	}
	header.Set("Content-Type", "application/json")
	for name, value := range a.Headers {
		header.Set(name, value)
	}
	for _, cookie := range a.Cookies {
		header.Add("Set-Cookie", cookie)
	}
	return a.Status, body, true
}

// eventOf is a request as a Function URL hands it on: names of headers in lower
// case, several of one name joined, cookies apart, and a body that is not known
// to be text in base64. caller is nil where nobody has to sign.
func eventOf(r *http.Request, body []byte, caller *Key) []byte {
	source, _, _ := net.SplitHostPort(r.RemoteAddr)
	now := time.Now().UTC()
	const id = "abcdefghijklmnopqrstuvwxyz012345"
	event := urlEvent{
		Version: "2.0", RouteKey: "$default", RawPath: r.URL.EscapedPath(), RawQueryString: r.URL.RawQuery,
		Headers: map[string]string{
			"host": r.Host, "x-forwarded-for": source, "x-forwarded-proto": "https", "x-forwarded-port": "443",
			"x-amzn-trace-id": "Root=1-00000000-000000000000000000000000",
		},
		RequestContext: urlContext{
			AccountID: "anonymous", APIID: id, DomainName: id + ".lambda-url.ap-northeast-1.on.aws", DomainPrefix: id,
			HTTP:      urlHTTP{r.Method, r.URL.Path, r.Proto, source, r.UserAgent()},
			RequestID: requestID(), RouteKey: "$default", Stage: "$default",
			Time: now.Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
		},
	}
	if caller != nil {
		event.RequestContext.AccountID, event.RequestContext.Authorizer = accountID, caller.authorizer()
	}
	for name, values := range r.Header {
		if name == "Cookie" {
			for _, cookie := range r.Cookies() {
				event.Cookies = append(event.Cookies, cookie.Name+"="+cookie.Value)
			}
		}
		event.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	if query := r.URL.Query(); len(query) > 0 {
		event.Query = map[string]string{}
		for _, name := range slices.Sorted(maps.Keys(query)) {
			event.Query[name] = strings.Join(query[name], ",")
		}
	}
	if len(body) > 0 {
		text := string(body)
		if event.Base64 = !isText(r.Header.Get("Content-Type")); event.Base64 {
			text = base64.StdEncoding.EncodeToString(body)
		}
		event.Body = &text
	}
	return told(event)
}

// accountID is whose function this is.
const accountID = "111122223333"

// authorizer is what an event tells of who signed its request.
func (k *Key) authorizer() *urlAuthorizer {
	id := "AIDAEXAMPLE"
	if _, session, ok := strings.Cut(k.ARN, ":assumed-role/"); ok {
		id = "AROAEXAMPLE:" + session[strings.LastIndex(session, "/")+1:]
	}
	caller := urlCaller{AccessKey: k.Access, CallerID: id, UserARN: k.ARN, UserID: id}
	if parts := strings.Split(k.ARN, ":"); len(parts) > 4 {
		caller.AccountID = parts[4]
	}
	return &urlAuthorizer{caller}
}

// isText reports the kinds of bodies that come as they are. A form is none of
// them, nor is a body without a type.
func isText(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (strings.HasPrefix(kind, "text/") ||
		slices.Contains([]string{"application/json", "application/javascript", "application/xml"}, kind))
}

// requestID has the form of a UUID.
func requestID() string {
	var b [16]byte
	rand.Read(b[:])
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
