// SPDX-License-Identifier: Apache-2.0

package keyring_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// adopt makes every orphan that comes from this process a child of it, so that
// a daemon can't leave its sight. It is for the rest of the process.
func adopt(t *testing.T) {
	t.Helper()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
}

// children returns the processes that come from this one and are running, as
// "NAME PID".
func children(t *testing.T) []string {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	type process struct {
		name, state string
		parent      int
	}
	all := map[int]process{}
	for _, stat := range stats {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		text, err := os.ReadFile(stat)
		open, closed := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
		if err != nil || open < 0 || closed < open {
			continue // it has ended
		}
		fields := strings.Fields(string(text[closed+1:]))
		parent, _ := strconv.Atoi(fields[1])
		all[pid] = process{string(text[open+1 : closed]), fields[0], parent}
	}
	var found []string
	for pid, p := range all {
		if p.state == "Z" {
			continue
		}
		for up := p.parent; up > 1; up = all[up].parent {
			if up == os.Getpid() {
				found = append(found, fmt.Sprintf("%s %d", p.name, pid))
				break
			}
		}
	}
	slices.Sort(found)
	return found
}

// wantNoMore fails the test if there are other children than before, and ends
// them.
func wantNoMore(t *testing.T, before []string) {
	t.Helper()
	for _, child := range children(t) {
		if slices.Contains(before, child) {
			continue
		}
		t.Errorf("%s was started", child)
		if id, err := strconv.Atoi(child[strings.LastIndexByte(child, ' ')+1:]); err == nil {
			_ = syscall.Kill(id, syscall.SIGKILL)
		}
	}
}
