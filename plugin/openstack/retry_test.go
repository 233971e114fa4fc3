// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
)

// busy answers 503 and Retry-After so many times, then with JSON.
func busy(times int, retryAfter string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if times--; times >= 0 {
			w.Header().Set("Retry-After", retryAfter)
			jsonAnswer(503, `{}`)(w, r)
			return
		}
		jsonAnswer(http.StatusOK, `{}`)(w, r)
	}
}

// client is a client of the container infrastructure service at k, which
// from then on answers with answer.
func client(t *testing.T, k *keystone, answer http.HandlerFunc) *gophercloud.ServiceClient {
	t.Helper()
	session, err := connect(t.Context(), t, k, "")
	if err != nil {
		t.Fatal(err)
	}
	service, err := session.ContainerInfra()
	if err != nil {
		t.Fatal(err)
	}
	k.answer, k.asked = answer, nil
	return service
}

// ask makes a request, as plugin/magnum does.
func ask(ctx context.Context, service *gophercloud.ServiceClient, method, path string) error {
	resp, err := service.Request(ctx, method, service.ServiceURL(path), &gophercloud.RequestOpts{JSONResponse: new(any)})
	if resp != nil {
		_ = resp.Body.Close()
	}
	return Explain("Magnum", err)
}

func TestRetry(t *testing.T) {
	for _, test := range []struct {
		name     string
		method   string
		answer   http.HandlerFunc
		within   time.Duration
		requests int
		code     int
	}{
		{"GET again, and again", "GET", busy(2, "0"), time.Minute, 3, 0},
		{"GET not for ever", "GET", busy(9, "0"), time.Minute, 3, 503},
		{"not past the deadline", "GET", busy(9, "20"), 20 * time.Second, 1, 503},
		{"not for hours", "GET", busy(9, "3600"), 100 * time.Hour, 1, 503},
		{"POST never", "POST", busy(1, "0"), time.Minute, 1, 503},
		{"PATCH never", "PATCH", busy(1, "0"), time.Minute, 1, 503},
		{"an error is an error", "GET", jsonAnswer(500, `{}`), time.Minute, 1, 500},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := newKeystone(t, httpServer)
			service := client(t, k, test.answer)
			ctx, stop := context.WithTimeout(t.Context(), test.within)
			defer stop()
			begin := time.Now()
			err := ask(ctx, service, test.method, "x")
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
			got := 0
			if failed, ok := errors.AsType[*ServiceError](err); ok {
				got = failed.Code
			}
			if n := len(k.requests()); got != test.code || n != test.requests {
				t.Errorf("%d after %d requests, want %d after %d: %v", got, n, test.code, test.requests, err)
			}
		})
	}
}

// TestRetryAfterEnd: who gives up during the pause gets the answer there was.
func TestRetryAfterEnd(t *testing.T) {
	k := newKeystone(t, httpServer)
	ctx, interrupt := context.WithCancel(t.Context())
	service := client(t, k, func(w http.ResponseWriter, r *http.Request) {
		busy(1, "25")(w, r)
		interrupt()
	})
	if err := ask(ctx, service, "GET", "x"); err == nil {
		t.Error("no error")
	}
	if n := len(k.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestRetryAfterHeader(t *testing.T) {
	const date = "Mon, 02 Jan 2030 10:00:00 GMT"
	for _, test := range []struct {
		date, text string
		want       time.Duration
		said       bool
	}{
		{"", "", 0, false},
		{"", "7", 7 * time.Second, true},
		{"", "-7", 0, false},
		{"", "99999999999999999999", 0, false},
		{date, "Mon, 02 Jan 2030 10:00:05 GMT", 5 * time.Second, true},
		{date, "Mon, 02 Jan 2030 09:00:05 GMT", 0, true},
		{"", "Mon, 02 Jan 2030 10:00:05 GMT", 0, false},
	} {
		got, said := retryAfter(http.Header{"Date": {test.date}, "Retry-After": {test.text}})
		if got != test.want || said != test.said {
			t.Errorf("%q: %v, %v", test.text, got, said)
		}
	}
}
