package spend

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/blob"
)

// child is set in a process that spends; its value is the folder of the budget
// and how many tries each of its workers makes.
const child = "SPEND_TEST_CHILD"

func TestMain(m *testing.M) {
	if value := os.Getenv(child); value != "" {
		folder, tries, _ := strings.Cut(value, "|")
		n, _ := strconv.Atoi(tries)
		if err := spendAll(folder, n); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// sharedCaps are those of the budget that processes share.
var sharedCaps = Caps{Bytes: 1000, Tokens: 700, USD: 0.05}

// spendAll reserves 10 bytes, 7 tokens and a tenth of a cent as often as it is
// let, spends a part of it, and prints a line for each reservation: what was
// settled.
func spendAll(folder string, tries int) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	budget, err := openBudget(folder)
	if err != nil {
		return err
	}
	var workers sync.WaitGroup
	var print sync.Mutex
	errs := make(chan error, 4)
	for range cap(errs) {
		workers.Go(func() {
			for range tries {
				cents := 0.001
				r, err := budget.Reserve(ctx, Amount{Bytes: 10, Tokens: 7, USD: &cents})
				if errors.Is(err, configtrail.ErrOverBudget) {
					continue
				}
				if err != nil {
					errs <- err
					return
				}
				bytes := rand.Int64N(11)
				if err := r.Settle(ctx, Amount{Bytes: bytes, Tokens: 7, USD: &cents}); err != nil {
					errs <- err
					return
				}
				print.Lock()
				fmt.Println(bytes)
				print.Unlock()
			}
		})
	}
	workers.Wait()
	close(errs)
	return <-errs
}

func openBudget(folder string) (*Budget, error) {
	store, err := blob.OpenFolder(folder)
	if err != nil {
		return nil, err
	}
	return New(store, Options{Caps: sharedCaps, Prefix: "budget", Now: func() time.Time { return noon }})
}

// noon is the time in all processes.
var noon = time.Date(2024, 11, 5, 12, 0, 0, 0, time.UTC)
