package web

import (
	"net/http"
	"strconv"
	"strings"

	"configtrail/internal/message"
)

// example is a body of the month endpoint.
const example = `{"target_year":"2024","target_month":"11"}`

// describe is GET /: what this is and how to ask it.
func (h *Handler) describe(x *exchange) (reply, *failure) {
	text := h.printer(x.lang).Text("web.describe", message.Args{"version": h.options.Version, "example": example})
	header := http.Header{"Content-Language": {string(x.lang)}, "Vary": {"Accept-Language"}}
	return reply{"text/plain; charset=utf-8", []byte(text + "\n"), header}, nil
}

// health is GET /healthz. It says that the process answers, and asks nobody else.
func (h *Handler) health(*exchange) (reply, *failure) {
	return jsonReply(struct {
		Status  string `json:"status"`
		Version string `json:"version,omitempty"`
	}{"ok", h.options.Version}, nil), nil
}

// langOf is the language of an answer before more is known: the parameter lang;
// for what people look at, which the month endpoint is not, what their browser
// asks for; else the handler's own.
func (h *Handler) langOf(r *http.Request) message.Lang {
	if lang := message.Lang(r.URL.Query().Get("lang")); speaks(lang) {
		return lang
	}
	if r.Method != http.MethodPost {
		if lang := accepted(r.Header.Get("Accept-Language")); lang != "" {
			return lang
		}
	}
	return h.options.Lang
}

// accepted is the language of ours that an Accept-Language header (RFC 9110,
// section 12.5.4) likes best, the first of several; "" for none.
func accepted(header string) message.Lang {
	best, weight := message.Lang(""), 0.0
	for part := range strings.SplitSeq(header, ",") {
		tag, parameter, _ := strings.Cut(part, ";")
		base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		q := 1.0
		if value, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
			q, _ = strconv.ParseFloat(value, 64) // what is no number weighs nothing
		}
		if lang := message.Lang(base); speaks(lang) && q > weight {
			best, weight = lang, q
		}
	}
	return best
}
