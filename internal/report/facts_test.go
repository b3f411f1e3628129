package report

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// The accounts of the facts that tests make up.
const (
	prod    = "111122223333"
	dev     = "444455556666"
	sandbox = "777788889999"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func printer(t testing.TB, lang message.Lang) message.Printer {
	t.Helper()
	p, err := message.New(string(lang))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tokyo is an instant by the clock of Tokyo, 2024-11-05 14:05.
func tokyo(t testing.TB, clock string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", clock, zone(t, "Asia/Tokyo"))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// ordinaryMonth is November 2024 in Tokyo of an organisation in which nothing
// stands out: 90 changes, evenly spread, as many as in the months before.
func ordinaryMonth(t testing.TB) *facts {
	t.Helper()
	month := configtrail.Month{Year: 2024, Month: time.November}
	f := &facts{
		Month: month, Zone: zone(t, "Asia/Tokyo"), Window: month.Window(zone(t, "Asia/Tokyo")), Now: tokyo(t, "2024-12-05 09:00"),
		Names:    map[string]string{prod: "prod", dev: "dev"},
		Totals:   history.Totals{Changes: 90, Created: 10, Updated: 75, Deleted: 5, Resources: 60, Accounts: 3},
		Previous: &history.Totals{Changes: 90, Created: 12, Updated: 73, Deleted: 5, Resources: 58, Accounts: 3},
		Noise:    map[configtrail.Noise]int64{},
		Account:  []Count{{Key: prod, Name: "prod", Changes: 40}, {Key: dev, Name: "dev", Changes: 30}, {Key: sandbox, Changes: 20}},
		Region:   []Count{{Key: "ap-northeast-1", Changes: 80}, {Key: "global", Changes: 10}},
		Type:     []Count{{Key: "AWS::EC2::SecurityGroup", Changes: 50}, {Key: "AWS::IAM::Role", Changes: 40}},
		First:    tokyo(t, "2024-03-01 01:00"), Last: tokyo(t, "2024-12-05 07:00"), CompleteUntil: tokyo(t, "2024-12-05 01:00"),
		Complete: []history.PlaceTime{{Account: prod, Region: "ap-northeast-1", Time: tokyo(t, "2024-12-05 01:00")}},
	}
	for day := range 30 {
		f.Day = append(f.Day, Count{Key: f.Window.From.AddDate(0, 0, day).Format(time.DateOnly), Changes: 3})
	}
	for n := 1; n <= 4; n++ {
		f.Earlier = append(f.Earlier, earlier{
			Month: month.Add(-n), Changes: 90,
			Account: map[string]int64{prod: 40, dev: 30, sandbox: 20},
			Region:  map[string]int64{"ap-northeast-1": 80, "global": 10},
			Type:    map[string]int64{"AWS::EC2::SecurityGroup": 50, "AWS::IAM::Role": 40},
		})
	}
	return f
}

// written gives every sentence of a report about facts, one a line.
func written(t testing.TB, lang message.Lang, f *facts) []string {
	t.Helper()
	d := write(teller{printer(t, lang), f}, "1.0.0")
	all := append([]string{d.Title, d.Subtitle}, d.Lead...)
	for _, s := range d.Sections {
		all = append(append(all, s.Heading), s.Paragraphs...)
		for _, b := range s.Bullets {
			all = append(all, b.Text)
		}
	}
	if i := slices.IndexFunc(all, func(s string) bool { return strings.Contains(s, "⟦") }); i >= 0 {
		t.Errorf("a message or an argument is missing: %s", all[i])
	}
	return all
}

func updated(resourceType, id string, at time.Time, edits ...configtrail.Edit) configtrail.Change {
	return configtrail.Change{
		Key: configtrail.ResourceKey{Account: prod, Region: "ap-northeast-1", Type: resourceType, ID: id}, Time: at,
		Kind: configtrail.Updated, Edits: edits,
	}
}

func replaced(path, old, new string) configtrail.Edit {
	return configtrail.Edit{Path: path, Op: configtrail.OpReplace, Old: json.RawMessage(old), New: json.RawMessage(new)}
}

func added(path, value string) configtrail.Edit {
	return configtrail.Edit{Path: path, Op: configtrail.OpAdd, New: json.RawMessage(value)}
}
