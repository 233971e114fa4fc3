// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
)

// UntrustedServerError is an API server that has not proved to be the
// cluster's. Nothing was changed, and nothing was sent to it.
type UntrustedServerError struct {
	Server    string   // its URL
	Presented string   // fingerprint of its certificate
	Pinned    []string // fingerprints of the CAs it should be signed by
	Magnum    string   // fingerprint of the CA that Magnum has now, "" if it could not be asked
	Retired   bool     // it presents the CA from before a rotation that has ended
	Err       error    // why Magnum could not be asked; nil if it was
}

func (e *UntrustedServerError) Error() string {
	what := fmt.Sprintf("%s does not prove to be the cluster's API server: no CA of the cluster signed its certificate (SHA-256 %s), neither the pinned one (%s)",
		e.Server, e.Presented, strings.Join(e.Pinned, ", "))
	switch {
	case e.Retired:
		return fmt.Sprintf("%s still presents the CA from before the rotation (%s), which Magnum has replaced (by %s)",
			e.Server, strings.Join(e.Pinned, ", "), e.Magnum)
	case e.Err != nil:
		return fmt.Sprintf("%s nor, perhaps, Magnum's, which could not be asked for: %v", what, e.Err)
	}
	return fmt.Sprintf("%s nor Magnum's (%s)", what, e.Magnum)
}

func (e *UntrustedServerError) Unwrap() error { return e.Err }

// InsecureRotationError is a new CA over a connection that anybody could have
// answered on.
type InsecureRotationError struct {
	Pinned, Now string // fingerprints
	File        string // which has the pin
}

func (e *InsecureRotationError) Error() string {
	if e.Now == "" {
		return "Keystone or Magnum is reached without verified TLS, so no new CA could be believed"
	}
	return fmt.Sprintf("Magnum names another CA (SHA-256 %s) than the pinned one (%s), but Keystone or Magnum is reached without verified TLS, so it is not believed", e.Now, e.Pinned)
}

// RotatedError means that Magnum signs with a CA that it did not name a moment
// before.
type RotatedError struct{ Pinned, Now string } // fingerprints

func (e *RotatedError) Error() string {
	return fmt.Sprintf("Magnum is replacing the cluster's CA just now (SHA-256 %.16s… before, %.16s… now)", e.Pinned, e.Now)
}

// RejectedError is an API server that refuses what Magnum signs.
type RejectedError struct {
	Magnum string // fingerprint of the CA that signed it; "" if that was in another call
	Err    error  // why there was nothing else to show it; nil if there was
}

func (e *RejectedError) Error() string {
	switch {
	case e.Err != nil:
		return "the API server refuses the credential, and Magnum could not be asked for another: " + e.Err.Error()
	case e.Magnum == "":
		return "the API server refused a certificate that Magnum had just signed, a moment ago"
	}
	return fmt.Sprintf("the API server refuses a certificate that Magnum has just signed: it does not take Magnum's CA (SHA-256 %s) for clients", e.Magnum)
}

func (e *RejectedError) Unwrap() error { return e.Err }

// InProgressError is a rotation in which the API server takes neither the old
// credential nor a new one.
type InProgressError struct{ Status string }

func (e *InProgressError) Error() string {
	return fmt.Sprintf("its CA is being rotated (%s), and the API server does not accept a certificate of the new CA yet", e.Status)
}

// ForeignCAError means that the client trusts the API server by CAs that Magnum
// never named.
type ForeignCAError struct {
	CAs      []string // fingerprints
	Err      error    // why Magnum could not be asked about them; nil if it was
	Repaired bool     // they were in the CA file or a kubeconfig that config wrote, and are not any more
}

func (e *ForeignCAError) Error() string {
	what := fmt.Sprintf("kubectl trusts it by a CA that Magnum never named (SHA-256 %s)", strings.Join(e.CAs, ", "))
	switch {
	case e.Repaired:
		return what + "; it was in a file of ours, which has been put right: run the command again"
	case e.Err != nil:
		return fmt.Sprintf("kubectl trusts it by a CA that Magnum has not named to this machine (SHA-256 %s), and it could not be asked: %v",
			strings.Join(e.CAs, ", "), e.Err)
	}
	return what + ", in the kubeconfig or in a file that it names"
}

func (e *ForeignCAError) Unwrap() error { return e.Err }

// refusal is the error for an outcome that refuses.
func (o outcome) refusal() error {
	magnum := ""
	if o.magnum != nil {
		magnum = pki.Fingerprint(o.magnum)
	}
	pinned := fingerprints(o.before.Pinned)
	switch o.Reason {
	case rotation.Retired:
		return &UntrustedServerError{Server: redacted(o.server), Pinned: fingerprints(o.before.Pinned[:1]), Magnum: magnum, Retired: true}
	case rotation.Impostor, rotation.Unasked:
		return &UntrustedServerError{Server: redacted(o.server), Presented: o.seen.Presented, Pinned: pinned, Magnum: magnum, Err: o.magnumErr}
	case rotation.NotSecure:
		return &InsecureRotationError{Pinned: strings.Join(pinned, ", "), Now: magnum, File: o.pinFile}
	}
	if o.seen.Verdict == rotation.Refused {
		return &RejectedError{Err: o.magnumErr}
	}
	return o.magnumErr
}

// redacted is a URL from a kubeconfig without the password that it may have in
// it.
func redacted(server string) string {
	u, err := url.Parse(server)
	if err != nil {
		return "the API server"
	}
	return u.Redacted()
}
