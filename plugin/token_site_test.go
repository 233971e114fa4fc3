// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	clientauthv1 "k8s.io/client-go/pkg/apis/clientauthentication/v1"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
)

// tokens is a site whose API server asks Keystone about tokens, and whose context
// is for them.
type tokens struct{ *site }

func newTokens(t *testing.T) tokens {
	t.Helper()
	s := tokens{newSite(t)}
	s.forget()
	s.api.TakeTokens(s.cloud.TokenUser)
	s.config()
	s.cloud.ResetRequests()
	return s
}

func (s tokens) config() *plugin.ConfigResult {
	s.t.Helper()
	r := configProd(s.t)
	r.Lease, r.Token, r.Groups, r.MaxAge = lease, true, nil, 0
	result, err := s.Config(s.t.Context(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	return result
}

func (s tokens) identity() credential.Identity {
	return credential.Identity{
		Cluster: s.uuid(), Project: s.cloud.ProjectID("demo"), Owner: s.cloud.UserID("alice"), Login: &credential.Login{},
	}
}

// handed is what a client got.
type handed struct {
	token   string // "" if it got nothing
	expires time.Time
	notices []string
	err     error
}

// take is a question of a new client.
func (s tokens) take() handed {
	s.t.Helper()
	return s.takeAs(s.newClient())
}

func (s tokens) takeAs(client process.ID) handed {
	s.t.Helper()
	trusted := s.trusted
	if trusted == nil {
		trusted = s.State.ReadCAFile(s.uuid())
	}
	var got handed
	r := plugin.CredentialRequest{
		Identity: s.identity(), ClusterName: "prod", Lease: lease, Parent: client, Config: "config",
		Exec: credential.ExecInfo{
			APIVersion: "client.authentication.k8s.io/v1",
			Cluster:    &clientauthv1.Cluster{Server: s.api.URL, CertificateAuthorityData: trusted},
		},
		Code:   func(error) int { return 1 },
		Notice: func(line string) { got.notices = append(got.notices, line) },
	}
	if s.change != nil {
		s.change(&r)
	}
	got.err = s.Credential(s.t.Context(), r, func(data []byte) error {
		var c clientauthv1.ExecCredential
		if err := json.Unmarshal(data, &c); err != nil {
			s.t.Error(err)
		}
		if c.Status.ClientKeyData != "" || c.Status.ClientCertificateData != "" {
			s.t.Errorf("it holds more than a token: %s", data)
		}
		got.token, got.expires = c.Status.Token, c.Status.ExpirationTimestamp.Time
		return nil
	})
	if (got.token == "") != (got.err != nil) {
		s.t.Errorf("got %+v", got)
	}
	return got
}

// fine takes a token, and fails if there is none or more than that.
func (s tokens) fine() handed {
	s.t.Helper()
	got := s.take()
	if got.err != nil || len(got.notices) > 0 {
		s.t.Fatalf("got %v, %q", got.err, got.notices)
	}
	return got
}

// asked is what Keystone and Magnum were asked since the last time.
func (s tokens) asked() []string {
	var all []string
	for _, r := range s.cloud.Requests() {
		path := r.Path
		if i := strings.Index(path, s.uuid()); i >= 0 {
			path = path[:i]
		}
		all = append(all, r.Method+" "+path)
	}
	s.cloud.ResetRequests()
	return all
}

func (s tokens) expect(asked ...string) {
	s.t.Helper()
	if got := s.asked(); !slices.Equal(got, asked) {
		s.t.Errorf("OpenStack was asked %q, want %q", got, asked)
	}
}

const (
	logIn  = "POST /v3/auth/tokens"
	readCA = "GET /v1/certificates/"
)

// isA says whether an error is of a type. Tests that run at once can share it, but
// not what errors.As writes to.
func isA[E error](err error) bool {
	_, is := errors.AsType[E](err)
	return is
}
