package stack

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"configtrail/internal/testserver/athena"
	"configtrail/internal/testserver/awsjson"
)

// Front is a router and an Athena server of one test's own, before the stack's
// S3, Glue and Trino. The test makes calls fail and looks at what was asked,
// which it could not do on servers that it shares.
type Front struct {
	Stack // with the addresses of this front

	Athena        *athena.Server
	Glue          *awsjson.Faults // of calls to the stack's Glue
	Organizations *awsjson.Faults
}

// FrontOptions say how a front differs from the stack's own. The zero value does
// not.
type FrontOptions struct {
	Athena   athena.Options // what stands behind it is filled in
	Accounts []Account      // of the organisation; none: there is no organisation

	// Roles are those of other accounts that callers may assume.
	Roles []Role

	// Services are more servers, by the name in a signature's scope, such as sqs;
	// or others in place of the front's own.
	Services map[string]http.Handler

	// S3, where it is not nil, makes the handler that stands before the stack's S3:
	// to refuse what a test wants refused.
	S3 func(next http.Handler) http.Handler

	// Watch sees every call before it is answered.
	Watch func(*http.Request)
}

// Front starts a front that ends with the test.
func (s *Stack) Front(t *testing.T, options FrontOptions) *Front {
	t.Helper()
	options.Athena.Trino, options.Athena.Catalog = s.Trino, s.RawCatalog
	options.Athena.S3, options.Athena.AccessKey, options.Athena.SecretKey = s.Client(), s.AccessKey, s.SecretKey
	options.Athena.Dir = t.TempDir()
	server, err := athena.New(options.Athena)
	if err != nil {
		t.Fatal(err)
	}
	front := &Front{Stack: *s, Athena: server, Glue: &awsjson.Faults{}, Organizations: &awsjson.Faults{}}
	router := &Router{Services: map[string]http.Handler{
		"athena":        server,
		"sts":           assuming(options.Roles),
		"organizations": Organization(front.Organizations, options.Accounts),
	}}
	if router.S3, err = Proxy(s.S3); err != nil {
		t.Fatal(err)
	}
	router.S3 = s.assumed(options.Roles, s.owned(router.S3))
	if options.S3 != nil {
		router.S3 = options.S3(router.S3)
	}
	glue, err := Proxy(s.Glue)
	if err != nil {
		t.Fatal(err)
	}
	router.Services["glue"] = front.Glue.Before(glue)
	maps.Copy(router.Services, options.Services)
	listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if options.Watch != nil {
			options.Watch(r)
		}
		router.ServeHTTP(w, r)
	}))
	front.Endpoint, front.Stack.Athena, front.Stack.Glue = listening.URL, listening.URL, listening.URL
	t.Cleanup(func() {
		listening.Close()
		if err := server.Close(); err != nil {
			t.Errorf("close the Athena server: %v", err)
		}
	})
	return front
}
