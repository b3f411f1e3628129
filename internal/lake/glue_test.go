package lake_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"configtrail"
	"configtrail/internal/lake"
	"configtrail/internal/testserver/awsjson"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"
)

func glueClient(at place) (*awsglue.Client, string) {
	p, _ := remote(at)
	return awsglue.NewFromConfig(p.glue()), p.Database
}

func glueTable(t *testing.T, at place, name string) *types.Table {
	t.Helper()
	client, database := glueClient(at)
	out, err := client.GetTable(t.Context(), &awsglue.GetTableInput{DatabaseName: &database, Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	return out.Table
}

// What Athena's console and other engines look for in Glue.
func TestGlueTables(t *testing.T) {
	at := newAWS(t).place(t)
	l := create(t, at)
	want := map[string][]string{
		lake.Items: {
			"account string", "region string", "resource_type string", "resource_id string", "capture_time timestamp",
			"content_hash string", "status string", "resource_name string", "arn string", "availability_zone string",
			"version string", "state_id string", "creation_time timestamp", "tags map<string,string>",
			"relationships array<struct<resource_type:string,resource_id:string,resource_name:string,name:string>>",
			"configuration string", "supplementary_configuration string", "redaction_version int",
			"source_uri string", "source_key string", "source_etag string", "source_index bigint",
		},
		lake.Deliveries: {
			"uri string", "key string", "etag string", "size bigint", "kind string", "account string", "region string",
			"written_at timestamp", "read_at timestamp", "first_capture timestamp", "last_capture timestamp",
			"items_read bigint", "items_added bigint", "items_duplicate bigint", "items_rejected bigint", "bytes bigint",
			"archived boolean", "quarantined array<struct<index:bigint,offset:bigint,code:string,reason:string>>",
			"batch bigint", "derive array<struct<account:string,region:string,resource_type:string>>",
		},
	}
	for name, columns := range want {
		table := glueTable(t, at, name)
		var got []string
		for _, column := range table.StorageDescriptor.Columns {
			got = append(got, *column.Name+" "+*column.Type)
		}
		if diff := cmp.Diff(columns, got); diff != "" {
			t.Errorf("columns of %s (-want +got):\n%s", name, diff)
		}
		if location := *table.StorageDescriptor.Location; *table.TableType != "EXTERNAL_TABLE" || location != "s3://lakes/team/lake/"+name {
			t.Errorf("%s is a %s at %s", name, *table.TableType, location)
		}
	}
	made := glueTable(t, at, lake.Items)
	if first := made.Parameters["metadata_location"]; made.Parameters["table_type"] != "ICEBERG" ||
		!strings.HasPrefix(first, "s3://lakes/team/lake/items/metadata/00000-") || !strings.HasSuffix(first, ".gz.metadata.json") {
		t.Errorf("parameters %v", made.Parameters)
	}
	if got := made.StorageDescriptor.Columns[14].Parameters; got["iceberg.field.id"] != "17" || got["iceberg.field.optional"] != "true" {
		t.Errorf("parameters of column relationships: %v", got)
	}

	// What others set in Glue outlives a commit, which leaves no archive behind.
	client, database := glueClient(at)
	made.Parameters["classification"], made.StorageDescriptor.Columns[0].Comment = "ours", sdk.String("the account")
	if _, err := client.UpdateTable(t.Context(), &awsglue.UpdateTableInput{DatabaseName: &database, SkipArchive: sdk.Bool(true), TableInput: &types.TableInput{
		Name: made.Name, Description: sdk.String("all items"), Owner: sdk.String("us"), TableType: made.TableType,
		Parameters: made.Parameters, StorageDescriptor: made.StorageDescriptor,
	}}); err != nil {
		t.Fatal(err)
	}
	w := writer(t, l)
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
	commit(t, w)
	now := glueTable(t, at, lake.Items)
	first := made.Parameters["metadata_location"]
	if now.Parameters["previous_metadata_location"] != first || now.Parameters["metadata_location"] == first || now.Parameters["classification"] != "ours" {
		t.Errorf("parameters %v", now.Parameters)
	}
	if sdk.ToString(now.Description) != "all items" || sdk.ToString(now.Owner) != "us" || sdk.ToString(now.StorageDescriptor.Columns[0].Comment) != "the account" {
		t.Errorf("description %v, owner %v, comment %v", now.Description, now.Owner, now.StorageDescriptor.Columns[0].Comment)
	}
	versions, err := client.GetTableVersions(t.Context(), &awsglue.GetTableVersionsInput{DatabaseName: &database, TableName: now.Name})
	if err != nil || len(versions.TableVersions) != 1 {
		t.Errorf("%d versions are kept, error %v", len(versions.TableVersions), err)
	}
}

// A commit whose answer gets lost is in once.
func TestACommitToGlueWhoseOutcomeIsNotTold(t *testing.T) {
	c := newAWS(t)
	at := c.place(t)
	l := create(t, at)
	failure := func(code string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { awsjson.WriteError(w, awsjson.Errorf(code, "not this time")) }
	}
	for i, test := range []struct {
		name   string
		done   bool
		answer func(http.ResponseWriter)
	}{
		{"done, then the connection breaks", true, func(http.ResponseWriter) { panic(http.ErrAbortHandler) }},
		{"the connection breaks first", false, func(http.ResponseWriter) { panic(http.ErrAbortHandler) }},
		{"done, then a timeout", true, failure("OperationTimeoutException")},
		{"throttled", false, failure("ThrottlingException")},
		{"done, then broken", true, failure("InternalServiceException")},
		{"refused as stale without cause", false, failure("ConcurrentModificationException")},
	} {
		t.Run(test.name, func(t *testing.T) {
			var once atomic.Bool
			c.answer(func(w http.ResponseWriter, r *http.Request) bool {
				if awsjson.Action(r) != "UpdateTable" || !once.CompareAndSwap(false, true) {
					return false
				}
				if test.done {
					c.serve(httptest.NewRecorder(), r)
				}
				test.answer(w)
				return true
			})
			w := writer(t, l)
			addItems(t, w, bucket(prod, test.name, "2024-11-05T00:00:00Z", "1"))
			commit(t, w)
			if rows := rowsOf(t, create(t, at))[lake.Items]; rows != int64(i+1) {
				t.Errorf("%d items are in, want %d", rows, i+1)
			}
			if !once.Load() {
				t.Error("nothing went wrong: the test tests nothing")
			}
		})
	}
	c.answer(nil)

	// An update that was done, whose answer got lost, and on which another commit
	// came before it was looked for.
	t.Run("done, and another after it", func(t *testing.T) {
		other := writer(t, create(t, at))
		addItems(t, other, bucket(audit, "other", "2024-11-05T00:00:00Z", "1"))
		var once atomic.Bool
		c.answer(func(_ http.ResponseWriter, r *http.Request) bool {
			if awsjson.Action(r) != "UpdateTable" || !once.CompareAndSwap(false, true) {
				return false
			}
			c.serve(httptest.NewRecorder(), r)
			if err := other.Commit(t.Context()); err != nil {
				t.Error(err)
			}
			panic(http.ErrAbortHandler)
		})
		w := writer(t, l)
		addItems(t, w, bucket(prod, "mine", "2024-11-05T00:00:00Z", "1"))
		commit(t, w)
		if rows := rowsOf(t, create(t, at))[lake.Items]; rows != 8 {
			t.Errorf("%d items are in, want 8", rows)
		}
	})
}

func TestGlueRefuses(t *testing.T) {
	c := newAWS(t)
	at := c.place(t)
	l := create(t, at)
	c.Glue.Faults.Deny("glue", "UpdateTable")
	w := writer(t, l)
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
	err := w.Commit(t.Context())
	var hint *configtrail.Hint
	if err == nil || !strings.Contains(err.Error(), "glue:UpdateTable") || !errors.As(err, &hint) {
		t.Errorf("a commit without the permission: %v, hint %v", err, hint)
	}
	c.Glue.Faults.Always("UpdateTable", nil)
	commit(t, w)
	if rows := rowsOf(t, l)[lake.Items]; rows != 1 {
		t.Errorf("%d items are in, want 1", rows)
	}
}

func TestCreatedByManyAtOnce(t *testing.T) {
	c := newAWS(t)
	at := c.place(t)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			l, err := lake.Create(t.Context(), options(t, at, "key-1"))
			if err == nil {
				err = l.Close()
			}
			errs[i] = err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	w := writer(t, create(t, at))
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
	commit(t, w)
}

func TestPlacesOnS3ThatAreNoLake(t *testing.T) {
	c := newAWS(t)
	at := c.place(t)
	w := writer(t, create(t, at))
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
	commit(t, w)

	_, err := lake.Open(t.Context(), options(t, c.at(t, "lakes", "elsewhere", "no_database"), ""))
	if !errors.Is(err, configtrail.ErrNotFound) {
		t.Errorf("no lake: %v", err)
	}
	wantHint(t, err, "open lake s3://lakes/elsewhere: not found: there is no lake", "run configtrail init --lake s3://lakes/elsewhere --database no_database")

	for _, open := range []func() error{
		func() error {
			_, err := lake.Open(t.Context(), options(t, c.at(t, "lakes", "team/other", "config_lake"), ""))
			return err
		},
		func() error {
			_, err := lake.Create(t.Context(), options(t, c.at(t, "lakes", "team/other", "config_lake"), "key-1"))
			return err
		},
	} {
		if err := open(); !errors.Is(err, configtrail.ErrInvalid) || !strings.Contains(err.Error(), "of another lake") {
			t.Errorf("the database of another lake: %v", err)
		}
	}
	for _, bad := range []onS3{
		{URL: "s3://lakes/ä", Database: "d"}, {URL: "s3://lakes/a b", Database: "d"}, {URL: "s3://lakes/a//b", Database: "d"},
		{URL: "s3://lakes/..", Database: "d"}, {URL: "s3://lakes", Database: ""}, {URL: "s3://lakes", Database: "Upper"}, {URL: "s3://lakes", Database: "a.b"},
	} {
		bad.Endpoint, bad.Catalog = c.URL, c.URL
		if _, err := lake.Create(t.Context(), options(t, bad.place(t), "key-1")); !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("%s, database %q: %v", bad.URL, bad.Database, err)
		}
	}

	client, database := glueClient(at)
	if _, err := client.CreateTable(t.Context(), &awsglue.CreateTableInput{DatabaseName: &database, TableInput: &types.TableInput{Name: sdk.String("orders")}}); err != nil {
		t.Fatal(err)
	}
	if rows := rowsOf(t, create(t, at))[lake.Items]; rows != 1 {
		t.Errorf("%d items beside a table of others, want 1", rows)
	}
	for _, name := range []string{lake.Items, lake.Events, lake.Deliveries, lake.Changes} {
		if _, err := client.DeleteTable(t.Context(), &awsglue.DeleteTableInput{DatabaseName: &database, Name: &name}); err != nil {
			t.Fatal(err)
		}
		_, opened := lake.Open(t.Context(), options(t, at, ""))
		_, created := lake.Create(t.Context(), options(t, at, "key-1"))
		for _, err := range []error{opened, created} {
			if err == nil || errors.Is(err, configtrail.ErrNotFound) || !strings.Contains(err.Error(), "Glue database config_lake, is damaged") {
				t.Errorf("without table %s in Glue: %v", name, err)
			}
		}
	}
	if _, err := client.CreateTable(t.Context(), &awsglue.CreateTableInput{DatabaseName: &database, TableInput: &types.TableInput{Name: sdk.String(lake.Items)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := lake.Open(t.Context(), options(t, at, "")); !errors.Is(err, configtrail.ErrInvalid) || !strings.Contains(err.Error(), "is no Iceberg table") {
		t.Errorf("a table of the name: %v", err)
	}
}
