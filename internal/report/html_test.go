package report

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"configtrail/internal/message"
)

func TestThePolicyAllowsTheStyleAndNothingElse(t *testing.T) {
	page := rendered(t, richMonth(t), message.Japanese, formats[2])
	policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)"/>`).FindStringSubmatch(page)
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(page, -1)
	if policy == nil || len(style) != 1 {
		t.Fatalf("the page has the policy %q and %d styles", policy, len(style))
	}
	sum := sha256.Sum256([]byte(style[0][1]))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	if got := strings.NewReplacer("&#39;", "'", "&#43;", "+").Replace(policy[1]); got != want {
		t.Errorf("policy %s\nwant   %s", got, want)
	}
	if strings.Index(page, "Content-Security-Policy") > strings.Index(page, "<style>") {
		t.Error("the policy comes behind the style")
	}
}

func TestThePageLoadsNothing(t *testing.T) {
	for _, lang := range message.Langs {
		page := rendered(t, richMonth(t), lang, formats[2])
		elements(t, page) // fails on links, images and scripts
		for _, part := range []string{"http://", "https://", "url(", "@import", "javascript:"} {
			if strings.Contains(page, part) {
				t.Errorf("the page holds %s", part)
			}
		}
		if !strings.HasPrefix(page, "<!doctype html>\n<html lang=\""+string(lang)+"\">") {
			t.Errorf("the page begins with %.60s", page)
		}
	}
}

func TestBarsAreTrueToTheirFigures(t *testing.T) {
	p := newPlot(chart{Bars: []bar{{"a", "1", 0}, {"b", "2", 1}, {"c", "3", 60_000}, {"d", "4", 120_000}}})
	heights := [4]int{p.Bars[0].H, p.Bars[1].H, p.Bars[2].H, p.Bars[3].H}
	if want := [4]int{0, 1, 60, 120}; heights != want {
		t.Errorf("heights %v, want %v: nothing, the least that shows, half, all", heights, want)
	}
	for _, b := range p.Bars {
		if b.Y+b.H != p.Floor || b.Y < 0 || b.X < 0 || b.X+b.W > p.Width {
			t.Errorf("bar %s is out of the chart: %+v", b.Label, b)
		}
	}
	if p := newPlot(chart{}); len(p.Bars) != 0 {
		t.Errorf("a chart of nothing has %d bars", len(p.Bars))
	}
}
