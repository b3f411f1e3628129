package anomaly

import (
	"slices"

	"configtrail/internal/message"
)

// exposedServices are databases and file services, which are not made to be
// reached by everybody.
var exposedServices = [...]watchedPort{
	{port: 445, name: "SMB"}, {port: 1433, name: "SQL Server"}, {port: 1521, name: "Oracle"}, {port: 3306, name: "MySQL"},
	{port: 5432, name: "PostgreSQL"}, {port: 6379, name: "Redis"}, {port: 9200, name: "Elasticsearch"}, {port: 27017, name: "MongoDB"},
}

func exposedPorts() rule {
	return rule{
		name: "rule.3", types: []string{securityGroup},
		reads: []string{"/configuration/ipPermissions"}, harmless: opensNothing,
		doc: "A security group opens everything, or the port of a database or file service, to the whole world.",
		judge: func(s *scene, at step) *verdict {
			opened := at.opened(exposedServices[:])
			if len(opened) == 0 {
				return nil
			}
			v := &verdict{severity: High, score: 80, sets: []string{"RESTRICTED_INCOMING_TRAFFIC"}}
			if opened[0].port == allPorts { // it says all that the others say
				v.severity, v.score, v.summary = Critical, 95, ".all"
				opened = slices.DeleteFunc(opened, func(o opening) bool { return o.port != allPorts })
			}
			var names, ranges []string
			for _, w := range exposedServices {
				if slices.ContainsFunc(opened, func(o opening) bool { return o.port == w.port }) {
					names = append(names, w.String())
				}
			}
			for _, f := range []family{ipv4, ipv6} {
				if slices.ContainsFunc(opened, func(o opening) bool { return o.family == f }) {
					ranges = append(ranges, string(f))
				}
			}
			v.args = message.Args{"ports": s.list(names), "range": s.list(ranges)}
			return v
		},
	}
}
