// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/kubeconfig"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/settings"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// allHints reads the constants out of hint.go.
func allHints(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "hint.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var hints []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "hint") || len(spec.Values) == 0 {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			hints = append(hints, text)
		}
		return true
	})
	if len(hints) < 20 {
		t.Fatalf("found only %d hints", len(hints))
	}
	return hints
}

// Advice that takes too long, or another user, to bring about.
func TestHints(t *testing.T) {
	for _, test := range []struct {
		err  error
		want []string
	}{
		{fmt.Errorf("config: %w", &plugin.StateError{Err: state.ErrForeign}), []string{hintState}},
		{fmt.Errorf("sign: %w", context.DeadlineExceeded), []string{hintSlow}},
		{&plugin.ClusterError{Cluster: "prod", Err: &plugin.InProgressError{}}, []string{"wait for the API server; see how far it is: kubectl magnum status prod"}},
		{&plugin.ClusterError{Cluster: "prod", Err: &plugin.RotatedError{}}, []string{hintAgain}},
		{&settings.NoAccountError{UID: 1234}, []string{"give the user an entry with a home directory; this shows it: getent passwd 1234"}},
		{errors.New("anything else"), nil},
	} {
		if diff := cmp.Diff(test.want, hints(test.err)); diff != "" {
			t.Errorf("hints(%v) (-want +got):\n%s", test.err, diff)
		}
	}
}

// The README's troubleshooting has every hint in the same words.
func TestHintsAreInTheReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, hint := range allHints(t) {
		if !strings.Contains(string(readme), hint) {
			t.Errorf("README.md lacks the hint %q", hint)
		}
	}
}

// The README's first screen shows what config really prints.
func TestReadmeShowsTheSummary(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	const file = "/home/alice/.kube/config"
	want := summary(&plugin.ConfigResult{
		Clusters: []plugin.Configured{{
			Name: "prod", Context: "prod", User: "alice", Groups: []string{"system:masters"}, Store: (*cache.Keyring)(nil).Name(),
			NotAfter: time.Date(2031, 11, 22, 0, 0, 0, 0, time.UTC),
		}},
		Changes: []kubeconfig.Change{
			{File: file, Kind: kubeconfig.KindContext, Name: "prod", Action: kubeconfig.Add},
			{File: file, Kind: kubeconfig.KindCurrentContext, Name: "prod", Action: kubeconfig.Update},
		},
	}, plugin.ConfigRequest{MaxAge: 12 * time.Hour})
	if !strings.Contains(string(readme), "$ kubectl magnum config prod\n"+want) {
		t.Errorf("README.md does not show:\n%s", want)
	}
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"plain — Ünïcode":    "plain — Ünïcode",
		"a\x1b[31mb":         `a\u001b[31mb`,
		"line\nbreak":        `line\u000abreak`,
		"\u009b31m":          `\u009b31m`,
		"\u202egnp.exe":      `\u202egnp.exe`,
		"not utf-8 \xff":     "not utf-8 \ufffd",
		"zero\u200bwidth":    `zero\u200bwidth`,
		"separator \u2028 x": `separator \u2028 x`,
	} {
		if got := escape(in); got != want {
			t.Errorf("escape(%q) = %q, want %q", in, got, want)
		}
	}
}
