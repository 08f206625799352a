package clause

import (
	"net/netip"
	"strings"
)

// Loopback says whether host, a name or an address without port, never leaves this machine. It is about the name
// alone: looking it up would be dialling, and could change later. Names below localhost count too (RFC 6761, 6.3).
func Loopback(host string) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		host = strings.TrimSuffix(inner, "]")
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	name := strings.TrimSuffix(strings.ToLower(host), ".")
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}
