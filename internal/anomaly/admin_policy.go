package anomaly

import (
	"slices"
	"strings"

	"configtrail"
	"configtrail/internal/message"
)

// managedPolicy is the ARN of a policy that AWS manages, in any partition. A
// customer's own policy has an account where this has aws, and may be called
// anything.
var managedPolicy = configtrail.Pattern(`^arn:aws[a-z0-9-]*:iam::aws:policy/(?:[^/]+/)*([^/]+)$`)

// administrative are the managed policies that let their holder do everything, or
// give itself everything.
var administrative = [...]string{"AdministratorAccess", "IAMFullAccess", "PowerUserAccess"}

func adminPolicy() rule {
	const user = "AWS::IAM::User"
	return rule{
		name: "rule.26", types: []string{user, "AWS::IAM::Role", "AWS::IAM::Group"},
		reads: []string{"/configuration/attachedManagedPolicies"}, harmless: attachesNothing,
		doc: "A user, role or group gets AdministratorAccess, IAMFullAccess or PowerUserAccess attached.",
		judge: func(s *scene, at step) *verdict {
			if !at.edge() {
				return nil
			}
			held := adminPolicies(at.before)
			gained := slices.DeleteFunc(adminPolicies(at.after), func(name string) bool { return slices.Contains(held, name) })
			if len(gained) == 0 {
				return nil
			}
			v := &verdict{args: message.Args{"policies": s.list(gained)}}
			switch gained[0] {
			case "AdministratorAccess":
				v.severity, v.score, v.sets = High, 85, []string{"CIS 1.15"}
				if at.change.Key.Type == user {
					v.sets = append(v.sets, "Stratus aws.persistence.iam-create-admin-user")
				}
			case "IAMFullAccess":
				v.severity, v.score = High, 80
			default:
				v.severity, v.score = Medium, 60
			}
			return v
		},
	}
}

// oneAttached is the path of one attached policy as a whole.
var oneAttached = configtrail.Pattern(`(?i)^/configuration/attachedManagedPolicies/\d+$`)

// attachesNothing reports whether an edit takes a policy away, or attaches one that
// is not called like any that is administrative.
func attachesNothing(e configtrail.Edit) bool {
	return oneAttached().MatchString(e.Path) && (e.Op == configtrail.OpRemove || e.Op == configtrail.OpAdd &&
		!slices.ContainsFunc(administrative[:], func(name string) bool { return strings.Contains(string(e.New), name) }))
}

// adminPolicies are the administrative policies attached to an identity, in the
// order of administrative. Where an item gives no ARN the name decides.
func adminPolicies(s state) []string {
	var held []string
	for _, policy := range s.configuration.at("attachedManagedPolicies").elements() {
		name := policy.at("policyName").text()
		if arn := policy.at("policyArn").text(); arn != "" {
			match := managedPolicy().FindStringSubmatch(arn)
			if match == nil {
				continue
			}
			name = match[1]
		}
		if slices.Contains(administrative[:], name) {
			held = append(held, name)
		}
	}
	slices.SortFunc(held, func(a, b string) int {
		return slices.Index(administrative[:], a) - slices.Index(administrative[:], b)
	})
	return slices.Compact(held)
}
