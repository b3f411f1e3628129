package cli

import (
	"io"
	"strings"

	"configtrail"
	"configtrail/internal/message"
)

// table is aligned text. Cells are made visible, and a wide character counts
// as the two columns that a terminal gives it.
type table struct {
	head  []string
	right []bool // columns aligned to the right: figures
	rows  [][]string
}

// row adds a row; cells come from data and are made safe to show.
func (t *table) row(cells ...string) {
	for i := range cells {
		cells[i] = configtrail.Visible(cells[i])
	}
	t.rows = append(t.rows, cells)
}

// write prints the table with two spaces between columns and none at the ends of lines.
func (t *table) write(w io.Writer) error {
	all := t.rows
	if len(t.head) > 0 {
		all = append([][]string{t.head}, t.rows...)
	}
	var widths []int
	for _, row := range all {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], message.Columns(cell))
		}
	}
	for _, row := range all {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-message.Columns(cell))
			if i < len(t.right) && t.right[i] {
				cell = pad + cell
			} else {
				cell += pad
			}
			if i > 0 {
				line.WriteString("  ")
			}
			line.WriteString(cell)
		}
		if _, err := io.WriteString(w, strings.TrimRight(line.String(), " ")+"\n"); err != nil {
			return err
		}
	}
	return nil
}
