// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"
	"net/http"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// cmdNodes says what becomes of rotations of prod: the nodes follow, so that
// they complete, or fail, or stay as they are.
func cmdNodes(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	w.nodes.Store(&args[0])
	outcome := magnumtest.RotationCompletes
	if args[0] == "fail" {
		outcome = magnumtest.RotationFails
	}
	w.cloud.SetRotation(outcome)
	w.follow.Do(func() { go w.followRotations() })
}

// followRotations does to prod's API server what Magnum's driver does.
func (w *world) followRotations() {
	for tick := time.NewTicker(10 * time.Millisecond); !w.closed.Load(); <-tick.C {
		status := ""
		w.cloud.SetCluster("prod", func(c *magnumtest.Cluster) { status = c.Status })
		does := *w.nodes.Load()
		if status != "UPDATE_IN_PROGRESS" || does == "stay" {
			continue
		}
		if does == "follow" {
			ca, key := w.cloud.CA("prod")
			w.api.Serve(ca, key)
			w.api.Trust(ca)
		}
		w.cloud.FinishRotation("prod")
	}
}

// faultPatch answers a rotation as a proxy does whose patience ends, before or
// after Magnum has begun with it.
func (w *world) faultPatch(after bool) {
	w.cloud.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPatch {
			return false
		}
		if after {
			w.cloud.Rotate(path.Base(r.URL.Path))
		}
		http.Error(rw, "<html>504 Gateway Timeout</html>", http.StatusGatewayTimeout)
		return true
	})
}

// cmdRequestedNot checks that no request of a method was made: requested-not
// PATCH.
func cmdRequestedNot(ts *testscript.TestScript, _ bool, args []string) {
	if n := worldOf(ts).made(args[0]); n > 0 {
		ts.Fatalf("%d requests %s", n, args[0])
	}
}

// cmdPatches checks how many rotations were asked for in all.
func cmdPatches(ts *testscript.TestScript, _ bool, args []string) {
	if n := worldOf(ts).made(http.MethodPatch); strconv.Itoa(n) != args[0] {
		ts.Fatalf("%d rotations were asked for", n)
	}
}

func (w *world) made(method string) int {
	n := 0
	for _, r := range w.cloud.Requests() {
		if r.Method == method {
			n++
		}
	}
	return n
}

// cmdAsked makes the rotation that was asked for last older: asked 4m ago.
func cmdAsked(ts *testscript.TestScript, _ bool, args []string) {
	age, err := time.ParseDuration(args[0])
	ts.Check(err)
	dir := state.Dir{Path: filepath.Join(ts.Getenv("XDG_STATE_HOME"), "kubectl-magnum")}
	uuid := ts.Getenv("UUID")
	pending, ok := dir.Rotation(uuid)
	if !ok {
		ts.Fatalf("none was asked for")
	}
	pending.Asked = time.Now().Add(-age)
	ts.Check(dir.SetRotation(uuid, pending))
}

func TestConfirmRotation(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]error{
		"yes\n": nil, "yes": nil, "y\n": errNotConfirmed, "\n": errNotConfirmed, "": errNotConfirmed, "no\n": errNotConfirmed,
	} {
		var said strings.Builder
		p := &program{streams: genericiooptions.IOStreams{In: strings.NewReader(answer), Out: io.Discard, ErrOut: &said}}
		err := p.confirmRotation(plugin.RotatePlan{Name: "prod\x1b[2J", CA: "aa"}, false)
		if !errors.Is(err, want) {
			t.Errorf("%q: got %v", answer, err)
		}
		if !strings.HasSuffix(said.String(), "Type yes: ") || strings.Contains(said.String(), "\x1b") {
			t.Errorf("%q: said %q", answer, said.String())
		}
	}
}
