package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// skipped is a check of checkov that does not hold for a resource, with why.
type skipped struct{ check, why string }

// skip writes into the resource's metadata what checkov shall not look at.
// Calling it again adds to what is there.
func skip(resource awscdk.CfnResource, checks ...skipped) {
	list := []any{}
	if before, ok := resource.GetMetadata(jsii.String("checkov")).(map[string]any); ok {
		list, _ = before["skip"].([]any)
	}
	for _, one := range checks {
		list = append(list, map[string]any{"id": one.check, "comment": one.why})
	}
	resource.AddMetadata(jsii.String("checkov"), map[string]any{"skip": list})
}
