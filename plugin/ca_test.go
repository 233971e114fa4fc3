// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
)

// An expired CA can be looked at, and what it signs is good for nothing.
func TestExpiredCA(t *testing.T) {
	t.Parallel()
	longAgo := func() time.Time { return time.Now().AddDate(-6, 0, 0) }
	p, cloud := newPlugin(t, magnumtest.Options{Now: longAgo})
	cloud.SignWith(leaf(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour)))
	shown, err := p.ShowCA(t.Context(), plugin.ShowCARequest{Cluster: "prod", Type: magnum.Kubernetes})
	if err != nil || time.Now().Before(shown.Certificate.NotAfter) {
		t.Errorf("%+v, %v", shown, err)
	}
	request := plugin.SignCSRRequest{Cluster: "prod", Type: magnum.Kubernetes, CSR: pkitest.Request(t, pkitest.NewKey(t))}
	_, err = p.SignCSR(t.Context(), request)
	var refused *plugin.RefusedError
	if !errors.As(err, &refused) || !errors.Is(err, pki.ErrExpired) || refused.Skew > -time.Hour {
		t.Errorf("got %v", err)
	}
}
