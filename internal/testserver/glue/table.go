package glue

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"configtrail/internal/testserver/awsjson"
)

type tableInput struct {
	catalogID
	DatabaseName string
	Name         string
	TableInput   members
	VersionID    *string
	SkipArchive  bool

	// Operations of Glue itself on Iceberg tables, which this server has none of.
	OpenTableFormatInput       any
	UpdateOpenTableFormatInput any
}

type tableOutput struct{ Table members }

// table finds a table of a database; the caller holds the lock.
func (c *Catalog) table(id catalogID, databaseName, given string) (*database, *table, error) {
	db, err := c.find(id, databaseName)
	if err != nil {
		return nil, nil, err
	}
	key, err := name("name", given)
	if err != nil {
		return nil, nil, err
	}
	t := db.tables[key]
	if t == nil {
		return nil, nil, missing("Table %s not found.", key)
	}
	return db, t, nil
}

// checked is a table's input with its name folded.
func (in *tableInput) checked() (string, error) {
	if in.OpenTableFormatInput != nil || in.UpdateOpenTableFormatInput != nil {
		return "", invalid("this server leaves the metadata of Iceberg tables to its callers")
	}
	key, err := name("tableInput.name", in.TableInput.text("Name"))
	if err != nil {
		return "", err
	}
	storage, _ := in.TableInput["StorageDescriptor"].(map[string]any)
	for where, list := range map[string]any{"storageDescriptor.columns": storage["Columns"], "partitionKeys": in.TableInput["PartitionKeys"]} {
		columns, _ := list.([]any)
		for _, column := range columns {
			fields, _ := column.(map[string]any)
			if _, err := name("tableInput."+where+".name", members(fields).text("Name")); err != nil {
				return "", err
			}
		}
	}
	in.TableInput["Name"] = key
	return key, nil
}

func (c *Catalog) createTable(_ context.Context, in *tableInput) (nothing, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	db, err := c.find(in.catalogID, in.DatabaseName)
	if err != nil {
		return nothing{}, err
	}
	key, err := in.checked()
	if err != nil {
		return nothing{}, err
	}
	if db.tables[key] != nil {
		return nothing{}, exists("Table already exists.")
	}
	now := c.now()
	db.tables[key] = &table{input: in.TableInput, created: now, updated: now, partitions: map[string]members{}, statistics: map[string]members{}}
	return nothing{}, nil
}

// shown is a table as the API gives it.
func (t *table) shown(db *database) members {
	out := maps.Clone(t.input)
	out["DatabaseName"] = db.input.text("Name")
	out["CreateTime"] = awsjson.Time(t.created)
	out["UpdateTime"] = awsjson.Time(t.updated)
	out["CatalogId"] = Account
	out["CreatedBy"] = "arn:aws:iam::" + Account + ":user/test"
	out["IsRegisteredWithLakeFormation"] = false
	out["VersionId"] = strconv.Itoa(t.version)
	return out
}

func (c *Catalog) getTable(_ context.Context, in *tableInput) (*tableOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	db, t, err := c.table(in.catalogID, in.DatabaseName, in.Name)
	if err != nil {
		return nil, err
	}
	return &tableOutput{Table: t.shown(db)}, nil
}

type getTablesInput struct {
	catalogID
	page
	DatabaseName    string
	Expression      string
	AttributesToGet []string
}

type getTablesOutput struct {
	TableList []members
	NextToken string `json:",omitempty"`
}

func (c *Catalog) getTables(_ context.Context, in *getTablesInput) (*getTablesOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	db, err := c.find(in.catalogID, in.DatabaseName)
	if err != nil {
		return nil, err
	}
	pattern, err := regexp.Compile("^(?:" + in.Expression + ")$")
	if err != nil {
		return nil, invalid("Expression %s is no regular expression", in.Expression)
	}
	names := slices.DeleteFunc(sorted(db.tables), func(name string) bool {
		return in.Expression != "" && !pattern.MatchString(name)
	})
	names, next, err := in.cut(names, maxPage)
	if err != nil {
		return nil, err
	}
	out := &getTablesOutput{TableList: []members{}, NextToken: next}
	for _, name := range names {
		out.TableList = append(out.TableList, only(db.tables[name].shown(db), in.AttributesToGet))
	}
	return out, nil
}

// only keeps the attributes asked for.
func only(shown members, attributes []string) members {
	if len(attributes) == 0 {
		return shown
	}
	out := members{}
	for attribute, key := range map[string]string{"NAME": "Name", "TABLE_TYPE": "TableType"} {
		if value, ok := shown[key]; ok && slices.Contains(attributes, attribute) {
			out[key] = value
		}
	}
	return out
}

// updateTable replaces the whole definition. Two that began from one version
// can't both succeed: that is the lock that Iceberg's commits rely on.
func (c *Catalog) updateTable(_ context.Context, in *tableInput) (nothing, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key, err := in.checked()
	if err != nil {
		return nothing{}, err
	}
	db, t, err := c.table(in.catalogID, in.DatabaseName, key)
	if err != nil {
		return nothing{}, err
	}
	if in.VersionID != nil {
		if _, err := strconv.ParseUint(*in.VersionID, 10, 63); err != nil {
			return nothing{}, invalid("VersionId %s is no version", *in.VersionID)
		}
		if *in.VersionID != strconv.Itoa(t.version) {
			return nothing{}, awsjson.Errorf("ConcurrentModificationException", "Update table failed due to concurrent modifications.")
		}
	}
	if !in.SkipArchive {
		t.archive = append(t.archive, version{number: t.version, shown: t.shown(db)})
	}
	t.input = in.TableInput
	t.version++
	t.updated = c.now()
	return nothing{}, nil
}

func (c *Catalog) deleteTable(_ context.Context, in *tableInput) (nothing, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	db, t, err := c.table(in.catalogID, in.DatabaseName, in.Name)
	if err != nil {
		return nothing{}, err
	}
	delete(db.tables, t.input.text("Name"))
	return nothing{}, nil
}

type batchDeleteTableInput struct {
	catalogID
	DatabaseName   string
	TablesToDelete []string
}

type tableError struct {
	TableName   string
	ErrorDetail struct{ ErrorCode, ErrorMessage string }
}

type batchDeleteTableOutput struct{ Errors []tableError }

func (c *Catalog) batchDeleteTable(_ context.Context, in *batchDeleteTableInput) (*batchDeleteTableOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.find(in.catalogID, in.DatabaseName); err != nil {
		return nil, err
	}
	out := &batchDeleteTableOutput{Errors: []tableError{}}
	for _, given := range in.TablesToDelete {
		db, t, err := c.table(in.catalogID, in.DatabaseName, given)
		if err != nil {
			failed := tableError{TableName: given}
			failed.ErrorDetail.ErrorCode, failed.ErrorDetail.ErrorMessage = "EntityNotFoundException", err.Error()
			out.Errors = append(out.Errors, failed)
			continue
		}
		delete(db.tables, t.input.text("Name"))
	}
	return out, nil
}

type getTableVersionsInput struct {
	catalogID
	page
	DatabaseName, TableName string
}

type tableVersion struct {
	Table     members
	VersionID string `json:"VersionId"`
}

type getTableVersionsOutput struct {
	TableVersions []tableVersion
}

// getTableVersions lists the newest first, and all on one page.
func (c *Catalog) getTableVersions(_ context.Context, in *getTableVersionsInput) (*getTableVersionsOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	db, t, err := c.table(in.catalogID, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	out := &getTableVersionsOutput{TableVersions: []tableVersion{{Table: t.shown(db), VersionID: strconv.Itoa(t.version)}}}
	for _, old := range slices.Backward(t.archive) {
		out.TableVersions = append(out.TableVersions, tableVersion{Table: old.shown, VersionID: strconv.Itoa(old.number)})
	}
	return out, nil
}
