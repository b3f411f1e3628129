package anomaly

import (
	"fmt"
	"strings"
	"testing"

	"configtrail"
)

// none is a port that is not there.
const none = -2

// permit is one permission of a security group, as AWS Config writes it.
func permit(protocol string, from, to int, ranges ...string) string {
	ports := ""
	if from != none {
		ports += fmt.Sprintf(`"fromPort":%d,`, from)
	}
	if to != none {
		ports += fmt.Sprintf(`"toPort":%d,`, to)
	}
	return fmt.Sprintf(`{%s"ipProtocol":"%s","prefixListIds":[],"userIdGroupPairs":[],%s}`, ports, protocol, strings.Join(ranges, ","))
}

func v4(address string) string {
	return fmt.Sprintf(`"ipv4Ranges":[{"cidrIp":"%s","description":"一時的"}],"ipRanges":["%s"]`, address, address)
}

func v6(address string) string { return fmt.Sprintf(`"ipv6Ranges":[{"cidrIpv6":"%s"}]`, address) }

func permits(all ...string) string {
	return `{"groupName":"本番 web","ipPermissions":[` + strings.Join(all, ",") + `],"ipPermissionsEgress":[` +
		permit("-1", none, none, v4("0.0.0.0/0"), v6("::/0")) + `],"vpcId":"vpc-1"}`
}

const (
	inPlace = " “本番 web” in 111122223333 ap-northeast-1 "
	group   = "high: Security group" + inPlace + "opened "
	ssh     = "INCOMING_SSH_DISABLED; Stratus aws.exfiltration.ec2-security-group-open-port-22-ingress"
)

func TestAdminPortsOpenToIPv4(t *testing.T) {
	office := permit("tcp", 443, 443, v4("10.0.0.0/8"))
	open22 := permit("tcp", 22, 22, v4("0.0.0.0/0"))
	open3389 := permit("tcp", 3389, 3389, v4("0.0.0.0/0"))
	const (
		toWorld = " to the whole internet (0.0.0.0/0) "
		sshOnly = group + "SSH (22)" + toWorld + "[CIS 5.3; " + ssh + "]"
		rdpOnly = group + "RDP (3389)" + toWorld + "[CIS 5.3]"
		both    = group + "SSH (22), RDP (3389)" + toWorld + "[CIS 5.3; " + ssh + "]"
	)
	judge(t, "rule.1", securityGroup, []pair{
		{name: "SSH opened", before: permits(office), after: permits(office, open22), want: sshOnly},
		{name: "RDP opened", before: permits(office), after: permits(open3389, office), want: rdpOnly},
		{name: "both by a range of ports", before: permits(), after: permits(permit("tcp", 20, 4000, v4("0.0.0.0/0"))), want: both},
		{name: "all protocols, without ports", before: permits(), after: permits(permit("-1", none, none, v4("0.0.0.0/0"))), want: both},
		{name: "TCP by number, ports −1", before: permits(), after: permits(permit("6", -1, -1, v4("0.0.0.0/0"))), want: both},
		{name: "RDP over UDP", before: permits(), after: permits(permit("udp", 3389, 3389, v4("0.0.0.0/0"))), want: rdpOnly},
		{name: "created open", kind: configtrail.Created, after: permits(open22), want: sshOnly},
		{name: "recreated open, as it was in its former life", kind: configtrail.Recreated, before: permits(open22), after: permits(open22), want: sshOnly},
		{name: "RDP beside SSH, which was open", before: permits(open22), after: permits(open22, open3389), want: rdpOnly},
		{name: "everything, where SSH was open", before: permits(open22), after: permits(permit("-1", none, none, v4("0.0.0.0/0"))), want: rdpOnly},
		{name: "ranges as texts only", before: permits(), after: permits(permit("tcp", 22, 22, `"ipRanges":["192.0.2.0/24","0.0.0.0/0"]`)), want: sshOnly},
		{name: "ranges as objects of the old name", before: permits(), after: permits(permit("tcp", 22, 22, `"ipRanges":[{"cidrIp":"0.0.0.0/0"}]`)), want: sshOnly},
		{name: "in PascalCase, ports as texts", before: `{"IpPermissions":[]}`, after: `{"IpPermissions":[{"IpProtocol":"tcp","FromPort":"22","ToPort":"22","Ipv4Ranges":[{"CidrIp":"0.0.0.0/0"}]}]}`, want: sshOnly},
		{name: "any /0 is the world", before: permits(), after: permits(permit("tcp", 22, 22, v4("10.0.0.0/0"))), want: sshOnly},
		{name: "the world in two halves, in two permissions", before: permits(), after: permits(permit("tcp", 22, 22, v4("0.0.0.0/1")), permit("tcp", 1, 30, v4("128.0.0.0/1"))), want: sshOnly},

		{name: "still open", before: permits(open22), after: permits(office, open22)},
		{name: "reordered and spelled otherwise", before: permits(office, open22), after: permits(permit("tcp", 22, 22, `"ipRanges":["0.0.0.0/0"]`), office)},
		{name: "closed", before: permits(open22), after: permits(office)},
		{name: "narrowed from everything to SSH", before: permits(permit("-1", none, none, v4("0.0.0.0/0"))), after: permits(open22)},
		{name: "created closed", kind: configtrail.Created, after: permits(office)},
		{name: "deleted, by an item that shows it open", kind: configtrail.Deleted, before: permits(), after: permits(open22)},
		{name: "deleted while open", kind: configtrail.Deleted, before: permits(open22)},
		{name: "to the office only", before: permits(), after: permits(permit("tcp", 22, 22, v4("10.0.0.0/8")))},
		{name: "half the world", before: permits(), after: permits(permit("tcp", 22, 22, v4("128.0.0.0/1")))},
		{name: "to the world, but HTTPS", before: permits(), after: permits(permit("tcp", 443, 443, v4("0.0.0.0/0")))},
		{name: "UDP port 22 is not SSH", before: permits(), after: permits(permit("udp", 22, 22, v4("0.0.0.0/0")))},
		{name: "ICMP of type 22", before: permits(), after: permits(permit("icmp", 22, 22, v4("0.0.0.0/0")))},
		{name: "to IPv6, which is rule 2", before: permits(), after: permits(permit("tcp", 22, 22, v6("::/0")))},
		{name: "outgoing only", before: permits(), after: strings.Replace(permits(open22), "ipPermissions", "ipPermissionsOut", 1)},
		{name: "the state before is not known", after: permits(open22)},
		{name: "the state after could not be read", before: permits(), after: `{"ipPermissions":[` + open22},
	})
}

func TestAdminPortsOpenToIPv6(t *testing.T) {
	const (
		toWorld = " to the whole IPv6 internet (::/0) "
		sshOnly = group + "SSH (22)" + toWorld + "[CIS 5.4; " + ssh + "]"
		rdpOnly = group + "RDP (3389)" + toWorld + "[CIS 5.4]"
	)
	open22 := permit("tcp", 22, 22, v6("::/0"))
	open22v4 := permit("tcp", 22, 22, v4("0.0.0.0/0"))
	judge(t, "rule.2", securityGroup, []pair{
		{name: "SSH opened", before: permits(), after: permits(open22), want: sshOnly},
		{name: "RDP opened", before: permits(open22), after: permits(permit("tcp", 3389, 3389, v6("::/0")), open22), want: rdpOnly},
		{name: "spelled in full", before: permits(), after: permits(permit("tcp", 22, 22, v6("0:0:0:0:0:0:0:0/0"))), want: sshOnly},
		{name: "to IPv6 too, where IPv4 was open", before: permits(open22v4), after: permits(permit("tcp", 22, 22, v4("0.0.0.0/0"), v6("::/0"))), want: sshOnly},
		{name: "both halves", before: permits(), after: permits(permit("tcp", 22, 22, v6("::/1")), permit("tcp", 22, 22, v6("8000::/1"))), want: sshOnly},
		{name: "created open", kind: configtrail.Created, after: permits(open22), want: sshOnly},
		{name: "recreated open", kind: configtrail.Recreated, before: permits(), after: permits(open22), want: sshOnly},
		{name: "by a range of ports", before: permits(), after: permits(permit("tcp", 0, 1024, v6("::/0"))), want: sshOnly},

		{name: "still open", before: permits(open22), after: permits(open22, open22v4)},
		{name: "spelled otherwise", before: permits(open22), after: permits(permit("tcp", 22, 22, v6("0::0/0")))},
		{name: "closed", before: permits(open22), after: permits()},
		{name: "to IPv4, which is rule 1", before: permits(), after: permits(open22v4)},
		{name: "to one network", before: permits(), after: permits(permit("tcp", 22, 22, v6("2001:db8::/32")))},
		{name: "half", before: permits(), after: permits(permit("tcp", 22, 22, v6("8000::/1")))},
		{name: "deleted", kind: configtrail.Deleted, before: permits(open22), after: permits(open22)},
		{name: "created closed", kind: configtrail.Created, after: permits()},
		{name: "no address at all", before: permits(), after: permits(permit("tcp", 22, 22, v6("どこでも")))},
	})
}

func TestPortsThatAreNotForEverybody(t *testing.T) {
	const set = " [RESTRICTED_INCOMING_TRAFFIC]"
	open := func(from, to int) string { return permit("tcp", from, to, v4("0.0.0.0/0")) }
	all := permit("-1", none, none, v4("0.0.0.0/0"))
	toWorld := func(ports string) string { return group + ports + " to the whole internet (0.0.0.0/0)" + set }
	everything := func(ranges string) string {
		return "critical: Security group" + inPlace + "opened every port to the whole internet (" + ranges + ")" + set
	}
	judge(t, "rule.3", securityGroup, []pair{
		{name: "PostgreSQL", before: permits(), after: permits(open(5432, 5432)), want: toWorld("PostgreSQL (5432)")},
		{name: "several in a range", before: permits(), after: permits(open(1400, 1600)), want: toWorld("SQL Server (1433), Oracle (1521)")},
		{name: "SMB and MongoDB in two permissions", before: permits(), after: permits(open(27017, 27018), open(445, 445)), want: toWorld("SMB (445), MongoDB (27017)")},
		{name: "every TCP port", before: permits(), after: permits(open(0, 65535)), want: toWorld("SMB (445), SQL Server (1433), Oracle (1521), MySQL (3306), PostgreSQL (5432), Redis (6379) and 2 more")},
		{name: "everything", before: permits(), after: permits(all), want: everything("0.0.0.0/0")},
		{name: "everything, both families", before: permits(), after: permits(permit("-1", none, none, v4("0.0.0.0/0"), v6("::/0"))), want: everything("0.0.0.0/0, ::/0")},
		{name: "everything, where every TCP port was open", before: permits(open(0, 65535)), after: permits(all), want: everything("0.0.0.0/0")},
		{name: "to IPv6 too", before: permits(open(6379, 6379)), after: permits(open(6379, 6379), permit("tcp", 6379, 6379, v6("::/0"))), want: group + "Redis (6379) to the whole internet (::/0)" + set},
		{name: "created open", kind: configtrail.Created, after: permits(open(9200, 9200)), want: toWorld("Elasticsearch (9200)")},
		{name: "recreated open", kind: configtrail.Recreated, before: permits(open(3306, 3306)), after: permits(open(3306, 3306)), want: toWorld("MySQL (3306)")},

		{name: "still open", before: permits(open(5432, 5432)), after: permits(open(5430, 5440))},
		{name: "narrowed from everything", before: permits(all), after: permits(open(5432, 5432))},
		{name: "closed", before: permits(open(5432, 5432)), after: permits()},
		{name: "from inside", before: permits(), after: permits(permit("tcp", 5432, 5432, v4("10.0.4.0/22")))},
		{name: "the web", before: permits(), after: permits(open(80, 80), open(443, 443), open(8080, 8080))},
		{name: "over UDP", before: permits(), after: permits(permit("udp", 5432, 5432, v4("0.0.0.0/0")))},
		{name: "everything from one network", before: permits(), after: permits(permit("-1", none, none, v4("192.0.2.0/24")))},
		{name: "from another security group", before: permits(), after: permits(`{"fromPort":3306,"toPort":3306,"ipProtocol":"tcp","userIdGroupPairs":[{"groupId":"sg-1"}]}`)},
		{name: "deleted", kind: configtrail.Deleted, before: permits(all)},
		{name: "GRE", before: permits(), after: permits(permit("47", none, none, v4("0.0.0.0/0")))},
	})
}
