package stack

import (
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

// smallBody is what net/http reads of a request by itself before it answers.
const smallBody = 256 << 10

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
		// A server may answer before it has read the whole request, and its answer
		// must not be cut off by what is left of that. Of a small one nothing is left:
		// it is read to its end before the answer goes out.
		if r.ContentLength < 0 || r.ContentLength > smallBody {
			_ = http.NewResponseController(w).EnableFullDuplex()
		}
		proxy.ServeHTTP(w, r)
	}), nil
}
