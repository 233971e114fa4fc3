// SPDX-License-Identifier: Apache-2.0

package mainjob

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/leak"
)

// mostForConfig is how many requests `config` of one cluster may cost, signing
// included.
const mostForConfig = 5

// job is one user's way through the job. Its methods are steps, in order; a
// step that fails ends the test.
type job struct {
	t         *testing.T
	openstack OpenStack
	env       *env.Env
	watch     *leak.Watch
	said      []env.Output // by every command so far
}

// kubectl runs kubectl, which must succeed.
func (j *job) kubectl(args ...string) env.Output {
	j.t.Helper()
	out := j.env.Run(j.t.Context(), "kubectl", args...)
	j.said = append(j.said, out)
	if out.Code != 0 {
		j.t.Fatalf("kubectl %s: exit status %d\n%s%s", strings.Join(args, " "), out.Code, out.Stdout, out.Stderr)
	}
	return out
}

// requests is what OpenStack was asked during step.
func (j *job) requests(step func()) []string {
	j.t.Helper()
	before := len(j.openstack.Requests(j.t))
	step()
	return j.openstack.Requests(j.t)[before:]
}

func (j *job) configure() {
	j.t.Helper()
	asked := j.requests(func() { j.kubectl("magnum", "config", j.openstack.Cluster) })
	if len(asked) > mostForConfig {
		j.t.Errorf("config asked OpenStack %d times, want at most %d: %q", len(asked), mostForConfig, asked)
	}
	if signed := count(asked, "POST /v1/certificates"); signed != 1 {
		j.t.Errorf("config had %d certificates signed, want 1: %q", signed, asked)
	}
}

// useKubectl tests what kubectl does with the credential that config cached.
func (j *job) useKubectl() {
	j.t.Helper()
	asked := j.requests(func() {
		j.namespaces()
		whoami := j.kubectl("auth", "whoami", "-o", "json")
		var review struct {
			Status struct {
				UserInfo struct {
					Username string   `json:"username"`
					Groups   []string `json:"groups"`
				} `json:"userInfo"`
			} `json:"status"`
		}
		if err := json.Unmarshal([]byte(whoami.Stdout), &review); err != nil {
			j.t.Fatal(err)
		}
		if got := review.Status.UserInfo; got.Username != j.openstack.User || !slices.Contains(got.Groups, "system:masters") {
			j.t.Errorf("the API server sees %+v, want user %q in system:masters", got, j.openstack.User)
		}
	})
	if len(asked) > 0 {
		j.t.Errorf("kubectl after config asked OpenStack: %q", asked)
	}
}

func (j *job) namespaces() {
	j.t.Helper()
	// At every verbosity: what is said is searched for the key later.
	for _, v := range []string{"0", "6", "9", "99"} {
		if out := j.kubectl("get", "ns", "-v="+v); !strings.Contains(out.Stdout, "kube-system") {
			j.t.Fatalf("kubectl get ns does not list kube-system:\n%s", out.Stdout)
		}
	}
}

// miss tests what a call costs that finds no record.
func (j *job) miss() {
	j.t.Helper()
	j.env.Setenv("KUBECTL_MAGNUM_CACHE", "none")
	asked := j.requests(func() { j.kubectl("get", "ns") })
	j.env.Setenv("KUBECTL_MAGNUM_CACHE", "keyring")
	want := []string{"POST /v3/auth/tokens", "POST /v1/certificates"}
	if !slices.EqualFunc(asked, want, strings.HasSuffix) && !slices.Equal(asked, want) {
		j.t.Errorf("a miss asked OpenStack %q, want %q", asked, want)
	}
}

// cachedKey is the key that kubectl has been using: two calls give the same.
func (j *job) cachedKey() leak.Key {
	j.t.Helper()
	var texts [2]string
	asked := j.requests(func() {
		for i := range texts {
			credential, err := j.env.Credential(j.t.Context())
			if err != nil {
				j.t.Fatal(err)
			}
			texts[i] = credential.ClientKeyData
		}
	})
	if texts[0] != texts[1] || len(asked) > 0 {
		j.t.Errorf("the credential is not the cached one; OpenStack was asked %q", asked)
	}
	key, err := leak.ParseKey(texts[0])
	if err != nil {
		j.t.Fatalf("the credential's key: %v", err)
	}
	return key
}

// leavesNoKey searches all that the user's world holds and all that was said
// in it.
func (j *job) leavesNoKey(key leak.Key) {
	j.t.Helper()
	j.watch.Stop()
	for _, place := range j.watch.Found(key) {
		j.t.Errorf("the key was in a process: %s", place)
	}
	if !j.watch.Saw("kubectl-magnum", "credential", "--cluster") {
		j.t.Error("the watch never saw the plugin run, so it proves nothing")
	}
	tree, err := key.Search(j.env.Dir)
	if err != nil {
		j.t.Error(err)
	}
	for _, place := range tree.Found {
		j.t.Errorf("the key is on disk: %s", place)
	}
	for _, searched := range []string{".kube/config", ".config/openstack/clouds.yaml", ".local/share/keyrings/login.keyring"} {
		if _, err := os.Stat(filepath.Join(j.env.Home, searched)); err != nil {
			j.t.Errorf("not searched: %v", err)
		}
	}
	for _, out := range j.said {
		if found := key.In([]byte(out.Stdout + out.Stderr)); len(found) > 0 || leak.AnyKeyIn([]byte(out.Stdout+out.Stderr)) {
			j.t.Errorf("a command printed a key (%v)", found)
		}
	}
}

func count(requests []string, suffix string) int {
	n := 0
	for _, r := range requests {
		if strings.HasSuffix(r, suffix) {
			n++
		}
	}
	return n
}
