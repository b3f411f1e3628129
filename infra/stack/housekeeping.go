package stack

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"configtrail/infra/settings"
)

// housekeeping makes the functions that look after the lake itself.
func (b *build) housekeeping() {
	b.function(wanted{
		name: "Gather", description: "Commits what the other functions have staged", code: b.code.ingest,
		// One at a time: two would only race for the same commits. A call that
		// waits is of no use once the next one is due.
		uses: settings.Function{Memory: 2048, Timeout: 900, Concurrency: 1}, disk: 4096, retries: 0, age: 300,
		environment: b.common(b.ofLake()),
		may: slices.Concat(b.mayReadLake(), b.mayCommit(), []statement{
			// Notes that are committed, and what expires in passing.
			{sid: "RemoveFromLake", actions: []string{"s3:DeleteObject"}, resources: []string{b.in(lakeFolder)}},
		}, b.mayUseKey()),
	})
	b.function(wanted{
		name: "Compact", description: "Merges the lake's small files and removes what nothing names", code: b.code.ingest,
		uses: settings.Function{Memory: 4096, Timeout: 900, Concurrency: 1}, disk: 10240, retries: 0, age: 3600,
		environment: b.common(b.ofLake()),
		may: slices.Concat(b.mayReadLake(), b.mayCommit(), []statement{
			{sid: "RemoveFromLake", actions: []string{"s3:DeleteObject"}, resources: []string{b.in(lakeFolder)}},
		}, b.mayUseKey()),
	})
	maker := b.function(wanted{
		name: "Tables", description: "Makes and evolves the lake's tables when the stack is made or updated", code: b.code.ingest,
		uses:        settings.Function{Memory: 512, Timeout: 600, Concurrency: 1},
		environment: b.common(b.ofLake(), b.ofKey()),
		may: slices.Concat(b.mayReadLake(), []statement{
			{sid: "WriteLake", actions: []string{"s3:PutObject", "s3:AbortMultipartUpload"}, resources: []string{b.in(lakeFolder)}},
			{sid: "MakeTables", actions: []string{"glue:CreateTable", "glue:UpdateTable"}, resources: b.catalog(b.settings.Lake.Database)},
			b.mayKnowKey(),
		}, b.mayUseKey()),
	})
	// The version is the key of the code, so that each new code evolves the tables.
	tables := awscdk.NewCfnResource(b.stack, jsii.String("LakeTables"), &awscdk.CfnResourceProps{
		Type: jsii.String("AWS::CloudFormation::CustomResource"),
		Properties: &map[string]any{
			"ServiceToken": maker.AttrArn(), "ServiceTimeout": 660,
			"Lake": b.place(lakeFolder), "Database": b.database, "Version": b.code.ingest.key,
		},
	})
	// Who commits needs the tables to be there.
	for _, name := range []string{"Gather", "Compact", "Ingest", "Listing"} {
		if f, made := b.functions[name]; made {
			f.AddResourceDependency(tables, nil)
		}
	}
}
