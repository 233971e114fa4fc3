// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

const (
	prodUUID = "3f2c9f1e-7c1d-4a55-9d5b-0c6b8f0a1b2c"
	testUUID = "a7d1f0b2-1111-4222-8333-444455556666"
)

func entry(context, uuid string) Entry {
	return Entry{
		Context: context, ClusterUUID: uuid, ClusterName: context, Server: "https://192.0.2.10:6443",
		CAFile: "/home/ada/.local/share/kubectl-magnum/ca/" + uuid + ".pem",
		Exec: &Exec{
			Command: "kubectl-magnum", Args: []string{"credential", "--cluster=" + uuid, "--os-cloud=lab"},
			InstallHint: "kubectl-magnum is missing: kubectl krew install magnum",
		},
	}
}

func prod() Entry { return entry("prod", prodUUID) }

func write(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func contents(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// merge merges with a deadline that no test should meet.
func merge(t testing.TB, p Paths, setCurrent bool, entries ...Entry) ([]Change, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return p.Merge(ctx, entries, setCurrent, LockOwner{PID: os.Getpid(), Host: "test"})
}

func mustMerge(t testing.TB, p Paths, setCurrent bool, entries ...Entry) []Change {
	t.Helper()
	changes, err := merge(t, p, setCurrent, entries...)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func mustText(t testing.TB, in string, setCurrent bool, entries ...Entry) string {
	t.Helper()
	path := write(t, filepath.Join(t.TempDir(), "config"), in)
	mustMerge(t, Paths{Explicit: path}, setCurrent, entries...)
	return contents(t, path)
}

func TestRenderIsWhatKubectlWrites(t *testing.T) {
	embedded := entry("test", testUUID)
	embedded.CAFile, embedded.CAData = "", []byte("-----BEGIN CERTIFICATE-----\n")
	plain := entry("plain", "00000000-0000-4000-8000-000000000000")
	plain.Server, plain.CAFile, plain.Exec = "http://192.0.2.11:8080", "", nil
	out, err := Render([]Entry{prod(), embedded, plain}, "prod")
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := clientcmd.Load(out)
	if err != nil {
		t.Fatal(err)
	}
	kubectls, err := clientcmd.Write(*loaded)
	if err != nil {
		t.Fatal(err)
	}
	// kubectl sorts the entries by name.
	sorted, err := Render([]Entry{plain, prod(), embedded}, "prod")
	if err != nil {
		t.Fatal(err)
	}
	if diff := diffText(normalise(string(kubectls)), string(sorted)); diff != "" {
		t.Errorf("kubectl would write it differently (-kubectl +ours):\n%s", diff)
	}
}

// normalise takes out what kubectl writes although it says nothing.
func normalise(text string) string {
	for _, nothing := range []string{"      env: null\n", "preferences: {}\n"} {
		text = strings.ReplaceAll(text, nothing, "")
	}
	return text
}

func TestRenderRefusesOneContextForTwoClusters(t *testing.T) {
	_, err := Render([]Entry{prod(), entry("prod", testUUID)}, "")
	wantTaken(t, err, TakenError{Kind: KindContext, Name: "prod", Have: prodUUID})
}

func TestEntryIsChecked(t *testing.T) {
	for name, spoil := range map[string]func(*Entry){
		"no context":              func(e *Entry) { e.Context = "" },
		"no UUID":                 func(e *Entry) { e.ClusterUUID = "" },
		"no server":               func(e *Entry) { e.Server = "" },
		"CA file and data":        func(e *Entry) { e.CAData = []byte("x") },
		"command names another":   func(e *Entry) { e.Exec.Args[1] = "--cluster=" + testUUID },
		"command names none":      func(e *Entry) { e.Exec.Args = e.Exec.Args[:1] },
		"command of someone":      func(e *Entry) { e.Exec.Command = "aws" },
		"another of our commands": func(e *Entry) { e.Exec.Args[0] = "version" },
	} {
		t.Run(name, func(t *testing.T) {
			e := prod()
			spoil(&e)
			path := filepath.Join(t.TempDir(), "config")
			if _, err := merge(t, Paths{Explicit: path}, true, e); err == nil {
				t.Fatal("accepted")
			}
			if _, err := os.Lstat(path); err == nil {
				t.Error("a file was written")
			}
		})
	}
}
