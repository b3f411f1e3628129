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
		Use: "init", Short: a.t("init.short"), Long: a.t("init.long"), Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			path, _ := c.Flags().GetString("config")
			if path == "" {
				path = settings.DefaultFile(a.Getenv)
			}
			if path == "" {
				return &configtrail.Problem{Key: "no_home", Err: configtrail.ErrInvalid}
			}
			switch err := settings.WriteExample(path, a.set.Lang); {
			case errors.Is(err, fs.ErrExist):
				fmt.Fprintln(a.Stdout, a.p.Text("init.settings_there", message.Args{"path": path}))
			case err != nil:
				return err
			default:
				fmt.Fprintln(a.Stdout, a.p.Text("init.settings", message.Args{"path": path}))
			}
			l, _, err := a.openForWriting(c.Context())
			if err != nil {
				return err
			}
			fmt.Fprintln(a.Stdout, a.p.Text("init.lake", message.Args{"lake": a.set.Lake}))
			return l.Close()
		},
	}
}

func (a *app) compactCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "compact", Short: a.t("compact.short"), Long: a.t("compact.long"), Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if _, err := a.lakeThere(); err != nil {
				return err
			}
			l, _, err := a.openForWriting(c.Context())
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

// lakeThere refuses to make a lake where a command needs one that is there.
func (a *app) lakeThere() (fs.FileInfo, error) {
	info, err := os.Stat(a.set.Lake)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &configtrail.Problem{Key: "no_lake", Args: map[string]any{"lake": a.set.Lake}, Err: configtrail.ErrNotFound}
	}
	return info, err
}

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
		}
		tables := []tableJSON{}
		for _, t := range result.Tables {
			tables = append(tables, tableJSON{t.Table, t.FilesBefore, t.FilesAfter, t.BytesBefore, t.BytesAfter, t.RowsBefore, t.RowsAfter})
		}
		return writeJSON(a.Stdout, map[string]any{"tables": tables})
	}
	for _, t := range result.Tables {
		fmt.Fprintln(a.Stdout, a.p.Text("compact.table", message.Args{
			"table": t.Table, "before": t.FilesBefore, "after": t.FilesAfter, "rows": t.RowsAfter, "merged": t.RowsBefore - t.RowsAfter,
			"bytes_before": size(t.BytesBefore), "bytes_after": size(t.BytesAfter)}))
	}
	return nil
}

func (a *app) versionCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "version", Short: a.t("version.short"), Args: usageArgs(cobra.NoArgs),
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
		Use: "docs FOLDER", Hidden: true, Args: usageArgs(cobra.ExactArgs(1)),
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
