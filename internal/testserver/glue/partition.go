package glue

import (
	"context"
	"maps"
	"strings"

	"configtrail/internal/testserver/awsjson"
)

// partitionInput names a partition by its values, or brings one.
type partitionInput struct {
	catalogID
	DatabaseName, TableName string
	PartitionValues         []string
	PartitionInput          members
	PartitionInputList      []members
	PartitionsToGet         []struct{ Values []string }
}

// key is what a partition is found by.
func key(values []string) string { return strings.Join(values, "\x00") }

// values are a partition's, as sent.
func (m members) values() []string {
	list, _ := m["Values"].([]any)
	var out []string
	for _, value := range list {
		text, _ := value.(string)
		out = append(out, text)
	}
	return out
}

// add keeps a partition of the table that the input names.
func (c *Catalog) add(in *partitionInput, partition members) error {
	db, t, err := c.table(in.catalogID, in.DatabaseName, in.TableName)
	if err != nil {
		return err
	}
	keys, _ := t.input["PartitionKeys"].([]any)
	values := partition.values()
	if len(values) != len(keys) {
		return invalid("The number of partition keys do not match the number of partition values")
	}
	if t.partitions[key(values)] != nil {
		return exists("Partition already exists.")
	}
	partition = maps.Clone(partition)
	partition["DatabaseName"], partition["TableName"] = db.input.text("Name"), t.input.text("Name")
	partition["CreationTime"], partition["CatalogId"] = awsjson.Time(c.now()), Account
	t.partitions[key(values)] = partition
	return nil
}

func (c *Catalog) createPartition(_ context.Context, in *partitionInput) (nothing, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return nothing{}, c.add(in, in.PartitionInput)
}

type partitionError struct {
	PartitionValues []string
	ErrorDetail     struct{ ErrorCode, ErrorMessage string }
}

type batchCreatePartitionOutput struct{ Errors []partitionError }

func (c *Catalog) batchCreatePartition(_ context.Context, in *partitionInput) (*batchCreatePartitionOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, _, err := c.table(in.catalogID, in.DatabaseName, in.TableName); err != nil {
		return nil, err
	}
	out := &batchCreatePartitionOutput{Errors: []partitionError{}}
	for _, partition := range in.PartitionInputList {
		if err := c.add(in, partition); err != nil {
			failed := partitionError{PartitionValues: partition.values()}
			failed.ErrorDetail.ErrorCode, failed.ErrorDetail.ErrorMessage = "AlreadyExistsException", err.Error()
			out.Errors = append(out.Errors, failed)
		}
	}
	return out, nil
}

type partitionOutput struct{ Partition members }

func (c *Catalog) getPartition(_ context.Context, in *partitionInput) (*partitionOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, t, err := c.table(in.catalogID, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	partition := t.partitions[key(in.PartitionValues)]
	if partition == nil {
		return nil, missing("Cannot find partition.")
	}
	return &partitionOutput{Partition: partition}, nil
}

type batchGetPartitionOutput struct {
	Partitions      []members
	UnprocessedKeys []members
}

func (c *Catalog) batchGetPartition(_ context.Context, in *partitionInput) (*batchGetPartitionOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, t, err := c.table(in.catalogID, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	out := &batchGetPartitionOutput{Partitions: []members{}, UnprocessedKeys: []members{}}
	for _, wanted := range in.PartitionsToGet {
		if partition := t.partitions[key(wanted.Values)]; partition != nil {
			out.Partitions = append(out.Partitions, partition)
		}
	}
	return out, nil
}

func (c *Catalog) deletePartition(_ context.Context, in *partitionInput) (nothing, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, t, err := c.table(in.catalogID, in.DatabaseName, in.TableName)
	if err != nil {
		return nothing{}, err
	}
	if t.partitions[key(in.PartitionValues)] == nil {
		return nothing{}, missing("Cannot find partition.")
	}
	delete(t.partitions, key(in.PartitionValues))
	return nothing{}, nil
}

type getPartitionsInput struct {
	catalogID
	page
	DatabaseName, TableName, Expression string
	Segment                             *struct{ SegmentNumber, TotalSegments int }
}

type getPartitionsOutput struct {
	Partitions []members
	NextToken  string `json:",omitempty"`
}

// maxPartitions is Glue's limit of partitions in one answer.
const maxPartitions = 1000

// getPartitions gives all of them in the first segment. An expression would
// have to be evaluated: better refused than ignored.
func (c *Catalog) getPartitions(_ context.Context, in *getPartitionsInput) (*getPartitionsOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, t, err := c.table(in.catalogID, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	out := &getPartitionsOutput{Partitions: []members{}}
	if in.Segment != nil && in.Segment.SegmentNumber > 0 || len(t.partitions) == 0 {
		return out, nil
	}
	if in.Expression != "" {
		return nil, invalid("this server evaluates no expression over partitions: %s", in.Expression)
	}
	keys, next, err := in.cut(sorted(t.partitions), maxPartitions)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		out.Partitions = append(out.Partitions, t.partitions[key])
	}
	out.NextToken = next
	return out, nil
}

type getPartitionIndexesOutput struct{ PartitionIndexDescriptorList []members }

// getPartitionIndexes lists none: they make Glue faster and change no answer.
func (c *Catalog) getPartitionIndexes(_ context.Context, in *partitionInput) (*getPartitionIndexesOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, _, err := c.table(in.catalogID, in.DatabaseName, in.TableName); err != nil {
		return nil, err
	}
	return &getPartitionIndexesOutput{PartitionIndexDescriptorList: []members{}}, nil
}
