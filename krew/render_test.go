// SPDX-License-Identifier: Apache-2.0

package krew

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const template = `# about the template
spec:
  version: v0.0.0
  platforms:
    - uri: https://example.org/v0.0.0/magnum_linux.tar.gz
      sha256: "0000000000000000000000000000000000000000000000000000000000000000"
    - uri: https://example.org/v0.0.0/magnum_windows.zip
      sha256: "0000000000000000000000000000000000000000000000000000000000000000"
`

var (
	linuxSum   = strings.Repeat("1a", 32)
	windowsSum = strings.Repeat("2b", 32)
	sums       = linuxSum + "  magnum_linux.tar.gz\n" + windowsSum + "  magnum_windows.zip\n"
)

func TestRender(t *testing.T) {
	got, err := Render([]byte(template), "v1.2.3-rc.1", []byte(sums+strings.Repeat("3c", 32)+"  sbom.json\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := `spec:
  version: v1.2.3-rc.1
  platforms:
    - uri: https://example.org/v1.2.3-rc.1/magnum_linux.tar.gz
      sha256: "` + linuxSum + `"
    - uri: https://example.org/v1.2.3-rc.1/magnum_windows.zip
      sha256: "` + windowsSum + `"
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
}

func TestRenderRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		version, sums, want string
	}{
		"a version without v":          {"1.2.3", sums, `version "1.2.3" is not of the form v1.2.3`},
		"build metadata":               {"v1.2.3+dirty", sums, `version "v1.2.3+dirty" is not of the form v1.2.3`},
		"an archive that is not built": {"v1.2.3", linuxSum + "  magnum_linux.tar.gz\n", `the manifest names "magnum_windows.zip", which has no checksum`},
		"an archive it does not name":  {"v1.2.3", sums + linuxSum + "  magnum_plan9.zip\n", `the manifest does not name ["magnum_plan9.zip"]`},
		"a checksum cut short":         {"v1.2.3", sums[1:], `not a line of sha256sum: "` + sums[1:64] + `  magnum_linux.tar.gz"`},
		"a name with a directory":      {"v1.2.3", linuxSum + "  ../magnum_linux.tar.gz\n", `not a line of sha256sum: "` + linuxSum + `  ../magnum_linux.tar.gz"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Render([]byte(template), c.version, []byte(c.sums))
			if err == nil {
				t.Fatal("rendered")
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRenderLeavesNoPlaceholder(t *testing.T) {
	manifest, err := os.ReadFile("magnum.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var checksums strings.Builder
	for name := range releaseArchives(t) {
		checksums.WriteString(linuxSum + "  " + name + "\n")
	}
	got, err := Render(manifest, "v1.2.3", []byte(checksums.String()))
	if err != nil {
		t.Fatal(err)
	}
	for _, placeholder := range []string{versionPlaceholder, checksumPlaceholder} {
		if strings.Contains(string(got), placeholder) {
			t.Errorf("%s is still in:\n%s", placeholder, got)
		}
	}
}
