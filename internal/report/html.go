package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"

	"configtrail/internal/message"
)

//go:embed template/report.html
var page string

//go:embed template/report.css
var style string

// WriteHTML writes the report as one file that opens offline: style and charts
// are inside, there is no script, and its content-security policy forbids
// everything but that one style.
func (r *Report) WriteHTML(w io.Writer) error {
	t, err := template.New("report").Funcs(template.FuncMap{"number": message.Number, "plot": newPlot}).Parse(page)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(style))
	return t.Execute(w, struct {
		document
		Policy string
		Style  template.CSS
	}{
		r.document,
		"default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
		template.CSS(style),
	})
}

// Geometry of a chart, in the units of its viewBox.
const (
	plotWidth   = 720
	plotHeight  = 160
	plotFloor   = 138 // where bars stand; marks are below
	plotCeiling = 18  // where the highest ends; its figure is above
	widestBar   = 56
)

// plot is a chart with its geometry worked out.
type plot struct {
	Label                string
	Width, Height, Floor int
	Bars                 []plotted
}

type plotted struct {
	bar
	X, Y, W, H int
	Middle     int
	Figure     string // above the bar; empty for most of many
}

func newPlot(c chart) plot {
	p := plot{Label: c.Label, Width: plotWidth, Height: plotHeight, Floor: plotFloor}
	most := int64(1)
	for _, b := range c.Bars {
		most = max(most, b.Value)
	}
	step := plotWidth / max(len(c.Bars), 1)
	w := min(step*3/4, widestBar)
	told := false
	for i, b := range c.Bars {
		h := scale(b.Value, most, plotFloor-plotCeiling)
		one := plotted{bar: b, X: i*step + (step-w)/2, Y: plotFloor - h, W: w, H: h, Middle: i*step + step/2}
		if few := len(c.Bars) <= 12; few || b.Value == most && !told {
			one.Figure = message.Number(b.Value)
			told = true
		}
		p.Bars = append(p.Bars, one)
	}
	return p
}
