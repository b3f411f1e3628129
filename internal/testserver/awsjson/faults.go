package awsjson

import (
	"net/http"
	"sync"
)

// Faults are failures that a test asks for. A nil one has none; the zero value
// is ready to use, by several goroutines.
type Faults struct {
	mu     sync.Mutex
	ahead  map[string][]*Error // by operation, "" for any: each is used once
	always map[string]*Error   // by operation
}

// Next makes the next calls of an operation fail, one for each error and in
// this order; "" means of any operation.
func (f *Faults) Next(operation string, failures ...*Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ahead == nil {
		f.ahead = map[string][]*Error{}
	}
	f.ahead[operation] = append(f.ahead[operation], failures...)
}

// Throttle makes the next n calls of an operation fail for their rate; "" means
// of any operation.
func (f *Faults) Throttle(operation string, n int) {
	for range n {
		f.Next(operation, Errorf("ThrottlingException", "Rate exceeded"))
	}
}

// Deny makes every call of an operation fail for want of a permission.
// service is its name in IAM, as glue.
func (f *Faults) Deny(service, operation string) {
	f.Always(operation, Errorf("AccessDeniedException",
		"User: arn:aws:iam::123456789012:user/test is not authorized to perform: %s:%s on resource: * because no identity-based policy allows the %s:%s action",
		service, operation, service, operation))
}

// Always makes every call of an operation fail; nil lets them through again.
func (f *Faults) Always(operation string, failure *Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.always == nil {
		f.always = map[string]*Error{}
	}
	f.always[operation] = failure
}

// next is the failure for a call of the operation, or nil.
func (f *Faults) next(operation string) error {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if failure := f.always[operation]; failure != nil {
		return failure
	}
	for _, key := range []string{operation, ""} {
		if ahead := f.ahead[key]; len(ahead) > 0 {
			f.ahead[key] = ahead[1:]
			return ahead[0]
		}
	}
	return nil
}

// Before puts the faults in front of another handler, such as a proxy to a
// server of another process.
func (f *Faults) Before(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := Action(r); name != "" {
			if err := f.next(name); err != nil {
				WriteError(w, err)
				return
			}
		}
		handler.ServeHTTP(w, r)
	})
}
