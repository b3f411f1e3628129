package stack

import (
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/jsii-runtime-go"

	"configtrail/infra/settings"
)

// The zip files that `make functions` leaves in the dist folder.
const (
	AnswerZip = "configtrail-lambda.zip"
	IngestZip = "configtrail-ingest.zip"
)

// code is where the functions' code lies. Its keys change with the code.
type code struct {
	answer, ingest object
}

// object is an object in S3.
type object struct{ bucket, key string }

func (o object) lambda() *awslambda.CfnFunction_CodeProperty {
	return &awslambda.CfnFunction_CodeProperty{S3Bucket: &o.bucket, S3Key: &o.key}
}

// assets takes the code from this machine.
func (b *build) assets(dist string) {
	asset := func(id, file string) object {
		made := awss3assets.NewAsset(b.stack, jsii.String(id), &awss3assets.AssetProps{Path: jsii.String(filepath.Join(dist, file))})
		return object{*made.S3BucketName(), *made.S3ObjectKey()}
	}
	b.code = code{asset("AnswerCode", AnswerZip), asset("IngestCode", IngestZip)}
}

// parameters takes the code from a bucket that the caller names, and lets them
// say which buckets are read: who has a template and no CDK has no settings file.
func (b *build) parameters() {
	bucket := b.parameter("CodeBucket", "Bucket with the functions' zip files, in the stack's region", "", `^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	key := func(id, file string) object {
		return object{bucket, b.parameter(id, "Key of "+file+" in that bucket; another key makes an update take new code", file, `^\S+$`)}
	}
	b.code = code{key("AnswerCodeKey", AnswerZip), key("IngestCodeKey", IngestZip)}

	sources := make([]settings.Source, len(b.settings.Sources))
	for i, s := range b.settings.Sources {
		id := logical(s.Name)
		s.Bucket = b.parameter(id+"Bucket", "Bucket of the source "+s.Name, s.Bucket, `^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
		s.Owner = b.parameter(id+"Owner", "Account of that bucket", s.Owner, `^[0-9]{12}$`)
		sources[i] = s
	}
	b.settings.Sources = sources
}

func (b *build) parameter(id, description, value, pattern string) string {
	properties := &awscdk.CfnParameterProps{
		Type: jsii.String("String"), Description: &description, AllowedPattern: &pattern,
	}
	if value != "" {
		properties.Default = value
	}
	return *awscdk.NewCfnParameter(b.stack, &id, properties).ValueAsString()
}
