package delivery

import "configtrail"

// tags reads tags in any of their shapes: a map, or a list of objects with a key
// and a value. It reports false for anything else, since a lost tag would be
// a change. A value that is no string counts as its JSON text, null as "".
func (d *decoder) tags(raw []byte) (map[string]string, bool) {
	switch {
	case raw == nil, string(raw) == `""`:
		return nil, true
	case isObject(raw):
		tags := make(map[string]string)
		for name, value := range pairs(raw) {
			tags[d.names.str(name)] = tagValue(value)
		}
		return tags, true
	case isList(raw):
		tags := make(map[string]string)
		for value := range elements(raw) {
			if !isObject(value) {
				return nil, false
			}
			key, text, ok := d.tag(value)
			if !ok {
				return nil, false
			}
			tags[key] = text
		}
		return tags, true
	}
	return nil, false
}

// tag reads one object of a list of tags.
func (d *decoder) tag(raw []byte) (key, value string, ok bool) {
	for name, member := range pairs(raw) {
		switch string(unquote(name)) {
		case "key", "Key", "tagKey", "TagKey", "tagName":
			key, ok = d.names.str(member), isString(member)
		case "value", "Value", "tagValue", "TagValue":
			value = tagValue(member)
		}
	}
	return key, value, ok
}

func tagValue(raw []byte) string {
	if isObject(raw) || isList(raw) {
		return string(raw)
	}
	return scalar(raw)
}

// relationships reads a list of relationships, under the names of S3 or of the
// API. It reports false for anything else.
func (d *decoder) relationships(raw []byte) ([]configtrail.Relationship, bool) {
	if raw == nil {
		return nil, true
	}
	if !isList(raw) {
		return nil, false
	}
	var related []configtrail.Relationship
	for value := range elements(raw) {
		if !isObject(value) {
			return nil, false
		}
		var one configtrail.Relationship
		for name, member := range pairs(value) {
			switch knownRaw(name) {
			case memberResourceType:
				one.ResourceType = d.names.str(member)
			case memberResourceID:
				one.ResourceID = scalar(member)
			case memberResourceName:
				one.ResourceName = scalar(member)
			case memberRelationshipName:
				one.Name = d.names.str(member)
			}
		}
		related = append(related, one)
	}
	return related, true
}

// texts reads the strings of a list; other elements are left out.
func (d *decoder) texts(raw []byte) []string {
	var texts []string
	for value := range listed(raw) {
		if isString(value) {
			texts = append(texts, scalar(value))
		}
	}
	return texts
}

// listsObjects reports whether a list begins with an object.
func listsObjects(raw []byte) bool {
	for value := range listed(raw) {
		return isObject(value)
	}
	return false
}
