// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// http2Server would rather speak HTTP/2.
func http2Server(h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.StartTLS()
	return s
}

func TestHTTP1(t *testing.T) {
	k := newKeystone(t, http2Server)
	protocol := ""
	k.answer = func(w http.ResponseWriter, r *http.Request) {
		protocol = r.Proto
		k.grant(w, r)
	}
	if _, err := connect(t.Context(), t, k, "    verify: false"); err != nil || protocol != "HTTP/1.1" {
		t.Errorf("speaks %q, %v", protocol, err)
	}
}

// TestNoDebugOutput: GODEBUG can come from somebody else's kubeconfig. Go reads
// it once, so the test is a process of its own.
func TestNoDebugOutput(t *testing.T) {
	if url := os.Getenv("TEST_KEYSTONE"); url != "" {
		if _, err := resolveClouds(t, alice(url, "    verify: false")).Connect(t.Context(), "test"); err != nil {
			t.Error(err)
		}
		return
	}
	k := newKeystone(t, http2Server)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), program, "-test.run=^TestNoDebugOutput$")
	child.Env = append(os.Environ(), "TEST_KEYSTONE="+k.URL, "GODEBUG=http2debug=2")
	out, err := child.CombinedOutput()
	if err != nil || strings.Contains(string(out), secret) || strings.Contains(string(out), "fresh-token") {
		t.Errorf("%v\n%s", err, out)
	}
	if n := len(k.requests()); n != 1 {
		t.Errorf("%d requests, want one", n)
	}
}
