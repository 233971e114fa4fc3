// SPDX-License-Identifier: Apache-2.0

package keyring_test

import (
	"encoding/json"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
)

// crowd is how many programs may ask for a credential at the same time.
const crowd = 200

func TestCrowdHasOneCertificateSigned(t *testing.T) {
	require.Tool(t, "keyring", env.MissingKeyring())
	s := newDouble(t)
	for _, choice := range []string{"keyring", "kernel"} {
		t.Run(choice, func(t *testing.T) {
			if err := kernelMissing(t); choice == "kernel" && err != nil {
				t.Skipf("without the kernel keyring: %v", err)
			}
			s.crowd(t, choice)
		})
	}
}

// newDouble is a site whose API server is one as far as certificates go.
func newDouble(t *testing.T) site {
	t.Helper()
	api := apitest.New()
	t.Cleanup(api.Close)
	s := site{mainjob.Double(t, magnumtest.Options{ProdAPI: api.URL}), mainjob.Build(t)}
	api.Serve(s.openstack.CA.Certificate, s.openstack.CA.Key)
	api.Trust(s.openstack.CA.Certificate)
	return s
}

// crowd has many processes find no record at the same time.
func (s site) crowd(t *testing.T, choice string) {
	w := s.newWorld(t, choice)
	w.makeCold()
	asked := len(s.openstack.Requests(t))
	outs, took := w.atOnce(crowd)
	t.Logf("%d at once took %v, one alone %v", crowd, took, w.usual)
	for _, out := range outs {
		if _, err := out.Credential(); err != nil || out.Stderr != "" {
			t.Errorf("one of them: %v\n%s", err, out.Stderr)
		}
	}
	if n := signed(s.openstack.Requests(t)[asked:]); n != 1 {
		t.Errorf("%d certificates were signed, want 1", n)
	}
	o := w.outage()
	t.Logf("remembered of the keyring: %+v", o)
	if o.Hung {
		t.Errorf("the burst was taken for a keyring that hangs")
	}
	w.want(w.call(), "", nil)
}

// behindGate is a shell that says that it is there, and at the end of its input
// runs a program, as its child.
const behindGate = `echo >&3; read -r _; "$@" 3>&-; exit $?`

// atOnce runs the plugin n times and returns how long it took until the last of
// them had answered. They start together, each with a parent of its own, as they
// would under as many kubectl.
func (w *world) atOnce(n int) ([]env.Output, time.Duration) {
	w.t.Helper()
	gate, open := pipe(w.t)
	arrivals, there := pipe(w.t)
	outs := make([]env.Output, n)
	var all sync.WaitGroup
	for i := range outs {
		cmd := w.plugin.Command(w.t.Context())
		cmd.Args = append([]string{"sh", "-c", behindGate, "sh", cmd.Path}, cmd.Args[1:]...)
		cmd.Path, cmd.Stdin, cmd.ExtraFiles = "/bin/sh", gate, []*os.File{there}
		all.Go(func() { outs[i] = env.Run(cmd) })
	}
	if err := arrivals.SetReadDeadline(time.Now().Add(keyringWithin)); err != nil {
		w.t.Fatal(err)
	}
	if _, err := io.ReadFull(arrivals, make([]byte, n)); err != nil {
		w.t.Fatalf("not all are there: %v", err)
	}
	start := time.Now()
	if err := open.Close(); err != nil {
		w.t.Fatal(err)
	}
	all.Wait()
	return outs, time.Since(start)
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}

// makeCold erases the record.
func (w *world) makeCold() {
	w.t.Helper()
	keyring := patient()
	keyring.Getenv = func(string) string { return w.BusAddress() }
	for _, key := range w.recordKeys() {
		if err := keyring.Delete(w.t.Context(), key); err != nil {
			w.t.Fatal(err)
		}
	}
	w.forgetInKernel()
}

// outage is what is remembered of a keyring that gave no answer.
func (w *world) outage() cache.Outage {
	w.t.Helper()
	text, err := os.ReadFile(w.state("outages", "keyring.json"))
	if os.IsNotExist(err) {
		return cache.Outage{}
	}
	var o cache.Outage
	if err != nil || json.Unmarshal(text, &o) != nil {
		w.t.Fatalf("outage: %v\n%s", err, text)
	}
	return o
}
