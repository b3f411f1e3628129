package lake

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// eventIDs reads the ids of an account's events in a file, and no other column
// but the account's.
func eventIDs(ctx context.Context, files opener, path, account string, add func(id string)) error {
	f, err := openParquet(ctx, files, path)
	if err != nil {
		return err
	}
	defer f.close()
	for _, group := range f.parquet.RowGroups() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		low, high, ok := bounds(f, group, "account")
		if ok && (string(low.ByteArray()) > account || string(high.ByteArray()) < account) {
			continue
		}
		if err := groupEventIDs(f, group, account, add); err != nil {
			return fmt.Errorf("read data file %s: %w", path, err)
		}
	}
	return nil
}

func groupEventIDs(f *openFile, group parquet.RowGroup, account string, add func(id string)) error {
	accounts, found := f.column(group, "account")
	if !found {
		return fmt.Errorf("it has no column account")
	}
	ids, found := f.column(group, "event_id")
	if !found {
		return fmt.Errorf("it has no column event_id")
	}
	mine := make([]bool, 0, group.NumRows())
	if err := eachValue(accounts, func(v parquet.Value) { mine = append(mine, string(v.ByteArray()) == account) }); err != nil {
		return err
	}
	i := 0
	return eachValue(ids, func(v parquet.Value) {
		if i < len(mine) && mine[i] {
			add(string(v.ByteArray()))
		}
		i++
	})
}

func eachValue(chunk parquet.ColumnChunk, use func(parquet.Value)) error {
	reader := &valueReader{pages: chunk.Pages()}
	defer reader.close()
	values := make([]parquet.Value, columnBatch)
	for {
		n, err := reader.read(values)
		for _, v := range values[:n] {
			use(v)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
