// SPDX-License-Identifier: Apache-2.0

// Package keyring_test holds the plugin to its word on a real gnome-keyring
// under a real kubectl: whatever state the keyring is in, kubectl gets its
// credential, soon, and no daemon is left behind.
package keyring_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

const (
	// deadline is how long a keyring that hangs holds up a call (docs/adr/0004).
	deadline = time.Second
	// spare is what a call may take beside that and what it takes without a
	// keyring.
	spare = 100 * time.Millisecond
	// attempts are how often a call may take longer: others use the machine too.
	attempts = 3
)

// What the user is told, once, of a key that is not kept.
const (
	warning       = "kubectl-magnum: warning: the key for cluster \"prod\" is not kept, as %s: each kubectl call asks Magnum for a certificate\n"
	hint          = "kubectl-magnum: hint: %s\n"
	hintUnlock    = "unlock the keyring, by logging in to the desktop or, on macOS, with security unlock-keychain"
	hintHung      = "restart the keyring's program and run kubectl magnum status: until then it is left alone for five minutes at a time"
	hintContainer = "the kernel keyring belongs to all containers of this user; if they may share keys: KUBECTL_MAGNUM_CACHE=kernel"
	hintNoStore   = "start a keyring in this session, such as gnome-keyring; to do without one: KUBECTL_MAGNUM_CACHE=none"
)

// trouble is what the program makes of a fault.
type trouble string

const (
	shut trouble = "the keyring is locked"
	none trouble = "there is no keyring here"
	hung trouble = "the keyring does not answer"
)

// told is all that a call says of it.
func (tr trouble) told() string {
	advice := map[trouble]string{shut: hintUnlock, hung: hintHung, none: hintNoStore}[tr]
	if tr == none && inContainer() {
		advice = hintContainer
	}
	return fmt.Sprintf(warning, tr) + fmt.Sprintf(hint, advice)
}

// fault brings the user's keyring into a state.
type fault struct {
	name    string
	bring   func(t *testing.T, w *world)
	trouble trouble
}

var faults = []fault{
	{"locked", locked, shut},
	{"locked and a prompter is there", lockedWithPrompter, shut},
	{"killed before the call", killed, none},
	{"killed in the middle of a call", killedMeanwhile, none},
	{"absent and not to be started", notStarted, none},
	{"absent and who is started never comes up", startedInVain("exec sleep 1000"), none},
	{"absent and who is started fails", startedInVain("exit 1"), none},
	{"stopped", stopped, hung},
	{"bus stopped", busStopped, hung},
	{"bus mute", busMute, hung},
	{"bus killed in the middle of a call", busKilled, none},
	{"bus killed during another's prompt", busKilledDuringPrompt, none},
	{"no bus", noBus, none},
	{"no bus and dbus-launch in PATH", launchable, none},
}

func TestKubectlGetsItsCredentialWhateverTheKeyringDoes(t *testing.T) {
	require.Tool(t, "keyring", env.MissingKeyring())
	adopt(t)
	s := newSite(t)
	for _, f := range faults {
		for _, choice := range []string{"keyring", "auto"} {
			t.Run(f.name+", "+choice, func(t *testing.T) { s.suffer(t, f, choice) })
		}
	}
}

// newSite is a cluster with a real API server.
func newSite(t *testing.T) site {
	t.Helper()
	s := site{mainjob.Double(t, magnumtest.Options{}), mainjob.Build(t)}
	c, err := cluster.Start(t.Context(), cluster.Options{Etcd: s.programs.Etcd, APIServer: s.programs.APIServer, CA: s.openstack.CA})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	s.openstack.SetAPIAddress(t, c.Server())
	return s
}

// suffer has a fault happen to users until one of them did not have to wait:
// each has a world of their own, as the program remembers who made it wait.
func (s site) suffer(t *testing.T, f fault, choice string) {
	var late string
	for range attempts {
		w := s.newWorld(t, choice)
		f.bring(t, w)
		if late = w.suffer(f); late == "" || t.Failed() {
			return
		}
		t.Log(late)
	}
	t.Errorf("%d attempts took too long, the last one: %s", attempts, late)
}

// suffer tests all calls, and returns which of them took too long.
func (w *world) suffer(f fault) (late string) {
	w.t.Helper()
	told, again := f.trouble.told(), signing
	if w.choice == "auto" && keptInKernel(w.t) {
		told, again = "", nil
	}
	before := children(w.t)
	first := w.call()
	// A hit would mean that the keyring was not in the state it should be in.
	w.want(first, told, signing)
	second := w.call()
	w.want(second, "", again)
	w.t.Logf("took %v, then %v, and %v without a keyring", first.took, second.took, w.usual)

	remove(w.t, w.state("outages")) // kubectl is to see it for itself
	w.kubectl("get", "ns")
	wantNoMore(w.t, before)
	if w.after != nil {
		w.after()
	}
	most := w.usual + spare
	if f.trouble == hung {
		most += deadline
	}
	switch {
	case first.took > most:
		return fmt.Sprintf("the first call took %v, want at most %v", first.took, most)
	case second.took > w.usual+spare:
		return fmt.Sprintf("the second call took %v, want at most %v", second.took, w.usual+spare)
	}
	return ""
}

// signing is what OpenStack is asked to have a certificate signed.
var signing = []string{"POST /v3/auth/tokens", "POST /v1/certificates"}

func (w *world) want(c call, told string, asked []string) {
	w.t.Helper()
	if c.Stderr != told {
		w.t.Errorf("said:\n%swant:\n%s", c.Stderr, told)
	}
	if !slices.EqualFunc(c.asked, asked, strings.HasSuffix) {
		w.t.Errorf("OpenStack was asked %q, want %q", c.asked, asked)
	}
}
