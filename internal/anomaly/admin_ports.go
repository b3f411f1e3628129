package anomaly

import (
	"configtrail/internal/message"
)

// adminPorts are those that machines are administered through.
var adminPorts = [...]watchedPort{{port: 22, name: "SSH"}, {port: 3389, name: "RDP", udp: true}}

func adminPortsIPv4() rule {
	return rule{
		name: "rule.1", types: []string{securityGroup},
		reads: []string{"/configuration/ipPermissions"}, harmless: opensNothing,
		doc: "A security group opens SSH (22) or RDP (3389) to every IPv4 address.",
		judge: func(s *scene, at step) *verdict {
			return judgeAdminPorts(s, at, ipv4, "CIS 5.3")
		},
	}
}

func adminPortsIPv6() rule {
	return rule{
		name: "rule.2", types: []string{securityGroup},
		reads: []string{"/configuration/ipPermissions"}, harmless: opensNothing,
		doc: "A security group opens SSH (22) or RDP (3389) to every IPv6 address.",
		judge: func(s *scene, at step) *verdict {
			return judgeAdminPorts(s, at, ipv6, "CIS 5.4")
		},
	}
}

func judgeAdminPorts(s *scene, at step, to family, benchmark string) *verdict {
	opened := at.opened(adminPorts[:])
	var names []string
	sets := []string{benchmark}
	for _, w := range adminPorts {
		for _, o := range opened {
			if o != (opening{w.port, to}) {
				continue
			}
			names = append(names, w.String())
			if w.port == 22 {
				sets = append(sets, "INCOMING_SSH_DISABLED", "Stratus aws.exfiltration.ec2-security-group-open-port-22-ingress")
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &verdict{
		severity: High, score: 85, sets: sets,
		args: message.Args{"ports": s.list(names), "range": string(to)},
	}
}
