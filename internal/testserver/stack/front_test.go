package stack_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"configtrail/internal/testserver/stack"
)

func TestCallerIdentity(t *testing.T) {
	s := stack.Start(t)
	out, err := sts.NewFromConfig(s.Config(t)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || *out.Account != "123456789012" || *out.Arn != "arn:aws:iam::123456789012:user/test" {
		t.Errorf("the caller is %v, %v", out, err)
	}
}

func TestAFrontOfOnesOwn(t *testing.T) {
	s := stack.Start(t)
	var want []string
	options := stack.FrontOptions{}
	for i := range 45 {
		id := fmt.Sprintf("%012d", i+1)
		options.Accounts = append(options.Accounts, stack.Account{ID: id, Name: "n", Email: "e"})
		want = append(want, id)
	}
	var calls atomic.Int64
	options.Watch = func(*http.Request) { calls.Add(1) }
	front := s.Front(t, options)
	config := front.Config(t)
	config.RetryMaxAttempts = 1

	var got []string
	pages := organizations.NewListAccountsPaginator(organizations.NewFromConfig(config), &organizations.ListAccountsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, account := range page.Accounts {
			got = append(got, *account.Id)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	if got := calls.Load(); got != 3 {
		t.Errorf("%d calls were seen, want 3 pages", got)
	}

	// Its faults are its own.
	database := s.Database(t)
	ask := func(config aws.Config) error {
		_, err := glue.NewFromConfig(config).GetDatabase(t.Context(), &glue.GetDatabaseInput{Name: &database})
		return err
	}
	front.Glue.Deny("glue", "GetDatabase")
	if err := ask(config); err == nil {
		t.Error("a denied call succeeded")
	}
	if err := ask(s.Config(t)); err != nil {
		t.Errorf("another front's fault came through: %v", err)
	}
}
