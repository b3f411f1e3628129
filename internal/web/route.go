package web

import (
	"net/http"
	"slices"
	"strings"
)

// route is one thing that can be asked for.
type route struct {
	method string // GET answers HEAD too
	path   string // as the OpenAPI document has it; its last part may be a {parameter}
	open   bool   // answered without a token
	linked bool   // costs nothing, so a link on another site may lead to it
	answer func(x *exchange) (reply, *failure)
}

// table lists the routes.
func (h *Handler) table() []route {
	return []route{
		{method: http.MethodPost, path: "/", answer: h.postMonth},
		{method: http.MethodGet, path: "/", linked: true, answer: h.describe},
		{method: http.MethodGet, path: "/healthz", open: true, linked: true, answer: h.health},
		{method: http.MethodGet, path: "/api/v1/report/{month}", answer: h.report},
		{method: http.MethodGet, path: "/api/v1/openapi.json", linked: true, answer: h.openAPI},
	}
}

// find gives the route of a request and the value of its parameter. There may be
// the path with other methods only, which are given then.
func (h *Handler) find(r *http.Request) (found *route, parameter string, others []string) {
	path := r.URL.Path
	if path == "" {
		path = "/"
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for i := range h.routes {
		value, ok := h.routes[i].match(path)
		switch {
		case ok && h.routes[i].method == method:
			return &h.routes[i], value, nil
		case ok:
			others = append(others, h.routes[i].method)
		}
	}
	if slices.Contains(others, http.MethodGet) {
		others = append(others, http.MethodHead)
	}
	slices.Sort(others)
	return nil, "", others
}

func (r *route) match(path string) (parameter string, ok bool) {
	fixed, _, open := strings.Cut(r.path, "{")
	if !open {
		return "", path == r.path
	}
	parameter, ok = strings.CutPrefix(path, fixed)
	return parameter, ok && parameter != "" && !strings.Contains(parameter, "/")
}
