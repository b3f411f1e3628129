package stack_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"
)

// What cdk deploys: the same resources as the plain template's, with the code as
// assets.
func TestTheAssemblyIsThePlainTemplate(t *testing.T) {
	made := assembly(t, "configtrail")
	resources := (*made.ToJSON())["Resources"].(map[string]any)
	plain := template(t, "configtrail")
	if got, want := slices.Sorted(maps.Keys(resources)), slices.Sorted(maps.Keys(plain.Resources)); !slices.Equal(got, want) {
		t.Errorf("cdk makes %v, the template %v", got, want)
	}
	made.HasResourceProperties(jsii.String("AWS::Lambda::Function"), map[string]any{
		"FunctionName": "configtrail-ingest",
		"Code":         map[string]any{"S3Bucket": map[string]any{"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}, "S3Key": assertions.Match_StringLikeRegexp(jsii.String(`^[0-9a-f]{64}\.zip$`))},
	})
	made.HasResource(jsii.String("AWS::S3::Bucket"), map[string]any{
		"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain",
		"Properties": map[string]any{"VersioningConfiguration": map[string]any{"Status": "Enabled"}},
	})
	made.ResourceCountIs(jsii.String("AWS::Lambda::Function"), jsii.Number(8))
}

// A plain template asks for nothing but an account: no bootstrap, no assets, no
// metadata of CDK; and neither names a partition, an account or a region of its own.
func TestThePlainTemplateStandsAlone(t *testing.T) {
	for shape := range shapes {
		p := template(t, shape)
		for _, word := range []string{"BootstrapVersion", "CDKMetadata", "cdk-hnb659fds", "aws:cdk:", "AssetParameters"} {
			if strings.Contains(string(p.text), `"`+word) {
				t.Errorf("%s: the template speaks of %s", shape, word)
			}
		}
		for _, name := range []string{"CodeBucket", "AnswerCodeKey", "IngestCodeKey"} {
			if p.Parameters[name] == nil {
				t.Errorf("%s: no parameter %s", shape, name)
			}
		}
		for id, r := range p.Resources {
			text, err := json.Marshal(r.Properties)
			if err != nil {
				t.Fatal(err)
			}
			for _, arn := range regexp.MustCompile(`arn:aws[a-z-]*:[^"]*`).FindAllString(string(text), -1) {
				// Those of the settings are others' roles, topics and keys.
				if !strings.Contains(arn, "444455556666") && !strings.Contains(arn, "777788889999") && !strings.Contains(arn, "111122223333") {
					t.Errorf("%s: %s holds %s: the partition is the deployment's", shape, id, arn)
				}
			}
		}
	}
}

// What holds rows, or is needed to add more, outlives the stack.
func TestTheLakeOutlivesTheStack(t *testing.T) {
	p := template(t, "configtrail")
	for _, id := range []string{"LakeBucket", "LakeBucketPolicy", "LakeKey", "LakeDatabase", "RedactKeySecret"} {
		if p.Resources[id].DeletionPolicy != "Retain" {
			t.Errorf("%s goes with the stack", id)
		}
	}
	if ids := p.of("AWS::Glue::Table"); !slices.Equal(ids, []string{"TableConfig", "TableConfigState", "TableControltower", "TableOrganisation"}) {
		t.Errorf("tables %v: those of the lake are made by its own program", ids)
	}
	if got := p.at(t, "LakeTables", "ServiceToken"); spell(got) != "${TablesFunction.Arn}" {
		t.Errorf("LakeTables asks %s", spell(got))
	}
	if got := p.at(t, "LakeTables", "Version"); spell(got) != "${IngestCodeKey}" {
		t.Errorf("LakeTables has the version %s: new code has to run it", spell(got))
	}
	for _, id := range []string{"IngestFunction", "ListingFunction", "GatherFunction", "CompactFunction"} {
		if !slices.Contains(p.Resources[id].DependsOn, "LakeTables") {
			t.Errorf("%s may run before the tables are there", id)
		}
	}
}

// No rule of the lake's bucket lets a current object go. A mark that something was
// deleted, once all its versions have expired, stands for nothing.
func TestTheLakeKeepsCurrentObjects(t *testing.T) {
	p := template(t, "configtrail")
	for _, rule := range p.at(t, "LakeBucket", "LifecycleConfiguration", "Rules").([]any) {
		for name := range rule.(map[string]any) {
			if !slices.Contains([]string{"Id", "Status", "Prefix", "NoncurrentVersionExpiration", "ExpiredObjectDeleteMarker", "AbortIncompleteMultipartUpload"}, name) {
				t.Errorf("the lake's bucket has a rule with %s", name)
			}
		}
	}
	if got := spell(p.at(t, "LakeBucket", "LifecycleConfiguration", "Rules", 1)); !strings.Contains(got, `"Prefix":"lake/staged/"`) || !strings.Contains(got, `"NoncurrentDays":1`) {
		t.Errorf("notes that are gone leave their versions: %s", got)
	}
	if got := p.at(t, "ResultsBucket", "LifecycleConfiguration", "Rules", 0, "ExpirationInDays"); got != 7.0 {
		t.Errorf("results expire in %v days", got)
	}
}

func TestBucketsAreClosed(t *testing.T) {
	for shape, want := range map[string]string{"configtrail": "aws:kms", "same-account": "AES256"} {
		p := template(t, shape)
		for _, id := range p.of("AWS::S3::Bucket") {
			if got := p.at(t, id, "BucketEncryption", "ServerSideEncryptionConfiguration", 0, "ServerSideEncryptionByDefault", "SSEAlgorithm"); got != want {
				t.Errorf("%s: %s is encrypted by %v", shape, id, got)
			}
			if got := p.at(t, id, "OwnershipControls", "Rules", 0, "ObjectOwnership"); got != "BucketOwnerEnforced" {
				t.Errorf("%s: %s has the ownership %v", shape, id, got)
			}
			for _, name := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
				if p.at(t, id, "PublicAccessBlockConfiguration", name) != true {
					t.Errorf("%s: %s lacks %s", shape, id, name)
				}
			}
			if got := spell(p.at(t, id+"Policy", "PolicyDocument", "Statement", 0)); !strings.Contains(got, `"aws:SecureTransport":"false"`) || !strings.Contains(got, `"Effect":"Deny"`) {
				t.Errorf("%s: %s may be reached without TLS: %s", shape, id, got)
			}
		}
	}
}

func TestTheWorkgroupIsEnforced(t *testing.T) {
	p := template(t, "configtrail")
	of := func(path ...any) string {
		return spell(p.at(t, "Workgroup", append([]any{"WorkGroupConfiguration"}, path...)...))
	}
	for want, got := range map[string]string{
		"true": of("EnforceWorkGroupConfiguration"), "20000000000": of("BytesScannedCutoffPerQuery"),
		"Athena engine version 3":        of("EngineVersion", "SelectedEngineVersion"),
		"s3://${ResultsBucket}/results/": of("ResultConfiguration", "OutputLocation"),
		"${AWS::AccountId}":              of("ResultConfiguration", "ExpectedBucketOwner"),
		"${LakeKey.Arn}":                 of("ResultConfiguration", "EncryptionConfiguration", "KmsKey"),
	} {
		if got != want {
			t.Errorf("the workgroup has %s, not %s", got, want)
		}
	}
}

// A batch has six times the function's time before its messages come again, and
// a message that fails is kept.
func TestTheQueueWaitsForTheFunction(t *testing.T) {
	for shape := range shapes {
		p := template(t, shape)
		visible, timeout := p.at(t, "IngestQueue", "VisibilityTimeout").(float64), p.at(t, "IngestFunction", "Timeout").(float64)
		if visible < 6*timeout {
			t.Errorf("%s: messages come again after %v s, with a timeout of %v s", shape, visible, timeout)
		}
		if got := p.at(t, "DeadLetters", "MessageRetentionPeriod"); got != 1209600.0 {
			t.Errorf("%s: dead letters are kept for %v s, not for 14 days", shape, got)
		}
		if got := spell(p.at(t, "IngestSource", "FunctionResponseTypes")); got != `["ReportBatchItemFailures"]` {
			t.Errorf("%s: the queue is told %s", shape, got)
		}
		if reserved, most := p.at(t, "IngestFunction", "ReservedConcurrentExecutions"), p.at(t, "IngestSource", "ScalingConfig", "MaximumConcurrency"); reserved != most {
			t.Errorf("%s: %v are reserved for up to %v at a time", shape, reserved, most)
		}
		receives := spell(p.at(t, "IngestFunction", "Environment", "Variables", "CONFIGTRAIL_RECEIVES"))
		if got := spell(p.at(t, "IngestQueue", "RedrivePolicy", "maxReceiveCount")); got != receives {
			t.Errorf("%s: the queue gives up after %s tries, the function believes %s", shape, got, receives)
		}
		for _, id := range []string{"IngestQueue", "DeadLetters"} {
			if p.at(t, id, "SqsManagedSseEnabled") != true {
				t.Errorf("%s: %s is not encrypted", shape, id)
			}
		}
		if got := p.at(t, "GatherFunction", "ReservedConcurrentExecutions"); got != 1.0 {
			t.Errorf("%s: %v gather at a time", shape, got)
		}
	}
}

// Who meets objects that are too large may start the longer run for them; nobody
// else may.
func TestLargeObjectsGoToTheLongRun(t *testing.T) {
	for shape := range shapes {
		p := template(t, shape)
		for _, id := range p.of("AWS::Lambda::Function") {
			name := strings.TrimSuffix(id, "Function")
			var want []string
			if name == "Ingest" || name == "Listing" {
				want = []string{"arn:${AWS::Partition}:codebuild:${AWS::Region}:${AWS::AccountId}:project/" + spell(p.at(t, "LongRun", "Name"))}
				variables := p.at(t, id, "Environment", "Variables").(map[string]any)
				if large, run := spell(variables["CONFIGTRAIL_LARGE"]), spell(variables["CONFIGTRAIL_LONG_RUN"]); large != "67108864" || run != spell(p.at(t, "LongRun", "Name")) {
					t.Errorf("%s: %s hands what is larger than %s to %s", shape, id, large, run)
				}
			}
			if got := p.allowed(name + "Role/StartLongRun"); !slices.Equal(got, want) {
				t.Errorf("%s: %s starts %v, want %v", shape, id, got, want)
			}
		}
	}
}

// Every function has a log that ends, a cap on how many run, and an alarm.
func TestFunctionsAreWatched(t *testing.T) {
	for shape := range shapes {
		p := template(t, shape)
		for _, id := range p.of("AWS::Lambda::Function") {
			name := strings.TrimSuffix(id, "Function")
			if got := spell(p.at(t, id, "LoggingConfig", "LogGroup")); got != "${"+name+"Log}" {
				t.Errorf("%s: %s logs to %s", shape, id, got)
			}
			if days := p.at(t, name+"Log", "RetentionInDays"); days != 90.0 {
				t.Errorf("%s: the log of %s is kept for %v days", shape, id, days)
			}
			p.at(t, id, "ReservedConcurrentExecutions")
			if got := spell(p.at(t, name+"Errors", "Dimensions", 0, "Value")); got != "${"+id+"}" {
				t.Errorf("%s: the alarm of %s watches %s", shape, id, got)
			}
		}
		want := "${Alarms}"
		if shape == "reader-role" {
			want = "arn:aws:sns:ap-northeast-1:111122223333:operators"
		}
		for _, id := range p.of("AWS::CloudWatch::Alarm") {
			if got := spelled(p.at(t, id, "AlarmActions")); !slices.Equal(got, []string{want}) {
				t.Errorf("%s: the alarm %s tells %v", shape, id, got)
			}
		}
		for _, id := range []string{"DeadLettersFound", "IngestBehind", "GatherStopped", "GatherBehind", "CapsReached", "LongRunErrors"} {
			p.at(t, id, "MetricName")
		}
	}
}

// Schedules wake what is there, with a role of their own, in the settings' zone.
func TestSchedules(t *testing.T) {
	p := template(t, "configtrail")
	got := map[string]string{}
	for _, id := range p.of("AWS::Scheduler::Schedule") {
		got[id] = spell(p.at(t, id, "Target", "Arn")) + " " + spell(p.at(t, id, "Target", "Input"))
		if zone := p.at(t, id, "ScheduleExpressionTimezone"); zone != "Asia/Tokyo" {
			t.Errorf("%s goes by %v", id, zone)
		}
		if role := spell(p.at(t, id, "Target", "RoleArn")); role != "${ScheduleRole.Arn}" {
			t.Errorf("%s wakes as %s", id, role)
		}
	}
	want := map[string]string{
		"GatherSchedule":  `${GatherFunction.Arn} {"task":"gather"}`,
		"ListingSchedule": `${ListingFunction.Arn} {"task":"list"}`,
		"CompactSchedule": `${CompactFunction.Arn} {"task":"compact"}`,
		"DailySchedule":   `${DailyFunction.Arn} {"task":"daily"}`,
		"MonthlySchedule": `${MonthlyFunction.Arn} {"task":"monthly"}`,
	}
	if !maps.Equal(got, want) {
		t.Errorf("schedules are %v", got)
	}
	if bucket := template(t, "bucket-policy"); bucket.Resources["ListingSchedule"].Type != "" || bucket.Resources["ListingFunction"].Type != "" {
		t.Error("a bucket that sends events is listed")
	}
}

func TestTags(t *testing.T) {
	p := template(t, "configtrail")
	for _, kind := range []string{"AWS::S3::Bucket", "AWS::Lambda::Function", "AWS::SQS::Queue", "AWS::IAM::Role", "AWS::KMS::Key", "AWS::SecretsManager::Secret", "AWS::SNS::Topic", "AWS::Athena::WorkGroup", "AWS::CodeBuild::Project"} {
		for _, id := range p.of(kind) {
			if got := spell(p.at(t, id, "Tags")); got != `[{"Key":"application","Value":"configtrail"}]` {
				t.Errorf("%s has the tags %s", id, got)
			}
		}
	}
}
