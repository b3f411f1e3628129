package stack

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsglue"
	"github.com/aws/jsii-runtime-go"

	"configtrail/infra/settings"
)

// databases makes the lake's database and, where a source has raw tables, theirs
// and the tables. The lake's own tables are none of the template's: an update of
// a stack would wipe what Iceberg keeps in them, so the function `tables` makes them.
func (b *build) databases() {
	b.database = b.settings.Lake.Database
	if !b.existing() {
		database := b.glueDatabase("LakeDatabase", b.database, "The lake of configtrail: tables are made by configtrail init")
		keep(database) // what it points to stays, so it stays too
		b.database = *database.Ref()
	}
	if len(b.rawTables()) == 0 {
		return
	}
	raw := b.glueDatabase("RawDatabase", b.settings.Raw.Database, "Tables over what AWS Config delivered, as it lies there")
	for _, source := range b.settings.Sources {
		for _, table := range source.Tables {
			b.rawTable(source, table).AddResourceDependency(raw, nil)
		}
	}
}

func (b *build) glueDatabase(id, name, description string) awsglue.CfnDatabase {
	return awsglue.NewCfnDatabase(b.stack, &id, &awsglue.CfnDatabaseProps{
		CatalogId:     b.stack.Account(),
		DatabaseInput: &awsglue.CfnDatabase_DatabaseInputProperty{Name: &name, Description: &description},
	})
}

// rawTables are the names of all raw tables, in the order of the settings.
func (b *build) rawTables() []string {
	var names []string
	for _, source := range b.settings.Sources {
		for _, table := range source.Tables {
			names = append(names, table.Name)
		}
	}
	return names
}

// rawTable makes a table that finds its folders by projection.
//
// It is CloudFormation's own table rather than CDK's S3Table: that one writes the
// SerDe's settings to the storage descriptor's parameters, where neither Athena
// nor Trino looks for mappings.
func (b *build) rawTable(source settings.Source, table settings.Table) awsglue.CfnTable {
	place := fmt.Sprintf("s3://%s/%s/", source.Bucket, table.Folders)
	serde, members := &awsglue.CfnTable_SerdeInfoProperty{SerializationLibrary: jsii.String("org.apache.hive.hcatalog.data.JsonSerDe")}, livesMembers
	if table.Form == settings.FormState {
		serde = &awsglue.CfnTable_SerdeInfoProperty{SerializationLibrary: jsii.String("org.openx.data.jsonserde.JsonSerDe"), Parameters: openXParameters()}
		members = stateMembers
	}
	var keys []any
	for _, column := range []string{"account_id", "region", "year", "month", "day"} {
		keys = append(keys, &awsglue.CfnTable_ColumnProperty{Name: jsii.String(column), Type: jsii.String("string")})
	}
	return awsglue.NewCfnTable(b.stack, jsii.String("Table"+logical(table.Name)), &awsglue.CfnTableProps{
		CatalogId: b.stack.Account(), DatabaseName: jsii.String(b.settings.Raw.Database),
		TableInput: &awsglue.CfnTable_TableInputProperty{
			Name: jsii.String(table.Name), TableType: jsii.String("EXTERNAL_TABLE"), PartitionKeys: &keys,
			Description: jsii.String("Deliveries of AWS Config of the source " + source.Name),
			Parameters:  b.projection(place, table),
			StorageDescriptor: &awsglue.CfnTable_StorageDescriptorProperty{
				Location:     &place,
				InputFormat:  jsii.String("org.apache.hadoop.mapred.TextInputFormat"),
				OutputFormat: jsii.String("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
				SerdeInfo:    serde,
				Columns: &[]any{
					&awsglue.CfnTable_ColumnProperty{Name: jsii.String("fileversion"), Type: jsii.String("string")},
					&awsglue.CfnTable_ColumnProperty{Name: jsii.String("configurationitems"), Type: jsii.String("array<struct<" + members + ">>")},
				},
			},
		},
	})
}

// projection says how folders are found. Years, months and days have no digits,
// as AWS Config does not pad them.
func (b *build) projection(place string, table settings.Table) map[string]any {
	years := b.settings.Raw.Years
	parameters := map[string]any{
		"EXTERNAL":                  "TRUE",
		"projection.enabled":        "true",
		"storage.location.template": place + "${account_id}/Config/${region}/${year}/${month}/${day}/",
		"projection.region.type":    "enum", "projection.region.values": strings.Join(b.settings.Raw.Regions, ","),
		"projection.year.type": "integer", "projection.year.range": strconv.Itoa(years[0]) + "," + strconv.Itoa(years[1]),
		"projection.month.type": "integer", "projection.month.range": "1,12",
		"projection.day.type": "integer", "projection.day.range": "1,31",
		"projection.account_id.type": "injected",
	}
	if len(table.Accounts) > 0 {
		parameters["projection.account_id.type"] = "enum"
		parameters["projection.account_id.values"] = strings.Join(table.Accounts, ",")
	}
	return parameters
}

// The members of an item, on one line, as Hive's parser wants them. State is text,
// which only the OpenX SerDe can give of an object.
const (
	livesMembers = "configurationItemVersion:string,configurationItemCaptureTime:string,configurationStateId:bigint,awsAccountId:string," +
		"awsRegion:string,configurationItemStatus:string,resourceType:string,resourceId:string,resourceName:string,ARN:string," +
		"availabilityZone:string,configurationStateMd5Hash:string,resourceCreationTime:string,tags:map<string,string>"
	stateMembers = livesMembers + ",relationships:string,configuration:string,supplementaryConfiguration:string"
)

// openXParameters tell names apart that differ in case only, such as the tags
// Environment and environment: one such item would else break every query.
func openXParameters() map[string]any {
	parameters := map[string]any{
		"case.insensitive": "FALSE", "mapping.fileversion": "fileVersion", "mapping.configurationitems": "configurationItems",
	}
	for member := range strings.SplitSeq(strings.ReplaceAll(stateMembers, "map<string,string>", "map"), ",") {
		name, _, _ := strings.Cut(member, ":")
		if lower := strings.ToLower(name); lower != name {
			parameters["mapping."+lower] = name
		}
	}
	return parameters
}
