package runtime

import (
	"net/http/httptest"
	"testing"
)

// Started is a function behind a URL that ends with its test.
type Started struct {
	*Function
	URL string
}

// Start runs a function for a test. What it prints stands in the test's log
// unless options say otherwise.
func Start(t *testing.T, options Options) *Started {
	t.Helper()
	if options.Output == nil {
		options.Output = t.Output()
	}
	function := New(options)
	front := httptest.NewServer(function)
	t.Cleanup(func() {
		front.Close()
		function.Close()
	})
	return &Started{function, front.URL}
}
