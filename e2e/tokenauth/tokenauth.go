// SPDX-License-Identifier: Apache-2.0

// Package tokenauth tests `config --auth token` on a real API server that asks
// Keystone about tokens through a webhook, as k8s-keystone-auth has it: who
// kubectl is to the server, what a call costs, and what becomes of a token that
// ends, that is revoked, or whose cluster gets another CA. Like package mainjob
// it is a function, because the same is done on a real Keystone. No API
// stability promise.
package tokenauth

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/binaries"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/rotation"
)

// OpenStack is a Keystone and a Magnum whose tokens can be made to end.
type OpenStack struct {
	rotation.OpenStack
	Keystone string // URL of its API v3
	// SetTokenLife is for tokens that are given from now on.
	SetTokenLife func(t testing.TB, life time.Duration)
	// Revoke revokes a token at Keystone.
	Revoke func(t testing.TB, token string)
}

const (
	lease = "1s"
	// overLease is when the lease is over, however busy the machine, and
	// overCache when kube-apiserver asks about a token again.
	overLease = 2 * time.Second
	overCache = 11 * time.Second
)

// user is somebody with a context for tokens. A step that fails ends the test.
type user struct {
	t *testing.T
	o OpenStack
	*env.Env
}

// Run does it all with the newest kubectl. It needs "keyring" and "namespaces"
// (package require): tokens are for a home that is the account's.
func Run(t *testing.T, o OpenStack, p rotation.Programs) {
	require.Tool(t, "keyring", env.MissingKeyring())
	account := Account(t)
	hook := newWebhook(t, o.Keystone)
	api, err := cluster.Start(t.Context(), cluster.Options{
		Etcd: p.Etcd, APIServer: p.APIServer, CA: o.CurrentCA(t), Flags: hook.flags(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Stop)
	if err := api.LetRead(t.Context(), "project-demo"); err != nil {
		t.Fatal(err)
	}
	o.SetAPIAddress(t, api.Server())
	e, err := env.New(t.Context(), env.Options{
		Kubectl: p.Kubectl, Plugin: p.Plugin, Others: map[string]string{"client": p.Client},
		CloudsYAML: o.CloudsYAML, Cloud: o.Cloud, Keyring: true, Account: account,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	u := &user{t, o, e}
	u.isTheOpenStackUser()
	u.isRenewedBeforeItsEnd()
	u.isReplacedWhenRevoked()
	u.outlivesARotation(api)
	u.changesWithoutDroppingConnections()
}

// Account is what gives a user an account: env.Options has it. It needs
// "namespaces" (package require).
func Account(t *testing.T) string {
	t.Helper()
	account, err := binaries.BuildAccount(t.Context(), os.Stderr)
	if err == nil {
		err = env.MissingAccount(t.Context(), account)
	}
	require.Tool(t, "namespaces", err)
	return account
}

// isTheOpenStackUser has config sign nothing and the calls after it ask nobody.
func (u *user) isTheOpenStackUser() {
	u.t.Helper()
	asked := u.asked(func() {
		if out := u.kubectl("magnum", "config", u.o.Cluster, "--auth", "token", "--lease", lease); strings.Contains(out.Stderr, "refuses") {
			u.t.Errorf("config says: %s", out.Stderr)
		}
	})
	if len(asked) != 4 {
		u.t.Errorf("config asked OpenStack %q, want 4 requests", asked)
	}
	asked = u.asked(func() {
		if out := u.kubectl("get", "ns"); !strings.Contains(out.Stdout, "kube-system") {
			u.t.Errorf("no namespaces: %s", out.Stdout)
		}
		var review struct {
			Status struct {
				UserInfo struct{ Username string }
			}
		}
		out := u.kubectl("auth", "whoami", "-o", "json")
		if err := json.Unmarshal([]byte(out.Stdout), &review); err != nil || review.Status.UserInfo.Username != u.o.User {
			u.t.Errorf("kubectl is %s, want %s (%v)", out.Stdout, u.o.User, err)
		}
	})
	u.none(asked)
}

// isRenewedBeforeItsEnd has a token given for 20 s, of which a tenth is the margin.
func (u *user) isRenewedBeforeItsEnd() {
	u.t.Helper()
	const life = 20 * time.Second
	u.o.SetTokenLife(u.t, life)
	u.kubectl("magnum", "logout", u.o.Cluster)
	first := u.token()
	start := time.Now()
	if again := u.token(); again != first {
		u.t.Error("it is another token at once")
	}
	u.idles(life*9/10 + time.Second - time.Since(start))
	asked := u.asked(func() { u.kubectl("get", "ns") })
	if len(asked) != 1 || !strings.HasPrefix(asked[0], "POST ") || u.token() == first {
		u.t.Errorf("shortly before its end OpenStack was asked %q, and it is another token: %v", asked, u.token() != first)
	}
	u.o.SetTokenLife(u.t, time.Hour)
	u.kubectl("magnum", "logout", u.o.Cluster)
}

// isReplacedWhenRevoked lets the API server forget that it took the token.
func (u *user) isReplacedWhenRevoked() {
	u.t.Helper()
	first := u.token()
	u.kubectl("get", "ns")
	u.o.Revoke(u.t, first)
	u.idles(overCache)
	asked := u.asked(func() { u.kubectl("get", "ns") })
	if len(asked) != 1 || u.token() == first {
		u.t.Errorf("OpenStack was asked %q, and it is another token: %v", asked, u.token() != first)
	}
}

// outlivesARotation by somebody else: the CA file heals, the token stays.
func (u *user) outlivesARotation(api *cluster.Cluster) {
	u.t.Helper()
	first := u.token()
	u.o.StartRotation(u.t)
	if err := api.Rotate(u.t.Context(), u.o.CurrentCA(u.t)); err != nil {
		u.t.Fatal(err)
	}
	u.o.SetStatus(u.t, rotation.Complete)
	u.idles(overLease)
	out := u.Run(u.t.Context(), "kubectl", "get", "ns")
	if out.Code == 0 || !strings.Contains(out.Stderr, "gets no token until it has loaded the new one") {
		u.t.Errorf("the first command after it: %d, %s", out.Code, out.Stderr)
	}
	if out := u.kubectl("get", "ns"); strings.Contains(out.Stderr, "kubectl-magnum") {
		u.t.Errorf("the second one says: %s", out.Stderr)
	}
	if u.token() != first {
		u.t.Error("it is another token")
	}
}

func (u *user) kubectl(args ...string) env.Output {
	u.t.Helper()
	out := u.Run(u.t.Context(), "kubectl", args...)
	if out.Code != 0 {
		u.t.Fatalf("kubectl %s: exit status %d\n%s%s", strings.Join(args, " "), out.Code, out.Stdout, out.Stderr)
	}
	return out
}

// token is what kubectl would be given now.
func (u *user) token() string {
	u.t.Helper()
	c, err := u.Credential(u.t.Context())
	if err != nil {
		u.t.Fatal(err)
	}
	if c.Token == "" || c.ClientKeyData != "" {
		u.t.Fatalf("the credential is no token, or has a key too")
	}
	return c.Token
}

// asked is what OpenStack was asked during step by anybody but the webhook.
func (u *user) asked(step func()) []string {
	u.t.Helper()
	before := len(u.o.Requests(u.t))
	step()
	var asked []string
	for _, r := range u.o.Requests(u.t)[before:] {
		if !strings.HasPrefix(r, "GET ") || !strings.HasSuffix(r, "/auth/tokens") {
			asked = append(asked, r)
		}
	}
	return asked
}

func (u *user) none(asked []string) {
	u.t.Helper()
	if len(asked) > 0 {
		u.t.Errorf("OpenStack was asked %q", asked)
	}
}

func (u *user) idles(d time.Duration) {
	u.t.Helper()
	select {
	case <-time.After(d):
	case <-u.t.Context().Done():
		u.t.Fatal(u.t.Context().Err())
	}
}
