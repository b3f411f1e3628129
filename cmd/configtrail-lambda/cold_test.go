package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"configtrail/internal/testserver/runtime"
)

// coldStartAtMost is the fence: how many times that of the smallest Go function a
// cold start may take. The target is 3. What is above it is spent before main, in
// the schemas that AWS clients build when their packages are initialised.
const coldStartAtMost = 5

// TestColdStart measures from the start of the process to the answer of /healthz,
// beside the smallest Go function and in turns with it, by the medians.
func TestColdStart(t *testing.T) {
	if testing.Short() {
		t.Skip("measures")
	}
	least, err := built.least()
	if err != nil {
		t.Fatal(err)
	}
	const rounds = 9
	var ours, theirs []time.Duration
	for range rounds {
		theirs = append(theirs, coldStart(t, runtime.Options{Binary: least}))
		ours = append(ours, coldStart(t, runtime.Options{Binary: binary(t), Env: []string{"CONFIGTRAIL_DATABASE=lake", "GOGC=400"}}))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	mine, smallest := ours[rounds/2], theirs[rounds/2]
	ratio := float64(mine) / float64(smallest)
	t.Logf("cold start to /healthz: %v, the smallest Go function %v: %.1f times", mine, smallest, ratio)
	switch {
	case theirs[rounds-2] > 2*theirs[1]: // the same process takes twice as long from one time to the next
		t.Skip("the machine is too busy to measure")
	case ratio > coldStartAtMost:
		t.Errorf("%.1f times the smallest Go function; at most %v", ratio, coldStartAtMost)
	}
}

func coldStart(t *testing.T, options runtime.Options) time.Duration {
	t.Helper()
	f := runtime.New(options)
	defer f.Close()
	w := httptest.NewRecorder()
	began := time.Now()
	f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	took := time.Since(began)
	if w.Code != http.StatusOK || w.Header().Get("X-Configtrail-Init") == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return took
}
