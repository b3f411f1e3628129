package main

import (
	"slices"
	"testing"
	"time"

	"configtrail/internal/testserver/runtime"
)

// TestColdStart measures from the start of the process until it asks for work,
// beside the smallest Go function and in turns with it, by the medians. A queue
// waits for no one, so this is only told, not held.
func TestColdStart(t *testing.T) {
	if testing.Short() {
		t.Skip("measures")
	}
	least, err := built.least()
	if err != nil {
		t.Fatal(err)
	}
	const rounds = 5
	var ours, theirs []time.Duration
	for range rounds {
		theirs = append(theirs, coldStart(t, least))
		ours = append(ours, coldStart(t, binary(t)))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	t.Logf("asks for work after %v, the smallest Go function after %v", ours[rounds/2], theirs[rounds/2])
}

func coldStart(t *testing.T, path string) time.Duration {
	t.Helper()
	f := runtime.New(runtime.Options{Binary: path, Env: complete})
	defer f.Close()
	result, err := f.Invoke(t.Context(), []byte(`{}`))
	if err != nil || !result.Cold || result.Init == 0 {
		t.Fatalf("%+v, %v", result, err)
	}
	return result.Init
}
