package history_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/engine"
	"configtrail/internal/engine/athena"
	"configtrail/internal/engine/raw"
	"configtrail/internal/engine/trino"
	"configtrail/internal/testserver/stack"
)

// bucketful is a bucket in the stack's S3, with a database of raw tables over it.
type bucketful struct {
	*stack.Stack
	bucket, database string
	keys             []string          // of the objects of AWS Config
	layouts          map[string]string // templates of the key layouts, by names of tables
}

// rawBucket puts the objects of AWS Config into a new bucket: those whose keys hold a
// Config folder, as make hands them over.
func rawBucket(t *testing.T, make func(put func(key string, data []byte) error) error) *bucketful {
	t.Helper()
	s := stack.Start(t)
	b := &bucketful{Stack: s, bucket: s.Bucket(t), database: s.Database(t)}
	client := s.Client()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(16)
	err := make(func(key string, data []byte) error {
		if !strings.Contains(key, "/Config/") {
			return nil
		}
		data = bytes.Clone(data)
		b.keys = append(b.keys, key)
		group.Go(func() error {
			_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.bucket, Key: &key, Body: bytes.NewReader(data)})
			return err
		})
		return nil
	})
	if err == nil {
		err = group.Wait()
	}
	if err != nil {
		t.Fatal(err)
	}
	b.layouts = layouts(b.keys)
	return b
}

// form is a way to define a raw table.
type form struct {
	serde   string
	members string
	account map[string]string // projection of the column of accounts
}

const (
	plainMembers = "configurationItemVersion:string,configurationItemCaptureTime:string,configurationStateId:bigint,awsAccountId:string," +
		"awsRegion:string,configurationItemStatus:string,resourceType:string,resourceId:string,resourceName:string,ARN:string," +
		"availabilityZone:string,configurationStateMd5Hash:string,resourceCreationTime:string,tags:map<string,string>"
	stateMembers = plainMembers + ",relationships:string,configuration:string,supplementaryConfiguration:string"
	openX        = "org.openx.data.jsonserde.JsonSerDe"
	hcatalog     = "org.apache.hive.hcatalog.data.JsonSerDe"
)

// table defines a raw table over the folders that a template names.
func (b *bucketful) table(t *testing.T, name, template string, f form) string {
	t.Helper()
	parameters := map[string]string{
		"EXTERNAL": "TRUE", "projection.enabled": "true", "storage.location.template": "s3://" + b.bucket + "/" + template + "/",
		"projection.region.type": "enum", "projection.region.values": "us-east-1,ap-northeast-1,eu-central-1",
		"projection.year.type": "integer", "projection.year.range": "2021,2999",
		"projection.month.type": "integer", "projection.month.range": "1,12",
		"projection.day.type": "integer", "projection.day.range": "1,31",
		"projection.account_id.type": "injected",
	}
	maps.Copy(parameters, f.account)
	var keys []types.Column
	for _, key := range []string{"account_id", "region", "year", "month", "day"} {
		keys = append(keys, types.Column{Name: aws.String(key), Type: aws.String("string")})
	}
	serde := &types.SerDeInfo{SerializationLibrary: &f.serde}
	if f.serde == openX {
		serde.Parameters = openXParameters()
	}
	_, err := glue.NewFromConfig(b.Config(t)).CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: &b.database, TableInput: &types.TableInput{
		Name: &name, TableType: aws.String("EXTERNAL_TABLE"), Parameters: parameters, PartitionKeys: keys,
		StorageDescriptor: &types.StorageDescriptor{
			Location: aws.String("s3://" + b.bucket + "/" + strings.Split(template, "$")[0]), SerdeInfo: serde,
			InputFormat:  aws.String("org.apache.hadoop.mapred.TextInputFormat"),
			OutputFormat: aws.String("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
			Columns: []types.Column{
				{Name: aws.String("fileversion"), Type: aws.String("string")},
				{Name: aws.String("configurationitems"), Type: aws.String("array<struct<" + f.members + ">>")},
			},
		},
	}})
	stack.Made(t, err)
	return b.database + "." + name
}

// openXParameters tell names that differ only in case apart.
func openXParameters() map[string]string {
	parameters := map[string]string{"case.insensitive": "FALSE", "mapping.fileversion": "fileVersion", "mapping.configurationitems": "configurationItems"}
	for member := range strings.SplitSeq(strings.ReplaceAll(stateMembers, "map<string,string>", "string"), ",") {
		name, _, _ := strings.Cut(member, ":")
		parameters["mapping."+strings.ToLower(name)] = name
	}
	return parameters
}

// layouts are the templates of the key layouts in a bucket, by names of tables.
func layouts(keys []string) map[string]string {
	templates := map[string]string{}
	for _, key := range keys {
		before, _, _ := strings.Cut(key, "/Config/")
		at := strings.LastIndexByte(before, '/')
		template := before[:at] + "/${account_id}/Config/${region}/${year}/${month}/${day}"
		templates["config_"+strings.NewReplacer("/", "_", "-", "_").Replace(strings.ToLower(before[:at]))] = template
	}
	return templates
}

// tables opens a raw table of a form over each of the layouts, read by Trino or
// by the server that speaks Athena.
func (b *bucketful) tables(t *testing.T, prefix string, f form, reader func(*testing.T, *bucketful) engine.Engine) *raw.Tables {
	t.Helper()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(b.layouts)) {
		names = append(names, b.table(t, prefix+name, b.layouts[name], f))
	}
	tables, err := raw.Open(t.Context(), raw.Options{Config: b.Config(t), S3: blob.S3Options{PathStyle: true}, Tables: names, Engine: reader(t, b)})
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

func byTrino(t *testing.T, b *bucketful) engine.Engine {
	t.Helper()
	e, err := trino.New(trino.Options{
		URL: strings.Replace(b.Trino, "http://", "http://test@", 1) + "?catalog=" + b.RawCatalog + "&schema=" + b.database,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func byAthena(t *testing.T, b *bucketful) engine.Engine {
	t.Helper()
	e, err := athena.New(athena.Options{
		Config: b.Config(t), Database: b.database, Output: "s3://" + b.Bucket(t) + "/results", S3: blob.S3Options{PathStyle: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// unpack hands over the files of a bucket in a tar.gz.
func unpack(t *testing.T, file string, put func(key string, data []byte) error) error {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			return err
		}
		_, key, _ := strings.Cut(header.Name, "bucket/")
		if err := put(key, data); err != nil {
			return err
		}
	}
}

// Glue is asked for what is there, and names that are no names never reach it.
func TestRawTablesThatAreNotThere(t *testing.T) {
	s := stack.Start(t)
	for name, key := range map[string]string{
		s.Database(t) + ".config": "raw_table_missing", "no_such_database.config": "raw_table_missing",
		"config": "raw_table_name", `logs.x" OR 1=1`: "raw_table_name", "": "raw_table_name",
	} {
		_, err := raw.Open(t.Context(), raw.Options{Config: s.Config(t), Tables: []string{name}, Engine: &script{}})
		if problem := (*configtrail.Problem)(nil); !errors.As(err, &problem) || problem.Key != key {
			t.Errorf("%q: %v", name, err)
		}
	}
}
