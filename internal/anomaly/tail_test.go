package anomaly

import (
	"math"
	"slices"
	"testing"
)

// directTail is P(X ≥ n) of a negative binomial distribution, added up term by term:
// p(i+1) = p(i) · (i+k)/(i+1) · μ/(μ+k), from p(0) = (k/(μ+k))^k.
func directTail(n int64, mean, size float64) float64 {
	term := math.Exp(size * math.Log(size/(mean+size)))
	upper := 0.0
	for i := int64(0); i < n+400000; i++ {
		if i >= n {
			upper += term
		}
		term *= (float64(i) + size) / float64(i+1) * mean / (mean + size)
	}
	return upper
}

func TestTailIsThatOfTheSum(t *testing.T) {
	for _, mean := range []float64{0.0125, 0.3, 1, 4, 25, 400} {
		for _, size := range []float64{0.3, 1, 2.5, 40, 400} {
			for _, n := range []int64{1, 2, 5, 10, 40, 600} {
				want := directTail(n, mean, size)
				if want < 1e-280 || math.IsNaN(want) {
					continue
				}
				got := expected{mean: mean, size: size}.tail(n)
				if math.Abs(got-want) > 1e-9*want {
					t.Errorf("tail(%d; mean %g, size %g) = %g, want %g", n, mean, size, got, want)
				}
			}
		}
	}
}

func TestTailByHand(t *testing.T) {
	for _, c := range []struct {
		name       string
		n          int64
		mean, size float64
		want       float64
	}{
		{"nothing or more is certain", 0, 3, 2, 1},
		// With size 1 it is geometric: (μ/(1+μ))^n.
		{"geometric", 10, 1, 1, 1.0 / 1024},
		{"geometric with mean 3", 4, 3, 1, 81.0 / 256},
		// With size 2 and mean 2, p = 1/2: P(X ≥ 3) = 1 − (1/4)(1 + 1 + 3/4) = 5/16.
		{"two failures", 3, 2, 2, 5.0 / 16},
	} {
		if got := (expected{mean: c.mean, size: c.size}).tail(c.n); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %g, want %g", c.name, got, c.want)
		}
	}
}

func even(counts ...float64) []sample {
	var all []sample
	for _, n := range counts {
		all = append(all, sample{n, 1})
	}
	return all
}

func TestExpectByHand(t *testing.T) {
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9*max(1, want) {
			t.Errorf("%s: %g, want %g", name, got, want)
		}
	}
	// Always 4, twenty times: the mean is 4 + 0.5/20, the variance that of Poisson
	// and a twentieth more, so the size is 20 · 4.025.
	e := expect(even(slices.Repeat([]float64{4}, 20)...))
	near("steady mean", e.mean, 4.025)
	near("steady as it is told", e.usual, 4)
	near("steady size", e.size, 80.5)
	// Never anything: Jeffreys' half.
	e = expect(even(slices.Repeat([]float64{0}, 10)...))
	near("empty mean", e.mean, 0.05)
	near("empty size", e.size, 0.5)
	// 0 and 10 in turn, ten of each: mean 5, variance 20·25/19; no outliers.
	e = expect(even(slices.Repeat([]float64{0, 10}, 10)...))
	variance := 500.0 / 19 * 1.05
	near("dispersed mean", e.mean, 5.025)
	near("dispersed size", e.size, 5.025*5.025/(variance-5.025))
	// Weights 3 and 1 on 2 and 6: mean 3; sizes 16/10; the free weight is 4 − 10/4.
	e = expect([]sample{{2, 3}, {6, 1}})
	near("weighted mean", e.mean, 3+0.5/1.6)
	near("weighted size", e.size, e.mean*e.mean/((3*1+1*9)/1.5*(1+1/1.6)-e.mean))
}

func TestPastBurstsDoNotHideTheNext(t *testing.T) {
	past := append(even(slices.Repeat([]float64{2, 3, 1, 2}, 10)...), sample{200, 1})
	e := expect(past)
	if e.mean > 2.6 {
		t.Errorf("the mean is %g: the outlier still pulls at it", e.mean)
	}
	if p := e.tail(60); p > 1e-6 {
		t.Errorf("60 after days of 2 is as likely as %g", p)
	}
	// What happens every third time is no outlier.
	if p := expect(even(slices.Repeat([]float64{2, 2, 60}, 15)...)).tail(60); p < 0.01 {
		t.Errorf("60 is called improbable (%g) where it comes every third day", p)
	}
}

func TestDiscoveries(t *testing.T) {
	for _, c := range []struct {
		name    string
		chances []float64
		tests   int
		want    float64
	}{
		{"none", nil, 10, -1},
		// The example of the paper, section 3.2: 15 tests at 0.05 reject the first four.
		{"Benjamini and Hochberg", []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1}, 15, 0.0095},
		{"in any order", []float64{0.9, 0.0095, 0.0004, 0.0019, 0.0001}, 15, 0.0095},
		{"a later one carries an earlier one along", []float64{0.03, 0.04}, 2, 0.04},
		{"nothing small enough among many", []float64{0.001}, 100, -1},
		{"so small that it is nought", []float64{0, 0.5}, 100, 0},
	} {
		if got := discoveries(c.chances, c.tests, 0.05); got != c.want {
			t.Errorf("%s: %g, want %g", c.name, got, c.want)
		}
	}
}

func TestWhatIsLongAgoSaysLess(t *testing.T) {
	counts := map[int]float64{44: 10, 72: 4} // days 56 and 28 before day 100
	at := func(samples []sample, day int, weight float64) []sample {
		return append(samples, sample{counts[day], weight})
	}
	// Weights 1/4 and 1/2: (10/4 + 4/2) / (3/4) = 6.
	if got := (past{class: []int{44, 72}}).judge(8, 100, at); math.Abs(got.usual-6) > 1e-12 {
		t.Errorf("usual is %g, want 6", got.usual)
	}
}

func TestWhatAMondayBroughtIsNoSurpriseOnAMonday(t *testing.T) {
	var p past
	for day := range 56 {
		if day%7 < 5 {
			p.class = append(p.class, day)
		}
		if day%7 == 0 {
			p.weekday = append(p.weekday, day)
		}
	}
	at := func(samples []sample, day int, weight float64) []sample {
		n := 1.0
		if day == 28 {
			n = 60
		}
		return append(samples, sample{n, weight})
	}
	class, both := past{class: p.class}.judge(60, 56, at), p.judge(60, 56, at)
	if class.chance > 1e-3 {
		t.Errorf("among working days 60 has a chance of %g: the test proves nothing", class.chance)
	}
	if both.chance < 0.01 {
		t.Errorf("on a Monday 60 has a chance of %g", both.chance)
	}
}

func TestFiguresAsPeopleReadThem(t *testing.T) {
	for mean, want := range map[float64]string{0: "0", 0.049: "0", 0.05: "0.1", 3: "3", 3.96: "4", 12.34: "12.3", 1234.5: "1234.5"} {
		if got := decimal(mean); got != want {
			t.Errorf("decimal(%g) = %s, want %s", mean, got, want)
		}
	}
	for p, want := range map[float64]string{0: "< 1e-99", 3.2e-9: "= 3e-09", 1e-120: "< 1e-99", 0.00012: "= 1e-04"} {
		if got := chance(p); got != want {
			t.Errorf("chance(%g) = %s, want %s", p, got, want)
		}
	}
	for p, want := range map[float64]int{0: 90, 1e-5: 40, 1e-10: 60, 1e-30: 90, 0.5: 21} {
		if got := scoreOf(p); got != want {
			t.Errorf("scoreOf(%g) = %d, want %d", p, got, want)
		}
	}
}
