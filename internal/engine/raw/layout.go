package raw

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"configtrail"
)

// layout is where the folders of a table lie, and what each of its partition
// columns stands for.
type layout struct {
	bucket   string
	segments []segment // folders of the template, from the bucket down
	account  folder    // the place of each part in segments, or what it always is
	region   folder
	date     []column // year, month and day; or one column of the whole date
	others   []column // chosen by nothing that a question asks: every value is read
}

// segment is one folder of a location template: fixed text, or a column's value.
type segment struct {
	fixed  string
	column string // "" where fixed
}

// folder is a part of a key that is a partition column, or fixed text.
type folder struct {
	at     int    // in segments
	column column // its name is "" where the folder is fixed
	fixed  string
}

// column is a partition column with its projection.
type column struct {
	name   string
	kind   string   // enum, integer, date or injected
	values []string // of an enum
	digits int      // an integer is padded to
	format string   // Go's layout of a date
	whole  bool     // the column is a number in SQL, not text
}

var placeholder = configtrail.Pattern(`\$\{([^{}]*)\}`)

// parseLayout reads a table's partition projection. Members of the projection
// are read in any case.
func parseLayout(definition types.Table) (layout, error) {
	settings := map[string]string{}
	for name, value := range definition.Parameters {
		settings[strings.ToLower(name)] = value
	}
	template := settings["storage.location.template"]
	if !strings.EqualFold(settings["projection.enabled"], "true") || template == "" {
		return layout{}, errors.New("it has no partition projection with a storage.location.template")
	}
	rest, isS3 := strings.CutPrefix(template, "s3://")
	bucket, path, _ := strings.Cut(rest, "/")
	if !isS3 || bucket == "" || strings.Contains(bucket, "$") {
		return layout{}, fmt.Errorf("its storage.location.template is %q, not s3://BUCKET/…", short(template))
	}
	columns := map[string]column{}
	for _, key := range definition.PartitionKeys {
		c, err := parseColumn(key, settings)
		if err != nil {
			return layout{}, err
		}
		columns[strings.ToLower(c.name)] = c
	}
	l := layout{bucket: bucket}
	for text := range strings.SplitSeq(strings.TrimSuffix(path, "/"), "/") {
		found := placeholder().FindStringSubmatch(text)
		switch {
		case found == nil:
			l.segments = append(l.segments, segment{fixed: text})
		case found[0] != text:
			return layout{}, fmt.Errorf("its storage.location.template has a folder %q that is not one partition column alone", short(text))
		default:
			c, ok := columns[strings.ToLower(found[1])]
			if !ok {
				return layout{}, fmt.Errorf("its storage.location.template names %s, which is no partition column", short(text))
			}
			l.segments = append(l.segments, segment{column: c.name})
		}
	}
	return l, l.place(columns)
}

// parseColumn reads the projection of one partition column.
func parseColumn(key types.Column, settings map[string]string) (column, error) {
	name := sdk.ToString(key.Name)
	of := func(property string) string {
		return strings.TrimSpace(settings["projection."+strings.ToLower(name)+"."+property])
	}
	c := column{name: name, kind: strings.ToLower(of("type"))}
	switch t := strings.ToLower(sdk.ToString(key.Type)); t {
	case "int", "integer", "bigint", "smallint", "tinyint":
		c.whole = true
	case "string", "varchar", "char":
	default:
		if !strings.HasPrefix(t, "varchar") && !strings.HasPrefix(t, "char") {
			return c, fmt.Errorf("its partition column %s is of type %s; only text and whole numbers are understood", name, t)
		}
	}
	switch c.kind {
	case "enum":
		for value := range strings.SplitSeq(of("values"), ",") {
			c.values = append(c.values, strings.TrimSpace(value))
		}
	case "integer":
		if digits := of("digits"); digits != "" {
			n, err := strconv.Atoi(digits)
			if err != nil || n < 0 || n > 9 {
				return c, fmt.Errorf("its projection.%s.digits is %q", name, digits)
			}
			c.digits = n
		}
	case "date":
		format, ok := dateFormat(of("format"))
		if !ok {
			return c, fmt.Errorf("its projection.%s.format %q is not made of year, month and day", name, of("format"))
		}
		c.format = format
	case "injected":
	default:
		return c, fmt.Errorf("its partition column %s has no projection type", name)
	}
	return c, nil
}

// dateFormat turns a format of Java into Go's.
func dateFormat(java string) (string, bool) {
	goForms := map[string]string{"yyyy": "2006", "uuuu": "2006", "MM": "01", "M": "1", "dd": "02", "d": "2"}
	var b strings.Builder
	seen := map[byte]bool{}
	for i := 0; i < len(java); {
		n := 1
		for i+n < len(java) && java[i+n] == java[i] {
			n++
		}
		run := java[i : i+n]
		form, known := goForms[run]
		if !known && strings.Trim(run, "/-_.") != "" {
			return "", false
		}
		if known {
			seen[form[len(form)-1]] = true
			run = form
		}
		b.WriteString(run)
		i += n
	}
	return b.String(), seen['6'] && seen['1'] && seen['2']
}

// place finds out which folder is what: …/ACCOUNT/Config/REGION/YEAR/MONTH/DAY.
func (l *layout) place(columns map[string]column) error {
	config := -1
	for i, s := range l.segments {
		if s.fixed == "Config" && i > 0 {
			config = i
		}
	}
	if config < 0 || config+2 >= len(l.segments) {
		return errors.New("its storage.location.template has no …/ACCOUNT/Config/REGION/YEAR/MONTH/DAY/")
	}
	at := func(i int) folder {
		s := l.segments[i]
		return folder{at: i, column: columns[strings.ToLower(s.column)], fixed: s.fixed}
	}
	l.account, l.region = at(config-1), at(config+1)
	if l.account.fixed != "" && !configtrail.IsAccountID(l.account.fixed) {
		return fmt.Errorf("the folder before Config is %q, not an account", short(l.account.fixed))
	}
	if l.region.fixed != "" && !isRegion(l.region.fixed) {
		return fmt.Errorf("the folder behind Config is %q, not a region", short(l.region.fixed))
	}
	for i := config + 2; i < len(l.segments); i++ {
		if l.segments[i].column == "" {
			return fmt.Errorf("the folder %q stands where year, month and day are", short(l.segments[i].fixed))
		}
		l.date = append(l.date, columns[strings.ToLower(l.segments[i].column)])
	}
	one := len(l.date) == 1 && l.date[0].kind == "date"
	three := len(l.date) == 3 && !slices.ContainsFunc(l.date, func(c column) bool { return c.kind != "integer" && c.kind != "enum" && c.kind != "injected" })
	if !one && !three {
		return errors.New("the folders behind the region are neither year, month and day nor one date")
	}
	for i := range config - 1 {
		if l.segments[i].column == "" {
			continue
		}
		c := columns[strings.ToLower(l.segments[i].column)]
		if c.kind != "enum" {
			return fmt.Errorf("its partition column %s stands for a folder above the account and is no enum", c.name)
		}
		l.others = append(l.others, c)
	}
	return nil
}

// values are the texts of the date columns on a day.
func (l *layout) onDay(day time.Time) []string {
	if l.date[0].kind == "date" {
		return []string{day.Format(l.date[0].format)}
	}
	parts := []int{day.Year(), int(day.Month()), day.Day()}
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = fmt.Sprintf("%0*d", l.date[i].digits, part)
	}
	return texts
}

var regionName = configtrail.Pattern(`^[a-z]{2,10}(-[a-z]+)+-\d{1,2}$`)

func isRegion(text string) bool { return len(text) <= 40 && regionName().MatchString(text) }
