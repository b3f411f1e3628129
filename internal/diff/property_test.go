package diff_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/diff"
)

// FuzzEdits: no input makes Edits panic; equal canonical states have no edits;
// a state has none against itself; the same states give the same edits; every
// path resolves in the state that it points into.
func FuzzEdits(f *testing.F) {
	const policy = `{"BucketPolicy":{"policyText":"{\"Statement\":[{\"Action\":\"s3:*\",\"Effect\":\"Deny\"}]}"}}`
	f.Add("AWS::EC2::Instance", `{"a":[1,{"b":"c"}],"d":"%7B%22x%22%3A1%7D"}`, `{"a":[{"b":"d"},1],"d":"{\"x\":2}"}`)
	f.Add("AWS::EC2::SecurityGroup", `{"ipPermissions":[{"ipProtocol":"tcp","ipRanges":["1"],"ipv4Ranges":[{"cidrIp":"1"}]}]}`, `{"ipPermissions":[{"ipRanges":["1"]}]}`)
	f.Add("AWS::S3::Bucket", policy, strings.Replace(policy, `\"s3:*\"`, `[\"s3:*\",1]`, 1))
	f.Add("AWS::EC2::Instance", `{"tags":[{"key":"a","value":"1"}]}`, `{"tags":[{"Key":"b"},{"key":"a","value":"2"}],"Statement":[]}`)
	f.Add("", `{"Statement":"[{\"Action\":[]}]","~/":null}`, `"\"{}\""`)
	f.Add("", `[[1,2],[3]]`, `{"a":{"":{"":1}}}`)
	f.Fuzz(func(t *testing.T, resourceType, old, new string) {
		before, after := of(old), of(new)
		before.Key.Type, after.Key.Type = resourceType, resourceType
		a, err := diff.Canonical(before)
		if err != nil {
			return
		}
		if inner, ok := strings.CutPrefix(string(a), `{"configuration":`); ok {
			again, err := diff.Canonical(of(strings.TrimSuffix(inner, "}")))
			if err != nil || !bytes.Equal(a, again) {
				t.Errorf("canonical twice: %s, then %s, %v", a, again, err)
			}
		}
		if edits, err := diff.Edits(before, before); err != nil || len(edits) != 0 || edits == nil {
			t.Errorf("against itself: %v, %v", edits, err)
		}
		b, err := diff.Canonical(after)
		if err != nil {
			return
		}
		edits, err := diff.Edits(before, after)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(a, b) && len(edits) != 0 {
			t.Errorf("equal states differ: %v", edits)
		}
		same, err := diff.Edits(before, after)
		if d := cmp.Diff(edits, same); d != "" || err != nil {
			t.Errorf("the second time: %v\n%s", err, d)
		}
		diff.Classify(resourceType, edits)
		for _, odd := range []string{`\ud`, `\uD`, "%", `e`, `E`} {
			if strings.Contains(old+new, odd) {
				return // the oracle knows no lone surrogates and no far exponents
			}
		}
		checkPointers(t, before, after, edits)
	})
}

// TestHugeLists: lists of twenty thousand elements take time in proportion, and
// what changed in them is still found.
func TestHugeLists(t *testing.T) {
	const n = 20000
	random := rand.New(rand.NewPCG(1, 2))
	numbers := func(places []int) string {
		return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(places)), ","), "[]")
	}
	counting := make([]int, n)
	for i := range counting {
		counting[i] = i
	}
	shuffled := make([]int, n)
	copy(shuffled, counting)
	random.Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	few := make([]int, n)
	for i := range few {
		few[i] = random.IntN(3)
	}
	objects := func(places []int, text string) string {
		var b strings.Builder
		for i, p := range places {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"Effect":"Allow","Action":"a:%d","Resource":%q}`, p, text+fmt.Sprint(p))
		}
		return b.String()
	}
	for _, test := range []struct {
		title, before, after string
		least, most          int
	}{
		{"every second element went", numbers(counting), numbers(everySecond(counting)), n / 2, n / 2},
		{"shuffled", numbers(counting), numbers(shuffled), n, 2 * n},
		{"three values only, in another order", numbers(few), numbers(shuffledBy(few, shuffled)), 1, 2 * n},
		{"objects, all changed and shuffled", objects(counting, "x"), objects(shuffled, "y"), n, 2 * n},
	} {
		for _, name := range []string{"list", "Statement", "securityGroupIds"} {
			t.Run(test.title+"/"+name, func(t *testing.T) {
				before, after := of(`{"`+name+`":[`+test.before+`]}`), of(`{"`+name+`":[`+test.after+`]}`)
				start := time.Now()
				edits, err := diff.Edits(before, after)
				if took := time.Since(start); took > 5*time.Second {
					t.Errorf("took %v", took) // well under a second on any machine; quadratic work takes minutes
				}
				least := test.least
				if name != "list" && (test.title == "shuffled" || strings.HasPrefix(test.title, "three")) {
					least = 0
				}
				if err != nil || len(edits) < least || len(edits) > test.most {
					t.Errorf("%d edits, %v; expected %d to %d", len(edits), err, least, test.most)
				}
			})
		}
	}
}

func everySecond(list []int) (half []int) {
	for i := 0; i < len(list); i += 2 {
		half = append(half, list[i])
	}
	return half
}

func shuffledBy(list, order []int) []int {
	out := make([]int, len(list))
	for i, at := range order {
		out[i] = list[at]
	}
	return out
}

// TestBoundedNesting: documents in documents, each escaped again, are followed
// to a depth and then stay texts.
func TestBoundedNesting(t *testing.T) {
	old, new := `{"a":1}`, `{"a":2}`
	for range 12 {
		old, new = `{"doc":`+string(marshal(t, old))+`}`, `{"doc":`+string(marshal(t, new))+`}`
	}
	edits, err := diff.Edits(of(old), of(new))
	if err != nil || len(edits) != 1 || !strings.HasPrefix(edits[0].Path, "/configuration/doc/doc/") {
		t.Errorf("%v, %v", edits, err)
	}
	checkPointers(t, of(old), of(new), edits)
}

func TestEditsOfItemsWithoutState(t *testing.T) {
	live := &configtrail.ConfigurationItem{Configuration: []byte(`{"a":1}`), Tags: map[string]string{"b": "2"}}
	deleted := &configtrail.ConfigurationItem{Configuration: []byte(`{"a":1}`), Status: configtrail.StatusResourceDeleted}
	want := []configtrail.Edit{
		{Path: "/configuration", Op: configtrail.OpRemove, Old: []byte(`{"a":1}`)},
		{Path: "/tags/b", Op: configtrail.OpRemove, Old: []byte(`"2"`)},
	}
	for _, after := range []*configtrail.ConfigurationItem{nil, deleted} {
		got, err := diff.Edits(live, after)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%v\n%s", err, d)
		}
	}
	if got, err := diff.Edits(nil, deleted); err != nil || got == nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

// TestLongNames: a long name is not repeated for each of the many members below it.
func TestLongNames(t *testing.T) {
	object := func(value string) string {
		var b strings.Builder
		fmt.Fprintf(&b, `{%q:{"first":0`, strings.Repeat("n", 2000))
		for i := range 1000 {
			fmt.Fprintf(&b, `,"m%d":%s`, i, value)
		}
		return b.String() + `}}`
	}
	before, after := of(object("1")), of(object("2"))
	edits, err := diff.Edits(before, after)
	if err != nil || len(edits) != 1 || edits[0].Op != configtrail.OpReplace {
		t.Fatalf("%d edits, %v; expected one replace", len(edits), err)
	}
	checkPointers(t, before, after, edits)
	if edits, err = diff.Edits(of(`{"doc":`+object("1")+`}`), of(`{"tags":`+object("2")+`}`)); err != nil || len(edits) != 2 {
		t.Fatalf("%d edits, %v; expected two", len(edits), err)
	}
}
