package stack_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
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

// The buckets behind a front belong to the account of its Glue catalog.
func TestOwnersOfBuckets(t *testing.T) {
	s := stack.Start(t)
	front := s.Front(t, stack.FrontOptions{})
	bucket, key := s.Bucket(t), "a b+c/日本::%2F"
	config := front.Config(t)
	config.RetryMaxAttempts = 1
	client := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	put := func(owner string) error {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x"), ExpectedBucketOwner: &owner})
		return err
	}
	if err := put("123456789012"); err != nil {
		t.Errorf("the owner: %v", err)
	}
	var refused smithy.APIError
	if err := put("210987654321"); !errors.As(err, &refused) || refused.ErrorCode() != "AccessDenied" {
		t.Errorf("another owner: %v", err)
	}
	owner := "123456789012"
	list, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String("a b+c/日"), ExpectedBucketOwner: &owner})
	if err != nil || len(list.Contents) != 1 || *list.Contents[0].Key != key {
		t.Errorf("listed %+v, %v", list, err)
	}
}
