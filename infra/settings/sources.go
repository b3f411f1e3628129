package settings

import (
	"fmt"
	"slices"
	"strings"
)

func (c *complaint) sources(s Settings) {
	if len(s.Sources) == 0 && len(s.Streams) == 0 {
		c.say("sources: name at least one bucket that AWS Config delivers to")
	}
	var names, tables []string
	for i, source := range s.Sources {
		where := fmt.Sprintf("sources[%d]", i)
		c.matches(where+".name", source.Name, aName, "name: small letters and digits, at most 20")
		if slices.Contains(names, source.Name) {
			c.say("%s.name: %q stands there twice", where, source.Name)
		}
		names = append(names, source.Name)
		c.source(where, source)
		for j, table := range source.Tables {
			at := fmt.Sprintf("%s.tables[%d]", where, j)
			if slices.Contains(tables, table.Name) {
				c.say("%s.name: %q stands there twice", at, table.Name)
			}
			tables = append(tables, table.Name)
			c.table(at, table, source)
		}
	}
	for i, stream := range s.Streams {
		c.stream(fmt.Sprintf("streams[%d]", i), stream)
	}
	if len(tables) > 0 {
		c.raw(s.Raw)
		if s.Raw.Database == s.Lake.Database {
			c.say("raw.database: the lake has a database of its own; name another one")
		}
	}
	if s.Answer.Source == FromRaw {
		c.answersFromRaw(s, tables)
	}
}

func (c *complaint) source(where string, s Source) {
	c.matches(where+".bucket", s.Bucket, aBucket, "name of a bucket")
	c.matches(where+".owner", s.Owner, anAccount, "account id: twelve digits, in quotes")
	if s.Region != "" {
		c.matches(where+".region", s.Region, aRegion, "region")
	}
	if len(s.Folders) == 0 {
		c.say("%s.folders: name the folders before the account's, such as AWSLogs", where)
	}
	for i, one := range s.Folders {
		c.matches(where+".folders", one, folders, "row of folders such as AWSLogs/o-exampleorgid, without a slash before or behind")
		for j, other := range s.Folders {
			if i != j && (other == one || strings.HasPrefix(other, one+"/")) {
				c.say("%s.folders: %q lies in %q, which is read whole", where, other, one)
			}
		}
	}
	if s.KeyARN != "" {
		c.matches(where+".key_arn", s.KeyARN, aKey, "ARN of a KMS key; an alias is none")
	}
	c.oneOf(where+".access", s.Access, AccessOwn, AccessRole, AccessPolicy)
	switch {
	case s.Access == AccessRole:
		c.matches(where+".role_arn", s.RoleARN, aRole, "ARN of the role to assume")
	case s.RoleARN != "" || s.ExternalID != "":
		c.say("%s: role_arn and external_id belong to access: role", where)
	}
	if s.ExternalID != "" {
		c.matches(where+".external_id", s.ExternalID, anID, "external id")
	}
	if len(s.Ways) == 0 {
		c.say("%s.ways: say how new objects become known: sqs, sns, eventbridge or listing", where)
	}
	for _, way := range s.Ways {
		c.oneOf(where+".ways", way, WaySQS, WaySNS, WayEvents, WayListing)
	}
	if slices.Contains(s.Ways, WaySNS) != (len(s.Topics) > 0) {
		c.say("%s.topics: the way sns and topics go together", where)
	}
	for _, topic := range s.Topics {
		c.matches(where+".topics", topic.ARN, aTopic, "ARN of a topic")
	}
}

func (c *complaint) table(where string, t Table, s Source) {
	c.matches(where+".name", t.Name, aDatabase, "name of a table: small letters, digits and _")
	c.oneOf(where+".form", t.Form, FormState, FormLives)
	c.matches(where+".folders", t.Folders, folders, "row of folders such as AWSLogs/o-exampleorgid, without a slash before or behind")
	inside := func(folders string) bool { return strings.HasPrefix(t.Folders+"/", folders+"/") }
	if !slices.ContainsFunc(s.Folders, inside) {
		c.say("%s.folders: %q is none of the source's: %s", where, t.Folders, strings.Join(s.Folders, ", "))
	}
	for _, account := range t.Accounts {
		c.matches(where+".accounts", account, anAccount, "account id: twelve digits, in quotes")
	}
	if len(t.Accounts) > 50 {
		c.say("%s.accounts: %d accounts make queries slow; leave them out, so that the question names them", where, len(t.Accounts))
	}
}

func (c *complaint) raw(r Raw) {
	c.matches("raw.database", r.Database, aDatabase, "name of a Glue database: small letters, digits and _")
	if len(r.Regions) == 0 {
		c.say("raw.regions: name the regions that are recorded, as tables find their folders by them")
	}
	for _, region := range r.Regions {
		c.matches("raw.regions", region, aRegion, "region")
	}
	if r.Years[0] < 2014 || r.Years[1] > 9999 || r.Years[0] > r.Years[1] {
		c.say("raw.years: write the first and the last year, such as [2021, 2999]")
	}
}

func (c *complaint) stream(where string, s Stream) {
	switch {
	case s.EventBridge && s.ARN != "" || !s.EventBridge && s.ARN == "":
		c.say("%s: name a topic by arn, or set eventbridge: true", where)
	case s.ARN != "":
		c.matches(where+".arn", s.ARN, aTopic, "ARN of a topic")
	}
	for _, account := range s.Accounts {
		c.matches(where+".accounts", account, anAccount, "account id: twelve digits, in quotes")
	}
	if !s.EventBridge && len(s.Accounts) > 0 {
		c.say("%s.accounts: accounts send their events with eventbridge: true; a topic tells of its own", where)
	}
}

// answersFromRaw checks what raw answers need. Athena reads with the answering
// function's role, which can't be that of another account.
func (c *complaint) answersFromRaw(s Settings, tables []string) {
	if len(tables) == 0 {
		c.say("answer.source: raw needs tables in a source")
	}
	for i, source := range s.Sources {
		if source.Access == AccessRole && len(source.Tables) > 0 {
			c.say("sources[%d].tables: Athena can't assume a role to read a bucket; use access: policy for answers from raw tables", i)
		}
	}
}
