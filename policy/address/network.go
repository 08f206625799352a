package address

import "net/netip"

// Network names the network that an IP address is of: the address alone, or the /64 of an IPv6 address, since whoever
// has one of those has them all, and devices change theirs within it. It is false for what is no address.
func Network(address string) (string, bool) {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return "", false
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if prefix, err := ip.Prefix(64); err == nil {
			return prefix.String(), true
		}
	}
	return ip.String(), true
}
