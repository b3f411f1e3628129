package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/url"
	"strings"

	"configtrail/internal/blob"
)

// The messages of the ways in, as the services write them.

// ofS3 is the notification of S3 that an object was written.
func ofS3(bucket string, object blob.Object) string {
	return text(map[string]any{"Records": []any{map[string]any{
		"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventTime": "2024-11-05T07:02:05.123Z", "eventName": "ObjectCreated:Put",
		"s3": map[string]any{
			"s3SchemaVersion": "1.0", "configurationId": "configtrail", "bucket": map[string]any{"name": bucket, "arn": "arn:aws:s3:::" + bucket},
			// Percent-encoded but for its slashes, with a plus for a space.
			"object": map[string]any{"key": strings.ReplaceAll(url.QueryEscape(object.Key), "%2F", "/"), "size": object.Size, "eTag": object.ETag, "sequencer": "0055AED6DCD90281E5"},
		},
	}}})
}

// ofEventBridge is the same through EventBridge, which encodes nothing.
func ofEventBridge(bucket string, object blob.Object) string {
	return text(map[string]any{
		"version": "0", "id": "47a37318-9c13-1eb8-33a6-" + short12(object.Key), "detail-type": "Object Created", "source": "aws.s3", "account": owner,
		"time": "2024-11-05T07:02:05Z", "region": "us-east-1", "resources": []string{"arn:aws:s3:::" + bucket},
		"detail": map[string]any{
			"version": "0", "bucket": map[string]any{"name": bucket}, "reason": "PutObject", "requester": "123456789012",
			"object": map[string]any{"key": object.Key, "size": object.Size, "etag": object.ETag, "sequencer": "0055AED6DCD90281E5"},
		},
	})
}

// throughSNS is a message in the envelope of a topic.
func throughSNS(message string) string {
	return text(map[string]any{
		"Type": "Notification", "MessageId": "8b945cb0-db34-5b72-b032-" + short12(message), "TopicArn": "arn:aws:sns:us-east-1:999999999999:config-topic",
		"Subject": "Amazon S3 Notification", "Message": message, "Timestamp": "2024-11-05T07:02:05.478Z", "SignatureVersion": "1", "Signature": "c2lnbmF0dXJl",
	})
}

// ways are the forms in which an object's event comes to a queue.
func ways(bucket string, object blob.Object) []string {
	direct, bus := ofS3(bucket, object), ofEventBridge(bucket, object)
	return []string{direct, throughSNS(direct), bus, throughSNS(bus)}
}

func text(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err) // these values can be written as JSON
	}
	return string(encoded)
}

func short12(text string) string {
	h := fnv.New64a()
	h.Write([]byte(text))
	return fmt.Sprintf("%012x", h.Sum64()&0xffffffffffff)
}
