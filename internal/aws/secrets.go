package aws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"configtrail"
)

// Secret reads a text from Secrets Manager. id is the secret's ARN or name; of a
// secret that is a JSON object, #FIELD behind it names the member that is meant.
// White space around the text is no part of it. An ARN is asked in its own
// region, whatever that of cfg.
//
// A secret that is missing or has no such field gives configtrail.ErrNotFound,
// one that is no text configtrail.ErrInvalid. No error holds a part of a secret.
func Secret(ctx context.Context, cfg aws.Config, id string) (string, error) {
	name, field, wantsField := strings.Cut(id, "#")
	if region := regionOfARN(name); region != "" {
		cfg.Region = region
	}
	if err := NeedRegion(cfg); err != nil {
		return "", fmt.Errorf("read the secret %s: %w", name, err)
	}
	out, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	if err != nil {
		return "", fmt.Errorf("read the secret %s: %w", name, explainSecret(err, cfg))
	}
	if out.SecretString == nil {
		err := fmt.Errorf("%w: the secret %s is binary", configtrail.ErrInvalid, name)
		return "", configtrail.WithHint(err, "store it as a text")
	}
	text := *out.SecretString
	if wantsField {
		if text, err = member(text, field); err != nil {
			return "", fmt.Errorf("read the secret %s: %w", name, err)
		}
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", configtrail.WithHint(fmt.Errorf("%w: the secret %s is empty", configtrail.ErrInvalid, name), "store a value in it")
	}
	return text, nil
}

// member is a text of a JSON object.
func member(text, field string) (string, error) {
	var members map[string]any
	if json.Unmarshal([]byte(text), &members) != nil { // the error would quote the secret
		err := fmt.Errorf("%w: it is no JSON object, so it has no field %q", configtrail.ErrInvalid, field)
		return "", configtrail.WithHint(err, "leave out #"+field+" to read it whole")
	}
	value, ok := members[field].(string)
	if !ok {
		err := fmt.Errorf("%w: no text in its field %q", configtrail.ErrNotFound, field)
		return "", configtrail.WithHint(err, "name a field that holds a text behind #, or store one under this name")
	}
	return value, nil
}

// explainSecret tells the errors that only Secrets Manager has.
func explainSecret(err error, cfg aws.Config) error {
	var missing *types.ResourceNotFoundException
	var sealed *types.DecryptionFailure
	var state *types.InvalidRequestException
	switch {
	case errors.As(err, &missing):
		err = &explained{"there is none of this name in " + cfg.Region, []error{err, configtrail.ErrNotFound}}
		return configtrail.WithHint(err, "list them with: aws secretsmanager list-secrets --region "+cfg.Region)
	case errors.As(err, &sealed):
		err = &explained{"its KMS key can't be used", []error{err}}
		return configtrail.WithHint(err, "allow kms:Decrypt on the secret's key")
	case errors.As(err, &state):
		err = &explained{"it can't be read now: it is marked for deletion, or has no value", []error{err}}
		return configtrail.WithHint(err, "restore it with aws secretsmanager restore-secret, or store a value in it")
	}
	return ExplainFor(cfg.Credentials, err)
}

// regionOfARN is the region that an ARN names; "" where it names none.
func regionOfARN(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) == 6 && parts[0] == "arn" && regionName().MatchString(parts[3]) {
		return parts[3]
	}
	return ""
}
