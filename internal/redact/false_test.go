package redact_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"configtrail/internal/redact"
)

// mostFalse is the share of leaf values that may be hidden although they hide nothing.
const mostFalse = 0.001

// judged says of each place in the samples where something is hidden what a
// person found there. A place that is not listed counts as false.
var judged = map[string]string{
	// A session token in the answer of AssumeRole opens the session while it
	// lasts. In the samples its value was replaced by the words EXAMPLE-SESSION-TOKEN.
	"sts.amazonaws.com/AssumeRole /credentials/sessionToken": "secret",
}

// TestRealSamplesStayReadable redacts every real item and event and judges each
// value that changed.
func TestRealSamplesStayReadable(t *testing.T) {
	page, err := os.ReadFile("../../docs/redaction.md")
	if err != nil {
		t.Fatal(err)
	}
	r := redact.New([]byte("key of the samples"))
	kinds := map[string]*struct{ records, leaves, secret, wrong int }{"items": {}, "events": {}}
	for _, s := range samples(t) {
		var name string
		kind := kinds["items"]
		before := values(s)
		if s.item != nil {
			name = s.item.Key.Type
			r.Item(s.item)
		} else {
			kind, name = kinds["events"], s.event.Source+"/"+s.event.Name
			r.Event(s.event)
		}
		after := values(s)
		kind.records++
		kind.leaves += len(before)
		for i, was := range before {
			if after[i] == was {
				continue
			}
			place := name + " " + was.path
			if judged[place] == "secret" {
				kind.secret++
				continue
			}
			kind.wrong++
			t.Logf("hidden in %s: %s: %.80q became %.80q", s.file, place, was.text, after[i].text)
		}
	}
	for name, kind := range kinds {
		share := float64(kind.wrong) / float64(kind.leaves)
		row := fmt.Sprintf("| %s | %d | %d | %d | %d | %.3f %% |", name, kind.records, kind.leaves, kind.secret, kind.wrong, 100*share)
		t.Log(row)
		if !strings.Contains(string(page), row) {
			t.Errorf("docs/redaction.md lacks the row %s", row)
		}
		if kind.leaves < 1000 {
			t.Errorf("the samples hold %d leaf values of %s, too few to say anything", kind.leaves, name)
		}
		if share > mostFalse {
			t.Errorf("%.3f %% of the leaf values of %s are hidden without a reason, more than %.1f %%", 100*share, name, 100*mostFalse)
		}
	}
}

type leaf struct{ path, text string }

// values lists the leaf strings of a record in one order before and after.
func values(s sample) []leaf {
	var all []leaf
	add := func(path, text string) { all = append(all, leaf{path, text}) }
	if s.item != nil {
		leaves(s.item.Configuration, add)
		leaves(s.item.SupplementaryConfiguration, add)
		tags, _ := json.Marshal(s.item.Tags)
		leaves(tags, add)
		return all
	}
	leaves(s.event.Request, add)
	leaves(s.event.Response, add)
	return append(all, leaf{"/userAgent", s.event.UserAgent})
}

// TestIdentifiersStay holds what the ledger is read by. Each value is written as
// AWS writes it, none is of a real account.
func TestIdentifiersStay(t *testing.T) {
	hex := strings.Repeat("0a1b2c3d4e5f6789", 4)
	for name, document := range map[string]string{
		"arn":            `{"secretArn":"arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/db-Ab1Cd2","password":"arn:aws:ssm:us-east-1:111122223333:parameter/db/password"}`,
		"session arn":    `{"principal":"arn:aws:sts::111122223333:assumed-role/Admin/kim@example.com"}`,
		"digests":        `{"codeSha256":"lDHZTHFNUyHYPLo8R7wPSA4bTV8mY0pVbZQ2dGxhc3M=","sha256":"` + hex + `","imageDigest":"sha256:` + hex + `","etag":"9bb58f26192e4ba00f01e2e7b136bbd8"}`,
		"ids":            `{"imageId":"ami-0abcdef1234567890","keyName":"prod-key","kmsKeyId":"1234abcd-12ab-34cd-56ef-1234567890ab","accessKeyId":"AKIAEXAMPLEEXAMPLE00","roleId":"AROAEXAMPLEEXAMPLE000"}`,
		"names":          `{"imageName":"amzn2-ami-hvm-2.0.20241031.0-x86_64-gp2","certificate":"arn:aws:acm:us-east-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab"}`,
		"settings":       `{"passwordPolicy":"strict","maxPasswordAge":"90","tokenValidityUnits":"hours","httpTokens":"required","nextToken":"AAEAAfqeTJBa9KzNy85Z8f9fugPDwcPX","clientToken":"aBCDe123456aBCDe123456","apiKeySource":"HEADER","authorizationType":"AWS_IAM","secretName":"prod/db","imagePullCredentialsType":"CODEBUILD"}`,
		"policy":         `{"Statement":[{"Action":["secretsmanager:GetSecretValue","iam:ChangePassword","sts:GetSessionToken","kms:GenerateDataKey*"],"Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com","kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::b"}}}]}`,
		"encoded policy": `{"assumeRolePolicyDocument":"%7B%22Statement%22%3A%5B%7B%22Action%22%3A%22sts%3AAssumeRole%22%2C%22Principal%22%3A%7B%22Service%22%3A%22lambda.amazonaws.com%22%7D%7D%5D%7D"}`,
		"references":     `{"password":"{{resolve:secretsmanager:prod/db:SecretString:password}}","token":"${API_TOKEN}","masterUserPassword":"****","secretOptions":[{"name":"splunk-token","valueFrom":"arn:aws:ssm:us-east-1:111122223333:parameter/t"}]}`,
		"public keys":    `{"sSHPublicKey":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOtAlK45MAEWZ7yC","certificateBody":"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"}`,
		"encryption":     `{"encryptionKey":"1234abcd-12ab-34cd-56ef-1234567890ab","masterKey":"alias/aws/s3"}`,
		"environment":    `{"environment":{"type":"LINUX_CONTAINER","image":"aws/codebuild/standard:7.0","variables":{"LOG_LEVEL":"INFO","TABLE_NAME":"orders","REGION":"ap-northeast-1","ENABLED":"true","TIMEOUT":"30","QUEUE_URL":"https://sqs.us-east-1.amazonaws.com/111122223333/jobs","TOPIC":"arn:aws:sns:us-east-1:111122223333:t"}}}`,
		"build names":    `{"environment":{"environmentVariables":[{"name":"TOKEN","type":"SECRETS_MANAGER","value":"prod/ci:token"}]}}`,
		"prose":          `{"description":"Rotates the password: see the wiki. Created by arn:aws:iam::111122223333:role/Deploy from commit 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"}`,
		"names of cdk":   `{"tags":[{"key":"aws:cloudformation:logical-id","value":"ProductionDatabaseCluster2024Backup9F8A7B6C"},{"key":"stack","value":"prod-OrdersStack-ServiceRole8D4F2A1B9C"}]}`,
	} {
		if after, n := redactedJSON("AWS::Test::Type", document); after != document || n != 0 {
			t.Errorf("%s: %d hidden:\n%s", name, n, after)
		}
	}
}
