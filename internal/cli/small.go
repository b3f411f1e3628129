package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"configtrail"
	"configtrail/internal/lake"
	"configtrail/internal/message"
	"configtrail/internal/settings"
)

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use: "init", Short: a.t("init.short"), Long: a.t("init.long"), Args: exactly(),
		// The file that --config names need not be there yet.
		PersistentPreRunE: func(c *cobra.Command, args []string) error {
			path, err := a.settingsFile(c)
			if err != nil {
				return err
			}
			err = settings.WriteExample(path, string(a.p.Lang()))
			said := "init.settings"
			switch {
			case errors.Is(err, fs.ErrExist):
				said = "init.settings_there"
			case err != nil:
				return told("write_settings", err)
			}
			if err := a.load(c, args); err != nil {
				return err
			}
			fmt.Fprintln(a.Stdout, a.p.Text(said, message.Args{"path": configtrail.Visible(path)}))
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			l, _, err := a.openForWriting(c.Context())
			if err != nil {
				return err
			}
			fmt.Fprintln(a.Stdout, a.p.Text("init.lake", message.Args{"lake": configtrail.Visible(a.set.Lake)}))
			return l.Close()
		},
	}
}

// settingsFile is the file that a person named, or the one that is looked for.
func (a *app) settingsFile(c *cobra.Command) (string, error) {
	path, err := c.Flags().GetString("config")
	if path == "" {
		path = a.Getenv(settings.EnvName("config"))
	}
	if path == "" {
		path = settings.DefaultFile(a.Getenv)
	}
	if path == "" {
		return "", invalid("no_home", nil)
	}
	return path, err
}

func (a *app) compactCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "compact", Short: a.t("compact.short"), Long: a.t("compact.long"), Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := a.openLake(c.Context())
			if err != nil {
				return err
			}
			result, err := l.Compact(c.Context(), lake.CompactOptions{})
			if err := errors.Join(err, l.Close()); err != nil {
				return err
			}
			return a.compacted(result, format)
		},
	}
	a.formatFlag(c, &format, "text", "json")
	return c
}

// compacted tells what was merged, table by table, and what to do where a table
// was left alone.
func (a *app) compacted(result lake.CompactResult, format string) error {
	if format == "json" {
		type tableJSON struct {
			Table       string `json:"table"`
			FilesBefore int64  `json:"files_before"`
			FilesAfter  int64  `json:"files_after"`
			BytesBefore int64  `json:"bytes_before"`
			BytesAfter  int64  `json:"bytes_after"`
			RowsBefore  int64  `json:"rows_before"`
			RowsAfter   int64  `json:"rows_after"`
			Newer       bool   `json:"newer,omitempty"`
			Hint        string `json:"hint,omitempty"`
		}
		tables := []tableJSON{}
		for _, t := range result.Tables {
			row := tableJSON{
				Table: t.Table, FilesBefore: t.FilesBefore, FilesAfter: t.FilesAfter, BytesBefore: t.BytesBefore, BytesAfter: t.BytesAfter,
				RowsBefore: t.RowsBefore, RowsAfter: t.RowsAfter, Newer: t.Newer,
			}
			if t.Newer {
				row.Hint = a.newer(t)
			}
			tables = append(tables, row)
		}
		return writeJSON(a.Stdout, map[string]any{"tables": tables})
	}
	for _, t := range result.Tables {
		fmt.Fprintln(a.Stdout, a.p.Text("compact.table", message.Args{
			"table": t.Table, "before": t.FilesBefore, "after": t.FilesAfter, "rows": t.RowsAfter, "merged": t.RowsBefore - t.RowsAfter,
			"bytes_before": size(t.BytesBefore), "bytes_after": size(t.BytesAfter)}))
		if t.Newer {
			fmt.Fprintln(a.Stdout, a.newer(t))
		}
	}
	return nil
}

// newer says why the files of a table were not merged, and what mends it.
func (a *app) newer(t lake.CompactedTable) string {
	return a.p.Text("compact.newer", message.Args{"table": t.Table})
}

func (a *app) versionCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "version", Short: a.t("version.short"), Args: exactly(),
		RunE: func(*cobra.Command, []string) error {
			if format == "json" {
				return writeJSON(a.Stdout, map[string]string{"version": a.Version, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH})
			}
			_, err := fmt.Fprintf(a.Stdout, "configtrail %s (%s, %s/%s)\n", a.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
	a.formatFlag(c, &format, "text", "json")
	return c
}

// docsCommand writes one Markdown page a command: docs/cli is made by it.
func (a *app) docsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "docs FOLDER", Hidden: true, Args: exactly("FOLDER"),
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			root.DisableAutoGenTag = true
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			return doc.GenMarkdownTree(root, args[0])
		},
	}
}

// clockOf is a clock that stands at t: the demo looks at its organisation from
// the end of its last month.
func clockOf(t time.Time) func() time.Time { return func() time.Time { return t } }
