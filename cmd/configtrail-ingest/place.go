package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"configtrail"
	"configtrail/internal/blob"
)

// place is where deliveries lie, and how it is reached. Owner is required: a
// bucket that somebody else made under the name of one that is gone is not read.
type place struct {
	Place      string `json:"place"` // s3://bucket/prefix
	Owner      string `json:"owner"` // account id of the bucket
	RoleARN    string `json:"role_arn"`
	ExternalID string `json:"external_id"`
	Region     string `json:"region"`
}

var (
	roleARN = configtrail.Pattern(`^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$`)
	region  = configtrail.Pattern(`^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$`)
)

const placesExample = `[{"place":"s3://bucket/AWSLogs/","owner":"123456789012"}]`

// parsePlaces reads CONFIGTRAIL_SOURCES.
func parsePlaces(text string) ([]place, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields() // an owner that is spelled wrong would else be none
	var all []place
	if err := decoder.Decode(&all); err != nil {
		return nil, fmt.Errorf("it is not a list of sources (%w); write it as %s", err, placesExample)
	}
	if decoder.More() || len(all) == 0 {
		return nil, fmt.Errorf("it is not one list of sources; write it as %s", placesExample)
	}
	var wrong []error
	for i, one := range all {
		if err := one.check(); err != nil {
			wrong = append(wrong, fmt.Errorf("source %d: %w", i+1, err))
		}
	}
	return all, errors.Join(wrong...)
}

func (p place) check() error {
	if _, err := blob.ParseURL(p.Place); err != nil {
		return fmt.Errorf("its place %q is not s3://bucket/prefix", p.Place)
	}
	switch {
	case p.Owner == "":
		return fmt.Errorf(`%s has no owner; add "owner" with the account id of the bucket`, p.Place)
	case !configtrail.IsAccountID(p.Owner):
		return fmt.Errorf("the owner %q of %s is not an account id: twelve digits", p.Owner, p.Place)
	case p.ExternalID != "" && p.RoleARN == "":
		return fmt.Errorf("%s has an external_id and no role_arn", p.Place)
	case p.RoleARN != "" && !roleARN().MatchString(p.RoleARN):
		return fmt.Errorf("the role_arn %q of %s is no role; write it as arn:aws:iam::ACCOUNT:role/NAME", p.RoleARN, p.Place)
	case p.Region != "" && !region().MatchString(p.Region):
		return fmt.Errorf("the region %q of %s is no region; write it as ap-northeast-1", p.Region, p.Place)
	}
	return nil
}
