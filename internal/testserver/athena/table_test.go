package athena_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	testathena "configtrail/internal/testserver/athena"
	"configtrail/internal/testserver/stack"
)

// tables are a raw one, whose partition is injected, and an Iceberg one, in one
// database.
func tables(t *testing.T, b *bench) {
	t.Helper()
	for key, body := range map[string]string{
		"raw/111/a.json": `{"name":"one"}`, "raw/222/b.json": `{"name":"two"}`,
	} {
		if _, err := b.front.Client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b.bucket, Key: &key, Body: strings.NewReader(body)}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := glue.NewFromConfig(b.front.Config(t)).CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: &b.database, TableInput: &gluetypes.TableInput{
		Name: aws.String("items"), TableType: aws.String("EXTERNAL_TABLE"),
		PartitionKeys: []gluetypes.Column{{Name: aws.String("account"), Type: aws.String("string")}},
		StorageDescriptor: &gluetypes.StorageDescriptor{
			Columns:      []gluetypes.Column{{Name: aws.String("name"), Type: aws.String("string")}},
			Location:     aws.String("s3://" + b.bucket + "/raw/"),
			InputFormat:  aws.String("org.apache.hadoop.mapred.TextInputFormat"),
			OutputFormat: aws.String("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
			SerdeInfo:    &gluetypes.SerDeInfo{SerializationLibrary: aws.String("org.openx.data.jsonserde.JsonSerDe")},
		},
		Parameters: map[string]string{
			"projection.enabled": "true", "projection.account.type": "injected",
			"storage.location.template": "s3://" + b.bucket + "/raw/${account}/",
		},
	}})
	stack.Made(t, err)
	b.front.Exec(t, "CREATE TABLE lake."+b.database+".kept WITH (location = 's3://"+b.bucket+"/kept/') AS SELECT 'one' AS name, TIMESTAMP '2024-11-05 01:02:03.456789 UTC' AS at")
}

func TestTablesOfBothKindsByAthenasNames(t *testing.T) {
	b := start(t, testathena.Options{})
	tables(t, b)
	for sql, want := range map[string]string{
		"SELECT name FROM items WHERE account = '222'": "two",
		"SELECT name, at FROM kept":                    "one | 2024-11-05 01:02:03.456789 UTC",
		"SELECT k.name FROM AwsDataCatalog." + b.database + ".kept AS k JOIN items AS i ON i.name = k.name AND i.account = '111'": "one",
		"SELECT count(*) FROM \"awsdatacatalog\".\"" + b.database + "\".\"kept$snapshots\"":                                       "1",
		"SELECT regexp_extract(\"$path\", '[^/]*$') FROM items WHERE account = '111'":                                             "a.json",
	} {
		q := b.run(t, b.input(sql))
		rows, _, _ := b.page(t, &athena.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId})
		if len(rows) != 2 || rows[1] != want {
			t.Errorf("%s\n got %q\nwant %q", sql, rows[1:], want)
		}
		if *q.Statistics.DataScannedInBytes == 0 && !strings.Contains(sql, "$snapshots") {
			t.Errorf("%s scanned nothing", sql)
		}
	}
}

func TestInjectedPartitionNeedsAnEquality(t *testing.T) {
	b := start(t, testathena.Options{})
	tables(t, b)
	for _, sql := range []string{"SELECT name FROM items", "SELECT name FROM items WHERE account > '1'"} {
		q := b.await(t, b.begin(t, b.input(sql)))
		want := "CONSTRAINT_VIOLATION: Injected projected partition column account must have only (and at least one) equality conditions in the WHERE clause!"
		if got := aws.ToString(q.Status.StateChangeReason); got != want {
			t.Errorf("%s\n got %s\nwant %s", sql, got, want)
		}
	}
	q := b.run(t, b.input("SELECT name FROM items WHERE account IN ('111', '222') ORDER BY name"))
	if rows, _, _ := b.page(t, &athena.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId}); strings.Join(rows, " ") != "name one two" {
		t.Errorf("a list of accounts gave %q", rows)
	}
}
