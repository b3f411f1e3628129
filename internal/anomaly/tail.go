package anomaly

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// sample is one count of the past and how much it has to say.
type sample struct{ count, weight float64 }

// outlier is the standardised Anscombe residual above which a past count loses
// weight. Farrington and others took 1; Noufaily and others showed that 2.58
// raises fewer false alarms.
const outlier = 2.58

// reweightings bounds how often weights and mean are balanced against each other.
const reweightings = 10

// expected is a negative binomial distribution of a count to come.
type expected struct {
	mean  float64
	size  float64 // k: the variance is mean + mean²/k
	usual float64 // the weighted mean of what was, which is what people are told
}

// expect fits what is to be expected to what was, which must not be empty.
//
// Past bursts would hide the next one. So counts far above the mean are weighed
// down by the square of their Anscombe residual, until the weights settle
// (Farrington, Andrews, Beale, Catchpole: A Statistical Algorithm for the Early
// Detection of Outbreaks of Infectious Disease, J. R. Statist. Soc. A 159, 1996,
// section 3.6; threshold of Noufaily et al., Statistics in Medicine 32, 2013).
// Mean and variance are then those of the weighted sample. The variance never
// falls below that of a Poisson distribution, and grows by what a mean of so few
// counts may be wrong by. Half a change is added to the past, which is what a
// Poisson mean is to be expected by after Jeffreys: that nothing ever happened
// does not mean that nothing can.
func expect(past []sample) expected {
	weights := make([]float64, len(past))
	for i, s := range past {
		weights[i] = s.weight
	}
	m := momentsOf(past, weights)
	for range reweightings {
		moved := 0.0
		for i, s := range past {
			weight := s.weight
			if residual := m.anscombe(s.count, weights[i]); residual > outlier {
				weight /= residual * residual
			}
			moved += math.Abs(weight - weights[i])
			weights[i] = weight
		}
		if moved == 0 {
			break
		}
		m = momentsOf(past, weights)
	}
	mean := m.mean + 0.5/m.size
	variance := max(m.variance, mean) * (1 + 1/m.size)
	return expected{mean: mean, size: mean * mean / (variance - mean), usual: m.mean}
}

// moments are those of a weighted sample.
type moments struct {
	weight         float64 // sum of the weights
	size           float64 // how many counts of equal weight would say as much
	mean, variance float64
}

func momentsOf(past []sample, weights []float64) moments {
	var m moments
	var sum, squares float64
	for i, s := range past {
		m.weight += weights[i]
		squares += weights[i] * weights[i]
		sum += weights[i] * s.count
	}
	m.mean, m.size = sum/m.weight, m.weight*m.weight/squares
	for i, s := range past {
		m.variance += weights[i] * (s.count - m.mean) * (s.count - m.mean)
	}
	if free := m.weight - squares/m.weight; free > 0 {
		m.variance /= free
	} else {
		m.variance = 0
	}
	return m
}

// anscombe is the standardised Anscombe residual of a count, for a variance that
// is a multiple of the mean; 0 for counts that are certainly no outlier.
func (m moments) anscombe(count, weight float64) float64 {
	dispersion := max(1, m.variance/m.mean)
	leverage := 1 - weight/m.weight
	// Where a count lies above the mean, Pearson's residual is the larger one.
	if m.mean <= 0 || leverage <= 0 || count-m.mean <= outlier*math.Sqrt(dispersion*m.mean*leverage) {
		return 0
	}
	return 1.5 * (math.Cbrt(count*count) - math.Cbrt(m.mean*m.mean)) / (math.Pow(m.mean, 1.0/6) * math.Sqrt(dispersion*leverage))
}

// tail is how probable a count of n or more is: P(X ≥ n) = I_{μ/(μ+k)}(n, k),
// the regularised incomplete beta function.
func (e expected) tail(n int64) float64 {
	if n <= 0 {
		return 1
	}
	return mathext.RegIncBeta(float64(n), e.size, e.mean/(e.mean+e.size))
}
