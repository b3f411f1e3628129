package redact

import "strings"

// structure is what is known of one resource type or call: the places that hold
// secrets under a name that does not say so.
type structure struct {
	places []place
	named  bool // the resource's own name tells what its value is, as a parameter's does
}

// place is a path of member names in lower case, from the document's root, with
// "*" for any one name. Lists are passed through.
type place struct {
	path  string
	class string
}

// structures lists the types and calls, as few as possible: most places are
// found by their names in any type (userData, masterUserPassword, environment).
var structures = map[string]structure{
	"AWS::SSM::Document":                              {places: []place{{"content", classContent}, {"documentcontent", classContent}, {"document.content", classContent}}},
	"AWS::SSM::FileData":                              {places: []place{{"content", classContent}, {"contents", classContent}, {"filedata.content", classContent}}},
	"AWS::SSM::Parameter":                             {named: true},
	"AWS::SageMaker::NotebookInstanceLifecycleConfig": {places: []place{{"oncreate.content", classUserData}, {"onstart.content", classUserData}}},
	"AWS::SageMaker::StudioLifecycleConfig":           {places: []place{{"studiolifecycleconfigcontent", classUserData}}},
	"AWS::AppConfig::HostedConfigurationVersion":      {places: []place{{"content", classContent}}},
	"AWS::ImageBuilder::Component":                    {places: []place{{"data", classContent}}},
	"AWS::ApiGateway::ApiKey":                         {places: []place{{"value", classKey}}},
	"AWS::OpsWorks::App":                              {places: []place{{"appsource.sshkey", classPrivateKey}, {"sslconfiguration.privatekey", classPrivateKey}}},

	"ssm.amazonaws.com/PutParameter":              {places: []place{{"value", classSecret}}},
	"ssm.amazonaws.com/CreateDocument":            {places: []place{{"content", classContent}}},
	"ssm.amazonaws.com/UpdateDocument":            {places: []place{{"content", classContent}}},
	"ssm.amazonaws.com/SendCommand":               {places: []place{{"parameters.commands", classContent}}},
	"ec2.amazonaws.com/ModifyInstanceAttribute":   {places: []place{{"userdata.value", classUserData}}},
	"secretsmanager.amazonaws.com/PutSecretValue": {places: []place{{"secretbinary", classSecret}}},
}

func structureOf(name string) structure { return structures[name] }

// match reports the class of the place that the open containers and the member
// lead to.
func (st structure) match(frames []frame, member string) string {
	for _, p := range st.places {
		if matchPath(p.path, frames, member) {
			return p.class
		}
	}
	return ""
}

// matchPath compares from the end: the member, then the names of its containers.
func matchPath(path string, frames []frame, member string) bool {
	last := len(frames) - 1
	for {
		head, want, nested := cutLast(path)
		if want != "*" && !strings.EqualFold(want, member) {
			return false
		}
		path = head
		// A list has the name of the member that holds it; its elements have none.
		for last > 0 && frames[last].array {
			last--
		}
		if !nested {
			return last <= 0
		}
		if last <= 0 {
			return false
		}
		member = frames[last].key
		last--
	}
}

func cutLast(path string) (head, last string, nested bool) {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return path[:i], path[i+1:], true
	}
	return "", path, false
}
