// Package secrets answers Secrets Manager's GetSecretValue for tests.
package secrets

import (
	"context"
	"strings"
	"sync"

	"configtrail/internal/testserver/awsjson"
)

// Server keeps secrets. New makes one.
type Server struct {
	*awsjson.Server

	mu    sync.Mutex
	texts map[string]string
}

// New keeps the secrets given, by name.
func New(texts map[string]string) *Server {
	s := &Server{texts: map[string]string{}}
	for name, text := range texts {
		s.Set(name, text)
	}
	s.Server = &awsjson.Server{
		Target: "secretsmanager", SigningAs: "secretsmanager", Faults: &awsjson.Faults{},
		Operations: map[string]awsjson.Operation{"GetSecretValue": awsjson.Of(s.value)},
	}
	return s
}

// Set stores a secret, or another text of one that is there.
func (s *Server) Set(name, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[name] = text
}

const arnPrefix = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"

// ARN is the ARN of a secret: AWS adds six characters to its name.
func ARN(name string) string { return arnPrefix + name + "-AbCdEf" }

type valueInput struct {
	SecretID     string `json:"SecretId"`
	VersionID    string `json:"VersionId"`
	VersionStage string
}

type valueOutput struct {
	ARN, Name, SecretString string
	VersionID               string `json:"VersionId"`
	VersionStages           []string
}

func (s *Server) value(_ context.Context, in *valueInput) (*valueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := in.SecretID
	if inside, is := strings.CutPrefix(name, arnPrefix); is && len(inside) > 7 {
		name = inside[:len(inside)-7]
	}
	text, ok := s.texts[name]
	if !ok || in.VersionStage != "" && in.VersionStage != "AWSCURRENT" {
		return nil, awsjson.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	return &valueOutput{ARN(name), name, text, "11111111-2222-4333-8444-555555555555", []string{"AWSCURRENT"}}, nil
}
