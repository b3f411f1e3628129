package anomaly

import "slices"

// discoveries says up to which probability chances among so many tests may be
// called discoveries, so that no more than a share q of them is expected to be
// wrong; below 0 where none may. chances holds the probabilities that could be small;
// the tests beyond them count as 1. (Benjamini and Hochberg: Controlling the False
// Discovery Rate, J. R. Statist. Soc. B 57, 1995.)
func discoveries(chances []float64, tests int, q float64) float64 {
	sorted := slices.Sorted(slices.Values(chances))
	for i := len(sorted) - 1; i >= 0; i-- {
		if sorted[i] <= q*float64(i+1)/float64(tests) {
			return sorted[i]
		}
	}
	return -1
}
