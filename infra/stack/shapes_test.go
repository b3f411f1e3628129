package stack_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"configtrail/infra/settings"
)

// allowed gives the resources that a statement of a role has.
func (p *plain) allowed(at string) []string {
	for _, s := range p.policies() {
		if s.at == at {
			return s.resources
		}
	}
	return nil
}

// The forms of raw tables: by the first users' SerDe or with state; accounts
// listed or injected; folders with a prefix, with an organisation behind AWSLogs,
// and before it.
func TestRawTables(t *testing.T) {
	const (
		hive  = "org.apache.hive.hcatalog.data.JsonSerDe"
		openX = "org.openx.data.jsonserde.JsonSerDe"
		rest  = "/${account_id}/Config/${region}/${year}/${month}/${day}/"
	)
	p := template(t, "configtrail")
	for id, want := range map[string]struct{ name, serde, accounts, place string }{
		"TableConfig":       {"config", hive, "enum 111122223333,444455556666", "s3://${LogsBucket}/AWSLogs"},
		"TableConfigState":  {"config_state", openX, "injected", "s3://${LogsBucket}/audit/AWSLogs"},
		"TableOrganisation": {"organisation", openX, "injected", "s3://${OrganisationBucket}/AWSLogs/o-exampleorgid"},
		"TableControltower": {"controltower", hive, "injected", "s3://${OrganisationBucket}/o-exampleorgid/AWSLogs"},
	} {
		table := func(path ...any) any { return p.at(t, id, append([]any{"TableInput"}, path...)...) }
		parameters := table("Parameters").(map[string]any)
		accounts := spell(parameters["projection.account_id.type"])
		if listed := parameters["projection.account_id.values"]; listed != nil {
			accounts += " " + spell(listed)
		}
		if table("Name") != want.name || accounts != want.accounts || spell(table("StorageDescriptor", "SerdeInfo", "SerializationLibrary")) != want.serde {
			t.Errorf("%s is %v, by %v, with accounts %s", id, table("Name"), table("StorageDescriptor", "SerdeInfo", "SerializationLibrary"), accounts)
		}
		if got := spell(parameters["storage.location.template"]); got != want.place+rest {
			t.Errorf("%s finds its folders by %s", id, got)
		}
		if got := spell(table("StorageDescriptor", "Location")); got != want.place+"/" {
			t.Errorf("%s lies in %s", id, got)
		}
		fixed := map[string]any{
			"EXTERNAL": "TRUE", "projection.enabled": "true",
			"projection.region.type": "enum", "projection.region.values": "ap-northeast-1,us-east-1",
			"projection.year.type": "integer", "projection.year.range": "2021,2999",
			"projection.month.type": "integer", "projection.month.range": "1,12",
			"projection.day.type": "integer", "projection.day.range": "1,31",
		}
		for name, value := range fixed {
			if parameters[name] != value {
				t.Errorf("%s: %s is %v", id, name, parameters[name])
			}
		}
		for name := range parameters {
			if strings.HasSuffix(name, ".digits") {
				t.Errorf("%s: %s would pad folders that are not padded", id, name)
			}
		}
		serde := p.Resources[id].Properties["TableInput"].(map[string]any)["StorageDescriptor"].(map[string]any)["SerdeInfo"].(map[string]any)["Parameters"]
		switch {
		case want.serde == hive && serde != nil:
			t.Errorf("%s: Hive's SerDe takes no settings, and has %v", id, serde)
		case want.serde == openX:
			settings := serde.(map[string]any)
			if settings["case.insensitive"] != "FALSE" || settings["mapping.arn"] != "ARN" || settings["mapping.configurationitems"] != "configurationItems" || len(settings) != 17 {
				t.Errorf("%s: the SerDe has %v", id, settings)
			}
		}
		if column := spell(table("StorageDescriptor", "Columns", 1, "Type")); strings.ContainsAny(column, " \n") || strings.Contains(column, "configuration:string") != (want.serde == openX) {
			t.Errorf("%s: the items are %s", id, column)
		}
	}
}

// Shape a: all in the bucket's account.
func TestSameAccount(t *testing.T) {
	p := template(t, "same-account")
	if got := p.allowed("IngestRole/ReadDeliveries"); !slices.Equal(got, []string{"arn:${AWS::Partition}:s3:::${LogsBucket}/AWSLogs/*"}) {
		t.Errorf("ingest reads %v", got)
	}
	if p.allowed("IngestRole/AssumeReader") != nil {
		t.Error("ingest assumes a role")
	}
	if len(p.of("AWS::KMS::Key")) != 0 {
		t.Error("the settings want no key")
	}
	// The answers come from the raw table, and anybody with the token may ask.
	for name, want := range map[string]string{
		"CONFIGTRAIL_SOURCE": "raw", "CONFIGTRAIL_RAW_TABLE": "configtrail_raw.config",
		"CONFIGTRAIL_TOKEN_SECRET": "${TokenSecret}", "CONFIGTRAIL_MODEL": "claude-sonnet-5-5", "CONFIGTRAIL_MODEL_KEY_SECRET": "${ModelKeySecret}",
		"CONFIGTRAIL_SPEND": "s3://${LakeBucket}/spend",
	} {
		if got := spell(p.at(t, "AnswerFunction", "Environment", "Variables", name)); got != want {
			t.Errorf("%s is %s", name, got)
		}
	}
	if got := p.at(t, "ModelNotUsedFilter", "FilterPattern"); got != `{ ($.model_not_used = "*") && ($.model_not_used != "model.nothing") }` {
		t.Errorf("a model that is not used shows by %v", got)
	}
	if p.at(t, "AnswerUrl", "AuthType") != "NONE" || p.at(t, "AnybodyMayInvokeByUrl", "InvokedViaFunctionUrl") != true {
		t.Error("the URL does not go by the token")
	}
	// Events come from the bucket, and from its rule.
	senders := map[string]string{}
	for _, s := range p.policies() {
		if sid, ok := strings.CutPrefix(s.at, "IngestQueuePolicy/From"); ok {
			senders[sid] = strings.Join(s.principals, " ") + " " + spell(s.condition)
		}
	}
	want := map[string]string{
		"BucketLogs": `s3.amazonaws.com {"ArnEquals":{"aws:SourceArn":{"Fn::Sub":"arn:${AWS::Partition}:s3:::${LogsBucket}"}},"StringEquals":{"aws:SourceAccount":{"Ref":"LogsOwner"}}}`,
		"LogsEvents": `events.amazonaws.com {"ArnEquals":{"aws:SourceArn":{"Fn::GetAtt":["LogsEvents","Arn"]}}}`,
	}
	if !maps.Equal(senders, want) {
		t.Errorf("the queue takes from %v", senders)
	}
	if got := spell(p.Outputs["LogsNotification"].Value); got != `{"QueueConfigurations":[{"Events":["s3:ObjectCreated:*"],"Filter":{"Key":{"FilterRules":[{"Name":"prefix","Value":"AWSLogs/"}]}},"Id":"${AWS::StackName}-logs-1","QueueArn":"${IngestQueue.Arn}"}]}` {
		t.Errorf("the bucket is to be told %s", got)
	}
}

// Shape b: a role in the bucket's account is assumed, and nothing else of it is read.
func TestReaderRole(t *testing.T) {
	p := template(t, "reader-role")
	const role = "arn:aws:iam::444455556666:role/configtrail-reader"
	for _, who := range []string{"IngestRole", "ListingRole", "LongRunRole"} {
		if got := p.allowed(who + "/AssumeReader"); !slices.Equal(got, []string{role}) {
			t.Errorf("%s assumes %v", who, got)
		}
		if p.allowed(who+"/ReadDeliveries") != nil || p.allowed(who+"/DecryptDeliveries") != nil {
			t.Errorf("%s reads the bucket without the role", who)
		}
	}
	if p.allowed("GatherRole/AssumeReader") != nil || p.allowed("AnswerRole/AssumeReader") != nil {
		t.Error("one that reads no deliveries assumes the role")
	}
	if got := spell(p.at(t, "IngestFunction", "Environment", "Variables", "CONFIGTRAIL_SOURCES")); got != `[{"place":"s3://${ArchiveBucket}/AWSLogs/o-exampleorgid","owner":"${ArchiveOwner}","role_arn":"`+role+`","external_id":"example-external-id"}]` {
		t.Errorf("sources are %s", got)
	}
	var trust, may struct {
		Statement []struct {
			Sid       string
			Principal map[string]any
			Resource  []string
			Condition map[string]map[string]string
		}
	}
	decode(t, p, "ArchiveReaderTrust", &trust)
	if got := spelled(trust.Statement[0].Principal["AWS"]); !slices.Equal(got, []string{"${IngestRole.Arn}", "${LongRunRole.Arn}", "${ListingRole.Arn}"}) ||
		trust.Statement[0].Condition["StringEquals"]["sts:ExternalId"] != "example-external-id" {
		t.Errorf("the role is to trust %+v", trust)
	}
	decode(t, p, "ArchiveReaderPolicy", &may)
	if len(may.Statement) != 3 || may.Statement[2].Sid != "DecryptDeliveries" || may.Statement[2].Resource[0] != "arn:aws:kms:ap-northeast-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab" {
		t.Errorf("the role is to be allowed %+v", may)
	}
	// Two accounts send their events; their bus statements name them.
	if got := p.of("AWS::Events::EventBusPolicy"); !slices.Equal(got, []string{"Stream1Bus1", "Stream1Bus2"}) {
		t.Errorf("event buses %v", got)
	}
	if got := spell(p.at(t, "Stream1", "EventPattern")); got != `{"detail-type":["Config Configuration Item Change"],"source":["aws.config"]}` {
		t.Errorf("the rule takes %s", got)
	}
}

// Shape c: the policies of bucket and key are to let our roles in, Athena's too.
func TestBucketPolicy(t *testing.T) {
	p := template(t, "bucket-policy")
	var bucket, key []struct {
		Sid       string
		Principal map[string]any
		Resource  []string
		Condition map[string]map[string][]string
	}
	decode(t, p, "ArchiveBucketPolicy", &bucket)
	if len(bucket) != 3 || bucket[0].Resource[0] != "arn:${AWS::Partition}:s3:::${ArchiveBucket}/AWSLogs/o-exampleorgid/*" ||
		!slices.Equal(spelled(bucket[0].Principal["AWS"]), []string{"${IngestRole.Arn}", "${LongRunRole.Arn}", "${AnswerRole.Arn}"}) {
		t.Errorf("the bucket is to say %+v", bucket)
	}
	decode(t, p, "ArchiveKeyPolicy", &key)
	if len(key) != 1 || !slices.Contains(key[0].Condition["StringLike"]["kms:EncryptionContext:aws:s3:arn"], "arn:${AWS::Partition}:s3:::${ArchiveBucket}/AWSLogs/o-exampleorgid/*") {
		t.Errorf("the key is to say %+v", key)
	}
	for _, at := range []string{"IngestRole/DecryptDeliveries", "AnswerRole/DecryptDeliveries"} {
		if p.allowed(at) == nil {
			t.Errorf("no %s: between accounts both sides have to allow", at)
		}
	}
	if got := spell(p.at(t, "ArchiveTopic1", "RawMessageDelivery")); got != "true" {
		t.Errorf("messages come raw: %s", got)
	}
	// A named role of another account may call, by the URL only.
	for _, id := range []string{"Caller1MayCallUrl", "Caller1MayInvokeByUrl"} {
		if got := p.at(t, id, "Principal"); got != "arn:aws:iam::777788889999:role/portal" {
			t.Errorf("%s lets %v in", id, got)
		}
	}
	if p.at(t, "Caller1MayCallUrl", "FunctionUrlAuthType") != "AWS_IAM" || p.at(t, "Caller1MayInvokeByUrl", "InvokedViaFunctionUrl") != true {
		t.Error("the caller may invoke the function past its URL")
	}
	// The model is that of Japan, by its profile only.
	if got := p.allowed("AnswerRole/UseModelByProfile"); !slices.Equal(got, []string{
		"arn:${AWS::Partition}:bedrock:ap-northeast-1::foundation-model/anthropic.claude-sonnet-5-5",
		"arn:${AWS::Partition}:bedrock:ap-northeast-3::foundation-model/anthropic.claude-sonnet-5-5",
	}) {
		t.Errorf("the model may run as %v", got)
	}
}

// Control Tower: the old bucket through a role and by listing, the new one by its
// policy and its events, side by side.
func TestControlTower(t *testing.T) {
	p := template(t, "control-tower")
	if got := p.allowed("ListingRole/AssumeReader"); !slices.Equal(got, []string{"arn:aws:iam::444455556666:role/configtrail-reader"}) {
		t.Errorf("the listing assumes %v", got)
	}
	if got := p.allowed("IngestRole/ReadDeliveries"); !slices.Equal(got, []string{"arn:${AWS::Partition}:s3:::${ConfiglogsBucket}/o-exampleorgid/AWSLogs/*"}) {
		t.Errorf("ingest reads %v", got)
	}
	if p.allowed("ListingRole/ReadDeliveries") != nil {
		t.Error("the listing reads the bucket that sends events")
	}
	if got := spell(p.at(t, "ConfiglogsBus", "Statement", "Condition")); got != `{"StringEquals":{"events:source":"aws.s3"}}` {
		t.Errorf("the bus takes %s", got)
	}
	if p.Outputs["LogarchiveNotification"].Value != nil || p.Outputs["LogarchiveBucketPolicy"].Value != nil {
		t.Error("a bucket that may not be touched is to be changed")
	}
}

// A lake that a deleted stack has left is taken over: used, and not made again.
func TestExistingLake(t *testing.T) {
	const (
		key    = "arn:aws:kms:ap-northeast-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
		secret = "arn:aws:secretsmanager:ap-northeast-1:111122223333:secret:RedactKey-AbCdEf"
	)
	s := load(t, "control-tower")
	s.Lake.Bucket, s.Lake.Existing = "lake-of-before", settings.Existing{KeyARN: key, RedactKeySecret: secret}
	p := parse(t, s)
	for _, id := range []string{"LakeBucket", "LakeBucketPolicy", "LakeKey", "LakeDatabase", "RedactKeySecret"} {
		if p.Resources[id].Type != "" {
			t.Errorf("%s is made again", id)
		}
	}
	for at, want := range map[string]string{
		"IngestRole/ReadRedactKey": secret, "GatherRole/UseLakeKey": key, "GatherRole/WriteLake": "arn:${AWS::Partition}:s3:::lake-of-before/lake/*",
		"AnswerRole/KeepSpending": "arn:${AWS::Partition}:s3:::lake-of-before/spend/*",
	} {
		if got := p.allowed(at); !slices.Equal(got, []string{want}) {
			t.Errorf("%s is of %v", at, got)
		}
	}
	if got := spell(p.at(t, "IngestFunction", "Environment", "Variables", "CONFIGTRAIL_LAKE")); got != "s3://lake-of-before/lake" {
		t.Errorf("the lake is %s", got)
	}
}

// Other partitions and architectures are a matter of settings or of the deployment.
func TestArchitecture(t *testing.T) {
	s := load(t, "control-tower")
	s.Architecture = "x86_64"
	p := parse(t, s)
	if spell(p.at(t, "IngestFunction", "Architectures")) != `["x86_64"]` || p.at(t, "LongRun", "Environment", "Type") != "LINUX_CONTAINER" {
		t.Errorf("for x86_64 there are %v and %v", p.at(t, "IngestFunction", "Architectures"), p.at(t, "LongRun", "Environment", "Type"))
	}
	if s.Encryption != settings.KeyOwn {
		t.Error("the key is the default")
	}
}

// decode reads the JSON that an output tells, with ${…} for what a deployment fills in.

func decode(t *testing.T, p *plain, output string, into any) {
	t.Helper()
	if p.Outputs[output].Value == nil {
		t.Fatalf("no output %s", output)
	}
	if err := json.Unmarshal([]byte(spell(p.Outputs[output].Value)), into); err != nil {
		t.Fatalf("%s: %v", output, err)
	}
}
