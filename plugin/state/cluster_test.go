// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// newCAs makes CAs and their fingerprints.
func newCAs(t *testing.T, n int) (cas []*x509.Certificate, names []string) {
	t.Helper()
	for range n {
		ca := pkitest.NewCA(t, "prod", now).Certificate
		cas, names = append(cas, ca), append(names, pki.Fingerprint(ca))
	}
	return cas, names
}

// What was pinned is retired when it goes, and not retired any more when it
// comes back.
func TestRepinned(t *testing.T) {
	t.Parallel()
	cas, names := newCAs(t, 3)
	for _, test := range []struct {
		name         string
		pins         []*x509.Certificate
		retired      []string
		to           []*x509.Certificate
		want, before []string
	}{
		{name: "the first", to: cas[:1]},
		{name: "the same", pins: cas[:1], to: cas[:1]},
		{name: "a window opens", pins: cas[:1], to: cas[:2]},
		{name: "and closes", pins: cas[:2], to: cas[1:2], want: names[:1]},
		{name: "another", pins: cas[:1], to: cas[1:2], want: names[:1]},
		{name: "two go", pins: cas[:2], to: cas[2:], want: names[:2]},
		{name: "one comes back", pins: cas[1:2], retired: names[:1], to: cas[:1], want: names[1:2]},
		{name: "one is retired already", pins: cas[:1], retired: names[:1], to: cas[1:2], want: names[:1]},
		{name: "all go", pins: cas[:1], want: names[:1]},
	} {
		c := state.Cluster{Name: "prod", Pinned: test.pins, Retired: test.retired, Rotating: true}
		got := c.Repinned(test.to)
		if want := (state.Cluster{Name: "prod", Pinned: test.to, Retired: test.want, Rotating: true}); !got.Equal(want) {
			t.Errorf("%s: retired %q, %d pins", test.name, got.Retired, len(got.Pinned))
		}
		if !c.Equal(state.Cluster{Name: "prod", Pinned: test.pins, Retired: test.retired, Rotating: true}) {
			t.Errorf("%s: it was changed in place", test.name)
		}
	}
}

func TestRetiredForgetsTheFirst(t *testing.T) {
	t.Parallel()
	cas, names := newCAs(t, 2)
	c := state.Cluster{Pinned: cas[:1]}
	for i := range 16 {
		c.Retired = append(c.Retired, fmt.Sprint(i))
	}
	got := c.Repinned(cas[1:]).Retired
	if len(got) != 16 || got[0] != "1" || got[15] != names[0] {
		t.Errorf("got %q", got)
	}
}

// All of a cluster is remembered, and each part tells two apart.
func TestClusterIsRememberedWhole(t *testing.T) {
	t.Parallel()
	cas, names := newCAs(t, 3)
	whole := state.Cluster{Name: "prod", Pinned: cas[:2], Signer: cas[2], Retired: names, Rotating: true}
	d := newDir(t)
	if err := d.SetCluster(cluster, whole); err != nil {
		t.Fatal(err)
	}
	if got := d.Cluster(cluster); !got.Equal(whole) {
		t.Errorf("got %+v", got)
	}
	for name, edit := range map[string]func(*state.Cluster){
		"name":          func(c *state.Cluster) { c.Name = "" },
		"pins":          func(c *state.Cluster) { c.Pinned = cas[:1] },
		"order of pins": func(c *state.Cluster) { c.Pinned = []*x509.Certificate{cas[1], cas[0]} },
		"no signer":     func(c *state.Cluster) { c.Signer = nil },
		"signer":        func(c *state.Cluster) { c.Signer = cas[0] },
		"retired":       func(c *state.Cluster) { c.Retired = names[:1] },
		"rotating":      func(c *state.Cluster) { c.Rotating = false },
	} {
		c := whole
		edit(&c)
		if c.Equal(whole) || whole.Equal(c) {
			t.Errorf("another %s makes no difference", name)
		}
	}
}

// A damaged signer is none; a damaged pin leaves nothing that anything could be
// trusted by, nor that would excuse a client's CA.
func TestDamagedCluster(t *testing.T) {
	t.Parallel()
	cas, names := newCAs(t, 2)
	whole := state.Cluster{Name: "prod", Pinned: cas[:1], Signer: cas[1], Retired: names[1:], Rotating: true}
	damage := func(ca *x509.Certificate) func(string) string {
		return func(text string) string {
			lines := strings.Split(string(pki.MarshalCertificate(ca)), "\n")
			return strings.Replace(text, lines[1], strings.ToLower(lines[1]), 1)
		}
	}
	for _, test := range []struct {
		name   string
		damage func(string) string
		want   state.Cluster
	}{
		{"signer", damage(cas[1]), state.Cluster{Name: "prod", Pinned: cas[:1], Retired: names[1:], Rotating: true}},
		{"pin", damage(cas[0]), state.Cluster{Name: "prod"}},
	} {
		d := newDir(t)
		if err := d.SetCluster(cluster, whole); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(d.Path, "clusters", cluster+".json")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		damaged := test.damage(string(text))
		if damaged == string(text) {
			t.Fatal("nothing is damaged")
		}
		if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := d.Cluster(cluster); !got.Equal(test.want) {
			t.Errorf("%s: got %+v", test.name, got)
		}
	}
}

func TestHoldsCAs(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	cas, _ := newCAs(t, 2)
	if d.HasCAFile(cluster) || d.ReadCAFile(cluster) != nil {
		t.Error("there is a CA file already")
	}
	if err := d.WriteCAFile(cluster, cas); err != nil {
		t.Fatal(err)
	}
	got := []bool{
		d.HasCAFile(cluster), d.HoldsCAs(cluster, cas), d.HoldsCAs(cluster, cas[:1]),
		d.HoldsCAs(cluster, []*x509.Certificate{cas[1], cas[0]}), d.HoldsCAs("prod", cas), (state.Dir{}).HasCAFile(cluster),
	}
	if diff := cmp.Diff([]bool{true, true, false, false, false, false}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// No file is named by what is no cluster's UUID.
func TestOddUUIDsNameNoFile(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	if err := d.SetCluster(cluster, state.Cluster{Name: "prod"}); err != nil {
		t.Fatal(err)
	}
	plant(t, d, "planted.json")
	for _, uuid := range []string{"", "..", "../planted", "../clusters/" + cluster, cluster + "\n", strings.ToUpper(cluster), cluster[1:] + "é", cluster[1:] + "/", cluster + cluster} {
		for what, set := range map[string]func() error{
			"SetCluster":    func() error { return d.SetCluster(uuid, state.Cluster{}) },
			"WriteCAFile":   func() error { return d.WriteCAFile(uuid, nil) },
			"SetRotation":   func() error { return d.SetRotation(uuid, state.Rotation{Before: "aa"}) },
			"AddKubeconfig": func() error { return d.AddKubeconfig(uuid, state.Kubeconfig{File: "/x"}) },
		} {
			if set() == nil {
				t.Errorf("%s: UUID %q names a file", what, uuid)
			}
		}
		if got := d.Cluster(uuid); got.Name != "" {
			t.Errorf("UUID %q: %+v", uuid, got)
		}
		if got, ok := d.Rotation(uuid); ok {
			t.Errorf("UUID %q: %+v", uuid, got)
		}
		if got := d.ReadCAFile(uuid); got != nil || d.HasCAFile(uuid) {
			t.Errorf("UUID %q has a CA file", uuid)
		}
		if err := d.ClearRotation(uuid); err != nil {
			t.Errorf("UUID %q: %v", uuid, err)
		}
	}
	if files := paths(t, d.Path); len(files) != 2 {
		t.Errorf("there are %v", files)
	}
}
