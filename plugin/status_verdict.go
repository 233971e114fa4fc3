// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
)

// verdictOf says in a sentence which of the four CAs is off.
func verdictOf(s ClusterStatus, o outcome, failed error, fileOff bool) (sentence string, agree bool) {
	var off []string
	switch o.Reason {
	case rotation.Impostor:
		off = append(off, fmt.Sprintf("the API server is off: it does not prove to have a certificate by any CA of this cluster (it showed SHA-256 %s)", o.seen.Presented))
	case rotation.Unasked:
		off = append(off, fmt.Sprintf("the API server is off, by the pinned CA, and Magnum could not be asked for its own: %v", o.magnumErr))
	case rotation.Retired:
		off = append(off, "the API server is off: it still presents the CA from before the rotation, which is over for Magnum")
	case rotation.InWindow:
		off = append(off, windowSentence(s, o))
	case rotation.Differs:
		off = append(off, fmt.Sprintf("Magnum is off: it has another CA than the API server, though no rotation is under way (%s); certificates that it signs may be refused", s.Status))
	case rotation.NotSecure:
		off = append(off, "Magnum names another CA than the pinned one, but over a connection without verified TLS, so it is not believed")
	case rotation.Rotated:
		off = append(off, "the CA has been replaced, and this machine has just learnt it")
	case rotation.Unreachable, rotation.Settled:
	}
	if o.seen.Verdict == rotation.Refused {
		what := "certificate"
		if o.unsigned {
			what = "token"
		}
		off = append(off, "the API server refuses the cached "+what)
	}
	if fileOff {
		what := "the CA file was off"
		if o.rewritten {
			what += " and has been put right"
		}
		off = append(off, what)
	}
	for _, c := range s.Credentials {
		if c.cert != nil && !slices.ContainsFunc(signers(o.after), func(ca *x509.Certificate) bool { return pki.SignedBy(c.cert, ca) == nil }) {
			off = append(off, fmt.Sprintf("the cached certificate of %q is of another CA; the next call replaces it", c.User))
		}
	}
	return summarise(off, s, o, failed)
}

func windowSentence(s ClusterStatus, o outcome) string {
	what := "a rotation is under way"
	if s.Status == "UPDATE_FAILED" {
		what = "a rotation has failed"
		if s.Reason != "" {
			what += " (" + s.Reason + ")"
		}
	}
	if o.live() == nil {
		return what + ": Magnum has a new CA, and the API server does not answer"
	}
	return what + ": Magnum has a new CA, the API server the old one, and both are trusted until Magnum says UPDATE_COMPLETE"
}

// summarise makes one sentence of what is off, and of what could not be seen.
func summarise(off []string, s ClusterStatus, o outcome, failed error) (string, bool) {
	var unseen []string
	switch {
	case errors.Is(failed, context.Canceled):
	case o.Reason == rotation.Unasked:
	case o.magnumErr != nil:
		unseen = append(unseen, fmt.Sprintf("Magnum could not be asked: %v", o.magnumErr))
	}
	if s.Live == nil && !o.seen.Stranger && o.Reason != rotation.InWindow {
		why := "its address is not known"
		if o.seen.Err != nil {
			why = o.seen.Err.Error()
		}
		unseen = append(unseen, "the API server could not be asked: "+why)
	}
	switch {
	case len(off) > 0:
		return strings.Join(append(off, unseen...), "; "), false
	case len(unseen) > 0:
		return strings.Join(unseen, "; "), false
	}
	return "all agree", true
}
