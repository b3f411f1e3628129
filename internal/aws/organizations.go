package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"configtrail"
)

// OrganizationAccounts asks AWS Organizations for all accounts, those that are
// suspended too, as their past stays in the bucket. They come in the order of
// their ids, with the names that Organizations has, and without groups. Only the
// management account and delegated administrators may ask.
func OrganizationAccounts(ctx context.Context, cfg aws.Config) ([]configtrail.Account, error) {
	if cfg.Region == "" {
		cfg.Region = "us-east-1" // the service is a global one
	}
	var accounts []configtrail.Account
	pages := organizations.NewListAccountsPaginator(organizations.NewFromConfig(cfg), &organizations.ListAccountsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the accounts of the organisation: %w", explainOrganization(err, cfg))
		}
		for _, account := range page.Accounts {
			id := aws.ToString(account.Id)
			if !configtrail.IsAccountID(id) {
				return nil, fmt.Errorf("list the accounts of the organisation: %w: account %q", configtrail.ErrInvalid, id)
			}
			accounts = append(accounts, configtrail.Account{ID: id, Name: aws.ToString(account.Name)})
		}
	}
	slices.SortFunc(accounts, func(a, b configtrail.Account) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(accounts, func(a, b configtrail.Account) bool { return a.ID == b.ID }), nil
}

// explainOrganization tells the errors that only Organizations has.
func explainOrganization(err error, cfg aws.Config) error {
	var none *types.AWSOrganizationsNotInUseException
	var denied *types.AccessDeniedException
	switch {
	case errors.As(err, &none):
		err = &explained{"this account belongs to none", []error{err, configtrail.ErrNotFound}}
		return configtrail.WithHint(err, "name the accounts in the settings, or with --account")
	case errors.As(err, &denied):
		err = &explained{"access denied: organizations:ListAccounts", []error{err}}
		return configtrail.WithHint(err, "ask with credentials of the management account or of a delegated administrator that may do organizations:ListAccounts, or name the accounts in the settings")
	}
	return ExplainFor(cfg.Credentials, err)
}
