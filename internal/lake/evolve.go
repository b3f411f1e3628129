package lake

import (
	"context"
	"fmt"
	"slices"

	"configtrail"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// evolve gives each table the columns that a lake of an older configtrail lacks.
// They are found by their ids, which files carry as well, so that rows written
// before read as null there, and those written by a newer writer before this was
// called read as they were written. Nothing is taken away: columns that this code
// does not know stay, and so do names that somebody changed.
func (l *Lake) evolve(ctx context.Context) error {
	for _, name := range tableNames() {
		if err := l.evolveTable(ctx, name); err != nil {
			return fmt.Errorf("evolve table %s: %w", name, err)
		}
	}
	return nil
}

func (l *Lake) evolveTable(ctx context.Context, name string) error {
	for attempt := range attempts {
		if attempt > 0 {
			if err := backoff(ctx, attempt); err != nil {
				return err
			}
		}
		t, err := l.load(ctx, name)
		if err != nil {
			return err
		}
		e := evolution{schemas: t.Metadata().Schemas()}
		fields, err := e.merge(t.Schema().Fields(), numbered(name))
		if err != nil || !e.grown {
			return err
		}
		requirements := []table.Requirement{
			table.AssertTableUUID(t.Metadata().TableUUID()),
			table.AssertCurrentSchemaID(t.Schema().ID), table.AssertLastAssignedFieldID(t.Metadata().LastColumnID()),
		}
		_, _, err = l.catalog.CommitTable(ctx, t.Identifier(), requirements, []table.Update{
			table.NewAddSchemaUpdate(iceberg.NewSchema(0, fields...)), table.NewSetCurrentSchemaUpdate(-1),
		})
		if err == nil || !lostRace(err) {
			return err
		}
	}
	return fmt.Errorf("lost to other writers %d times", attempts)
}

// evolution merges the columns of a table with those that it is to have.
type evolution struct {
	schemas []*iceberg.Schema // all that the table had
	grown   bool
}

// merge gives the wanted columns in their order, as the table has them where it
// does, and then those that only the table has.
func (e *evolution) merge(have []iceberg.NestedField, want []Column) ([]iceberg.NestedField, error) {
	fields := make([]iceberg.NestedField, 0, len(want))
	for _, column := range want {
		i := slices.IndexFunc(have, func(f iceberg.NestedField) bool { return f.ID == column.ID })
		if i < 0 {
			field, err := e.add(have, column)
			if err != nil {
				return nil, err
			}
			fields = append(fields, field)
			continue
		}
		if err := e.ours(column); err != nil {
			return nil, err
		}
		typ, err := e.mergeType(have[i], column)
		if err != nil {
			return nil, err
		}
		field := have[i]
		field.Type = typ
		fields = append(fields, field)
	}
	for _, field := range have {
		if !slices.ContainsFunc(want, func(c Column) bool { return c.ID == field.ID }) {
			fields = append(fields, field)
		}
	}
	return fields, nil
}

// add makes a column that a table lacks. Rows that are there have no value for
// it, so it may be null, whatever it may be in a table made with it.
func (e *evolution) add(have []iceberg.NestedField, column Column) (iceberg.NestedField, error) {
	if slices.ContainsFunc(have, func(f iceberg.NestedField) bool { return f.Name == column.Name }) {
		return iceberg.NestedField{}, foreign("a column %s that is not configtrail's", column.Name)
	}
	if err := e.ours(column); err != nil {
		return iceberg.NestedField{}, err
	}
	e.grown = true
	return iceberg.NestedField{ID: column.ID, Name: column.Name, Type: icebergTypeOf(column.Type)}, nil
}

// ours refuses a table that gave the number of a column to another one. A column
// that was renamed had its own name once.
func (e *evolution) ours(column Column) error {
	var other string
	for _, schema := range e.schemas {
		field, found := schema.FindFieldByID(column.ID)
		if found && field.Name == column.Name {
			return nil
		}
		if found {
			other = field.Name
		}
	}
	if other == "" {
		return nil
	}
	return foreign("a column %s with the number %d, which is that of configtrail's column %s", other, column.ID, column.Name)
}

func foreign(format string, args ...any) error {
	return configtrail.WithHint(fmt.Errorf("%w: it has or had "+format, append([]any{configtrail.ErrConflict}, args...)...),
		"ingest into a new lake, and keep columns of your own in tables of your own")
}

func (e *evolution) mergeType(have iceberg.NestedField, want Column) (iceberg.Type, error) {
	typ, err := typeOf(have.Type)
	if err != nil || typ.Kind != want.Type.Kind {
		return nil, foreign("a column %s of type %s, not %s", have.Name, have.Type, want.Type.Kind)
	}
	switch nested := have.Type.(type) {
	case *iceberg.StructType:
		fields, err := e.merge(nested.FieldList, want.Type.Fields)
		return &iceberg.StructType{FieldList: fields}, err
	case *iceberg.ListType:
		element, err := e.mergeType(nested.ElementField(), want.Type.Fields[0])
		list := *nested
		list.Element = element
		return &list, err
	}
	return have.Type, nil // maps have texts only
}

// knowsLess reports whether a table has columns that this code would lose if it
// wrote its rows anew.
func knowsLess(t *table.Table, name string) (bool, error) {
	fields, err := t.Schema().FlatFields()
	if err != nil {
		return false, fmt.Errorf("table %s: %w", name, err)
	}
	known := ids(numbered(name))
	for field := range fields {
		if !slices.Contains(known, field.ID) {
			return true, nil
		}
	}
	return false, nil
}

func ids(columns []Column) []int {
	var all []int
	for _, c := range columns {
		all = append(append(all, c.ID), ids(c.Type.Fields)...)
	}
	return all
}
