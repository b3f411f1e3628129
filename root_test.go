package configtrail_test

import (
	"errors"
	"testing"
	"time"

	"configtrail"
)

// The expected id was computed with another program: sha256sum and base32 of coreutils.
func TestChangeIDIsTheContracts(t *testing.T) {
	key := configtrail.ResourceKey{Account: "111122223333", Region: "ap-northeast-1", Type: "AWS::EC2::SecurityGroup", ID: "sg-1"}
	at := time.Date(2024, 11, 5, 1, 2, 3, 456_000_000, time.UTC)
	if got, want := configtrail.ChangeID(key, at), "c_baghllnijr4cklfm"; got != want {
		t.Errorf("ChangeID = %q, want %q", got, want)
	}
	if configtrail.ChangeID(key, at) == configtrail.ChangeID(key, at.Add(time.Microsecond)) {
		t.Error("two captures have one id")
	}
}

func TestFindingIDDoesNotDependOnTheOrderOfEvidence(t *testing.T) {
	one := configtrail.Finding{Detector: "burst", Evidence: []string{"c_b", "c_a"}}
	two := configtrail.Finding{Detector: "burst", Evidence: []string{"c_a", "c_b"}}
	if one.ID() != two.ID() {
		t.Errorf("ids differ: %s, %s", one.ID(), two.ID())
	}
}

func TestFindingsWithoutEvidenceAreToldApart(t *testing.T) {
	at := time.Date(2024, 11, 5, 1, 0, 0, 0, time.UTC)
	one := configtrail.Finding{Detector: "burst", Resource: configtrail.ResourceKey{Account: "111122223333"}, Time: at}
	place, hour := one, one
	place.Resource.Account = "444455556666"
	hour.Time = at.Add(time.Hour)
	if one.ID() == place.ID() || one.ID() == hour.ID() {
		t.Errorf("%s, %s and %s are three findings", one.ID(), place.ID(), hour.ID())
	}
}

func TestParseResourceKey(t *testing.T) {
	key, err := configtrail.ParseResourceKey("111122223333/us-east-1/AWS::SSM::Parameter//app/db/password")
	if err != nil || key.ID != "/app/db/password" {
		t.Errorf("got %+v, %v; the id is all behind the third slash", key, err)
	}
	for _, text := range []string{"", "sg-1", "11112222333/us-east-1/T/x", "111122223333//T/x", "111122223333/us-east-1/T/", "１１１１２２２２３３３３/us-east-1/T/x"} {
		if _, err := configtrail.ParseResourceKey(text); !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("ParseResourceKey(%q) = %v, want ErrInvalid", text, err)
		}
	}
}

func TestStatusOfLives(t *testing.T) {
	live := []configtrail.Status{"OK", "ResourceDiscovered", "", "SomethingNew"}
	for _, s := range live {
		if !s.Live() || s.Deleted() || s.NotRecorded() {
			t.Errorf("%q is not live", s)
		}
	}
	for _, s := range []configtrail.Status{"ResourceDeleted", "ResourceDeletedNotRecorded"} {
		if s.Live() || !s.Deleted() {
			t.Errorf("%q does not end a life", s)
		}
	}
	if s := configtrail.StatusResourceNotRecorded; s.Live() || s.Deleted() || !s.NotRecorded() {
		t.Error("ResourceNotRecorded is neither live nor deleted")
	}
}

func TestMonthWindowFollowsTheZone(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	month, err := configtrail.ParseMonth("2024-11")
	if err != nil {
		t.Fatal(err)
	}
	w := month.Window(tokyo)
	if got := w.From.UTC().Format(time.RFC3339); got != "2024-10-31T15:00:00Z" {
		t.Errorf("From = %s", got)
	}
	if got := w.To.UTC().Format(time.RFC3339); got != "2024-11-30T15:00:00Z" {
		t.Errorf("To = %s", got)
	}
	if w.Contains(w.To) || !w.Contains(w.From) {
		t.Error("a window is half-open")
	}
	for _, text := range []string{"2024-13", "2024-00", "2024-1", "24-11", "2024-11-05", "２０２４-１１", "", "0000-01"} {
		if _, err := configtrail.ParseMonth(text); !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("ParseMonth(%q) = %v, want ErrInvalid", text, err)
		}
	}
	for n := -30; n < 700; n++ {
		if got := configtrail.MonthSince1970(n).Since1970(); got != n {
			t.Fatalf("MonthSince1970(%d).Since1970() = %d", n, got)
		}
	}
}

func TestVisibleShowsWhatHides(t *testing.T) {
	for text, want := range map[string]string{
		"web-本番 🚀":                        "web-本番 🚀",
		"a\x1b[31mred\x1b[0m":             `a\x1b[31mred\x1b[0m`,
		"two\nlines\r\tand":               `two\nlines\r\tand`,
		"safe\u202egpj.exe":               `safe\u202egpj.exe`,
		"zero\u200bwidth":                 `zero\u200bwidth`,
		"\u2066iso\u2069":                 `\u2066iso\u2069`,
		"tag\U000e0041":                   `tag\U000e0041`,
		"bad\xff\xfebytes":                `bad\xff\xfebytes`,
		"c1\u0085next\u2028line":          `c1\u0085next\u2028line`,
		"hangul\u3164filler":              `hangul\u3164filler`,
		"accents é and combining e\u0301": "accents é and combining e\u0301",
	} {
		if got := configtrail.Visible(text); got != want {
			t.Errorf("Visible(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestHintKeepsTheError(t *testing.T) {
	err := configtrail.WithHint(configtrail.ErrNotFound, "run configtrail ingest SOURCE")
	var hint *configtrail.Hint
	if !errors.Is(err, configtrail.ErrNotFound) || !errors.As(err, &hint) || hint.Next == "" {
		t.Errorf("WithHint lost something: %#v", err)
	}
	if configtrail.WithHint(nil, "x") != nil {
		t.Error("WithHint(nil) is an error")
	}
}
