// SPDX-License-Identifier: Apache-2.0

package keyring_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
)

const cacheVar = "KUBECTL_MAGNUM_CACHE"

// site is a cluster and what users need to get into it.
type site struct {
	openstack mainjob.OpenStack
	programs  mainjob.Programs
}

// world is that of a user with a gnome-keyring of their own who has configured
// the cluster and chosen where keys are kept.
type world struct {
	*env.Env
	t      *testing.T
	site   site
	choice string // of KUBECTL_MAGNUM_CACHE
	plugin env.ExecPlugin
	// usual is what a call takes that keeps nothing.
	usual time.Duration
	// meanwhile, if there is any, is to happen during the next call.
	meanwhile func()
	// after, if there is any, is a look at what the calls have done.
	after func()
}

// newWorld makes a world, which ends with the test.
func (s site) newWorld(t *testing.T, choice string) *world {
	t.Helper()
	e, err := env.New(t.Context(), env.Options{
		Kubectl: s.programs.Kubectl, Plugin: s.programs.Plugin,
		CloudsYAML: s.openstack.CloudsYAML, Cloud: s.openstack.Cloud, Keyring: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	e.CloseAfter(t)
	w := &world{Env: e, t: t, site: s, choice: choice}
	w.Setenv(cacheVar, choice)
	t.Cleanup(w.forgetInKernel)
	w.kubectl("magnum", "config", s.openstack.Cluster)
	if w.plugin, err = e.ExecPlugin(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Setenv(cacheVar, "none")
	var took []time.Duration
	for range 3 {
		took = append(took, w.call().took)
	}
	slices.Sort(took)
	w.usual = took[1]
	w.Setenv(cacheVar, choice)
	return w
}

// call is one of the plugin by itself.
type call struct {
	env.Output
	took   time.Duration
	signed int      // certificates
	asked  []string // of OpenStack
}

// call runs the plugin as kubectl does. It must answer.
func (w *world) call() call {
	w.t.Helper()
	asked := len(w.site.openstack.Requests(w.t))
	if w.meanwhile != nil {
		go w.meanwhile()
		w.meanwhile = nil
	}
	start := time.Now()
	c := call{Output: env.Run(w.plugin.Command(w.t.Context()))}
	c.took = time.Since(start)
	c.asked = w.site.openstack.Requests(w.t)[asked:]
	c.signed = signed(c.asked)
	if credential, err := c.Credential(); err != nil || credential.ClientKeyData == "" {
		w.t.Fatalf("no credential: %v\n%s", err, c.Stderr)
	}
	return c
}

// kubectl runs kubectl, which must succeed in silence.
func (w *world) kubectl(args ...string) {
	w.t.Helper()
	if out := w.Run(w.t.Context(), "kubectl", args...); out.Code != 0 || out.Stderr != "" {
		w.t.Fatalf("kubectl %s: exit status %d\n%s", strings.Join(args, " "), out.Code, out.Stderr)
	}
}

func (w *world) state(elem ...string) string {
	return filepath.Join(append([]string{w.Home, ".local", "state", "kubectl-magnum"}, elem...)...)
}

// recordKeys are the keys of the user's records, which the files about their
// use are called by.
func (w *world) recordKeys() []string {
	files, _ := filepath.Glob(w.state("uses", "*.json"))
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".json")
	}
	return files
}

// forgetInKernel takes what is the user's out of the kernel keyring, which is
// not of this world but of whoever runs the test.
func (w *world) forgetInKernel() {
	ctx := context.WithoutCancel(w.t.Context()) // it is done at the end too
	for _, key := range w.recordKeys() {
		if err := (&cache.Kernel{}).Delete(ctx, key); err != nil && !errors.Is(err, cache.ErrUnavailable) {
			w.t.Error(err)
		}
	}
}

// keptInKernel says whether auto keeps a record in the kernel keyring if it
// cannot do so in the user's.
func keptInKernel(t *testing.T) bool { return !inContainer() && kernelMissing(t) == nil }

// inContainer is what the plugin says to itself. The user's environment, which
// it looks at too, says nothing of containers.
func inContainer() bool { return cache.InContainer("/", nil) }

// kernelMissing is why the kernel keyring cannot be used; nil if it can.
func kernelMissing(t *testing.T) error {
	t.Helper()
	k := &cache.Kernel{Service: "kubectl-magnum-e2e"}
	if err := k.Put(t.Context(), "probe", []byte("x"), time.Minute); err != nil {
		return err
	}
	return k.Delete(t.Context(), "probe")
}

func signed(requests []string) int {
	n := 0
	for _, r := range requests {
		if strings.HasSuffix(r, "POST /v1/certificates") {
			n++
		}
	}
	return n
}

// remove is os.RemoveAll for what is to be made anew.
func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}
