package lake_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/lake"

	"github.com/google/go-cmp/cmp"
)

func changeOf(id, captured, hash string) configtrail.Change {
	return configtrail.Change{
		Key:  configtrail.ResourceKey{Account: prod, Region: tokyo, Type: "AWS::S3::Bucket", ID: id},
		Time: at(captured), Kind: configtrail.Updated, Edits: []configtrail.Edit{}, HashAfter: hash,
		ActorStatus: configtrail.ActorNoTrail,
	}
}

func changesOf(t *testing.T, l *lake.Lake) []configtrail.Change {
	t.Helper()
	all := []configtrail.Change{}
	for change, err := range l.ChangesInOrder(t.Context(), configtrail.Scope{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, change)
	}
	return all
}

func changeWriter(t *testing.T, l *lake.Lake) *lake.ChangeWriter {
	t.Helper()
	w, err := l.NewChangeWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// replace removes and adds changes in one commit.
func replace(t *testing.T, w *lake.ChangeWriter, through int64, removed, added []configtrail.Change) {
	t.Helper()
	for _, change := range removed {
		if err := w.Remove(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	for _, change := range added {
		if err := w.Add(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(t.Context(), through); err != nil {
		t.Fatal(err)
	}
}

func TestRoundTripOfChanges(t *testing.T) { everywhere(t, testRoundTripOfChanges) }

func testRoundTripOfChanges(t *testing.T, dir place) {
	l := create(t, dir)
	full := configtrail.Change{
		Key:  configtrail.ResourceKey{Account: prod, Region: tokyo, Type: "AWS::EC2::SecurityGroup", ID: "sg-1"},
		Name: "受付", ARN: "arn:aws:ec2:sg-1", Tags: map[string]string{"環境": "本番"},
		Time: at("2024-11-05T01:02:03.000004Z"), After: at("2024-10-05T01:02:03Z"),
		Kind: configtrail.Updated, Noise: configtrail.NoiseCounter,
		Edits: []configtrail.Edit{
			{Path: "/configuration/a~1b", Op: configtrail.OpReplace, Old: json.RawMessage(`1`), New: json.RawMessage(`"二"`)},
			{Path: "/tags/x", Op: configtrail.OpAdd, New: json.RawMessage(`null`)},
			{Path: "/tags/y", Op: configtrail.OpRemove, Old: json.RawMessage(`{"a":[]}`)},
		},
		HashBefore: "aa", HashAfter: "bb",
		Actor: &configtrail.Actor{
			ID: "arn:aws:iam::1:user/花子", Name: "花子", Confidence: 0.75, EventID: "e-1", EventName: "AuthorizeSecurityGroupIngress",
			EventTime: at("2024-11-05T01:00:00Z"),
		},
		ActorStatus:  configtrail.ActorKnown,
		Source:       configtrail.Source{URI: "s3://b/2", Key: "2", ETag: "e2", Index: 2},
		SourceBefore: &configtrail.Source{URI: "s3://b/1", Key: "1", ETag: "e1"},
	}
	ambiguous := changeOf("two", "2024-11-06T00:00:00Z", "cc")
	ambiguous.ActorStatus = configtrail.ActorAmbiguous
	ambiguous.Actor = &configtrail.Actor{Ambiguous: true, Candidates: []configtrail.Actor{
		{ID: "a", Confidence: 0.5, EventTime: at("2024-11-05T23:00:00Z")},
		{ID: "b", Confidence: 0.5, EventTime: at("2024-11-05T23:01:00Z")},
	}}
	created := changeOf("three", "2024-12-06T00:00:00Z", "dd")
	created.Tags = map[string]string{}
	created.Kind = configtrail.Created
	replace(t, changeWriter(t, l), 0, nil, []configtrail.Change{created, ambiguous, full})
	if diff := cmp.Diff([]configtrail.Change{full, created, ambiguous}, changesOf(t, l)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestChangesAreReplacedInOneCommit(t *testing.T) {
	everywhere(t, testChangesAreReplacedInOneCommit)
}

func testChangesAreReplacedInOneCommit(t *testing.T, dir place) {
	l := create(t, dir)
	november, other := changeOf("a", "2024-11-05T00:00:00Z", "1"), changeOf("b", "2024-11-06T00:00:00Z", "1")
	december, january := changeOf("a", "2024-12-05T00:00:00Z", "2"), changeOf("a", "2025-01-05T00:00:00Z", "3")
	replace(t, changeWriter(t, l), 0, nil, []configtrail.Change{november})
	replace(t, changeWriter(t, l), 0, nil, []configtrail.Change{other, december})
	untouched, err := l.Plan(t.Context(), lake.Changes, configtrail.Scope{Resources: []string{"b"}})
	if err != nil {
		t.Fatal(err)
	}

	mended := changeOf("a", "2024-11-05T00:00:00Z", "mended")
	late := changeOf("a", "2024-11-04T00:00:00Z", "late")
	replace(t, changeWriter(t, l), 4, []configtrail.Change{november, december}, []configtrail.Change{late, mended, january})
	if diff := cmp.Diff([]configtrail.Change{late, mended, january, other}, changesOf(t, l)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if after, err := l.Plan(t.Context(), lake.Changes, configtrail.Scope{Resources: []string{"b"}}); err != nil || !cmp.Equal(untouched, after) {
		t.Errorf("files without a removed row became %v (error %v), were %v", after, err, untouched)
	}
	// Removing everything of a month leaves no file of it.
	replace(t, changeWriter(t, l), 4, []configtrail.Change{january}, nil)
	files, err := l.Plan(t.Context(), lake.Changes, configtrail.Scope{Window: configtrail.Window{From: at("2025-01-01T00:00:00Z")}})
	if err != nil || len(files) != 0 {
		t.Errorf("files of a month without rows: %v, error %v", files, err)
	}
}

func delivery(uri string, read string, captured time.Time) configtrail.Delivery {
	return configtrail.Delivery{
		URI: "s3://b/" + uri, Key: uri, ETag: "e", Size: 10, Kind: configtrail.KindHistory, Account: prod, Region: tokyo,
		WrittenAt: captured, ReadAt: at(read), Read: 3, Added: 1, Duplicates: 1, Rejected: 1, Bytes: 99,
	}
}

func deliveriesOf(t *testing.T, l *lake.Lake) []configtrail.Delivery {
	t.Helper()
	all := []configtrail.Delivery{}
	for d, err := range l.DeliveriesRead(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

func pending(t *testing.T, l *lake.Lake) ([]lake.Group, int64) {
	t.Helper()
	groups, through, err := l.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return groups, through
}

func addDelivery(t *testing.T, w *lake.Writer, d configtrail.Delivery, groups ...lake.Group) {
	t.Helper()
	if err := w.AddDelivery(t.Context(), d, groups); err != nil {
		t.Fatal(err)
	}
	commit(t, w)
}

func TestDeliveriesAndWhatIsPending(t *testing.T) { everywhere(t, testDeliveriesAndWhatIsPending) }

func testDeliveriesAndWhatIsPending(t *testing.T, dir place) {
	l := create(t, dir)
	w := writer(t, l)
	buckets := lake.Group{Account: prod, Region: tokyo, Type: "AWS::S3::Bucket"}
	instances := lake.Group{Account: prod, Region: tokyo, Type: "AWS::EC2::Instance"}
	whole := lake.Group{Account: audit}

	if groups, through := pending(t, l); len(groups) != 0 || through != 0 {
		t.Errorf("pending of an empty lake: %v through %d", groups, through)
	}
	first := delivery("a", "2024-12-01T00:00:00Z", at("2024-11-05T00:00:00Z"))
	first.FirstCapture, first.LastCapture = at("2024-11-01T00:00:00Z"), at("2024-11-05T00:00:00Z")
	first.Quarantined = []configtrail.Quarantined{{Key: "a", Index: 2, Offset: 512, Code: configtrail.CodeBadItem, Reason: "壊れている"}}
	archived := delivery("b", "2024-12-01T00:00:01Z", time.Time{})
	archived.Archived = true
	addDelivery(t, w, first, buckets)
	addDelivery(t, w, archived, whole)
	if diff := cmp.Diff([]configtrail.Delivery{first, archived}, deliveriesOf(t, l)); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	groups, through := pending(t, l)
	if diff := cmp.Diff([]lake.Group{buckets, whole}, groups); diff != "" || through != 2 {
		t.Errorf("pending through %d, want 2 (-want +got):\n%s", through, diff)
	}
	cw := changeWriter(t, l)
	replace(t, cw, through, nil, nil)
	if groups, through := pending(t, l); len(groups) != 0 || through != 2 {
		t.Errorf("pending after derivation: %v through %d", groups, through)
	}
	again := delivery("a", "2024-12-02T00:00:00Z", at("2024-11-05T00:00:00Z"))
	addDelivery(t, w, again, instances)
	if diff := cmp.Diff([]configtrail.Delivery{again, archived}, deliveriesOf(t, l)); diff != "" {
		t.Errorf("deliveries after one was read again (-want +got):\n%s", diff)
	}
	// Compacting merges the two rows of a, and keeps what is to be derived of the newer one only.
	if _, err := l.Compact(t.Context(), lake.CompactOptions{}); err != nil {
		t.Fatal(err)
	}
	groups, through = pending(t, l)
	if diff := cmp.Diff([]lake.Group{instances}, groups); diff != "" || through != 3 {
		t.Errorf("pending through %d, want 3 (-want +got):\n%s", through, diff)
	}
	if diff := cmp.Diff([]configtrail.Delivery{again, archived}, deliveriesOf(t, l)); diff != "" {
		t.Errorf("deliveries after compaction (-want +got):\n%s", diff)
	}
}

func TestCompactionKeepsWhatOlderRowsLeftToDerive(t *testing.T) {
	everywhere(t, testCompactionKeepsWhatOlderRowsLeftToDerive)
}

func testCompactionKeepsWhatOlderRowsLeftToDerive(t *testing.T, dir place) {
	l := create(t, dir)
	w := writer(t, l)
	buckets := lake.Group{Account: prod, Region: tokyo, Type: "AWS::S3::Bucket"}
	written := at("2024-11-05T00:00:00Z")
	addDelivery(t, w, delivery("a", "2024-12-01T00:00:00Z", written), buckets)
	addDelivery(t, w, delivery("a", "2024-12-02T00:00:00Z", written)) // read again, added nothing
	if _, err := l.Compact(t.Context(), lake.CompactOptions{}); err != nil {
		t.Fatal(err)
	}
	groups, through := pending(t, l)
	if diff := cmp.Diff([]lake.Group{buckets}, groups); diff != "" || through != 2 {
		t.Errorf("pending through %d, want 2 (-want +got):\n%s", through, diff)
	}
}

func TestChangesDerivedByTwo(t *testing.T) { everywhere(t, testChangesDerivedByTwo) }

func testChangesDerivedByTwo(t *testing.T, dir place) {
	l := create(t, dir)
	w := writer(t, l)
	group := lake.Group{Account: prod}
	addDelivery(t, w, delivery("a", "2024-12-01T00:00:00Z", at("2024-11-05T00:00:00Z")), group)
	change := changeOf("a", "2024-11-05T00:00:00Z", "1")

	one, two, three := changeWriter(t, l), changeWriter(t, create(t, dir)), changeWriter(t, create(t, dir))
	replace(t, one, 1, nil, []configtrail.Change{change})
	replace(t, two, 1, nil, []configtrail.Change{change}) // the same work: nothing is doubled
	if diff := cmp.Diff([]configtrail.Change{change}, changesOf(t, l)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	files, err := l.Plan(t.Context(), lake.Changes, configtrail.Scope{})
	if err != nil || len(files) != 1 || files[0].Rows != 1 {
		t.Errorf("files %v, error %v; want one of one row", files, err)
	}
	// Work that rests on older changes, but accounts for more, has to be done again.
	if err := three.Add(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	if err := three.Commit(t.Context(), 2); !errors.Is(err, lake.ErrStale) {
		t.Errorf("error %v; want ErrStale", err)
	}
	if err := three.Abandon(); err != nil {
		t.Fatal(err)
	}
}

// A large file that loses a row is written without it, and not with what is added.
func TestALargeFileOfChangesStaysByItself(t *testing.T) {
	l := create(t, t.TempDir())
	base := []configtrail.Change{changeOf("a", "2024-11-01T00:00:00Z", "1"), changeOf("b", "2024-11-01T00:00:00Z", "1"), changeOf("c", "2024-11-01T00:00:00Z", "1")}
	added := []configtrail.Change{changeOf("d", "2024-11-02T00:00:00Z", "1"), changeOf("e", "2024-11-02T00:00:00Z", "1")}
	rows := func() (counts []int64) {
		t.Helper()
		files, err := l.Plan(t.Context(), lake.Changes, configtrail.Scope{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			counts = append(counts, f.Rows)
		}
		slices.Sort(counts)
		return counts
	}
	replace(t, changeWriter(t, l), 1, nil, base)
	l.SmallChanges(1)
	replace(t, changeWriter(t, l), 2, base[1:2], added[:1])
	if got := rows(); !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("files of %d rows, want the large one with 2 and another with 1", got)
	}
	l.SmallChanges(1 << 20)
	replace(t, changeWriter(t, l), 3, base[2:], added[1:])
	if got := rows(); !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("files of %d rows, want one of the two that are left and added, beside the one that lost nothing", got)
	}
	want := []configtrail.Change{base[0], added[0], added[1]}
	if diff := cmp.Diff(want, changesOf(t, l)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}
