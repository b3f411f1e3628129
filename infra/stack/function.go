package stack

import (
	"maps"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"configtrail/infra/settings"
)

// function is a function with its role and its log.
type function struct {
	awslambda.CfnFunction
	role awsiam.CfnRole
	log  awslogs.CfnLogGroup
}

// wanted says what a function is to be.
type wanted struct {
	name, description string // the name as in AnswerFunction
	code              object
	uses              settings.Function
	disk              int // MB of /tmp; 0: 512
	environment       map[string]string
	may               []statement

	// Of those that are called without anybody waiting for an answer: how often
	// they are tried again, and for how many seconds the call is worth anything.
	retries, age float64
}

// function makes a function that writes to a log of its own and nothing else but
// what its statements allow.
func (b *build) function(w wanted) function {
	physical := b.name(lower(w.name))
	log := b.log(w.name, "/aws/lambda/"+physical)
	role := b.role(w.name, "lambda.amazonaws.com", w.description, append([]statement{b.mayLog(log)}, w.may...)...)
	properties := &awslambda.CfnFunctionProps{
		FunctionName: &physical, Description: &w.description, Role: role.AttrArn(), Code: w.code.lambda(),
		Runtime: jsii.String("provided.al2023"), Handler: jsii.String("bootstrap"), Architectures: texts(b.settings.Architecture),
		MemorySize: jsii.Number(w.uses.Memory), Timeout: jsii.Number(w.uses.Timeout),
		ReservedConcurrentExecutions: jsii.Number(w.uses.Concurrency),
		Environment:                  &awslambda.CfnFunction_EnvironmentProperty{Variables: pointers(w.environment)},
		LoggingConfig:                &awslambda.CfnFunction_LoggingConfigProperty{LogGroup: log.Ref()},
	}
	if w.disk > 0 {
		properties.EphemeralStorage = &awslambda.CfnFunction_EphemeralStorageProperty{Size: jsii.Number(w.disk)}
	}
	made := function{awslambda.NewCfnFunction(b.stack, jsii.String(w.name+"Function"), properties), role, log}
	skip(made.CfnFunction,
		skipped{"CKV_AWS_116", "what can't be done comes back with the queue or the next schedule; the queue has its dead letters, and errors raise an alarm"},
		skipped{"CKV_AWS_117", "it calls AWS's own endpoints only; a network would need endpoints for each of them and protect nothing"},
		skipped{"CKV_AWS_173", "the variables name places and secrets, and hold no secret"},
		skipped{"CKV_AWS_272", "code comes from the deployer's own bucket, by a key that changes with the code"},
		skipped{"CKV_AWS_50", "the log has a line of figures for each call; tracing would need rights on all resources"},
	)
	if w.age > 0 {
		awslambda.NewCfnEventInvokeConfig(b.stack, jsii.String(w.name+"Invoke"), &awslambda.CfnEventInvokeConfigProps{
			FunctionName: made.Ref(), Qualifier: jsii.String("$LATEST"),
			MaximumRetryAttempts: &w.retries, MaximumEventAgeInSeconds: &w.age,
		})
	}
	b.functions[w.name] = made
	b.alarmOfErrors(w.name, made)
	return made
}

// lower is a name as physical names have it.
func lower(name string) string { return string(name[0]|0x20) + name[1:] }

func (b *build) log(name, physical string) awslogs.CfnLogGroup {
	log := awslogs.NewCfnLogGroup(b.stack, jsii.String(name+"Log"), &awslogs.CfnLogGroupProps{
		LogGroupName: &physical, RetentionInDays: jsii.Number(b.settings.LogDays),
	})
	log.ApplyRemovalPolicy(awscdk.RemovalPolicy_DESTROY, nil)
	skip(log, skipped{"CKV_AWS_158", "it has figures, ids and the callers' ARNs, nothing from the data; CloudWatch encrypts it"})
	return log
}

func (b *build) mayLog(log awslogs.CfnLogGroup) statement {
	return statement{sid: "WriteLog", actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, resources: []string{*log.AttrArn()}}
}

// pointers are the values as CDK takes them.
func pointers(values map[string]string) *map[string]*string {
	all := map[string]*string{}
	for name, value := range values {
		all[name] = &value
	}
	return &all
}

// common is the environment of all functions, with more.
func (b *build) common(more ...map[string]string) map[string]string {
	all := map[string]string{
		"CONFIGTRAIL_TZ": b.settings.TimeZone, "CONFIGTRAIL_LANG": b.settings.Language,
		"GOGC": "400", // spares a cold start the garbage collector
	}
	for _, one := range more {
		maps.Copy(all, one)
	}
	return all
}

// ofLake is the environment of those that read or write the lake's files.
func (b *build) ofLake() map[string]string {
	return map[string]string{
		"CONFIGTRAIL_LAKE": b.place(lakeFolder), "CONFIGTRAIL_DATABASE": b.settings.Lake.Database,
		"CONFIGTRAIL_LAKE_OWNER": *b.stack.Account(),
	}
}

// ofKey is the environment of those that need the key of the lake's hashes: who
// adds items, and who makes the tables.
func (b *build) ofKey() map[string]string {
	return map[string]string{"CONFIGTRAIL_REDACT_KEY_SECRET": b.redactKey}
}
