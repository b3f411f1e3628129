package ingest_test

import (
	"fmt"
	"os"
	"testing"
)

// TestMain also is the entry of the processes that tests start to kill or to
// measure: the test binary itself, told by its environment what to do.
func TestMain(m *testing.M) {
	if task := os.Getenv(childTask); task != "" {
		if err := runChild(task); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if err := removeWorlds(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
