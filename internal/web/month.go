package web

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// postMonth is POST /: a year and a month, answered with a text.
func (h *Handler) postMonth(x *exchange) (reply, *failure) {
	object, failed := readBody(x.Request)
	if failed != nil {
		return reply{}, failed
	}
	request := Request{}
	lang, ok := object.text("lang")
	if request.Lang, failed = h.lang(lang, ok); failed != nil {
		return reply{}, failed
	}
	x.lang = request.Lang
	zone, ok := object.text("tz")
	if request.Zone, failed = h.zone(zone, ok); failed != nil {
		return reply{}, failed
	}
	if request.Month, failed = monthOf(object); failed != nil {
		return reply{}, failed
	}
	if question, _ := object.text("question"); question != "" {
		return reply{}, &failure{Status: http.StatusBadRequest, Code: "unsupported", Key: "unsupported_question"}
	}
	answer, failed := h.tell(x, request)
	if failed != nil {
		return reply{}, failed
	}
	type part struct {
		Text string `json:"text"`
		Type string `json:"type"`
	}
	return jsonReply(struct {
		Status string `json:"status"`
		Body   []part `json:"body"`
	}{"SUCCEEDED", []part{{answer.Text, "text"}}}, nil), nil
}

// report is GET /api/v1/report/{month}: the report as programs read it.
func (h *Handler) report(x *exchange) (reply, *failure) {
	query, err := url.ParseQuery(x.URL.RawQuery)
	if err != nil {
		return reply{}, &failure{Status: http.StatusBadRequest, Code: "invalid_parameter", Key: "invalid_query"}
	}
	request, failed := h.fromQuery(query)
	if failed != nil {
		return reply{}, failed
	}
	x.lang = request.Lang
	month, err := configtrail.ParseMonth(x.parameter)
	if err != nil || month.Year < firstYear {
		return reply{}, &failure{Status: http.StatusBadRequest, Code: "invalid_month", Args: message.Args{"text": visible(message.Clip(x.parameter, 40))}}
	}
	request.Month = month
	answer, failed := h.tell(x, request)
	if failed != nil {
		return reply{}, failed
	}
	return reply{"application/json", append(bytes.TrimSpace(answer.Report), '\n'), nil}, nil
}

// tell has the month told, within the time that one answer may take.
func (h *Handler) tell(x *exchange, request Request) (Answer, *failure) {
	x.note(slog.String("month", request.Month.String()), slog.String("tz", request.Zone.String()), slog.String("lang", string(request.Lang)))
	if this := configtrail.MonthOf(h.options.Now(), request.Zone); this.Before(request.Month) {
		return Answer{}, &failure{Status: http.StatusBadRequest, Code: "future_month",
			Args: message.Args{"month": request.Month.String(), "this": this.String()}}
	}
	ctx := x.Context()
	if h.options.Limit > 0 {
		limited, cancel := context.WithTimeout(ctx, h.options.Limit)
		defer cancel()
		ctx = limited
	}
	answer, err := h.options.Tell(ctx, request)
	if err != nil {
		return Answer{}, h.explain(request.Lang, err)
	}
	x.note(slog.Int64("changes", answer.Changes), slog.Int64("bytes", answer.Cost.Bytes), slog.Int64("input_tokens", answer.Cost.InputTokens),
		slog.Int64("output_tokens", answer.Cost.OutputTokens), slog.String("told_by", answer.ToldBy), slog.Bool("kept", answer.Kept))
	if answer.Reason != "" {
		x.note(slog.String("model_not_used", answer.Reason))
	}
	return answer, nil
}

// monthOf reads target_year and target_month.
func monthOf(object members) (configtrail.Month, *failure) {
	wrong := func(key, text string) *failure {
		return &failure{Status: http.StatusBadRequest, Code: "invalid_month", Key: key, Args: message.Args{"text": visible(message.Clip(text, 40))}}
	}
	var parts [2]int
	for i, name := range []string{"target_year", "target_month"} {
		text, ok := object.text(name)
		if text == "" {
			return configtrail.Month{}, wrong("no_"+name, "")
		}
		n, whole := digits(text)
		if !ok || !whole {
			return configtrail.Month{}, wrong("invalid_"+name, text)
		}
		parts[i] = n
	}
	switch {
	case parts[0] < firstYear || parts[0] > lastYear:
		return configtrail.Month{}, wrong("invalid_target_year", strconv.Itoa(parts[0]))
	case parts[1] < 1 || parts[1] > 12:
		return configtrail.Month{}, wrong("invalid_target_month", strconv.Itoa(parts[1]))
	}
	return configtrail.Month{Year: parts[0], Month: time.Month(parts[1])}, nil
}

// The years that can be asked for. Nothing was recorded before the first.
const (
	firstYear = 1970
	lastYear  = 9999
)

// digits reads a whole number of at most four digits, in full width too, as
// Japanese keyboards write them.
func digits(text string) (int, bool) {
	text = strings.Map(func(r rune) rune {
		if r >= '０' && r <= '９' {
			return r - '０' + '0'
		}
		return r
	}, strings.TrimSpace(text))
	if len(text) > 4 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// lang is a language that a request names; the handler's own where it names none.
func (h *Handler) lang(text string, ok bool) (message.Lang, *failure) {
	if ok && text == "" {
		return h.options.Lang, nil
	}
	if !ok || !speaks(message.Lang(text)) {
		return h.options.Lang, &failure{Status: http.StatusBadRequest, Code: "invalid_lang", Args: message.Args{"text": visible(message.Clip(text, 40))}}
	}
	return message.Lang(text), nil
}

// zone is a time zone that a request names. "Local", which Go knows too, is none
// to a caller, who is elsewhere.
func (h *Handler) zone(text string, ok bool) (*time.Location, *failure) {
	if ok && text == "" {
		return h.options.Zone, nil
	}
	zone, err := time.LoadLocation(text)
	if !ok || err != nil || text == "Local" {
		return nil, &failure{Status: http.StatusBadRequest, Code: "invalid_tz", Args: message.Args{"text": visible(message.Clip(text, 40))}}
	}
	return zone, nil
}

// parameters are those of a report: lang and tz once, the others often.
func parameters() []string { return []string{"account", "lang", "region", "type", "tz"} }

// fromQuery reads the parameters of a report. One that is not known is refused:
// a filter that is spelled wrong would else be no filter.
func (h *Handler) fromQuery(query url.Values) (Request, *failure) {
	request := Request{Filter: history.Filter{Accounts: query["account"], Regions: query["region"], Types: query["type"]}}
	var failed *failure
	if request.Lang, failed = h.lang(query.Get("lang"), true); failed != nil {
		return request, failed
	}
	if request.Zone, failed = h.zone(query.Get("tz"), true); failed != nil {
		return request, failed
	}
	wrong := func(code, text string) *failure {
		return &failure{Status: http.StatusBadRequest, Code: code,
			Args: message.Args{"text": visible(message.Clip(text, 80)), "allowed": strings.Join(parameters(), ", ")}}
	}
	for name, values := range query {
		if !slices.Contains(parameters(), name) || (name == "lang" || name == "tz") && len(values) > 1 {
			return request, wrong("invalid_parameter", name)
		}
	}
	for _, account := range request.Filter.Accounts {
		if !h.knows(account) {
			return request, wrong("invalid_account", account)
		}
	}
	for _, region := range request.Filter.Regions {
		if !configtrail.IsRegion(region) {
			return request, wrong("invalid_region", region)
		}
	}
	for _, name := range request.Filter.Types {
		if strings.Trim(name, ":") == "" || len(name) > 128 || configtrail.Visible(name) != name {
			return request, wrong("invalid_type", name)
		}
	}
	return request, nil
}

// knows reports whether an account can be filtered by: its id, or a name or
// group of the settings.
func (h *Handler) knows(account string) bool {
	same := func(name string) bool { return name != "" && strings.EqualFold(name, account) }
	return configtrail.IsAccountID(account) || slices.ContainsFunc(h.options.Accounts, func(a configtrail.Account) bool {
		return same(a.Name) || slices.ContainsFunc(a.Groups, same)
	})
}
