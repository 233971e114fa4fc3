// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"context"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// debugged is alice's cloud at url, and the lines about it, as they come:
// without times, and URL for url.
func debugged(t *testing.T, url, more string) (Cloud, *[]string) {
	t.Helper()
	lines := &[]string{}
	took := regexp.MustCompile(`\b\d+ ms\b`)
	cloud, err := Resolve(Options{
		Cloud: "prod", File: writeClouds(t, alice(url, more)), Getenv: noEnv, Now: time.Now,
		Debug: func(line string) {
			*lines = append(*lines, took.ReplaceAllString(strings.ReplaceAll(line, url, "URL"), "N ms"))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cloud, lines
}

func TestDebugRequests(t *testing.T) {
	k := newKeystone(t, httpServer)
	cloud, lines := debugged(t, k.URL, "    verify: false")
	file := cloud.File
	session, err := cloud.Connect(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	service, err := session.ContainerInfra()
	if err != nil {
		t.Fatal(err)
	}
	for _, answer := range []http.HandlerFunc{
		busy(1, "0"), jsonAnswer(404, `{"errors": [{"detail": "of the body"}]}`), jsonAnswer(200, "<title>of the body</title>"), jsonAnswer(302, ""),
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Openstack-Request-Id", "req-1")
			_, _ = w.Write([]byte("{}"))
		},
	} {
		k.answer = answer
		_ = ask(t.Context(), service, "GET", "x?key=of-the-query")
	}
	if diff := cmp.Diff([]string{
		`the login is cloud "prod" of "` + file + `", public interface, method password, Keystone at URL/v3, certificates not verified`,
		"POST URL/v3/auth/tokens 201 N ms (password)",
		"GET URL/v1/x 503 N ms (token)",
		"asking again in 0s",
		"GET URL/v1/x 200 N ms (token)",
		"GET URL/v1/x 404 N ms (token)",
		"GET URL/v1/x 200 N ms (token): this is no answer of OpenStack's API",
		"GET URL/v1/x 302 N ms (token): this is no answer of OpenStack's API",
		"GET URL/v1/x 200 req-1 N ms (token)",
	}, *lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// TestDebugFailures: why there is no answer, in our words or the system's.
func TestDebugFailures(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	untrusted := newKeystone(t, tlsServer)
	for _, test := range []struct{ url, want string }{
		{"http://" + closed.Addr().String(), `failed after N ms (password): dial tcp .*`},
		{untrusted.URL, `failed after N ms (password): tls: failed to verify certificate: .*`},
		{"http://" + muteServer(t, ""), `failed after N ms (password): it took too long: .*`},
		{"http://" + muteServer(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), `200 N ms (password): it took too long: .*`},
		{"http://" + rawServer(t, "X-Subject-Token: of-the-server\r\n\r\n"), `failed after N ms (password): this is no answer of OpenStack's API`},
		{"http://" + rawServer(t, "HTTP/1.1 200 OK\r\nX-Subject-Token of-the-server\r\n\r\n"), `failed after N ms (password): this is no answer of OpenStack's API`},
	} {
		cloud, lines := debugged(t, test.url, "")
		within := 10 * time.Second
		if strings.Contains(test.want, "too long") {
			within = 300 * time.Millisecond
		}
		ctx, stop := context.WithTimeout(t.Context(), within)
		_, err := cloud.Connect(ctx, "test")
		stop()
		want := regexp.MustCompile(`^POST URL/v3/auth/tokens ` + strings.NewReplacer("(", `\(`, ")", `\)`).Replace(test.want) + `$`)
		if err == nil || len(*lines) != 2 || !want.MatchString((*lines)[1]) {
			t.Errorf("%v: %q, want %s", err, *lines, want)
		}
	}
}
