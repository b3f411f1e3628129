package aws_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/aws"
)

// service answers AWS's JSON protocol: for each operation a status and a body,
// which may depend on the request.
type service map[string]func(request map[string]any) (status int, body string)

// start runs a service and gives settings whose endpoint it is.
func (s service) start(t *testing.T, region string) sdk.Config {
	t.Helper()
	machine(t, "")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "key-secret")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target, body := r.Header.Get("X-Amz-Target"), map[string]any{}
		text, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(text, &body); err != nil || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIATEST/") {
			t.Errorf("%s: body %q, authorization %q", target, text, r.Header.Get("Authorization"))
		}
		body["authorization"] = r.Header.Get("Authorization")
		_, operation, _ := strings.Cut(target, ".")
		status, answer := s[operation](body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	cfg, err := aws.Config(t.Context(), aws.Options{Region: region, EndpointURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// hint is an error's next step.
func hint(err error) string {
	var h *configtrail.Hint
	if errors.As(err, &h) {
		return h.Next
	}
	return ""
}

func TestSecret(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:model-AbCdEf"
	stored := map[string]string{
		"plain":  `{"SecretString":" sk-plain\n"}`,
		arn:      `{"SecretString":"sk-arn"}`,
		"object": `{"SecretString":"{\"key\":\"sk-field\",\"n\":1}"}`,
		"binary": `{"SecretBinary":"c2stYmluYXJ5"}`,
		"empty":  `{"SecretString":"\n"}`,
	}
	regions := map[string]string{}
	cfg := service{"GetSecretValue": func(request map[string]any) (int, string) {
		id := request["SecretId"].(string)
		regions[id] = strings.Split(request["authorization"].(string), "/")[2]
		switch id {
		case "gone":
			return 400, `{"__type":"ResourceNotFoundException","Message":"sk-x"}`
		case "deleted":
			return 400, `{"__type":"InvalidRequestException","Message":"sk-x"}`
		case "sealed":
			return 400, `{"__type":"DecryptionFailure","Message":"sk-x"}`
		case "denied":
			return 400, `{"__type":"AccessDeniedException","Message":"User: arn:aws:sts::111122223333:assumed-role/fn/fn is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:x because"}`
		}
		return 200, stored[id]
	}}.start(t, "ap-northeast-1")

	for id, want := range map[string]string{"plain": "sk-plain", arn: "sk-arn", "object#key": "sk-field", "object": `{"key":"sk-field","n":1}`} {
		got, err := aws.Secret(t.Context(), cfg, id)
		if err != nil || got != want {
			t.Errorf("Secret(%s) = %q, %v; want %q", id, got, err, want)
		}
	}
	if regions[arn] != "eu-west-1" || regions["plain"] != "ap-northeast-1" {
		t.Errorf("asked in %v", regions)
	}

	for id, want := range map[string]struct {
		is         error
		says, next string
	}{
		"gone":         {configtrail.ErrNotFound, "read the secret gone: there is none of this name in ap-northeast-1", "list them with: aws secretsmanager list-secrets --region ap-northeast-1"},
		"deleted":      {nil, "read the secret deleted: it can't be read now: it is marked for deletion, or has no value", "restore it with aws secretsmanager restore-secret, or store a value in it"},
		"sealed":       {nil, "read the secret sealed: its KMS key can't be used", "allow kms:Decrypt on the secret's key"},
		"denied":       {nil, "read the secret denied: access denied: secretsmanager:GetSecretValue on arn:x", "allow secretsmanager:GetSecretValue for the identity that this shows: aws sts get-caller-identity"},
		"binary":       {configtrail.ErrInvalid, "invalid: the secret binary is binary", "store it as a text"},
		"empty":        {configtrail.ErrInvalid, "invalid: the secret empty is empty", "store a value in it"},
		"plain#key":    {configtrail.ErrInvalid, `read the secret plain: invalid: it is no JSON object, so it has no field "key"`, "leave out #key to read it whole"},
		"object#n":     {configtrail.ErrNotFound, `read the secret object: not found: no text in its field "n"`, "name a field that holds a text behind #, or store one under this name"},
		"object#other": {configtrail.ErrNotFound, `read the secret object: not found: no text in its field "other"`, "name a field that holds a text behind #, or store one under this name"},
	} {
		_, err := aws.Secret(t.Context(), cfg, id)
		if err == nil {
			t.Errorf("Secret(%s) gave one", id)
			continue
		}
		if err.Error() != want.says || hint(err) != want.next || want.is != nil && !errors.Is(err, want.is) {
			t.Errorf("Secret(%s):\n%s\n%s\nwant\n%s\n%s", id, err, hint(err), want.says, want.next)
		}
	}
}

func TestSecretNeedsARegion(t *testing.T) {
	cfg := service{}.start(t, "")
	if _, err := aws.Secret(t.Context(), cfg, "plain"); err == nil || !strings.Contains(err.Error(), "no AWS region is set") {
		t.Errorf("without a region: %v", err)
	}
}

func TestOrganizationAccounts(t *testing.T) {
	cfg := service{"ListAccounts": func(request map[string]any) (int, string) {
		switch request["NextToken"] {
		case nil:
			return 200, `{"Accounts":[{"Id":"222233334444","Name":"prod","Status":"ACTIVE"}],"NextToken":"2"}`
		case "2":
			return 200, `{"Accounts":[],"NextToken":"3"}` // an empty page is not the last
		}
		return 200, `{"Accounts":[{"Id":"111122223333","Name":"old","Status":"SUSPENDED"},{"Id":"222233334444","Name":"prod","Status":"ACTIVE"}]}`
	}}.start(t, "")
	got, err := aws.OrganizationAccounts(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	want := []configtrail.Account{{ID: "111122223333", Name: "old"}, {ID: "222233334444", Name: "prod"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestOrganizationAccountsRefused(t *testing.T) {
	for answer, want := range map[string]string{
		`{"__type":"AccessDeniedException","Message":"You don't have permissions"}`:        "list the accounts of the organisation: access denied: organizations:ListAccounts",
		`{"__type":"AWSOrganizationsNotInUseException","Message":"Your account is not a"}`: "list the accounts of the organisation: this account belongs to none",
	} {
		cfg := service{"ListAccounts": func(map[string]any) (int, string) { return 400, answer }}.start(t, "eu-west-1")
		_, err := aws.OrganizationAccounts(t.Context(), cfg)
		if err == nil || err.Error() != want || hint(err) == "" {
			t.Errorf("%s: %v, hint %q", answer, err, hint(err))
		}
	}
	cfg := service{"ListAccounts": func(map[string]any) (int, string) { return 200, `{"Accounts":[{"Id":"1;DROP"}]}` }}.start(t, "eu-west-1")
	if _, err := aws.OrganizationAccounts(t.Context(), cfg); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("an id that is none: %v", err)
	}
}
