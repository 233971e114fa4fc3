// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"crypto/x509"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
)

// What config and the first call cost, and what they leave: nothing that Magnum
// has signed.
func TestFirstShortLivedCertificate(t *testing.T) {
	t.Parallel()
	s := newUnsigned(t)
	if _, err := s.config(); err != nil {
		t.Fatal(err)
	}
	s.expect(5, append(slices.Clone(signs), "GET clusterrolebindings", "POST clusterrolebindings")...)
	s.isShort(s.good())
	s.expect(0)
	s.forget()
	s.isShort(s.good())
	s.expect(2, signs...)
	rec := s.kept()
	if rec.Certificate.NotAfter.Sub(s.now()) > short || rec.Since.IsZero() || rec.Since.After(rec.Issued) {
		t.Errorf("kept is %+v", rec)
	}
	if life := s.store.lives[s.identity().Key()]; life > short {
		t.Errorf("kept for %s", life)
	}
}

// A certificate renews itself, without OpenStack, for as long as its line is
// younger than the max age, and from then on Magnum is asked.
func TestShortLivedCertificateRenewsItself(t *testing.T) {
	t.Parallel()
	s := newShorts(t)
	first := s.good().cert
	s.cloud.ResetRequests()
	began := s.kept().Since
	s.pass(shortDue - 10*time.Second)
	if again := s.good(); !again.cert.Equal(first) {
		t.Error("renewed too early")
	}
	s.expect(0)
	last := first
	wait := 10 * time.Second
	for range 8 { // 8 times 400 s are within the hour, and 9 not
		s.pass(wait)
		wait = shortDue
		requests := s.api.Requests()
		got := s.good()
		s.isShort(got)
		s.expect(0, signs...)
		if got.cert.Equal(last) {
			t.Error("not renewed")
		}
		if n := s.api.Requests() - requests; n > 4 {
			t.Errorf("%d requests", n)
		}
		last = got.cert
	}
	if s.kept().Since != began {
		t.Error("the line began anew")
	}
	s.pass(shortDue)
	s.isShort(s.good())
	if openstack, _ := s.asked(); openstack != 2 || !s.kept().Since.After(began) {
		t.Errorf("%d requests to OpenStack after the max age", openstack)
	}
}

// One that has lapsed is Magnum's to replace.
func TestLapsedShortLivedCertificate(t *testing.T) {
	t.Parallel()
	s := newShorts(t)
	s.pass(shortGone)
	s.isShort(s.good())
	s.expect(2, signs...)
}

// Of another group no certificate renews itself, and nothing is bound for it.
func TestOtherGroupsDoNotRenewThemselves(t *testing.T) {
	t.Parallel()
	s := newUnsigned(t, "viewers")
	r := s.request()
	r.Confirm = func(plugin.BindingPlan) error { return errNo }
	if _, err := s.Config(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	s.expect(5, signs...)
	s.pass(shortDue)
	s.isShort(s.good())
	s.expect(2, signs...)
}

// While it is good nobody notices that it cannot be renewed, nor waits for it on
// each call.
func TestShortLivedCertificateThatCannotBeRenewed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		groups []string
		broken func(shorts)
	}{
		"refused, and Magnum is gone": {nil, func(s shorts) { s.signing.SetBinding(plugin.ClusterAdmins, nil); s.cloud.Close() }},
		"denied":                      {nil, func(s shorts) { s.signing.Break(apitest.Fault{Deny: true}) }},
		"failed":                      {nil, func(s shorts) { s.signing.Break(apitest.Fault{Fail: true}) }},
		"Magnum is gone":              {[]string{"viewers"}, func(s shorts) { s.cloud.Close() }},
		"the API server is gone":      {nil, func(s shorts) { s.api.Refuse(true) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShorts(t, test.groups...)
			first := s.good().cert
			s.asked()
			s.pass(shortDue)
			test.broken(s)
			if got := s.good(); !got.cert.Equal(first) {
				t.Error("another one")
			}
			s.asked()
			if got := s.good(); !got.cert.Equal(first) {
				t.Error("another one")
			}
			if _, server := s.asked(); slices.Contains(server, signs[0]) {
				t.Errorf("asked again at once: %q", server)
			}
			s.pass(shortGone - shortDue)
			if got := s.ask(); got.err == nil {
				t.Error("it is used to its last second")
			}
		})
	}
}

// Where it may not renew itself any more, Magnum is asked.
func TestShortLivedCertificateWithoutItsBinding(t *testing.T) {
	t.Parallel()
	s := newShorts(t)
	s.signing.SetBinding(plugin.ClusterAdmins, nil)
	s.pass(shortDue)
	s.isShort(s.good())
	s.expect(2, append([]string{signs[0]}, signs...)...)
}

// Two, or fifty, renew once.
func TestACrowdRenewsOnce(t *testing.T) {
	t.Parallel()
	s := newShorts(t)
	s.pass(shortDue)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if got := s.ask(); got.err != nil {
				t.Error(got.err)
			}
		})
	}
	group.Wait()
	s.expect(0, signs...)
}

// However long a client's lease is, it asks again when its certificate is due, and
// then each minute.
func TestShortLivedCertificateAndALongLease(t *testing.T) {
	t.Parallel()
	s := newShorts(t)
	before := s.change
	s.change = func(r *plugin.CredentialRequest) { before(r); r.Lease = time.Hour }
	got := s.good()
	if wait := got.expires.Sub(s.now()); wait > shortDue+time.Second || wait < shortDue-30*time.Second {
		t.Errorf("asks again after %s", wait)
	}
	s.signing.Break(apitest.Fault{Deny: true})
	s.pass(shortDue)
	if wait := s.good().expires.Sub(s.now()); wait > time.Minute {
		t.Errorf("asks again after %s", wait)
	}
}

// A line that ends while it is renewed is no reason to fail.
func TestRenewalAtTheMaxAge(t *testing.T) {
	t.Parallel()
	s := newShorts(t)
	old := s.good().cert
	before := s.change
	s.change = func(r *plugin.CredentialRequest) { before(r); r.MaxAge = shortDue + 30*time.Second }
	s.signing.Break(apitest.Fault{Edit: func(*x509.Certificate) { s.pass(time.Minute) }})
	s.pass(shortDue)
	if got := s.good(); !got.cert.Equal(old) {
		t.Error("it is another one")
	}
}

// After logout no line goes on, whoever renews it meanwhile.
func TestLogoutEndsTheLine(t *testing.T) {
	t.Parallel()
	s := newShorts(t)
	renewed := s.kept()
	s.pass(time.Minute)
	if err := s.State.SetLogout(s.uuid(), s.now()); err != nil {
		t.Fatal(err)
	}
	s.pass(time.Minute)
	renewed.Issued = s.now().UTC().Truncate(time.Second)
	data, err := renewed.Encode()
	if err != nil {
		t.Fatal(err)
	}
	s.forget()
	if err := s.store.Put(t.Context(), s.identity().Key(), data, short); err != nil {
		t.Fatal(err)
	}
	s.good()
	s.expect(2, signs...)
}

// A client that does not say which API server it talks to, or does not verify it,
// gets no certificate, and Magnum is not asked for one.
func TestShortLivedCertificateNeedsAServer(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*plugin.CredentialRequest){
		"none":     func(r *plugin.CredentialRequest) { r.Exec.Cluster = nil },
		"insecure": func(r *plugin.CredentialRequest) { r.Exec.Cluster.InsecureSkipTLSVerify = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShorts(t)
			s.forget()
			before := s.change
			s.change = func(r *plugin.CredentialRequest) { before(r); change(r) }
			var none *plugin.NoServerError
			if got := s.ask(); !errors.As(got.err, &none) {
				t.Errorf("got %v", got.err)
			}
			s.expect(0)
		})
	}
}
