// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var updateGolden = flag.Bool("update", false, "write the results into testdata/merge")

// TestMergeIntoRealFiles merges into the kubeconfigs of testdata/merge and
// compares the whole text.
func TestMergeIntoRealFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/merge/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in := string(archive.Files[0].Data)
			got := mustText(t, in, true, prod())
			checkForeign(t, in, got, prod())
			checkComments(t, in, got)
			checkOurs(t, got, prod())
			if again := mustText(t, got, true, prod()); again != got {
				t.Errorf("merging again changes the file:\n%s", diffText(got, again))
			}
			if *updateGolden {
				archive.Files = append(archive.Files[:1], txtar.File{Name: "out", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := diffText(string(archive.Files[1].Data), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// realFile is the kubeconfig of a case in testdata/merge.
func realFile(t testing.TB, name string) string {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata/merge", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	return string(archive.Files[0].Data)
}
