package anomaly

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"configtrail"
)

const securityGroup = "AWS::EC2::SecurityGroup"

// family is the kind of address that a port is open to.
type family string

const (
	ipv4 family = "0.0.0.0/0"
	ipv6 family = "::/0"
)

// allPorts stands for every port of every protocol.
const allPorts = -1

// opening is one port that the whole world reaches through one kind of address.
type opening struct {
	port   int64 // or allPorts
	family family
}

// openings are those of the watched ports that a security group opens to the
// world, and allPorts where it opens everything. A group that opens everything
// opens each port too.
func openings(s state, watched []watchedPort) map[opening]bool {
	reached := map[opening]halves{}
	for _, permission := range s.configuration.at("ipPermissions").elements() {
		from, to, protocol, ok := ports(permission)
		if !ok {
			continue
		}
		v4, v6 := reach(permission)
		for f, h := range map[family]halves{ipv4: v4, ipv6: v6} {
			if h == (halves{}) {
				continue
			}
			if protocol == anyProtocol {
				reached[opening{allPorts, f}] = reached[opening{allPorts, f}].with(h)
			}
			for _, w := range watched {
				if w.spokenOver(protocol) && from <= w.port && w.port <= to {
					reached[opening{w.port, f}] = reached[opening{w.port, f}].with(h)
				}
			}
		}
	}
	open := map[opening]bool{}
	for o, h := range reached {
		if h.lower && h.upper {
			open[o] = true
		}
	}
	return open
}

var (
	// onePermission is the path of a permission as a whole, or of something in one
	// of the lists of those that it lets in.
	onePermission = configtrail.Pattern(`(?i)^/configuration/ipPermissions/\d+(?:/(?:ipRanges|ipv4Ranges|ipv6Ranges|userIdGroupPairs|prefixListIds)(?:/.*)?)?$`)
	// wideRange is the end of a range in JSON that reach takes for a half of the world or more.
	wideRange = configtrail.Pattern(`/[01](?:\D|$)`)
)

// opensNothing reports whether an edit takes away somebody who was let in, or lets
// somebody in who is not half of the world. Its ports are part of what it adds: a
// permission of other ports is another one.
func opensNothing(e configtrail.Edit) bool {
	return onePermission().MatchString(e.Path) && (e.Op == configtrail.OpRemove || e.Op == configtrail.OpAdd && !wideRange().Match(e.New))
}

// opened are the openings of the state after a change that the state before it
// has not, in the order of ports.
func (s step) opened(watched []watchedPort) []opening {
	if !s.edge() {
		return nil
	}
	before, after := openings(s.before, watched), openings(s.after, watched)
	var fresh []opening
	for o := range after {
		if !before[o] {
			fresh = append(fresh, o)
		}
	}
	slices.SortFunc(fresh, func(a, b opening) int {
		return cmp.Or(cmp.Compare(a.port, b.port), strings.Compare(string(a.family), string(b.family)))
	})
	return fresh
}

// halves are the halves of an address family that somebody may come from. Two
// ranges that cover one half each are a known way to write the whole world
// without writing /0.
type halves struct{ lower, upper bool }

func (h halves) with(other halves) halves {
	return halves{h.lower || other.lower, h.upper || other.upper}
}

// reach is how much of the world a permission lets in. AWS Config writes its
// IPv4 ranges twice, as ipv4Ranges:[{cidrIp}] and as ipRanges, a list of texts,
// and in some forms as ipRanges:[{cidrIp}].
func reach(permission node) (v4, v6 halves) {
	for _, name := range []string{"ipRanges", "ipv4Ranges", "ipv6Ranges"} {
		for _, element := range permission.at(name).elements() {
			text := cmp.Or(element.text(), element.at("cidrIp").text(), element.at("cidrIpv6").text())
			prefix, err := netip.ParsePrefix(strings.TrimSpace(text))
			if err != nil || prefix.Bits() > 1 {
				continue
			}
			h := halves{true, true}
			if prefix.Bits() == 1 {
				h.upper = prefix.Addr().AsSlice()[0] >= 0x80
				h.lower = !h.upper
			}
			if prefix.Addr().Is4() {
				v4 = v4.with(h)
			} else {
				v6 = v6.with(h)
			}
		}
	}
	return v4, v6
}

// The protocols that a watched port can be spoken over.
const (
	anyProtocol = "-1"
	tcp         = "tcp"
	udp         = "udp"
)

// ports is what a permission opens. Protocols are written by name or number;
// a permission for all protocols has no ports, and where TCP or UDP has none, or
// -1, every port is meant.
func ports(permission node) (from, to int64, protocol string, ok bool) {
	switch strings.ToLower(permission.at("ipProtocol").text()) {
	case "-1", "all":
		return 0, 65535, anyProtocol, true
	case "tcp", "6":
		protocol = tcp
	case "udp", "17":
		protocol = udp
	default:
		return 0, 0, "", false
	}
	from, hasFrom := permission.at("fromPort").number()
	to, hasTo := permission.at("toPort").number()
	if !hasFrom || from < 0 {
		from = 0
	}
	if !hasTo || to < 0 {
		to = 65535
	}
	return from, to, protocol, true
}

// watchedPort is a port that nobody opens to the world by habit.
type watchedPort struct {
	port int64
	name string // of what listens there
	udp  bool   // spoken over UDP too
}

// String is the port with what listens there: SSH (22).
func (w watchedPort) String() string { return w.name + " (" + strconv.FormatInt(w.port, 10) + ")" }

func (w watchedPort) spokenOver(protocol string) bool {
	return protocol == anyProtocol || protocol == tcp || protocol == udp && w.udp
}
