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

// TestLeasesDropNoConnection has a program that runs for long ask for its
// credential twenty times.
func TestLeasesDropNoConnection(t *testing.T) {
	const leases = 20
	w, client := startLongRunning(t)
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

// TestLongRunningHeals has a program that runs for long live through a
// rotation by somebody else, at the worst moment: it has just started, so that
// it will not look at the CA file again for five minutes. It proves that it has
// healed by learning of what did not exist before.
func TestLongRunningHeals(t *testing.T) {
	const news = "after-the-rotation"
	w, client := startLongRunning(t)
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

// startLongRunning returns when the client has what it wants. These tests take
// minutes and do nothing in them, so they run side by side.
func startLongRunning(t *testing.T) (*World, *watcher) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes minutes")
	}
	t.Parallel()
	w := world(t)
	u := w.newUser(t, w.Kubectl, fmt.Sprint(watcherLease))
	client := u.startWatcher()
	client.awaits(t, 2, "list ok", soon)
	client.awaits(t, 1, "relist", soon)
	return w, client
}
