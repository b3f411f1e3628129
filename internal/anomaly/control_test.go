package anomaly

import (
	"fmt"
	"strings"
	"testing"

	"configtrail"
)

func TestTrailDeleted(t *testing.T) {
	const sets = " [CIS 3.1; Stratus aws.defense-evasion.cloudtrail-delete]"
	trail := `{"name":"監査","isMultiRegionTrail":true,"isOrganizationTrail":false}`
	const gone = "critical: CloudTrail trail" + inPlace + "was deleted" + sets
	judge(t, "rule.17", "AWS::CloudTrail::Trail", []pair{
		{name: "deleted", kind: configtrail.Deleted, before: trail, after: `{}`, want: gone},
		{name: "deleted, without an item", kind: configtrail.Deleted, before: trail, want: gone},
		{name: "deleted, never seen before", kind: configtrail.Deleted, want: gone},
		{name: "what it was can't be read", kind: configtrail.Deleted, before: `{`, want: gone},
		{name: "of the organisation", kind: configtrail.Deleted, before: `{"isOrganizationTrail":true}`,
			want: "critical: CloudTrail trail “本番 web” of the organisation was deleted in 111122223333 ap-northeast-1" + sets},
		{name: "of the organisation, in PascalCase", kind: configtrail.Deleted, before: `{"IsOrganizationTrail":"true"}`,
			want: "critical: CloudTrail trail “本番 web” of the organisation was deleted in 111122223333 ap-northeast-1" + sets},

		{name: "created", kind: configtrail.Created, after: trail},
		{name: "recreated", kind: configtrail.Recreated, before: trail, after: trail},
		{name: "updated", before: trail, after: `{"name":"監査","logFileValidationEnabled":false}`},
		{name: "emptied", before: trail, after: `{}`},
	})
	judge(t, "rule.17", bucket, []pair{{name: "something else is deleted", kind: configtrail.Deleted, before: noPolicy}})
}

func TestRecorderRecordsLess(t *testing.T) {
	const set = " [CIS 3.3]"
	recorder := func(on bool, group string) string {
		return fmt.Sprintf(`{"Name":"default","Recording":%t,"RecordingGroup":{%s}}`, on, group)
	}
	const (
		all    = `"AllSupported":true,"IncludeGlobalResourceTypes":true,"RecordingStrategy":{"UseOnly":"ALL_SUPPORTED_RESOURCE_TYPES"}`
		allBut = `"AllSupported":false,"IncludeGlobalResourceTypes":false,"ExclusionByResourceTypes":{"ResourceTypes":[%s]},"RecordingStrategy":{"UseOnly":"EXCLUSION_BY_RESOURCE_TYPES"}`
		only   = `"AllSupported":false,"ResourceTypes":[%s],"RecordingStrategy":{"UseOnly":"INCLUSION_BY_RESOURCE_TYPES"}`
	)
	except := func(types string) string { return recorder(true, fmt.Sprintf(allBut, types)) }
	just := func(types string) string { return recorder(true, fmt.Sprintf(only, types)) }
	everything := recorder(true, all)
	const queue, role, group = `"AWS::SQS::Queue"`, `"AWS::IAM::Role"`, `"AWS::EC2::SecurityGroup"`
	less := func(n, types string) string {
		return "high: AWS Config in 111122223333 ap-northeast-1 no longer records " + n + " (" + types + ")" + set
	}
	const off = "critical: AWS Config stopped recording in 111122223333 ap-northeast-1 (recorder “本番 web”)" + set
	const gone = "critical: The recorder “本番 web” of AWS Config in 111122223333 ap-northeast-1 was deleted, so nothing is recorded" + set
	judge(t, "rule.20", "AWS::Config::ConfigurationRecorder", []pair{
		{name: "switched off", before: everything, after: recorder(false, all), want: off},
		{name: "switched off and narrowed", before: everything, after: recorder(false, fmt.Sprintf(allBut, queue)), want: off},
		{name: "switched off, in the API's form", before: `{"name":"default","recordingGroup":{"allSupported":true},"status":{"recording":true}}`, after: `{"name":"default","recordingGroup":{"allSupported":true},"status":{"recording":false}}`, want: off},
		{name: "deleted", kind: configtrail.Deleted, before: everything, want: gone},
		{name: "a type excluded", before: everything, after: except(queue), want: less("1 resource type", "AWS::SQS::Queue")},
		{name: "one more excluded", before: except(queue), after: except(role + "," + queue), want: less("1 resource type", "AWS::IAM::Role")},
		{name: "only some are left", before: everything, after: just(group + "," + role),
			want: "high: AWS Config in 111122223333 ap-northeast-1, which recorded all resource types, now records only 2 of them (AWS::EC2::SecurityGroup, AWS::IAM::Role)" + set},
		{name: "fewer of some", before: just(group + "," + role + "," + queue), after: just(role), want: less("2 resource types", "AWS::EC2::SecurityGroup, AWS::SQS::Queue")},
		{name: "some, and then all but one of them", before: just(group + "," + role), after: except(role), want: less("1 resource type", "AWS::IAM::Role")},
		{name: "without the global types", before: everything, after: strings.Replace(everything, `"IncludeGlobalResourceTypes":true`, `"IncludeGlobalResourceTypes":false`, 1), want: less("1 resource type", "AWS::IAM::*")},
		{name: "before strategies had names", before: `{"recording":true,"recordingGroup":{"allSupported":true,"includeGlobalResourceTypes":false,"resourceTypes":[]}}`, after: `{"recording":true,"recordingGroup":{"allSupported":false,"resourceTypes":["AWS::SQS::Queue"]}}`,
			want: "high: AWS Config in 111122223333 ap-northeast-1, which recorded all resource types, now records only 1 of them (AWS::SQS::Queue)" + set},

		{name: "still off", before: recorder(false, all), after: recorder(false, all)},
		{name: "narrowed while off is narrowed; as it was is not", before: except(queue + "," + role), after: except(role + "," + queue)},
		{name: "switched on", before: recorder(false, all), after: everything},
		{name: "created off", kind: configtrail.Created, after: recorder(false, fmt.Sprintf(only, queue))},
		{name: "recreated off", kind: configtrail.Recreated, before: everything, after: recorder(false, all)},
		{name: "one fewer excluded", before: except(queue + "," + role), after: except(queue)},
		{name: "all instead of all but one", before: except(queue), after: everything},
		{name: "more of some", before: just(group), after: just(group + "," + role)},
		{name: "some, and then all", before: just(group), after: everything},
		{name: "an exclusion has the global switch off, and records them", before: everything, after: except("")},
		{name: "a list left over from another strategy", before: everything, after: recorder(true, all+`,"ExclusionByResourceTypes":{"ResourceTypes":["AWS::SQS::Queue"]}`)},
		{name: "the group can't be read", before: everything, after: `{"Recording":true,"RecordingGroup":7}`},
		{name: "the switch can't be read", before: everything, after: recorderWithout(everything)},
		{name: "recorded once a day", before: everything, after: strings.Replace(everything, `"Name"`, `"RecordingMode":{"RecordingFrequency":"DAILY"},"Name"`, 1)},
	})
}

// recorderWithout is a recorder whose switch is text without a meaning.
func recorderWithout(text string) string {
	return strings.Replace(text, `"Recording":true`, `"Recording":"録画"`, 1)
}

func TestAdministratorRights(t *testing.T) {
	holds := func(policies ...string) string {
		return `{"userName":"佐藤","groupList":["developers"],"attachedManagedPolicies":[` + strings.Join(policies, ",") + `]}`
	}
	attached := func(name, arn string) string { return fmt.Sprintf(`{"policyName":"%s","policyArn":"%s"}`, name, arn) }
	managed := func(name string) string { return attached(name, "arn:aws:iam::aws:policy/"+name) }
	const got = " “本番 web” in 111122223333 ap-northeast-1 got "
	const stratus = "; Stratus aws.persistence.iam-create-admin-user]"
	admin, reads := managed("AdministratorAccess"), managed("ReadOnlyAccess")
	judge(t, "rule.26", "AWS::IAM::User", []pair{
		{name: "administrator", before: holds(reads), after: holds(admin, reads), want: "high: IAM User" + got + "AdministratorAccess attached [CIS 1.15" + stratus},
		{name: "IAM", before: holds(), after: holds(managed("IAMFullAccess")), want: "high: IAM User" + got + "IAMFullAccess attached"},
		{name: "power user", before: holds(), after: holds(managed("PowerUserAccess")), want: "medium: IAM User" + got + "PowerUserAccess attached"},
		{name: "two at once, whatever their order", before: holds(), after: holds(managed("PowerUserAccess"), admin), want: "high: IAM User" + got + "AdministratorAccess, PowerUserAccess attached [CIS 1.15" + stratus},
		{name: "one more", before: holds(admin), after: holds(admin, managed("IAMFullAccess")), want: "high: IAM User" + got + "IAMFullAccess attached"},
		{name: "created with it", kind: configtrail.Created, after: holds(admin), want: "high: IAM User" + got + "AdministratorAccess attached [CIS 1.15" + stratus},
		{name: "recreated with it", kind: configtrail.Recreated, before: holds(admin), after: holds(admin), want: "high: IAM User" + got + "AdministratorAccess attached [CIS 1.15" + stratus},
		{name: "in China", before: holds(), after: holds(attached("AdministratorAccess", "arn:aws-cn:iam::aws:policy/AdministratorAccess")), want: "high: IAM User" + got + "AdministratorAccess attached [CIS 1.15" + stratus},
		{name: "in GovCloud, with a path", before: holds(), after: holds(attached("x", "arn:aws-us-gov:iam::aws:policy/job-function/PowerUserAccess")), want: "medium: IAM User" + got + "PowerUserAccess attached"},
		{name: "by name only, in PascalCase", before: `{"AttachedManagedPolicies":[]}`, after: `{"AttachedManagedPolicies":[{"PolicyName":"IAMFullAccess"}]}`, want: "high: IAM User" + got + "IAMFullAccess attached"},

		{name: "still attached, reordered", before: holds(reads, admin), after: holds(admin, reads)},
		{name: "detached", before: holds(admin), after: holds()},
		{name: "a harmless one", before: holds(), after: holds(reads)},
		{name: "a customer's own of that name", before: holds(), after: holds(attached("AdministratorAccess", "arn:aws:iam::111122223333:policy/AdministratorAccess"))},
		{name: "a name that only begins like it", before: holds(), after: holds(managed("AdministratorAccess-Amplify"))},
		{name: "a name that only ends like it", before: holds(), after: holds(attached("x", "arn:aws:iam::aws:policy/NotAdministratorAccess"))},
		{name: "created without", kind: configtrail.Created, after: holds(reads)},
		{name: "deleted", kind: configtrail.Deleted, before: holds(admin)},
		{name: "the state before is not known", after: holds(admin)},
		{name: "an ARN that is none", before: holds(), after: holds(attached("AdministratorAccess", "管理者"))},
	})
	judge(t, "rule.26", "AWS::IAM::Role", []pair{
		{name: "a role", before: holds(), after: holds(admin), want: "high: IAM Role" + got + "AdministratorAccess attached [CIS 1.15]"},
		{name: "a role that keeps it", before: holds(admin), after: holds(reads, admin)},
	})
	judge(t, "rule.26", "AWS::IAM::Group", []pair{
		{name: "a group", before: holds(), after: holds(admin), want: "high: IAM Group" + got + "AdministratorAccess attached [CIS 1.15]"},
		{name: "a group that loses it", before: holds(admin), after: holds(reads)},
	})
}
