package anomaly

import (
	"net/netip"
	"slices"
	"strings"
)

// How the value of a condition key narrows who may come.
type narrows int

const (
	byID      narrows = iota + 1 // a fixed id: any wildcard lets strangers in
	byPrefix                     // an id in front of the first separator, such as o-…/r-…/*
	byARN                        // an ARN: the account, or where it has none the resource, must be fixed
	byNetwork                    // a range of addresses
)

// restrictingKeys are the condition keys that keep strangers out, in lower case.
// Keys that a caller sets freely, such as tags, referer and user agent, do not.
// AWS lists most of them where it defines a public bucket policy ("The meaning of
// public", Amazon S3 User Guide).
var restrictingKeys = map[string]narrows{
	"aws:principalorgid":        byID,
	"aws:principalorgpaths":     byPrefix,
	"aws:principalaccount":      byID,
	"aws:principalarn":          byARN,
	"aws:userid":                byPrefix,
	"aws:sourceorgid":           byID,
	"aws:sourceorgpaths":        byPrefix,
	"aws:sourceaccount":         byID,
	"aws:sourceowner":           byID,
	"aws:sourcearn":             byARN,
	"aws:sourcevpc":             byID,
	"aws:sourcevpcarn":          byARN,
	"aws:sourcevpce":            byID,
	"aws:vpceaccount":           byID,
	"aws:vpceorgid":             byID,
	"aws:vpceorgpaths":          byPrefix,
	"aws:sourceip":              byNetwork,
	"aws:vpcsourceip":           byNetwork,
	"s3:dataaccesspointaccount": byID,
	"s3:dataaccesspointarn":     byARN,
}

// restricted reports whether a statement's condition keeps strangers out. All
// its parts must hold, so one that does is enough.
func restricted(condition node) bool {
	return slices.ContainsFunc(condition.members(), func(operator member) bool {
		return demands(operator.name) && slices.ContainsFunc(operator.members(), func(key member) bool {
			how := restrictingKeys[strings.ToLower(key.name)]
			values := key.texts()
			return how != 0 && len(values) > 0 && !slices.ContainsFunc(values, func(value string) bool {
				return !how.keepsOut(value)
			})
		})
	})
}

// demands reports whether an operator demands that a key is there and has one of
// the values. Others let strangers in: a negation all but some, IfExists and
// ForAllValues everybody who comes without the key, and Null asks for no value.
func demands(operator string) bool {
	switch strings.TrimPrefix(strings.ToLower(operator), "foranyvalue:") {
	case "stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress":
		return true
	}
	return false
}

// keepsOut reports whether a value of a condition key stands for few enough.
func (n narrows) keepsOut(value string) bool {
	if strings.Contains(value, "${") {
		// These two are the bucket's own; any other variable may be what the caller brings.
		return n == byID && (strings.EqualFold(value, "${aws:ResourceOrgID}") || strings.EqualFold(value, "${aws:ResourceAccount}"))
	}
	switch n {
	case byNetwork:
		return fewAddresses(value)
	case byPrefix:
		value, _, _ = strings.Cut(strings.ReplaceAll(value, ":", "/"), "/")
	case byARN:
		part := strings.SplitN(value, ":", 6)
		if len(part) < 6 {
			return false
		}
		// arn:partition:service:region:account:resource
		if value = part[4]; value == "" {
			value, _, _ = strings.Cut(part[5], "/")
		}
	}
	return value != "" && !strings.ContainsAny(value, "*?")
}

// fewAddresses reports whether a range is narrower than what S3 calls public:
// IPv4 wider than /8, IPv6 wider than /32.
func fewAddresses(text string) bool {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.IsValid()
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return false
	}
	if prefix.Addr().Is4() {
		return prefix.Bits() >= 8
	}
	return prefix.Bits() >= 32
}
