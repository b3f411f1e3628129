package iam

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Recorder notes the calls of one program. Its Watch sees each before it is
// answered. The zero value but for Account and Region is ready.
type Recorder struct {
	Account, Region string

	// Names are what tests had to call differently from the template, by the name
	// in calls.
	Names map[string]string

	mu    sync.Mutex
	calls []Call
	group string // of Athena: the workgroup of the last query that was started
}

// Calls are the distinct calls so far, in the order of action and resource.
func (r *Recorder) Calls() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Call
	seen := map[string]bool{}
	for _, call := range r.calls {
		key := call.Action + strings.Join(call.Resources, " ")
		if !seen[key] {
			seen[key] = true
			all = append(all, call)
		}
	}
	slices.SortFunc(all, func(a, b Call) int {
		return strings.Compare(a.Action+strings.Join(a.Resources, " "), b.Action+strings.Join(b.Resources, " "))
	})
	return all
}

// Watch notes a call. A call that it can't tell is noted as unknown:…, which no
// statement covers.
func (r *Recorder) Watch(request *http.Request) {
	var body []byte
	service := signedFor(request)
	if service != "s3" || request.URL.Query().Has("delete") {
		body, _ = io.ReadAll(request.Body) // what is missing of it, the server will say
		request.Body = io.NopCloser(bytes.NewReader(body))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, call := range r.tell(service, request, body) {
		for i := range call.Resources {
			call.Resources[i] = r.rename(call.Resources[i])
		}
		r.calls = append(r.calls, call)
	}
}

func (r *Recorder) rename(text string) string {
	for name, template := range r.Names {
		text = strings.ReplaceAll(text, name, template)
	}
	return text
}

func signedFor(request *http.Request) string {
	_, scope, _ := strings.Cut(request.Header.Get("Authorization"), "Credential=")
	scope, _, _ = strings.Cut(scope, ",")
	if parts := strings.Split(scope, "/"); len(parts) == 5 {
		return parts[3]
	}
	return "s3"
}

func (r *Recorder) arn(service, rest string) string {
	return strings.Join([]string{"arn", "aws", service, r.Region, r.Account, rest}, ":")
}

func (r *Recorder) tell(service string, request *http.Request, body []byte) []Call {
	_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	form, _ := url.ParseQuery(string(body))
	if operation == "" {
		operation = form.Get("Action")
	}
	var in struct {
		DatabaseName, Name, WorkGroup, SecretId, QueueUrl, ProjectName string
		Table, TableInput, DatabaseInput                               struct{ Name string }
		IDs                                                            []string
	}
	_ = json.Unmarshal(body, &in) // a form is told by its values
	action := service + ":" + operation
	on := func(resources ...string) []Call { return []Call{{Action: action, Resources: resources}} }
	switch service {
	case "s3":
		return s3Calls(request, body)
	case "glue":
		return on(r.glueResources(operation, in.DatabaseName, in.Name, in.TableInput.Name, in.DatabaseInput.Name)...)
	case "athena":
		group := in.WorkGroup
		switch operation {
		case "StartQueryExecution":
			r.group = cmp.Or(group, "primary")
			group = r.group
		case "GetQueryExecution", "GetQueryResults", "StopQueryExecution": // of the query's workgroup
			group = r.group
		}
		return on(r.arn("athena", "workgroup/"+cmp.Or(group, "primary")))
	case "secretsmanager":
		id := in.SecretId
		if !strings.HasPrefix(id, "arn:") {
			id = r.arn("secretsmanager", "secret:"+id)
		}
		return on(id)
	case "sqs":
		if strings.HasSuffix(operation, "Batch") { // the permission is that of one message
			action = strings.TrimSuffix(action, "Batch")
		}
		return on(r.arn("sqs", in.QueueUrl[strings.LastIndexByte(in.QueueUrl, '/')+1:]))
	case "sns":
		return on(form.Get("TopicArn"))
	case "codebuild":
		projects := []string{in.ProjectName}
		for _, id := range in.IDs { // PROJECT:BUILD
			project, _, _ := strings.Cut(id, ":")
			projects = append(projects, project)
		}
		projects = slices.DeleteFunc(projects, func(name string) bool { return name == "" })
		slices.Sort(projects)
		var all []string
		for _, name := range slices.Compact(projects) {
			all = append(all, r.arn("codebuild", "project/"+name))
		}
		return on(all...)
	case "sts":
		if operation == "GetCallerIdentity" {
			return nil // needs no permission
		}
		return on(form.Get("RoleArn"))
	case "organizations":
		return on("*")
	}
	return []Call{{Action: "unknown:" + action, Resources: []string{request.URL.Path}}}
}

// glueResources are the catalog, the database and the table that an operation
// needs a permission on.
func (r *Recorder) glueResources(operation, database, name, table, made string) []string {
	resources := []string{r.arn("glue", "catalog")}
	switch {
	case strings.HasSuffix(operation, "Database"):
		if name == "" {
			name = made
		}
		return append(resources, r.arn("glue", "database/"+name))
	case database == "":
		return resources
	}
	resources = append(resources, r.arn("glue", "database/"+database))
	if table == "" {
		table = name
	}
	if table == "" || strings.HasSuffix(operation, "Tables") {
		table = "*"
	}
	return append(resources, r.arn("glue", "table/"+database+"/"+table))
}

// s3Calls tells a call to S3 by path style.
func s3Calls(request *http.Request, body []byte) []Call {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/"), "/")
	query := request.URL.Query()
	whole, object := "arn:aws:s3:::"+bucket, "arn:aws:s3:::"+bucket+"/"+key
	one := func(action, resource string) []Call {
		call := Call{Action: "s3:" + action, Resources: []string{resource}}
		if action == "ListBucket" {
			call.Keys = map[string]string{"s3:prefix": query.Get("prefix")}
		}
		return []Call{call}
	}
	switch {
	case key == "" && query.Has("lifecycle"):
		return one("GetLifecycleConfiguration", whole)
	case key == "" && query.Has("location"):
		return one("GetBucketLocation", whole)
	case key == "" && query.Has("delete"):
		var in struct {
			Object []struct{ Key string }
		}
		_ = xml.Unmarshal(body, &in) // none deleted: none noted
		var all []Call
		for _, object := range in.Object {
			all = append(all, one("DeleteObject", whole+"/"+object.Key)...)
		}
		return all
	case key == "" && request.Method == http.MethodHead:
		return nil // asks where a bucket is; an answer of 403 tells as well
	case key == "":
		return one("ListBucket", whole)
	case query.Has("uploadId") && request.Method == http.MethodDelete:
		return one("AbortMultipartUpload", object)
	case request.Method == http.MethodDelete:
		return one("DeleteObject", object)
	case request.Method == http.MethodPut, request.Method == http.MethodPost:
		return one("PutObject", object)
	default:
		return one("GetObject", object)
	}
}
