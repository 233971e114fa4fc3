// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// digest names everything that the programs of the module in dir depend on: Go
// release, platform, required modules and the module's own files. Two trees
// with the same content share what is built.
func digest(ctx context.Context, dir string) (string, error) {
	h := sha256.New()
	toolchain, err := goTool(ctx, dir, "env", "GOVERSION", "GOHOSTOS", "GOHOSTARCH")
	if err != nil {
		return "", err
	}
	fmt.Fprintln(h, toolchain)
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if path != dir && isFile(filepath.Join(path, "go.mod")) {
				return fs.SkipDir
			}
			return nil
		}
		if name := entry.Name(); name != "go.mod" && name != "go.sum" && filepath.Ext(name) != ".go" {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		fmt.Fprintf(h, "%s %d\n%s", relative, len(content), content)
		return err
	})
	return hex.EncodeToString(h.Sum(nil))[:16], err
}

func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])[:16]
}

// moduleRoot is the directory of the end-to-end module: the one that the
// working directory belongs to.
func moduleRoot(ctx context.Context) (string, error) {
	file, err := goTool(ctx, ".", "list", "-m", "-f", "{{.Dir}}", "github.com/kubectl-magnum/kubectl-magnum/e2e")
	if err != nil || file == "" {
		return "", fmt.Errorf("find the end-to-end module: run this from a directory below e2e: %w", err)
	}
	return file, nil
}

// moduleVersion is the version, without "v", of a module that the one in dir
// requires. The staging modules of Kubernetes 1.x are released as 0.x.
func moduleVersion(ctx context.Context, dir, module string) (string, error) {
	version, err := goTool(ctx, dir, "list", "-m", "-f", "{{.Version}}", module)
	version = strings.TrimPrefix(version, "v")
	if staging, ok := strings.CutPrefix(version, "0."); ok {
		version = "1." + staging
	}
	return version, err
}

// versionFlags are linker flags that make a program of Kubernetes tell its
// version, as its releases are linked; other programs ignore them.
func versionFlags(version string) string {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	flags := []string{"-s", "-w"}
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		for _, v := range [][2]string{{"gitVersion", "v" + version}, {"gitMajor", major}, {"gitMinor", minor}, {"gitTreeState", "archive"}} {
			flags = append(flags, fmt.Sprintf("-X %s.%s=%s", pkg, v[0], v[1]))
		}
	}
	return strings.Join(flags, " ")
}
