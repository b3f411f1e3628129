package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"

	"configtrail/infra/settings"
)

// Template is the plain template of the settings: its code and the buckets that
// it reads are parameters, and it needs no bootstrap. Its text is the same for
// the same settings.
func Template(s settings.Settings) ([]byte, error) {
	made := New(awscdk.NewApp(nil), s, Options{})
	return text(readable(*assertions.Template_FromStack(made, nil).ToJSON()))
}

func text(template any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	err := encoder.Encode(template)
	return out.Bytes(), err
}

// readable writes Fn::Join, which is how CDK puts texts together, as Fn::Sub:
// arn:${AWS::Partition}:s3:::${LogsBucket}/AWSLogs/* is read at a glance.
func readable(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = readable(v[i])
		}
	case map[string]any:
		if pattern, ok := substitution(v["Fn::Join"]); ok {
			return map[string]any{"Fn::Sub": pattern}
		}
		for name := range v {
			v[name] = readable(v[name])
		}
	}
	return value
}

// substitution is a join without separator as a pattern of Fn::Sub. Texts that
// hold a ${ of their own stay a join, as do functions that a pattern can't hold.
func substitution(join any) (pattern string, ok bool) {
	arguments, _ := join.([]any)
	if len(arguments) != 2 || arguments[0] != "" {
		return "", false
	}
	parts, _ := arguments[1].([]any)
	var out strings.Builder
	for _, part := range parts {
		switch p := part.(type) {
		case string:
			if strings.Contains(p, "${") {
				return "", false
			}
			out.WriteString(p)
		case map[string]any:
			name, isRef := p["Ref"].(string)
			if !isRef {
				attribute, _ := p["Fn::GetAtt"].([]any)
				if len(attribute) != 2 {
					return "", false
				}
				name = fmt.Sprint(attribute[0], ".", attribute[1])
			}
			out.WriteString("${" + name + "}")
		default:
			return "", false
		}
	}
	return out.String(), len(parts) > 0
}
