// SPDX-License-Identifier: Apache-2.0

// Package krew installs the archives of `make snapshot` the way a user does: with krew, then `kubectl magnum`.
//
// It builds krew itself from the Go module proxy and needs no other host: archives are handed over as files or served
// from loopback. It never touches the user's own krew: KREW_ROOT and HOME are folders of the test.
package krew

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const releases = "https://github.com/kubectl-magnum/kubectl-magnum/releases/download/"

func TestInstall(t *testing.T) {
	u := newUser(t)
	u.run(t, "kubectl", "krew", "install", "--manifest="+u.manifest, "--archive="+u.archive)

	out := u.run(t, "kubectl", "magnum", "version")
	if !strings.HasPrefix(out, "kubectl-magnum "+u.version+" ") {
		t.Errorf("kubectl magnum version prints %q, want %s", out, u.version)
	}
	program, err := filepath.EvalSymlinks(filepath.Join(u.home, "krew", "bin", "kubectl-magnum"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(program), "LICENSE")); err != nil {
		t.Errorf("the licence did not come along: %v", err)
	}
}

func TestInstallRefusesAnotherArchive(t *testing.T) {
	u := newUser(t)
	data, err := os.ReadFile(u.archive)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	other := filepath.Join(u.home, filepath.Base(u.archive))
	if err := os.WriteFile(other, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := u.command(t, "kubectl", "krew", "install", "--manifest="+u.manifest, "--archive="+other).CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("checksum does not match")) {
		t.Errorf("krew did not refuse an archive with one bit changed: %v\n%s", err, out)
	}
}

// TestManifest has krew's own validator install the archive of every platform.
func TestManifest(t *testing.T) {
	u := newUser(t)
	server := httptest.NewServer(http.FileServer(http.Dir(u.dist)))
	t.Cleanup(server.Close)
	manifest, err := os.ReadFile(u.manifest)
	if err != nil {
		t.Fatal(err)
	}
	// The validator wants the file to be named after the plugin.
	local := filepath.Join(u.home, "magnum.yaml")
	onLoopback := bytes.ReplaceAll(manifest, []byte(releases+u.version), []byte(server.URL))
	if bytes.Contains(onLoopback, []byte(releases)) {
		t.Fatalf("%s has other addresses than %s%s", u.manifest, releases, u.version)
	}
	if err := os.WriteFile(local, onLoopback, 0o600); err != nil {
		t.Fatal(err)
	}
	u.run(t, "validate-krew-manifest", "-manifest", local)
}

// user is someone who has kubectl and krew, and nothing installed yet.
type user struct {
	home, path                       string
	dist, manifest, archive, version string
}

// newUser skips the test where there is no snapshot to install.
func newUser(t *testing.T) user {
	t.Helper()
	dist, kubectl := os.Getenv("E2E_DIST"), os.Getenv("E2E_KUBECTL")
	if dist == "" && kubectl == "" {
		t.Skip("run by `make krew`: E2E_DIST and E2E_KUBECTL name the snapshot and a kubectl")
	}
	u := user{
		home:     t.TempDir(),
		dist:     dist,
		manifest: filepath.Join(dist, "krew", "magnum.yaml"),
		archive:  filepath.Join(dist, "kubectl-magnum_"+runtime.GOOS+"_"+runtime.GOARCH+".tar.gz"),
	}
	data, err := os.ReadFile(filepath.Join(dist, "metadata.json"))
	if err != nil {
		t.Fatal(err)
	}
	var metadata struct{ Version string }
	if err := json.Unmarshal(data, &metadata); err != nil {
		t.Fatal(err)
	}
	u.version = "v" + metadata.Version

	bin := filepath.Join(u.home, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "tool").CombinedOutput(); err != nil {
		t.Fatalf("go build tool: %v\n%s", err, out)
	}
	for link, target := range map[string]string{
		"kubectl":      kubectl,
		"kubectl-krew": filepath.Join(bin, "krew"),
	} {
		if err := os.Symlink(target, filepath.Join(bin, link)); err != nil {
			t.Fatal(err)
		}
	}
	u.path = bin + string(os.PathListSeparator) + filepath.Join(u.home, "krew", "bin")
	return u
}

// command has the user's environment and no more, so that nothing of the machine's leaks into the test.
func (u user) command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(u.home, "bin", name), args...)
	cmd.Dir = u.home
	cmd.Env = []string{
		"HOME=" + u.home,
		"PATH=" + u.path,
		"TMPDIR=" + u.home,
		"KREW_ROOT=" + filepath.Join(u.home, "krew"),
		"KREW_NO_UPGRADE_CHECK=1",
	}
	return cmd
}

// run returns what the command printed and fails the test unless it succeeded.
func (u user) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := u.command(t, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
