package anomaly

import (
	"slices"
	"strings"

	"configtrail/internal/message"
)

const bucket = "AWS::S3::Bucket"

// aclMember holds the list of grants: JSON in a string, often in another string.
const aclMember = "AccessControlList"

// publicACL is about the list of grants that came before bucket policies.
func publicACL() rule {
	return rule{
		name: "rule.13", types: []string{bucket},
		reads: []string{"/supplementaryConfiguration/AccessControlList"},
		doc:   "The access control list of a bucket grants something to everybody, or to everybody with any AWS account.",
		judge: func(s *scene, at step) *verdict {
			if !at.edge() || at.before.supplementary.at(aclMember).broken() {
				return nil
			}
			before, after := publicGrants(at.before), publicGrants(at.after)
			var words []string
			v := &verdict{severity: High, score: 80}
			for _, group := range publicGroups {
				var permissions []string
				for _, permission := range grantPermissions {
					g := grant{group, permission}
					implied := group == authenticatedUsers && after[grant{allUsers, permission}] // told of everybody already
					if after[g] && !before[g] && !implied {
						permissions = append(permissions, permission)
						if permission != "READ" && permission != "READ_ACP" {
							v.severity, v.score = Critical, 95
						}
					}
				}
				if len(permissions) == len(grantPermissions) {
					permissions = []string{fullControl}
				}
				if len(permissions) > 0 {
					words = append(words, group+" ("+s.list(permissions)+")")
				}
			}
			if len(words) == 0 {
				return nil
			}
			if at.after.supplementary.at("PublicAccessBlockConfiguration", "ignorePublicAcls").on() {
				v.severity, v.score, v.summary = Medium, 45, ".blocked"
			}
			v.args = message.Args{"grants": s.list(words)}
			return v
		},
	}
}

// The groups that make a grant public, by the last part of their URI.
const (
	allUsers           = "AllUsers"
	authenticatedUsers = "AuthenticatedUsers"
)

var publicGroups = [...]string{allUsers, authenticatedUsers}

// fullControl is all of grantPermissions.
const fullControl = "FULL_CONTROL"

var grantPermissions = [...]string{"READ", "WRITE", "READ_ACP", "WRITE_ACP"}

// grant is one permission of one group.
type grant struct{ group, permission string }

// publicGrants are the grants of a bucket to the public groups, those that
// follow from others too: full control is every permission, and what everybody
// may do those with an account may.
func publicGrants(s state) map[grant]bool {
	granted := map[grant]bool{}
	acl := s.supplementary.at(aclMember)
	for _, list := range []string{"grantList", "grantSet"} {
		for _, element := range acl.at(list).elements() {
			group := publicGroup(element.at("grantee"))
			if group == "" {
				continue
			}
			permission := permissionName(element.at("permission").text())
			for _, p := range grantPermissions {
				if permission == p || permission == fullControl {
					granted[grant{group, p}] = true
					granted[grant{authenticatedUsers, p}] = true
				}
			}
		}
	}
	return granted
}

// publicGroup is the public group that a grantee is: a word, or an object with a URI.
func publicGroup(grantee node) string {
	name := grantee.text()
	if uri := grantee.at("uri").text(); uri != "" {
		name = uri
	}
	name = name[strings.LastIndexByte(name, '/')+1:]
	if i := slices.IndexFunc(publicGroups[:], func(g string) bool { return strings.EqualFold(g, name) }); i >= 0 {
		return publicGroups[i]
	}
	return ""
}

// permissionName is the API's name of a permission that AWS Config writes as ReadAcp.
func permissionName(text string) string {
	switch strings.ReplaceAll(strings.ToLower(text), "_", "") {
	case "read":
		return "READ"
	case "write":
		return "WRITE"
	case "readacp":
		return "READ_ACP"
	case "writeacp":
		return "WRITE_ACP"
	case "fullcontrol":
		return fullControl
	}
	return ""
}
