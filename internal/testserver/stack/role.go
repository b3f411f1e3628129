package stack

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Role is a role in another account, whose keys open the buckets of that account.
// To a front every bucket is one of that account for callers who assumed the role,
// and of no other: they see that it is the role that reads.
type Role struct {
	ARN        string
	ExternalID string // that has to be told; "": none

	// Watch sees every call to S3 with the role's keys.
	Watch func(*http.Request)
}

// account is the fifth part of the role's ARN.
func (r Role) account() string {
	parts := strings.Split(r.ARN, ":")
	return parts[min(4, len(parts)-1)]
}

// key is the access key of the role that is the nth.
func key(n int) string { return fmt.Sprintf("ASIAROLE%012d", n) }

const sessionToken = "session-of-a-role"

type assumeRole struct {
	XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleResponse"`
	Result  struct {
		Credentials struct {
			AccessKey    string `xml:"AccessKeyId"`
			Secret       string `xml:"SecretAccessKey"`
			SessionToken string
			Expiration   string
		}
		AssumedRoleUser struct{ Arn, AssumedRoleId string } //nolint:revive // as STS spells it
	} `xml:"AssumeRoleResult"`
}

// assuming answers STS: AssumeRole for the roles there are, and what Identity answers.
func assuming(roles []Role) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("Action") != "AssumeRole" {
			Identity(w, r)
			return
		}
		for n, role := range roles {
			if role.ARN != r.FormValue("RoleArn") || role.ExternalID != r.FormValue("ExternalId") {
				continue
			}
			var answer assumeRole
			given := &answer.Result.Credentials
			given.AccessKey, given.Secret, given.SessionToken = key(n), "secret", sessionToken
			given.Expiration = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
			answer.Result.AssumedRoleUser.Arn = role.ARN + "/" + r.FormValue("RoleSessionName")
			w.Header().Set("Content-Type", "text/xml")
			_ = xml.NewEncoder(w).Encode(answer) // a caller who left needs no answer
			return
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>`)
	})
}

// assumed lets the keys of roles in: their calls go on as the stack's own.
func (s *Stack) assumed(roles []Role, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for n, role := range roles {
			if !strings.Contains(r.Header.Get("Authorization"), "Credential="+key(n)+"/") {
				continue
			}
			if role.Watch != nil {
				role.Watch(r)
			}
			if r.Header.Get("X-Amz-Security-Token") != sessionToken || r.Header.Get(expectedOwner) != role.account() {
				refuse(w, "AccessDenied")
				return
			}
			if s.resign(r, expectedOwner, "X-Amz-Security-Token") != nil {
				refuse(w, "InvalidRequest")
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
