// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"bytes"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
)

const (
	// short is a lease that a test can wait for, long one that does not end
	// while it runs.
	short = "2s"
	long  = "1m"
	// afterShort is when a short lease is over, however busy the machine.
	afterShort = 3 * time.Second
)

// user is somebody who has configured the cluster and has a keyring. A step
// that fails ends the test.
type user struct {
	*env.Env
	t *testing.T
	w *World
}

// newUser configures the cluster with that lease, or without naming one if it
// is empty.
func (w *World) newUser(t *testing.T, kubectl, lease string) *user {
	t.Helper()
	u := w.newcomer(t, kubectl)
	config := "kubectl magnum config " + w.Cluster
	if lease != "" {
		config += " --lease " + lease
	}
	u.succeeds(config)
	return u
}

// newcomer is a user who has not configured anything.
func (w *World) newcomer(t *testing.T, kubectl string) *user {
	t.Helper()
	e, err := env.New(t.Context(), env.Options{
		Kubectl: kubectl, Plugin: w.Plugin, Others: map[string]string{"helm": w.Helm, "client": w.Client},
		CloudsYAML: w.CloudsYAML, Cloud: w.Cloud, Keyring: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	e.CloseAfter(t)
	return &user{e, t, w}
}

// runs runs a command line of words.
func (u *user) runs(command string) env.Output {
	words := strings.Fields(command)
	return u.Run(u.t.Context(), words[0], words[1:]...)
}

func (u *user) succeeds(command string) {
	u.t.Helper()
	out := u.runs(command)
	if out.Code != 0 {
		u.t.Fatalf("%s: exit status %d\n%s%s", command, out.Code, out.Stdout, out.Stderr)
	}
}

// isToldOnce runs a command that fails, says why in one line of ours, and
// succeeds when it is run again, as that line advises.
func (u *user) isToldOnce(command string) {
	u.t.Helper()
	out := u.runs(command)
	if out.Code == 0 {
		u.t.Fatalf("%s: succeeded, although it can't have known the new CA:\n%s", command, out.Stderr)
	}
	u.t.Logf("%s:\n%s", command, out.Stderr)
	switch said := ours(out.Stderr); {
	case len(said) != 1:
		u.t.Errorf("%s: kubectl-magnum said %q, want one line", command, said)
	case !strings.Contains(said[0], "run"):
		u.t.Errorf("%s: %q does not say to run it again", command, said[0])
	}
	u.succeeds(command)
}

// mostTwice is how often the command fails before it succeeds; three times end
// the test.
func (u *user) mostTwice(command string) {
	u.t.Helper()
	var said strings.Builder
	for range 3 {
		out := u.runs(command)
		if out.Code == 0 {
			u.t.Logf("%s: before it succeeded:\n%s", command, &said)
			return
		}
		said.WriteString(out.Stderr)
	}
	u.t.Fatalf("%s failed three times:\n%s", command, &said)
}

// idles lets time pass: what is tested is what happens after it.
func (u *user) idles(d time.Duration) {
	u.t.Helper()
	select {
	case <-time.After(d):
	case <-u.t.Context().Done():
		u.t.Fatal(u.t.Context().Err())
	}
}

// caFile is the content of the one CA file.
func (u *user) caFile() []byte {
	u.t.Helper()
	files, err := filepath.Glob(filepath.Join(u.Home, ".local", "share", "kubectl-magnum", "ca", "*.crt"))
	if err != nil || len(files) != 1 {
		u.t.Fatalf("CA files: %q, %v, want one", files, err)
	}
	content, err := os.ReadFile(files[0])
	if err != nil {
		u.t.Fatal(err)
	}
	return content
}

// holds tells whether a CA file has the CA in it.
func holds(file []byte, ca cluster.CA) bool {
	want, _ := pem.Decode(ca.Certificate)
	for {
		var block *pem.Block
		if block, file = pem.Decode(file); block == nil {
			return false
		}
		if bytes.Equal(block.Bytes, want.Bytes) {
			return true
		}
	}
}

// ours are the lines that the program wrote.
func ours(stderr string) []string {
	var lines []string
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, "kubectl-magnum: ") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}
