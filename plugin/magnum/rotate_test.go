// SPDX-License-Identifier: Apache-2.0

package magnum_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

// TestRotate: all CAs are new at once, and the nodes get theirs later.
func TestRotate(t *testing.T) {
	for _, version := range []int{15, 23} {
		s := start(t, magnumtest.Options{Version: version, RotateAfter: -1})
		client := login(t, s, "alice")
		before := allCAs(t, client, "prod")
		s.ResetRequests()
		if err := client.Rotate(t.Context(), "prod"); err != nil {
			t.Fatal(err)
		}
		wantRequests(t, s, "PATCH /v1/certificates/prod")
		for which, ca := range allCAs(t, client, "prod") {
			if ca == before[which] {
				t.Errorf("Magnum %d has the old CA of %s", version, which)
			}
		}
		cluster, err := client.Cluster(t.Context(), "prod")
		if err != nil || cluster.Status != "UPDATE_IN_PROGRESS" {
			t.Errorf("%+v, %v", cluster, err)
		}
	}
}

func allCAs(t *testing.T, client *magnum.Client, cluster string) map[magnum.CAType]string {
	t.Helper()
	cas := map[magnum.CAType]string{}
	for _, which := range []magnum.CAType{magnum.Kubernetes, magnum.Etcd, magnum.FrontProxy} {
		ca, err := client.CA(t.Context(), cluster, which)
		if err != nil {
			t.Fatal(err)
		}
		cas[which] = string(ca.Raw)
	}
	return cas
}

// TestRotateRefused: what Magnum says no to. It asked once each.
func TestRotateRefused(t *testing.T) {
	s := start(t, magnumtest.Options{Version: 23})
	notls := "Rotating the CA certificate on a non-TLS cluster is not supported"
	for _, test := range []struct {
		cloud, cluster string
		want           error
		detail         string
	}{
		{"alice", "ghost", &magnum.NotFoundError{Cluster: "ghost"}, ""},
		{"alice", "twin", &magnum.AmbiguousError{Name: "twin"}, ""},
		{"admin", "prod", &magnum.NotFoundError{Cluster: "prod"}, ""},
		{"reader", "prod", &magnum.ForbiddenError{Operation: magnum.OpRotate, Cluster: "prod"}, ""},
		{"alice-appcred-limited", "prod", &openstack.AuthError{Service: "Magnum", Detail: "The request you have made requires authentication."}, ""},
		{"alice", "notls", nil, notls},
		{"alice", "building", nil, `Updating a cluster when status is "CREATE_IN_PROGRESS" is not supported.`},
	} {
		client := login(t, s, test.cloud)
		err := client.Rotate(t.Context(), test.cluster)
		wantRequests(t, s, "PATCH /v1/certificates/"+test.cluster)
		if test.want != nil {
			if diff := cmp.Diff(test.want, err); diff != "" {
				t.Errorf("%s, %s: %s", test.cloud, test.cluster, diff)
			}
			continue
		}
		got, ok := errors.AsType[*openstack.ServiceError](err)
		if _, unknown := errors.AsType[*magnum.OutcomeUnknownError](err); unknown || !ok || got.Code != 400 || got.Detail != test.detail {
			t.Errorf("%s: %v", test.cluster, err)
		}
	}
	for _, name := range []string{"", "..", "a/b"} {
		client := login(t, s, "alice")
		if diff := cmp.Diff(error(&magnum.NotFoundError{Cluster: name}), client.Rotate(t.Context(), name)); diff != "" {
			t.Error(diff)
		}
		wantRequests(t, s)
	}
}

// TestRotateRefusedTooLate: the driver is asked last.
func TestRotateRefusedTooLate(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	before := allCAs(t, client, "norotate")
	err := client.Rotate(t.Context(), "norotate")
	got, ok := errors.AsType[*openstack.ServiceError](err)
	if !ok || got.Code != 400 || got.Detail != "'rotate_ca_certificate' is not supported by this driver." {
		t.Errorf("the error is %v", err)
	}
	if allCAs(t, client, "norotate")[magnum.Kubernetes] == before[magnum.Kubernetes] {
		t.Error("Magnum still has the old CA")
	}
}

// TestRotateOutcomeUnknown: Magnum may have acted, so nothing is sent again.
func TestRotateOutcomeUnknown(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	answer := func(status int, header, value, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set(header, value)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return true
		}
	}
	none := func(w http.ResponseWriter, _ *http.Request) bool {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return true
		}
		_ = conn.Close()
		return true
	}
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"no answer":       none,
		"conductor mute":  answer(500, "X", "", `{"errors": [{"detail": "Timed out waiting for a reply"}]}`),
		"busy":            answer(503, "Retry-After", "0", "{}"),
		"gateway":         answer(504, "X", "", "<title>Gateway Time-out</title>"),
		"proxy gave up":   answer(408, "X", "", "<title>Request Time-out</title>"),
		"cut":             answer(202, "Content-Length", "1000", `{"uuid": "`),
		"page":            answer(202, "X", "", "<title>hello</title>"),
		"not about it":    answer(202, "X", "", "{}"),
		"no UUID":         answer(202, "X", "", `{"uuid": "../../etc"}`),
		"a number":        answer(202, "X", "", `{"uuid": 1}`),
		"another success": answer(200, "X", "", `{"uuid": "`+unknownUUID+`"}`),
		"redirect":        answer(307, "Location", s.MagnumURL()+"/certificates/prod", ""),
	} {
		s.Intercept(fault)
		s.ResetRequests()
		err := client.Rotate(t.Context(), "prod")
		got, ok := errors.AsType[*magnum.OutcomeUnknownError](err)
		if !ok || got.Cluster != "prod" || got.Err == nil || !errors.Is(err, got.Err) {
			t.Errorf("%s: the error is %#v", name, err)
		}
		wantRequests(t, s, "PATCH /v1/certificates/prod")
	}
	for name, status := range map[string]int{"of a firewall": 403, "too many": 429} {
		s.Intercept(answer(status, "Retry-After", "0", "<title>no</title>"))
		s.ResetRequests()
		err := client.Rotate(t.Context(), "prod")
		if _, unknown := errors.AsType[*magnum.OutcomeUnknownError](err); err == nil || unknown {
			t.Errorf("%s: the error is %v", name, err)
		}
		wantRequests(t, s, "PATCH /v1/certificates/prod")
	}
}

// TestRotateInterrupted: whoever waits may stop to, and Magnum goes on.
func TestRotateInterrupted(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	ctx, cancel := context.WithCancel(t.Context())
	s.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		cancel()
		<-r.Context().Done()
		return true
	})
	err := client.Rotate(ctx, "prod")
	if _, ok := errors.AsType[*magnum.OutcomeUnknownError](err); !ok || !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	wantRequests(t, s, "PATCH /v1/certificates/prod")
}
