// SPDX-License-Identifier: Apache-2.0

package nodecerts

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// watcher asks all the time.
type watcher struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
	mu     sync.Mutex
	asked  int
	bad    []string
}

// watch has clients of each node ask servers of each, the kubelets' too, until
// it is stopped. That one is being restarted is no distrust.
func (w *World) watch(t *testing.T) *watcher {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	x := &watcher{cancel: cancel}
	for _, of := range w.nodes {
		for _, at := range w.nodes {
			x.done.Go(func() {
				for ctx.Err() == nil {
					_, err := get(ctx, of, "kubelet.conf", at, "/api/v1/nodes/"+of.name)
					x.note(of, at, "API server", err)
					if id, err := of.load("kubelet.conf"); err == nil {
						x.note(of, at, "kubelet", handshake(ctx, fmt.Sprintf("127.0.0.1:%d", at.kubelet.port), id, ""))
					}
					time.Sleep(20 * time.Millisecond)
				}
			})
		}
	}
	return x
}

func (x *watcher) note(of, at *node, what string, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.asked++
	var verification *tls.CertificateVerificationError
	var refused *statusError
	var alert tls.AlertError
	var closed *net.OpError
	switch {
	case errors.As(err, &verification), errors.As(err, &refused) && refused.code == http.StatusUnauthorized,
		errors.As(err, &alert), errors.As(err, &closed) && strings.Contains(closed.Op, "remote error"):
		x.bad = append(x.bad, fmt.Sprintf("%s asks the %s of %s: %v", of.name, what, at.name, err))
	}
}

// stop says what went wrong.
func (x *watcher) stop(t *testing.T) {
	t.Helper()
	x.cancel()
	x.done.Wait()
	t.Logf("the nodes asked each other %d times", x.asked)
	for _, line := range x.bad[:min(len(x.bad), 5)] {
		t.Error(line)
	}
	if x.asked < 100 {
		t.Errorf("only %d questions", x.asked)
	}
}
