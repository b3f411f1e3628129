package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"configtrail/infra/settings"
)

// The folders of the lake's bucket.
const (
	lakeFolder      = "lake"      // Iceberg's tables, and what is staged for them
	notesFolder     = "staged"    // in the lake: what Gather is to commit
	spendFolder     = "spend"     // daily caps and answers that were paid for
	reportsFolder   = "reports"   // months, as files
	announcedFolder = "announced" // what the daily run has told already
	resultsFolder   = "results"   // of queries, in a bucket of their own
)

// encryption makes the stack's own key, with which lake, results, secrets and
// topics are encrypted. The queues have SQS's own encryption, as S3, SNS and
// EventBridge would each need a right to the key.
func (b *build) encryption() {
	if b.settings.Encryption != settings.KeyOwn {
		return
	}
	if b.existing() {
		b.key = b.settings.Lake.Existing.KeyARN
		return
	}
	key := awskms.NewCfnKey(b.stack, jsii.String("LakeKey"), &awskms.CfnKeyProps{
		Description:       jsii.String(b.name("lake") + ": lake, query results, secrets and topics"),
		EnableKeyRotation: jsii.Bool(true),
		KeyPolicy: document(
			statement{
				sid: "ByPoliciesOfThisAccount", principal: map[string]any{"AWS": b.arn("iam", "", *b.stack.Account(), "root")},
				actions: []string{"kms:*"}, resources: []string{"*"},
			},
			statement{
				sid: "AlarmsToTheirTopic", principal: service("cloudwatch.amazonaws.com"),
				actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, resources: []string{"*"}, when: b.fromHere(),
			},
		),
	})
	skip(key,
		skipped{"CKV_AWS_33", "the principal is the account itself, so that its own policies decide"},
	)
	keep(key)
	b.key = *key.AttrArn()
}

// existing reports whether the settings name a lake that is there.
func (b *build) existing() bool { return b.settings.Lake.Existing.RedactKeySecret != "" }

func (b *build) buckets() {
	b.lake, b.lakeARN = b.settings.Lake.Bucket, b.bucketARN(b.settings.Lake.Bucket)
	if !b.existing() {
		b.lakeBucket(b.settings.Lake)
	}
	// Results lie in a bucket of their own: the lake's lifecycle must never let a
	// current object go.
	b.results = b.bucket("ResultsBucket", []any{
		&awss3.CfnBucket_RuleProperty{
			Id: jsii.String("results"), Status: jsii.String("Enabled"), ExpirationInDays: jsii.Number(b.settings.Query.ResultsDays),
		},
		unfinished(1),
	})
	skip(b.results, skipped{"CKV_AWS_21", "results are made anew by asking again, and are to be gone when they expire"})
	// A bucket with objects in it can't be deleted, so it would hold up the rest.
	keep(b.results)
}

func (b *build) lakeBucket(days settings.Lake) {
	bucket := b.bucket("LakeBucket", []any{
		oldVersions("old-versions", "", days.NoncurrentDays),
		// Notes come and go by the thousands a day, and are listed every five
		// minutes: a listing passes by all that is left of those that are gone.
		oldVersions("old-notes", lakeFolder+"/"+notesFolder+"/", 1),
		unfinished(days.UnfinishedDays),
	})
	if days.Bucket != "" {
		bucket.SetBucketName(jsii.String(days.Bucket))
	}
	bucket.SetVersioningConfiguration(&awss3.CfnBucket_VersioningConfigurationProperty{Status: jsii.String("Enabled")})
	keep(bucket)
	b.lake, b.lakeARN = *bucket.Ref(), *bucket.AttrArn()
}

// oldVersions is a rule that removes what was deleted or replaced, and then the
// marks that something was deleted. What is current stays.
func oldVersions(id, below string, days int) *awss3.CfnBucket_RuleProperty {
	rule := &awss3.CfnBucket_RuleProperty{
		Id: jsii.String(id), Status: jsii.String("Enabled"), ExpiredObjectDeleteMarker: jsii.Bool(true),
		NoncurrentVersionExpiration: &awss3.CfnBucket_NoncurrentVersionExpirationProperty{NoncurrentDays: jsii.Number(days)},
	}
	if below != "" {
		rule.Prefix = jsii.String(below)
	}
	return rule
}

func unfinished(days int) *awss3.CfnBucket_RuleProperty {
	return &awss3.CfnBucket_RuleProperty{
		Id: jsii.String("unfinished-uploads"), Status: jsii.String("Enabled"),
		AbortIncompleteMultipartUpload: &awss3.CfnBucket_AbortIncompleteMultipartUploadProperty{DaysAfterInitiation: jsii.Number(days)},
	}
}

// bucket makes a bucket that is encrypted, private, without ACLs and reached
// over TLS only.
func (b *build) bucket(id string, rules []any) awss3.CfnBucket {
	encryption := &awss3.CfnBucket_ServerSideEncryptionByDefaultProperty{SseAlgorithm: jsii.String("AES256")}
	if b.key != "" {
		encryption = &awss3.CfnBucket_ServerSideEncryptionByDefaultProperty{SseAlgorithm: jsii.String("aws:kms"), KmsMasterKeyId: &b.key}
	}
	bucket := awss3.NewCfnBucket(b.stack, &id, &awss3.CfnBucketProps{
		BucketEncryption: &awss3.CfnBucket_BucketEncryptionProperty{ServerSideEncryptionConfiguration: &[]any{
			&awss3.CfnBucket_ServerSideEncryptionRuleProperty{ServerSideEncryptionByDefault: encryption, BucketKeyEnabled: b.key != ""},
		}},
		OwnershipControls: &awss3.CfnBucket_OwnershipControlsProperty{Rules: &[]any{
			&awss3.CfnBucket_OwnershipControlsRuleProperty{ObjectOwnership: jsii.String("BucketOwnerEnforced")},
		}},
		PublicAccessBlockConfiguration: &awss3.CfnBucket_PublicAccessBlockConfigurationProperty{
			BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true,
		},
		LifecycleConfiguration: &awss3.CfnBucket_LifecycleConfigurationProperty{Rules: &rules},
	})
	skip(bucket, skipped{"CKV_AWS_18", "who reads is told by CloudTrail's data events, which an organisation switches on for all of its buckets; access logs would need a bucket more"})
	policy := awss3.NewCfnBucketPolicy(b.stack, jsii.String(id+"Policy"), &awss3.CfnBucketPolicyProps{
		Bucket: bucket.Ref(),
		PolicyDocument: document(statement{
			sid: "OnlyTLS", deny: true, principal: map[string]any{"AWS": "*"}, actions: []string{"s3:*"},
			resources: []string{*bucket.AttrArn(), *bucket.AttrArn() + "/*"},
			when:      map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
		}),
	})
	keepAlong(policy)
	return bucket
}

// keepAlong keeps a bucket's policy with its bucket.
func keepAlong(policy awss3.CfnBucketPolicy) { keep(policy.(awscdk.CfnResource)) }

// in is the ARN of what lies in a folder of the lake's bucket.
func (b *build) in(folder string) string { return b.lakeARN + "/" + folder + "/*" }

// place is a folder of the lake's bucket as s3://bucket/folder.
func (b *build) place(folder string) string { return "s3://" + b.lake + "/" + folder }

// results are the place and the ARN of queries' results.
func (b *build) resultsPlace() string { return "s3://" + *b.results.Ref() + "/" + resultsFolder + "/" }
func (b *build) resultsIn() string    { return *b.results.AttrArn() + "/" + resultsFolder + "/*" }
