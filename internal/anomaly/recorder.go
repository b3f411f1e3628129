package anomaly

import (
	"slices"
	"strings"

	"configtrail/internal/message"
)

const recorder = "AWS::Config::ConfigurationRecorder"

// recorderNarrowed is about AWS Config itself: what is no longer recorded can't be found here.
func recorderNarrowed() rule {
	return rule{
		name: "rule.20", types: []string{recorder}, ends: []string{recorder},
		reads: []string{"/configuration/recordingGroup", "/configuration/recording", "/configuration/status"},
		doc:   "AWS Config stops recording, or records less than before.",
		judge: func(s *scene, at step) *verdict {
			sets := []string{"CIS 3.3"}
			if at.ended() {
				return &verdict{severity: Critical, score: 95, summary: ".deleted", sets: sets}
			}
			if at.began() || !at.edge() {
				return nil // a recorder is made before it is switched on
			}
			if recordingOn(at.before) && recordingOff(at.after) {
				return &verdict{severity: Critical, score: 95, summary: ".off", sets: sets}
			}
			after := groupOf(at.after)
			lost, narrowed := groupOf(at.before).lostTo(after)
			switch {
			case !narrowed:
				return nil
			case len(lost) == 0:
				args := message.Args{"types": s.list(shown(after.only)), "n": len(after.only)}
				return &verdict{severity: High, score: 75, summary: ".only", args: args, sets: sets}
			}
			return &verdict{severity: High, score: 75, args: message.Args{"types": s.list(shown(lost)), "n": len(lost)}, sets: sets}
		},
	}
}

// The switch stands in the configuration, and in API forms in its status.
func recordingOn(s state) bool {
	return s.configuration.at("recording").on() || s.configuration.at("status", "recording").on()
}

func recordingOff(s state) bool {
	return s.configuration.at("recording").off() || s.configuration.at("status", "recording").off()
}

// globalTypes is how IncludeGlobalResourceTypes is told: the types it stands for.
const globalTypes = "AWS::IAM::*"

// recordingGroup is which types a recorder records.
type recordingGroup struct {
	known   bool
	all     bool // all types but except; else only
	except  []string
	only    []string
	globals node // IncludeGlobalResourceTypes
	// strategy is UseOnly, or what follows from the other members in items older than it.
	strategy string
}

func groupOf(s state) recordingGroup {
	group := s.configuration.at("recordingGroup")
	g := recordingGroup{
		known:   !group.absent(),
		except:  group.at("exclusionByResourceTypes", "resourceTypes").texts(),
		only:    group.at("resourceTypes").texts(),
		globals: group.at("includeGlobalResourceTypes"),
	}
	g.strategy = strings.ToUpper(group.at("recordingStrategy", "useOnly").text())
	if g.strategy == "" {
		switch {
		case group.at("allSupported").on():
			g.strategy = "ALL_SUPPORTED_RESOURCE_TYPES"
		case len(g.except) > 0:
			g.strategy = "EXCLUSION_BY_RESOURCE_TYPES"
		default:
			g.strategy = "INCLUSION_BY_RESOURCE_TYPES"
		}
	}
	if g.strategy == "INCLUSION_BY_RESOURCE_TYPES" && len(g.only) == 0 {
		g.known = false // no recorder can record nothing
	}
	g.all = g.strategy != "INCLUSION_BY_RESOURCE_TYPES"
	if g.strategy != "EXCLUSION_BY_RESOURCE_TYPES" {
		g.except = nil // a list that stands there without the strategy is not used
	}
	return g
}

// lostTo are the types that g records and after does not, in order. Where all
// types were recorded and only some are left, they can't be listed: narrowed says it.
func (g recordingGroup) lostTo(after recordingGroup) (lost []string, narrowed bool) {
	if !g.known || !after.known {
		return nil, false
	}
	missing := func(from, in []string) []string {
		return slices.DeleteFunc(slices.Clone(from), func(t string) bool { return slices.Contains(in, t) })
	}
	switch {
	case g.all && after.all:
		lost = missing(after.except, g.except)
	case g.all:
		return nil, true
	case after.all:
		for _, t := range g.only {
			if slices.Contains(after.except, t) {
				lost = append(lost, t)
			}
		}
	default:
		lost = missing(g.only, after.only)
	}
	// A strategy of exclusion records IAM unless it is excluded, and has this
	// switch off: only within one strategy does it tell.
	if g.globals.on() && !after.globals.on() && g.strategy == after.strategy {
		lost = append(lost, globalTypes)
	}
	slices.Sort(lost)
	lost = slices.Compact(lost)
	return lost, len(lost) > 0
}
