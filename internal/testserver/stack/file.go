package stack

import (
	"encoding/json"
	"fmt"
	"os"
)

// Variable is the environment variable that names the file of endpoints.
const Variable = "CONFIGTRAIL_STACK"

// Stack says where the servers are and what they let in. It is also the JSON
// of the file of endpoints.
type Stack struct {
	Endpoint string // http://127.0.0.1:PORT of a router that sends each call to the server of its service
	S3       string // versitygw
	Glue     string
	Trino    string
	Athena   string

	AccessKey string
	SecretKey string
	Region    string

	LakeCatalog string // in Trino, for Glue's Iceberg tables
	RawCatalog  string // in Trino, for Glue's other tables
}

// Read reads a file of endpoints.
func Read(path string) (*Stack, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &Stack{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("read endpoints from %s: %w", path, err)
	}
	return s, nil
}

// Write writes a file of endpoints, whole or not at all.
func (s *Stack) Write(path string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	unready := path + ".part"
	if err := os.WriteFile(unready, append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(unready, path)
}
