// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
)

// The table of docs/adr/0011, which is that of [Decide].
func TestDecide(t *testing.T) {
	t.Parallel()
	const updating, failed, complete = "UPDATE_IN_PROGRESS", "UPDATE_FAILED", "UPDATE_COMPLETE"
	for _, test := range []struct {
		name string
		// facts
		pinned, magnum string // o, n, t: the old, the new and a third CA; magnum "" = not asked
		status         string
		live           string // o, n, t, stranger, or "" for unknown
		record         string // accepted, refused, aged, unseen, or "" for none; * = Magnum's CA signed it
		insecure       bool
		// decision
		action Action
		reason Reason
		pins   string
		signer string
		revoke bool
	}{
		{name: "all is well", pinned: "o", magnum: "o", live: "o", record: "accepted*", action: Keep, pins: "o"},
		{name: "a refused record", pinned: "o", magnum: "o", live: "o", record: "refused*", action: Issue, pins: "o"},
		{name: "no record", pinned: "o", magnum: "o", live: "o", action: Issue, pins: "o"},
		{name: "past max age", pinned: "o", magnum: "o", live: "o", record: "aged*", action: Issue, pins: "o"},

		{name: "window, accepted", pinned: "o", magnum: "n", status: updating, live: "o", record: "accepted", action: Keep, reason: InWindow, pins: "on"},
		{name: "window after a failure, accepted", pinned: "o", magnum: "n", status: failed, live: "o", record: "accepted", action: Keep, reason: InWindow, pins: "on"},
		{name: "window, past max age", pinned: "o", magnum: "n", status: updating, live: "o", record: "aged", action: Keep, reason: InWindow, pins: "on"},
		{name: "window, refused", pinned: "o", magnum: "n", status: updating, live: "o", record: "refused", action: Issue, reason: InWindow, pins: "on"},
		{name: "window, no record", pinned: "o", magnum: "n", status: updating, live: "o", action: Issue, reason: InWindow, pins: "on"},
		{name: "window, server down", pinned: "o", magnum: "n", status: updating, record: "unseen", action: Keep, reason: InWindow, pins: "o", signer: "n"},
		{name: "known window, accepted", pinned: "on", magnum: "n", status: updating, live: "o", record: "accepted", action: Keep, reason: InWindow, pins: "on"},
		{name: "known window, server down", pinned: "on", magnum: "n", status: updating, record: "unseen", action: Keep, reason: InWindow, pins: "on"},
		{name: "a second rotation in the window", pinned: "on", magnum: "t", status: updating, live: "n", record: "accepted", action: Keep, reason: InWindow, pins: "nt"},

		{name: "no window, accepted", pinned: "o", magnum: "n", status: complete, live: "o", record: "accepted", action: Keep, reason: Differs, pins: "o", signer: "n"},
		{name: "no window, refused", pinned: "o", magnum: "n", status: complete, live: "o", record: "refused", action: Issue, reason: Differs, pins: "o", signer: "n"},
		{name: "no window, server down", pinned: "o", magnum: "n", status: "CREATE_COMPLETE", record: "unseen", action: Keep, reason: Differs, pins: "o", signer: "n"},

		{name: "rotated", pinned: "o", magnum: "n", status: complete, live: "n", record: "unseen", action: Issue, reason: Rotated, pins: "n", revoke: true},
		{name: "rotated, no record", pinned: "o", magnum: "n", status: updating, live: "n", action: Issue, reason: Rotated, pins: "n", revoke: true},
		{name: "rotated through a known window", pinned: "on", magnum: "n", status: updating, live: "n", record: "refused", action: Issue, reason: Rotated, pins: "n", revoke: true},
		{name: "rotated, record already new, but refused", pinned: "on", magnum: "n", status: updating, live: "n", record: "refused*", action: Issue, reason: Rotated, pins: "n"},
		{name: "rotated, record already new", pinned: "on", magnum: "n", status: updating, live: "n", record: "accepted*", action: Keep, reason: Rotated, pins: "n"},

		{name: "window closed, server new", pinned: "on", magnum: "n", status: complete, live: "n", record: "accepted", action: Issue, reason: Rotated, pins: "n", revoke: true},
		{name: "window closed, server still old", pinned: "on", magnum: "n", status: complete, live: "o", record: "accepted", action: Refuse, reason: Retired, pins: "n", revoke: true},
		{name: "window closed, server down", pinned: "on", magnum: "n", status: complete, record: "unseen", action: Issue, reason: Rotated, pins: "n", revoke: true},
		{name: "window closed, server a stranger", pinned: "on", magnum: "n", status: complete, live: "stranger", record: "unseen", action: Refuse, reason: Impostor, pins: "n"},
		{name: "window closed on another CA, server a stranger", pinned: "on", magnum: "t", status: complete, live: "stranger", record: "unseen", action: Refuse, reason: Impostor, pins: "n"},
		{name: "window closed on another CA", pinned: "on", magnum: "t", status: complete, live: "n", record: "accepted", action: Keep, reason: Differs, pins: "n", signer: "t"},
		{name: "window closed on another CA, server old", pinned: "on", magnum: "t", status: complete, live: "o", record: "accepted", action: Refuse, reason: Impostor, pins: "n"},
		{name: "window closed on another CA, server down", pinned: "on", magnum: "t", status: complete, record: "unseen", action: Keep, reason: Differs, pins: "n", signer: "t"},

		{name: "stranger", pinned: "o", magnum: "o", live: "stranger", record: "unseen", action: Refuse, reason: Impostor, pins: "o"},
		{name: "stranger in the window", pinned: "on", magnum: "n", status: updating, live: "stranger", record: "unseen", action: Refuse, reason: Impostor, pins: "on"},
		{name: "stranger, Magnum not asked", pinned: "o", live: "stranger", record: "unseen", action: Refuse, reason: Unasked, pins: "o"},

		{name: "not asked, accepted", pinned: "o", live: "o", record: "accepted", action: Keep, pins: "o"},
		{name: "not asked, refused", pinned: "o", live: "o", record: "refused", action: Refuse, pins: "o"},
		{name: "not asked, past max age", pinned: "o", live: "o", record: "aged", action: Refuse, pins: "o"},
		{name: "not asked in a known window, past max age", pinned: "on", live: "o", record: "aged", action: Keep, pins: "on"},
		{name: "offline", pinned: "o", record: "unseen", action: Keep, reason: Unreachable, pins: "o"},

		{name: "server down", pinned: "o", magnum: "o", record: "unseen*", action: Keep, reason: Unreachable, pins: "o"},
		{name: "server down, no record", pinned: "o", magnum: "o", action: Issue, reason: Unreachable, pins: "o"},

		{name: "not secure, rotated", pinned: "o", magnum: "n", status: complete, live: "n", record: "unseen", insecure: true, action: Refuse, reason: NotSecure, pins: "o"},
		{name: "not secure, window", pinned: "o", magnum: "n", status: updating, live: "o", record: "accepted", insecure: true, action: Keep, reason: NotSecure, pins: "o"},
		{name: "not secure, window, refused", pinned: "o", magnum: "n", status: updating, live: "o", record: "refused", insecure: true, action: Refuse, reason: NotSecure, pins: "o"},
		{name: "not secure, closed window", pinned: "on", magnum: "n", status: complete, live: "o", record: "accepted", insecure: true, action: Keep, reason: NotSecure, pins: "on"},
		{name: "not secure, closed window, stranger", pinned: "on", magnum: "n", status: complete, live: "stranger", record: "unseen", insecure: true, action: Refuse, reason: Impostor, pins: "on"},
		{name: "not secure, nothing pinned", magnum: "n", live: "n", record: "accepted*", insecure: true, action: Refuse, reason: NotSecure},
		{name: "not secure, nothing new", pinned: "o", magnum: "o", live: "o", record: "refused", insecure: true, action: Issue, pins: "o"},

		{name: "nothing pinned", magnum: "n", live: "n", record: "accepted*", action: Keep, pins: "n"},
		{name: "nothing pinned, record of another CA", magnum: "n", live: "n", record: "unseen", action: Issue, pins: "n"},
		{name: "nothing pinned, server down", magnum: "n", action: Issue, reason: Unreachable, pins: "n"},
		{name: "nothing pinned, stranger", magnum: "n", live: "stranger", action: Refuse, reason: Impostor},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := Facts{Pinned: cas(test.pinned), Magnum: one(test.magnum), Status: test.status, Secure: !test.insecure}
			f.Live, f.LiveCA = live(test.live, test.magnum)
			f.HasRecord = test.record != ""
			f.RecordByMagnum = strings.HasSuffix(test.record, "*")
			f.Record = map[string]Verdict{"accepted": Accepted, "aged": Accepted, "refused": Refused}[strings.TrimSuffix(test.record, "*")]
			f.Aged = strings.HasPrefix(test.record, "aged")
			got := Decide(f)
			if got.Action != test.action || got.Reason != test.reason || got.Revoke != test.revoke ||
				letters(got.Pinned...) != test.pins || letters(got.Signer) != test.signer {
				t.Errorf("got %+v, pins %s, signer %s", got, letters(got.Pinned...), letters(got.Signer))
			}
		})
	}
}

// Whatever the facts: nothing but Magnum's CA is ever added to the pins, never
// on an insecure connection's word, and never without the server's proof unless
// nothing else is pinned; and a stranger gets nothing.
func TestDecideNeverTrustsByChance(t *testing.T) {
	t.Parallel()
	everything(func(f Facts) {
		d := Decide(f)
		for _, ca := range d.Pinned {
			switch {
			case Contains(f.Pinned, ca):
			case f.Magnum == nil || !ca.Equal(f.Magnum):
				t.Errorf("%+v: pins a CA that Magnum did not name", f)
			case !f.Secure:
				t.Errorf("%+v: pins on an insecure word", f)
			case f.Live == LiveStranger, f.Live == LiveUnknown && len(f.Pinned) > 0:
				t.Errorf("%+v: pins without proof", f)
			}
		}
		if f.Live == LiveStranger && d.Action != Refuse {
			t.Errorf("%+v: a stranger gets a credential", f)
		}
		if len(d.Pinned) > 1 && f.Magnum != nil && f.Secure && !Window(f.Status) {
			t.Errorf("%+v: two CAs outside of the window", f)
		}
		if d.Action == Keep && (!f.HasRecord || f.Record == Refused) {
			t.Errorf("%+v: hands out what is not there, or refused", f)
		}
		if d.Revoke && f.RecordByMagnum {
			t.Errorf("%+v: revokes what is new", f)
		}
		if d.Action == Issue && f.Magnum == nil {
			t.Errorf("%+v: issues without Magnum", f)
		}
		if len(f.Pinned) > 0 && len(d.Pinned) == 0 {
			t.Errorf("%+v: forgets the cluster", f)
		}
	})
}

func everything(visit func(Facts)) {
	bools := []bool{false, true}
	for _, pinned := range []string{"", "o", "on"} {
		for _, magnum := range []string{"", "o", "n", "t"} {
			for _, at := range []string{"", "stranger", "o", "n", "t"} {
				is, ca := live(at, magnum)
				if at != "" && at != "stranger" && at != magnum && !strings.Contains(pinned, at) {
					continue // it would be a stranger
				}
				for _, status := range []string{"CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED", "UPDATE_COMPLETE", ""} {
					for _, verdict := range []Verdict{NotShown, Accepted, Refused} {
						for i := range 16 {
							f := Facts{Pinned: cas(pinned), Magnum: one(magnum), Status: status, Live: is, LiveCA: ca, Record: verdict}
							f.Secure, f.HasRecord, f.Aged, f.RecordByMagnum = bools[i&1], bools[i>>1&1], bools[i>>2&1], bools[i>>3&1]
							visit(f)
						}
					}
				}
			}
		}
	}
}

var known = func() map[string]*x509.Certificate {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	t := new(testing.T)
	return map[string]*x509.Certificate{
		"o": pkitest.NewCA(t, "prod", now).Certificate,
		"n": pkitest.NewCA(t, "prod", now).Certificate,
		"t": pkitest.NewCA(t, "prod", now).Certificate,
	}
}()

func one(letter string) *x509.Certificate { return known[letter] }

func cas(letters string) []*x509.Certificate {
	var out []*x509.Certificate
	for _, letter := range letters {
		out = append(out, known[string(letter)])
	}
	return out
}

func live(at, magnum string) (Live, *x509.Certificate) {
	switch at {
	case "":
		return LiveUnknown, nil
	case "stranger":
		return LiveStranger, nil
	case magnum:
		return LiveMagnum, nil
	}
	return LivePinned, known[at]
}

func letters(cas ...*x509.Certificate) string {
	var out string
	for _, ca := range cas {
		for letter, have := range known {
			if ca != nil && have.Equal(ca) {
				out += letter
			}
		}
	}
	return out
}
