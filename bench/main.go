// Bench measures what configtrail costs against yardsticks on the same data, in
// one run, and prints one table. Figures of one run can be compared with each
// other, whatever the machine did meanwhile: work is told in CPU seconds, and
// queries by their fastest run.
//
// Two sets of deliveries are made up. The organisation is a bucket as it is
// found: months of history files, and snapshots that repeat every resource. The
// snapshot is one object whose items are all new, so that everything is written.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"text/tabwriter"

	"configtrail/internal/testorg"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run: its options and the table so far.
type bench struct {
	scratch string // removed in the end
	rounds  int    // of each measurement of work; the least counts
	small   int    // ingests before the compaction
	profile string // folder for CPU profiles, or ""
	rows    []row
}

// row is one line of the table.
type row struct{ what, value, yardstick, ratio, target string }

func run(ctx context.Context) (err error) {
	var b bench
	flag.IntVar(&b.rounds, "rounds", 3, "measure work `n` times and take the least")
	flag.IntVar(&b.small, "ingests", 200, "make `n` small ingests before the compaction")
	flag.StringVar(&b.profile, "profile", "", "write CPU profiles into a `folder`")
	flag.Parse()
	if b.scratch, err = os.MkdirTemp("", "configtrail-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.scratch)) }()

	organisation, err := makeOrganisation(ctx, testorg.Options{Accounts: 4, Months: 2, Resources: 160, Changes: 4})
	if err != nil {
		return err
	}
	snapshot, err := makeSnapshot(testorg.BigOptions{Shuffled: true})
	if err != nil {
		return err
	}
	for _, set := range []*deliveries{organisation, snapshot} {
		if err := b.work(ctx, set); err != nil {
			return fmt.Errorf("%s: %w", set.name, err)
		}
	}
	if err := b.questions(ctx, organisation); err != nil {
		return err
	}
	small, err := makeOrganisation(ctx, testorg.Options{Accounts: 2, Months: 1, Regions: []string{"ap-northeast-1"}})
	if err != nil {
		return err
	}
	if err := b.compaction(ctx, small); err != nil {
		return err
	}
	return b.print()
}

func (b *bench) add(what, value, yardstick, ratio, target string) {
	b.rows = append(b.rows, row{what, value, yardstick, ratio, target})
}

func (b *bench) print() error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s %s/%s, %d processors\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	fmt.Fprintln(w, "work\tmeasured\tyardstick\tratio\ttarget")
	for _, r := range b.rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.what, r.value, r.yardstick, r.ratio, r.target)
	}
	return w.Flush()
}

// profiled writes a CPU profile of what do does, when profiles are asked for.
func (b *bench) profiled(name string, do func() error) (err error) {
	if b.profile == "" {
		return do()
	}
	file, err := os.Create(filepath.Join(b.profile, name+".prof"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return do()
}
