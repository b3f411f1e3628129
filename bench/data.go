package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/testorg"
)

// deliveries are the objects of one bucket, held in memory so that no disk and
// no network is measured. They implement blob.Bucket.
type deliveries struct {
	name    string
	objects []blob.Object
	content map[string][]byte // by key
	packed  int64             // bytes
}

func newDeliveries(name string) *deliveries {
	return &deliveries{name: name, content: map[string][]byte{}}
}

func (d *deliveries) put(key string, content []byte) {
	d.content[key] = content
	d.packed += int64(len(content))
	d.objects = append(d.objects, blob.Object{Key: key, URI: d.URI() + "/" + key, ETag: "1", Size: int64(len(content))})
}

func makeOrganisation(ctx context.Context, options testorg.Options) (*deliveries, error) {
	d := newDeliveries("organisation")
	_, err := testorg.Generate(ctx, options, func(key string, data []byte) error {
		d.put(key, bytes.Clone(data))
		return nil
	})
	return d, err
}

func makeSnapshot(options testorg.BigOptions) (*deliveries, error) {
	d := newDeliveries("snapshot")
	var buffer bytes.Buffer
	truth, err := testorg.Big(&buffer, options)
	d.put(fmt.Sprintf("AWSLogs/%s/Config/%s/2024/11/6/ConfigSnapshot/%s_Config_%s_ConfigSnapshot_20241106T000000Z_1.json.gz",
		truth.Account, truth.Region, truth.Account, truth.Region), buffer.Bytes())
	return d, err
}

// part is the i-th of n parts, in the order in which the objects were written.
func (d *deliveries) part(i, n int) *deliveries {
	some := newDeliveries(d.name)
	for _, object := range d.objects[i*len(d.objects)/n : (i+1)*len(d.objects)/n] {
		some.put(object.Key, d.content[object.Key])
	}
	return some
}

// URI implements blob.Bucket.
func (d *deliveries) URI() string { return "s3://" + d.name }

// List implements blob.Bucket.
func (d *deliveries) List(_ context.Context, prefix string) iter.Seq2[blob.Object, error] {
	return func(yield func(blob.Object, error) bool) {
		for _, object := range d.objects {
			if strings.HasPrefix(object.Key, prefix) && !yield(object, nil) {
				return
			}
		}
	}
}

// Level implements blob.Bucket; no measurement filters, so nobody asks for it.
func (d *deliveries) Level(context.Context, string) iter.Seq2[blob.Entry, error] {
	return func(yield func(blob.Entry, error) bool) {
		yield(blob.Entry{}, fmt.Errorf("list %s by folders: %w", d.URI(), errors.ErrUnsupported))
	}
}

// Open implements blob.Bucket.
func (d *deliveries) Open(_ context.Context, object blob.Object) (io.ReadCloser, error) {
	content, ok := d.content[object.Key]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", object.URI, configtrail.ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}
