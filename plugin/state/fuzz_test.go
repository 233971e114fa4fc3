// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// FuzzDecode has whatever bytes in the files: none makes a panic, a time in the
// future or a use that cannot be written back.
func FuzzDecode(f *testing.F) {
	d := state.Dir{Path: f.TempDir()}
	seeds(f, d)
	f.Fuzz(func(t *testing.T, data []byte) {
		for name, check := range map[string]func(*testing.T, state.Dir){
			"uses/" + id + ".json":             checkUse,
			"revocations/" + id + ".json":      checkRevocation,
			"clusters/" + cluster + ".json":    checkCluster,
			"kubeconfigs/" + cluster + ".json": checkKubeconfigs,
		} {
			if err := os.WriteFile(filepath.Join(d.Path, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
			check(t, d)
		}
	})
}

// seeds are files as they are written, some of them by a clock ahead of ours.
func seeds(f *testing.F, d state.Dir) {
	f.Helper()
	ca := pkitest.NewCA(f, "prod", now).Certificate
	whole := state.Cluster{Name: "prod", Pinned: []*x509.Certificate{ca}, Signer: ca, Retired: []string{"aa"}, Rotating: true}
	for _, ahead := range []time.Duration{-time.Minute, time.Minute} {
		at := now.Add(ahead)
		for name, err := range map[string]error{
			"uses/" + id + ".json":             d.Touch(id, state.Use{Verified: at, Answers: []state.Answer{{Parent: me, At: at}}, Server: state.Pause{From: at, For: time.Minute}, Reconciled: at}),
			"revocations/" + id + ".json":      d.SetRevocation(id, state.Revocation{Before: at, Certificates: []string{"aa"}, InVain: at}),
			"clusters/" + cluster + ".json":    d.SetCluster(cluster, whole),
			"kubeconfigs/" + cluster + ".json": d.AddKubeconfig(cluster, state.Kubeconfig{File: d.Path, Embedded: true}),
		} {
			data, failed := os.ReadFile(filepath.Join(d.Path, name))
			if err != nil || failed != nil {
				f.Fatal(err, failed)
			}
			f.Add(data)
		}
	}
	for _, text := range []string{"", "null", "{}", "[null]", `{"answers":[null],"server":{"for":9223372036854775807}}`, `{"verified":"9999-12-31T23:59:59-23:59"}`, `{"pinned":[""],"signer":"x"}`} {
		f.Add([]byte(text))
	}
}

func checkUse(t *testing.T, d state.Dir) {
	u := d.Use(id, now)
	if u.Verified.After(now) || u.Reconciled.After(now) {
		t.Errorf("in the future: %+v", u)
	}
	for _, p := range []state.Pause{u.Server, u.Magnum} {
		if p.Holds(now) && (p.From.After(now) || p.Holds(now.Add(time.Hour))) {
			t.Errorf("a pause of %+v", p)
		}
	}
	for _, a := range u.Answers {
		if age := now.Sub(a.At); age < 0 || age > 24*time.Hour {
			t.Errorf("an answer of %s ago", age)
		}
	}
	if err := d.Touch(id, u); err != nil {
		t.Error(err)
	} else if diff := cmp.Diff(u, d.Use(id, now), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-written +read:\n%s", diff)
	}
}

func checkRevocation(t *testing.T, d state.Dir) {
	r := d.Revocation(id, now)
	if r.Before.After(now) || r.InVain.After(now) {
		t.Errorf("in the future: %+v", r)
	}
	if with := r.With("aa", now); with.Before.Before(r.Before) {
		t.Errorf("%s is revoked no more", r.Before)
	}
}

func checkCluster(t *testing.T, d state.Dir) {
	c := d.Cluster(cluster)
	if slices.Contains(c.Pinned, nil) || !c.Equal(d.Cluster(cluster)) {
		t.Errorf("got %+v", c)
	}
	if again := c.Repinned(c.Pinned); len(again.Retired) > 16 || len(again.Pinned) != len(c.Pinned) {
		t.Errorf("got %+v", again)
	}
}

func checkKubeconfigs(t *testing.T, d state.Dir) {
	for _, k := range d.Kubeconfigs(cluster) {
		if !filepath.IsAbs(k.File) {
			t.Errorf("%q is relative to anywhere", k.File)
		}
	}
}
