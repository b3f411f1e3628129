package history

import (
	"encoding/json"
	"fmt"
	"strings"

	"configtrail"
	"configtrail/internal/diff"
)

// rawState is the state of an item as the texts of a raw table.
type rawState struct{ configuration, supplementary, relationships, tags string }

// rawHashKey is the same in every process, so that of two states of one capture
// time and state id the same one counts in every answer. The hashes tell equal
// states and are never given away: secrets could be guessed against them.
var rawHashKey = []byte("states of raw tables")

// compare fills in what is compared of an item, and its hash.
func (l *rawLedger) compare(item *rawItem, state rawState) *rawFlaw {
	if !l.content {
		return nil
	}
	if err := state.fill(&item.ConfigurationItem); err != nil {
		return badItem(&item.ConfigurationItem, err)
	}
	return nil
}

func (state rawState) fill(item *configtrail.ConfigurationItem) error {
	item.Configuration, item.SupplementaryConfiguration = present(state.configuration), present(state.supplementary)
	var err error
	if item.Relationships, err = readRelationships(present(state.relationships)); err != nil {
		return fmt.Errorf("relationships: %w", err)
	}
	if item.Tags, err = readTags(present(state.tags)); err != nil {
		return fmt.Errorf("tags: %w", err)
	}
	item.ContentHash, err = diff.Hash(rawHashKey, item)
	return err
}

// present is nil for text that says that there is nothing.
func present(text string) json.RawMessage {
	switch strings.TrimSpace(text) {
	case "", "null", `""`:
		return nil
	}
	return json.RawMessage(text)
}

// readRelationships reads a list of objects, or of texts that hold one each, as
// tables have them. The names of members may have lost their case.
func readRelationships(text json.RawMessage) ([]configtrail.Relationship, error) {
	if text == nil {
		return nil, nil
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(text, &elements); err != nil {
		return nil, err
	}
	var list []configtrail.Relationship
	for _, element := range elements {
		var inText string
		if json.Unmarshal(element, &inText) == nil {
			element = json.RawMessage(inText)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(element, &members); err != nil {
			return nil, err
		}
		var one configtrail.Relationship
		for name, value := range members {
			switch strings.ToLower(name) {
			case "resourcetype":
				one.ResourceType = scalarText(value)
			case "resourceid":
				one.ResourceID = scalarText(value)
			case "resourcename":
				one.ResourceName = scalarText(value)
			case "name", "relationshipname":
				one.Name = scalarText(value)
			}
		}
		list = append(list, one)
	}
	return list, nil
}

// readTags reads a map; a value that is no text counts as its JSON, null as "".
func readTags(text json.RawMessage) (map[string]string, error) {
	if text == nil {
		return nil, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	tags := make(map[string]string, len(members))
	for key, value := range members {
		if tags[key] = scalarText(value); len(value) > 0 && (value[0] == '{' || value[0] == '[') {
			tags[key] = string(value)
		}
	}
	return tags, nil
}

// scalarText is the text of a string, number or boolean; "" for anything else.
func scalarText(value json.RawMessage) string {
	var text string
	switch {
	case len(value) == 0 || value[0] == '{' || value[0] == '[' || value[0] == 'n':
		return ""
	case json.Unmarshal(value, &text) == nil:
		return text
	}
	return string(value)
}
