package aws_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/aws"
)

// machine is a home with AWS settings and nothing else in the environment.
func machine(t *testing.T, settings string) {
	t.Helper()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	home := t.TempDir()
	file := filepath.Join(home, "config")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"HOME": home, "USERPROFILE": home,
		"AWS_CONFIG_FILE": file, "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, "credentials"),
		"AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

// sts is a token service that gives numbered keys for a role.
type sts struct {
	mu     sync.Mutex
	asked  []url.Values
	lasts  time.Duration
	refuse string // an error document in place of credentials
}

func (s *sts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, form)
	w.Header().Set("Content-Type", "text/xml")
	if s.refuse != "" {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, s.refuse)
		return
	}
	fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIA%d</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token</SessionToken><Expiration>%s</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>`, len(s.asked), time.Now().Add(s.lasts).UTC().Format(time.RFC3339))
}

func TestConfigAssumesARole(t *testing.T) {
	machine(t, "[default]\nregion = eu-west-1\n")
	service := &sts{lasts: time.Hour}
	server := httptest.NewServer(service)
	defer server.Close()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the endpoint of the services was asked for credentials")
	}))
	defer elsewhere.Close()
	t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIA0")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "base-secret")

	cfg, err := aws.Config(t.Context(), aws.Options{
		RoleARN: "arn:aws:iam::111122223333:role/audit/reader", ExternalID: "ext-1", EndpointURL: elsewhere.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Region != "eu-west-1" || sdk.ToString(cfg.BaseEndpoint) != elsewhere.URL {
		t.Errorf("region %s, endpoint %s", cfg.Region, sdk.ToString(cfg.BaseEndpoint))
	}
	if len(service.asked) != 0 {
		t.Error("credentials were fetched before they were needed")
	}
	for range 2 { // the second time from the cache
		if got := keyID(t, cfg); got != "ASIA1" {
			t.Errorf("key %s", got)
		}
	}
	if !aws.Renew(cfg.Credentials) {
		t.Error("credentials that can't be renewed")
	}
	service.lasts = 30 * time.Second // under a minute: to be renewed before each request
	for _, want := range []string{"ASIA2", "ASIA3"} {
		if got := keyID(t, cfg); got != want {
			t.Errorf("key %s, want %s", got, want)
		}
	}
	form := service.asked[0]
	got := []string{form.Get("Action"), form.Get("RoleArn"), form.Get("ExternalId"), form.Get("RoleSessionName")}
	if diff := cmp.Diff([]string{"AssumeRole", "arn:aws:iam::111122223333:role/audit/reader", "ext-1", "configtrail"}, got); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}

	service.refuse = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::999988887777:user/kenji is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/audit/reader</Message></Error></ErrorResponse>`
	aws.Renew(cfg.Credentials)
	_, err = cfg.Credentials.Retrieve(t.Context())
	expect(t, aws.Explain(err), "access denied: sts:AssumeRole on arn:aws:iam::111122223333:role/audit/reader",
		"allow sts:AssumeRole for the identity that this shows: aws sts get-caller-identity")
}

func keyID(t *testing.T, cfg sdk.Config) string {
	t.Helper()
	credentials, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return credentials.AccessKeyID
}

// Without a region a role can still be assumed: its ARN tells the partition.
func TestConfigWithoutRegion(t *testing.T) {
	machine(t, "")
	service := &sts{lasts: time.Hour}
	server := httptest.NewServer(service)
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIA0")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "base-secret")
	cfg, err := aws.Config(t.Context(), aws.Options{RoleARN: "arn:aws-cn:iam::111122223333:role/r"})
	if err != nil {
		t.Fatal(err)
	}
	if got := keyID(t, cfg); got != "ASIA1" {
		t.Errorf("key %s", got)
	}
	expect(t, aws.NeedRegion(cfg), "no AWS region is set",
		"name it with --aws-region, AWS_REGION or the profile, such as --aws-region ap-northeast-1")
	cfg.Region = "ap-northeast-1"
	if err := aws.NeedRegion(cfg); err != nil {
		t.Error(err)
	}
}

func TestConfigPrecedence(t *testing.T) {
	machine(t, "[default]\nregion = eu-west-1\n[profile audit]\nregion = ap-northeast-1\naws_access_key_id = AKIAAUDIT\naws_secret_access_key = s\n")
	t.Setenv("AWS_ENDPOINT_URL_S3", "http://from-the-environment")
	for _, test := range []struct {
		options aws.Options
		region  string
	}{
		{aws.Options{}, "eu-west-1"},
		{aws.Options{Profile: "audit"}, "ap-northeast-1"},
		{aws.Options{Profile: "audit", Region: "us-west-2"}, "us-west-2"},
	} {
		cfg, err := aws.Config(t.Context(), test.options)
		if err != nil || cfg.Region != test.region {
			t.Errorf("%+v: region %s, %v", test.options, cfg.Region, err)
		}
	}
	// A profile that is asked for wins over keys in the environment.
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	cfg, err := aws.Config(t.Context(), aws.Options{Profile: "audit"})
	if err != nil {
		t.Fatal(err)
	}
	if got := keyID(t, cfg); got != "AKIAAUDIT" {
		t.Errorf("key %s", got)
	}
}

// Whose login it is decides which command helps.
func TestConfigExplainsLogins(t *testing.T) {
	const settings = `
[profile sso]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Reader
region = ap-northeast-1
[sso-session corp]
sso_region = ap-northeast-1
sso_start_url = https://corp.awsapps.com/start
[profile old sso]
sso_start_url = https://corp.awsapps.com/start
sso_region = ap-northeast-1
sso_account_id = 111122223333
sso_role_name = Reader
[profile role on sso]
role_arn = arn:aws:iam::111122223333:role/r
source_profile = sso
region = ap-northeast-1
[profile console]
login_session = arn:aws:iam::111122223333:user/kenji
region = ap-northeast-1
[profile process]
credential_process = false
[profile mfa]
role_arn = arn:aws:iam::111122223333:role/r
source_profile = keys
mfa_serial = arn:aws:iam::111122223333:mfa/kenji
[profile keys]
aws_access_key_id = AKIA
aws_secret_access_key = s
[profile dangling]
role_arn = arn:aws:iam::111122223333:role/r
source_profile = nobody
`
	for _, test := range []struct{ profile, what, next string }{
		{"sso", "the SSO login has expired or is missing (profile sso)", "aws sso login --profile sso"},
		{"old sso", "the SSO login has expired (profile old sso)", "aws sso login --profile 'old sso'"},
		{"role on sso", "the SSO login has expired or is missing (profile sso)", "aws sso login --profile sso"},
		{"console", "the console login has expired or is missing (profile console)", "aws login --profile console"},
		{"process", "the credential_process gave no credentials (profile process)", "run the credential_process of process by hand and see what it says"},
		{"mfa", "read the AWS settings: the profile's role asks for an MFA code, which configtrail does not", `eval "$(aws configure export-credentials --profile mfa --format env)", then run it again without --profile`},
		{"dangling", "read the AWS settings: the source_profile nobody of role arn:aws:iam::111122223333:role/r has no credentials", "aws configure list-profiles"},
		{"nobody", "read the AWS settings: no AWS profile nobody", "aws configure list-profiles"},
		{"", "no AWS credentials found", "log in with aws sso login --profile NAME and name it with --profile NAME, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
	} {
		t.Run(test.profile, func(t *testing.T) {
			machine(t, settings)
			cfg, err := aws.Config(t.Context(), aws.Options{Profile: test.profile})
			if err == nil {
				_, err = cfg.Credentials.Retrieve(t.Context())
			}
			expect(t, aws.Explain(err), test.what, test.next)
		})
	}
}

func TestConfigRefusesWhatIsNoRole(t *testing.T) {
	machine(t, "")
	for _, arn := range []string{"reader", "arn:aws:iam::111122223333:user/kenji", "arn:aws:iam::1:role/x", "arn:aws:iam::111122223333:role/"} {
		if _, err := aws.Config(t.Context(), aws.Options{RoleARN: arn}); !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("%s: %v", arn, err)
		}
	}
}

// expect compares what a person reads.
func expect(t *testing.T, err error, what, next string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", what)
	}
	if err.Error() != what {
		t.Errorf("what happened: %s\n         want: %s", err, what)
	}
	var hint *configtrail.Hint
	if !errors.As(err, &hint) {
		t.Errorf("no hint, want %s", next)
	} else if hint.Next != next {
		t.Errorf("what to do: %s\n      want: %s", hint.Next, next)
	}
}
