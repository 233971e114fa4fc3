// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/kubeconfig"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/settings"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// newPlugin is a plugin of alice's on a cloud of its own.
func newPlugin(t *testing.T, options magnumtest.Options) (*plugin.Plugin, *magnumtest.Server) {
	t.Helper()
	cloud := magnumtest.New(options)
	t.Cleanup(cloud.Close)
	env := map[string]string{
		"OS_AUTH_URL": cloud.KeystoneURL(), "OS_USERNAME": "alice", "OS_PASSWORD": "alice-pw", "OS_PROJECT_NAME": "demo",
		"OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_NAME": "Default",
	}
	dir := t.TempDir()
	return &plugin.Plugin{
		Cloud:    openstack.Options{Getenv: func(name string) string { return env[name] }, Home: dir, Now: time.Now},
		Store:    cache.None{},
		State:    state.DefaultOf(dir),
		Account:  func() (settings.Account, error) { return settings.Account{Home: dir, UID: os.Getuid()}, nil },
		Now:      time.Now,
		Progress: func(string) {},
	}, cloud
}

func configProd(t *testing.T) plugin.ConfigRequest {
	t.Helper()
	return plugin.ConfigRequest{
		Clusters: []string{"prod"}, Groups: []string{"system:masters"}, MaxAge: time.Hour, Command: "kubectl-magnum",
		Paths: kubeconfig.Paths{Explicit: filepath.Join(t.TempDir(), "config")},
	}
}

// Magnum dates a CA from its creation and a leaf from its signing, so a good
// leaf of a CA that has ended is an everyday answer.
func TestConfigRefusesAnExpiredCA(t *testing.T) {
	t.Parallel()
	longAgo := func() time.Time { return time.Now().AddDate(-6, 0, 0) }
	p, cloud := newPlugin(t, magnumtest.Options{Now: longAgo})
	cloud.SignWith(leaf(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour)))
	_, err := p.Config(t.Context(), configProd(t))
	var refused *plugin.RefusedError
	if !errors.As(err, &refused) || !errors.Is(err, pki.ErrExpired) {
		t.Errorf("got %v", err)
	}
}
