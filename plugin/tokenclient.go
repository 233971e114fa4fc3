// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// InsecureClientError is a client that would send a token to whoever answers.
type InsecureClientError struct{ Reason string }

func (e *InsecureClientError) Error() string {
	return "kubectl gets no token, which whoever receives it can use: " + e.Reason
}

// OutdatedClientError is a client that would send a token to whoever has a CA
// that is not the cluster's any more.
type OutdatedClientError struct{}

func (*OutdatedClientError) Error() string {
	return "kubectl trusts it by a CA that has been replaced, and gets no token until it has loaded the new one"
}

// MovedStateError is an environment in which the pins that a token depends on
// could be anybody's: kubectl adds to it what a kubeconfig says.
type MovedStateError struct{ Dir, Want string }

func (e *MovedStateError) Error() string {
	return fmt.Sprintf("tokens are given by what is remembered in %q alone, and the environment moves that to %q", e.Want, e.Dir)
}

// checkState refuses a state directory that is not the account's own, as the
// system's user database has it: it says where tokens may go.
func (p *Plugin) checkState() error {
	account, err := p.account()
	if err != nil {
		return err
	}
	want := state.DefaultOf(account.Home)
	switch {
	case p.State.Path != want.Path:
		return &MovedStateError{Dir: p.State.Path, Want: want.Path}
	case p.State.CAs != want.CAs:
		return &MovedStateError{Dir: p.State.CAs, Want: want.CAs}
	}
	return nil
}

// withhold decides, alone, whether the client may have the record, and is why it
// may not. A key never leaves a client; a token goes to whatever the client takes
// for the API server, so that has to be one by a pinned CA. A client that was
// answered before has once had such CAs: it keeps its token after a rotation, as
// it may have loaded the new CA without being able to say so.
func (c *call) withhold() error {
	if !c.r.Identity.IsToken() {
		return nil
	}
	if err := c.refusal(); err != nil {
		return err
	}
	unpinned := without(c.trusted, c.cluster.Pinned)
	switch {
	case len(c.cluster.Pinned) == 0:
		return &NotConfiguredError{}
	case len(c.strangers()) > 0:
		return &ForeignCAError{CAs: fingerprints(unpinned)}
	case len(unpinned) == 0, c.isClient():
		return nil
	case !c.outdated() && len(without(unpinned, c.pinnedThen)) == 0:
		return nil // the rotation has ended while it waits, and it has the new CA
	}
	return &OutdatedClientError{}
}

// NotConfiguredError is a context for tokens that config did not write on this
// machine, of which the user does not know that it gives tokens away.
type NotConfiguredError struct{}

func (*NotConfiguredError) Error() string {
	return "config --auth token has not made this context here, and nobody else's has a token"
}

// isClient says whether this client got a token of this credential before, and
// nobody has logged out since.
func (c *call) isClient() bool { return c.State.IsClient(c.key, c.r.Parent, c.logout, c.Now()) }

// refuse is why no token is handed out whatever is pinned and kept; of a
// certificate it is nil. It is cheap and asks nobody, but for the account.
func (c *call) refuse() error {
	if !c.r.Identity.IsToken() {
		return nil
	}
	if err := c.checkState(); err != nil {
		return err
	}
	login, ok := c.remembered(c.r.Identity)
	if !ok {
		return &NotConfiguredError{}
	}
	return c.checkClient(login.Server)
}

// checkClient refuses what no CA can make good. Nodes have certificates by the
// cluster's CA too, so it has to be the server that config found, by its own name.
func (c *call) checkClient(pinned string) error {
	at := c.r.Exec.Cluster
	if at == nil {
		return &InsecureClientError{"it does not say which API server it talks to (provideClusterInfo)"}
	}
	server, ok := parseServer(at.Server)
	want, known := parseServer(pinned)
	switch {
	case at.InsecureSkipTLSVerify:
		return &InsecureClientError{"it does not check who the API server is (insecure-skip-tls-verify)"}
	case !ok:
		return &InsecureClientError{"it does not talk TLS to the API server"}
	case !known || server != want:
		return &InsecureClientError{fmt.Sprintf("it talks to %q, and the API server is %q", at.Server, pinned)}
	case at.TLSServerName != "" && at.TLSServerName != server.Hostname():
		return &InsecureClientError{fmt.Sprintf("it takes whoever is %q for the API server (tls-server-name)", at.TLSServerName)}
	case !onlyCertificates(at.CertificateAuthorityData):
		return &InsecureClientError{"its CAs are in a form that not every client reads alike"}
	case len(c.trusted) == 0:
		return &InsecureClientError{"it trusts the API server by any CA that this machine trusts"}
	}
	return nil
}

// onlyCertificates says whether PEM data are certificates one after the other and
// nothing else. What parseBundle passes over is a CA to another client, or to
// another version of Go: a serial number that is negative, another label.
func onlyCertificates(data []byte) bool {
	const begin = "-----BEGIN CERTIFICATE-----"
	for {
		if data = bytes.TrimSpace(data); len(data) == 0 {
			return true
		}
		block, rest := pem.Decode(data)
		if block == nil || block.Type != "CERTIFICATE" || len(block.Headers) > 0 || !bytes.HasPrefix(data, []byte(begin)) {
			return false
		}
		// Decode passes over what it does not understand.
		if bytes.Count(data[:len(data)-len(rest)], []byte("-----BEGIN")) != 1 {
			return false
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return false
		}
		data = rest
	}
}

// parseServer is the URL of a server by https in a form that can be compared;
// false if it is none, or has more than host, port and path.
func parseServer(server string) (url.URL, bool) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return url.URL{}, false
	}
	host, port := strings.ToLower(u.Hostname()), cmp.Or(u.Port(), "443")
	plain := url.URL{Scheme: u.Scheme, Host: net.JoinHostPort(host, port), Path: strings.TrimRight(u.Path, "/")}
	u.Host, u.Path, u.RawPath = plain.Host, plain.Path, ""
	return plain, *u == plain
}
