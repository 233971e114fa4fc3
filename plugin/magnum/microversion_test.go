// SPDX-License-Identifier: Apache-2.0

package magnum_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

// TestMaxMicroversion: what is not understood is not known.
func TestMaxMicroversion(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	for header, want := range map[string]magnum.Microversion{
		"container-infra 1.10":                     {Major: 1, Minor: 10},
		"container-infrastructure 1.12":            {Major: 1, Minor: 12},
		"container-infrastructure-management 1.14": {Major: 1, Minor: 14},
		"container-infra 2.0":                      {Major: 2},
		"":                                         {},
		"1.10":                                     {},
		"compute 2.95":                             {},
		"container-infra latest":                   {},
		"container-infra 1.10.1":                   {},
		"container-infra 0.9":                      {},
		"container-infra -1.2":                     {},
		"container-infra 1.99999999999999999999":   {},
		"container-infra  1.10":                    {},
		"x-container-infra 1.10":                   {},
	} {
		s.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
			if header != "" {
				w.Header().Set("OpenStack-API-Maximum-Version", header)
			}
			_, _ = fmt.Fprintf(w, `{"uuid": %q, "MaxMicroversion": {"Major": 9}}`, unknownUUID)
			return true
		})
		got, err := client.Cluster(t.Context(), "prod")
		if err != nil || got.MaxMicroversion != want {
			t.Errorf("%q: %v, %v", header, got.MaxMicroversion, err)
		}
	}
	s.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "{}")
		return true
	})
	if got, err := client.Cluster(t.Context(), "prod"); err == nil || got.MaxMicroversion != (magnum.Microversion{}) {
		t.Errorf("refused: %v, %v", got, err)
	}
}

func TestMicroversionCompare(t *testing.T) {
	ordered := []magnum.Microversion{{}, {Major: 1, Minor: 2}, {Major: 1, Minor: 10}, {Major: 2, Minor: 1}}
	for i, v := range ordered {
		for j, w := range ordered {
			if got := v.Compare(w); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%v against %v: %d", v, w, got)
			}
		}
	}
	if got := ordered[2].String(); got != "1.10" {
		t.Error(got)
	}
}
