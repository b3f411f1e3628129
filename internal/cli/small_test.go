package cli

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail/internal/lake"
	"configtrail/internal/message"
)

// A table that was left alone says so, and what to do; the others say nothing of it.
func TestCompactTellsOfNewerTables(t *testing.T) {
	result := lake.CompactResult{Tables: []lake.CompactedTable{
		{Table: "items", FilesBefore: 3, FilesAfter: 3, BytesBefore: 6000, BytesAfter: 6000, RowsBefore: 16, RowsAfter: 16, Newer: true},
		{Table: "events", FilesBefore: 4, FilesAfter: 1, BytesBefore: 8000, BytesAfter: 2000, RowsBefore: 9, RowsAfter: 7},
	}}
	const english = "! items has columns that this configtrail does not know, so its files were not merged: update configtrail and run compact again." +
		" Columns of your own are better kept in another table."
	for _, test := range []struct{ lang, format, want string }{
		{"en", "text", "items: 3 → 3 files, 6.0 KB → 6.0 KB, 16 rows, 0 merged\n" + english + "\n" +
			"events: 4 → 1 files, 8.0 KB → 2.0 KB, 7 rows, 2 merged\n"},
		{"ja", "text", "items: ファイル3→3、6.0 KB→6.0 KB、16行（統合0行）\n" +
			"！ items にこのバージョンのconfigtrailが知らない列があるため、ファイルをまとめませんでした。configtrailを更新して、もう一度compactを実行してください。" +
			"独自に追加した列は、別のテーブルに移すことをお勧めします。\n" +
			"events: ファイル4→1、8.0 KB→2.0 KB、7行（統合2行）\n"},
		{"en", "json", `{"tables":[` +
			`{"table":"items","files_before":3,"files_after":3,"bytes_before":6000,"bytes_after":6000,"rows_before":16,"rows_after":16,"newer":true,"hint":"` + english + `"},` +
			`{"table":"events","files_before":4,"files_after":1,"bytes_before":8000,"bytes_after":2000,"rows_before":9,"rows_after":7}]}` + "\n"},
	} {
		p, err := message.New(test.lang)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		a := &app{Environment: Environment{Stdout: &out}, p: p}
		if err := a.compacted(result, test.format); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, out.String()); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", test.lang, test.format, diff)
		}
	}
}
