package athena

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write is a row as Athena writes it.
func write(row []field) string {
	var cells []string
	for _, text := range row {
		cell := ""
		if text != nil {
			cell = `"` + strings.ReplaceAll(*text, `"`, `""`) + `"`
		}
		cells = append(cells, cell)
	}
	return strings.Join(cells, ",") + "\n"
}

func FuzzCSV(f *testing.F) {
	f.Add("a", "", `"`, uint8(0), "")
	f.Add("a\nb", `",`, "\"\"\r\n", uint8(2), "\"x\"y")
	f.Add("", "", "", uint8(7), ",,\n")
	f.Fuzz(func(t *testing.T, a, b, c string, nulls uint8, noise string) {
		row := []field{&a, &b, &c}
		for i := range row {
			if nulls>>i&1 == 1 {
				row[i] = nil
			}
		}
		// A small buffer, so that values are longer than it.
		r := &csvReader{in: bufio.NewReaderSize(strings.NewReader(write(row)+write(row)), 16), fields: 3}
		for range 2 {
			got, err := r.next()
			if err != nil {
				t.Fatal(err)
			}
			if difference := cmp.Diff(row, got); difference != "" {
				t.Error(difference)
			}
		}
		if _, err := r.next(); !errors.Is(err, io.EOF) {
			t.Errorf("behind the last row: %v", err)
		}
		// Whatever comes, reading ends, and each row has as many values as there are columns.
		r = &csvReader{in: bufio.NewReader(strings.NewReader(noise)), fields: 3}
		for range len(noise) + 2 {
			got, err := r.next()
			if err != nil {
				return
			}
			if len(got) != 3 {
				t.Fatalf("%d values", len(got))
			}
		}
		t.Error("reading does not end")
	})
}
