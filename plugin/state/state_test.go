// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

const cluster = "52cdf7a6-7341-4c80-ba27-1db4db9c7eca"

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func newDir(t *testing.T) state.Dir {
	t.Helper()
	root := t.TempDir()
	return state.Dir{Path: filepath.Join(root, "state"), CAs: filepath.Join(root, "ca")}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("XDG directories are for Unix")
	}
	none := map[string]string{}
	for _, test := range []struct {
		name string
		env  map[string]string
		home string
		want state.Dir
	}{
		{"defaults", none, "/h", state.Dir{Path: "/h/.local/state/kubectl-magnum", CAs: "/h/.local/share/kubectl-magnum/ca"}},
		{"as set", map[string]string{"XDG_STATE_HOME": "/s", "XDG_DATA_HOME": "/d"}, "/h", state.Dir{Path: "/s/kubectl-magnum", CAs: "/d/kubectl-magnum/ca"}},
		{"relative counts as unset", map[string]string{"XDG_STATE_HOME": "s"}, "/h", state.Dir{Path: "/h/.local/state/kubectl-magnum", CAs: "/h/.local/share/kubectl-magnum/ca"}},
		{"no home", none, "", state.Dir{}},
	} {
		if got := state.Locate(func(k string) string { return test.env[k] }, test.home); got != test.want {
			t.Errorf("%s: got %+v", test.name, got)
		}
	}
}

func TestCluster(t *testing.T) {
	t.Parallel()
	d, ca := newDir(t), pkitest.NewCA(t, "prod", now).Certificate
	if got := d.Cluster(cluster); got.Name != "" || len(got.Pinned) != 0 {
		t.Fatalf("something is known of a cluster never seen: %+v", got)
	}
	if err := d.SetCluster(cluster, state.Cluster{Name: "prod", Pinned: []*x509.Certificate{ca}}); err != nil {
		t.Fatal(err)
	}
	got := d.Cluster(cluster)
	if got.Name != "prod" || len(got.Pinned) != 1 || !got.Pinned[0].Equal(ca) {
		t.Errorf("got %+v", got)
	}
	for _, id := range []string{"", "prod", "../../x", cluster + "/..", strings.ToUpper(cluster)} {
		if err := d.SetCluster(id, state.Cluster{}); err == nil {
			t.Errorf("cluster %q was remembered", id)
		}
		if err := d.WriteCAFile(id, nil); err == nil {
			t.Errorf("cluster %q got a CA file", id)
		}
	}
}

// One damaged pin voids them all: which is missing cannot be known.
func TestDamagedStateIsAbsent(t *testing.T) {
	t.Parallel()
	d, ca := newDir(t), pkitest.NewCA(t, "prod", now).Certificate
	good := state.Cluster{Name: "prod", Pinned: []*x509.Certificate{ca, ca}}
	if err := d.SetCluster(cluster, good); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(d.Path, "clusters", cluster+".json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":         "",
		"cut short":     string(data[:len(data)/2]),
		"one pin wrong": strings.Replace(string(data), "BEGIN CERTIFICATE", "BEGIN NONSENSE", 1),
		"other types":   `{"pinned": "x"}`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := d.Cluster(cluster); len(got.Pinned) != 0 {
			t.Errorf("%s: %d pins", name, len(got.Pinned))
		}
	}
}

func TestCAFile(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	before, after := pkitest.NewCA(t, "prod", now).Certificate, pkitest.NewCA(t, "prod", now).Certificate
	if err := d.WriteCAFile(cluster, []*x509.Certificate{before}); err != nil {
		t.Fatal(err)
	}
	open, err := os.Open(d.CAFile(cluster))
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if err := d.WriteCAFile(cluster, []*x509.Certificate{before, after}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(d.CAFile(cluster))
	if err != nil || string(got) != string(pki.MarshalCertificate(before))+string(pki.MarshalCertificate(after)) {
		t.Errorf("CA file holds %s, %v", got, err)
	}
	// A reader that had it open goes on with the old one: it was renamed over.
	old := make([]byte, 1<<16)
	if n, _ := open.Read(old); string(old[:n]) != string(pki.MarshalCertificate(before)) {
		t.Error("the file was changed under a reader")
	}
	files, err := os.ReadDir(d.CAs)
	if err != nil || len(files) != 1 {
		t.Errorf("left in the directory: %v, %v", files, err)
	}
}

func TestLeftoversAreSwept(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	if err := d.WriteCAFile(cluster, nil); err != nil {
		t.Fatal(err)
	}
	old, fresh := filepath.Join(d.CAs, ".new-1"), filepath.Join(d.CAs, ".new-2")
	for path, age := range map[string]time.Duration{old: 2 * time.Hour, fresh: time.Minute} {
		at := time.Now().Add(-age)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.WriteCAFile(cluster, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("what a killed process left stays for ever")
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Error("another's file was taken from under it")
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	d := newDir(t)
	if err := os.Mkdir(d.Path, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(d.Path, 0o777); err != nil { // whatever the umask
		t.Fatal(err)
	}
	if err := d.SetCluster(cluster, state.Cluster{}); err != nil {
		t.Fatal(err)
	}
	if err := d.WriteCAFile(cluster, nil); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{
		d.Path: 0o700,
		filepath.Join(d.Path, "clusters", cluster+".json"): 0o600,
		d.CAs:             0o755,
		d.CAFile(cluster): 0o644,
	} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
}

// sudo keeps HOME: root must not leave files that the user then cannot write.
func TestForeignDirectoryIsNotWritten(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || os.Geteuid() != 0 {
		t.Skip("only root can give a directory away")
	}
	d := newDir(t)
	if err := os.Mkdir(d.Path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(d.Path, 4711, 4711); err != nil {
		t.Fatal(err)
	}
	if err := d.SetCluster(cluster, state.Cluster{}); !errors.Is(err, state.ErrForeign) {
		t.Errorf("got %v", err)
	}
	deeper := state.Dir{Path: filepath.Join(d.Path, ".local", "state"), CAs: filepath.Join(d.Path, ".local", "share")}
	if err := deeper.WriteCAFile(cluster, nil); !errors.Is(err, state.ErrForeign) {
		t.Errorf("below it: got %v", err)
	}
	if _, locked := deeper.Lock(t.Context(), "v1-cert-x"); locked {
		t.Error("a lock below it")
	}
	if files, err := os.ReadDir(d.Path); err != nil || len(files) != 0 {
		t.Errorf("wrote %v, %v", files, err)
	}
}

func TestFailure(t *testing.T) {
	t.Parallel()
	const id = "v1-cert-x"
	d, one, two := newDir(t), process.ID{PID: 42, Start: "1"}, process.ID{PID: 42, Start: "2"}
	told := func(f state.Failure, parent process.ID) bool { _, told := f.ToldTo(parent); return told }
	if err := d.AddFailure(id, state.Told{Parent: one, At: now, Code: 4}, "the clock"); err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]bool{
		0: true, 29 * time.Second: true, 30 * time.Second: false,
		-time.Second: false, // it failed in the future: the clock was set back
	} {
		f := d.Failure(id, now.Add(after))
		if told(f, one) != want || (f.Hold != "") != want {
			t.Errorf("%v later: %+v", after, f)
		}
	}
	if f := d.Failure(id, now); told(f, two) || told(f, process.ID{}) {
		t.Error("another than the one that asked was told")
	}
	if err := d.AddFailure(id, state.Told{Parent: two, At: now.Add(20 * time.Second), Code: 1}, ""); err != nil {
		t.Fatal(err)
	}
	f := d.Failure(id, now.Add(20*time.Second))
	if code, ok := f.ToldTo(one); !ok || code != 4 || !told(f, two) || f.Hold != "the clock" {
		t.Errorf("two clients: %+v", f)
	}
	if f := d.Failure(id, now.Add(40*time.Second)); told(f, one) || !told(f, two) || f.Hold != "" {
		t.Errorf("each for half a minute: %+v", f)
	}
	for range 2 { // also when there is nothing to forget
		if err := d.ClearFailure(id); err != nil {
			t.Fatal(err)
		}
	}
	if told(d.Failure(id, now), two) {
		t.Error("still known after a success")
	}
}

func TestLoginNamesStayInTheDirectory(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	want := state.Login{CloudsFile: "/etc/openstack/clouds.yaml", AuthURL: "https://127.0.0.1:5000/v3"}
	if err := d.SetLogin("v1-cert-00", want); err != nil {
		t.Fatal(err)
	}
	if got, ok := d.Login("v1-cert-00"); !ok || got != want {
		t.Errorf("got %+v, %v", got, ok)
	}
	for _, key := range []string{"", "../x", "a/b", "A"} {
		if d.SetLogin(key, want) == nil || d.AddFailure(key, state.Told{}, "") == nil {
			t.Errorf("key %q names a file", key)
		}
	}
}

func TestLockLetsOneInAtATime(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	var inside, most int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			unlock, locked := d.Lock(t.Context(), "v1-cert-x")
			defer unlock()
			if !locked {
				t.Error("no lock")
			}
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			time.Sleep(time.Millisecond) // gives another the chance to come in too
			mu.Lock()
			inside--
			mu.Unlock()
		})
	}
	wg.Wait()
	if most != 1 {
		t.Errorf("%d at once", most)
	}
}

func TestLockIsNotWaitedForBeyondTheContext(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	unlock, locked := d.Lock(t.Context(), "v1-cert-x")
	if !locked {
		t.Fatal("no lock")
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, locked := d.Lock(ctx, "v1-cert-x"); locked {
		t.Error("two hold it")
	}
	if _, locked := (state.Dir{}).Lock(t.Context(), "v1-cert-x"); locked {
		t.Error("a lock without a directory")
	}
}
