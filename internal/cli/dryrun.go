package cli

import (
	"context"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"
	"sync"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/trinosql"
	"configtrail/internal/lake"
	"configtrail/internal/message"
)

// dryEngine shows the statements that it is given, and runs none of them: every
// answer is empty. It is safe for concurrent use.
type dryEngine struct {
	engine.Engine // for its dialect and version
	show          func(ctx context.Context, q engine.Query, sql string) error
}

// Query shows a statement as it would be sent.
func (d *dryEngine) Query(ctx context.Context, q engine.Query) (engine.Result, error) {
	sql, err := trinosql.Render(q.SQL, q.Args)
	if err == nil {
		err = d.show(ctx, q, sql)
	}
	if err != nil {
		return engine.Result{}, fmt.Errorf("query %s: %w", q.Name, err)
	}
	free := 0.0
	return engine.Result{
		Rows: iter.Seq2[[]any, error](func(func([]any, error) bool) {}),
		Cost: func() configtrail.Cost { return configtrail.Cost{USD: &free} },
	}, nil
}

// dry makes an engine that shows statements on standard output, each with what it
// would read at most. What the command itself has to say of the empty answers goes
// nowhere.
func (a *app) dry(e engine.Engine, estimate func(ctx context.Context, q engine.Query) (int64, error)) engine.Engine {
	out, mu := a.Stdout, new(sync.Mutex)
	a.Stdout, a.quiet = io.Discard, true
	return &dryEngine{Engine: e, show: func(ctx context.Context, q engine.Query, sql string) error {
		bytes, err := estimate(ctx, q)
		if err != nil {
			return err
		}
		said := a.p.Text("dry.estimate", message.Args{"name": q.Name, "bytes": size(bytes)})
		mu.Lock()
		defer mu.Unlock()
		_, err = fmt.Fprintf(out, "-- %s\n%s;\n\n", said, visibleLines(sql))
		return err
	}}
}

// visibleLines makes a text of several lines safe to show.
func visibleLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = configtrail.Visible(lines[i])
	}
	return strings.Join(lines, "\n")
}

// relation finds the tables that a statement of the catalogue reads.
var relation = regexp.MustCompile(`(?i)\b(?:FROM|JOIN)\s+(items|changes|events|deliveries)\b`)

// planned is how many bytes the files hold that a statement may read. Athena reads
// the columns that it needs, and so less.
func planned(ctx context.Context, l *lake.Lake, q engine.Query) (int64, error) {
	var bytes int64
	seen := map[string]bool{}
	for _, found := range relation.FindAllStringSubmatch(q.SQL, -1) {
		table := strings.ToLower(found[1])
		if seen[table] {
			continue
		}
		seen[table] = true
		files, err := l.Plan(ctx, table, q.Scope)
		if err != nil {
			return 0, err
		}
		for _, file := range files {
			bytes += file.Bytes
		}
	}
	return bytes, nil
}
