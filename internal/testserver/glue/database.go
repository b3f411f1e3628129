package glue

import (
	"context"
	"maps"

	"configtrail/internal/testserver/awsjson"
)

type databaseInput struct {
	catalogID
	Name          string
	DatabaseInput members
}

type databaseOutput struct{ Database members }

// find is the named database; the caller holds the lock.
func (c *Catalog) find(id catalogID, given string) (*database, error) {
	if err := id.check(); err != nil {
		return nil, err
	}
	key, err := name("databaseName", given)
	if err != nil {
		return nil, err
	}
	db := c.databases[key]
	if db == nil {
		return nil, missing("Database %s not found.", key)
	}
	return db, nil
}

func (c *Catalog) createDatabase(_ context.Context, in *databaseInput) (nothing, error) {
	if err := in.check(); err != nil {
		return nothing{}, err
	}
	key, err := name("databaseInput.name", in.DatabaseInput.text("Name"))
	if err != nil {
		return nothing{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.databases[key] != nil {
		return nothing{}, exists("Database already exists.")
	}
	in.DatabaseInput["Name"] = key
	c.databases[key] = &database{input: in.DatabaseInput, created: c.now(), tables: map[string]*table{}}
	return nothing{}, nil
}

func (d *database) shown() members {
	out := maps.Clone(d.input)
	out["CreateTime"] = awsjson.Time(d.created)
	out["CatalogId"] = Account
	return out
}

func (c *Catalog) getDatabase(_ context.Context, in *databaseInput) (*databaseOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	db, err := c.find(in.catalogID, in.Name)
	if err != nil {
		return nil, err
	}
	return &databaseOutput{Database: db.shown()}, nil
}

type getDatabasesInput struct {
	catalogID
	page
}

type getDatabasesOutput struct {
	DatabaseList []members
	NextToken    string `json:",omitempty"`
}

func (c *Catalog) getDatabases(_ context.Context, in *getDatabasesInput) (*getDatabasesOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	names, next, err := in.cut(sorted(c.databases), maxPage)
	if err != nil {
		return nil, err
	}
	out := &getDatabasesOutput{DatabaseList: []members{}, NextToken: next}
	for _, name := range names {
		out.DatabaseList = append(out.DatabaseList, c.databases[name].shown())
	}
	return out, nil
}

func (c *Catalog) updateDatabase(_ context.Context, in *databaseInput) (nothing, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	db, err := c.find(in.catalogID, in.Name)
	if err != nil {
		return nothing{}, err
	}
	key, err := name("databaseInput.name", in.DatabaseInput.text("Name"))
	if err != nil {
		return nothing{}, err
	}
	if key != db.input.text("Name") {
		return nothing{}, invalid("Database can't be renamed")
	}
	in.DatabaseInput["Name"] = key
	db.input = in.DatabaseInput
	return nothing{}, nil
}

// deleteDatabase deletes its tables too, as Glue does.
func (c *Catalog) deleteDatabase(_ context.Context, in *databaseInput) (nothing, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	db, err := c.find(in.catalogID, in.Name)
	if err != nil {
		return nothing{}, err
	}
	delete(c.databases, db.input.text("Name"))
	return nothing{}, nil
}
