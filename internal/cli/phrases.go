package cli

import (
	"regexp"

	"configtrail/internal/message"
)

// phrase is a sentence that another package writes in English, and the message
// that says the same. The named parts of the pattern are the message's arguments.
type phrase struct {
	key     string
	pattern *regexp.Regexp
}

// phrases are the sentences that people meet often. What is not among them stays
// English behind a lead in the person's language.
var phrases = []phrase{
	// Settings.
	{"settings.unknown", regexp.MustCompile(`unknown key "(?P<name>[^"]*)"; allowed: (?P<allowed>.+)$`)},
	{"settings.none_of", regexp.MustCompile(`"(?P<value>[^"]*)" is none of (?P<allowed>.+)$`)},
	{"settings.zone", regexp.MustCompile(`"(?P<value>[^"]*)" is no time zone; write it as Asia/Tokyo or UTC$`)},
	{"settings.twice", regexp.MustCompile(`(?P<name>\S+) is set twice, first in line (?P<line>\d+)$`)},
	{"settings.no_value", regexp.MustCompile(`(?P<name>\S+) has no value; give it one or remove it$`)},
	{"settings.account", regexp.MustCompile(`"(?P<value>[^"]*)" is not an account id: twelve digits$`)},
	{"settings.two_keys", regexp.MustCompile(`redact-key-file and redact-key-secret are both set; leave one out$`)},

	// The guard of free SQL.
	{"sql.statement", regexp.MustCompile(`^"(?P<name>\w+)", a statement that is no SELECT, is not allowed in a query$`)},
	{"sql.several", regexp.MustCompile(`^more than one statement is not allowed in a query$`)},
	{"sql.relation", regexp.MustCompile(`^the relation "(?P<name>.*)" is not allowed in a query$`)},
	{"sql.table_function", regexp.MustCompile(`^the table function "(?P<name>.*)" is not allowed in a query$`)},
	{"sql.function", regexp.MustCompile(`^the function "(?P<name>.*)" is not allowed in a query$`)},
	{"sql.other", regexp.MustCompile(`^(?P<name>.+) is not allowed in a query$`)},
	{"sql.empty", regexp.MustCompile(`^the query is empty$`)},

	// AWS, as package aws explains it.
	{"aws.no_bucket", regexp.MustCompile(`no such bucket$`)},
	{"aws.no_credentials", regexp.MustCompile(`no AWS credentials found`)},
	{"aws.expired", regexp.MustCompile(`the AWS credentials have expired`)},
	{"aws.login", regexp.MustCompile(`the (?P<name>SSO|console) login has expired(?: or is missing)?`)},
	{"aws.unknown_keys", regexp.MustCompile(`AWS does not know these credentials`)},
	{"aws.denied", regexp.MustCompile(`access denied: (?P<name>.+)$`)},
	{"aws.elsewhere", regexp.MustCompile(`the bucket is in (?P<name>[a-z]+(?:-[a-z0-9]+)+)$`)},
	{"aws.profile", regexp.MustCompile(`no AWS profile (?P<name>.+)$`)},
	{"aws.no_connection", regexp.MustCompile(`no connection to (?P<name>.+)$`)},
	{"aws.no_host", regexp.MustCompile(`no such host: (?P<name>.+)$`)},
	{"aws.slow", regexp.MustCompile(`AWS asked to slow down, and went on asking$`)},

	// Cursors of package history.
	{"cursor.damaged", regexp.MustCompile(`^the cursor is damaged$`)},
	{"cursor.other", regexp.MustCompile(`^the cursor belongs to another filter or order$`)},
	{"cursor.next", regexp.MustCompile(`^begin again without a cursor$`)},

	// Next steps.
	{"next.buckets", regexp.MustCompile(`^list the buckets with: (?P<command>.+)$`)},
	{"next.again", regexp.MustCompile(`^wait a few minutes and run it again: it goes on where it stopped$`)},
	{"next.network", regexp.MustCompile(`^check the network(?:, --aws-region)? and --endpoint-url$`)},
	{"next.allow", regexp.MustCompile(`^allow (?P<name>\S+) for the identity that this shows: (?P<command>.+)$`)},
	{"next.login", regexp.MustCompile(`^log in with (?P<command>.+?) and name it with --profile NAME, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY$`)},
	{"next.zone", regexp.MustCompile(`^name it with --tz or CONFIGTRAIL_TZ, such as --tz Asia/Tokyo$`)},
	{"next.chmod", regexp.MustCompile(`^run chmod 600 (?P<name>.+)$`)},
	{"next.space", regexp.MustCompile(`^free space on the disk that holds the lake, then run the command again: nothing is lost or doubled$`)},
	{"next.rights", regexp.MustCompile(`^give this user the right to read and write the lake's folder$`)},
	{"next.restore", regexp.MustCompile(`^restore the missing file, or ingest again into a new lake$`)},
	{"next.narrow", regexp.MustCompile(`^Narrow the span, or count before selecting rows\.$`)},
}

// phrase says a text of another package in the person's language, as far as it
// is known. English is what it is written in.
func (a *app) phrase(text string) string {
	if a.p.Lang() == message.English {
		return text
	}
	for _, p := range phrases {
		found := p.pattern.FindStringSubmatchIndex(text)
		if found == nil {
			continue
		}
		values := message.Args{}
		for i, name := range p.pattern.SubexpNames() {
			if name != "" {
				values[name] = text[found[2*i]:found[2*i+1]]
			}
		}
		return text[:found[0]] + a.p.Text("phrase."+p.key, values) + text[found[1]:]
	}
	return text
}
