package anomaly

import (
	"slices"
	"strings"

	"configtrail/internal/message"
)

// policyAtMost is the longest policy that is read, in bytes; S3 takes 20 KB.
const policyAtMost = 64 << 10

// publicPolicy judges statements one by one, as S3 itself does when it calls a
// policy public: what a Deny beside an Allow takes back is not weighed up.
func publicPolicy() rule {
	return rule{
		name: "rule.10", types: []string{bucket},
		reads: []string{"/supplementaryConfiguration/BucketPolicy"},
		doc:   "A bucket policy allows something to everybody, without a condition on organisation, network or address.",
		judge: func(s *scene, at step) *verdict {
			if !at.edge() || at.before.policy().broken() {
				return nil
			}
			held, gained := publicActions(at.before.policy()), publicActions(at.after.policy())
			gained = slices.DeleteFunc(gained, func(action string) bool {
				return slices.ContainsFunc(held, func(pattern string) bool { return matches(pattern, action) })
			})
			if len(gained) == 0 {
				return nil
			}
			v := &verdict{
				severity: High, score: 90, args: message.Args{"actions": s.list(shown(gained))},
				sets: []string{"Stratus aws.exfiltration.s3-backdoor-bucket-policy"},
			}
			if anyAllowed(gained, "s3:GetObject", "s3:ListBucket") {
				v.sets = append(v.sets, "S3_BUCKET_PUBLIC_READ_PROHIBITED")
			}
			if anyAllowed(gained, "s3:PutObject", "s3:DeleteObject", "s3:PutBucketPolicy", "s3:PutBucketAcl") {
				v.severity, v.score = Critical, 95
				v.sets = append(v.sets, "S3_BUCKET_PUBLIC_WRITE_PROHIBITED")
			}
			if at.after.supplementary.at("PublicAccessBlockConfiguration", "restrictPublicBuckets").on() {
				v.severity, v.score, v.summary = Medium, 50, ".blocked"
			}
			return v
		},
	}
}

// policy is the text of a bucket's policy.
func (s state) policy() node { return s.supplementary.at("BucketPolicy", "policyText") }

// publicActions are the patterns of actions that a policy allows to everybody,
// as they are written, in order.
func publicActions(policy node) []string {
	if len(policy.text()) > policyAtMost {
		return nil
	}
	var actions []string
	for _, statement := range policy.at("Statement").elements() {
		if !strings.EqualFold(statement.at("Effect").text(), "Allow") || !everybody(statement) || restricted(statement.at("Condition")) {
			continue
		}
		if !statement.at("NotAction").absent() {
			actions = append(actions, "*") // all but a few
		}
		actions = append(actions, statement.at("Action").texts()...)
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

// everybody reports whether a statement is about every principal: Principal is *,
// alone or under AWS, or all but some are meant.
func everybody(statement node) bool {
	if !statement.at("NotPrincipal").absent() {
		return true
	}
	principal := statement.at("Principal")
	anyone := func(names []string) bool { return slices.Contains(names, "*") }
	if principal.document().value == nil {
		return principal.text() == "*"
	}
	return anyone(principal.texts()) || anyone(principal.at("AWS").texts())
}

// anyAllowed reports whether one of the patterns takes in one of the actions.
func anyAllowed(patterns []string, actions ...string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		return slices.ContainsFunc(actions, func(action string) bool { return matches(pattern, action) })
	})
}

// matches reports whether an action lies within a pattern of IAM, where * is any
// text, ? any character, and case is nothing.
func matches(pattern, action string) bool {
	pattern, action = strings.ToLower(pattern), strings.ToLower(action)
	p, a, star, from := 0, 0, -1, 0
	for a < len(action) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, a
			p++
		case p < len(pattern) && (pattern[p] == action[a] || pattern[p] == '?' && action[a] != '*'):
			p, a = p+1, a+1
		case star >= 0: // let the last star take one more
			from++
			p, a = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
