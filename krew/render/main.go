// SPDX-License-Identifier: Apache-2.0

// Command render writes the krew manifest of a release to stdout:
//
//	go run ./krew/render dist < krew/magnum.yaml > dist/krew/magnum.yaml
//
// It reads the version and the checksums that goreleaser left in dist.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/kubectl-magnum/kubectl-magnum/krew"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: render DIST < TEMPLATE > MANIFEST")
		os.Exit(2)
	}
	if err := render(os.Args[1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "render: error:", err)
		os.Exit(1)
	}
}

func render(dist string, in io.Reader, out io.Writer) error {
	template, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	checksums, err := os.ReadFile(filepath.Join(dist, "checksums.txt"))
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(dist, "metadata.json"))
	if err != nil {
		return err
	}
	var metadata struct {
		Version string `json:"version"` // without the v
	}
	if err := json.Unmarshal(data, &metadata); err != nil {
		return fmt.Errorf("metadata.json: %w", err)
	}
	manifest, err := krew.Render(template, "v"+metadata.Version, checksums)
	if err != nil {
		return err
	}
	_, err = out.Write(manifest)
	return err
}
