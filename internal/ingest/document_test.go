package ingest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

const (
	account = "111122223333"
	region  = "ap-northeast-1"
)

// item is a configuration item as history files carry it. What is "" is left out.
type item struct {
	ID       string // of the resource
	Captured string
	Status   string // "": OK
	Created  string
	StateID  int64
	CIDR     string // the state
	Region   string // "": region
}

// vpc is the usual item: a VPC, whose state is its address block.
func vpc(captured, cidr string) item { return item{ID: "vpc-1", Captured: captured, CIDR: cidr} }

func (i item) MarshalJSON() ([]byte, error) {
	wire := map[string]any{
		"configurationItemVersion": "1.3", "awsAccountId": account, "awsRegion": region,
		"configurationItemCaptureTime": i.Captured, "configurationItemStatus": "OK", "configurationStateId": i.StateID,
		"resourceType": "AWS::EC2::VPC", "resourceId": i.ID, "ARN": "arn:aws:ec2:" + region + ":" + account + ":vpc/" + i.ID,
	}
	if i.Status != "" {
		wire["configurationItemStatus"] = i.Status
	}
	if i.Region != "" {
		wire["awsRegion"] = i.Region
		wire["ARN"] = ""
	}
	if i.Created != "" {
		wire["resourceCreationTime"] = i.Created
	}
	if i.CIDR != "" {
		wire["configuration"] = map[string]any{"vpcId": i.ID, "cidrBlock": i.CIDR}
	}
	return json.Marshal(wire)
}

// history is a delivery of items, compressed.
func history(items ...item) []byte {
	text, err := json.Marshal(map[string]any{"fileVersion": "1.0", "configurationItems": items})
	if err != nil {
		panic(err) // these values can be written as JSON
	}
	return packed(text)
}

func packed(text []byte) []byte {
	var buffer bytes.Buffer
	zip := gzip.NewWriter(&buffer)
	zip.Write(text) // a bytes.Buffer takes everything
	zip.Close()
	return buffer.Bytes()
}

// historyKey is the key of a history object of VPCs that was written at a time.
func historyKey(t *testing.T, name, written string) string {
	t.Helper()
	return keyIn(t, "AWSLogs/"+account, region, name, written)
}

func keyIn(t *testing.T, prefix, region, name, written string) string {
	t.Helper()
	to := instant(t, written)
	const form = "20060102T150405Z"
	return fmt.Sprintf("%s/Config/%s/%d/%d/%d/ConfigHistory/%s_Config_%s_ConfigHistory_AWS::EC2::VPC_%s_%s_%s.json.gz",
		prefix, region, to.Year(), to.Month(), to.Day(), account, region, to.Add(-6*time.Hour).Format(form), to.Format(form), name)
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
