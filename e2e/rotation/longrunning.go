// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"fmt"
	"testing"
	"time"
)

const (
	watcherLease = 5 * time.Second
	// reload is how old a transport gets before client-go (1.36 and later)
	// looks at the CA file again.
	reload = 5 * time.Minute
	busy   = 15 * time.Second
	soon   = time.Minute
	// backoff is how long an informer that has failed for minutes waits between
	// two tries: client-go's 30 s, and up to as much again by chance.
	backoff = time.Minute
)

// LeasesDropNoConnection has a program that runs for long ask for its
// credential twenty times.
func LeasesDropNoConnection(t *testing.T, w *World) {
	const leases = 20
	client := startLongRunning(t, w)
	client.awaits(t, leases*int(watcherLease/time.Second), "list ok", leases*watcherLease+soon)

	connects := client.said("connect ")
	if len(connects) != 1 {
		t.Fatalf("it went over %q, want one connection", connects)
	}
	for _, failure := range []string{"list error", "watch error"} {
		if got := client.said(failure); len(got) > 0 {
			t.Errorf("%q", got)
		}
	}
	own, others := 0, 0
	for _, a := range w.Front.Accepted() {
		if "connect "+a.From == connects[0] {
			own++
		} else {
			others++
		}
	}
	if own != 1 {
		t.Errorf("the API server saw that connection %d times", own)
	}
	// Each lease that ends has the plugin ask the server itself.
	if others < leases/2 {
		t.Errorf("the API server saw %d other connections: the leases did not end", others)
	}
}

// LongRunningHeals has a program that runs for long live through a
// rotation by somebody else, at the worst moment: it has just started, so that
// it will not look at the CA file again for five minutes. It proves that it has
// healed by learning of what did not exist before.
func LongRunningHeals(t *testing.T, w *World) {
	const news = "after-the-rotation"
	client := startLongRunning(t, w)
	w.Rotate(t)
	w.Front.CutAll()
	if err := w.API.CreateConfigMap(t.Context(), news); err != nil {
		t.Fatal(err)
	}
	listed := len(client.said("list ok"))
	took := client.awaits(t, listed+1, "list ok", watcherLease+reload+busy)
	t.Logf("healed %s after the rotation", took.Round(time.Second))
	took = client.awaits(t, 1, "event add "+news, backoff+busy)
	t.Logf("its informer tried again %s later", took.Round(time.Second))
	client.awaits(t, listed+3, "list ok", soon)
}

// startLongRunning returns when the client has what it wants.
func startLongRunning(t *testing.T, w *World) *watcher {
	t.Helper()
	client := w.newUser(t, w.Kubectl, fmt.Sprint(watcherLease)).startWatcher()
	client.awaits(t, 2, "list ok", soon)
	client.awaits(t, 1, "relist", soon)
	return client
}
