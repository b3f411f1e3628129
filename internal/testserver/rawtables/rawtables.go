// Package rawtables puts an organisation's deliveries into the S3 of a stack and
// defines raw Glue tables over them, in the forms that people use.
package rawtables

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"configtrail/internal/testserver/stack"
)

// Make hands over the objects of a bucket, one after the other. It must not use
// data again once put has returned.
type Make func(put func(key string, data []byte) error) error

// Bucket is a bucket of deliveries, with a database for tables over it.
type Bucket struct {
	*stack.Stack
	Name     string
	Database string
	Keys     []string // of the objects, in the order of their making
}

// New puts those objects into a new bucket whose keys hold a Config folder.
func New(t *testing.T, s *stack.Stack, organisation Make) *Bucket {
	t.Helper()
	b := &Bucket{Stack: s, Name: s.Bucket(t), Database: s.Database(t)}
	client := s.Client()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(16)
	err := organisation(func(key string, data []byte) error {
		if !strings.Contains(key, "/Config/") {
			return ctx.Err()
		}
		b.Keys = append(b.Keys, key)
		data = bytes.Clone(data)
		group.Go(func() error { return put(ctx, client, b.Name, key, data) })
		return ctx.Err()
	})
	if uploaded := group.Wait(); uploaded != nil {
		err = uploaded
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(ctx context.Context, client *s3.Client, bucket, key string, data []byte) error {
	_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(data)})
	return err
}

// Form is a way to define a raw table.
type Form struct {
	Serde   string
	Members string            // of the struct of an item
	Account map[string]string // projection of the column of accounts; nil: injected
}

// The classes that read JSON.
const (
	OpenX    = "org.openx.data.jsonserde.JsonSerDe"
	HCatalog = "org.apache.hive.hcatalog.data.JsonSerDe"
)

// The members of an item: what the first tables had, and those with state.
const (
	Plain = "configurationItemVersion:string,configurationItemCaptureTime:string,configurationStateId:bigint,awsAccountId:string," +
		"awsRegion:string,configurationItemStatus:string,resourceType:string,resourceId:string,resourceName:string,ARN:string," +
		"availabilityZone:string,configurationStateMd5Hash:string,resourceCreationTime:string,tags:map<string,string>"
	State = Plain + ",relationships:string,configuration:string,supplementaryConfiguration:string"
)

// WithState is the form that content can be compared in.
func WithState() Form { return Form{Serde: OpenX, Members: State} }

// First is the form of the first tables: no state, and a list of accounts.
func First(accounts ...string) Form {
	return Form{Serde: HCatalog, Members: Plain, Account: map[string]string{
		"projection.account_id.type": "enum", "projection.account_id.values": strings.Join(accounts, ","),
	}}
}

// Table defines a table over the folders that a template names, and gives its
// name as database.table.
func (b *Bucket) Table(t *testing.T, name, template string, f Form) string {
	t.Helper()
	parameters := map[string]string{
		"EXTERNAL": "TRUE", "projection.enabled": "true", "storage.location.template": "s3://" + b.Name + "/" + template + "/",
		"projection.region.type": "enum", "projection.region.values": "us-east-1,ap-northeast-1,eu-central-1",
		"projection.year.type": "integer", "projection.year.range": "2021,2999",
		"projection.month.type": "integer", "projection.month.range": "1,12",
		"projection.day.type": "integer", "projection.day.range": "1,31",
		"projection.account_id.type": "injected",
	}
	maps.Copy(parameters, f.Account)
	var keys []types.Column
	for _, key := range []string{"account_id", "region", "year", "month", "day"} {
		keys = append(keys, types.Column{Name: aws.String(key), Type: aws.String("string")})
	}
	serde := &types.SerDeInfo{SerializationLibrary: &f.Serde}
	if f.Serde == OpenX {
		serde.Parameters = openXParameters()
	}
	_, err := glue.NewFromConfig(b.Config(t)).CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: &b.Database, TableInput: &types.TableInput{
		Name: &name, TableType: aws.String("EXTERNAL_TABLE"), Parameters: parameters, PartitionKeys: keys,
		StorageDescriptor: &types.StorageDescriptor{
			Location: aws.String("s3://" + b.Name + "/" + strings.Split(template, "$")[0]), SerdeInfo: serde,
			InputFormat:  aws.String("org.apache.hadoop.mapred.TextInputFormat"),
			OutputFormat: aws.String("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
			Columns: []types.Column{
				{Name: aws.String("fileversion"), Type: aws.String("string")},
				{Name: aws.String("configurationitems"), Type: aws.String("array<struct<" + f.Members + ">>")},
			},
		},
	}})
	stack.Made(t, err)
	return b.Database + "." + name
}

// openXParameters tell names that differ only in case apart.
func openXParameters() map[string]string {
	parameters := map[string]string{"case.insensitive": "FALSE", "mapping.fileversion": "fileVersion", "mapping.configurationitems": "configurationItems"}
	for member := range strings.SplitSeq(strings.ReplaceAll(State, "map<string,string>", "string"), ",") {
		name, _, _ := strings.Cut(member, ":")
		parameters["mapping."+strings.ToLower(name)] = name
	}
	return parameters
}

// Layouts are the templates of the key layouts in the bucket, by names of tables.
func (b *Bucket) Layouts() map[string]string {
	templates := map[string]string{}
	for _, key := range b.Keys {
		before, _, _ := strings.Cut(key, "/Config/")
		at := strings.LastIndexByte(before, '/')
		name := "config_" + strings.NewReplacer("/", "_", "-", "_").Replace(strings.ToLower(before[:at]))
		templates[name] = before[:at] + "/${account_id}/Config/${region}/${year}/${month}/${day}"
	}
	return templates
}

// Tables defines a table of a form over each of the layouts, and gives their names.
func (b *Bucket) Tables(t *testing.T, prefix string, f Form) []string {
	t.Helper()
	var names []string
	templates := b.Layouts()
	for _, name := range slices.Sorted(maps.Keys(templates)) {
		names = append(names, b.Table(t, prefix+name, templates[name], f))
	}
	return names
}
