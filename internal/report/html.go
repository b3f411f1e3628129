package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"
	"strings"

	"configtrail/internal/message"
)

//go:embed template/report.html
var page string

//go:embed template/report.css
var style string

// Geometry of the chart, in the units of its viewBox.
const (
	chartWidth  = 720
	chartHeight = 140
	chartFloor  = 120
)

// WriteHTML writes the report as one file that opens offline: style and chart
// are inside, there is no script, and its content-security policy forbids
// everything but that one style.
func (r *Report) WriteHTML(w io.Writer) error {
	sum := sha256.Sum256([]byte(style))
	t, err := template.New("report").Funcs(template.FuncMap{"number": number}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, struct {
		Document
		Policy string
		Style  template.CSS
		Charts map[string]plot
	}{
		r.document,
		"default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
		template.CSS(style), //nolint:gosec // our own file, embedded
		plots(r.document),
	})
}

// plot is a chart with its geometry worked out.
type plot struct {
	Width, Height, Floor int
	Most                 int64
	Bars                 []plotted
}

type plotted struct {
	Bar
	X, Y, W, H int
	Mark       string // below the bar; empty for most
}

func plots(d Document) map[string]plot {
	all := map[string]plot{}
	for _, s := range d.Sections {
		if s.Chart != nil && len(s.Chart.Bars) > 0 {
			all[s.Heading] = newPlot(*s.Chart)
		}
	}
	return all
}

func newPlot(c Chart) plot {
	p := plot{Width: chartWidth, Height: chartHeight, Floor: chartFloor, Most: 1}
	for _, bar := range c.Bars {
		p.Most = max(p.Most, bar.Value)
	}
	step := chartWidth / len(c.Bars)
	for i, bar := range c.Bars {
		h := int(bar.Value * (chartFloor - 15) / p.Most)
		if h == 0 && bar.Value > 0 {
			h = 1
		}
		mark := ""
		if i == 0 || (i+1)%5 == 0 {
			mark = strings.TrimLeft(bar.Label[max(0, len(bar.Label)-2):], "0")
		}
		p.Bars = append(p.Bars, plotted{bar, i * step, chartFloor - h, max(step-3, 1), h, mark})
	}
	return p
}

// WriteJSON writes the report as the contract has it.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

func number(n int64) string { return message.Number(n) }
