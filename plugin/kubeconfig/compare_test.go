// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"k8s.io/client-go/tools/clientcmd"
)

// These comparisons share no code with the package's own: they look at the
// text, at plain decoded values, and at what client-go loads.

func diffText(want, got string) string {
	return cmp.Diff(strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n"))
}

func wantTaken(t testing.TB, err error, want TakenError) {
	t.Helper()
	var taken *TakenError
	if !errors.As(err, &taken) || *taken != want {
		t.Fatalf("error is %v, want %v", err, &want)
	}
}

// decoded is a kubeconfig as plain values, its lists apart and in order.
type decoded struct {
	Rest                      map[string]any
	Clusters, Contexts, Users []any
}

func decode(t testing.TB, text string) decoded {
	t.Helper()
	d := decoded{Rest: map[string]any{}}
	if err := yaml.Unmarshal([]byte(text), &d.Rest); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	for key, list := range map[string]*[]any{"clusters": &d.Clusters, "contexts": &d.Contexts, "users": &d.Users} {
		*list, _ = d.Rest[key].([]any)
		delete(d.Rest, key)
	}
	return d
}

// foreignOnly takes out the items with the given names, the current context,
// and what a new kubeconfig starts with.
func foreignOnly(d decoded, names []string) decoded {
	ours := func(item any) bool {
		m, _ := item.(map[string]any)
		name, _ := m["name"].(string)
		return slices.Contains(names, name)
	}
	for _, list := range []*[]any{&d.Clusters, &d.Contexts, &d.Users} {
		if *list = slices.DeleteFunc(slices.Clone(*list), ours); len(*list) == 0 {
			*list = nil
		}
	}
	delete(d.Rest, "current-context")
	return d
}

// checkForeign compares everything but our own entries, before and after, and
// leaves comments to checkComments.
func checkForeign(t testing.TB, before, after string, entries ...Entry) {
	t.Helper()
	var names []string
	for _, e := range entries {
		names = append(names, e.Context, e.name())
	}
	was, is := foreignOnly(decode(t, before), names), foreignOnly(decode(t, after), names)
	if len(was.Rest) == 0 && len(is.Rest) == 2 {
		is.Rest = was.Rest // the file was empty: apiVersion and kind are new
	}
	if diff := cmp.Diff(was, is); diff != "" {
		t.Errorf("foreign entries differ:\n%s\nbefore:\n%s\nafter:\n%s", diff, before, after)
	}
}

func checkComments(t testing.TB, before, after string) {
	t.Helper()
	if !slices.Equal(comments(before), comments(after)) {
		t.Errorf("comments differ:\nbefore %q\nafter  %q", comments(before), comments(after))
	}
}

// ambiguous is a text in which what looks like a comment may be part of a
// quoted string, behind which we add things.
var ambiguous = regexp.MustCompile(`(?s)["'].*[ \t]#`)

// comments are the lines, or ends of lines, that look like comments. Text of a
// scalar that looks like one is no matter: it has to stay too.
func comments(text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if i := strings.Index(" "+line, " #"); i >= 0 {
			found = append(found, strings.TrimRight(line[i:], "\r\n"))
		}
	}
	return found
}

// checkOurs looks at our entries through client-go's eyes.
func checkOurs(t testing.TB, text string, entries ...Entry) {
	t.Helper()
	c, err := clientcmd.Load([]byte(text))
	if err != nil {
		t.Fatalf("client-go can't load it: %v\n%s", err, text)
	}
	for _, e := range entries {
		context, cluster, user := c.Contexts[e.Context], c.Clusters[e.name()], c.AuthInfos[e.name()]
		if context == nil || cluster == nil || user == nil {
			t.Fatalf("context, cluster or user of %q is missing in:\n%s", e.Context, text)
		}
		if context.Cluster != e.name() || context.AuthInfo != e.name() {
			t.Errorf("context leads to %q and %q", context.Cluster, context.AuthInfo)
		}
		if cluster.Server != e.Server || cluster.CertificateAuthority != e.CAFile || string(cluster.CertificateAuthorityData) != string(e.CAData) {
			t.Errorf("cluster is %+v", cluster)
		}
		if (user.Exec == nil) != (e.Exec == nil) {
			t.Fatalf("user has exec %v", user.Exec)
		}
		if e.Exec == nil {
			continue
		}
		x := user.Exec
		if x.Command != e.Exec.Command || !slices.Equal(x.Args, e.Exec.Args) || x.InteractiveMode != "Never" ||
			!x.ProvideClusterInfo || x.APIVersion != "client.authentication.k8s.io/v1" || x.InstallHint != e.Exec.InstallHint {
			t.Errorf("exec is %+v", x)
		}
	}
}
