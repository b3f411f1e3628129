package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

// statement allows, or denies, actions on resources. Every statement has a Sid,
// by which tests, reviewers and docs/security.md speak of it.
type statement struct {
	sid       string
	deny      bool
	principal any // of a resource's policy
	actions   []string
	resources []string
	when      map[string]any
}

// document is a policy, as JSON.
func document(statements ...statement) map[string]any {
	list := []any{}
	for _, s := range statements {
		list = append(list, s.json())
	}
	return map[string]any{"Version": "2012-10-17", "Statement": list}
}

func (s statement) json() map[string]any {
	out := map[string]any{"Sid": s.sid, "Effect": "Allow", "Action": s.actions}
	if s.deny {
		out["Effect"] = "Deny"
	}
	if s.principal != nil {
		out["Principal"] = s.principal
	}
	if len(s.resources) > 0 {
		out["Resource"] = s.resources
	}
	if s.when != nil {
		out["Condition"] = s.when
	}
	return out
}

func service(name string) map[string]any { return map[string]any{"Service": name} }

// role makes a role that a service takes on, with what it may do. A role's
// policy is a part of it: where the role is there, so are its rights.
func (b *build) role(name, trusted, description string, may ...statement) awsiam.CfnRole {
	trust := statement{sid: "Trust", principal: service(trusted), actions: []string{"sts:AssumeRole"}}
	if trusted != "lambda.amazonaws.com" {
		// Of Lambda no such condition is documented. It takes on roles of the
		// function's own account only, from who may pass them.
		trust.when = b.fromHere()
	}
	return awsiam.NewCfnRole(b.stack, jsii.String(name+"Role"), &awsiam.CfnRoleProps{
		Description:              jsii.String(description),
		AssumeRolePolicyDocument: document(trust),
		Policies:                 &[]any{&awsiam.CfnRole_PolicyProperty{PolicyName: jsii.String("may"), PolicyDocument: document(may...)}},
	})
}

// fromHere keeps a service from using a role, or a policy, on behalf of another
// account.
func (b *build) fromHere() map[string]any {
	return map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": *b.stack.Account()}}
}
