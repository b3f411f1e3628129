package anomaly

const trail = "AWS::CloudTrail::Trail"

// trailDeleted needs no state: that a trail is gone is enough.
func trailDeleted() rule {
	return rule{
		name: "rule.17", types: []string{trail}, ends: []string{trail},
		doc: "A CloudTrail trail is deleted.",
		judge: func(_ *scene, at step) *verdict {
			if !at.ended() {
				return nil
			}
			v := &verdict{severity: Critical, score: 95, sets: []string{"CIS 3.1", "Stratus aws.defense-evasion.cloudtrail-delete"}}
			if at.before.configuration.at("isOrganizationTrail").on() {
				v.score, v.summary = 100, ".organization"
			}
			return v
		},
	}
}
