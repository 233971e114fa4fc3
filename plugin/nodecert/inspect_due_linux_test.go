// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"crypto/x509"
	"slices"
	"testing"
	"time"
)

const aDay = 24 * time.Hour

// What others renew by themselves is late only if they should have.
func TestInspectDue(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		layout     Layout
		life, left time.Duration
		due        bool
	}{
		{Ours, 5 * 365 * aDay, 91 * aDay, false},
		{Ours, 5 * 365 * aDay, 89 * aDay, true},
		{Ours, 30 * aDay, 9 * aDay, true},
		{Kubeadm, 365 * aDay, 100 * aDay, false},
		{Kubeadm, 365 * aDay, 31 * aDay, false},
		{Kubeadm, 365 * aDay, 29 * aDay, true},
		{Kubeadm, 10 * aDay, 25 * time.Hour, false},
		{Kubeadm, 10 * aDay, 23 * time.Hour, true},
		{Heat, 5 * 365 * aDay, 31 * aDay, false},
		{Heat, 5 * 365 * aDay, 29 * aDay, true},
	} {
		cert := &x509.Certificate{NotBefore: now.Add(test.left - test.life), NotAfter: now.Add(test.left)}
		if due := now.After((&inspector{layout: test.layout}).dueAt(cert)); due != test.due {
			t.Errorf("%s, %s of %s left: %v", test.layout, test.left, test.life, due)
		}
	}
}

// A CA is told of as early as we would renew it, in any layout: by then nothing
// has renewed it.
func TestInspectEndingCA(t *testing.T) {
	t.Parallel()
	o := others{t, newRoot(t), newSigner(t)}
	o.kubeadm()
	const ca, end = "etc/kubernetes/pki/ca.crt", 365 * aDay
	for left, want := range map[time.Duration]string{91 * aDay: "", 89 * aDay: errDue.Error(), -aDay: "certificate has expired: it was until 2027-06-01T12:00:00Z"} {
		for _, cas := range []Authorities{o.authorities(), nil} {
			found, err := Inspect(o.root, master(), Owner{}, cas, now.Add(end-left))
			if err != nil {
				t.Fatal(err)
			}
			if said := slices.Contains(wrong(found), ca+": "+want); said != (want != "") || found.EndingCAs != map[bool]int{true: 3}[said] {
				t.Errorf("%s left: %d end, %q", left, found.EndingCAs, wrong(found))
			}
		}
	}
	found, err := Inspect(o.root, master(), Owner{}, newSigner(t).authorities(), now.Add(end-aDay))
	if err != nil || found.EndingCAs > 0 {
		t.Errorf("Magnum has another: %v, %d end", err, found.EndingCAs)
	}
}
