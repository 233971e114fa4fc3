// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRefusedLogin: what Keystone may answer instead of a token.
func TestRefusedLogin(t *testing.T) {
	const sentence = "The request you have made requires authentication."
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   func(k *keystone) error
		text   string
	}{{
		name:   "wrong password, no role, expired or revoked token",
		answer: jsonAnswer(401, `{"error":{"code":401,"message":"`+sentence+`","title":"Unauthorized"}}`),
		want: func(k *keystone) error {
			return &AuthError{Service: "Keystone", Cloud: "prod", AuthURL: k.URL + "/v3", Method: "password", Detail: sentence}
		},
		text: `refuses the password of cloud "prod": The request`,
	}, {
		name: "an error, with a date to come back at",
		answer: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", "Mon, 02 Jan 2030 10:00:00 GMT")
			w.Header().Set("Retry-After", "Mon, 02 Jan 2030 10:01:30 GMT")
			w.Header().Set("X-Openstack-Request-Id", "req-1")
			jsonAnswer(503, `{"error": {"message": "Busy."}}`)(w, r)
		},
		want: func(k *keystone) error {
			return &ServiceError{Service: "Keystone", Method: "POST", URL: k.URL + "/v3/auth/tokens", Code: 503, Detail: "Busy.", RequestID: "req-1", RetryAfter: 90 * time.Second}
		},
		text: "Keystone answered 503 Service Unavailable to POST ",
	}, {
		name:   "an error of something in between",
		answer: pageAnswer(502, "<html><title>502 Bad\nGateway</title>"),
		want: func(k *keystone) error {
			return &ServiceError{Service: "Keystone", Method: "POST", URL: k.URL + "/v3/auth/tokens", Code: 502, Detail: "502 Bad Gateway"}
		},
		text: "502 Bad Gateway",
	}, {
		name:   "an error with the password in it",
		answer: jsonAnswer(500, `{"error": {"message": "cannot log in with `+secret+`"}}`),
		want: func(k *keystone) error {
			return &ServiceError{Service: "Keystone", Method: "POST", URL: k.URL + "/v3/auth/tokens", Code: 500, Detail: withheld}
		},
		text: "500 Internal Server Error",
	}, {
		name:   "a page instead of JSON",
		answer: pageAnswer(200, "<!DOCTYPE html><html><head><title>Log in</title>"),
		want:   bad("is not JSON but a page: Log in"),
		text:   "the answer of Keystone at http",
	}, {
		name:   "cut short",
		answer: shortAnswer(`{"token": {"user"`),
		want:   bad("is cut short"),
		text:   "is cut short",
	}, {
		name:   "JSON that ends in the middle",
		answer: jsonAnswer(201, `{"token": {"user"`),
		want:   bad("is cut short"),
		text:   "is cut short",
	}, {
		name:   "neither",
		answer: jsonAnswer(201, `token: x`),
		want:   bad("is not JSON"),
		text:   "is not JSON",
	}, {
		name:   "nothing",
		answer: jsonAnswer(201, ``),
		want:   bad("is empty"),
		text:   "is empty",
	}, {
		name:   "the wrong status",
		answer: jsonAnswer(200, `{}`),
		want:   bad("has the status 200"),
		text:   "has the status 200",
	}, {
		name:   "a redirect",
		answer: redirectAnswer("https://login.example/sso?password=" + secret),
		want:   bad(`is a redirect to "https://login.example"`),
		text:   "redirect",
	}, {
		name:   "no token",
		answer: jsonAnswer(201, `{"token": {"user": {"id": "u"}}}`),
		want:   func(k *keystone) error { return &BadAnswerError{"Keystone", k.URL + "/v3", "has no X-Subject-Token"} },
		text:   "X-Subject-Token",
	}, {
		name: "nobody's token",
		answer: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Subject-Token", "t")
			jsonAnswer(201, `{"token": {"user": {"name": "alice"}}}`)(w, r)
		},
		want: func(k *keystone) error {
			return &BadAnswerError{"Keystone", k.URL + "/v3", "does not say whose the token is"}
		},
		text: "whose",
	}, {
		name:   "another kind of token",
		answer: jsonAnswer(201, `{"token": "abc"}`),
		want: func(k *keystone) error {
			return &BadAnswerError{"Keystone", k.URL + "/v3", "does not describe a token"}
		},
		text: "does not describe",
	}} {
		t.Run(test.name, func(t *testing.T) {
			k := newKeystone(t, httpServer)
			k.answer = test.answer
			_, err := connect(t.Context(), t, k, "")
			if diff := cmp.Diff(test.want(k), err); diff != "" {
				t.Error(diff)
			}
			if err != nil && (!strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), secret)) {
				t.Errorf("says %q", err)
			}
			if n := len(k.requests()); n != 1 {
				t.Errorf("%d requests, want one", n)
			}
		})
	}
}

func bad(reason string) func(*keystone) error {
	return func(k *keystone) error {
		return &BadAnswerError{Service: "Keystone", URL: k.URL + "/v3/auth/tokens", Reason: reason}
	}
}

func pageAnswer(status int, page string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, page)
	}
}

// shortAnswer promises more than it sends.
func shortAnswer(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4096")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, body)
	}
}

func redirectAnswer(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusTemporaryRedirect) // the one that would repeat the body
	}
}

// TestNoRedirectIsFollowed: not even one to the same server.
func TestNoRedirectIsFollowed(t *testing.T) {
	other := newKeystone(t, httpServer)
	for _, status := range []int{301, 302, 303, 307, 308} {
		k := newKeystone(t, httpServer)
		k.answer = func(w http.ResponseWriter, r *http.Request) {
			to := other.URL
			if status == 307 {
				to = k.URL
			}
			w.Header().Set("Location", to+r.URL.Path)
			w.WriteHeader(status)
		}
		_, err := connect(t.Context(), t, k, "")
		if _, ok := errors.AsType[*BadAnswerError](err); !ok {
			t.Errorf("%d: the error is %v", status, err)
		}
		if len(k.requests()) != 1 {
			t.Errorf("%d: asked again", status)
		}
	}
	if len(other.requests()) != 0 {
		t.Error("the password went to another server")
	}
}

// TestLongAnswer: 100 MB are not read to the end.
func TestLongAnswer(t *testing.T) {
	k := newKeystone(t, httpServer)
	sent := make(chan int, 1)
	k.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		chunk, n := []byte(strings.Repeat(" ", 1<<20)), 0
		for ; n < 100; n++ {
			if _, err := w.Write(chunk); err != nil {
				break
			}
		}
		sent <- n
	}
	_, err := connect(t.Context(), t, k, "")
	if diff := cmp.Diff(bad("is longer than 8 MiB")(k), err); diff != "" {
		t.Error(diff)
	}
	if n := <-sent; n > 50 {
		t.Errorf("%d MiB went out", n)
	}
}

func TestUnreachable(t *testing.T) {
	down := newKeystone(t, httpServer)
	down.Close()
	untrusted := newKeystone(t, tlsServer)
	for name, k := range map[string]*keystone{"refused": down, "certificate": untrusted} {
		_, err := connect(t.Context(), t, k, "")
		got, ok := errors.AsType[*UnreachableError](err)
		if !ok || got.Service != "Keystone" || got.URL != k.URL+"/v3/auth/tokens" || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	if n := len(untrusted.requests()); n != 0 {
		t.Errorf("the password went to an untrusted server %d times", n)
	}
}

// TestMuteServer: whoever has no deadline of their own does not wait for ever,
// be it for the answer or for the rest of it.
func TestMuteServer(t *testing.T) {
	for name, begin := range map[string]string{
		"nothing at all": "",
		"half a header":  "HTTP/1.1 201 Created\r\nContent-",
		"half a body":    "HTTP/1.1 201 Created\r\nContent-Length: 4096\r\n\r\n{",
	} {
		cloud := resolveClouds(t, alice("http://"+muteServer(t, begin), ""))
		if cloud.login.limit != requestMax {
			t.Errorf("the limit is %v", cloud.login.limit)
		}
		cloud.login.limit = 50 * time.Millisecond
		_, err := cloud.Connect(t.Context(), "test")
		wantTooLong(t, name, err, "it took too long: no complete answer within 50ms")

		cloud.login.limit = requestMax
		ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err = cloud.Connect(ctx, "test")
		stop()
		wantTooLong(t, name+", with a deadline", err, "it took too long: context deadline exceeded")

		ctx, interrupt := context.WithCancel(t.Context())
		interrupt()
		_, err = cloud.Connect(ctx, "test")
		if !errors.Is(err, context.Canceled) || err.Error() != "asking Keystone: context canceled" {
			t.Errorf("%s, interrupted: the error is %v", name, err)
		}
	}
}

func wantTooLong(t *testing.T, name string, err error, says string) {
	t.Helper()
	if _, ok := errors.AsType[*UnreachableError](err); !ok || !errors.Is(err, context.DeadlineExceeded) ||
		!strings.HasSuffix(err.Error(), says) {
		t.Errorf("%s: the error is %v", name, err)
	}
}
