package athena

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"configtrail/internal/testserver/awsjson"
)

const (
	enabled  = "ENABLED"
	disabled = "DISABLED"

	// smallestCutoff is the least bytes that a workgroup may limit a query to.
	smallestCutoff = 10_000_000
)

// workGroup is also its JSON in the API.
type workGroup struct {
	Name          string
	State         string
	Description   string `json:",omitempty"`
	Configuration workGroupConfiguration
	created       time.Time
}

type workGroupConfiguration struct {
	ResultConfiguration                  *resultConfiguration        `json:",omitempty"`
	EnforceWorkGroupConfiguration        *bool                       `json:",omitempty"`
	PublishCloudWatchMetricsEnabled      *bool                       `json:",omitempty"`
	RequesterPaysEnabled                 *bool                       `json:",omitempty"`
	BytesScannedCutoffPerQuery           *int64                      `json:",omitempty"`
	ManagedQueryResultsConfiguration     *managedResultConfiguration `json:",omitempty"`
	EngineVersion                        *engineVersion              `json:",omitempty"`
	AdditionalConfiguration              string                      `json:",omitempty"`
	EnableMinimumEncryptionConfiguration *bool                       `json:",omitempty"`
}

type resultConfiguration struct {
	OutputLocation          string         `json:",omitempty"`
	EncryptionConfiguration map[string]any `json:",omitempty"`
	ExpectedBucketOwner     string         `json:",omitempty"`
	ACLConfiguration        map[string]any `json:"AclConfiguration,omitempty"`
}

type managedResultConfiguration struct {
	Enabled                 bool
	EncryptionConfiguration map[string]any `json:",omitempty"`
}

type engineVersion struct {
	SelectedEngineVersion, EffectiveEngineVersion string
}

// engine is the only engine there is.
var engine = engineVersion{SelectedEngineVersion: "Athena engine version 3", EffectiveEngineVersion: "Athena engine version 3"}

// enforced says whether the group's settings count, whatever a caller asks.
// That is Athena's default for a group that is made.
func (g *workGroup) enforced() bool {
	e := g.Configuration.EnforceWorkGroupConfiguration
	if e == nil {
		return g.Name != "primary"
	}
	return *e
}

// managed says whether Athena keeps the group's results itself.
func (g *workGroup) managed() bool {
	m := g.Configuration.ManagedQueryResultsConfiguration
	return m != nil && m.Enabled
}

var groupName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,128}$`)

// group finds a workgroup; an empty name is primary's.
func (s *Server) group(name string) (*workGroup, error) {
	if name == "" {
		name = "primary"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[name]
	if g == nil {
		return nil, refusal("", "WorkGroup %s is not found.", name)
	}
	seen := *g // a change while a query starts does not reach it
	return &seen, nil
}

// check holds a configuration against Athena's rules.
func (c *workGroupConfiguration) check() error {
	if cutoff := c.BytesScannedCutoffPerQuery; cutoff != nil && *cutoff < smallestCutoff {
		return outside("configuration.bytesScannedCutoffPerQuery", "Member must have value greater than or equal to 10000000")
	}
	managed := c.ManagedQueryResultsConfiguration != nil && c.ManagedQueryResultsConfiguration.Enabled
	if r := c.ResultConfiguration; r != nil && r.OutputLocation != "" {
		if managed {
			return refusal(codeInput, "ResultConfiguration can't be set when managed query results are enabled")
		}
		if _, _, err := place(r.OutputLocation); err != nil {
			return err
		}
	}
	return nil
}

type createWorkGroupInput struct {
	Name, Description string
	Configuration     workGroupConfiguration
	Tags              []any
}

func (s *Server) createWorkGroup(_ context.Context, in *createWorkGroupInput) (nothing, error) {
	if !groupName.MatchString(in.Name) {
		return nothing{}, outside("name", "Member must satisfy regular expression pattern: [a-zA-Z0-9._-]{1,128}")
	}
	if err := in.Configuration.check(); err != nil {
		return nothing{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups[in.Name] != nil {
		return nothing{}, refusal("", "WorkGroup is already created")
	}
	in.Configuration.EngineVersion = nil
	s.groups[in.Name] = &workGroup{Name: in.Name, State: enabled, Description: in.Description, Configuration: in.Configuration, created: s.options.Now()}
	return nothing{}, nil
}

type workGroupInput struct{ WorkGroup string }

type workGroupOutput struct {
	WorkGroup struct {
		workGroup
		CreationTime awsjson.Time
	}
}

func (s *Server) getWorkGroup(_ context.Context, in *workGroupInput) (*workGroupOutput, error) {
	if in.WorkGroup == "" {
		return nil, outside("workGroup", "Member must not be null")
	}
	g, err := s.group(in.WorkGroup)
	if err != nil {
		return nil, err
	}
	out := &workGroupOutput{}
	out.WorkGroup.workGroup, out.WorkGroup.CreationTime = *g, awsjson.Time(g.created)
	enforced := g.enforced()
	out.WorkGroup.Configuration.EnforceWorkGroupConfiguration = &enforced
	out.WorkGroup.Configuration.EngineVersion = &engine
	return out, nil
}

type listInput struct {
	MaxResults *int
	NextToken  string
	WorkGroup  string
}

type workGroupSummary struct {
	Name, State, Description string
	CreationTime             awsjson.Time
	EngineVersion            engineVersion
}

type listWorkGroupsOutput struct {
	WorkGroups []workGroupSummary
	NextToken  string `json:",omitempty"`
}

// maxListed is how many are listed in one answer.
const maxListed = 50

func (s *Server) listWorkGroups(_ context.Context, in *listInput) (*listWorkGroupsOutput, error) {
	size := maxListed
	if in.MaxResults != nil {
		if size = *in.MaxResults; size < 1 || size > maxListed {
			return nil, outside("maxResults", "Member must have value between 1 and 50")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.groups {
		if name > in.NextToken {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	out := &listWorkGroupsOutput{WorkGroups: []workGroupSummary{}}
	if len(names) > size {
		names = names[:size]
		out.NextToken = names[size-1]
	}
	for _, name := range names {
		g := s.groups[name]
		out.WorkGroups = append(out.WorkGroups, workGroupSummary{Name: g.Name, State: g.State, Description: g.Description, CreationTime: awsjson.Time(g.created), EngineVersion: engine})
	}
	return out, nil
}

type updateWorkGroupInput struct {
	WorkGroup, State, Description string
	ConfigurationUpdates          *struct {
		EnforceWorkGroupConfiguration           *bool
		BytesScannedCutoffPerQuery              *int64
		RemoveBytesScannedCutoffPerQuery        bool
		ManagedQueryResultsConfigurationUpdates *managedResultConfiguration
		ResultConfigurationUpdates              *struct {
			OutputLocation       string
			RemoveOutputLocation bool
		}
	}
}

func (s *Server) updateWorkGroup(_ context.Context, in *updateWorkGroupInput) (nothing, error) {
	g, err := s.group(in.WorkGroup)
	if err != nil {
		return nothing{}, err
	}
	switch in.State {
	case "":
	case enabled, disabled:
		g.State = in.State
	default:
		return nothing{}, outside("state", "Member must satisfy enum value set: [ENABLED, DISABLED]")
	}
	if in.Description != "" {
		g.Description = in.Description
	}
	if u := in.ConfigurationUpdates; u != nil {
		c := &g.Configuration
		if u.EnforceWorkGroupConfiguration != nil {
			c.EnforceWorkGroupConfiguration = u.EnforceWorkGroupConfiguration
		}
		if u.BytesScannedCutoffPerQuery != nil || u.RemoveBytesScannedCutoffPerQuery {
			c.BytesScannedCutoffPerQuery = u.BytesScannedCutoffPerQuery
		}
		if u.ManagedQueryResultsConfigurationUpdates != nil {
			c.ManagedQueryResultsConfiguration = u.ManagedQueryResultsConfigurationUpdates
		}
		if r := u.ResultConfigurationUpdates; r != nil {
			c.ResultConfiguration = &resultConfiguration{OutputLocation: r.OutputLocation}
		}
		if err := c.check(); err != nil {
			return nothing{}, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups[g.Name] = g
	return nothing{}, nil
}

func (s *Server) deleteWorkGroup(_ context.Context, in *workGroupInput) (nothing, error) {
	if in.WorkGroup == "primary" {
		return nothing{}, refusal("", "The primary workgroup can't be deleted")
	}
	if _, err := s.group(in.WorkGroup); err != nil {
		return nothing{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groups, in.WorkGroup)
	return nothing{}, nil
}

// place splits s3://bucket/prefix; the prefix has no slash at its end.
func place(location string) (bucket, prefix string, err error) {
	rest, ok := strings.CutPrefix(location, "s3://")
	bucket, prefix, _ = strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return "", "", refusal(codeInput, "outputLocation is not a valid S3 path.")
	}
	return bucket, strings.TrimSuffix(prefix, "/"), nil
}
