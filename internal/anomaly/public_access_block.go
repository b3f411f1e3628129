package anomaly

import (
	"configtrail/internal/message"
)

const accountBlock = "AWS::S3::AccountPublicAccessBlock"

// blockSwitches are the four switches of a public access block, in the order of the console.
var blockSwitches = [...]string{"blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets"}

// publicAccessBlock is about protection that was there. A bucket or account that
// never had it lost nothing.
func publicAccessBlock() rule {
	return rule{
		name: "rule.12", types: []string{bucket, accountBlock}, ends: []string{accountBlock},
		reads: []string{"/supplementaryConfiguration/PublicAccessBlockConfiguration",
			"/configuration/blockPublicAcls", "/configuration/ignorePublicAcls", "/configuration/blockPublicPolicy", "/configuration/restrictPublicBuckets"},
		doc: "A switch of a public access block is turned off, or the block is removed, for a bucket or a whole account.",
		judge: func(s *scene, at step) *verdict {
			before, after, ok := at.blocks()
			if !ok {
				return nil
			}
			var lost []string
			for _, name := range blockSwitches {
				if before.at(name).on() && !after.at(name).on() {
					lost = append(lost, name)
				}
			}
			if len(lost) == 0 {
				return nil
			}
			v := &verdict{severity: High, score: 75, args: message.Args{"switches": s.list(lost)}, sets: []string{"CIS 2.1.4"}}
			removed := after.absent()
			switch {
			case at.change.Key.Type == accountBlock && removed:
				v.severity, v.score, v.summary = Critical, 90, ".account.removed"
			case at.change.Key.Type == accountBlock:
				v.severity, v.score, v.summary = Critical, 90, ".account"
			case removed:
				v.summary = ".removed"
			}
			return v
		},
	}
}

// blocks are the public access blocks on both sides of a change. The block of a
// bucket that is gone protects nothing, that of an account that is gone leaves
// the account without one.
func (s step) blocks() (before, after node, ok bool) {
	if s.change.Key.Type == accountBlock {
		if s.ended() {
			return s.before.configuration, node{}, s.before.known
		}
		return s.before.configuration, s.after.configuration, s.edge()
	}
	const name = "PublicAccessBlockConfiguration"
	// Buckets always have some supplementary configuration: an item without any
	// does not tell.
	ok = s.edge() && !s.after.supplementary.absent()
	return s.before.supplementary.at(name), s.after.supplementary.at(name), ok
}
