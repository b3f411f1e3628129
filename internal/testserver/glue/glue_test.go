package glue_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	iceberglue "github.com/apache/iceberg-go/catalog/glue"
	"github.com/apache/iceberg-go/table"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	testglue "configtrail/internal/testserver/glue"
)

// serve starts an empty catalog that ends with the test.
func serve(t *testing.T) (*testglue.Catalog, aws.Config) {
	t.Helper()
	catalog := testglue.New(testglue.Options{AccessKey: "key", SecretKey: "secret"})
	server := httptest.NewServer(catalog)
	t.Cleanup(server.Close)
	return catalog, aws.Config{
		Region: "ap-northeast-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
		}),
	}
}

func makeDatabase(t *testing.T, client *glue.Client, name string) {
	t.Helper()
	if _, err := client.CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: &name}}); err != nil {
		t.Fatal(err)
	}
}

// refused fails unless the error has the code and the words.
func refused(t *testing.T, err error, code, words string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), words) {
		t.Errorf("got %v, want a %s with %q", err, code, words)
	}
}

func TestATableComesBackWhole(t *testing.T) {
	_, config := serve(t)
	client := glue.NewFromConfig(config)
	makeDatabase(t, client, "Config_DB")
	in := &types.TableInput{
		Name: aws.String("Items"), TableType: aws.String("EXTERNAL_TABLE"), Retention: 7, Description: aws.String("表"),
		PartitionKeys: []types.Column{{Name: aws.String("dt"), Type: aws.String("string")}},
		StorageDescriptor: &types.StorageDescriptor{
			Columns:  []types.Column{{Name: aws.String("name"), Type: aws.String("struct<a:int>"), Comment: aws.String("c")}},
			Location: aws.String("s3://b/k/"), NumberOfBuckets: -1,
			SerdeInfo: &types.SerDeInfo{SerializationLibrary: aws.String("x"), Parameters: map[string]string{"k": "v"}},
		},
		Parameters: map[string]string{"projection.enabled": "true"},
	}
	if _, err := client.CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: aws.String("config_db"), TableInput: in}); err != nil {
		t.Fatal(err)
	}
	out, err := client.GetTable(t.Context(), &glue.GetTableInput{DatabaseName: aws.String("CONFIG_DB"), Name: aws.String("ITEMS")})
	if err != nil {
		t.Fatal(err)
	}
	got := out.Table
	if *got.Name != "items" || *got.DatabaseName != "config_db" || *got.VersionId != "0" || got.CreateTime == nil || got.UpdateTime == nil {
		t.Errorf("the table is %s.%s, version %s, made %v", *got.DatabaseName, *got.Name, *got.VersionId, got.CreateTime)
	}
	if diff := cmp.Diff(fmt.Sprint(in.Retention, *in.Description, in.Parameters), fmt.Sprint(got.Retention, *got.Description, got.Parameters)); diff != "" {
		t.Errorf("the table changed (-want +got):\n%s", diff)
	}
	column, storage := got.StorageDescriptor.Columns[0], got.StorageDescriptor
	if *column.Name != "name" || *column.Type != "struct<a:int>" || *column.Comment != "c" || storage.NumberOfBuckets != -1 || storage.SerdeInfo.Parameters["k"] != "v" || *got.PartitionKeys[0].Name != "dt" {
		t.Errorf("the storage changed: %+v", storage)
	}
}

func TestOneOfTwoUpdatesOfOneVersionWins(t *testing.T) {
	_, config := serve(t)
	client := glue.NewFromConfig(config)
	makeDatabase(t, client, "d")
	if _, err := client.CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: aws.String("d"), TableInput: &types.TableInput{Name: aws.String("t")}}); err != nil {
		t.Fatal(err)
	}
	var racing sync.WaitGroup
	failures := make([]error, 8)
	for i := range failures {
		racing.Go(func() {
			_, failures[i] = client.UpdateTable(t.Context(), &glue.UpdateTableInput{
				DatabaseName: aws.String("d"), VersionId: aws.String("0"),
				TableInput: &types.TableInput{Name: aws.String("t"), Parameters: map[string]string{"by": fmt.Sprint(i)}},
			})
		})
	}
	racing.Wait()
	won := 0
	for _, err := range failures {
		var stale *types.ConcurrentModificationException
		switch {
		case err == nil:
			won++
		case !errors.As(err, &stale):
			t.Errorf("a stale version gave %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d of 8 updates of one version succeeded, want 1", won)
	}
	// Without a version the last one wins, and the older ones are kept but where
	// the caller does not want that.
	for i, skip := range []bool{false, true} {
		if _, err := client.UpdateTable(t.Context(), &glue.UpdateTableInput{DatabaseName: aws.String("d"), SkipArchive: &skip, TableInput: &types.TableInput{Name: aws.String("t"), Owner: aws.String(fmt.Sprint(i))}}); err != nil {
			t.Fatal(err)
		}
	}
	out, err := client.GetTableVersions(t.Context(), &glue.GetTableVersionsInput{DatabaseName: aws.String("d"), TableName: aws.String("t")})
	if err != nil {
		t.Fatal(err)
	}
	var versions []string
	for _, v := range out.TableVersions {
		versions = append(versions, *v.VersionId)
	}
	if diff := cmp.Diff([]string{"3", "1", "0"}, versions); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}

func TestWhatGlueRefuses(t *testing.T) {
	_, config := serve(t)
	client := glue.NewFromConfig(config)
	makeDatabase(t, client, "d")
	create := func(database, name string) error {
		_, err := client.CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: &database, TableInput: &types.TableInput{Name: &name}})
		return err
	}
	if err := create("d", "t"); err != nil {
		t.Fatal(err)
	}
	refused(t, create("d", "T"), "AlreadyExistsException", "Table already exists")
	refused(t, create("else", "t"), "EntityNotFoundException", "Database else not found")
	refused(t, create("d", ""), "InvalidInputException", "required")
	refused(t, create("d", strings.Repeat("n", 256)), "InvalidInputException", "255")
	refused(t, create("d", "new\nline"), "InvalidInputException", "pattern")
	_, err := client.CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("D")}})
	refused(t, err, "AlreadyExistsException", "Database already exists")
	_, err = client.GetTable(t.Context(), &glue.GetTableInput{DatabaseName: aws.String("d"), Name: aws.String("none")})
	refused(t, err, "EntityNotFoundException", "none not found")
	_, err = client.GetDatabase(t.Context(), &glue.GetDatabaseInput{Name: aws.String("d"), CatalogId: aws.String("999999999999")})
	refused(t, err, "EntityNotFoundException", "Catalog")
	_, err = client.UpdateTable(t.Context(), &glue.UpdateTableInput{DatabaseName: aws.String("d"), VersionId: aws.String("x"), TableInput: &types.TableInput{Name: aws.String("t")}})
	refused(t, err, "InvalidInputException", "VersionId")
	_, err = client.ListJobs(t.Context(), &glue.ListJobsInput{})
	refused(t, err, "UnknownOperationException", "ListJobs")
	for keys, code := range map[aws.Credentials]string{
		{AccessKeyID: "stranger", SecretAccessKey: "secret"}: "UnrecognizedClientException",
		{AccessKeyID: "key", SecretAccessKey: "guessed"}:     "InvalidSignatureException",
	} {
		config.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil })
		_, err = glue.NewFromConfig(config).GetDatabases(t.Context(), &glue.GetDatabasesInput{})
		refused(t, err, code, "")
	}
}

func TestPagesOfTables(t *testing.T) {
	_, config := serve(t)
	client := glue.NewFromConfig(config)
	makeDatabase(t, client, "d")
	var want []string
	for i := range 205 {
		name := fmt.Sprintf("t%03d", i)
		want = append(want, name)
		if _, err := client.CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: aws.String("d"), TableInput: &types.TableInput{Name: &name}}); err != nil {
			t.Fatal(err)
		}
	}
	list := func(in *glue.GetTablesInput) (names []string, pages int) {
		in.DatabaseName = aws.String("d")
		all := glue.NewGetTablesPaginator(client, in)
		for all.HasMorePages() {
			page, err := all.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			pages++
			for _, table := range page.TableList {
				names = append(names, *table.Name)
			}
		}
		return names, pages
	}
	names, pages := list(&glue.GetTablesInput{})
	if diff := cmp.Diff(want, names); diff != "" || pages != 3 {
		t.Errorf("%d pages, want 3; tables (-want +got):\n%s", pages, diff)
	}
	names, _ = list(&glue.GetTablesInput{Expression: aws.String("t00[1-3]|t2.*"), MaxResults: aws.Int32(2)})
	if diff := cmp.Diff([]string{"t001", "t002", "t003", "t200", "t201", "t202", "t203", "t204"}, names); diff != "" {
		t.Errorf("tables by expression (-want +got):\n%s", diff)
	}
	_, err := client.GetTables(t.Context(), &glue.GetTablesInput{DatabaseName: aws.String("d"), MaxResults: aws.Int32(101)})
	refused(t, err, "InvalidInputException", "maxResults")
}

func TestPartitions(t *testing.T) {
	_, config := serve(t)
	client := glue.NewFromConfig(config)
	makeDatabase(t, client, "d")
	database, name := aws.String("d"), aws.String("t")
	if _, err := client.CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: database, TableInput: &types.TableInput{Name: name, PartitionKeys: []types.Column{{Name: aws.String("p")}}}}); err != nil {
		t.Fatal(err)
	}
	batch, err := client.BatchCreatePartition(t.Context(), &glue.BatchCreatePartitionInput{DatabaseName: database, TableName: name, PartitionInputList: []types.PartitionInput{
		{Values: []string{"a"}}, {Values: []string{"b"}}, {Values: []string{"a"}},
	}})
	if err != nil || len(batch.Errors) != 1 || batch.Errors[0].PartitionValues[0] != "a" {
		t.Errorf("creating a twice gave %+v, %v", batch, err)
	}
	_, err = client.CreatePartition(t.Context(), &glue.CreatePartitionInput{DatabaseName: database, TableName: name, PartitionInput: &types.PartitionInput{Values: []string{"a", "b"}}})
	refused(t, err, "InvalidInputException", "number of partition keys")
	got, err := client.GetPartitions(t.Context(), &glue.GetPartitionsInput{DatabaseName: database, TableName: name})
	if err != nil || len(got.Partitions) != 2 || got.Partitions[1].Values[0] != "b" {
		t.Errorf("the partitions are %+v, %v", got, err)
	}
	if _, err := client.DeletePartition(t.Context(), &glue.DeletePartitionInput{DatabaseName: database, TableName: name, PartitionValues: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetPartition(t.Context(), &glue.GetPartitionInput{DatabaseName: database, TableName: name, PartitionValues: []string{"a"}})
	refused(t, err, "EntityNotFoundException", "partition")
}

func TestFaults(t *testing.T) {
	served, config := serve(t)
	client := glue.NewFromConfig(config)
	makeDatabase(t, client, "d")
	ask := func() error {
		_, err := client.GetDatabase(t.Context(), &glue.GetDatabaseInput{Name: aws.String("d")})
		return err
	}
	served.Faults.Throttle("", 2)
	for range 2 {
		refused(t, ask(), "ThrottlingException", "Rate exceeded")
	}
	if err := ask(); err != nil {
		t.Errorf("the third call: %v", err)
	}
	served.Faults.Deny("glue", "GetDatabase")
	refused(t, ask(), "AccessDeniedException", "not authorized to perform: glue:GetDatabase")
	if _, err := client.GetDatabases(t.Context(), &glue.GetDatabasesInput{}); err != nil {
		t.Errorf("another operation is denied too: %v", err)
	}
	// The SDK by itself waits and tries again.
	served.Faults.Always("GetDatabase", nil)
	config.RetryMaxAttempts = 3
	client = glue.NewFromConfig(config)
	served.Faults.Throttle("GetDatabase", 1)
	if err := ask(); err != nil {
		t.Errorf("with attempts left: %v", err)
	}
}

// iceberg-go commits through the catalog. Of commits at the same time each one
// either counts or says that it was too late.
func TestIcebergCommits(t *testing.T) {
	_, config := serve(t)
	client := glue.NewFromConfig(config)
	makeDatabase(t, client, "d")
	tables, err := iceberglue.NewCatalog(iceberglue.WithAwsConfig(config))
	if err != nil {
		t.Fatal(err)
	}
	schema := iceberg.NewSchema(0, iceberg.NestedField{ID: 1, Name: "a", Type: iceberg.PrimitiveTypes.Int32})
	name := table.Identifier{"d", "t"}
	if _, err := tables.CreateTable(t.Context(), name, schema, catalog.WithLocation("file://"+t.TempDir())); err != nil {
		t.Fatal(err)
	}
	var racing sync.WaitGroup
	failures := make([]error, 6)
	for i := range failures {
		racing.Go(func() {
			failures[i] = func() error {
				loaded, err := tables.LoadTable(t.Context(), name)
				if err != nil {
					return err
				}
				tx := loaded.NewTransaction()
				if err := tx.SetProperties(iceberg.Properties{fmt.Sprint("key", i): "1"}); err != nil {
					return err
				}
				_, err = tx.Commit(t.Context())
				return err
			}()
		})
	}
	racing.Wait()
	loaded, err := tables.LoadTable(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	counted := 0
	for i, err := range failures {
		kept := loaded.Properties()[fmt.Sprint("key", i)] == "1"
		switch {
		case err == nil && kept:
			counted++
		case err == nil || kept || !errors.Is(err, table.ErrCommitFailed):
			t.Errorf("commit %d: %v, and kept %t", i, err, kept)
		}
	}
	out, err := client.GetTable(t.Context(), &glue.GetTableInput{DatabaseName: aws.String("d"), Name: aws.String("t")})
	if err != nil || counted == 0 || *out.Table.VersionId != fmt.Sprint(counted) || !strings.EqualFold(out.Table.Parameters["table_type"], "iceberg") {
		t.Errorf("%d commits counted; in Glue the table is %+v, %v", counted, out, err)
	}
}
