// SPDX-License-Identifier: Apache-2.0

package cache_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
)

const (
	// Of a Debian 12 with Docker and a container that runs: what the engine has
	// mounted for itself is no sign.
	hostMounts = `24 30 0:22 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
30 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
41 30 8:2 /etc/hosts.d /etc/hosts.d rw,relatime shared:9 - ext4 /dev/sda2 rw
500 30 0:50 / /var/lib/docker/overlay2/5f3c/merged rw,relatime shared:250 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A
`
	containerMounts = `700 600 0:50 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A
710 700 8:1 /var/lib/docker/containers/5f3c/hostname /etc/hostname rw,relatime - ext4 /dev/sda1 rw
`
	podMounts = `700 600 0:50 / / rw,relatime - overlay overlay rw
711 700 8:1 /var/lib/kubelet/pods/1/etc-hosts /etc/hosts rw,relatime - ext4 /dev/sda1 rw
`
)

func TestInContainer(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		env   string
		want  bool
	}{
		{name: "nothing to look at"},
		{
			name:  "a host with systemd",
			files: map[string]string{"proc/1/cgroup": "0::/init.scope\n", "proc/self/mountinfo": hostMounts, "etc/hostname": "h\n"},
		},
		{name: "a host with cgroups of old", files: map[string]string{"proc/1/cgroup": "9:name=systemd:/\n4:memory:/\n0::/\n"}},
		{name: "a host whose service has an odd name", files: map[string]string{"proc/1/cgroup": "0::/system.slice/mydocker.service\n"}},
		{name: "garbage", files: map[string]string{"proc/1/cgroup": "docker\n:\n\x00", "proc/self/mountinfo": "/etc/hosts\n\n \x00"}},
		{name: "Docker", files: map[string]string{".dockerenv": ""}, want: true},
		{name: "Podman", files: map[string]string{"run/.containerenv": "engine=\"podman-4.3.1\"\n"}, want: true},
		{name: "systemd in nspawn or LXC", files: map[string]string{"run/systemd/container": "systemd-nspawn\n"}, want: true},
		{name: "LXC's or toolbox's environment", env: "container", want: true},
		{name: "a pod's environment", env: "KUBERNETES_SERVICE_HOST", want: true},
		{name: "Docker on cgroups of old", files: map[string]string{"proc/1/cgroup": "4:memory:/docker/5f3c\n"}, want: true},
		{name: "Docker with systemd", files: map[string]string{"proc/1/cgroup": "0::/system.slice/docker-5f3c.scope\n"}, want: true},
		{name: "Kubernetes", files: map[string]string{"proc/1/cgroup": "0::/kubepods.slice/kubepods-besteffort.slice/cri-containerd-1.scope\n"}, want: true},
		{name: "rootless Podman", files: map[string]string{"proc/1/cgroup": "0::/user.slice/user-1000.slice/libpod-5f3c.scope/container\n"}, want: true},
		{name: "LXC", files: map[string]string{"proc/1/cgroup": "1:name=systemd:/lxc/c1\n"}, want: true},
		{name: "Docker with its own cgroups", files: map[string]string{"proc/1/cgroup": "0::/\n", "proc/self/mountinfo": containerMounts}, want: true},
		{name: "a pod with its own cgroups", files: map[string]string{"proc/1/cgroup": "0::/\n", "proc/self/mountinfo": podMounts}, want: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range test.files {
				path := filepath.Join(root, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			getenv := func(name string) string { return map[string]string{test.env: "x"}[name] }
			if got := cache.InContainer(root, getenv); got != test.want {
				t.Errorf("InContainer = %v, want %v", got, test.want)
			}
			if got := cache.InContainer(root, nil); test.env == "" && got != test.want {
				t.Errorf("InContainer without an environment = %v, want %v", got, test.want)
			}
		})
	}
}
