// SPDX-License-Identifier: Apache-2.0

package keyring_test

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/leak"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
)

func TestLogoutLeavesNothing(t *testing.T) {
	require.Tool(t, "keyring", env.MissingKeyring())
	if !apart(t) {
		return
	}
	s := newSite(t)
	for _, choice := range []string{"keyring", "kernel"} {
		t.Run(choice, func(t *testing.T) {
			if err := kernelMissing(t); choice == "kernel" && err != nil {
				t.Skipf("without the kernel keyring: %v", err)
			}
			s.logout(t, choice)
		})
	}
	t.Run("with the keyring's daemon stopped", s.logoutInVain)
}

func (s site) logout(t *testing.T, choice string) {
	w := s.newWorld(t, choice)
	w.writeInTheClear()
	w.kubectl("get", "ns")
	kept := w.call()
	w.want(kept, "", nil)
	needles, records := w.needles(kept), w.recordKeys()
	if items, keys := w.items(), w.kernelKeys(records); len(items)+len(keys) != 1 {
		t.Fatalf("before: %q in the keyring and %q in the kernel's, want one", items, keys)
	}
	for what, needle := range needles {
		if found := w.onDisk(needle); (len(found) == 1) != (choice == "keyring") {
			t.Fatalf("before: the %s is in %q, want the keyring's file if it is there", what, found)
		}
	}
	w.kubectl("magnum", "logout", "--all")
	if items := w.items(); len(items) > 0 {
		t.Errorf("the keyring has %q", items)
	}
	if keys := w.kernelKeys(records); len(keys) > 0 {
		t.Errorf("the kernel keyring has %q", keys)
	}
	for what, needle := range needles {
		for _, place := range w.onDisk(needle) {
			t.Errorf("the %s is on disk: %s", what, place)
		}
	}
	w.want(w.call(), "", signing)
}

// logoutInVain also sees that what could not be erased is not used again.
func (s site) logoutInVain(t *testing.T) {
	w := s.newWorld(t, "keyring")
	w.want(w.call(), "", nil)
	daemon := pid(t, connect(t, w.BusAddress()), secretsName)
	stop(t, daemon)
	out := w.Run(t.Context(), "kubectl", "magnum", "logout", "--all")
	want := "kubectl-magnum: error: not everything could be erased; what is left is not used again here\n" +
		"kubectl-magnum: hint: " + hintHung + "\n"
	if out.Code != 1 || out.Stderr != want {
		t.Errorf("exit status %d, said:\n%swant 1 and:\n%s", out.Code, out.Stderr, want)
	}
	if line := "The keyring may still hold a key or token of yours, as the keyring does not answer.\n"; !strings.HasPrefix(out.Stdout, line) {
		t.Errorf("printed:\n%swant first:\n%s", out.Stdout, line)
	}
	signal(t, daemon, syscall.SIGCONT)
	if len(w.items()) != 1 {
		t.Errorf("the keyring has %q, so nothing could be used again", w.items())
	}
	w.want(w.call(), "", signing)
}

// needles are what is not to be found any more.
func (w *world) needles(c call) map[string]leak.Key {
	w.t.Helper()
	credential, err := c.Credential()
	if err != nil {
		w.t.Fatal(err)
	}
	key, err := leak.ParseKey(credential.ClientKeyData)
	if err != nil {
		w.t.Fatal(err)
	}
	certificate, err := leak.ParseCertificate(credential.ClientCertificateData)
	if err != nil {
		w.t.Fatal(err)
	}
	return map[string]leak.Key{"key": key, "certificate": certificate}
}

// onDisk searches all that the user can write.
func (w *world) onDisk(needle leak.Key) []string {
	w.t.Helper()
	tree, err := needle.Search(w.Dir)
	if err != nil {
		w.t.Fatal(err)
	}
	return tree.Found
}

// items are ours in the keyring, in all of its collections, locked or not.
func (w *world) items() []dbus.ObjectPath {
	w.t.Helper()
	service := secrets(w.t, connect(w.t, w.BusAddress()))
	var open, shut []dbus.ObjectPath
	ours := map[string]string{"service": "kubectl-magnum"}
	if err := service.Call("org.freedesktop.Secret.Service.SearchItems", 0, ours).Store(&open, &shut); err != nil {
		w.t.Fatal(err)
	}
	return append(open, shut...)
}

// kernelKeys are all that the program finds in the kernel keyring, and those of
// some records that the kernel has on any ring.
func (w *world) kernelKeys(records []string) []string {
	w.t.Helper()
	if kernelMissing(w.t) != nil {
		return nil
	}
	keys, err := (&cache.Kernel{}).Keys(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := os.ReadFile("/proc/keys")
	if err != nil {
		w.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) { // proc_keys(5)
		fields := strings.Fields(line)
		if len(fields) < 9 || strings.Contains(fields[1], "R") {
			continue // what was revoked has no data any more
		}
		for _, key := range records {
			if fields[8] == "kubectl-magnum:"+key+":" {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// writeInTheClear takes the password off the keyring: gnome-keyring writes such
// a file without encryption, so that it can be searched.
func (w *world) writeInTheClear() {
	w.t.Helper()
	service := secrets(w.t, connect(w.t, w.BusAddress()))
	var output dbus.Variant
	var session dbus.ObjectPath
	if err := service.Call("org.freedesktop.Secret.Service.OpenSession", 0, "plain", dbus.MakeVariant("")).Store(&output, &session); err != nil {
		w.t.Fatal(err)
	}
	type secret struct {
		Session    dbus.ObjectPath
		Parameters []byte
		Value      []byte
		Type       string
	}
	was, is := secret{session, nil, []byte("e2e"), "text/plain"}, secret{session, nil, nil, "text/plain"}
	const change = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface.ChangeWithMasterPassword"
	if err := service.Call(change, 0, dbus.ObjectPath(loginPath), was, is).Err; err != nil {
		w.t.Fatal(err)
	}
}
