package diff_test

import (
	"errors"
	"strings"
	"testing"

	"configtrail"
	"configtrail/internal/diff"
)

// of is a live item with only a configuration.
func of(configuration string) *configtrail.ConfigurationItem {
	return &configtrail.ConfigurationItem{Configuration: []byte(configuration)}
}

func TestCanonicalSpelling(t *testing.T) {
	for _, test := range []struct{ title, configuration, want string }{
		{"keys are sorted by bytes", `{"b":1,"é":2,"B":3,"a":4,"":5,"aa":6,"abcdefgh":7,"abcdefgg":8}`, `{"":5,"B":3,"a":4,"aa":6,"abcdefgg":8,"abcdefgh":7,"b":1,"é":2}`},
		{"space goes", " {\t\"a\" :\r\n [ 1 , 2 ] } ", `{"a":[1,2]}`},
		{"empty members go, recursively", `{"a":null,"b":"","c":[],"d":{},"e":{"f":{"g":null}},"h":0,"i":false,"j":" "}`, `{"h":0,"i":false,"j":" "}`},
		{"elements stay, their inside is tidied", `{"a":[null,"",[],{},{"b":null}]}`, `{"a":[null,"",[],{},{}]}`},
		{"the last of a repeated key counts", `{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		{"a repeated key in two escapings", `{"a":1,"\u0061":2}`, `{"a":2}`},
		{"the last of a repeated key, null", `{"a":1,"b":2,"a":null}`, `{"b":2}`},
		{"one escaping", `"\u0041\/\u00e9\ud83d\ude80\u000a\u0008\u001F\"\\\u0022\u005c"`, `"A/é🚀\n\b\u001f\"\\\"\\"`},
		{"a surrogate without partner stays an escape", `["\uD83D","\ude80x","\uD83D\uD83D\uDE80"]`, `["\ud83d","\ude80x","\ud83d🚀"]`},
		{"integers", `[0,-0,7,-7,1000,1e3,100000000000000000000,1e20]`, `[0,0,7,-7,1000,1000,100000000000000000000,100000000000000000000]`},
		{"big integers are exact", `[123456789012345678901234567890,-9007199254740993]`, `[123456789012345678901234567890,-9007199254740993]`},
		{"fractions", `[1.0,1.50,0.1,1e-1,0.00000150,15e-7,0.0,-0.0e9,12.34e1]`, `[1,1.5,0.1,0.1,0.0000015,0.0000015,0,0,123.4]`},
		{"far exponents", `[1e21,1000000000000000000000,-1500000000000000000000,12e99,1e-7,0.00000001]`, `[1e21,1e21,-1500000000000000000000,1.2e100,1e-7,1e-8]`},
		{"exponents beyond all reason", `[1e99999999999999999999,0e99999999999999999999,1e-0000000000000000000001]`, `[1e99999999999999999999,0,0.1]`},
		{"a state that is a text", `"running"`, `"running"`},
	} {
		t.Run(test.title, func(t *testing.T) {
			got, err := diff.Canonical(of(test.configuration))
			if err != nil {
				t.Fatal(err)
			}
			if want := `{"configuration":` + test.want + `}`; string(got) != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestCanonicalOfWholeItem(t *testing.T) {
	item := &configtrail.ConfigurationItem{
		Status: configtrail.StatusResourceDiscovered, Name: "not part of the state", Version: "1.3", StateID: "7",
		Configuration:              []byte(`{"z":1,"a":{}}`),
		SupplementaryConfiguration: []byte(`{"Tags":[]}`),
		Tags:                       map[string]string{"b": "2", "a": "日本 \"x\"", "empty": ""},
		Relationships: []configtrail.Relationship{
			{ResourceType: "AWS::EC2::VPC", ResourceID: "vpc-1", Name: "Is contained in "},
			{ResourceName: "n"},
		},
	}
	const want = `{"configuration":{"z":1},"relationships":[{"name":"Is contained in","resourceId":"vpc-1","resourceType":"AWS::EC2::VPC"},{"resourceName":"n"}],"tags":{"a":"日本 \"x\"","b":"2"}}`
	got, err := diff.Canonical(item)
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	for _, status := range []configtrail.Status{configtrail.StatusResourceDeleted, configtrail.StatusResourceDeletedNotRecorded, configtrail.StatusResourceNotRecorded} {
		item.Status = status
		if got, err := diff.Canonical(item); err != nil || string(got) != "{}" {
			t.Errorf("%s: %s, %v; it has no state", status, got, err)
		}
	}
	if got, err := diff.Canonical(nil); err != nil || string(got) != "{}" {
		t.Errorf("nil: %s, %v", got, err)
	}
}

func TestCanonicalRefuses(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 200) + strings.Repeat(`]}`, 200)
	for _, test := range []struct {
		title, configuration string
		want                 error
	}{
		{"nothing but space", " ", configtrail.ErrInvalid},
		{"text behind", `{} x`, configtrail.ErrInvalid},
		{"a cut object", `{"a":1`, configtrail.ErrInvalid},
		{"a cut key", `{"a`, configtrail.ErrInvalid},
		{"no colon", `{"a" 1}`, configtrail.ErrInvalid},
		{"no value", `{"a":}`, configtrail.ErrInvalid},
		{"a comma too many", `[1,]`, configtrail.ErrInvalid},
		{"a comma too many in an object", `{"a":1,}`, configtrail.ErrInvalid},
		{"a cut list", `[1`, configtrail.ErrInvalid},
		{"a cut escape", `"\`, configtrail.ErrInvalid},
		{"a cut code", `"\u00"`, configtrail.ErrInvalid},
		{"an unknown escape", `"\x"`, configtrail.ErrInvalid},
		{"a control character", "\"a\nb\"", configtrail.ErrInvalid},
		{"text that is not UTF-8", "{\"a\":\"\xff\"}", configtrail.ErrInvalid},
		{"a surrogate in UTF-8", "\"\xed\xa0\x80\"", configtrail.ErrInvalid},
		{"a leading zero", `01`, configtrail.ErrInvalid},
		{"a lone sign", `-`, configtrail.ErrInvalid},
		{"no fraction", `1.`, configtrail.ErrInvalid},
		{"no exponent", `1e`, configtrail.ErrInvalid},
		{"no exponent behind its sign", `1e+`, configtrail.ErrInvalid},
		{"NaN", `NaN`, configtrail.ErrInvalid},
		{"a cut literal", `tru`, configtrail.ErrInvalid},
		{"nested too deep", deep, configtrail.ErrTooLarge},
	} {
		t.Run(test.title, func(t *testing.T) {
			if got, err := diff.Canonical(of(test.configuration)); !errors.Is(err, test.want) {
				t.Errorf("got %s, %v; want %v", got, err, test.want)
			}
			if got, err := diff.Edits(of(`{}`), of(test.configuration)); !errors.Is(err, test.want) {
				t.Errorf("edits: got %v, %v; want %v", got, err, test.want)
			}
		})
	}
	for _, item := range []*configtrail.ConfigurationItem{
		{Tags: map[string]string{"a": "\xff"}},
		{Tags: map[string]string{"\xff": "a"}},
		{Relationships: []configtrail.Relationship{{Name: "\xff"}}},
	} {
		if got, err := diff.Canonical(item); !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("got %s, %v; want %v", got, err, configtrail.ErrInvalid)
		}
	}
}

func TestHash(t *testing.T) {
	hash := func(key string, item *configtrail.ConfigurationItem) string {
		t.Helper()
		sum, err := diff.Hash([]byte(key), item)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	// printf '{}' | openssl dgst -sha256 -hmac key
	if got, want := hash("key", nil), "a777724d943eb48dc69bca8a4a6d57a04db3f9ec7e1de4e581e860265bdf3032"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	a, b := of(`{"a":1,"b":[1,2]}`), of(`{ "b": [1.0, 2], "c": null, "a": 1 }`)
	if hash("key", a) != hash("key", b) {
		t.Error("equal states have different hashes")
	}
	if hash("key", a) == hash("another", a) {
		t.Error("the hash does not depend on the key")
	}
	if hash("key", a) == hash("key", of(`{"a":1,"b":[2,1]}`)) {
		t.Error("the hash does not depend on the order of a list")
	}
	a.Name, a.ARN, a.Version, a.StateID, a.AvailabilityZone = "n", "arn", "1.3", "9", "az"
	if hash("key", a) != hash("key", b) {
		t.Error("what is no state is in the hash")
	}
	if _, err := diff.Hash([]byte("key"), of(`{`)); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("broken JSON: %v", err)
	}
}
