// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ourExtension = "extensions: [{name: kubectl-magnum, extension: {cluster: " + prodUUID + "}}]"

func TestTakenNamesAreRefused(t *testing.T) {
	otherUUID := "3f2c9f1e-ffff-4fff-8fff-ffffffffffff" // of the same head
	for name, c := range map[string]struct {
		text string
		want TakenError
	}{
		"context of somebody": {
			text: "contexts:\n- {name: prod, context: {cluster: c, user: u}}\n",
			want: TakenError{Kind: KindContext, Name: "prod"},
		},
		"context without a body": {
			text: "contexts:\n- {name: prod}\n",
			want: TakenError{Kind: KindContext, Name: "prod"},
		},
		"context of another cluster of ours": {
			text: "contexts:\n- {name: prod, context: {" + strings.ReplaceAll(ourExtension, prodUUID, testUUID) + "}}\n",
			want: TakenError{Kind: KindContext, Name: "prod", Have: testUUID},
		},
		"cluster of somebody": {
			text: "clusters:\n- {name: prod-3f2c9f1e, cluster: {server: 'https://192.0.2.1'}}\n",
			want: TakenError{Kind: KindCluster, Name: "prod-3f2c9f1e"},
		},
		"cluster with somebody's extension": {
			text: "clusters:\n- {name: prod-3f2c9f1e, cluster: {" + strings.ReplaceAll(ourExtension, "kubectl-magnum", "other") + "}}\n",
			want: TakenError{Kind: KindCluster, Name: "prod-3f2c9f1e"},
		},
		"cluster whose UUID has the same head": {
			text: "clusters:\n- {name: prod-3f2c9f1e, cluster: {" + strings.ReplaceAll(ourExtension, prodUUID, otherUUID) + "}}\n",
			want: TakenError{Kind: KindCluster, Name: "prod-3f2c9f1e", Have: otherUUID},
		},
		"user with a token": {
			text: "users:\n- {name: prod-3f2c9f1e, user: {token: t}}\n",
			want: TakenError{Kind: KindUser, Name: "prod-3f2c9f1e"},
		},
		"user with another command": {
			text: "users:\n- {name: prod-3f2c9f1e, user: {exec: {command: aws, args: [credential, --cluster=" + prodUUID + "]}}}\n",
			want: TakenError{Kind: KindUser, Name: "prod-3f2c9f1e"},
		},
		"user of another cluster of ours": {
			text: "users:\n- {name: prod-3f2c9f1e, user: {exec: {command: kubectl-magnum, args: [credential, --cluster=" + testUUID + "]}}}\n",
			want: TakenError{Kind: KindUser, Name: "prod-3f2c9f1e", Have: testUUID},
		},
		"empty user without a cluster of ours": {
			text: "users:\n- {name: prod-3f2c9f1e, user: {}}\n",
			want: TakenError{Kind: KindUser, Name: "prod-3f2c9f1e"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := emptyConfig + c.text
			path := write(t, filepath.Join(t.TempDir(), "config"), text)
			c.want.File = path
			_, err := merge(t, Paths{Explicit: path}, true, entry("test", testUUID), prod())
			wantTaken(t, err, c.want)
			if got := contents(t, path); got != text {
				t.Errorf("the file was changed:\n%s", diffText(text, got))
			}
			wantOnly(t, path)
		})
	}
}

func TestOneContextForTwoClustersIsRefused(t *testing.T) {
	_, err := merge(t, Paths{Home: t.TempDir()}, false, prod(), entry("prod", testUUID))
	wantTaken(t, err, TakenError{Kind: KindContext, Name: "prod", Have: prodUUID})
}

func TestFirstFileThatNamesIsTheOneThatCounts(t *testing.T) {
	dir := t.TempDir()
	foreign := emptyConfig + "contexts:\n- {name: prod, context: {cluster: c, user: u}}\n"
	a := write(t, filepath.Join(dir, "a"), emptyConfig)
	b := write(t, filepath.Join(dir, "b"), foreign)
	list := a + string(os.PathListSeparator) + b
	_, err := merge(t, Paths{Env: list}, false, prod())
	wantTaken(t, err, TakenError{Kind: KindContext, Name: "prod", File: b})

	write(t, a, mustText(t, "", false, prod()))
	mustMerge(t, Paths{Env: list}, false, prod())
	if contents(t, b) != foreign {
		t.Error("the shadowed file was changed")
	}
}

func TestOurCommandIsKnownByAnyPath(t *testing.T) {
	for _, command := range []string{"kubectl-magnum", "/opt/krew/bin/kubectl-magnum", `C:\Program Files\kubectl-magnum.exe`} {
		uuid, ours := credentialCluster(command, []string{"credential", "--max-age=1h", "--cluster=" + prodUUID})
		if !ours || uuid != prodUUID {
			t.Errorf("%q is for %q, ours: %v", command, uuid, ours)
		}
	}
	for _, command := range []string{"", "magnum", "kubectl-magnum.sh", "not-kubectl-magnum", "kubectl-magnum/aws"} {
		if _, ours := credentialCluster(command, []string{"credential", "--cluster=" + prodUUID}); ours {
			t.Errorf("%q counts as ours", command)
		}
	}
}

func TestClusterWithoutTLS(t *testing.T) {
	plain := prod()
	plain.Server, plain.CAFile, plain.Exec = "http://192.0.2.10:8080", "", nil
	text := mustText(t, "", true, plain)
	checkOurs(t, text, plain)
	if !strings.Contains(text, "  user: {}\n") {
		t.Errorf("the user entry is not empty:\n%s", text)
	}
	if again := mustText(t, text, true, plain); again != text {
		t.Errorf("merging again changes the file:\n%s", diffText(text, again))
	}
	checkOurs(t, mustText(t, text, true, prod()), prod())
}

func TestPlanSaysWhatMergeDoesAndDoesNothing(t *testing.T) {
	home := t.TempDir()
	p := Paths{Home: home}
	planned, err := p.Plan([]Entry{prod()}, true)
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(home); len(left) > 0 {
		t.Errorf("planning left %v", left)
	}
	if diff := cmp.Diff(planned, mustMerge(t, p, true, prod())); diff != "" {
		t.Errorf("(-plan +merge):\n%s", diff)
	}
}

func TestNothingNewIsNotWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	mustMerge(t, Paths{Explicit: path}, true, prod())
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range mustMerge(t, Paths{Explicit: path}, true, prod()) {
		if change.Action != Keep {
			t.Errorf("%+v", change)
		}
	}
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Error("the file was written")
	}
}
