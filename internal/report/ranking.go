package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"configtrail"
)

// How many changes a report names: in all, of one resource, and of one type
// and kind while there are others, so that one deployment does not fill the list.
const (
	mainAtMost  = 12
	perResource = 2
	perGroup    = 4
)

// Types that are told in their own way.
const (
	recorderType     = "AWS::Config::ConfigurationRecorder"
	accountBlockType = "AWS::S3::AccountPublicAccessBlock"
)

// weight says how much a reader of a month wants to see a change of a type:
// who may do what and what is reachable first, then what holds data. The first
// prefix that fits counts; ordinary is for the types that none fits.
var weight = []struct {
	prefix string
	points int
}{
	{recorderType, 90},
	{"AWS::CloudTrail::", 90},
	{"AWS::GuardDuty::", 85},
	{accountBlockType, 85},
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
	{"AWS::CloudFormation::", 20},
	{"AWS::Config::", 5},
}

const ordinary = 30

// telling are parts of property paths, in lower case, that a reader looks for.
var telling = []struct {
	part   string
	points int
}{
	{"ippermissions", 40}, {"public", 40}, {"recordinggroup", 40}, {"policy", 30}, {"accesscontrollist", 30}, {"keystate", 30},
	{"principal", 25}, {"deletionprotection", 25}, {"encrypt", 20}, {"logging", 20}, {"cidr", 15},
}

// What single edits weigh that outweigh all else together: recording that was
// stopped, everyone let in, and a block of public access that was taken away.
const (
	blinding  = 300
	opening   = 200
	unblocked = 150
)

// score ranks changes for the list of main changes: what it is about, what
// happened, and what of it changed.
func score(c configtrail.Change) int {
	points := ordinary
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
	if len(c.Edits) > 0 && !slices.ContainsFunc(c.Edits, func(e configtrail.Edit) bool { return !aboutTags(e.Path) && !denies(c, e) }) {
		return points / 4
	}
	if c.Key.Type == accountBlockType && c.Kind == configtrail.Deleted {
		return points + unblocked
	}
	best := 0
	for _, e := range c.Edits {
		best = max(best, editScore(e))
	}
	return points + best
}

// editScore ranks the edits of one change. Tags are about people, not about
// the resource.
func editScore(e configtrail.Edit) int {
	if aboutTags(e.Path) {
		return -1
	}
	switch {
	case recording(e) == stopped:
		return blinding
	case opens(e):
		return opening
	case unblocks(e):
		return unblocked
	}
	points, path := 0, strings.ToLower(e.Path)
	for _, t := range telling {
		if strings.Contains(path, t.part) {
			points = max(points, t.points)
		}
	}
	return points
}

// denies reports whether an edit of a network ACL adds an entry that denies, or
// makes one deny, or is about such an entry.
func denies(c configtrail.Change, e configtrail.Edit) bool {
	if !strings.HasPrefix(c.Key.Type, "AWS::EC2::NetworkAcl") {
		return false
	}
	if len(e.New) > 0 && e.New[0] == '{' {
		return bytes.Contains(bytes.ToLower(e.New), []byte(`"ruleaction":"deny"`))
	}
	entry := e.Path[:strings.LastIndexByte(e.Path, '/')+1]
	return slices.ContainsFunc(c.Edits, func(other configtrail.Edit) bool {
		return strings.EqualFold(other.Path, entry+"ruleAction") && strings.EqualFold(string(other.New), `"deny"`)
	})
}

// unblocks reports whether an edit takes away a block of public access to S3:
// one of its four switches, or all of them.
func unblocks(e configtrail.Edit) bool {
	path := strings.ToLower(e.Path)
	if slices.ContainsFunc(blockSwitches, func(name string) bool { return strings.HasSuffix(path, "/"+name) }) {
		return isTrue(e.Old) && !isTrue(e.New)
	}
	return strings.HasSuffix(path, "/publicaccessblockconfiguration") && blocks(e.Old) > blocks(e.New)
}

// blockSwitches are the switches of a public access block, in lower case.
var blockSwitches = []string{"blockpublicacls", "blockpublicpolicy", "ignorepublicacls", "restrictpublicbuckets"}

// blocks is how many switches of a public access block are on.
func blocks(value json.RawMessage) int { return bytes.Count(value, []byte(":true")) }

func isTrue(value json.RawMessage) bool { return strings.Trim(string(value), `"`) == "true" }

func aboutTags(path string) bool {
	path = strings.ToLower(path)
	return strings.HasPrefix(path, "/tags/") || strings.Contains(path, "/tags/") || strings.HasSuffix(path, "/tags") ||
		strings.Contains(path, "/tagset/")
}

// opens reports whether an edit lets everyone in who was not in before: any
// address, any principal, or any action. Rules about the way out, routes and
// denials let nobody in.
func opens(e configtrail.Edit) bool {
	path := strings.ToLower(e.Path)
	if strings.Contains(path, "egress") || strings.Contains(path, "/routes/") {
		return false
	}
	for _, denial := range []string{`"Effect":"Deny"`, `"ruleAction":"deny"`, `"egress":true`} {
		if bytes.Contains(e.New, []byte(denial)) {
			return false
		}
	}
	return everyone(path, e.New) && !everyone(path, e.Old)
}

func everyone(path string, value json.RawMessage) bool {
	text := string(value)
	for _, part := range []string{`"0.0.0.0/0"`, `"::/0"`, `"AWS":"*"`, `"Principal":"*"`, "/global/AllUsers", `"AllUsers"`} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return text == `"*"` && (strings.Contains(path, "principal") || strings.Contains(path, "action"))
}

// ranking keeps the best changes of a stream without holding the stream: of
// each group only as many as could ever be named.
type ranking struct {
	groups map[group][]scored
}

type group struct {
	resourceType string
	kind         configtrail.Kind
}

type scored struct {
	configtrail.Change
	score int
}

// add considers one change.
func (r *ranking) add(c configtrail.Change) {
	if r.groups == nil {
		r.groups = map[group][]scored{}
	}
	g := group{c.Key.Type, c.Kind}
	if r.groups[g] = append(r.groups[g], scored{c, score(c)}); len(r.groups[g]) >= 4*mainAtMost {
		r.groups[g] = cut(r.groups[g])
	}
}

// best gives the changes to name, best first.
func (r *ranking) best() []configtrail.Change {
	var first, rest []scored
	for _, all := range r.groups {
		for i, c := range cut(all) {
			if i < perGroup || c.score >= opening {
				first = append(first, c)
			} else {
				rest = append(rest, c)
			}
		}
	}
	first, rest = cut(first), cut(rest)
	room := min(len(rest), mainAtMost-len(first))
	var all []configtrail.Change
	for _, c := range cut(append(first, rest[:room]...)) {
		all = append(all, c.Change)
	}
	return all
}

// cut keeps the best, few of one resource.
func cut(all []scored) []scored {
	slices.SortFunc(all, compareScored)
	of := map[configtrail.ResourceKey]int{}
	var kept []scored
	for _, c := range all {
		if of[c.Key]++; of[c.Key] <= perResource && len(kept) < mainAtMost {
			kept = append(kept, c)
		}
	}
	return kept
}

// compareScored puts the best first, ties in order of time and key, so that
// the order never depends on the engine.
func compareScored(a, b scored) int {
	return cmp.Or(cmp.Compare(b.score, a.score), a.Time.Compare(b.Time), a.Key.Compare(b.Key))
}
