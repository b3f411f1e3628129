package iam

import "strings"

// named are the properties that hold a resource's name, by type.
var named = map[string]string{
	"AWS::S3::Bucket":             "BucketName",
	"AWS::SQS::Queue":             "QueueName",
	"AWS::SNS::Topic":             "TopicName",
	"AWS::SecretsManager::Secret": "Name",
	"AWS::KMS::Key":               "",
	"AWS::CodeBuild::Project":     "Name",
	"AWS::Lambda::Function":       "FunctionName",
	"AWS::IAM::Role":              "RoleName",
	"AWS::Logs::LogGroup":         "LogGroupName",
	"AWS::Athena::WorkGroup":      "Name",
	"AWS::Scheduler::Schedule":    "Name",
}

// ref is what Ref gives.
func (t *Template) ref(name string) any {
	if name == "AWS::NoValue" {
		return absent{}
	}
	if value, ok := t.values[name]; ok {
		return value
	}
	resource, ok := t.Resources[name]
	if !ok {
		return name
	}
	switch resource.Type {
	case "AWS::Glue::Database":
		if input, ok := t.resolve(resource.Properties["DatabaseInput"]).(map[string]any); ok {
			return text(input["Name"])
		}
	case "AWS::SQS::Queue":
		return "https://sqs." + t.values["AWS::Region"] + ".amazonaws.com/" + t.values["AWS::AccountId"] + "/" + t.name(name)
	case "AWS::SNS::Topic", "AWS::SecretsManager::Secret":
		return t.attribute(name, "Arn")
	}
	return t.name(name)
}

// name is a resource's name; its logical id where the template gives it none.
func (t *Template) name(id string) string {
	resource := t.Resources[id]
	if property := named[resource.Type]; property != "" && resource.Properties[property] != nil {
		return text(t.resolve(resource.Properties[property]))
	}
	if resource.Type == "AWS::S3::Bucket" {
		return strings.ToLower(id) // as bucket names are
	}
	return id
}

// attribute is what Fn::GetAtt gives: an ARN, or the attribute's name with that
// of its resource.
func (t *Template) attribute(id, attribute string) string {
	resource, name := t.Resources[id], t.name(id)
	in := func(service, rest string) string {
		return strings.Join([]string{"arn", t.values["AWS::Partition"], service, t.values["AWS::Region"], t.values["AWS::AccountId"], rest}, ":")
	}
	if attribute == "QueueName" || attribute == "TopicName" {
		return name
	}
	if attribute != "Arn" && attribute != "TopicArn" && attribute != "Id" {
		return id + "." + attribute
	}
	switch resource.Type {
	case "AWS::S3::Bucket":
		return "arn:" + t.values["AWS::Partition"] + ":s3:::" + name
	case "AWS::SQS::Queue":
		return in("sqs", name)
	case "AWS::SNS::Topic":
		return in("sns", name)
	case "AWS::SecretsManager::Secret":
		return in("secretsmanager", "secret:"+name)
	case "AWS::KMS::Key":
		return in("kms", "key/"+name)
	case "AWS::CodeBuild::Project":
		return in("codebuild", "project/"+name)
	case "AWS::Lambda::Function":
		return in("lambda", "function:"+name)
	case "AWS::Logs::LogGroup":
		return in("logs", "log-group:"+name+":*")
	case "AWS::IAM::Role":
		return "arn:" + t.values["AWS::Partition"] + ":iam::" + t.values["AWS::AccountId"] + ":role/" + name
	}
	return id + "." + attribute
}
