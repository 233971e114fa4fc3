// SPDX-License-Identifier: Apache-2.0

package magnum_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

const unknownUUID = "7ae81bb3-dec3-4289-8d6c-da80bd8001ae"

func TestCluster(t *testing.T) {
	for version, newest := range map[int]magnum.Microversion{15: {Major: 1, Minor: 10}, 23: {Major: 1, Minor: 14}} {
		s := start(t, magnumtest.Options{Version: version})
		s.SetCluster("prod", func(c *magnumtest.Cluster) { c.HealthStatus, c.StatusReason, c.StackID = "HEALTHY", "well", "st" })
		client := login(t, s, "alice")
		uuid, templateUUID := s.ClusterUUID("prod"), templateOf(t, client, "prod")
		s.ResetRequests()
		for _, ident := range []string{"prod", uuid} {
			got, err := client.Cluster(t.Context(), ident)
			if err != nil {
				t.Fatal(err)
			}
			want := magnum.Cluster{
				UUID: uuid, Name: "prod", Status: "CREATE_COMPLETE", StatusReason: "well", HealthStatus: "HEALTHY",
				APIAddress: "https://127.0.0.1:16443", TemplateUUID: templateUUID,
				UserID: s.UserID("alice"), ProjectID: s.ProjectID("demo"), StackID: "st", COEVersion: got.COEVersion,
				MaxMicroversion: newest,
			}
			if diff := cmp.Diff(want, got); diff != "" || got.COEVersion == "" {
				t.Errorf("cluster differs (-want +got):\n%s", diff)
			}
			template, err := client.Template(t.Context(), templateUUID)
			wantTemplate := magnum.Template{
				UUID: templateUUID, Name: "k8s", COE: "kubernetes", Distro: "fedora-coreos", Driver: template.Driver,
			}
			if diff := cmp.Diff(wantTemplate, template); diff != "" || err != nil {
				t.Errorf("template differs (-want +got):\n%s%v", diff, err)
			}
		}
		wantRequests(t, s, "GET /v1/clusters/prod", "GET /v1/clustertemplates/"+templateUUID,
			"GET /v1/clusters/"+uuid, "GET /v1/clustertemplates/"+templateUUID)
	}
}

func templateOf(t *testing.T, client *magnum.Client, name string) string {
	t.Helper()
	cluster, err := client.Cluster(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return cluster.TemplateUUID
}

func TestTLSDisabled(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	template, err := client.Template(t.Context(), templateOf(t, client, "notls"))
	if err != nil || !template.TLSDisabled {
		t.Errorf("%+v, %v", template, err)
	}
}

// TestNotReady: nulls are empty.
func TestNotReady(t *testing.T) {
	s := start(t, magnumtest.Options{})
	cluster, err := login(t, s, "alice").Cluster(t.Context(), "building")
	if err != nil || cluster.Status != "CREATE_IN_PROGRESS" || cluster.APIAddress != "" || cluster.HealthStatus != "" {
		t.Errorf("%+v, %v", cluster, err)
	}
}

func TestNoSuchCluster(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	csr, _ := newCSR(t)
	for _, name := range []string{"ghost", unknownUUID, "a b", "..%2F..%2Fetc", "../../etc", "..", ".", "", "detail", "ghost?limit=1", "é"} {
		_, err := client.Cluster(t.Context(), name)
		_, errCA := client.CA(t.Context(), name, magnum.Kubernetes)
		for _, err := range []error{err, errCA} {
			want := &magnum.NotFoundError{Cluster: name}
			if diff := cmp.Diff(error(want), err); diff != "" {
				t.Errorf("%q: %s", name, diff)
			}
		}
	}
	for _, name := range []string{"ghost", unknownUUID} {
		_, err := client.Sign(t.Context(), name, magnum.Kubernetes, csr)
		if diff := cmp.Diff(error(&magnum.NotFoundError{Cluster: name}), err); diff != "" {
			t.Errorf("%q: %s", name, diff)
		}
	}
	for _, r := range s.Requests() {
		if strings.Contains(r.Path, "../") || r.Status == http.StatusNotImplemented {
			t.Errorf("asked %s %s", r.Method, r.Path)
		}
	}
}

// TestTwins: the name is no use, the UUIDs are told.
func TestTwins(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	uuids := s.ClusterUUIDs("twin")
	slices.Sort(uuids)
	_, err := client.Cluster(t.Context(), "twin")
	if diff := cmp.Diff(error(&magnum.AmbiguousError{Name: "twin", UUIDs: uuids}), err); diff != "" {
		t.Error(diff)
	}
	wantRequests(t, s, "GET /v1/clusters/twin", "GET /v1/clusters/detail")
	if cluster, err := client.Cluster(t.Context(), uuids[1]); err != nil || cluster.Name != "twin" {
		t.Errorf("by UUID: %+v, %v", cluster, err)
	}
}

// TestClusterCalledDetail has the name of a resource of the API.
func TestClusterCalledDetail(t *testing.T) {
	s := start(t, magnumtest.Options{})
	uuid := s.AddCluster(magnumtest.Cluster{Name: "detail"})
	client := login(t, s, "alice")
	if cluster, err := client.Cluster(t.Context(), "detail"); err != nil || cluster.UUID != uuid {
		t.Errorf("%+v, %v", cluster, err)
	}
	s.AddCluster(magnumtest.Cluster{Name: "detail"})
	_, err := client.Cluster(t.Context(), "detail")
	if got, ok := errors.AsType[*magnum.AmbiguousError](err); !ok || len(got.UUIDs) != 2 {
		t.Errorf("the error is %v", err)
	}
}

func TestClusters(t *testing.T) {
	s := start(t, magnumtest.Options{})
	clusters, err := login(t, s, "alice").Clusters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, cluster := range clusters {
		names = append(names, cluster.Name)
		if cluster.UserID != s.UserID("alice") || cluster.Status == "" {
			t.Errorf("%+v", cluster)
		}
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"building", "dev", "failed", "norotate", "notls", "prod", "twin", "twin"}, names); diff != "" {
		t.Error(diff)
	}
	wantRequests(t, s, "GET /v1/clusters/detail")
}

// TestPages: next says only that there is a page; where, the last UUID does.
func TestPages(t *testing.T) {
	s := start(t, magnumtest.Options{})
	uuid := func(n int) string { return fmt.Sprintf("00000000-0000-0000-0000-%012d", n) }
	client := login(t, s, "alice")
	s.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		page := map[string]string{
			"":      fmt.Sprintf(`{"clusters": [{"uuid": %q}, {"uuid": %q}], "next": "http://wrong.invalid/v1/x?marker=y"}`, uuid(1), uuid(2)),
			uuid(2): fmt.Sprintf(`{"clusters": [{"uuid": %q}]}`, uuid(3)),
		}[r.URL.Query().Get("marker")]
		_, _ = io.WriteString(w, page)
		return true
	})
	clusters, err := client.Clusters(t.Context())
	if err != nil || len(clusters) != 3 || clusters[2].UUID != uuid(3) {
		t.Errorf("%v, %v", clusters, err)
	}
	wantRequests(t, s, "GET /v1/clusters/detail", "GET /v1/clusters/detail?marker="+uuid(2))
}

// TestBadList: a list that never ends, and ids that could be paths.
func TestBadList(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	for body, reason := range map[string]string{
		`{"clusters": [{"uuid": "` + unknownUUID + `"}], "next": "x"}`: "lists a cluster twice",
		`{"clusters": [{"uuid": "../../etc/passwd"}]}`:                 "has a cluster without a UUID",
		`{"clusters": [{}]}`:       "has a cluster without a UUID",
		`{"clusters": {"a": "b"}}`: `has a JSON object where "clusters" should be of another type`,
	} {
		s.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, body)
			return true
		})
		_, err := client.Clusters(t.Context())
		if got, ok := errors.AsType[*openstack.BadAnswerError](err); !ok || got.Reason != reason || got.Service != "Magnum" {
			t.Errorf("%s: the error is %v", body, err)
		}
	}
}

// TestEndlessList: every page is a good one, and there always is a next.
func TestEndlessList(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	for perPage, pages := range map[int]int{1: 1000, 30_000: 4} {
		s.ResetRequests()
		n := 0
		s.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, `{"next": "x", "clusters": [`)
			for i := range perPage {
				n++
				_, _ = fmt.Fprintf(w, `%.*s{"uuid": "00000000-0000-0000-0000-%012d"}`, min(i, 1), ",", n)
			}
			_, _ = io.WriteString(w, "]}")
			return true
		})
		_, err := client.Clusters(t.Context())
		got, ok := errors.AsType[*openstack.BadAnswerError](err)
		if !ok || got.Reason != "lists clusters without end" || len(s.Requests()) != pages {
			t.Errorf("after %d pages of %d: %v", len(s.Requests()), perPage, err)
		}
	}
}
