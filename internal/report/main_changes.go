package report

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"configtrail"
	"configtrail/internal/message"
)

// mainAtMost is how many changes a report names, and perResource how many of one resource.
const (
	mainAtMost   = 12
	perResource  = 2
	editsAtMost  = 2
	valueAtMost  = 60
	pathSegments = 3
)

// weight says how much a reader of a month wants to see a change of a type:
// who may do what and what is reachable first, then what holds data. The first
// prefix that fits counts.
var weight = []struct {
	prefix string
	points int
}{
	{"AWS::Config::ConfigurationRecorder", 90},
	{"AWS::CloudTrail::", 90},
	{"AWS::GuardDuty::", 85},
	{"AWS::S3::AccountPublicAccessBlock", 85},
	{"AWS::IAM::", 80},
	{"AWS::EC2::SecurityGroup", 75},
	{"AWS::S3::Bucket", 70},
	{"AWS::KMS::", 70},
	{"AWS::EC2::NetworkAcl", 65},
	{"AWS::EC2::RouteTable", 60},
	{"AWS::EC2::VPC", 60},
	{"AWS::RDS::", 55},
	{"AWS::SecretsManager::", 55},
	{"AWS::Lambda::", 45},
	{"AWS::EKS::", 45},
	{"AWS::DynamoDB::", 45},
	{"AWS::Config::", 5},
	{"AWS::CloudFormation::", 20},
}

// telling are parts of property paths that a reader looks for.
var telling = []struct {
	part   string
	points int
}{
	{"ipPermissions", 40}, {"cidr", 15}, {"olicy", 30}, {"Public", 40}, {"public", 40}, {"AccessControlList", 30},
	{"rincipal", 25}, {"encrypt", 20}, {"Encrypt", 20}, {"ogging", 20}, {"recordingGroup", 40}, {"RecordingGroup", 40},
	{"deletionProtection", 25}, {"eyState", 30},
}

// score ranks changes for the list of main changes: what it is about, what of
// it changed, and what happened. An opening to everyone outranks all else.
func score(c configtrail.Change) int {
	points := 30
	for _, w := range weight {
		if strings.HasPrefix(c.Key.Type, w.prefix) {
			points = w.points
			break
		}
	}
	switch c.Kind {
	case configtrail.Deleted:
		points += 25
	case configtrail.Recreated:
		points += 20
	case configtrail.Created:
		points += 10
	}
	best := 0
	tagsOnly := len(c.Edits) > 0
	for _, e := range c.Edits {
		if !strings.HasPrefix(e.Path, "/tags/") && !strings.Contains(e.Path, "/tags/") && !strings.Contains(e.Path, "/Tags/") {
			tagsOnly = false
		}
		for _, t := range telling {
			if strings.Contains(e.Path, t.part) {
				best = max(best, t.points)
			}
		}
		if world(e.New) && !world(e.Old) {
			best = max(best, 120)
		}
	}
	if tagsOnly {
		return points / 4
	}
	return points + best
}

// world reports whether a value names everyone: any address, or any principal.
func world(value json.RawMessage) bool {
	text := string(value)
	return strings.Contains(text, "0.0.0.0/0") || strings.Contains(text, `"::/0"`) || text == `"*"` ||
		strings.Contains(text, `"AWS":"*"`) || strings.Contains(text, `"Principal":"*"`) || strings.Contains(text, "AllUsers")
}

// ranked keeps the best changes of a stream without holding the stream.
type ranked struct {
	best []configtrail.Change
}

// add considers one change. Changes at the border are kept generously; cut decides.
func (r *ranked) add(c configtrail.Change) {
	r.best = append(r.best, c)
	if len(r.best) >= 40*mainAtMost {
		r.best = top(r.best, 10*mainAtMost)
	}
}

// cut gives the changes to show: best first, none twice, few of one resource.
func (r *ranked) cut() []configtrail.Change {
	of := map[configtrail.ResourceKey]int{}
	var shown []configtrail.Change
	for _, c := range top(r.best, len(r.best)) {
		if of[c.Key]++; of[c.Key] > perResource {
			continue
		}
		if shown = append(shown, c); len(shown) == mainAtMost {
			break
		}
	}
	return shown
}

// top is the n best, ties by time and key so that the order never depends on the engine.
func top(changes []configtrail.Change, n int) []configtrail.Change {
	slices.SortFunc(changes, func(a, b configtrail.Change) int {
		return cmp.Or(cmp.Compare(score(b), score(a)), a.Time.Compare(b.Time), a.Key.Compare(b.Key))
	})
	return changes[:min(n, len(changes))]
}

// describe is one main change in one line.
func describe(p message.Printer, f *Facts, c configtrail.Change) Bullet {
	args := message.Args{"time": c.Time.In(f.Zone).Format("01-02 15:04"), "resource": f.resource(c)}
	if c.Kind != configtrail.Updated {
		return Bullet{p.Text("report.main."+string(c.Kind), args), c.ID()}
	}
	edits := slices.Clone(c.Edits)
	slices.SortStableFunc(edits, func(a, b configtrail.Edit) int { return cmp.Compare(editScore(b), editScore(a)) })
	var told []string
	for _, e := range edits[:min(len(edits), editsAtMost)] {
		told = append(told, p.Text("report.main.edit."+e.Op, message.Args{
			"path": shortPath(e.Path), "old": shortValue(e.Old), "new": shortValue(e.New)}))
	}
	if more := len(edits) - len(told); more > 0 {
		told = append(told, p.Text("report.main.more_edits", message.Args{"n": more}))
	}
	args["edits"] = strings.Join(told, p.Text("report.main.comma", nil))
	return Bullet{p.Text("report.main.updated", args), c.ID()}
}

func editScore(e configtrail.Edit) int {
	points := 0
	if world(e.New) && !world(e.Old) {
		points = 200
	}
	for _, t := range telling {
		if strings.Contains(e.Path, t.part) {
			points = max(points, t.points)
		}
	}
	if strings.HasPrefix(e.Path, "/tags/") {
		points--
	}
	return points
}

// resource is how a report names a resource: type, name, and the id where it says more.
func (f *Facts) resource(c configtrail.Change) string {
	name := cmp.Or(c.Name, c.Tags["Name"])
	text := typeName(c.Key.Type) + " "
	switch {
	case name == "" || name == c.Key.ID:
		text += shorten(configtrail.Visible(c.Key.ID), valueAtMost)
	default:
		text += shorten(configtrail.Visible(name), valueAtMost)
	}
	if account := f.AccountNames[c.Key.Account]; account != "" {
		return text + " [" + configtrail.Visible(account) + " " + c.Key.Region + "]"
	}
	return text + " [" + c.Key.Account + " " + c.Key.Region + "]"
}

// shortPath is a property path without its root and cut to its last segments.
func shortPath(path string) string {
	path = strings.TrimPrefix(path, "/configuration/")
	path = strings.TrimPrefix(path, "/supplementaryConfiguration/")
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(segments) > pathSegments {
		segments = append([]string{segments[0], "…"}, segments[len(segments)-pathSegments+1:]...)
	}
	for i, s := range segments {
		segments[i] = configtrail.Visible(strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~"))
	}
	return strings.Join(segments, ".")
}

// shortValue is a value in one short line. Strings stand without their quotes.
func shortValue(value json.RawMessage) string {
	if len(value) == 0 {
		return "∅"
	}
	var text string
	if json.Unmarshal(value, &text) == nil {
		return shorten(configtrail.Visible(text), valueAtMost)
	}
	return shorten(configtrail.Visible(string(value)), valueAtMost)
}

// shorten cuts text to n characters, with … for what was cut.
func shorten(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}
