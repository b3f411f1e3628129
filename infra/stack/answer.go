package stack

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"configtrail/infra/settings"
)

// answer makes the function that tells a month, with its URL. Besides query
// results it may write under spend/ only: daily caps and answers that were paid for.
func (b *build) answer() {
	made := b.function(wanted{
		name: "Answer", description: "Tells the changes of a month over HTTP", code: b.code.answer,
		uses: b.settings.Answer.Function, environment: b.ofAnswer(), may: b.mayAnswer(),
	})
	auth := "AWS_IAM"
	if b.token != nil {
		auth = "NONE"
	}
	url := awslambda.NewCfnUrl(b.stack, jsii.String("AnswerUrl"), &awslambda.CfnUrlProps{
		TargetFunctionArn: made.AttrArn(), AuthType: &auth, InvokeMode: jsii.String("BUFFERED"),
	})
	if b.token != nil {
		skip(url, skipped{"CKV_AWS_258", "the settings ask for a token in place of IAM; the function compares it before anything else"})
		b.callers("*", "NONE", "Anybody")
	}
	for i, caller := range b.settings.Answer.Callers {
		b.callers(caller, auth, fmt.Sprintf("Caller%d", i+1))
	}
	b.output("Url", *url.AttrFunctionUrl(), "Where a month is asked for: POST {\"target_year\":\"2024\",\"target_month\":\"11\"}")
	if b.token == nil {
		b.output("CallerPolicy", compact(document(b.mayCall(made.CfnFunction))), "What a caller of this account needs to be allowed by a policy of their own")
	}
}

// callers lets a principal call the URL: by the URL's own action, and by the
// function's, but through the URL only.
func (b *build) callers(principal, auth, id string) {
	function := b.functions["Answer"].AttrArn()
	awslambda.NewCfnPermission(b.stack, jsii.String(id+"MayCallUrl"), &awslambda.CfnPermissionProps{
		Action: jsii.String("lambda:InvokeFunctionUrl"), FunctionName: function, Principal: principal, FunctionUrlAuthType: &auth,
	})
	awslambda.NewCfnPermission(b.stack, jsii.String(id+"MayInvokeByUrl"), &awslambda.CfnPermissionProps{
		Action: jsii.String("lambda:InvokeFunction"), FunctionName: function, Principal: principal, InvokedViaFunctionUrl: jsii.Bool(true),
	})
}

// mayCall is what the policy of a caller says.
func (b *build) mayCall(function awslambda.CfnFunction) statement {
	return statement{
		sid: "CallConfigtrail", actions: []string{"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}, resources: []string{*function.AttrArn()},
		when: map[string]any{
			"StringEqualsIfExists": map[string]any{"lambda:FunctionUrlAuthType": "AWS_IAM"},
			"BoolIfExists":         map[string]any{"lambda:InvokedViaFunctionUrl": "true"},
		},
	}
}

func (b *build) ofAnswer() map[string]string {
	s := b.settings
	all := b.common(b.ofQueries(), map[string]string{
		"CONFIGTRAIL_SPEND":     b.place(spendFolder),
		"CONFIGTRAIL_DAY_BYTES": strconv.FormatInt(s.Answer.Day.Bytes, 10), "CONFIGTRAIL_DAY_TOKENS": strconv.FormatInt(s.Answer.Day.Tokens, 10),
		"CONFIGTRAIL_DAY_USD": strconv.FormatFloat(s.Answer.Day.USD, 'f', -1, 64),
	})
	if s.Answer.Source == settings.FromRaw {
		all["CONFIGTRAIL_SOURCE"] = settings.FromRaw
		all["CONFIGTRAIL_RAW_TABLE"] = s.Raw.Database + "." + strings.Join(b.rawTables(), ","+s.Raw.Database+".")
		if s.Answer.Organization {
			all["CONFIGTRAIL_ORGANIZATION"] = "true"
		}
	} else {
		all["CONFIGTRAIL_DATABASE"] = s.Lake.Database
		all["CONFIGTRAIL_EXPECTED_OWNER"] = *b.stack.Account()
	}
	if b.token != nil {
		all["CONFIGTRAIL_TOKEN_SECRET"] = *b.token.Ref()
	}
	if s.Model.Name != "" {
		all["CONFIGTRAIL_MODEL"] = s.Model.Name
		if s.Model.TokensPerMinute > 0 {
			all["CONFIGTRAIL_MODEL_TOKENS_PER_MINUTE"] = strconv.Itoa(s.Model.TokensPerMinute)
		}
	}
	if b.modelKey != nil {
		all["CONFIGTRAIL_MODEL_KEY_SECRET"] = *b.modelKey.Ref()
	}
	return all
}

func (b *build) mayAnswer() []statement {
	list := slices.Clone(b.mayAskLake())
	if b.settings.Answer.Source == settings.FromRaw {
		list = b.mayAskRaw()
	}
	list = append(list, statement{sid: "KeepSpending", actions: []string{"s3:GetObject", "s3:PutObject"}, resources: []string{b.in(spendFolder)}})
	list = append(list, b.mayUseKey()...)
	if b.token != nil {
		list = append(list, statement{sid: "ReadToken", actions: []string{"secretsmanager:GetSecretValue"}, resources: []string{*b.token.Ref()}})
	}
	if b.modelKey != nil {
		list = append(list, statement{sid: "ReadModelKey", actions: []string{"secretsmanager:GetSecretValue"}, resources: []string{*b.modelKey.Ref()}})
	}
	return append(list, b.mayUseModel()...)
}

// mayAskRaw asks Athena about the buckets that raw tables lie over, and lists them.
func (b *build) mayAskRaw() []statement {
	list := append(b.mayAsk(), b.mayListLake(),
		// Athena asks for partitions by name even where projection makes them up.
		statement{
			sid: "ReadRawCatalog", resources: b.catalog(b.settings.Raw.Database),
			actions: []string{"glue:GetDatabase", "glue:GetTable", "glue:GetPartition", "glue:GetPartitions"},
		})
	var with []settings.Source
	for _, s := range b.settings.Sources {
		if len(s.Tables) > 0 {
			with = append(with, s)
			list = append(list, statement{sid: "AthenaFinds" + logical(s.Name), actions: []string{"s3:GetBucketLocation"}, resources: []string{b.bucketARN(s.Bucket)}})
		}
	}
	list = append(list, b.mayReadSources(with)...)
	if b.settings.Answer.Organization {
		// The action knows no resources.
		list = append(list, statement{sid: "ListAccounts", actions: []string{"organizations:ListAccounts"}, resources: []string{"*"}})
	}
	return list
}

// mayUseModel runs a model of Bedrock: by the profile, and only by it in the
// regions that the profile may choose.
func (b *build) mayUseModel() []statement {
	id := b.settings.Model.Bedrock()
	if id == "" {
		return nil
	}
	actions := []string{"bedrock:InvokeModel"}
	model, isProfile := b.settings.Model.Profile()
	if !isProfile {
		return []statement{{sid: "UseModel", actions: actions, resources: []string{b.arn("bedrock", *b.stack.Region(), "", "foundation-model/"+model)}}}
	}
	profile := b.here("bedrock", "inference-profile/"+id)
	var models []string
	for _, region := range b.settings.Model.InRegions() {
		models = append(models, b.arn("bedrock", region, "", "foundation-model/"+model))
	}
	return []statement{
		{sid: "UseModelProfile", actions: actions, resources: []string{profile}},
		{
			sid: "UseModelByProfile", actions: actions, resources: models,
			when: map[string]any{"StringEquals": map[string]any{"bedrock:InferenceProfileArn": profile}},
		},
	}
}
