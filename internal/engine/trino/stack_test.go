package trino_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"configtrail/internal/engine"
	"configtrail/internal/engine/trino"
	"configtrail/internal/testserver/stack"
)

func connect(t *testing.T, options trino.Options) *trino.Engine {
	t.Helper()
	s := stack.Start(t)
	if options.URL == "" {
		options.URL = strings.Replace(s.Trino, "http://", "http://test@", 1) + "?catalog=" + s.LakeCatalog + "&schema=" + s.Database(t)
	}
	e, err := trino.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func rows(t *testing.T, e engine.Engine, sql string, args ...any) [][]any {
	t.Helper()
	result, err := e.Query(t.Context(), engine.Query{Name: "test", SQL: sql, Args: args})
	if err != nil {
		t.Fatal(err)
	}
	var all [][]any
	for row, err := range result.Rows {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	return all
}

// Every value comes back from a real server as it was given.
func TestValuesSurviveARealServer(t *testing.T) {
	e := connect(t, trino.Options{})
	var everything strings.Builder
	for r := rune(0); r < 0x3100; r++ {
		everything.WriteRune(r)
	}
	args := []any{
		"", "plain", "it's", "''", `\`, `a\'b`, `\u0041 \0041 \\`, "a\nb\r\nc\td", "日本語　全角", "🗾 U+1F5FE", "\u202egnp.exe", "?", "-- no comment", "/* neither */",
		"'); DROP TABLE x; --", `" ` + "`", "\x00", "\U000e0001\ufeff\ufffd\U0010ffff", everything.String(),
		int64(0), int64(-1), int64(math.MaxInt64), int64(math.MinInt64), int64(math.MaxInt32) + 1,
		0.0, 1.5, -1e300, 5e-324, math.MaxFloat64, 0.1, true, false,
		time.Date(2024, 11, 5, 1, 2, 3, 456789000, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
	}
	got := rows(t, e, "SELECT "+strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", "), args...)
	if difference := cmp.Diff([][]any{args}, got); difference != "" {
		t.Error(difference)
	}
	// Types matter too: a double must not become a decimal, nor a time lose its zone.
	types := rows(t, e, "SELECT typeof(?), typeof(?), typeof(?), typeof(?), ?-?, 3 -?", 1.5, int64(math.MaxInt64), time.Now(), true, int64(-5), int64(-7), int64(-1))
	want := [][]any{{"double", "bigint", "timestamp(6) with time zone", "boolean", int64(2), int64(4)}}
	if difference := cmp.Diff(want, types); difference != "" {
		t.Error(difference)
	}
}

func TestTypesOfARealServer(t *testing.T) {
	e := connect(t, trino.Options{})
	got := rows(t, e, `SELECT CAST(NULL AS varchar), CAST(1 AS tinyint), CAST(1.25 AS decimal(10,2)), CAST(12 AS decimal(38,0)), REAL '1.5', nan(),
		DATE '2024-11-05', TIMESTAMP '2024-11-05 01:02:03.456', TIMESTAMP '2024-11-05 10:02:03.456789 Asia/Tokyo', TIMESTAMP '2024-11-05 10:02:03 +09:00', X'00ff',
		MAP(ARRAY['a', 'b=c, d'], ARRAY['1', NULL]), ARRAY[1, NULL], ARRAY[CAST(ROW('p', NULL) AS ROW(path varchar, old varchar))],
		json_format(CAST(MAP(ARRAY['a', 'b=c, d'], ARRAY['1', NULL]) AS JSON)), json_format(CAST(ARRAY[CAST(ROW('p', NULL, 7) AS ROW(path varchar, old varchar, n bigint))] AS JSON)), CAST(NULL AS map(varchar, varchar)), JSON '{"a":1}'`)
	row := got[0]
	if f, ok := row[5].(float64); !ok || !math.IsNaN(f) {
		t.Errorf("nan is %v", row[5])
	}
	row[5] = "nan"
	want := []any{
		nil, int64(1), 1.25, int64(12), 1.5, "nan", "2024-11-05", "2024-11-05 01:02:03.456",
		time.Date(2024, 11, 5, 1, 2, 3, 456789000, time.UTC), time.Date(2024, 11, 5, 1, 2, 3, 0, time.UTC), "00ff",
		map[string]string{"a": "1", "b=c, d": ""}, []any{int64(1), nil}, []any{map[string]any{"path": "p", "old": nil}},
		`{"a":"1","b=c, d":null}`, `[{"path":"p","old":null,"n":7}]`, nil, `{"a":1}`,
	}
	if difference := cmp.Diff(want, row); difference != "" {
		t.Error(difference)
	}
}

// The message about an object that breaks a query names it, whatever its key is.
func TestABadObjectIsNamed(t *testing.T) {
	s := stack.Start(t)
	bucket, database := s.Bucket(t), s.Database(t)
	table := s.RawCatalog + "." + database + ".raw"
	s.Exec(t, "CREATE TABLE "+table+" (fileversion varchar, configurationitems array(row(resourceid varchar))) WITH (format = 'OPENX_JSON', external_location = 's3://"+bucket+"/logs/')")
	defer s.Exec(t, "DROP TABLE "+table)
	put := func(key, content string) {
		t.Helper()
		if _, err := s.Client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(content)}); err != nil {
			t.Fatal(err)
		}
	}
	e := connect(t, trino.Options{URL: strings.Replace(s.Trino, "http://", "http://test@", 1) + "?catalog=" + s.RawCatalog + "&schema=" + database})
	put("logs/good.json", `{"fileVersion":"1.0","configurationItems":[{"resourceId":"a"}]}`+"\n")
	for _, key := range []string{
		"logs/111122223333_Config_ap-northeast-1_ConfigHistory_AWS::EC2::Instance_20241105T000000Z_20241105T010000Z_1.json",
		"logs/a b (1), it's.json",
		"logs/日本.json.gz.json",
	} {
		put(key, `{"fileVersion":"1.0","configurationItems":[7]}`+"\n")
		_, err := query(t.Context(), e, engine.Query{SQL: "SELECT count(c[1].resourceid) FROM raw CROSS JOIN UNNEST(transform(configurationitems, c -> ARRAY[c])) AS t(c)"})
		var bad *engine.BadObject
		if !errors.As(err, &bad) || bad.URI != "s3://"+bucket+"/"+key {
			t.Errorf("%s: %+v in %v", key, bad, err)
		}
		if _, err := s.Client().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
			t.Fatal(err)
		}
	}
}
