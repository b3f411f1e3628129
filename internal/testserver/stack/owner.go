package stack

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"configtrail/internal/testserver/glue"
)

const expectedOwner = "X-Amz-Expected-Bucket-Owner"

// owned makes every bucket one of the account that owns the Glue catalog: the S3
// server knows owners by access key alone. A call that expects another owner is
// refused as S3 does; of one that expects this, the header is taken off, for which
// it is signed again.
func (s *Stack) owned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		owner := r.Header.Get(expectedOwner)
		if owner == "" {
			next.ServeHTTP(w, r)
			return
		}
		if owner != glue.Account {
			refuse(w, "AccessDenied")
			return
		}
		if !strings.Contains(r.Header.Get("Authorization"), "Credential="+s.AccessKey+"/") {
			refuse(w, "InvalidAccessKeyId")
			return
		}
		if s.resign(r, expectedOwner) != nil {
			refuse(w, "InvalidRequest")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// resign takes headers off a call to S3, and signs it with the stack's keys.
func (s *Stack) resign(r *http.Request, without ...string) error {
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return err
	}
	again, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+r.Host+r.URL.RequestURI(), http.NoBody)
	if err != nil {
		return err
	}
	for _, name := range without {
		r.Header.Del(name)
	}
	again.ContentLength = r.ContentLength
	for name, values := range r.Header { // those of the transport are not signed
		if strings.HasPrefix(name, "X-Amz-") || name == "Content-Type" || name == "Content-Md5" || name == "Range" || strings.HasPrefix(name, "If-") {
			again.Header[name] = values
		}
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	credentials := aws.Credentials{AccessKeyID: s.AccessKey, SecretAccessKey: s.SecretKey}
	if err := signer.SignHTTP(r.Context(), credentials, again, r.Header.Get("X-Amz-Content-Sha256"), "s3", s.Region, at); err != nil {
		return err
	}
	r.Header.Set("Authorization", again.Header.Get("Authorization"))
	return nil
}

func refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message><RequestId>1</RequestId></Error>`, code, code)
}
