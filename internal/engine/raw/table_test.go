package raw_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/engine"
	"configtrail/internal/engine/raw"
)

// silent is an engine that is never asked.
type silent struct{ speaks engine.Dialect }

func (silent) Query(context.Context, engine.Query) (engine.Result, error) {
	return engine.Result{}, errors.New("nothing is asked here")
}
func (silent) Version(context.Context, configtrail.Scope) (string, error) { return "", nil }
func (s silent) Dialect() engine.Dialect                                  { return s.speaks }
func (silent) Close() error                                               { return nil }

const (
	one   = "111122223333"
	two   = "444455556666"
	plain = "array<struct<configurationItemVersion:string,configurationItemCaptureTime:string,configurationStateId:bigint,awsAccountId:string," +
		"awsRegion:string,configurationItemStatus:string,resourceType:string,resourceId:string,resourceName:string,ARN:string," +
		"availabilityZone:string,configurationStateMd5Hash:string,resourceCreationTime:string,tags:map<string,string>>>"
	openX    = "org.openx.data.jsonserde.JsonSerDe"
	hcatalog = "org.apache.hive.hcatalog.data.JsonSerDe"
)

// define is the first user's table over a template, changed by parameters.
func define(template string, parameters map[string]string) types.Table {
	all := map[string]string{
		"projection.enabled": "true", "storage.location.template": template,
		"projection.region.type": "enum", "projection.region.values": "us-east-1,ap-northeast-1",
		"projection.year.type": "integer", "projection.year.range": "2021,2999",
		"projection.month.type": "integer", "projection.month.range": "1,12",
		"projection.day.type": "integer", "projection.day.range": "1,31",
		"projection.account_id.type": "injected",
	}
	maps.Copy(all, parameters)
	definition := types.Table{
		DatabaseName: aws.String("logs"), Name: aws.String("config"), VersionId: aws.String("7"), Parameters: all,
		StorageDescriptor: &types.StorageDescriptor{
			SerdeInfo: &types.SerDeInfo{SerializationLibrary: aws.String(hcatalog)},
			Columns: []types.Column{
				{Name: aws.String("fileversion"), Type: aws.String("string")},
				{Name: aws.String("configurationItems"), Type: aws.String(plain)},
			},
		},
	}
	for _, name := range []string{"account_id", "region", "year", "month", "day"} {
		if strings.Contains(template, "${"+name+"}") {
			definition.PartitionKeys = append(definition.PartitionKeys, types.Column{Name: aws.String(name), Type: aws.String("string")})
		}
	}
	return definition
}

const organisation = "s3://logs/AWSLogs/o-abc/${account_id}/Config/${region}/${year}/${month}/${day}/"

// opened makes Tables over a folder in place of a bucket.
func opened(t *testing.T, dir string, options raw.Options, definitions ...types.Table) *raw.Tables {
	t.Helper()
	options.Engine = silent{engine.Trino}
	tables, err := raw.New(definitions, func(string) (blob.Bucket, error) { return blob.OpenFolder(dir) }, options)
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

var tokyo = time.FixedZone("Asia/Tokyo", 9*3600)

func november(zone *time.Location) configtrail.Window {
	return configtrail.Month{Year: 2024, Month: time.November}.Window(zone)
}

func around(t *testing.T, tables *raw.Tables, scope configtrail.Scope) *raw.Reading {
	t.Helper()
	reading, err := tables.Around(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	return reading
}

// A month reads its own days, two before and three after, whatever the zone: the
// Tokyo November begins on the last day of October in UTC.
func TestAMonthReadsItsDaysAndAFewBeside(t *testing.T) {
	tables := opened(t, t.TempDir(), raw.Options{}, define(organisation, nil))
	reading := around(t, tables, configtrail.Scope{Window: november(tokyo), Accounts: []string{one, two}, Regions: []string{"us-east-1"}})
	want := []string{`logs.config: r."account_id" IN ('111122223333', '444455556666') AND r."region" = 'us-east-1' AND r."year" = '2024'` +
		` AND r."month" IN ('10', '11', '12') AND r."day" IN ('29', '30', '31', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12', '13',` +
		` '14', '15', '16', '17', '18', '19', '20', '21', '22', '23', '24', '25', '26', '27', '28')` +
		` AND (r."year" = '2024' AND r."month" = '10' AND r."day" IN ('29', '30', '31') OR r."year" = '2024' AND r."month" = '11'` +
		` OR r."year" = '2024' AND r."month" = '12' AND r."day" IN ('1', '2', '3'))`}
	if difference := cmp.Diff(want, reading.Predicates()); difference != "" {
		t.Error(difference)
	}
	if got := reading.From.Format(time.DateOnly) + " " + reading.To.Format(time.DateOnly); got != "2024-10-29 2024-12-04" {
		t.Error(got)
	}
}

// A table is never read without a span.
func TestAnOpenSpanIsRefused(t *testing.T) {
	tables := opened(t, t.TempDir(), raw.Options{}, define(organisation, nil))
	for _, window := range []configtrail.Window{{}, {From: november(tokyo).From}, {To: november(tokyo).To}} {
		_, err := tables.Around(t.Context(), configtrail.Scope{Window: window})
		if problem := (*configtrail.Problem)(nil); !errors.As(err, &problem) || problem.Key != "raw_unbounded" {
			t.Errorf("%v: %v", window, err)
		}
	}
}

// Every form of template is understood, by where its columns stand and not by
// what they are called.
func TestFormsOfTables(t *testing.T) {
	window := configtrail.Window{From: time.Date(2024, 11, 5, 0, 0, 0, 0, time.UTC), To: time.Date(2024, 11, 6, 0, 0, 0, 0, time.UTC)}
	rename := func(d types.Table, from, to, kind string) types.Table {
		d.Parameters["storage.location.template"] = strings.ReplaceAll(d.Parameters["storage.location.template"], "${"+from+"}", "${"+to+"}")
		for key, value := range maps.Clone(d.Parameters) {
			if rest, ok := strings.CutPrefix(key, "projection."+from+"."); ok {
				d.Parameters["PROJECTION."+to+"."+strings.ToUpper(rest)] = value
			}
		}
		for i, key := range d.PartitionKeys {
			if *key.Name == from {
				d.PartitionKeys[i] = types.Column{Name: &to, Type: &kind}
			}
		}
		return d
	}
	dated := define("s3://logs/audit/jp/AWSLogs/${account_id}/Config/${region}/${dt}", map[string]string{
		"projection.dt.type": "date", "projection.dt.format": "yyyy/M/d", "projection.dt.range": "2021/1/1,NOW",
	})
	dated.PartitionKeys = append(dated.PartitionKeys, types.Column{Name: aws.String("dt"), Type: aws.String("varchar(10)")})
	days := ` AND r."year" = '2024' AND r."month" = '11' AND r."day" IN ('3', '4', '5', '6', '7', '8')`
	for _, c := range []struct {
		name       string
		definition types.Table
		scope      configtrail.Scope
		want       string // "": nothing of it is read
	}{
		{"one account, fixed", define("s3://logs/AWSLogs/111122223333/Config/${region}/${year}/${month}/${day}/", nil), configtrail.Scope{},
			`r."region" IN ('us-east-1', 'ap-northeast-1')` + days},
		{"another account is asked for", define("s3://logs/AWSLogs/111122223333/Config/${region}/${year}/${month}/${day}/", nil), configtrail.Scope{Accounts: []string{two}}, ""},
		{"one account and region, fixed", define("s3://logs/AWSLogs/111122223333/Config/eu-west-1/${year}/${month}/${day}", nil), configtrail.Scope{}, days[5:]},
		{"accounts listed", define(organisation, map[string]string{"projection.account_id.type": "enum", "projection.account_id.values": " 111122223333 , 444455556666,bad"}), configtrail.Scope{Accounts: []string{two}},
			`r."account_id" = '444455556666' AND r."region" IN ('us-east-1', 'ap-northeast-1')` + days},
		{"Control Tower", define("s3://logs/o-abc/AWSLogs/${account_id}/Config/${region}/${year}/${month}/${day}/", nil), configtrail.Scope{Accounts: []string{one}, Regions: []string{"ap-northeast-1"}},
			`r."account_id" = '111122223333' AND r."region" = 'ap-northeast-1'` + days},
		{"a region the table lacks", define(organisation, nil), configtrail.Scope{Accounts: []string{one}, Regions: []string{"eu-west-1"}}, ""},
		{"global comes through any region", define(organisation, nil), configtrail.Scope{Accounts: []string{one}, Regions: []string{"global"}},
			`r."account_id" = '111122223333' AND r."region" IN ('us-east-1', 'ap-northeast-1')` + days},
		{"and so does what has no region", define(organisation, nil), configtrail.Scope{Accounts: []string{one}, Regions: []string{"us-east-1"}, Types: []string{"AWS::IAM::Role"}},
			`r."account_id" = '111122223333' AND r."region" IN ('us-east-1', 'ap-northeast-1')` + days},
		{"other names and numbers", rename(rename(define(organisation, nil), "account_id", `who"`, "string"), "day", "D", "int"), configtrail.Scope{Accounts: []string{one}, Regions: []string{"us-east-1"}},
			`r."who""" = '111122223333' AND r."region" = 'us-east-1' AND r."year" = '2024' AND r."month" = '11' AND r."D" IN (3, 4, 5, 6, 7, 8)`},
		{"padded", define(organisation, map[string]string{"projection.month.digits": "2", "projection.day.digits": "2"}), configtrail.Scope{Accounts: []string{one}, Regions: []string{"us-east-1"}},
			`r."account_id" = '111122223333' AND r."region" = 'us-east-1' AND r."year" = '2024' AND r."month" = '11' AND r."day" IN ('03', '04', '05', '06', '07', '08')`},
		{"one date", dated, configtrail.Scope{Accounts: []string{one}, Regions: []string{"us-east-1"}},
			`r."account_id" = '111122223333' AND r."region" = 'us-east-1' AND r."dt" IN ('2024/11/3', '2024/11/4', '2024/11/5', '2024/11/6', '2024/11/7', '2024/11/8')`},
		{"a hostile region is none", define(organisation, map[string]string{"projection.region.type": "injected"}), configtrail.Scope{Accounts: []string{one}, Regions: []string{"x'; DROP", "us-east-1"}},
			`r."account_id" = '111122223333' AND r."region" = 'us-east-1'` + days},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.scope.Window = window
			reading := around(t, opened(t, t.TempDir(), raw.Options{}, c.definition), c.scope)
			want := []string{}
			if c.want != "" {
				want = append(want, "logs.config: "+c.want)
			}
			if difference := cmp.Diff(want, reading.Predicates()); difference != "" {
				t.Error(difference)
			}
			if reading.None() != (c.want == "") {
				t.Errorf("none: %t", reading.None())
			}
		})
	}
}

func TestTablesThatAreNone(t *testing.T) {
	without := func(member string) types.Table {
		d := define(organisation, nil)
		d.StorageDescriptor.Columns[1].Type = aws.String(strings.Replace(plain, member+":string,", "", 1))
		return d
	}
	noItems := define(organisation, nil)
	noItems.StorageDescriptor.Columns = noItems.StorageDescriptor.Columns[:1]
	for _, c := range []struct {
		name       string
		definition types.Table
		key, says  string
	}{
		{"no items", noItems, "raw_columns", "no column configurationitems"},
		{"no id", without("resourceId"), "raw_columns", "lacks, as string: resourceId"},
		{"no projection", define(organisation, map[string]string{"projection.enabled": "false"}), "raw_layout", "no partition projection"},
		{"not AWS Config's folders", define("s3://logs/${account_id}/${region}/${year}/${month}/${day}/", nil), "raw_layout", "ACCOUNT/Config/REGION"},
		{"half a folder", define("s3://logs/AWSLogs/${account_id}/Config/r-${region}/${year}/${month}/${day}/", nil), "raw_layout", "not one partition column alone"},
		{"an unknown column", define("s3://logs/AWSLogs/${account_id}/Config/${where}/${year}/${month}/${day}/", nil), "raw_layout", "no partition column"},
		{"months only", define("s3://logs/AWSLogs/${account_id}/Config/${region}/${year}/${month}/", nil), "raw_layout", "neither year, month and day nor one date"},
	} {
		_, err := raw.ParseTable(c.definition)
		var problem *configtrail.Problem
		if !errors.As(err, &problem) || problem.Key != c.key || !strings.Contains(err.Error(), c.says) || !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	_, err := raw.New(nil, nil, raw.Options{Engine: silent{engine.DuckDB}})
	if problem := (*configtrail.Problem)(nil); !errors.As(err, &problem) || problem.Key != "raw_engine" {
		t.Errorf("DuckDB reads raw tables: %v", err)
	}
}

// What a SerDe can't give as text is not compared, and a column counts only where
// every table has it.
func TestWhatIsCompared(t *testing.T) {
	form := func(serde, members string) types.Table {
		d := define(organisation, nil)
		d.StorageDescriptor.SerdeInfo.SerializationLibrary = &serde
		d.StorageDescriptor.Columns[1].Type = aws.String(strings.TrimSuffix(plain, ">>") + members + ">>")
		return d
	}
	const all = ",CONFIGURATION:String,supplementaryconfiguration:map<string,string>,relationships:array<struct<resourceid:string,name:string>>"
	for _, c := range []struct {
		name   string
		tables []types.Table
		want   string
	}{
		{"OpenX with everything", []types.Table{form(openX, all)}, "configuration supplementaryConfiguration relationships tags"},
		{"the first user's", []types.Table{define(organisation, nil)}, ""},
		{"text under Hive's SerDe", []types.Table{form(hcatalog, all)}, ""},
		{"some members of the configuration", []types.Table{form(openX, ",configuration:struct<state:string>")}, ""},
		{"one table of two", []types.Table{form(openX, all), form(openX, ",configuration:string")}, "configuration tags"},
	} {
		tables := opened(t, t.TempDir(), raw.Options{}, c.tables...)
		var got []string
		for _, column := range raw.StateColumns() {
			if tables.Compared(column) {
				got = append(got, column)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

func TestTheRelationOfItems(t *testing.T) {
	other := define("s3://logs/AWSLogs/444455556666/Config/${region}/${year}/${month}/${day}/", nil)
	other.Name = aws.String("other")
	tables := opened(t, t.TempDir(), raw.Options{Before: -1, After: -1}, define(organisation, nil), other)
	reading := around(t, tables, configtrail.Scope{Window: configtrail.Window{
		From: time.Date(2024, 11, 5, 0, 0, 0, 0, time.UTC), To: time.Date(2024, 11, 6, 0, 0, 0, 0, time.UTC),
	}, Accounts: []string{one, two}, Regions: []string{"us-east-1"}})
	sql, args := reading.Items([]string{"s3://logs/it's", "s3://logs/b"})
	for _, part := range []string{
		"\nUNION ALL\n", `FROM "logs"."config" AS r`, `FROM "logs"."other" AS r`,
		`CROSS JOIN UNNEST(transform(r."configurationItems", c -> ARRAY[c])) WITH ORDINALITY AS i(c, n)`,
		`CAST(NULL AS varchar) AS configuration`, `CAST(NULL AS varchar) AS tags`, `CAST(c[1]."configurationstateid" AS varchar) AS state_id`,
		`CAST(r."account_id" AS varchar) AS folder_account`, `'444455556666' AS folder_account`,
		`WHERE r."account_id" IN ('111122223333', '444455556666') AND r."region" = 'us-east-1' AND r."year" = '2024' AND r."month" = '11' AND r."day" = '5' AND r."$path" NOT IN (?, ?)`,
	} {
		if !strings.Contains(sql, part) {
			t.Errorf("no %s in\n%s", part, sql)
		}
	}
	state := define(organisation, nil)
	state.StorageDescriptor.SerdeInfo.SerializationLibrary = aws.String(openX)
	state.StorageDescriptor.Columns[1].Type = aws.String(strings.TrimSuffix(plain, ">>") + ",configuration:string>>")
	compared, _ := around(t, opened(t, t.TempDir(), raw.Options{}, state), configtrail.Scope{Window: november(tokyo), Accounts: []string{one}}).Items(nil)
	for _, part := range []string{`c[1]."configuration" AS configuration`, `json_format(CAST(c[1]."tags" AS JSON)) AS tags`, `CAST(NULL AS varchar) AS relationships`} {
		if !strings.Contains(compared, part) {
			t.Errorf("no %s in\n%s", part, compared)
		}
	}
	if difference := cmp.Diff([]any{"s3://logs/it's", "s3://logs/b", "s3://logs/it's", "s3://logs/b"}, args); difference != "" {
		t.Error(difference)
	}
}

// lay makes empty objects.
func lay(t *testing.T, dir string, keys ...string) {
	t.Helper()
	for _, key := range keys {
		path := filepath.Join(dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("0123456789"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
