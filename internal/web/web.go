// Package web answers over HTTP: the month endpoint that a Lambda Function URL
// or `configtrail serve` shows, and the API beside it. It is one http.Handler.
//
// An answer is made whole before its status is written, so that nobody is told
// 200 and then half a report. Whatever goes wrong is told in the same form, with
// a code for programs and a sentence and a next step for people.
//
// Logs hold who asked, what month, how much it cost and how long it took, and
// nothing that came out of the data.
package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// Options says what is answered and to whom. Tell is needed; the rest may be zero.
type Options struct {
	// Tell tells a month, such as Teller.Tell.
	Tell func(ctx context.Context, request Request) (Answer, error)

	// Token gives what has to come with every request but /healthz, as
	// Authorization: Bearer TOKEN. Nobody is let in while it fails or is empty.
	// nil: whoever reaches the handler is answered.
	Token func(ctx context.Context) (string, error)

	// Hosts are the names, without port, under which the handler may be called:
	// a page that lets its own name point here is turned away. nil: any.
	Hosts []string

	// Origins are the pages besides the handler's own, such as
	// https://intranet.example.com, whose scripts may call it.
	Origins []string

	Accounts []configtrail.Account // whose names and groups filters may use
	Zone     *time.Location        // where a request names none; nil: Asia/Tokyo
	Lang     message.Lang          // likewise; "": Japanese
	Limit    time.Duration         // that one answer may take; 0: as long as its caller waits
	MaxBytes int                   // of the body of an answer; 0: no limit
	Now      func() time.Time      // nil: time.Now
	Log      *slog.Logger          // nil: no logs
	Version  string                // of configtrail
}

// Request is a month that somebody asks for.
type Request struct {
	Month  configtrail.Month
	Zone   *time.Location
	Lang   message.Lang
	Filter history.Filter // accounts, regions and types
}

// Handler is the http.Handler. It is safe for concurrent use.
type Handler struct {
	options Options
	routes  []route

	// printers are made with the first text that is needed: reading the
	// catalogues takes longer than all else that a cold start does here.
	printers func() (map[message.Lang]message.Printer, error)
}

// New makes the handler.
func New(options Options) (*Handler, error) {
	h := &Handler{options: options, printers: sync.OnceValues(allPrinters)}
	o := &h.options
	if o.Zone == nil {
		tokyo, err := time.LoadLocation("Asia/Tokyo")
		if err != nil {
			return nil, fmt.Errorf("find the time zone of answers: %w", err)
		}
		o.Zone = tokyo
	}
	if o.Lang == "" {
		o.Lang = message.Japanese
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if !speaks(o.Lang) {
		return nil, fmt.Errorf("%w: language %q", configtrail.ErrInvalid, o.Lang)
	}
	h.routes = h.table()
	return h, nil
}

// allPrinters reads the catalogues.
func allPrinters() (map[message.Lang]message.Printer, error) {
	printers := map[message.Lang]message.Printer{}
	for _, lang := range message.Langs {
		printer, err := message.New(string(lang))
		if err != nil {
			return nil, err
		}
		printers[lang] = printer
	}
	return printers, nil
}

// printer gives messages in a language that we speak.
func (h *Handler) printer(lang message.Lang) message.Printer {
	printers, err := h.printers()
	if err != nil {
		panic(err) // the catalogues are part of this binary
	}
	return printers[lang]
}

func speaks(lang message.Lang) bool { return slices.Contains(message.Langs, lang) }

// Token is a token for Options that is known already. Whoever has it can spend
// what the budget holds.
func Token(token string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return token, nil }
}

// allowed refuses what may not ask at all: first of all whoever has no token. What
// is linked may be asked for from any page. found is nil where there is nothing.
func (h *Handler) allowed(x *exchange, found *route) *failure {
	if h.options.Token != nil && !x.caller.Known {
		token, err := h.options.Token(x.Context())
		switch {
		case err != nil:
			return h.explain(x.lang, fmt.Errorf("read the token: %w", err))
		case token == "" || !hasToken(x.Header.Get("Authorization"), token):
			return &failure{Status: http.StatusUnauthorized, Code: "unauthorized",
				Header: http.Header{"Www-Authenticate": {`Bearer realm="configtrail"`}}}
		}
	}
	if len(h.options.Hosts) > 0 && !slices.Contains(h.options.Hosts, hostname(x.Host)) {
		return &failure{Status: http.StatusForbidden, Code: "forbidden", Key: "forbidden_host"}
	}
	if (found == nil || !found.linked) && !h.ownOrigin(x.Request) {
		return &failure{Status: http.StatusForbidden, Code: "forbidden", Key: "forbidden_origin"}
	}
	return nil
}

// hasToken compares hashes, so that neither the content nor the length of the
// token shows in the time it takes.
func hasToken(authorization, token string) bool {
	scheme, given, _ := strings.Cut(authorization, " ")
	want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(strings.TrimSpace(given)))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// ownOrigin reports whether a request comes from a program, a person or a page
// that may ask. Browsers say where a script comes from; what is no browser says
// nothing.
func (h *Handler) ownOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin != "" && slices.Contains(h.options.Origins, origin) {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
		_, host, ok := strings.Cut(origin, "://")
		return origin == "" || ok && strings.EqualFold(host, r.Host)
	}
	return false
}

// hostname is the name in a Host header, in lower case and without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}
