package glue

import "context"

// statisticsInput names columns of a table, or brings what is known of them.
type statisticsInput struct {
	catalogID
	DatabaseName, TableName, ColumnName string
	ColumnNames                         []string
	ColumnStatisticsList                []members
}

type statisticsOutput struct {
	ColumnStatisticsList []members
	Errors               []members
}

func (c *Catalog) getTableStatistics(_ context.Context, in *statisticsInput) (*statisticsOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, t, err := c.table(in.catalogID, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	out := &statisticsOutput{ColumnStatisticsList: []members{}, Errors: []members{}}
	for _, column := range in.ColumnNames {
		if known := t.statistics[column]; known != nil {
			out.ColumnStatisticsList = append(out.ColumnStatisticsList, known)
			continue
		}
		out.Errors = append(out.Errors, members{"ColumnName": column, "Error": members{
			"ErrorCode": "EntityNotFoundException", "ErrorMessage": "Entity Not Found",
		}})
	}
	return out, nil
}

type updateStatisticsOutput struct{ Errors []members }

func (c *Catalog) updateTableStatistics(_ context.Context, in *statisticsInput) (*updateStatisticsOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, t, err := c.table(in.catalogID, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	for _, known := range in.ColumnStatisticsList {
		t.statistics[known.text("ColumnName")] = known
	}
	return &updateStatisticsOutput{Errors: []members{}}, nil
}

func (c *Catalog) deleteTableStatistics(_ context.Context, in *statisticsInput) (nothing, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, t, err := c.table(in.catalogID, in.DatabaseName, in.TableName)
	if err != nil {
		return nothing{}, err
	}
	delete(t.statistics, in.ColumnName)
	return nothing{}, nil
}

// getPartitionStatistics knows nothing of any partition.
func (c *Catalog) getPartitionStatistics(_ context.Context, in *statisticsInput) (*statisticsOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, _, err := c.table(in.catalogID, in.DatabaseName, in.TableName); err != nil {
		return nil, err
	}
	return &statisticsOutput{ColumnStatisticsList: []members{}, Errors: []members{}}, nil
}

type functionsInput struct {
	catalogID
	page
	DatabaseName, FunctionName, Pattern string
}

type functionsOutput struct{ UserDefinedFunctions []members }

// getFunctions lists none: the catalog keeps no functions.
func (c *Catalog) getFunctions(_ context.Context, in *functionsInput) (*functionsOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if in.DatabaseName != "" {
		if _, err := c.find(in.catalogID, in.DatabaseName); err != nil {
			return nil, err
		}
	}
	return &functionsOutput{UserDefinedFunctions: []members{}}, nil
}

func (c *Catalog) getFunction(_ context.Context, in *functionsInput) (*functionsOutput, error) {
	return nil, missing("Function %s not found.", in.FunctionName)
}
