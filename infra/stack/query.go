package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsathena"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"configtrail/infra/settings"
)

// query makes the workgroup. Its settings are enforced: a client can't have
// results written elsewhere, nor read more than the cut-off.
//
// Results lie in a bucket of ours, not in Athena's managed results: those are not
// there in every partition, and lack the CSV that the functions read when an
// answer has many rows.
func (b *build) query() {
	encryption := &awsathena.CfnWorkGroup_EncryptionConfigurationProperty{EncryptionOption: jsii.String("SSE_S3")}
	if b.key != "" {
		encryption = &awsathena.CfnWorkGroup_EncryptionConfigurationProperty{EncryptionOption: jsii.String("SSE_KMS"), KmsKey: &b.key}
	}
	b.workgroup = awsathena.NewCfnWorkGroup(b.stack, jsii.String("Workgroup"), &awsathena.CfnWorkGroupProps{
		Name:        &b.named,
		Description: jsii.String("What configtrail's functions ask"),
		State:       jsii.String("ENABLED"),
		// The history of queries goes with the stack.
		RecursiveDeleteOption: jsii.Bool(true),
		WorkGroupConfiguration: &awsathena.CfnWorkGroup_WorkGroupConfigurationProperty{
			EnforceWorkGroupConfiguration:   true,
			PublishCloudWatchMetricsEnabled: true,
			BytesScannedCutoffPerQuery:      jsii.Number(b.settings.Query.MaxBytes),
			EngineVersion:                   &awsathena.CfnWorkGroup_EngineVersionProperty{SelectedEngineVersion: jsii.String("Athena engine version 3")},
			ResultConfiguration: &awsathena.CfnWorkGroup_ResultConfigurationProperty{
				OutputLocation: jsii.String(b.resultsPlace()), EncryptionConfiguration: encryption, ExpectedBucketOwner: b.stack.Account(),
			},
		},
	})
}

// secrets makes the keys of the lake, of the URL and of the model.
func (b *build) secrets() {
	b.redactKey = b.settings.Lake.Existing.RedactKeySecret
	if b.redactKey == "" {
		made := b.secret("RedactKeySecret", "Key of the lake's hashes and redaction marks. Without it nothing can be added to the lake: keep it as long as the lake", 64)
		keep(made) // whoever loses it has to ingest anew
		b.redactKey = *made.Ref()
	}
	if b.settings.Answer.Auth == settings.AuthToken {
		b.token = b.secret("TokenSecret", "Bearer token of those who call the URL", 48)
	}
	if b.settings.Model.Name != "" && b.settings.Model.Bedrock() == "" {
		b.modelKey = b.secret("ModelKeySecret", "API key of the model: put it in place of the random text", 32)
	}
}

func (b *build) secret(id, description string, length float64) awssecretsmanager.CfnSecret {
	properties := &awssecretsmanager.CfnSecretProps{
		Description: &description,
		GenerateSecretString: &awssecretsmanager.CfnSecret_GenerateSecretStringProperty{
			PasswordLength: &length, ExcludePunctuation: jsii.Bool(true), RequireEachIncludedType: jsii.Bool(true),
		},
	}
	if b.key != "" {
		properties.KmsKeyId = &b.key
	}
	secret := awssecretsmanager.NewCfnSecret(b.stack, &id, properties)
	if b.key == "" {
		skip(secret, skipped{"CKV_AWS_149", "the settings ask for the keys of AWS"})
	}
	return secret
}
