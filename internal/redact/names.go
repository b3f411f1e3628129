package redact

import (
	"slices"
	"strings"
)

// verdict is what the name of a member tells about its value.
type verdict struct {
	class string // of a value that this name gives away; empty for most
	role  role
	flags flags // for what lies below the member
}

// role is the part a member plays among its siblings: many AWS shapes write
// {"name": "DB_PASSWORD", "value": "…"} instead of {"DB_PASSWORD": "…"}.
type role uint8

const (
	roleNone      role = iota
	roleName           // its value names the sibling value
	roleValue          // its name says nothing; the sibling's or the container's does
	roleKind           // says what sort of value the sibling holds, as SecureString
	roleNamespace      // of Elastic Beanstalk's option settings
	roleSecret         // isValueSecret: true says that the sibling value is one
)

// flags say what kind of place a value lies in.
type flags uint8

const (
	inEnvironment    flags = 1 << iota // each member is an environment variable
	belowEnvironment                   // directly below a member called environment
	inTags                             // each member is a tag
	inProse                            // text that people write: descriptions
)

var (
	nameRoles  = []string{"name", "key", "parameterkey", "parametername", "outputkey", "optionname", "variable", "variablename", "attributename", "headername", "settingname", "envname", "tagkey", "fieldname", "propertyname"}
	valueRoles = []string{"value", "values", "parametervalue", "outputvalue", "optionvalue", "variablevalue", "attributevalue", "headervalue", "settingvalue", "envvalue", "tagvalue", "fieldvalue", "propertyvalue", "stringvalue", "plaintext", "plaintextvalue", "default", "defaultvalue", "resolvedvalue"}
	envParents = []string{"environmentvariables", "runtimeenvironmentvariables", "environmentvariablesoverride", "envvars", "envvariables", "containerenvironment", "appenvironment"}
	tagParents = []string{"tags", "tagset", "taglist", "tagsmap", "tagsetlist", "resourcetags", "tagkeyvalues"}
	proseNames = []string{"description", "comment", "comments", "note", "notes", "remark", "remarks", "summary", "memo", "purpose", "alarmdescription", "groupdescription", "dbparametergroupdescription", "annotation"}
)

// judge tells everything about one member name. It is called once for each
// distinct name and cached.
func judge(name string) verdict {
	j := joined(name)
	v := verdict{class: classOf(name)}
	switch {
	case slices.Contains(nameRoles, j):
		v.role = roleName
	case slices.Contains(valueRoles, j):
		v.role = roleValue
	case j == "type" || j == "valuetype":
		v.role = roleKind
	case j == "namespace":
		v.role = roleNamespace
	case j == "isvaluesecret" || j == "issecret" || j == "secure" || j == "noecho":
		v.role = roleSecret
	}
	switch {
	case slices.Contains(envParents, j):
		v.flags = inEnvironment
	case j == "environment" || j == "env":
		v.flags = belowEnvironment
	case slices.Contains(tagParents, j):
		v.flags = inTags
	case slices.Contains(proseNames, j):
		v.flags = inProse
	}
	return v
}

// joined is the name in lower case without anything between its words, so that
// masterUserPassword, MASTER_USER_PASSWORD and master-user-password are one.
func joined(name string) string {
	var b strings.Builder
	b.Grow(len(name))
	for _, c := range []byte(name) {
		switch {
		case c >= 'A' && c <= 'Z':
			b.WriteByte(c + 'a' - 'A')
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteByte(c)
		}
	}
	return b.String()
}

// harmlessTails end the names of what describes a secret without being one:
// where it lies, how long it lives, whether it is required.
var harmlessTails = []string{
	"arn", "arns", "arnlist", "id", "ids", "name", "names", "type", "types", "policy", "policies", "length", "enabled", "disabled", "required",
	"expiry", "expiration", "expires", "expireson", "expiresat", "expired", "ttl", "validity", "unit", "units", "url", "urls", "uri", "uris", "endpoint", "endpoints",
	"path", "paths", "file", "filename", "format", "source", "sources", "status", "state", "version", "versions", "versionstages", "date", "time", "timestamp", "age", "seconds", "minutes",
	"days", "hours", "lastused", "lastrotated", "lastchanged", "lastset", "changed", "count", "algorithm", "spec", "usage", "provider", "providers", "location",
	"mode", "region", "regions", "rotation", "rotationenabled", "rotationlambda", "description", "prefix", "suffix", "size", "field", "fields", "header", "headername", "attribute",
	"attributes", "parameter", "managed", "encrypted", "encryption", "ref", "refs", "scope", "scopes", "issuer", "issuers", "audience", "alias", "pair", "pairname",
	"rule", "rules", "username", "user", "users", "option", "options", "settings", "config", "configuration", "manager", "reset", "resetrequired", "reuse", "prevention",
	"history", "complexity", "strategy", "method", "methods", "selectionexpression", "expression", "check", "revocation", "fromconsole", "console", "reader", "group", "groups",
	"recovery", "authentication", "auth0domain", "domain", "host", "port", "stage", "stages", "hash", "fingerprint", "class", "owner", "role", "rolearn", "from", "selector",
	"limit", "max", "min", "use", "uses", "existingclientsecret", "list", "enable", "disable", "supported", "allowed", "valid", "request", "requests", "response",
}

// publicTokens are tokens that only say where a listing goes on or which
// request is repeated: they open nothing.
var publicTokens = []string{
	"nexttoken", "clienttoken", "clientrequesttoken", "requesttoken", "continuationtoken", "paginationtoken", "idempotencytoken", "idempotenttoken", "creatorrequesttoken",
	"updatetoken", "locktoken", "changetoken", "resulttoken", "pagetoken", "startingtoken", "synctoken", "dkimtokens", "httptokens", "httptoken", "maxtokens", "numtokens",
	"payertoken", "nextpagetoken", "resumetoken", "revisiontoken", "maxsessiontokens", "imdstokens", "accesscontroltokens", "nextforwardtoken", "nextbackwardtoken",
	"uploadsequencetoken", "clientupdatetoken", "concurrencytoken", "verificationtokens", "deletiontoken", "logicaltoken", "serviceupdatetoken", "csrftoken",
}

// keyNames are the keys that open something. A bare "key" is the name of a tag,
// an attribute or an object far more often.
var keyNames = []string{
	"apikey", "accesskey", "secretkey", "authkey", "accountkey", "sharedkey", "storagekey", "signingkey", "licensekey", "licencekey",
	"integrationkey", "routingkey", "writekey", "servicekey", "consumerkey", "appkey", "applicationkey", "ingestkey", "ingestionkey", "cryptokey", "cipherkey", "hmackey", "jwtkey",
	"sessionkey", "deploykey", "hashsalt", "apitoken", "decryptionkey", "adminkey", "clientkey", "subscriptionkey", "tokenkey", "securitykey", "serviceaccountkey", "functionkey",
}

// classOf is the class of what a member, variable or flag of this name holds, or
// empty where the name gives nothing away.
func classOf(name string) string {
	// A colon is a policy's condition key or an action, as in
	// token.actions.githubusercontent.com:aud; tags drop their prefix before.
	if len(name) > 128 || strings.Contains(name, ":") {
		return ""
	}
	j := joined(name)
	if len(j) < 3 {
		return ""
	}
	switch j {
	case "userdata", "customdata", "bootstrapscript", "initscript", "userdatabase64", "base64userdata", "encodeduserdata", "startupscript":
		return classUserData
	case "presharedkey", "psk", "preshared", "tunnelpsk", "tunnel1presharedkey", "tunnel2presharedkey":
		return classShared
	case "authorization", "auth", "authheader", "proxyauthorization", "basicauth", "bearer", "cookie", "setcookie", "authstring", "authdata", "registryauth", "dockerauth", "dockerconfigjson", "dockercfg", "htpasswd", "netrc":
		return classCredentials
	case "sas", "sastoken", "sasurl", "sig", "xamzsignature":
		return classSignature
	case "pem", "tlskey", "sslkey", "certkey", "certificatekey", "rsakey", "sshkey", "idrsa", "hostkey", "privkey", "pgpkey", "gpgkey", "keymaterial", "sshprivate":
		return classPrivateKey
	case "dsn", "sentrydsn", "databasedsn", "dbdsn":
		return classConnection
	case "pin", "pincode", "dbpin", "authpin":
		return classPassword
	}
	for _, tail := range harmlessTails {
		if strings.HasSuffix(j, tail) {
			return ""
		}
	}
	switch {
	case strings.Contains(j, "public"):
		return ""
	case strings.Contains(j, "presharedkey"):
		return classShared
	case strings.Contains(j, "privatekey"), strings.HasSuffix(j, "sshkey"), strings.HasSuffix(j, "rsakey"):
		return classPrivateKey
	case strings.Contains(j, "password"), strings.Contains(j, "passwd"), strings.Contains(j, "passphrase"), strings.Contains(j, "passcode"), endsInPass(name, j), strings.HasSuffix(strings.ToLower(name), "_pin"), strings.HasSuffix(name, "-pin"):
		return classPassword
	case strings.Contains(j, "connectionstring"), strings.HasSuffix(j, "connstr"), strings.HasSuffix(j, "connstring"), strings.HasSuffix(j, "connectionuri"):
		return classConnection
	case strings.Contains(j, "token"):
		if strings.Contains(j, "tokeniz") || slices.ContainsFunc(publicTokens, func(t string) bool { return strings.HasSuffix(j, t) }) {
			return ""
		}
		return classToken
	case strings.HasSuffix(j, "encryptionkey"), strings.HasSuffix(j, "masterkey"):
		return classEncryption
	case slices.ContainsFunc(keyNames, func(k string) bool { return strings.HasSuffix(j, k) || strings.HasSuffix(j, k+"value") }):
		return classKey
	case strings.Contains(j, "secret"):
		if strings.Contains(j, "secretsmanager") || strings.HasSuffix(j, "secrets") && len(j) > len("clientsecrets") {
			return ""
		}
		return classSecret
	case strings.HasSuffix(j, "credential"), strings.HasSuffix(j, "credentials"), strings.HasSuffix(j, "creds"), strings.HasSuffix(j, "authheader"), strings.HasSuffix(j, "basicauth"):
		return classCredentials
	}
	return ""
}

// endsInPass reports names such as DB_PASS, smtpPass and dbpwd. The word has to
// stand alone: a bypass or a compass is no password.
func endsInPass(name, j string) bool {
	name, j = strings.TrimRight(name, "0123456789_-"), strings.TrimRight(j, "0123456789")
	if strings.HasSuffix(j, "pwd") {
		return true
	}
	if !strings.HasSuffix(j, "pass") {
		return false
	}
	if len(j) == len("pass") {
		return true
	}
	if len(name) <= len("pass") {
		return false
	}
	before, word := name[len(name)-len("pass")-1], name[len(name)-len("pass"):]
	switch {
	case !isAlphanumeric(before):
		return true
	case word == "Pass":
		return before >= 'a' && before <= 'z' || before >= '0' && before <= '9'
	}
	return slices.Contains([]string{"dbpass", "userpass", "smtppass", "adminpass", "rootpass", "mysqlpass", "sshpass", "redispass", "pgpass", "ftppass", "mailpass", "httppass"}, j)
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
