// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
)

// cmdAPIServer changes prod's API server: "apiserver rotate" is what a rotation
// does to it. Its CA is Magnum's of that moment.
func cmdAPIServer(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	ca, key := w.cloud.CA("prod")
	does := map[string]func(){
		"rotate":       func() { w.api.Serve(ca, key); w.api.Trust(ca) },
		"serve":        func() { w.api.Serve(ca, key) },
		"trust":        func() { w.api.Trust(ca) },
		"trust-nobody": func() { w.api.Trust() },
		"tokens":       func() { w.api.TakeTokens(w.cloud.TokenUser) },
		"no-tokens":    func() { w.api.TakeTokens(nil) },
		"replay":       func() { w.api.Replay(ca, key) },
		"stranger":     func() { w.api.ServeStranger(ca) },
		"stall":        func() { w.api.Stall(true) },
		"refuse":       func() { w.api.Refuse(true) },
		"back":         func() { w.api.Stall(false); w.api.Refuse(false) },
		"signs":        func() { w.sign(apitest.Fault{}) },
		"never-signs":  func() { w.sign(apitest.Fault{Never: true}) },
		"denies":       func() { w.sign(apitest.Fault{Deny: true}) },
		"forbids":      func() { w.sign(apitest.Fault{Refuse: "approve"}) },
		"signs-long": func() {
			w.sign(apitest.Fault{Edit: func(c *x509.Certificate) { c.NotAfter = c.NotAfter.AddDate(1, 0, 0) }})
		},
		"no-binding": func() { w.signing.SetBinding(plugin.ClusterAdmins, nil) },
		"foreign-binding": func() { // it gives the same, but was made by hand
			w.signing.SetBinding(plugin.ClusterAdmins, []byte(`{"metadata":{"name":"magnum:cluster-admins"},"subjects":[{"kind":"Group","name":"magnum:cluster-admins"}],"roleRef":{"kind":"ClusterRole","name":"cluster-admin"}}`))
		},
		"other-binding": func() {
			w.signing.SetBinding(plugin.ClusterAdmins, []byte(`{"metadata":{"name":"magnum:cluster-admins"},"roleRef":{"kind":"ClusterRole","name":"view"}}`))
		},
	}
	f, ok := does[args[0]]
	if !ok {
		ts.Fatalf("apiserver %q", args)
	}
	f()
}

// sign has prod's API server sign certificates for clients, or do something else.
func (w *world) sign(f apitest.Fault) {
	if w.signing == nil {
		ca, key := w.cloud.CA("prod")
		w.signing = w.api.Sign(ca, key, time.Now)
	}
	w.signing.Break(f)
}

// A role binding is made after a yes, and without a terminal only if that was given
// before.
func TestConfirmBinding(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in, err, yes bool
		answer       string
		made         bool
	}{
		{true, true, false, "yes\n", true},
		{true, true, false, "y\n", false},
		{true, true, false, "\n", false},
		{true, true, false, "", false},
		{false, true, false, "yes\n", false},
		{true, false, false, "yes\n", false},
		{false, false, true, "", true},
	} {
		var said strings.Builder
		p := &program{inTerminal: test.in, errTerminal: test.err, streams: genericiooptions.IOStreams{In: strings.NewReader(test.answer), ErrOut: &said}}
		err := p.confirmBinding(plugin.BindingPlan{Cluster: "a\x1b[31m", Name: "n", Role: "r", Group: "g"}, test.yes)
		if (err == nil) != test.made {
			t.Errorf("%+v: got %v", test, err)
		}
		if !strings.Contains(said.String(), `ClusterRoleBinding "n" to ClusterRole "r"`) || strings.Contains(said.String(), "\x1b") {
			t.Errorf("%+v: said %q", test, said.String())
		}
	}
}
