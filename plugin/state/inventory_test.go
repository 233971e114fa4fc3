// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

const dev = "00000000-7341-4c80-ba27-1db4db9c7eca"

func TestKubeconfigs(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	file := func(name string, embedded bool) state.Kubeconfig {
		return state.Kubeconfig{File: filepath.Join(d.Path, name), Embedded: embedded}
	}
	for _, k := range []state.Kubeconfig{file("a", false), file("b", true), file("a", true), file("b", true), {File: "relative"}, file("é\n\"b", false)} {
		if err := d.AddKubeconfig(cluster, k); err != nil {
			t.Fatal(err)
		}
	}
	want := []state.Kubeconfig{file("b", true), file("a", true), file("é\n\"b", false)}
	if diff := cmp.Diff(want, d.Kubeconfigs(cluster)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := d.Kubeconfigs(dev); got != nil {
		t.Errorf("of another cluster: %+v", got)
	}
	for i := range 40 {
		if err := d.AddKubeconfig(cluster, file(fmt.Sprint(i), false)); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.Kubeconfigs(cluster); len(got) != 32 || got[0] != file("8", false) || got[31] != file("39", false) {
		t.Errorf("%d are remembered: %+v", len(got), got)
	}
}

// Only what is whole, and of the cluster, is one of its credentials.
func TestCredentials(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	credential := func(cluster, user string, age time.Duration) state.Credential {
		return state.Credential{Cluster: cluster, Project: "p", Owner: "o", User: user, Groups: []string{"b", "a"}, MaxAge: age}
	}
	want := map[string]state.Credential{
		"k3": credential(cluster, "alice", time.Hour), "k1": credential(cluster, "bob", time.Hour), "k2": credential(cluster, "bob\n/..", time.Minute),
	}
	for key, c := range want {
		c.MaxAge++
		if err := d.AddCredential(key, c); err != nil {
			t.Fatal(err)
		}
		if err := d.AddCredential(key, want[key]); err != nil { // replaces it
			t.Fatal(err)
		}
	}
	if err := d.AddCredential("k4", credential(dev, "alice", time.Hour)); err != nil {
		t.Fatal(err)
	}
	plant(t, d, "credentials", "Odd.json")
	plant(t, d, "credentials", "k5")
	for name, text := range map[string]string{"k6.json": "", "k7.json": `{"cluster": 1}`, "k8.json": "null"} {
		plantText(t, d, text, "credentials", name)
	}
	keys, all := d.Credentials(cluster)
	if diff := cmp.Diff([]string{"k3", "k1", "k2"}, keys); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Who calls often does not write often: the same credential is not written
// again, and any other is.
func TestACredentialIsWrittenOnce(t *testing.T) {
	t.Parallel()
	first := state.Credential{Cluster: cluster, Project: "p", Owner: "o", User: "u", Groups: []string{"g"}, MaxAge: 1}
	for name, edit := range map[string]func(*state.Credential){
		"the same":  func(*state.Credential) {},
		"cluster":   func(c *state.Credential) { c.Cluster = dev },
		"project":   func(c *state.Credential) { c.Project = "x" },
		"owner":     func(c *state.Credential) { c.Owner = "x" },
		"user":      func(c *state.Credential) { c.User = "x" },
		"groups":    func(c *state.Credential) { c.Groups = nil },
		"max age":   func(c *state.Credential) { c.MaxAge = 2 },
		"login":     func(c *state.Credential) { c.Login = &state.TokenLogin{Cloud: "x"} },
		"the same ": func(c *state.Credential) { c.Groups = []string{"g"} },
	} {
		d, second := newDir(t), first
		edit(&second)
		if err := d.AddCredential(id, first); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(d.Path, "credentials", id+".json")
		before, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.AddCredential(id, second); err != nil {
			t.Fatal(err)
		}
		after, err := os.Stat(path)
		if err != nil || os.SameFile(before, after) != cmp.Equal(first, second) {
			t.Errorf("%s: written again: %v, %v", name, !os.SameFile(before, after), err)
		}
	}
}

func TestClusters(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	if got := d.Clusters(); got != nil {
		t.Errorf("got %q", got)
	}
	for _, uuid := range []string{cluster, dev} {
		if err := d.SetCluster(uuid, state.Cluster{}); err != nil {
			t.Fatal(err)
		}
	}
	plant(t, d, "clusters", "prod.json")
	plant(t, d, "clusters", cluster)
	if diff := cmp.Diff([]string{dev, cluster}, d.Clusters()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	d, want := newDir(t), state.Rotation{Before: "aa", Asked: now}
	if err := d.SetRotation(cluster, want); err != nil {
		t.Fatal(err)
	}
	if got, ok := d.Rotation(cluster); !ok || got != want {
		t.Errorf("got %+v, %v", got, ok)
	}
	if got, ok := d.Rotation(dev); ok {
		t.Errorf("of another cluster: %+v", got)
	}
	for range 2 { // also where there is none
		if err := d.ClearRotation(cluster); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"", "{", "null", "[]", `{"asked":"2026-06-01T12:00:00Z"}`, `{"before":"aa","asked":"yesterday"}`} {
		plantText(t, d, text, "rotations", cluster+".json")
		if got, ok := d.Rotation(cluster); ok {
			t.Errorf("%s: %+v", text, got)
		}
	}
}
