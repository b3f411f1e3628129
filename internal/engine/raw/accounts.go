package raw

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"configtrail"
	"configtrail/internal/blob"
)

// atOnce is how many folders are listed side by side.
const atOnce = 32

// allAccounts are those of a table whose account column is injected: what
// Options.Accounts gives, else those with a folder in the bucket. They are found
// out once.
func (t *Tables) allAccounts(ctx context.Context, i int) ([]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if found, known := t.accounts[i]; known {
		return found, nil
	}
	var found []string
	if t.options.Accounts != nil {
		if t.told == nil {
			told, err := t.options.Accounts(ctx)
			if err != nil {
				return nil, fmt.Errorf("find out the accounts: %w", err)
			}
			t.told = append([]string{}, told...)
		}
		found = slices.Clone(t.told)
	} else {
		l := &t.tables[i].layout
		for _, prefix := range l.prefixes(l.account.at, "", "") {
			names, err := foldersIn(ctx, t.buckets[i], prefix)
			if err != nil {
				return nil, fmt.Errorf("find out the accounts: %w", err)
			}
			found = append(found, names...)
		}
	}
	found = slices.DeleteFunc(found, func(id string) bool { return !configtrail.IsAccountID(id) })
	slices.Sort(found)
	found = slices.Compact(found)
	t.accounts[i] = found
	return found, nil
}

// allRegions are the regions for which the accounts of a part have a folder.
func (t *Tables) allRegions(ctx context.Context, p *part) ([]string, error) {
	folders, err := p.regionFolders(ctx)
	if err != nil {
		return nil, fmt.Errorf("find out the regions: %w", err)
	}
	var regions []string
	for _, f := range folders {
		regions = append(regions, f.region)
	}
	slices.Sort(regions)
	return slices.Compact(regions), nil
}

// regionFolder is the folder of one account and region.
type regionFolder struct{ account, region, prefix string }

// regionFolders finds the folders of regions that the part's accounts have in the
// bucket, in the order of account, region and prefix.
func (p *part) regionFolders(ctx context.Context) ([]regionFolder, error) {
	l := &p.table.layout
	found := make([][]regionFolder, len(p.accounts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, account := range p.accounts {
		group.Go(func() error {
			for _, prefix := range l.prefixes(l.region.at, account, "") {
				names, err := foldersIn(ctx, p.bucket, prefix)
				if err != nil {
					return err
				}
				for _, name := range names {
					if isRegion(name) {
						found[i] = append(found[i], regionFolder{account, name, prefix + name + "/"})
					}
				}
			}
			return nil
		})
	}
	err := group.Wait()
	all := slices.Concat(found...)
	slices.SortFunc(all, func(a, b regionFolder) int {
		return strings.Compare(a.account+" "+a.region+" "+a.prefix, b.account+" "+b.region+" "+b.prefix)
	})
	return all, err
}

// prefixes are the keys of the folders above a place in the template, each
// ending with a slash. Columns that no question chooses take every value.
func (l *layout) prefixes(at int, account, region string) []string {
	all := []string{""}
	for i, s := range l.segments[:at] {
		values := []string{s.fixed}
		switch {
		case i == l.account.at && s.column != "":
			values = []string{account}
		case i == l.region.at && s.column != "":
			values = []string{region}
		case s.column != "":
			for _, c := range l.others {
				if c.name == s.column {
					values = c.values
				}
			}
		}
		var longer []string
		for _, prefix := range all {
			for _, value := range values {
				longer = append(longer, prefix+value+"/")
			}
		}
		all = longer
	}
	return all
}

// foldersIn are the names of the folders directly below a prefix.
func foldersIn(ctx context.Context, bucket blob.Bucket, prefix string) ([]string, error) {
	var names []string
	for entry, err := range bucket.Level(ctx, prefix) {
		if err != nil {
			return nil, fmt.Errorf("list %s/%s: %w", strings.TrimSuffix(bucket.URI(), "/"), prefix, err)
		}
		if entry.Folder != "" {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(entry.Folder, prefix), "/"))
		}
	}
	return names, nil
}
