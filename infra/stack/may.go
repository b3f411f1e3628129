package stack

import (
	"slices"

	"configtrail/infra/settings"
)

// What functions may do, in the words of who needs it. A statement that only
// Athena needs, with the caller's role, has a Sid that begins with Athena.

// mayReadLake reads files and the catalog's pointers to them.
func (b *build) mayReadLake() []statement {
	return []statement{
		b.mayListLake(),
		{sid: "ReadLake", actions: []string{"s3:GetObject"}, resources: []string{b.in(lakeFolder)}},
		{sid: "ReadCatalog", actions: []string{"glue:GetDatabase", "glue:GetTable", "glue:GetTables"}, resources: b.catalog(b.settings.Lake.Database)},
	}
}

// mayListLake lists the whole bucket, as S3 tells only those who may list it
// that an object is not there: to others it is forbidden. A condition on the
// prefix would take that away again.
func (b *build) mayListLake() statement {
	return statement{sid: "ListLake", actions: []string{"s3:ListBucket"}, resources: []string{b.lakeARN}}
}

// catalog are the resources that Glue checks for tables of a database.
func (b *build) catalog(database string) []string {
	return []string{b.here("glue", "catalog"), b.here("glue", "database/"+database), b.here("glue", "table/"+database+"/*")}
}

// mayStage adds data files, and the notes that name them.
func (b *build) mayStage() []statement {
	return []statement{
		{
			sid: "AddFiles", actions: []string{"s3:PutObject", "s3:AbortMultipartUpload"},
			resources: []string{b.lakeARN + "/" + lakeFolder + "/*/data/*", b.lakeARN + "/" + lakeFolder + "/" + notesFolder + "/*"},
		},
	}
}

// mayCommit adds files of any kind and moves the catalog's pointers.
func (b *build) mayCommit() []statement {
	return []statement{
		{sid: "WriteLake", actions: []string{"s3:PutObject", "s3:AbortMultipartUpload"}, resources: []string{b.in(lakeFolder)}},
		{sid: "MoveTables", actions: []string{"glue:UpdateTable"}, resources: b.catalog(b.settings.Lake.Database)},
	}
}

// mayKnowKey reads the key of the lake's hashes.
func (b *build) mayKnowKey() statement {
	return statement{sid: "ReadRedactKey", actions: []string{"secretsmanager:GetSecretValue"}, resources: []string{b.redactKey}}
}

// mayUseKey decrypts and encrypts with the stack's own key; nothing without one.
func (b *build) mayUseKey() []statement {
	if b.key == "" {
		return nil
	}
	return []statement{{sid: "UseLakeKey", actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, resources: []string{b.key}}}
}

// mayAsk asks Athena in the workgroup. What Athena reads and writes for a query
// it does as the caller.
func (b *build) mayAsk() []statement {
	list := []statement{
		{
			sid: "AskAthena", resources: []string{b.here("athena", "workgroup/"+*b.workgroup.Ref())},
			actions: []string{
				"athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:StopQueryExecution", "athena:GetWorkGroup",
			},
		},
		{sid: "ReadResults", actions: []string{"s3:GetObject"}, resources: []string{b.resultsIn()}},
		{
			sid: "AthenaWritesResults", resources: []string{b.resultsIn()},
			actions: []string{"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"},
		},
		{
			sid: "AthenaFindsResults", resources: []string{*b.results.AttrArn()},
			actions: []string{"s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"},
		},
	}
	if b.settings.LakeFormation {
		// The action knows no resources; Lake Formation's own grants decide.
		list = append(list, statement{sid: "AthenaUnderLakeFormation", actions: []string{"lakeformation:GetDataAccess"}, resources: []string{"*"}})
	}
	return list
}

// mayAskLake asks Athena about the lake.
func (b *build) mayAskLake() []statement {
	return slices.Concat(b.mayAsk(), b.mayReadLake(), []statement{
		{sid: "AthenaFindsLake", actions: []string{"s3:GetBucketLocation"}, resources: []string{b.lakeARN}},
	})
}

// mayReadSources reads the deliveries of sources, or assumes the role that may.
// Listing is a right to a whole bucket, as in mayListLake: an object that is gone
// is told by it from one that is forbidden.
func (b *build) mayReadSources(sources []settings.Source) []statement {
	var objects, buckets, keys, roles []string
	for _, s := range sources {
		if s.Access == settings.AccessRole {
			roles = add(roles, s.RoleARN)
			continue
		}
		objects = append(objects, b.deliveries(s)...)
		buckets = add(buckets, b.bucketARN(s.Bucket))
		if s.KeyARN != "" {
			keys = add(keys, s.KeyARN)
		}
	}
	var list []statement
	for _, one := range []statement{
		{sid: "ReadDeliveries", actions: []string{"s3:GetObject"}, resources: objects},
		{sid: "ListDeliveries", actions: []string{"s3:ListBucket"}, resources: buckets},
		{sid: "DecryptDeliveries", actions: []string{"kms:Decrypt"}, resources: keys},
		{sid: "AssumeReader", actions: []string{"sts:AssumeRole"}, resources: roles},
	} {
		if len(one.resources) > 0 {
			list = append(list, one)
		}
	}
	return list
}

// deliveries are the ARNs of what lies in a source's folders.
func (b *build) deliveries(s settings.Source) []string {
	var list []string
	for _, folders := range s.Folders {
		list = append(list, b.bucketARN(s.Bucket)+"/"+folders+"/*")
	}
	return list
}

// add appends what is not there yet.
func add(list []string, one string) []string {
	if slices.Contains(list, one) {
		return list
	}
	return append(list, one)
}
