package stack

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"strconv"

	"configtrail/internal/testserver/awsjson"
	"configtrail/internal/testserver/glue"
)

// callerIdentity is STS's answer to the only question of it that is answered.
type callerIdentity struct {
	XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
	Result  struct {
		Arn     string
		UserID  string `xml:"UserId"`
		Account string
	} `xml:"GetCallerIdentityResult"`
}

// Identity answers STS's GetCallerIdentity: every caller is the user test of the
// account that owns the Glue catalog.
func Identity(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("Action") != "GetCallerIdentity" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>only GetCallerIdentity here</Message></Error></ErrorResponse>`)
		return
	}
	var answer callerIdentity
	answer.Result.Account, answer.Result.UserID = glue.Account, "AIDATEST"
	answer.Result.Arn = "arn:aws:iam::" + glue.Account + ":user/test"
	w.Header().Set("Content-Type", "text/xml")
	_ = xml.NewEncoder(w).Encode(answer) // a caller who left needs no answer
}

// Account is a member of an organisation.
type Account struct {
	ID     string `json:"Id"` // twelve digits
	Name   string
	Email  string
	Status string // ACTIVE, SUSPENDED or PENDING_CLOSURE; empty: ACTIVE
}

type listAccountsInput struct {
	NextToken  string
	MaxResults *int
}

type listAccountsOutput struct {
	Accounts  []Account
	NextToken string `json:",omitempty"`
}

// maxAccounts is how many accounts Organizations lists in one answer.
const maxAccounts = 20

// Organization answers Organizations' ListAccounts. Without accounts the caller
// is in no organisation.
func Organization(faults *awsjson.Faults, accounts []Account) http.Handler {
	list := func(_ context.Context, in *listAccountsInput) (*listAccountsOutput, error) {
		if len(accounts) == 0 {
			return nil, awsjson.Errorf("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
		}
		size := maxAccounts
		if in.MaxResults != nil {
			if size = *in.MaxResults; size < 1 || size > maxAccounts {
				return nil, awsjson.Errorf("InvalidInputException", "You provided a value that does not match the required pattern.")
			}
		}
		from := 0
		if in.NextToken != "" {
			var err error
			if from, err = strconv.Atoi(in.NextToken); err != nil || from < 0 || from > len(accounts) {
				return nil, awsjson.Errorf("InvalidInputException", "You specified an invalid next token.")
			}
		}
		out := &listAccountsOutput{Accounts: []Account{}}
		for _, account := range accounts[from:min(from+size, len(accounts))] {
			if account.Status == "" {
				account.Status = "ACTIVE"
			}
			out.Accounts = append(out.Accounts, account)
		}
		if from+size < len(accounts) {
			out.NextToken = strconv.Itoa(from + size)
		}
		return out, nil
	}
	return &awsjson.Server{
		Target: "AWSOrganizationsV20161128", SigningAs: "organizations", Faults: faults,
		Operations: map[string]awsjson.Operation{"ListAccounts": awsjson.Of(list)},
	}
}
