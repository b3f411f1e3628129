package anomaly

import (
	"fmt"
	"strings"
	"testing"

	"configtrail"
)

// policy is the supplementary configuration of a bucket with a policy of some statements.
func policy(statements ...string) string {
	return policyBeside(`"BucketVersioningConfiguration":{"status":"Enabled"}`, statements...)
}

func policyBeside(members string, statements ...string) string {
	document := `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	return `{` + members + `,"BucketPolicy":{"policyText":` + quoted(document) + `}}`
}

const (
	noPolicy  = `{"BucketPolicy":{"policyText":null},"BucketVersioningConfiguration":{"status":"Off"}}`
	tlsOnly   = `{"Sid":"TLSOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`
	readByAll = `{"Sid":"公開","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::r/*"}`
)

// readIf is a statement that lets everybody read under a condition.
func readIf(condition string) string {
	return `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["s3:GetObject"],"Resource":"*","Condition":` + condition + `}`
}

func TestBucketPolicyOpenToEverybody(t *testing.T) {
	const (
		opens  = ": The policy of S3 bucket" + inPlace + "now allows "
		read   = "high" + opens + "s3:GetObject to everybody [Stratus aws.exfiltration.s3-backdoor-bucket-policy; S3_BUCKET_PUBLIC_READ_PROHIBITED]"
		sets   = " [Stratus aws.exfiltration.s3-backdoor-bucket-policy; S3_BUCKET_PUBLIC_READ_PROHIBITED; S3_BUCKET_PUBLIC_WRITE_PROHIBITED]"
		writes = " [Stratus aws.exfiltration.s3-backdoor-bucket-policy; S3_BUCKET_PUBLIC_WRITE_PROHIBITED]"
	)
	allow := func(principal, actions string) string {
		return `{"Effect":"Allow",` + principal + `,` + actions + `,"Resource":"arn:aws:s3:::r/*"}`
	}
	judge(t, "rule.10", bucket, []pair{
		{name: "reading, where there was no policy", before: noPolicy, after: policy(tlsOnly, readByAll), want: read},
		{name: "under AWS, alone", before: policy(tlsOnly), after: policy(allow(`"Principal":{"AWS":"*"}`, `"Action":"s3:GetObject"`)), want: read},
		{name: "under AWS, in a list", before: policy(tlsOnly), after: policy(allow(`"Principal":{"AWS":["arn:aws:iam::111122223333:root","*"]}`, `"Action":["s3:GetObject"]`)), want: read},
		{name: "everything", before: policy(tlsOnly), after: policy(allow(`"Principal":"*"`, `"Action":"s3:*"`)), want: "critical" + opens + "s3:* to everybody" + sets},
		{name: "all but some actions", before: policy(tlsOnly), after: policy(allow(`"Principal":"*"`, `"NotAction":"s3:DeleteBucket"`)), want: "critical" + opens + "* to everybody" + sets},
		{name: "all but some people", before: policy(tlsOnly), after: policy(allow(`"NotPrincipal":{"AWS":"arn:aws:iam::111122223333:root"}`, `"Action":"s3:GetObject"`)), want: read},
		{name: "writing beside reading, which was open", before: policy(readByAll), after: policy(readByAll, allow(`"Principal":"*"`, `"Action":["s3:PutObject","s3:getobject"]`)), want: "critical" + opens + "s3:PutObject to everybody" + writes},
		{name: "one statement, not a list", before: noPolicy, after: `{"BucketPolicy":{"policyText":` + quoted(`{"Statement":`+readByAll+`}`) + `}}`, want: read},
		{name: "the policy as an object", before: noPolicy, after: `{"BucketPolicy":{"policyText":{"Statement":[` + readByAll + `]}}}`, want: read},
		{name: "supplementary parts as texts", before: `{"BucketPolicy":"{\"policyText\":null}"}`, after: `{"BucketPolicy":` + quoted(`{"policyText":`+quoted(`{"Statement":[`+readByAll+`]}`)+`}`) + `}`, want: read},
		{name: "created open", kind: configtrail.Created, after: policy(readByAll), want: read},
		{name: "recreated open", kind: configtrail.Recreated, before: policy(readByAll), after: policy(readByAll), want: read},
		{name: "the condition is gone", before: policy(readIf(`{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}`)), after: policy(readByAll), want: read},
		{name: "held back by the block", before: noPolicy, after: policyBeside(`"PublicAccessBlockConfiguration":{"restrictPublicBuckets":true}`, readByAll),
			want: "medium" + opens + "s3:GetObject to everybody, which its public access block (restrictPublicBuckets) still holds back [Stratus aws.exfiltration.s3-backdoor-bucket-policy; S3_BUCKET_PUBLIC_READ_PROHIBITED]"},

		{name: "still open, reordered", before: policy(tlsOnly, readByAll), after: policy(readByAll, tlsOnly)},
		{name: "narrowed", before: policy(allow(`"Principal":"*"`, `"Action":"s3:*"`)), after: policy(readByAll)},
		{name: "a pattern that takes it in was open", before: policy(allow(`"Principal":"*"`, `"Action":"s3:Get*"`)), after: policy(readByAll)},
		{name: "closed", before: policy(readByAll), after: policy(tlsOnly)},
		{name: "removed", before: policy(readByAll), after: noPolicy},
		{name: "a Deny is for everybody", before: noPolicy, after: policy(tlsOnly)},
		{name: "one account", before: noPolicy, after: policy(allow(`"Principal":{"AWS":"arn:aws:iam::909499275605:root"}`, `"Action":"s3:*"`))},
		{name: "a service", before: noPolicy, after: policy(allow(`"Principal":{"Service":"cloudtrail.amazonaws.com"}`, `"Action":"s3:PutObject"`))},
		{name: "every service is not everybody", before: noPolicy, after: policy(allow(`"Principal":{"Service":"*"}`, `"Action":"s3:PutObject"`))},
		{name: "deleted", kind: configtrail.Deleted, before: policy(readByAll)},
		{name: "the policy before can't be read", before: `{"BucketPolicy":{"policyText":"{"}}`, after: policy(readByAll)},
		{name: "the policy after can't be read", before: noPolicy, after: `{"BucketPolicy":{"policyText":"{"}}`},
		{name: "longer than any policy", before: noPolicy, after: policy(readByAll, `"`+strings.Repeat("a", policyAtMost)+`"`)},
	})
}

func TestConditionsThatKeepStrangersOut(t *testing.T) {
	options := english(t)
	for _, c := range []struct {
		condition string
		keepsOut  bool
	}{
		{`{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}`, true},
		{`{"StringEquals":{"AWS:PRINCIPALORGID":["o-a1b2c3d4e5","o-b"]}}`, true},
		{`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":["o-a1b2c3d4e5/r-ab12/*"]}}`, true},
		{`{"StringEquals":{"aws:SourceVpc":"vpc-1"}}`, true},
		{`{"StringEqualsIgnoreCase":{"aws:SourceVpce":["vpce-1"]}}`, true},
		{`{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}}`, true},
		{`{"IpAddress":{"aws:VpcSourceIp":"10.1.2.3"}}`, true},
		{`{"StringEquals":{"aws:SourceAccount":"111122223333"}}`, true},
		{`{"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:*:111122223333:trail/*"}}`, true},
		{`{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::my-bucket/*"}}`, true},
		{`{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}`, true},
		{`{"StringLike":{"aws:userid":"AROAEXAMPLEID:*"}}`, true},
		{`{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}`, true},
		{`{"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}`, true},

		{`{}`, false},
		{`{"Bool":{"aws:SecureTransport":"true"}}`, false},
		{`{"StringLike":{"aws:PrincipalOrgID":"*"}}`, false},
		{`{"StringLike":{"aws:PrincipalOrgID":["o-a1b2c3d4e5","o-*"]}}`, false},
		{`{"StringNotEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}`, false},
		{`{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}`, false},
		{`{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}`, false},
		{`{"Null":{"aws:PrincipalOrgID":"false"}}`, false},
		{`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"*/r-ab12/*"}}`, false},
		{`{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}`, false},
		{`{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","128.0.0.0/1"]}}`, false},
		{`{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, false},
		{`{"IpAddress":{"aws:SourceIp":"社内"}}`, false},
		{`{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:*"}}`, false},
		{`{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"}}`, false},
		{`{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Admin"}}`, false},
		{`{"StringLike":{"aws:userid":"*"}}`, false},
		{`{"StringEquals":{"aws:PrincipalOrgID":"${aws:PrincipalOrgID}"}}`, false},
		{`{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceTag/org}"}}`, false},
		{`{"StringEquals":{"aws:Referer":"https://example.com"}}`, false},
		{`{"StringEquals":{"aws:PrincipalTag/team":"web"}}`, false},
		{`{"StringEquals":{"aws:SourceVpc":[]}}`, false},
		{`[{"StringEquals":{"aws:SourceVpc":"vpc-1"}}]`, false},
	} {
		found := of(Detect(stepMonth(bucket, pair{before: noPolicy, after: policy(readIf(c.condition))}), options), "rule.10")
		if keepsOut := len(found) == 0; keepsOut != c.keepsOut {
			t.Errorf("%s: keeps out %v, want %v", c.condition, keepsOut, c.keepsOut)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, action string
		want            bool
	}{
		{"s3:GetObject", "S3:getobject", true}, {"*", "s3:GetObject", true}, {"s3:Get*", "s3:GetObjectAcl", true}, {"s3:*Object", "s3:GetObject", true},
		{"s3:?etObject", "s3:GetObject", true}, {"s3:*t*t", "s3:GetObject", true}, {"s3:Get*", "s3:Get", true}, {"", "", true},
		{"s3:Get", "s3:GetObject", false}, {"s3:GetObject", "s3:Get", false}, {"s3:?", "s3:*", false}, {"s3:Get*x", "s3:GetObject", false}, {"", "s", false},
		{"s3:*", "*", false},
	} {
		if got := matches(c.pattern, c.action); got != c.want {
			t.Errorf("matches(%s, %s) = %v", c.pattern, c.action, got)
		}
	}
}

// acl is the supplementary configuration of a bucket whose owner, and one more
// grantee, hold grants: JSON in a string in a string.
func acl(grantee, permission string) string {
	list := `{"grantSet":null,"grantList":[{"grantee":{"id":"c6b0","displayName":null},"permission":"FullControl"},{"grantee":` + quoted(grantee) + `,"permission":` + quoted(permission) + `}],"isRequesterCharged":false}`
	return `{"AccessControlList":` + quoted(quoted(list)) + `}`
}

func TestBucketACLOpenToEverybody(t *testing.T) {
	const grants = "The access control list of S3 bucket" + inPlace + "now grants "
	private := acl("LogDelivery", "Write")
	plain := func(grant string) string { return `{"AccessControlList":` + quoted(`{"grantList":[`+grant+`]}`) + `}` }
	judge(t, "rule.13", bucket, []pair{
		{name: "reading", before: private, after: acl("AllUsers", "Read"), want: "high: " + grants + "AllUsers (READ)"},
		{name: "writing", before: private, after: acl("AllUsers", "Write"), want: "critical: " + grants + "AllUsers (WRITE)"},
		{name: "to anybody with an account", before: private, after: acl("AuthenticatedUsers", "ReadAcp"), want: "high: " + grants + "AuthenticatedUsers (READ_ACP)"},
		{name: "full control", before: private, after: acl("AllUsers", "FullControl"), want: "critical: " + grants + "AllUsers (FULL_CONTROL)"},
		{name: "by URI, in the API's words, in one string", before: private, after: plain(`{"grantee":{"URI":"http://acs.amazonaws.com/groups/global/AllUsers"},"permission":"READ"}`), want: "high: " + grants + "AllUsers (READ)"},
		{name: "more than before", before: acl("AllUsers", "Read"), after: acl("AllUsers", "FullControl"), want: "critical: " + grants + "AllUsers (WRITE, READ_ACP, WRITE_ACP)"},
		{name: "from those with an account to all", before: acl("AuthenticatedUsers", "Read"), after: acl("AllUsers", "Read"), want: "high: " + grants + "AllUsers (READ)"},
		{name: "as an object", before: private, after: `{"AccessControlList":{"grantSet":[{"grantee":"AllUsers","permission":"Read"}]}}`, want: "high: " + grants + "AllUsers (READ)"},
		{name: "created open", kind: configtrail.Created, after: acl("AllUsers", "Read"), want: "high: " + grants + "AllUsers (READ)"},
		{name: "recreated open", kind: configtrail.Recreated, before: acl("AllUsers", "Read"), after: acl("AllUsers", "Read"), want: "high: " + grants + "AllUsers (READ)"},
		{name: "held back by the block", before: private, after: strings.Replace(acl("AllUsers", "Write"), "{", `{"PublicAccessBlockConfiguration":{"ignorePublicAcls":true},`, 1),
			want: "medium: " + grants + "AllUsers (WRITE), which its public access block (ignorePublicAcls) still holds back"},

		{name: "still open, spelled otherwise", before: acl("AllUsers", "Read"), after: plain(`{"permission":"READ","grantee":"AllUsers"}`)},
		{name: "narrowed", before: acl("AllUsers", "FullControl"), after: acl("AllUsers", "Read")},
		{name: "narrowed to those with an account", before: acl("AllUsers", "Read"), after: acl("AuthenticatedUsers", "Read")},
		{name: "closed", before: acl("AllUsers", "Read"), after: private},
		{name: "to the log delivery group", before: acl("someone", "Read"), after: private},
		{name: "to a person of that name", before: private, after: plain(`{"grantee":{"id":"AllUsers","displayName":"AllUsers"},"permission":"Read"}`)},
		{name: "a permission that there is not", before: private, after: acl("AllUsers", "読み取り")},
		{name: "deleted", kind: configtrail.Deleted, before: acl("AllUsers", "Read")},
		{name: "the list before can't be read", before: `{"AccessControlList":"\"{"}`, after: acl("AllUsers", "Read")},
	})
}

func TestPublicAccessBlockOfABucket(t *testing.T) {
	const block = "high: The public access block of S3 bucket" + inPlace + "was "
	const set = " [CIS 2.1.4]"
	blocks := func(acls, ignore, policy, restrict bool) string {
		return fmt.Sprintf(`{"BucketVersioningConfiguration":{"status":"Enabled"},"PublicAccessBlockConfiguration":{"blockPublicAcls":%t,"ignorePublicAcls":%t,"blockPublicPolicy":%t,"restrictPublicBuckets":%t}}`, acls, ignore, policy, restrict)
	}
	without := `{"BucketVersioningConfiguration":{"status":"Enabled"}}`
	all := blocks(true, true, true, true)
	judge(t, "rule.12", bucket, []pair{
		{name: "all off", before: all, after: blocks(false, false, false, false), want: block + "loosened: blockPublicAcls, ignorePublicAcls, blockPublicPolicy, restrictPublicBuckets off" + set},
		{name: "one off", before: all, after: blocks(true, true, false, true), want: block + "loosened: blockPublicPolicy off" + set},
		{name: "one off that was on beside others", before: blocks(true, false, false, true), after: blocks(false, true, true, true), want: block + "loosened: blockPublicAcls off" + set},
		{name: "removed", before: all, after: without, want: block + "removed; on were blockPublicAcls, ignorePublicAcls, blockPublicPolicy, restrictPublicBuckets" + set},
		{name: "null", before: blocks(true, false, false, false), after: `{"IsRequesterPaysEnabled":false,"PublicAccessBlockConfiguration":null}`, want: block + "removed; on were blockPublicAcls" + set},
		{name: "a switch is missing", before: all, after: `{"PublicAccessBlockConfiguration":{"blockPublicAcls":true,"ignorePublicAcls":true,"blockPublicPolicy":true}}`, want: block + "loosened: restrictPublicBuckets off" + set},
		{name: "as texts", before: `{"PublicAccessBlockConfiguration":"{\"blockPublicAcls\":\"true\"}"}`, after: `{"PublicAccessBlockConfiguration":"{\"blockPublicAcls\":\"false\"}"}`, want: block + "loosened: blockPublicAcls off" + set},
		{name: "in PascalCase", before: `{"PublicAccessBlockConfiguration":{"BlockPublicAcls":true}}`, after: `{"PublicAccessBlockConfiguration":{"BlockPublicAcls":false}}`, want: block + "loosened: blockPublicAcls off" + set},

		{name: "as it was", before: all, after: all},
		{name: "reordered", before: all, after: `{"PublicAccessBlockConfiguration":{"restrictPublicBuckets":true,"blockPublicPolicy":true,"ignorePublicAcls":true,"blockPublicAcls":true}}`},
		{name: "tightened", before: blocks(true, false, false, false), after: all},
		{name: "there was none", before: without, after: blocks(false, false, false, false)},
		{name: "all were off", before: blocks(false, false, false, false), after: without},
		{name: "created without", kind: configtrail.Created, after: blocks(false, false, false, false)},
		{name: "recreated without", kind: configtrail.Recreated, before: all, after: without},
		{name: "deleted", kind: configtrail.Deleted, before: all, after: `{}`},
		{name: "an item that tells nothing beside the configuration", before: all, after: `{}`},
		{name: "the state after can't be read", before: all, after: `{"PublicAccessBlockConfiguration":{`},
	})
}

func TestPublicAccessBlockOfAnAccount(t *testing.T) {
	const block = "critical: The public access block for the whole account 111122223333 was "
	const set = " [CIS 2.1.4]"
	all := `{"blockPublicAcls":true,"ignorePublicAcls":true,"blockPublicPolicy":true,"restrictPublicBuckets":true}`
	judge(t, "rule.12", accountBlock, []pair{
		{name: "two off", before: all, after: `{"blockPublicAcls":true,"ignorePublicAcls":true,"blockPublicPolicy":false,"restrictPublicBuckets":false}`, want: block + "loosened: blockPublicPolicy, restrictPublicBuckets off" + set},
		{name: "deleted", kind: configtrail.Deleted, before: all, after: `{}`, want: block + "removed; on were blockPublicAcls, ignorePublicAcls, blockPublicPolicy, restrictPublicBuckets" + set},
		{name: "deleted, without an item", kind: configtrail.Deleted, before: `{"blockPublicAcls":true}`, want: block + "removed; on were blockPublicAcls" + set},
		{name: "emptied", before: `{"blockPublicAcls":true}`, after: `{}`, want: block + "removed; on were blockPublicAcls" + set},

		{name: "as it was", before: all, after: all},
		{name: "tightened", before: `{"blockPublicAcls":true}`, after: all},
		{name: "created with one off", kind: configtrail.Created, after: `{"blockPublicAcls":false}`},
		{name: "deleted when all were off", kind: configtrail.Deleted, before: `{"blockPublicAcls":false}`},
		{name: "what was is not known", kind: configtrail.Deleted},
	})
}
