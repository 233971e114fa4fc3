// SPDX-License-Identifier: Apache-2.0

package tokenauth_test

import (
	"strings"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/tokenauth"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

// An API server without a webhook refuses a token, also where it would let
// somebody without one ask: config says so.
func TestWithoutAWebhook(t *testing.T) {
	o, p := mainjob.Double(t, magnumtest.Options{}), mainjob.Build(t)
	account := tokenauth.Account(t)
	api, err := cluster.Start(t.Context(), cluster.Options{Etcd: p.Etcd, APIServer: p.APIServer, CA: o.CA})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Stop)
	o.SetAPIAddress(t, api.Server())
	e, err := env.New(t.Context(), env.Options{Kubectl: p.Kubectl, Plugin: p.Plugin, CloudsYAML: o.CloudsYAML, Cloud: o.Cloud, Account: account})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	out := e.Run(t.Context(), "kubectl", "magnum", "config", "prod", "--auth", "token")
	if out.Code != 0 || !strings.Contains(out.Stderr, "its API server refuses Keystone's token") {
		t.Errorf("exit status %d\n%s", out.Code, out.Stderr)
	}
}
