// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/settings"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// thief is an API server of somebody else's that takes any token.
type thief struct {
	*apitest.Server
	ca  *x509.Certificate
	pem []byte
}

func newThief(t *testing.T) thief {
	t.Helper()
	ca := pkitest.NewCA(t, "prod", time.Now())
	key, err := x509.MarshalPKCS8PrivateKey(ca.Key)
	if err != nil {
		t.Fatal(err)
	}
	s := thief{apitest.New(), ca.Certificate, pki.MarshalCertificate(ca.Certificate)}
	t.Cleanup(s.Close)
	s.Serve(s.pem, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	s.TakeTokens(func(string) (string, bool) { return "x", true })
	return s
}

// lure has clients come with the thief's server and CA.
func (s tokens) lure(to thief) {
	s.trusted = to.pem
	s.change = func(r *plugin.CredentialRequest) { r.Exec.Cluster.Server = to.URL }
}

// caught fails if the thief, or a client of theirs, got a token, or if OpenStack
// was asked for one.
func (s tokens) caught(by thief, want any) {
	s.t.Helper()
	got := s.take()
	if !errors.As(got.err, want) || by.Tokens() > 0 {
		s.t.Errorf("got %v, and the thief saw %d tokens", got.err, by.Tokens())
	}
	s.expect()
}

// forge is a state directory in which the thief's CA is pinned.
func (s tokens) forge(by thief) state.Dir {
	s.t.Helper()
	dir := s.t.TempDir()
	forged := state.Dir{Path: filepath.Join(dir, "state"), CAs: filepath.Join(dir, "ca")}
	if err := os.CopyFS(forged.Path, os.DirFS(s.State.Path)); err != nil { // guesses all there is
		s.t.Fatal(err)
	}
	if err := forged.SetCluster(s.uuid(), state.Cluster{Name: "prod", Pinned: []*x509.Certificate{by.ca}}); err != nil {
		s.t.Fatal(err)
	}
	return forged
}

// kubectl adds to the environment what a kubeconfig says, so that may move the
// state directory to one that came with it.
func TestATokenNeedsTheAccountsOwnState(t *testing.T) {
	t.Parallel()
	for _, kept := range []bool{true, false} {
		s, thief := newTokens(t), newThief(t)
		if !kept {
			s.forget()
		}
		own, moved := s.State, new(*plugin.MovedStateError)
		s.lure(thief)
		s.State = s.forge(thief)
		s.caught(thief, moved)
		s.State = state.Dir{Path: own.Path, CAs: filepath.Join(t.TempDir(), "ca")}
		s.caught(thief, moved)
		s.State = state.Dir{}
		s.caught(thief, moved)
		s.State, s.trusted, s.change = own, nil, nil
		s.fine()
	}
}

// Nor is there a token where nobody knows whose the state directory is.
func TestATokenNeedsAnAccount(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	r := configProd(t)
	r.Token = true
	for _, account := range []func() (settings.Account, error){
		nil, func() (settings.Account, error) { return settings.Account{}, &settings.NoAccountError{UID: 7} },
	} {
		s.Account = account
		none := new(*settings.NoAccountError)
		if got := s.take(); !errors.As(got.err, none) {
			t.Errorf("got %v", got.err)
		}
		if _, err := s.Config(t.Context(), r); !errors.As(err, none) {
			t.Errorf("config: %v", err)
		}
	}
	s.expect()
}

// A token command is found by the account, whatever the environment says, and
// gives whoever asks a new token.
func TestATokenCommandIsNotRunForForgedState(t *testing.T) {
	t.Parallel()
	s := tokens{newSite(t)}
	commanded(t, s.Plugin, s.cloud)
	account, err := s.Account()
	if err != nil {
		t.Fatal(err)
	}
	s.State = state.DefaultOf(account.Home)
	s.api.TakeTokens(s.cloud.TokenUser)
	s.config()
	s.forget()
	thief := newThief(t)
	s.State = s.forge(thief)
	s.lure(thief)
	lure := s.change
	s.change = func(r *plugin.CredentialRequest) { lure(r); r.Identity.Login.Cloud = "work" }
	s.cloud.ResetRequests()
	s.caught(thief, new(*plugin.MovedStateError))
}

// config says so before it asks for anything.
func TestConfigOfTokensNeedsTheAccountsOwnState(t *testing.T) {
	t.Parallel()
	p, cloud := newPlugin(t, magnumtest.Options{})
	dir := t.TempDir()
	p.State = state.Dir{Path: filepath.Join(dir, "state"), CAs: filepath.Join(dir, "ca")}
	r := configProd(t)
	r.Token = true
	if _, err := p.Config(t.Context(), r); !errors.As(err, new(*plugin.MovedStateError)) || len(cloud.Requests()) > 0 {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("written: %v", left)
	}
	r.Token = false
	if _, err := p.Config(t.Context(), r); err != nil {
		t.Errorf("a certificate: %v", err)
	}
}
