package messages

import (
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Script is how a server behaves.
type Script string

// The scripts. Those of a reply write prose from the brief they were sent; those
// that end with a fault do so for every request, unless their name says once.
const (
	Right           Script = "right"
	Mends           Script = "mends"           // a figure of its own, and right once it is told
	WrongNumber     Script = "wrong-number"    // figures of its own, whatever it is told
	WrongResource   Script = "wrong-resource"  // a right figure, of another resource than its own
	WrongDirection  Script = "wrong-direction" // a rise told as a fall, a fall as a rise
	Silent          Script = "silent"          // as if told to say that all is well
	Vendor          Script = "vendor"          // praise for somebody's product
	CutOff          Script = "cut-off"         // ends at max_tokens
	Refusal         Script = "refusal"         // the model declines
	Endless         Script = "endless"         // an answer that goes on for good
	Garbage         Script = "garbage"         // an answer that is no JSON
	RateLimited     Script = "rate-limited"    // 429, to be tried again in an hour
	RateLimitedOnce Script = "rate-limited-once"
	Overloaded      Script = "overloaded" // 529
	OverloadedOnce  Script = "overloaded-once"
	Failing         Script = "failing"      // 500
	Unauthorized    Script = "unauthorized" // 401, whatever the key
	Redirect        Script = "redirect"     // 307 to another host
)

// scripts say what each does. n counts the requests of a server from 1.
var scripts = map[Script]func(w http.ResponseWriter, r *http.Request, c conversation, n int){
	Right: func(w http.ResponseWriter, _ *http.Request, c conversation, _ int) { say(w, c, c.honest(), "end_turn") },
	Mends: func(w http.ResponseWriter, _ *http.Request, c conversation, _ int) {
		text := c.honest()
		if !c.mending() {
			text += c.pick("\n\nなお、変更は全部で12,345件でした。", "\n\nIn all there were 12,345 changes.")
		}
		say(w, c, text, "end_turn")
	},
	WrongNumber: func(w http.ResponseWriter, _ *http.Request, c conversation, _ int) {
		say(w, c, c.honest()+c.pick("\n\n変更の総数は98,765件です。", "\n\nThe changes came to 98,765."), "end_turn")
	},
	WrongResource: func(w http.ResponseWriter, _ *http.Request, c conversation, _ int) {
		say(w, c, c.honest()+"\n\n"+c.misplaced(), "end_turn")
	},
	WrongDirection: func(w http.ResponseWriter, _ *http.Request, c conversation, _ int) {
		say(w, c, c.told(map[string]string{"up": "down", "down": "up", "level": "up"}), "end_turn")
	},
	Silent: func(w http.ResponseWriter, _ *http.Request, c conversation, _ int) {
		say(w, c, c.pick("今月は特に異常はありませんでした。すべて正常であり、確認が必要な変更は見つかりませんでした。ご安心ください。引き続き通常どおり運用してください。",
			"Nothing unusual happened this month. All is well, there is nothing to look at, and everybody can go on as before without any worry."), "end_turn")
	},
	Vendor: func(w http.ResponseWriter, _ *http.Request, c conversation, _ int) {
		say(w, c, c.honest()+c.pick("\n\nこうした変更の監視には、業界をリードするAcmeCloudの導入を強くおすすめします。",
			"\n\nTo keep an eye on such changes we strongly recommend AcmeCloud, the leader of its field."), "end_turn")
	},
	CutOff: func(w http.ResponseWriter, _ *http.Request, c conversation, _ int) {
		text := []rune(c.honest())
		say(w, c, string(text[:len(text)/2]), "max_tokens")
	},
	Refusal: func(w http.ResponseWriter, _ *http.Request, c conversation, _ int) { say(w, c, "", "refusal") },
	Endless: endless,
	Garbage: func(w http.ResponseWriter, _ *http.Request, _ conversation, _ int) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"id":"msg_1","type":"message","content":[{"type":"te`)
	},
	RateLimited: func(w http.ResponseWriter, _ *http.Request, _ conversation, _ int) { limited(w, "3600") },
	RateLimitedOnce: func(w http.ResponseWriter, r *http.Request, c conversation, n int) {
		if n == 1 {
			limited(w, "1")
			return
		}
		say(w, c, c.honest(), "end_turn")
	},
	Overloaded: func(w http.ResponseWriter, _ *http.Request, _ conversation, _ int) {
		problem(w, 529, "overloaded_error", "Overloaded")
	},
	OverloadedOnce: func(w http.ResponseWriter, _ *http.Request, c conversation, n int) {
		if n == 1 {
			problem(w, 529, "overloaded_error", "Overloaded")
			return
		}
		say(w, c, c.honest(), "end_turn")
	},
	Failing: func(w http.ResponseWriter, _ *http.Request, _ conversation, _ int) {
		problem(w, http.StatusInternalServerError, "api_error", "Internal server error")
	},
	Unauthorized: func(w http.ResponseWriter, r *http.Request, _ conversation, _ int) {
		// A service that repeats what it was sent: clients must not pass it on.
		problem(w, http.StatusUnauthorized, "authentication_error", "invalid x-api-key "+r.Header.Get("x-api-key"))
	},
	Redirect: func(w http.ResponseWriter, _ *http.Request, _ conversation, _ int) {
		w.Header().Set("Location", "http://localhost:1/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
	},
}

// Scripts lists the names of all scripts.
func Scripts() []Script { return slices.Sorted(maps.Keys(scripts)) }

// follow answers a right request by the server's script.
func (s *Server) follow(w http.ResponseWriter, r *http.Request, c conversation) {
	scripts[s.script](w, r, c, len(s.Requests()))
}

func limited(w http.ResponseWriter, after string) {
	w.Header().Set("retry-after", after)
	problem(w, http.StatusTooManyRequests, "rate_limit_error", "This request would exceed your organization's rate limit")
}

// say answers with a message. The first request of a prompt writes its system
// text to the cache, later ones read it from there.
func say(w http.ResponseWriter, c conversation, text, stop string) {
	written, read := c.system, 0
	if c.mending() {
		written, read = read, written
	}
	content := []any{map[string]any{"type": "text", "text": text, "citations": nil}}
	if text == "" {
		content = []any{}
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"id": "msg_" + rand.Text(), "type": "message", "role": "assistant", "model": c.model, "content": content,
		"stop_reason": stop, "stop_sequence": nil, "stop_details": nil, "container": nil,
		"usage": map[string]any{
			"input_tokens": c.input - c.system, "cache_creation_input_tokens": written, "cache_read_input_tokens": read,
			"output_tokens": len(text)/4 + 1, "service_tier": "standard",
		},
	})
}

// endless sends spaces before an answer that never comes, until the caller goes.
func endless(w http.ResponseWriter, r *http.Request, _ conversation, _ int) {
	w.Header().Set("Content-Type", "application/json")
	flush := http.NewResponseController(w)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			if _, err := io.WriteString(w, strings.Repeat(" ", 64)); err != nil || flush.Flush() != nil {
				return
			}
		}
	}
}
