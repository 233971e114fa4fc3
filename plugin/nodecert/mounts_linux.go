// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// mount is a line of mountinfo.
type mount struct{ id, device, root, point string }

var errMounts = errors.New("/proc does not say what is mounted")

// mounted says whether a directory in dir, or one further down, is mounted
// somewhere else too, in any process's view: a container's, say, which goes on
// to see that directory whatever name it has by now.
func mounted(dir *os.File, name string) (bool, error) {
	own, err := mountOf(dir)
	if err != nil {
		return false, err
	}
	at, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", dir.Fd()))
	if err != nil {
		return false, err
	}
	within := path.Join(own.root, strings.TrimPrefix(at, own.point), name)
	views, err := filepath.Glob("/proc/[0-9]*/mountinfo")
	if err != nil {
		return false, err
	}
	seen := map[string]bool{}
	for _, view := range views {
		namespace, err := os.Readlink(path.Dir(view) + "/ns/mnt")
		if err == nil && seen[namespace] {
			continue
		}
		data, err := os.ReadFile(view)
		if err != nil {
			continue // it ended, or is not this user's to look at
		}
		seen[namespace] = true
		for _, m := range parseMounts(data) {
			if m.device == own.device && (m.root == within || strings.HasPrefix(m.root, within+"/")) {
				return true, nil
			}
		}
	}
	return false, nil
}

// mountOf is the mount that an open file is in.
func mountOf(f *os.File) (mount, error) {
	info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", f.Fd()))
	if err != nil {
		return mount{}, err
	}
	id := ""
	for line := range strings.Lines(string(info)) {
		if value, ok := strings.CutPrefix(line, "mnt_id:"); ok {
			id = strings.TrimSpace(value)
		}
	}
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return mount{}, err
	}
	for _, m := range parseMounts(data) {
		if m.id == id {
			return m, nil
		}
	}
	return mount{}, errMounts
}

func parseMounts(mountinfo []byte) []mount {
	var all []mount
	for line := range strings.Lines(string(mountinfo)) {
		if f := strings.Fields(line); len(f) > 5 {
			all = append(all, mount{f[0], f[2], unescape(f[3]), unescape(f[4])})
		}
	}
	return all
}

// unescape reads \040 for a space, and so on.
func unescape(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}
