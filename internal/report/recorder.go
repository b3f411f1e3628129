package report

import (
	"slices"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/message"
)

// turn is what an edit of a recorder says about recording itself.
type turn int

const (
	unturned turn = iota
	stopped
	started
)

// recording reads the switch of a recorder in an edit, in either spelling.
func recording(e configtrail.Edit) turn {
	if !strings.EqualFold(e.Path, "/configuration/recording") {
		return unturned
	}
	switch before, after := strings.Trim(string(e.Old), `"`), strings.Trim(string(e.New), `"`); {
	case before == "true" && after == "false":
		return stopped
	case before == "false" && after == "true":
		return started
	}
	return unturned
}

func turned(c configtrail.Change) turn {
	if c.Key.Type == recorderType {
		for _, e := range c.Edits {
			if is := recording(e); is != unturned {
				return is
			}
		}
	}
	return unturned
}

// recorders tells first where recording was stopped, for how long, and which gap
// that explains, then what else was done to recorders.
func (t teller) recorders() []string {
	var stops, others []string
	once := func(all []string, sentence string) []string {
		if slices.Contains(all, sentence) {
			return all
		}
		return append(all, sentence)
	}
	open := map[configtrail.ResourceKey]bool{} // recorders whose stop was told
	for i, c := range t.Recorder {
		is := turned(c)
		if is == started && open[c.Key] {
			open[c.Key] = false // told with the stop
			continue
		}
		if is == stopped {
			open[c.Key] = true
			stops = once(stops, t.stop(c, t.Recorder[i+1:]))
			continue
		}
		key := "report.situation.recorder." + string(c.Kind)
		if is == started {
			key = "report.situation.recording.started"
		}
		others = once(others, t.Text(key, message.Args{
			"place": t.place(c.Key.Account, c.Key.Region), "day": t.day(t.dayOf(c))}))
	}
	return append(t.few(stops, "report.situation.recording.more"), t.few(others, "report.situation.more_recorders")...)
}

// stop tells of recording that was stopped; later are the changes of recorders
// after that.
func (t teller) stop(c configtrail.Change, later []configtrail.Change) string {
	args := message.Args{"place": t.place(c.Key.Account, c.Key.Region), "day": t.day(t.dayOf(c))}
	key := "report.situation.recording.stopped"
	var until time.Time
	if i := slices.IndexFunc(later, func(next configtrail.Change) bool {
		return next.Key == c.Key && turned(next) == started
	}); i >= 0 {
		key, until = "report.situation.recording.restarted", later[i].Time
		args["until"] = t.day(t.dayOf(later[i]))
	}
	said := []string{t.Text(key, args)}
	for _, g := range t.Gaps {
		if g.Reason == configtrail.GapNoDelivery && g.Account == c.Key.Account && g.Region == c.Key.Region &&
			(g.To.IsZero() || g.To.After(c.Time)) && (until.IsZero() || g.From.Before(until)) {
			said = append(said, t.Text("report.situation.recording.gap", message.Args{"from": t.moment(g.From), "to": t.moment(g.To)}))
			break
		}
	}
	return t.sentences(said)
}
