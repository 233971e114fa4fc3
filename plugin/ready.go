// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

// pollInterval is how often --wait looks. Magnum answers in a second or more
// on a real cloud, and a cluster takes minutes.
const pollInterval = 5 * time.Second

// NotReadyError is a cluster that cannot be talked to yet, or any more.
type NotReadyError struct {
	Status, Reason string
	NoAddress      bool          // of its API server
	Waited         time.Duration // in vain; 0 if nobody asked to wait
}

func (e *NotReadyError) Error() string {
	s := "it is " + e.Status
	if e.Reason != "" {
		s += " (" + e.Reason + ")"
	}
	if e.NoAddress {
		s += " and has no API address"
	}
	if e.Waited > 0 {
		s += fmt.Sprintf(", after %s of waiting", e.Waited)
	}
	return s
}

// Waitable says whether waiting may help.
func (e *NotReadyError) Waitable() bool {
	return strings.HasSuffix(e.Status, "_IN_PROGRESS") && !strings.HasPrefix(e.Status, "DELETE_")
}

// NotKubernetesError is a cluster of another container orchestration engine.
type NotKubernetesError struct{ COE string }

func (e *NotKubernetesError) Error() string { return fmt.Sprintf("it is a %q cluster", e.COE) }

// notReady says what keeps c from being talked to, nil if nothing.
func notReady(c magnum.Cluster) error {
	if c.APIAddress == "" || strings.HasPrefix(c.Status, "DELETE_") {
		return &NotReadyError{Status: c.Status, Reason: c.StatusReason, NoAddress: c.APIAddress == ""}
	}
	return nil
}

// readyCluster looks a cluster up by name or UUID and, for as long as wait,
// until it can be talked to. Once Magnum has named it, a service that is ill
// for a while does not end the wait.
func (p *Plugin) readyCluster(ctx context.Context, m *magnum.Client, name string, wait time.Duration) (magnum.Cluster, error) {
	deadline := p.Now().Add(wait)
	c, err := ready(ctx, m, name)
	uuid := c.UUID
	for uuid != "" && worthWaiting(err) {
		left := deadline.Sub(p.Now())
		if left <= 0 {
			return c, afterWaiting(err, wait)
		}
		p.Progress(fmt.Sprintf("waiting for cluster %q: %v", name, err))
		select {
		case <-ctx.Done():
			return magnum.Cluster{}, ctx.Err()
		case <-time.After(min(left, pollInterval)):
		}
		c, err = ready(ctx, m, uuid)
	}
	return c, err
}

func ready(ctx context.Context, m *magnum.Client, name string) (magnum.Cluster, error) {
	c, err := m.Cluster(ctx, name)
	if err == nil {
		err = notReady(c)
	}
	return c, err
}

// worthWaiting says whether err may pass by itself.
func worthWaiting(err error) bool {
	var not *NotReadyError
	var service *openstack.ServiceError
	var unreachable *openstack.UnreachableError
	return errors.As(err, &not) && not.Waitable() ||
		errors.As(err, &service) && service.Code >= 500 ||
		errors.As(err, &unreachable)
}

// afterWaiting adds to err how long it was waited for.
func afterWaiting(err error, wait time.Duration) error {
	var not *NotReadyError
	if errors.As(err, &not) {
		not.Waited = wait
	}
	return err
}

// checkServer accepts an API address only as a plain URL of the scheme the
// cluster is said to speak: it goes into a file that kubectl obeys.
func checkServer(address string, tlsDisabled bool) error {
	scheme := "https"
	if tlsDisabled {
		scheme = "http"
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != scheme || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("its API address %q is not a plain %s URL", address, scheme)
	}
	return nil
}
