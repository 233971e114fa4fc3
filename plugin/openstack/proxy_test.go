// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"os"
	"os/exec"
	"testing"
)

// TestProxy: proxies are those of the process's environment, which Go reads
// once, and loopback has none: so the test is a process of its own.
func TestProxy(t *testing.T) {
	if os.Getenv("TEST_BEHIND_PROXY") != "" {
		cloud := resolveClouds(t, alice("http://keystone.invalid:5000", ""))
		session, err := cloud.Connect(t.Context(), "test")
		if err != nil || session.UserID != "u1" {
			t.Errorf("%+v, %v", session, err)
		}
		return
	}
	proxy := newKeystone(t, httpServer)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), program, "-test.run=^TestProxy$")
	child.Env = append(os.Environ(), "TEST_BEHIND_PROXY=1", "HTTP_PROXY="+proxy.URL, "NO_PROXY=")
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if requests := proxy.requests(); len(requests) != 1 || requests[0].Host != "keystone.invalid:5000" {
		t.Errorf("the proxy was asked %v", requests)
	}
}
