package lake_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"configtrail"
	"configtrail/internal/lake"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
)

// fieldIDs lists the id of each part of a Parquet file by its path.
func fieldIDs(column *parquet.Column, path string, ids map[string]int) {
	for _, c := range column.Columns() {
		name := path + "/" + c.Name()
		if c.ID() != 0 { // the repeated groups between have none
			ids[strings.NewReplacer("/key_value", "", "/list", "").Replace(name)] = c.ID()
		}
		fieldIDs(c, name, ids)
	}
}

func columnIDs(columns []lake.Column, path string, ids map[string]int) {
	for _, c := range columns {
		ids[path+"/"+c.Name] = c.ID
		columnIDs(c.Type.Fields, path+"/"+c.Name, ids)
	}
}

func TestFilesHaveTheIdsOfTheSchema(t *testing.T) {
	l := create(t, t.TempDir())
	w := writer(t, l)
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
	if _, err := w.AddEvent(t.Context(), &configtrail.Event{ID: "e", Time: at("2024-11-05T00:00:00Z")}); err != nil {
		t.Fatal(err)
	}
	addDelivery(t, w, delivery("a", "2024-12-01T00:00:00Z", at("2024-11-05T00:00:00Z")))
	replace(t, changeWriter(t, l), 1, nil, []configtrail.Change{changeOf("a", "2024-11-05T00:00:00Z", "1")})

	for table, first := range map[string]string{
		lake.Items: "/account", lake.Changes: "/id", lake.Events: "/event_id", lake.Deliveries: "/uri",
	} {
		columns, err := l.Columns(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		files, err := l.Plan(t.Context(), table, configtrail.Scope{})
		if err != nil || len(files) != 1 {
			t.Fatalf("%s: files %v, error %v", table, files, err)
		}
		file, err := os.Open(files[0].Path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		opened, err := parquet.OpenFile(file, files[0].Bytes)
		if err != nil {
			t.Fatal(err)
		}
		want, got := map[string]int{}, map[string]int{}
		columnIDs(columns, "", want)
		fieldIDs(opened.Root(), "", got)
		if diff := cmp.Diff(want, got); diff != "" || want[first] != 1 {
			t.Errorf("%s: ids; %s has %d (-schema +file):\n%s", table, first, want[first], diff)
		}
	}
	if _, err := l.Columns(t.Context(), "users"); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("a table that is none: %v; want ErrInvalid", err)
	}
}

func TestALakeOfANewerVersionIsRefused(t *testing.T) {
	everywhere(t, testALakeOfANewerVersionIsRefused)
}

func testALakeOfANewerVersionIsRefused(t *testing.T, dir place) {
	l := create(t, dir)
	if err := l.MarkVersion(t.Context(), lake.Events, "2"); err != nil {
		t.Fatal(err)
	}
	_, err := lake.Open(t.Context(), options(t, dir, ""))
	var hint *configtrail.Hint
	if !errors.Is(err, configtrail.ErrInvalid) || !errors.As(err, &hint) || hint.Next != "update configtrail" {
		t.Errorf("error %v; want ErrInvalid with the hint to update", err)
	}
}

func TestWithoutPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may do everything")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := lake.Create(t.Context(), lake.Options{Dir: dir, RedactKeyID: "key-1"})
	var hint *configtrail.Hint
	if !errors.As(err, &hint) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v; want one that names the folder, with a hint", err)
	}
}
