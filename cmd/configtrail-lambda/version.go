package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"configtrail"
	"configtrail/internal/aws"
)

// lakeVersion names the state of a lake by where the metadata of its four tables
// lie, as package lake does. That package itself is left out of the function: what
// it needs to write tables takes several times the rest of a cold start.
func lakeVersion(cfg sdk.Config, database string) func(context.Context, configtrail.Scope) (string, error) {
	client := glue.NewFromConfig(cfg)
	return func(ctx context.Context, _ configtrail.Scope) (string, error) {
		sum := sha256.New()
		for _, name := range []string{"items", "events", "deliveries", "changes"} {
			out, err := client.GetTable(ctx, &glue.GetTableInput{DatabaseName: &database, Name: &name})
			var missing *types.EntityNotFoundException
			switch {
			case errors.As(err, &missing):
				return "", &configtrail.Problem{Key: "function_no_lake", Args: map[string]any{"table": database + "." + name},
					Err: fmt.Errorf("table %s.%s: %w", database, name, configtrail.ErrNotFound)}
			case err != nil:
				return "", fmt.Errorf("read the definition of table %s.%s: %w", database, name, aws.ExplainFor(cfg.Credentials, err))
			}
			fmt.Fprintf(sum, "%s\x1f%s\x1e", name, out.Table.Parameters["metadata_location"])
		}
		return hex.EncodeToString(sum.Sum(nil)[:16]), nil
	}
}
