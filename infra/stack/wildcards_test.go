package stack_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// The reasons why something in a policy is not named one by one.
const (
	folderReason  = "keys are made by the account that delivers, by Iceberg or by chance: the folder is the resource"
	catalogReason = "Glue asks GetTables for a right to all tables of the database, which holds the lake's or the raw ones and nothing else"
	tlsReason     = "it denies: whoever it is, whatever they ask, unless it comes over TLS"
	keyReason     = "in the policy of a key, * is that key alone"
	adminReason   = "the account's own policies decide about its key; without this nobody could administer it"
)

// wildcards are all that the templates hold, by ROLE/SID, with the reason. A new
// one has to be defended here, and in docs/security.md.
var wildcards = map[string]string{
	"AnswerRole/ReadLake": folderReason, "AnswerRole/ReadCatalog": catalogReason, "AnswerRole/ReadResults": folderReason,
	"AnswerRole/AthenaWritesResults": folderReason, "AnswerRole/KeepSpending": folderReason,
	"AnswerRole/ReadDeliveries": folderReason, "AnswerRole/ReadRawCatalog": catalogReason,
	"AnswerRole/AthenaUnderLakeFormation": "the action knows no resources; Lake Formation's own grants decide which tables",
	"AnswerRole/ListAccounts":             "the action knows no resources; only where answer.organization is set",

	"IngestRole/ReadDeliveries": folderReason, "IngestRole/ReadLake": folderReason, "IngestRole/ReadCatalog": catalogReason, "IngestRole/AddFiles": folderReason,
	"ListingRole/ReadDeliveries": folderReason, "ListingRole/ReadLake": folderReason, "ListingRole/ReadCatalog": catalogReason, "ListingRole/AddFiles": folderReason,
	"LongRunRole/ReadDeliveries": folderReason, "LongRunRole/ReadLake": folderReason, "LongRunRole/ReadCatalog": catalogReason, "LongRunRole/AddFiles": folderReason,

	"GatherRole/ReadLake": folderReason, "GatherRole/ReadCatalog": catalogReason, "GatherRole/WriteLake": folderReason,
	"GatherRole/MoveTables": catalogReason, "GatherRole/RemoveFromLake": folderReason,
	"CompactRole/ReadLake": folderReason, "CompactRole/ReadCatalog": catalogReason, "CompactRole/WriteLake": folderReason,
	"CompactRole/MoveTables": catalogReason, "CompactRole/RemoveFromLake": folderReason,
	"TablesRole/ReadLake": folderReason, "TablesRole/ReadCatalog": catalogReason, "TablesRole/WriteLake": folderReason, "TablesRole/MakeTables": catalogReason,

	"DailyRole/ReadLake": folderReason, "DailyRole/ReadCatalog": catalogReason, "DailyRole/ReadResults": folderReason,
	"DailyRole/AthenaWritesResults": folderReason, "DailyRole/KeepAnnounced": folderReason,
	"DailyRole/AthenaUnderLakeFormation": "the action knows no resources; Lake Formation's own grants decide which tables",
	"MonthlyRole/ReadLake":               folderReason, "MonthlyRole/ReadCatalog": catalogReason, "MonthlyRole/ReadResults": folderReason,
	"MonthlyRole/AthenaWritesResults": folderReason, "MonthlyRole/KeepReports": folderReason,
	"MonthlyRole/AthenaUnderLakeFormation": "the action knows no resources; Lake Formation's own grants decide which tables",

	"LakeBucketPolicy/OnlyTLS": tlsReason, "ResultsBucketPolicy/OnlyTLS": tlsReason, "IngestQueuePolicy/OnlyTLS": tlsReason,
	"LakeKey/ByPoliciesOfThisAccount": adminReason, "LakeKey/AlarmsToTheirTopic": keyReason,

	"AnybodyMayCallUrl":     "without IAM the URL lets all in; the function compares their token before anything else, and only settings with auth: token make it",
	"AnybodyMayInvokeByUrl": "likewise, and through the URL only",
}

func TestEveryWildcardHasAReason(t *testing.T) {
	found := map[string][]string{}
	for shape := range shapes {
		p := template(t, shape)
		for _, s := range p.policies() {
			for _, text := range slices.Concat(s.actions, s.resources, s.principals) {
				if strings.ContainsAny(text, "*?") {
					found[s.at] = append(found[s.at], text)
				}
			}
		}
		for _, id := range p.of("AWS::Lambda::Permission") {
			if p.at(t, id, "Principal") == "*" {
				found[id] = append(found[id], "*")
			}
		}
	}
	for _, at := range slices.Sorted(maps.Keys(found)) {
		if wildcards[at] == "" {
			t.Errorf("%s has a wildcard and no reason: %s", at, strings.Join(slices.Compact(slices.Sorted(slices.Values(found[at]))), " "))
		}
	}
	for at := range wildcards {
		if found[at] == nil {
			t.Errorf("%s has a reason and no wildcard", at)
		}
	}
}

// A wildcard stands for keys below a folder, or for all; never for a part of a
// name or of an action.
func TestWildcardsAreOfFolders(t *testing.T) {
	for shape := range shapes {
		for _, s := range template(t, shape).policies() {
			for _, action := range s.actions {
				if strings.Contains(action, "*") && s.effect == "Allow" && s.at != "LakeKey/ByPoliciesOfThisAccount" {
					t.Errorf("%s: %s allows %s", shape, s.at, action)
				}
			}
			for _, text := range slices.Concat(s.resources, s.principals) {
				parts := strings.Split(text, "/")
				for i, part := range parts {
					if strings.ContainsAny(part, "*?") && part != "*" || part == "*" && i == 0 && len(parts) > 1 {
						t.Errorf("%s: %s has %s", shape, s.at, text)
					}
				}
			}
		}
	}
}

func TestEveryStatementHasASid(t *testing.T) {
	for shape := range shapes {
		seen := map[string]bool{}
		for _, s := range template(t, shape).policies() {
			if strings.HasSuffix(s.at, "/null") {
				t.Errorf("%s: a statement of %s has no Sid", shape, s.at)
			}
			if !strings.HasSuffix(s.at, "/Trust") && seen[s.at] {
				t.Errorf("%s: two statements are called %s", shape, s.at)
			}
			seen[s.at] = true
		}
	}
}

// Besides query results the answering function writes in one place.
func TestTheAnsweringFunctionWritesInOnePlace(t *testing.T) {
	for shape := range shapes {
		for _, s := range template(t, shape).policies() {
			if !strings.HasPrefix(s.at, "AnswerRole/") || s.at == "AnswerRole/Trust" {
				continue
			}
			for _, action := range s.actions {
				writes := strings.Contains(action, ":Put") || strings.Contains(action, ":Delete") || strings.Contains(action, ":Update") || strings.Contains(action, ":Create") || strings.Contains(action, ":Send") || strings.Contains(action, ":Publish")
				if !writes || action == "logs:PutLogEvents" || action == "logs:CreateLogStream" {
					continue
				}
				for _, resource := range s.resources {
					if resource != "${LakeBucket.Arn}/spend/*" && resource != "${ResultsBucket.Arn}/results/*" {
						t.Errorf("%s: %s allows %s on %s", shape, s.at, action, resource)
					}
				}
			}
		}
	}
}
