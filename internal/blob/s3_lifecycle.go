package blob

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// LifecycleAction is one thing that a bucket does to its objects by itself, once
// they are old enough: it deletes them, or moves them to another storage class.
// What happens to versions that are no longer current is none.
type LifecycleAction struct {
	Rule  string // the rule's id; "" where it has none
	Class string // the storage class that objects go to; "": they are deleted
	Days  int    // of age; with a Date it is 0
	Date  time.Time

	Prefix  string            // of keys
	Tags    map[string]string // that an object has to have, which no listing tells
	Larger  int64             // bytes that an object has to exceed; -1: any
	Smaller int64             // bytes that an object has to stay below; 0: any
}

// Deletes reports whether objects are gone afterwards.
func (l LifecycleAction) Deletes() bool { return l.Class == "" }

// Archives reports whether objects can't be read afterwards without a restore.
// Those in INTELLIGENT_TIERING can be, unless the bucket has archive tiers for it.
func (l LifecycleAction) Archives() bool {
	return l.Class == string(types.TransitionStorageClassGlacier) || l.Class == string(types.TransitionStorageClassDeepArchive)
}

// At is when the action meets an object; ok is false where it never does. S3 acts
// at the midnight of UTC after the day on which the object is old enough. Tags
// are not looked at.
func (l LifecycleAction) At(object Object) (at time.Time, ok bool) {
	if !strings.HasPrefix(object.Key, l.Prefix) || object.Size <= l.Larger || l.Smaller > 0 && object.Size >= l.Smaller {
		return at, false
	}
	if !l.Date.IsZero() {
		return l.Date, true
	}
	at = object.Modified.UTC().AddDate(0, 0, l.Days)
	if midnight := at.Truncate(24 * time.Hour); !midnight.Equal(at) {
		at = midnight.AddDate(0, 0, 1)
	}
	return at, true
}

// leastMoved is the size below which S3 moves no object to a colder class, unless
// a rule or the whole configuration says otherwise.
const leastMoved = 128 << 10

// errNoLifecycle is the answer of servers that speak a part of S3.
var errNoLifecycle = errors.New("the server knows no lifecycle")

// Lifecycle reads what the bucket does to its current objects by rules that are
// enabled; none is no error. It takes s3:GetLifecycleConfiguration.
func (b *S3) Lifecycle(ctx context.Context) ([]LifecycleAction, error) {
	out, err := call(ctx, b, func(client *s3.Client) (*s3.GetBucketLifecycleConfigurationOutput, error) {
		return client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &b.place.Bucket, ExpectedBucketOwner: b.owner()})
	})
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "NoSuchLifecycleConfiguration":
			return nil, nil
		case "NotImplemented":
			err = errNoLifecycle
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the lifecycle of s3://%s: %w", b.place.Bucket, err)
	}
	var all []LifecycleAction
	for _, rule := range out.Rules {
		if rule.Status == types.ExpirationStatusEnabled {
			all = append(all, actionsOf(rule, out.TransitionDefaultMinimumObjectSize)...)
		}
	}
	return all, nil
}

// actionsOf takes a rule apart: first what it deletes, then what it moves.
func actionsOf(rule types.LifecycleRule, moved types.TransitionDefaultMinimumObjectSize) []LifecycleAction {
	of := filterOf(rule)
	var all []LifecycleAction
	if e := rule.Expiration; e != nil && (e.Days != nil || e.Date != nil) { // else it clears delete markers away
		one := of
		one.Days, one.Date = int(sdk.ToInt32(e.Days)), sdk.ToTime(e.Date).UTC()
		all = append(all, one)
	}
	for _, t := range rule.Transitions {
		one := of
		one.Class, one.Days, one.Date = string(t.StorageClass), int(sdk.ToInt32(t.Days)), sdk.ToTime(t.Date).UTC()
		if of.Larger < 0 && of.Smaller == 0 && !(one.Archives() && moved == types.TransitionDefaultMinimumObjectSizeVariesByStorageClass) {
			one.Larger = leastMoved - 1
		}
		all = append(all, one)
	}
	return all
}

// filterOf reads which objects a rule is about, in each of the forms that the
// configuration has had.
func filterOf(rule types.LifecycleRule) LifecycleAction {
	l := LifecycleAction{Rule: sdk.ToString(rule.ID), Prefix: sdk.ToString(rule.Prefix), Larger: -1} //nolint:staticcheck // older configurations have it
	f := rule.Filter
	if f == nil {
		return l
	}
	var tags []types.Tag
	l.narrow(f.Prefix, f.ObjectSizeGreaterThan, f.ObjectSizeLessThan)
	if f.Tag != nil {
		tags = append(tags, *f.Tag)
	}
	if f.And != nil {
		l.narrow(f.And.Prefix, f.And.ObjectSizeGreaterThan, f.And.ObjectSizeLessThan)
		tags = slices.Concat(tags, f.And.Tags)
	}
	for _, tag := range tags {
		if l.Tags == nil {
			l.Tags = map[string]string{}
		}
		l.Tags[sdk.ToString(tag.Key)] = sdk.ToString(tag.Value)
	}
	return l
}

func (l *LifecycleAction) narrow(prefix *string, larger, smaller *int64) {
	if prefix != nil {
		l.Prefix = *prefix
	}
	if larger != nil {
		l.Larger = *larger
	}
	if smaller != nil {
		l.Smaller = *smaller
	}
}

// Region is where the bucket's requests go. Once one was answered it is the
// bucket's own region.
func (b *S3) Region() string {
	_, region := b.current()
	return region
}

// Place is the bucket and the prefix that was opened.
func (b *S3) Place() URL { return b.place }
