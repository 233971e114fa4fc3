// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

const emptyConfig = "apiVersion: v1\nkind: Config\n"

// listCases are values of $KUBECONFIG, with DIR for a directory, and the files
// that exist.
var listCases = map[string]struct {
	list   string
	exist  []string
	target string // "" if kubectl fails
}{
	"one that is missing":    {list: "DIR/a", target: "a"},
	"one in a new directory": {list: "DIR/new/a", target: "new/a"},
	"none exists: the last":  {list: "DIR/a:DIR/b", target: "b"},
	"the first that exists":  {list: "DIR/a:DIR/b:DIR/c", exist: []string{"b", "c"}, target: "b"},
	"duplicates":             {list: "DIR/a:DIR/a:DIR/b:DIR/a", exist: []string{"b"}, target: "b"},
	"only duplicates":        {list: "DIR/a:DIR/a", target: "a"},
	"empty elements":         {list: ":DIR/a::", exist: []string{"a"}, target: "a"},
	"an empty first element": {list: ":DIR/a", target: "a"},
}

func (c listPlace) env(list string) string {
	list = strings.ReplaceAll(list, ":", string(os.PathListSeparator))
	return strings.ReplaceAll(list, "DIR", string(c))
}

// listPlace is the directory that stands for DIR.
type listPlace string

func (c listPlace) files(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(string(c), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && contents(t, path) != emptyConfig {
			name, _ := filepath.Rel(string(c), path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestListGoesWhereKubectlGoes(t *testing.T) {
	for name, c := range listCases {
		t.Run(name, func(t *testing.T) {
			kubectls, ours := listPlace(t.TempDir()), listPlace(t.TempDir())
			for _, file := range c.exist {
				write(t, filepath.Join(string(kubectls), file), emptyConfig)
				write(t, filepath.Join(string(ours), file), emptyConfig)
			}
			t.Chdir(t.TempDir()) // where client-go puts the lock of an empty element
			t.Setenv("KUBECONFIG", kubectls.env(c.list))
			config := api.NewConfig()
			config.Contexts["prod"] = api.NewContext()
			config.CurrentContext = "prod"
			if err := clientcmd.ModifyConfig(clientcmd.NewDefaultPathOptions(), *config, false); err != nil {
				t.Fatal(err)
			}
			p := Paths{Env: ours.env(c.list), Home: t.TempDir()}
			target, err := targetOf(p)
			if err != nil {
				t.Fatal(err)
			}
			mustMerge(t, p, true, prod())
			if diff := cmp.Diff(kubectls.files(t), ours.files(t)); diff != "" {
				t.Errorf("files written (-kubectl +ours):\n%s", diff)
			}
			if want := filepath.Join(string(ours), c.target); target != want {
				t.Errorf("target is %q, want %q", target, want)
			}
		})
	}
}

func TestTarget(t *testing.T) {
	sep := string(os.PathListSeparator)
	for name, c := range map[string]struct {
		paths Paths
		want  string
		err   error
	}{
		"the flag before all":       {paths: Paths{Explicit: "x", Env: "e", Home: "h"}, want: "x"},
		"the list before home":      {paths: Paths{Env: "e", Home: "h"}, want: "e"},
		"home":                      {paths: Paths{Home: "h"}, want: filepath.Join("h", ".kube", "config")},
		"nothing":                   {err: ErrNoFile},
		"a list of nothing":         {paths: Paths{Env: sep, Home: "h"}, err: ErrNoFile},
		"the last element is empty": {paths: Paths{Env: "e" + sep}, want: "e"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := targetOf(c.paths)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %q, %v; want %q, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestOursAreUpdatedWhereTheyAre(t *testing.T) {
	dir := t.TempDir()
	first := write(t, filepath.Join(dir, "a"), "")
	second := write(t, filepath.Join(dir, "b"), mustText(t, "", true, prod()))
	p := Paths{Env: first + string(os.PathListSeparator) + second}
	moved := prod()
	moved.Server = "https://192.0.2.20:6443"
	got := mustMerge(t, p, true, moved, entry("test", testUUID))
	want := []Change{
		{File: second, Kind: KindCluster, Name: moved.name(), Action: Update},
		{File: second, Kind: KindContext, Name: "prod", Action: Keep},
		{File: second, Kind: KindUser, Name: moved.name(), Action: Keep},
		{File: first, Kind: KindCluster, Name: "test-a7d1f0b2", Action: Add},
		{File: first, Kind: KindContext, Name: "test", Action: Add},
		{File: first, Kind: KindUser, Name: "test-a7d1f0b2", Action: Add},
		{File: second, Kind: KindCurrentContext, Name: "prod", Action: Keep, Was: "prod"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	checkOurs(t, contents(t, second), moved)
	checkOurs(t, contents(t, first), entry("test", testUUID))
}

func TestCurrentContextIsTheOneThatCounts(t *testing.T) {
	dir := t.TempDir()
	first := write(t, filepath.Join(dir, "a"), emptyConfig)
	second := write(t, filepath.Join(dir, "b"), emptyConfig+"current-context: office\n")
	list := first + string(os.PathListSeparator) + second
	changes := mustMerge(t, Paths{Env: list}, true, prod())
	want := Change{File: first, Kind: KindCurrentContext, Name: "prod", Action: Update, Was: "office"}
	if got := changes[len(changes)-1]; got != want {
		t.Errorf("change is %+v, want %+v", got, want)
	}
	rules := clientcmd.ClientConfigLoadingRules{Precedence: []string{first, second}}
	c, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	if c.CurrentContext != "prod" {
		t.Errorf("kubectl's current context is %q", c.CurrentContext)
	}
}

func targetOf(p Paths) (string, error) {
	files, err := p.files()
	if err != nil {
		return "", err
	}
	return target(files), nil
}
