package stack

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"configtrail/internal/testserver/awsjson"
)

// Router sends each call to the server of the service that it was signed for,
// so that one address serves them all, as `--endpoint-url` wants it.
type Router struct {
	// Services are handlers by the name in a signature's scope: glue, athena,
	// sts, organizations.
	Services map[string]http.Handler
	// S3 answers what was signed for no other service, or not at all.
	S3 http.Handler
}

// ServeHTTP passes one call on.
func (r *Router) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	service := signedFor(request)
	if service == "s3" || service == "" {
		r.S3.ServeHTTP(w, request)
		return
	}
	handler := r.Services[service]
	if handler == nil {
		awsjson.WriteError(w, awsjson.Errorf("UnknownOperationException", "no server for %q here", service))
		return
	}
	handler.ServeHTTP(w, request)
}

// signedFor is the service in the signature's scope: key/day/region/service/….
func signedFor(request *http.Request) string {
	_, scope, _ := strings.Cut(request.Header.Get("Authorization"), "Credential=")
	scope, _, _ = strings.Cut(scope, ",")
	if parts := strings.Split(scope, "/"); len(parts) == 5 {
		return parts[3]
	}
	return ""
}

// smallBody is how large a request is held in memory.
const smallBody = 1 << 20

// Proxy passes calls to a server at a URL. A signature covers the host that the
// client meant, and escapes as the client wrote them: both are kept.
func Proxy(to string) (http.Handler, error) {
	target, err := url.Parse(to)
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Host = p.In.Host
		},
		// Answers stay as compressed as they are.
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 32},
		FlushInterval: -1,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A server may answer before it has read the whole request. What is read of a
		// request behind its answer's beginning fails, and would cut the answer off: so
		// a small one is read before, and of a large one reading goes on.
		if r.ContentLength < 0 || r.ContentLength > smallBody {
			_ = http.NewResponseController(w).EnableFullDuplex()
		} else if r.ContentLength > 0 {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // the caller has gone
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		proxy.ServeHTTP(w, r)
	}), nil
}
