// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"os"
	"path/filepath"
	"strings"
)

// InContainer says whether this process seems to be in a container, whose root
// directory is root; getenv reads its environment. Then the kernel keyring is
// that of the host: all containers of a uid share it, as long as no user
// namespace is between them.
//
// There is no sure sign, so it looks for those that Docker, Podman, Kubernetes,
// LXC and systemd leave. A wrong yes costs signatures; after a wrong no a record
// is within reach of the user's other containers.
func InContainer(root string, getenv func(string) string) bool {
	for _, name := range []string{"container", "KUBERNETES_SERVICE_HOST"} {
		if getenv != nil && getenv(name) != "" {
			return true
		}
	}
	for _, name := range []string{".dockerenv", "run/.containerenv", "run/systemd/container"} {
		if _, err := os.Lstat(filepath.Join(root, name)); err == nil {
			return true
		}
	}
	return cgroupOfContainer(read(root, "proc/1/cgroup")) || mountsOfContainer(read(root, "proc/self/mountinfo"))
}

// read returns the text of a file, "" if it cannot be read.
func read(root, name string) string {
	text, _ := os.ReadFile(filepath.Join(root, name))
	return string(text)
}

// cgroupOfContainer looks at the control group of the first process. It names
// the container, unless a cgroup namespace hides that (cgroups(7)).
func cgroupOfContainer(text string) bool {
	for line := range strings.Lines(text) {
		_, path, _ := strings.Cut(strings.TrimSpace(line), ":")
		_, path, _ = strings.Cut(path, ":")
		for part := range strings.SplitSeq(path, "/") {
			for _, maker := range []string{"docker", "kubepods", "libpod", "lxc", "crio", "cri-containerd", "machine.slice"} {
				if part == maker || strings.HasPrefix(part, maker+"-") || strings.HasPrefix(part, maker+".") {
					return true
				}
			}
		}
	}
	return false
}

// mountsOfContainer looks for the files that an engine mounts into each of its
// containers, so that they can be another's than the image's. On a host they
// lie in /etc (proc_pid_mountinfo(5)).
func mountsOfContainer(text string) bool {
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) > 4 && (fields[4] == "/etc/hostname" || fields[4] == "/etc/hosts") {
			return true
		}
	}
	return false
}
