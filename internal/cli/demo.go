package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"configtrail"
	"configtrail/internal/ingest"
	"configtrail/internal/message"
	"configtrail/internal/report"
	"configtrail/internal/testorg"
)

// demoMonths is how long the demo's organisation has been recorded.
const demoMonths = 3

// demoStart is its first month; the report is about the last.
var demoStart = configtrail.Month{Year: 2024, Month: time.September}

func (a *app) demoCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "demo", Short: a.t("demo.short"), Long: a.t("demo.long"), Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error { return a.demo(c.Context(), format) },
	}
	a.formatFlag(c, &format, "text", "markdown", "html", "json")
	return c
}

// demo makes an organisation in a folder of its own, ingests and reports it.
// Its quarantine and gaps are part of the show, so it exits 0 with them.
func (a *app) demo(ctx context.Context, format string) (err error) {
	folder, err := a.demoFolder()
	if err != nil {
		return err
	}
	bucket := filepath.Join(folder, "bucket")
	a.remark(a.p.Text("demo.making", message.Args{"months": demoMonths}))
	truth, err := testorg.WriteFolder(ctx, bucket, testorg.Options{Start: demoStart, Months: demoMonths})
	if err != nil {
		return err
	}
	bytes, err := folderSize(bucket)
	if err != nil {
		return err
	}
	a.remark(a.p.Text("demo.made", message.Args{"n": truth.Objects, "bytes": size(bytes)}))

	month := demoStart.Add(demoMonths - 1)
	end := month.Window(a.zone).To
	own := *a
	own.set.Lake = filepath.Join(folder, "lake")
	own.set.RedactKeyFile = ""
	own.set.ConfigDir = folder
	summary, err := own.runIngest(ctx, []string{bucket}, ingest.Options{}, nil)
	if err != nil {
		return err
	}
	own.Stdout = a.Stderr
	own.ingested(summary)
	own.Stdout = a.Stdout
	a.remark("")
	own.Now = clockOf(end.Add(12 * time.Hour)) // the report looks back from just behind its month
	s, err := own.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	r, err := report.Make(ctx, s.History, report.Options{Month: month, Printer: a.p, Version: a.Version, Pending: s.pending})
	if err != nil {
		return err
	}
	if err := writeReport(&own, r, format); err != nil {
		return err
	}
	a.remark(a.p.Text("demo.kept", message.Args{"lake": own.set.Lake}))
	a.remark("  export CONFIGTRAIL_LAKE=" + own.set.Lake)
	return nil
}

// demoFolder is a fresh folder under the user's cache, the same each time so
// that demos don't pile up; what a demo made before is removed.
func (a *app) demoFolder() (string, error) {
	parent := a.Getenv("XDG_CACHE_HOME")
	if parent == "" && a.Getenv("HOME") != "" {
		parent = filepath.Join(a.Getenv("HOME"), ".cache")
	}
	if parent == "" {
		return os.MkdirTemp("", "configtrail-demo-")
	}
	folder := filepath.Join(parent, "configtrail", "demo")
	if err := os.RemoveAll(folder); err != nil {
		return "", err
	}
	return folder, os.MkdirAll(folder, 0o700)
}

func folderSize(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}
