// SPDX-License-Identifier: Apache-2.0

// Package krew turns krew/magnum.yaml, the manifest as people edit it, into the manifest of a release.
//
// It fills in what only a release knows, the version and the checksums, and changes nothing else. It refuses to leave
// a placeholder, to drop an archive, or to name one that was not built. No API stability promise.
package krew

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

const (
	versionPlaceholder  = "v0.0.0"
	checksumPlaceholder = "0000000000000000000000000000000000000000000000000000000000000000"
)

// semver is what krew accepts as a version: a leading v, and no build metadata.
var semver = regexp.MustCompile(`^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$`)

// archive is how the releases' archives end; a checksums file may list other things too.
var archive = regexp.MustCompile(`\.(tar\.gz|zip)$`)

// Render returns the template with version (such as v1.2.3) in place of every v0.0.0, and each platform's checksum in
// place of the zeros that follow its uri. The sums come from checksums, in the format of sha256sum(1).
func Render(template []byte, version string, checksums []byte) ([]byte, error) {
	if !semver.MatchString(version) {
		return nil, fmt.Errorf("version %q is not of the form v1.2.3", version)
	}
	sums, err := parseChecksums(checksums)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	var name string
	lines := bufio.NewScanner(bytes.NewReader(template))
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "#") {
			continue // the comments are about the template
		}
		if _, uri, ok := strings.Cut(line, "uri: "); ok {
			name = path.Base(uri)
		}
		if strings.Contains(line, checksumPlaceholder) {
			sum, ok := sums[name]
			if !ok {
				return nil, fmt.Errorf("the manifest names %q, which has no checksum", name)
			}
			delete(sums, name)
			line = strings.ReplaceAll(line, checksumPlaceholder, sum)
		}
		out.WriteString(strings.ReplaceAll(line, versionPlaceholder, version) + "\n")
	}
	if len(sums) > 0 {
		return nil, fmt.Errorf("the manifest does not name %q", slices.Sorted(maps.Keys(sums)))
	}
	return out.Bytes(), lines.Err()
}

var checksumLine = regexp.MustCompile(`^([0-9a-f]{64}) [ *]([^/\s]+)$`)

// parseChecksums returns the sums of the archives by their name.
func parseChecksums(checksums []byte) (map[string]string, error) {
	sums := map[string]string{}
	for line := range strings.Lines(string(checksums)) {
		line = strings.TrimRight(line, "\r\n")
		match := checksumLine.FindStringSubmatch(line)
		if match == nil {
			return nil, fmt.Errorf("not a line of sha256sum: %q", line)
		}
		if archive.MatchString(match[2]) {
			sums[match[2]] = match[1]
		}
	}
	return sums, nil
}
