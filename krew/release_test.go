// SPDX-License-Identifier: Apache-2.0

package krew

import (
	"os"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// TestManifestNamesWhatIsReleased keeps magnum.yaml and .goreleaser.yaml from drifting apart: same archives, for the same
// platforms, with the program under the same name.
func TestManifestNamesWhatIsReleased(t *testing.T) {
	var manifest struct {
		Spec struct {
			Platforms []struct {
				Selector struct {
					MatchLabels struct{ Os, Arch string } `yaml:"matchLabels"`
				}
				URI string
				Bin string
			}
		}
	}
	decode(t, "magnum.yaml", &manifest)
	got := map[string]released{}
	for _, p := range manifest.Spec.Platforms {
		if want := "https://github.com/kubectl-magnum/kubectl-magnum/releases/download/v0.0.0/" + path.Base(p.URI); p.URI != want {
			t.Errorf("uri %s, want %s", p.URI, want)
		}
		got[path.Base(p.URI)] = released{OS: p.Selector.MatchLabels.Os, Arch: p.Selector.MatchLabels.Arch, Bin: p.Bin}
	}
	if diff := cmp.Diff(releaseArchives(t), got); diff != "" {
		t.Errorf("archives (-.goreleaser.yaml +krew/magnum.yaml):\n%s", diff)
	}
}

// released is what an archive is for and what it holds.
type released struct{ OS, Arch, Bin string }

// releaseArchives returns the archives that .goreleaser.yaml asks for, by name.
func releaseArchives(t *testing.T) map[string]released {
	t.Helper()
	var config struct {
		ProjectName string `yaml:"project_name"`
		Builds      []struct {
			Binary       string
			Goos, Goarch []string
		}
		Archives []struct {
			NameTemplate    string `yaml:"name_template"`
			Formats         []string
			FormatOverrides []struct {
				Goos    string
				Formats []string
			} `yaml:"format_overrides"`
		}
	}
	decode(t, "../.goreleaser.yaml", &config)
	if len(config.Builds) != 1 || len(config.Archives) != 1 {
		t.Fatalf("%d builds and %d archives, want one of each", len(config.Builds), len(config.Archives))
	}
	build, archive := config.Builds[0], config.Archives[0]
	archives := map[string]released{}
	for _, goos := range build.Goos {
		format, bin := archive.Formats[0], build.Binary
		for _, override := range archive.FormatOverrides {
			if override.Goos == goos {
				format = override.Formats[0]
			}
		}
		if goos == "windows" {
			bin += ".exe"
		}
		for _, goarch := range build.Goarch {
			name := strings.NewReplacer(
				"{{ .ProjectName }}", config.ProjectName, "{{ .Os }}", goos, "{{ .Arch }}", goarch,
			).Replace(archive.NameTemplate)
			archives[name+"."+format] = released{OS: goos, Arch: goarch, Bin: bin}
		}
	}
	return archives
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
