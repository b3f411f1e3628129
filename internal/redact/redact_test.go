package redact_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/redact"

	"github.com/google/go-cmp/cmp"
)

var markers = regexp.MustCompile(`\[REDACTED:([a-z0-9-]+):[0-9a-f]{8}\]`)

// redactedJSON redacts a configuration and gives its JSON with the markers' hashes left out.
func redactedJSON(resourceType, document string) (string, int) {
	item := configtrail.ConfigurationItem{Key: configtrail.ResourceKey{Type: resourceType}, Configuration: json.RawMessage(document)}
	n := redact.New([]byte("k")).Item(&item)
	return markers.ReplaceAllString(string(item.Configuration), "<$1>"), n
}

// TestLayers shows what each layer hides and what stands there afterwards.
func TestLayers(t *testing.T) {
	for _, tt := range []struct{ name, resourceType, document, want string }{
		{"environment", "AWS::Lambda::Function",
			`{"environment":{"variables":{"STAGE":"prod","LEGACY_X":"maple river"}}}`,
			`{"environment":{"variables":{"STAGE":"prod","LEGACY_X":"<environment>"}}}`},
		{"name before value", "", `[{"name":"DB_PASSWORD","value":"maple"}]`, `[{"name":"DB_PASSWORD","value":"<password>"}]`},
		{"value before name", "", `[{"value":"maple","name":"DB_PASSWORD"}]`, `[{"value":"<password>","name":"DB_PASSWORD"}]`},
		{"user data", "AWS::EC2::LaunchTemplate", `{"LaunchTemplateData":{"UserData":"IyEvYmluL3No"}}`, `{"LaunchTemplateData":{"UserData":"<user-data>"}}`},
		{"document content", "AWS::SSM::Document", `{"Name":"d","Content":"{}"}`, `{"Name":"d","Content":"<content>"}`},
		{"content of another type", "AWS::Test::Type", `{"Content":"hello world"}`, `{"Content":"hello world"}`},
		{"secure string", "AWS::SSM::Parameter", `{"Value":"maple","Type":"SecureString"}`, `{"Value":"<secret>","Type":"SecureString"}`},
		{"member names", "", `{"masterUserPassword":"maple","clientSecret":"maple","HECToken":"maple"}`,
			`{"masterUserPassword":"<password>","clientSecret":"<secret>","HECToken":"<token>"}`},
		{"list under a name", "", `{"authTokens":["maple1","maple2"]}`, `{"authTokens":["<token>","<token>"]}`},
		{"escaped name", "", `{"pass\u0077ord":"maple"}`, `{"pass\u0077ord":"<password>"}`},
		{"flag in a list", "", `["--password","maple","--port","80"]`, `["--password","<password>","--port","80"]`},
		{"url", "", `"see https://kim:maple@example.com/a for more"`, `"see https://kim:<url>@example.com/a for more"`},
		{"url without password", "", `"https://kim@example.com/a@b"`, `"https://kim@example.com/a@b"`},
		{"assignment", "", `"host=db password=maple9 port=1"`, `"host=db password=<password> port=1"`},
		{"quoted assignment", "", `"password=\"maple river\" x"`, `"password=\"<password>\" x"`},
		{"yaml", "", `"a: 1\npassword: maple9\nb: 2"`, `"a: 1\npassword: <password>\nb: 2"`},
		{"flag", "", `"app --password maple9 --port 80"`, `"app --password <password> --port 80"`},
		{"xml", "", `"<x><password>maple</password></x>"`, `"<x><password><password></password></x>"`},
		{"header", "", `"Authorization: Bearer abcdef0123456789"`, `"Authorization: Bearer <credentials>"`},
		{"short flag", "", `"mysql -u root -pmaple9 app"`, `"mysql -u root -p<password> app"`},
		{"japanese", "", `"管理者のパスワードはmaple-9です"`, `"管理者のパスワードは<password>です"`},
		{"json in a string", "", `{"input":"{\"a\": 1, \"password\": \"ma\\\"ple\"}"}`, `{"input":"{\"a\": 1, \"password\": \"<password>\"}"}`},
		{"percent-encoding", "", `"%7B%22password%22%3A%20%22ma%25ple%22%7D"`, `"%7B%22password%22%3A%20%22<password>%22%7D"`},
		{"base64", "", `"YXBpOgogIHBhc3N3b3JkOiBtYXBsZTk="`, `"<base64>"`},
		{"base64 of nothing", "", `"YXBpOgogIG5hbWU6IG1hcGxlLXJpdmVyCg=="`, `"YXBpOgogIG5hbWU6IG1hcGxlLXJpdmVyCg=="`},
		{"gitleaks", "", `"use gh` + `p_Zz9Yy8Xx7Ww6Vv5Uu4Tt3Ss2Rr1Qq0Pp9Oo8 now"`, `"use <pattern> now"`},
		{"entropy in a description", "", `{"description":"use q7Rz0Xw2Lk9Vb4Tn6Yd1Hs3P"}`, `{"description":"use <entropy>"}`},
		{"tags in a list", "", `{"tags":[{"key":"team:token","value":"maple-river"},{"key":"aws:x","value":"q7Rz0Xw2Lk9Vb4Tn6Yd1Hs3P"},{"key":"x","value":"q7Rz0Xw2Lk9Vb4Tn6Yd1Hs3P"}]}`,
			`{"tags":[{"key":"team:token","value":"<token>"},{"key":"aws:x","value":"q7Rz0Xw2Lk9Vb4Tn6Yd1Hs3P"},{"key":"x","value":"<entropy>"}]}`},
		{"tags in a map", "", `{"tags":{"team:token":"maple-river","aws:x":"q7Rz0Xw2Lk9Vb4Tn6Yd1Hs3P","name":"q7Rz0Xw2Lk9Vb4Tn6Yd1Hs3P"}}`,
			`{"tags":{"team:token":"<token>","aws:x":"q7Rz0Xw2Lk9Vb4Tn6Yd1Hs3P","name":"<entropy>"}}`},
		{"no entropy elsewhere", "", `{"version":"q7Rz0Xw2Lk9Vb4Tn6Yd1Hs3P"}`, `{"version":"q7Rz0Xw2Lk9Vb4Tn6Yd1Hs3P"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := redactedJSON(tt.resourceType, tt.document)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPrivateKeyIsHiddenToItsEnd(t *testing.T) {
	begin, end := "-----BEGIN PRIVATE"+" KEY-----", "-----END PRIVATE"+" KEY-----"
	got, _ := redactedJSON("", `"a\n`+begin+`\nMIIB\n`+end+`\nb"`)
	if want := `"a\n<private-key>\nb"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	got, _ = redactedJSON("", `"a\n`+begin+`\nMIIB\ncut off"`)
	if want := `"a\n<private-key>"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestEverythingElseStaysByteForByte has every liberty of JSON around secrets:
// spacing, order, doubled names, numbers no float holds, escapes by choice.
func TestEverythingElseStaysByteForByte(t *testing.T) {
	document := " {\"z\" : 1.50e+400,\r\n\t\"a\\/b\":\"\\u0041\\/\\ud83d\\ude00\\ud800\", \"z\":-0,\n\"password\":\"maple\",\"t\":\"\\u00e9 password=maple9 \\/\\u0041\" , \"e\":[ ],\"n\":null} "
	want := " {\"z\" : 1.50e+400,\r\n\t\"a\\/b\":\"\\u0041\\/\\ud83d\\ude00\\ud800\", \"z\":-0,\n\"password\":\"<password>\",\"t\":\"\\u00e9 password=<password> \\/\\u0041\" , \"e\":[ ],\"n\":null} "
	if got, n := redactedJSON("", document); got != want || n != 2 {
		t.Errorf("%d hidden\n%s", n, cmp.Diff(want, got))
	}
}

func TestItemKeepsItsIdentity(t *testing.T) {
	item := configtrail.ConfigurationItem{
		Key:           configtrail.ResourceKey{Account: "111122223333", Region: "us-east-1", Type: "AWS::SSM::Parameter", ID: "password=maple9"},
		Name:          "password=maple9",
		ARN:           "arn:aws:ssm:us-east-1:111122223333:parameter/password=maple9",
		Tags:          map[string]string{"password": "maple", "Name": "web", "password=maple9": "x"},
		Relationships: []configtrail.Relationship{{Name: "password=maple9"}},
	}
	want := item
	want.Tags = map[string]string{"password": "<password>", "Name": "web", "password=maple9": "<password>"}
	want.RedactionVersion = redact.Version
	if n := redact.New(nil).Item(&item); n != 2 {
		t.Errorf("%d hidden, want 2", n)
	}
	for key, value := range item.Tags { // keys name things and stay
		item.Tags[key] = markers.ReplaceAllString(value, "<$1>")
	}
	if diff := cmp.Diff(want, item); diff != "" {
		t.Error(diff)
	}
}

func TestEvent(t *testing.T) {
	event := configtrail.Event{
		Source: "iam.amazonaws.com", Name: "CreateLoginProfile", UserAgent: "tool/1 (password=maple9)",
		Request: json.RawMessage(`{"userName":"kim","password":"maple"}`), Response: json.RawMessage(`null`),
	}
	if n := redact.New(nil).Event(&event); n != 2 {
		t.Errorf("%d hidden, want 2", n)
	}
	got := markers.ReplaceAllString(string(event.Request)+event.UserAgent+string(event.Response), "<$1>")
	if want := `{"userName":"kim","password":"<password>"}tool/1 (password=<password>)null`; got != want {
		t.Errorf("got %s", got)
	}
}

// TestMarkersAreKeyed: the same secret looks the same wherever it lies, another
// secret or another key looks different.
func TestMarkersAreKeyed(t *testing.T) {
	marker := func(key, document string) string {
		item := configtrail.ConfigurationItem{Configuration: json.RawMessage(document)}
		redact.New([]byte(key)).Item(&item)
		found := markers.FindString(string(item.Configuration))
		if found == "" {
			t.Fatalf("nothing hidden in %s", document)
		}
		return found
	}
	plain := marker("k", `{"password":"ma\"ple9"}`)
	if nested := marker("k", `{"x":"{\"password\":\"ma\\\"ple9\"}"}`); nested != plain {
		t.Errorf("one secret, two markers: %s and %s", plain, nested)
	}
	if text := marker("k", `{"x":"password='ma\"ple9'"}`); text != plain {
		t.Errorf("one secret, two markers: %s and %s", plain, text)
	}
	if marker("k", `{"password":"maple8"}`) == plain {
		t.Error("two secrets, one marker")
	}
	if marker("other", `{"password":"ma\"ple9"}`) == plain {
		t.Error("two keys, one marker")
	}
}

// TestForgedMarkersHideNothing: text in data may look like a marker.
func TestForgedMarkersHideNothing(t *testing.T) {
	for document, want := range map[string]string{
		`{"password":"[REDACTED:password:0123abcd]"}`:                       `{"password":"<password>"}`,
		`{"password":"[REDACTED:password:0123abcd] maple"}`:                 `{"password":"<password>"}`,
		`{"password":"[REDACTED:password:0123ABCD]"}`:                       `{"password":"<password>"}`,
		`{"x":"[REDACTED:x:0123abcd]password=maple9"}`:                      `{"x":"<x>password=<password>"}`,
		`{"x":"password=[REDACTED:password=maple9 ]"}`:                      `{"x":"password=<password> ]"}`,
		`{"x":"https://kim:[REDACTED:url:0123abcd]maple@example.com/path"}`: `{"x":"https://kim:<url>maple@example.com/path"}`,
	} {
		if got, _ := redactedJSON("", document); got != want {
			t.Errorf("%s\n got %s\nwant %s", document, got, want)
		}
	}
}

func TestRedactingTwiceChangesNothing(t *testing.T) {
	for _, s := range append(plantedSamples(t, "testdata/planted.json"), plantedSamples(t, "testdata/unseen.json")...) {
		twice(t, s)
	}
}

// twice redacts a configuration two times and its output as text as well.
func twice(t *testing.T, item *configtrail.ConfigurationItem) {
	t.Helper()
	r := redact.New([]byte("k"))
	r.Item(item)
	once := string(item.Configuration)
	if n := r.Item(item); n != 0 || string(item.Configuration) != once {
		t.Errorf("the second time %d more were hidden:\n%s\n%s", n, once, item.Configuration)
	}
}

func plantedSamples(t *testing.T, file string) []*configtrail.ConfigurationItem {
	var items []*configtrail.ConfigurationItem
	for _, place := range corpus(t, file) {
		document, err := json.Marshal(encode(place.Document, "Kx9z!mQ2r7Tt"))
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, &configtrail.ConfigurationItem{Key: configtrail.ResourceKey{Type: place.Type, ID: place.ID}, Configuration: document})
	}
	return items
}

// TestTextThatIsNoJSON is searched all the same and otherwise left as it is.
func TestTextThatIsNoJSON(t *testing.T) {
	for document, want := range map[string]string{
		`password=maple9 {`:             `password=<password> {`,
		`{"password":"maple"`:           `{"password":"<password>"`,
		`{"a":"b" "password":"maple"}}`: `{"a":"b" "password":"<password>"}}`,
		`{"password":"maple`:            `{"password":"<password>`,
		`{"a":1}`:                       `{"a":1}`,
	} {
		if got, _ := redactedJSON("", document); got != want {
			t.Errorf("%s\n got %s\nwant %s", document, got, want)
		}
	}
}

func TestText(t *testing.T) {
	r := redact.New([]byte("k"))
	got := markers.ReplaceAllString(r.Text("run --token abcdef012345 of arn:aws:iam::111122223333:role/x"), "<$1>")
	if want := "run --token <token> of arn:aws:iam::111122223333:role/x"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConcurrentUse(t *testing.T) {
	r := redact.New([]byte("k"))
	want := r.Text("password=maple9 and gh" + "p_Zz9Yy8Xx7Ww6Vv5Uu4Tt3Ss2Rr1Qq0Pp9Oo8")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				if got := r.Text("password=maple9 and gh" + "p_Zz9Yy8Xx7Ww6Vv5Uu4Tt3Ss2Rr1Qq0Pp9Oo8"); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
	group.Wait()
}

// TestHostileTextTakesBoundedTime: text made to be slow costs its own size, not
// its square. The limit is far above what a slow machine needs.
func TestHostileTextTakesBoundedTime(t *testing.T) {
	const size = 1 << 20
	var everyWord strings.Builder
	for i := 0; everyWord.Len() < 4<<10; i++ {
		fmt.Fprintf(&everyWord, "glpat-%d sk_live_ xoxb-%d hvs.%d npm_ okta key=%d ", i, i, i, i)
	}
	repeat := func(text string) string { return strings.Repeat(text, size/len(text)) }
	for name, text := range map[string]string{
		"urls":           repeat("a://"),
		"users":          repeat("://a:b"),
		"quotes":         repeat(`password='`),
		"mixed quotes":   repeat(`password='x password=\"x `),
		"flags":          repeat("mysql -p "),
		"begins":         repeat("-----BEGIN "),
		"tags":           repeat("<password>"),
		"names":          repeat("secret"),
		"base64":         repeat("YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4"),
		"percent":        repeat("%25"),
		"rules":          repeat(everyWord.String()),
		"entropy":        repeat("q7Rz0Xw2Lk9Vb4Tn6Yd1Hs3P "),
		"forged markers": repeat("[REDACTED:x:0123abcd]password="),
		"one run":        repeat("aA1"),
	} {
		start := time.Now()
		document := `{"description":"` + text + `"}`
		after, _ := redactedJSON("", document)
		if !json.Valid([]byte(after)) {
			t.Errorf("%s: what is left is no JSON", name)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s: %v for %d bytes", name, took, len(document))
		} else {
			t.Logf("%s: %v", name, took)
		}
	}
	for name, document := range map[string]string{
		"deep":   strings.Repeat(`{"a":[`, size/6) + `"password=maple9"` + strings.Repeat(`]}`, size/6),
		"open":   strings.Repeat(`[`, size),
		"closed": strings.Repeat(`]`, size),
	} {
		start := time.Now()
		if after, _ := redactedJSON("", document); strings.Contains(after, "maple9") {
			t.Errorf("%s: the secret is still there", name)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s: %v", name, took)
		}
	}
}

func FuzzItem(f *testing.F) {
	for _, seed := range []string{
		`{"password":"maple","x":"a password=maple9"}`, `{"x":"{\"password\":\"ma\\\"ple\"}"}`, `"%7B%22password%22%3A%22x%22%7D"`,
		`[{"value":"a","name":"TOKEN"}]`, `{"a":"\ud83d\ude00 https://a:b@c"}`, `password=maple9 {`, `"YXBpOgogIHBhc3N3b3JkOiBtYXBsZTk="`,
		`{"description":"パスワード：maple9 q7Rz0Xw2Lk9Vb4Tn6Yd1Hs3P"}`, `{"x":"[REDACTED:x:0123abcd]=password="}`,
	} {
		f.Add("AWS::Lambda::Function", []byte(seed))
	}
	r := redact.New([]byte("k"))
	f.Fuzz(func(t *testing.T, resourceType string, document []byte) {
		item := configtrail.ConfigurationItem{Key: configtrail.ResourceKey{Type: resourceType}, Configuration: document}
		valid := json.Valid(document)
		n := r.Item(&item)
		if valid && !json.Valid(item.Configuration) {
			t.Fatalf("%q was JSON and became %q", document, item.Configuration)
		}
		if n == 0 && string(item.Configuration) != string(document) {
			t.Fatalf("nothing was hidden, but %q became %q", document, item.Configuration)
		}
		once := string(item.Configuration)
		if r.Item(&item); valid && string(item.Configuration) != once {
			t.Fatalf("%q became %q and then %q", document, once, item.Configuration)
		}
	})
}

// BenchmarkItem redacts the real samples' items.
func BenchmarkItem(b *testing.B) {
	var items []configtrail.ConfigurationItem
	var size int64
	for _, s := range samples(b) {
		if s.item != nil {
			items = append(items, *s.item)
			size += int64(len(s.item.Configuration) + len(s.item.SupplementaryConfiguration))
		}
	}
	r := redact.New([]byte("k"))
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, item := range items {
			r.Item(&item)
		}
	}
	b.ReportMetric(float64(len(items)), "items")
}
