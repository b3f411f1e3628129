package redact_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"configtrail"
)

// sharedFolder is a folder of samples that lie beside the project.
func sharedFolder(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the package")
		}
		dir = parent
	}
	folder := filepath.Join(filepath.Dir(dir), "shared", name)
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("samples are absent: no folder shared/%s beside the project", name)
	}
	return folder
}

// sample is one record of the samples and the file it is from.
type sample struct {
	file  string
	item  *configtrail.ConfigurationItem
	event *configtrail.Event
}

// samples reads every configuration item and CloudTrail record in the real
// samples, however deep and in whatever envelope.
func samples(t testing.TB) []sample {
	root := sharedFolder(t, "fixtures")
	var all []sample
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".json", ".log"}, filepath.Ext(path)) || strings.Contains(path, "resource-schema") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		collect(raw, func(s sample) { s.file = name; all = append(all, s) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// collect calls add for each record in a JSON value, looking into strings.
func collect(raw json.RawMessage, add func(sample)) {
	var object map[string]json.RawMessage
	var list []json.RawMessage
	var text string
	switch {
	case json.Unmarshal(raw, &object) == nil:
		if object["resourceType"] != nil && (object["configuration"] != nil || object["supplementaryConfiguration"] != nil || object["tags"] != nil) {
			add(sample{item: itemOf(object)})
			return
		}
		if object["eventName"] != nil && object["eventSource"] != nil {
			add(sample{event: eventOf(object)})
			return
		}
		for _, member := range object {
			collect(member, add)
		}
	case json.Unmarshal(raw, &list) == nil:
		for _, element := range list {
			collect(element, add)
		}
	case json.Unmarshal(raw, &text) == nil:
		if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
			collect(json.RawMessage(text), add)
		}
	}
}

func itemOf(object map[string]json.RawMessage) *configtrail.ConfigurationItem {
	item := &configtrail.ConfigurationItem{
		Configuration:              unwrapped(object["configuration"]),
		SupplementaryConfiguration: unwrapped(object["supplementaryConfiguration"]),
	}
	// Odd items in the samples have other forms here; what does not fit stays empty.
	json.Unmarshal(object["resourceType"], &item.Key.Type)
	json.Unmarshal(object["resourceId"], &item.Key.ID)
	json.Unmarshal(object["tags"], &item.Tags)
	return item
}

func eventOf(object map[string]json.RawMessage) *configtrail.Event {
	event := &configtrail.Event{Request: object["requestParameters"], Response: object["responseElements"]}
	json.Unmarshal(object["eventName"], &event.Name)
	json.Unmarshal(object["eventSource"], &event.Source)
	json.Unmarshal(object["userAgent"], &event.UserAgent)
	return event
}

// unwrapped is the JSON inside of a JSON string, as the API gives it.
func unwrapped(raw json.RawMessage) json.RawMessage {
	var text string
	if json.Unmarshal(raw, &text) == nil && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return raw
}

// leaves calls f for each string in a JSON value, in the order of member names,
// with the path that leads to it.
func leaves(raw json.RawMessage, f func(path, text string)) {
	var value any
	if json.Unmarshal(raw, &value) == nil {
		leavesOf(value, "", f)
	}
}

func leavesOf(value any, path string, f func(path, text string)) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			leavesOf(value[key], path+"/"+key, f)
		}
	case []any:
		for _, element := range value {
			leavesOf(element, path+"/*", f)
		}
	case string:
		f(path, value)
	}
}
