// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"
)

// removedFrom is a removal from one file, without the file.
func removedFrom(in, uuid string) (string, error) {
	d, err := parse("config", []byte(in))
	if err != nil {
		return "", err
	}
	loaded, err := load("config", []byte(in))
	if err != nil {
		return "", err
	}
	s := &source{path: "config", doc: d, loaded: loaded, tree: d.tree()}
	m := &remover{Removal: Removal{ClusterUUID: uuid}, sources: []*source{s}}
	if err := m.plan(); err != nil {
		return "", err
	}
	out, err := s.text()
	return string(out), err
}

// remove removes prod with a deadline that no test should meet.
func remove(t testing.TB, p Paths, others ...string) (*Removed, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return p.Remove(ctx, Removal{ClusterUUID: prodUUID, CAFile: prod().CAFile, Others: others}, LockOwner{})
}

func mustRemove(t testing.TB, p Paths, others ...string) *Removed {
	t.Helper()
	r, err := remove(t, p, others...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What merging into real files added, removing takes back to the letter, but for
// sections that were missing.
func TestRemoveTakesBackWhatMergeAdded(t *testing.T) {
	files, err := filepath.Glob("testdata/merge/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			in := realFile(t, name)
			if strings.HasPrefix(name, "update") || name == "comments-in-ours" {
				in = mustText(t, in, false, entry("test", testUUID)) // it has prod in it
				in, err = removedFrom(in, prodUUID)
				if err != nil {
					t.Fatal(err)
				}
			}
			out, err := removedFrom(mustText(t, in, false, prod()), prodUUID)
			if err != nil {
				t.Fatal(err)
			}
			checkForeign(t, in, out)
			checkComments(t, in, out)
			if _, err := clientcmd.Load([]byte(out)); err != nil {
				t.Error(err)
			}
			if in, out := withoutEmpty(in), withoutEmpty(out); out != in {
				t.Errorf("not as before:\n%s", diffText(in, out))
			}
		})
	}
}

var emptySection = regexp.MustCompile(`apiVersion: v1\n|kind: Config\n|,? ?"?(?:clusters|contexts|users)"?:(?: ?\[\]| ?null)?,?\n|, "(?:clusters|contexts)": \[\]`)

// withoutEmpty is a kubeconfig without empty sections, and without what a new one
// begins with.
func withoutEmpty(text string) string {
	return emptySection.ReplaceAllString(text, "")
}

func TestRemoveWithWordsOfTheUsers(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"block": {
			in: `# mine
users:
# about a
- name: a
  user: {}
# before it
- name: prod-3f2c9f1e # behind it
  # in it
  user:
    exec: {command: kubectl-magnum, args: [credential, --cluster=` + prodUUID + `]} # ours
  # after it

# about b
- name: b
  user: {}
`,
			want: `# mine
users:
# about a
- name: a
  user: {}
# before it
  # after it

# about b
- name: b
  user: {}
`,
		},
		"the only one": {
			in:   "users: # all\n# first\n-\n  name: prod-3f2c9f1e\n  user: {exec: {command: kubectl-magnum, args: [credential, --cluster=" + prodUUID + "]}}\n# end\nx: 1",
			want: "users: [] # all\n# first\n# end\nx: 1",
		},
		"behind a block scalar": {
			in:   "users:\n- name: a\n  user:\n    x: |+\n      text\n- name: prod-3f2c9f1e\n  user: {exec: {command: kubectl-magnum, args: [credential, --cluster=" + prodUUID + "]}}\n\n      # deep\n",
			want: "users:\n- name: a\n  user:\n    x: |+\n      text\n# deep\n",
		},
		"in flow style": {
			in:   "users: [{name: a}, # a\n  {name: prod-3f2c9f1e, user: {exec: {command: kubectl-magnum, args: [credential, --cluster=" + prodUUID + "]}}} # ours\n]\n",
			want: "users: [{name: a} # a\n   # ours\n]\n",
		},
		"the first in flow style": {
			in:   "users: [{name: prod-3f2c9f1e, user: {exec: {command: kubectl-magnum, args: [credential, --cluster=" + prodUUID + "]}}}, # ours\n  {name: a}]\n",
			want: "users: [ # ours\n  {name: a}]\n",
		},
		"the first in JSON": {
			in:   "{\n  \"users\": [\n    {\"name\": \"p\", \"user\": {\"exec\": {\"command\": \"kubectl-magnum\", \"args\": [\"credential\", \"--cluster=" + prodUUID + "\"]}}},\n    {\"name\": \"a\"}\n  ]\n}\n",
			want: "{\n  \"users\": [\n    {\"name\": \"a\"}\n  ]\n}\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := removedFrom(c.in, prodUUID)
			if err != nil || got != c.want {
				t.Errorf("%v\n%s", err, diffText(c.want, got))
			}
		})
	}
}

func TestRemoveTakesOnlyWhatIsOurs(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "config"), emptyConfig)
	plain := entry("plain", prodUUID) // without TLS: its user is empty
	plain.Server, plain.CAFile, plain.Exec = "http://192.0.2.10:8080", "", nil
	mustMerge(t, Paths{Explicit: path}, false, entry("test", testUUID))
	want := contents(t, path)
	mustMerge(t, Paths{Explicit: path}, true, prod(), entry("second", prodUUID), plain)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	got := mustRemove(t, Paths{Explicit: path})
	if len(got.Changes) != 10 || got.Left != nil {
		t.Errorf("got %+v", got)
	}
	current := Change{File: path, Kind: KindCurrentContext, Action: Remove, Was: "prod"}
	if diff := cmp.Diff(current, got.Changes[9]); diff != "" {
		t.Error(diff)
	}
	if text := contents(t, path); text != want+"current-context: \"\"\n" {
		t.Errorf("got:\n%s", diffText(want, text))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 && os.PathSeparator == '/' {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	wantOnly(t, path)
	again := mustRemove(t, Paths{Explicit: path})
	if len(again.Changes) > 0 {
		t.Errorf("again: %+v", again)
	}
}

// A context that somebody made of our entries would lose its cluster.
func TestRemoveRefusesWhatIsNeeded(t *testing.T) {
	for needs, want := range map[string]InUseError{
		"{cluster: prod-3f2c9f1e, user: u, namespace: web}":       {Kind: KindCluster, Name: "prod-3f2c9f1e"},
		"{cluster: c, user: prod-3f2c9f1e}":                       {Kind: KindUser, Name: "prod-3f2c9f1e"},
		"{<<: {cluster: prod-3f2c9f1e}, user: u}":                 {Kind: KindCluster, Name: "prod-3f2c9f1e"},
		"{cluster: prod-3f2c9f1e, user: prod-3f2c9f1e}":           {Kind: KindCluster, Name: "prod-3f2c9f1e"},
		"{namespace: web, user: u, \"cluster\": 'prod-3f2c9f1e'}": {Kind: KindCluster, Name: "prod-3f2c9f1e"},
	} {
		dir := t.TempDir()
		a := write(t, filepath.Join(dir, "a"), mustText(t, "", true, prod()))
		b := write(t, filepath.Join(dir, "b"), emptyConfig+"contexts:\n- {name: mine, context: "+needs+"}\n")
		before := contents(t, a)
		want.File, want.Context = b, "mine"
		_, err := remove(t, Paths{Env: a + string(os.PathListSeparator) + b})
		var used *InUseError
		if !errors.As(err, &used) || *used != want {
			t.Errorf("%s: got %v", needs, err)
		}
		if contents(t, a) != before {
			t.Errorf("%s: the file was changed", needs)
		}
	}
}

func TestRemoveFromAllFilesOfAList(t *testing.T) {
	dir := t.TempDir()
	a := write(t, filepath.Join(dir, "a"), mustText(t, "", false, prod()))
	b := write(t, filepath.Join(dir, "b"), mustText(t, "current-context: other\n", false, entry("second", prodUUID), entry("test", testUUID)))
	write(t, a, contents(t, a)+"current-context: second\n")
	list := strings.Join([]string{a, b, filepath.Join(dir, "missing", "config")}, string(os.PathListSeparator))
	planned, err := Paths{Env: list}.PlanRemoval(Removal{ClusterUUID: prodUUID})
	if err != nil {
		t.Fatal(err)
	}
	got := mustRemove(t, Paths{Env: list})
	if diff := cmp.Diff(planned, got); diff != "" {
		t.Errorf("(-plan +remove):\n%s", diff)
	}
	want := Change{File: a, Kind: KindCurrentContext, Action: Remove, Was: "second", Name: "other"}
	if diff := cmp.Diff(want, got.Changes[len(got.Changes)-1]); diff != "" || len(got.Changes) != 7 {
		t.Errorf("%d changes, the last one:\n%s", len(got.Changes), diff)
	}
	checkOurs(t, contents(t, b), entry("test", testUUID))
	for _, file := range []string{a, b} {
		if strings.Contains(contents(t, file), prodUUID) {
			t.Errorf("left:\n%s", contents(t, file))
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "missing")); err == nil {
		t.Error("a directory was made")
	}
}

func TestRemoveSaysWhoElseRefers(t *testing.T) {
	dir := t.TempDir()
	ca := prod().CAFile
	file := func(name, text string) string { return write(t, filepath.Join(dir, name), text) }
	given := file("given", mustText(t, "clusters:\n- {name: copy, cluster: {certificate-authority: "+ca+"}}\n", true, prod()))
	ours := file("ours", mustText(t, "", true, prod()))
	theirs := file("theirs", "clusters:\n- {name: copy, cluster: {certificate-authority: "+ca+"}}\n")
	broken := file("broken", "a: [")
	other := file("other", mustText(t, "", true, entry("test", testUUID)))
	before := contents(t, ours)
	got := mustRemove(t, Paths{Explicit: given}, ours, given, theirs, broken, other, filepath.Join(dir, "missing"))
	want := []Reference{{File: given}, {File: ours, Ours: true}, {File: theirs}, {File: broken, Ours: true}}
	if diff := cmp.Diff(want, got.Left); diff != "" {
		t.Error(diff)
	}
	if contents(t, ours) != before {
		t.Error("another file was changed")
	}
}

func TestRemoveWaitsForTheLockIfThereIsSomethingToRemove(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "config"), mustText(t, "", true, prod()))
	write(t, path+".lock", "")
	if err := os.Chmod(path+".lock", 0); err != nil { // kubectl's
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var locked *LockedError
	if _, err := (Paths{Explicit: path}).Remove(ctx, Removal{ClusterUUID: prodUUID}, LockOwner{}); !errors.As(err, &locked) {
		t.Errorf("got %v", err)
	}
	if _, err := (Paths{Explicit: path}).Remove(ctx, Removal{ClusterUUID: testUUID}, LockOwner{}); err != nil {
		t.Errorf("nothing to remove: %v", err)
	}
}

func TestClustersOfAKubeconfig(t *testing.T) {
	named := entry("work", testUUID)
	named.Exec.Args = append(named.Exec.Args, "--cluster-name=test")
	plain := prod()
	plain.Server, plain.CAFile, plain.Exec = "http://192.0.2.10:8080", "", nil
	path := write(t, filepath.Join(t.TempDir(), "config"), mustText(t, realFile(t, "kubectl"), false, named, plain))
	got, err := Paths{Explicit: path}.Clusters()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Cluster{{UUID: testUUID, Name: "test"}, {UUID: prodUUID, Name: "prod"}}, got); diff != "" {
		t.Error(diff)
	}
}
