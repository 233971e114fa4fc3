// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// NodeError is something about a node that no certificate can hold, or that
// means something else than is meant.
type NodeError struct {
	Flag   string // such as --node-name, which says it
	Value  string
	Reason string
}

func (e *NodeError) Error() string { return fmt.Sprintf("%s %q %s", e.Flag, e.Value, e.Reason) }

// maxNodeName is what X.509 leaves of a common name, 64 characters, for the
// name in "system:node:NAME".
const maxNodeName = 64 - len("system:node:")

var dnsName = sync.OnceValue(func() *regexp.Regexp {
	const label = `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`
	return regexp.MustCompile(`^(\*\.)?` + label + `(\.` + label + `)*$`)
})

// ParseRole refuses what is none of the roles.
func ParseRole(text string) (Role, error) {
	switch r := Role(text); r {
	case ControlPlane, Worker:
		return r, nil
	}
	return "", &NodeError{"--role", text, fmt.Sprintf("is neither %s nor %s", ControlPlane, Worker)}
}

// CheckRoot says whether there is a root directory, a [*NodeError]. What else is
// wrong with it, opening it says.
func CheckRoot(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &NodeError{"--root", dir, "does not exist"}
	case err == nil && !info.IsDir():
		return &NodeError{"--root", dir, "is not a directory"}
	}
	return nil
}

// Check says what is wrong with n, a [*NodeError].
func (n Node) Check() error {
	if err := n.CheckNames(); err != nil {
		return err
	}
	return n.checkServer()
}

// CheckNames is [Node.Check] without the API server, which need not be known.
func (n Node) CheckNames() error {
	switch {
	case !dnsName().MatchString(n.Name), strings.HasPrefix(n.Name, "*"):
		return &NodeError{"--node-name", n.Name, "is not the name of a node: lower-case letters, digits, - and ."}
	case len(n.Name) > maxNodeName:
		return &NodeError{"--node-name", n.Name, fmt.Sprintf("is longer than the %d characters that X.509 leaves for it", maxNodeName)}
	}
	for _, name := range n.DNSNames {
		if !dnsName().MatchString(name) || len(name) > 253 {
			return &NodeError{"--san", name, "is neither a DNS name in lower case nor an IP address"}
		}
	}
	for _, ip := range n.IPs {
		if !isHost(ip) {
			return &NodeError{"--ip", ip.String(), "is not an address that a node has"}
		}
	}
	for _, network := range n.Services {
		if !network.IsValid() || network.IsSingleIP() {
			return &NodeError{"--service-cidr", network.String(), "is not a network of services"}
		}
	}
	return nil
}

// checkServer wants a plain URL: it goes into kubeconfigs, and its host into a
// certificate.
func (n Node) checkServer() error {
	u, err := url.Parse(n.Server)
	if err != nil || u.User != nil || u.Host == "" || strings.TrimSuffix(n.Server, "/") != "https://"+u.Host {
		return &NodeError{"--server", withoutUser(n.Server), "is not a plain https URL, https://HOST or https://HOST:PORT"}
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || port == 0) || strings.HasSuffix(u.Host, ":") {
		return &NodeError{"--server", n.Server, "has a port that is not between 1 and 65535"}
	}
	if name, ip := n.serverHost(); !ip.IsValid() && !dnsName().MatchString(name) || ip.IsValid() && !isHost(ip) {
		return &NodeError{"--server", n.Server, "has a host that no certificate can be for"}
	}
	return nil
}

// withoutUser hides what may be a password.
func withoutUser(server string) string {
	if at := strings.LastIndex(server, "@"); at >= 0 {
		return "https://xxxxx" + server[at:]
	}
	return server
}

// isHost says whether ip can be one machine's, and in a certificate.
func isHost(ip netip.Addr) bool {
	return ip.IsValid() && !ip.IsUnspecified() && !ip.IsMulticast() && ip.Zone() == ""
}

// serverHost is the host of the API server's URL: a name or an address.
func (n Node) serverHost() (string, netip.Addr) {
	u, err := url.Parse(n.Server)
	if err != nil {
		return "", netip.Addr{}
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return strings.ToLower(u.Hostname()), netip.Addr{}
	}
	return "", ip.Unmap()
}
