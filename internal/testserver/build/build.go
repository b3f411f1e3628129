// Package build speaks for tests what of CodeBuild starts and finds builds, and runs what a project
// builds: a program on this machine, as a build's commands do.
package build

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"sync"
	"time"

	"configtrail/internal/testserver/awsjson"
)

// tokenValid is how long an idempotency token makes one build of two calls.
const tokenValid = 5 * time.Minute

// Project is what a build of a name does: it runs the program with its arguments,
// where $NAME stands for a variable of the environment.
type Project struct {
	Program string
	Args    []string
	Env     []string // KEY=VALUE, besides the call's; nothing of this process's own
}

// Build is one build.
type Build struct {
	ID, Project string
	Environment map[string]string // of the call
	Exit        int
	Output      string // of both kinds

	ended bool
}

// Server has projects. New makes one.
type Server struct {
	*awsjson.Server
	projects map[string]Project
	most     int

	mu      sync.Mutex
	running sync.WaitGroup
	active  int
	held    chan struct{} // where not nil, builds end when it is closed
	tokens  map[string]started
	builds  []*Build
}

type started struct {
	at    time.Time
	what  string // the call's parameters
	build *Build
}

// New has projects by name, and runs some builds of them at once; 0: 10.
func New(projects map[string]Project, most int) *Server {
	if most <= 0 {
		most = 10
	}
	s := &Server{projects: projects, most: most, tokens: map[string]started{}}
	s.Server = &awsjson.Server{
		Target: "CodeBuild_20161006", SigningAs: "codebuild", Faults: &awsjson.Faults{},
		Operations: map[string]awsjson.Operation{
			"StartBuild": awsjson.Of(s.start), "ListBuildsForProject": awsjson.Of(s.list), "BatchGetBuilds": awsjson.Of(s.get),
		},
	}
	return s
}

type variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Type  string `json:"type"`
}

type startInput struct {
	ProjectName                  string     `json:"projectName"`
	IdempotencyToken             string     `json:"idempotencyToken"`
	EnvironmentVariablesOverride []variable `json:"environmentVariablesOverride"`
}

type startOutput struct {
	Build buildOutput `json:"build"`
}

type buildOutput struct {
	ID          string      `json:"id"`
	ProjectName string      `json:"projectName"`
	BuildStatus string      `json:"buildStatus"`
	Environment environment `json:"environment"`
}

type environment struct {
	EnvironmentVariables []variable `json:"environmentVariables"`
}

func (s *Server) start(_ context.Context, in *startInput) (*startOutput, error) {
	project, ok := s.projects[in.ProjectName]
	if !ok {
		return nil, awsjson.Errorf("ResourceNotFoundException", "Project cannot be found: %s", in.ProjectName)
	}
	environment := map[string]string{}
	for _, v := range in.EnvironmentVariablesOverride {
		if v.Name == "" || v.Value == "" || v.Type != "PLAINTEXT" {
			return nil, awsjson.Errorf("InvalidInputException", "Environment variable %s is not valid", v.Name)
		}
		environment[v.Name] = v.Value
	}
	if len(in.IdempotencyToken) > 64 {
		return nil, awsjson.Errorf("InvalidInputException", "Idempotency token is too long")
	}
	what, err := json.Marshal([]any{in.ProjectName, environment})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if before, ok := s.tokens[in.IdempotencyToken]; ok && in.IdempotencyToken != "" && time.Since(before.at) < tokenValid {
		if before.what != string(what) {
			return nil, awsjson.Errorf("InvalidInputException", "Idempotency token was used with other parameters")
		}
		return before.build.told(), nil
	}
	if s.active >= s.most {
		return nil, awsjson.Errorf("AccountLimitExceededException", "Cannot have more than %d builds in queue for the account", s.most)
	}
	b := &Build{ID: fmt.Sprintf("%s:00000000-0000-4000-8000-%012d", in.ProjectName, len(s.builds)+1), Project: in.ProjectName, Environment: environment}
	s.builds = append(s.builds, b)
	s.tokens[in.IdempotencyToken] = started{time.Now(), string(what), b}
	s.active++
	held := s.held
	s.running.Go(func() {
		if held != nil {
			<-held
		}
		s.run(project, b)
	})
	return b.told(), nil
}

func (b *Build) told() *startOutput { return &startOutput{b.output()} }

func (b *Build) output() buildOutput {
	out := buildOutput{ID: b.ID, ProjectName: b.Project, BuildStatus: "IN_PROGRESS"}
	switch {
	case b.ended && b.Exit == 0:
		out.BuildStatus = "SUCCEEDED"
	case b.ended:
		out.BuildStatus = "FAILED"
	}
	for _, name := range slices.Sorted(maps.Keys(b.Environment)) {
		out.Environment.EnvironmentVariables = append(out.Environment.EnvironmentVariables, variable{name, b.Environment[name], "PLAINTEXT"})
	}
	return out
}

// page is how many builds one call lists.
const page = 100

type listInput struct {
	ProjectName string `json:"projectName"`
	SortOrder   string `json:"sortOrder"`
}

type listOutput struct {
	IDs []string `json:"ids"`
}

func (s *Server) list(_ context.Context, in *listInput) (*listOutput, error) {
	if _, ok := s.projects[in.ProjectName]; !ok {
		return nil, awsjson.Errorf("ResourceNotFoundException", "The resource could not be found: %s", in.ProjectName)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &listOutput{IDs: []string{}}
	for _, b := range s.builds {
		if b.Project == in.ProjectName {
			out.IDs = append(out.IDs, b.ID)
		}
	}
	if in.SortOrder != "ASCENDING" {
		slices.Reverse(out.IDs)
	}
	out.IDs = out.IDs[:min(page, len(out.IDs))]
	return out, nil
}

type getInput struct {
	IDs []string `json:"ids"`
}

type getOutput struct {
	Builds []buildOutput `json:"builds"`
}

func (s *Server) get(_ context.Context, in *getInput) (*getOutput, error) {
	if len(in.IDs) == 0 || len(in.IDs) > page {
		return nil, awsjson.Errorf("InvalidInputException", "Ids has %d members", len(in.IDs))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &getOutput{Builds: []buildOutput{}}
	for _, b := range s.builds {
		if slices.Contains(in.IDs, b.ID) {
			out.Builds = append(out.Builds, b.output())
		}
	}
	return out, nil
}

// Hold keeps the builds that begin from now on from ending until the function
// that it gives is called.
func (s *Server) Hold() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := make(chan struct{})
	s.held = held
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.held == held {
			s.held = nil
		}
		close(held)
	}
}

// run runs a build to its end.
func (s *Server) run(project Project, b *Build) {
	var args []string
	for _, arg := range project.Args {
		if len(arg) > 1 && arg[0] == '$' {
			arg = b.Environment[arg[1:]]
		}
		args = append(args, arg)
	}
	var output bytes.Buffer
	command := exec.Command(project.Program, args...)
	command.Env = append([]string{}, project.Env...)
	for name, value := range b.Environment {
		command.Env = append(command.Env, name+"="+value)
	}
	command.Stdout, command.Stderr = &output, &output
	code := 0
	if err := command.Run(); err != nil {
		var exit *exec.ExitError
		if code = -1; errors.As(err, &exit) {
			code = exit.ExitCode()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b.Exit, b.Output, b.ended = code, output.String(), true
	s.active--
}

// ForgetTokens lets the time pass for which idempotency tokens are valid.
func (s *Server) ForgetTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// Started counts the builds that there were so far.
func (s *Server) Started() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.builds)
}

// Wait waits for all builds under way and gives all that there were.
func (s *Server) Wait() []Build {
	s.running.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Build
	for _, b := range s.builds {
		all = append(all, *b)
	}
	return all
}
