// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/rotation"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/tokenauth"
)

// TestTokenAuth has a real Keystone give the tokens, and say whose they are.
func TestTokenAuth(t *testing.T) {
	p := Start(t)
	keystone := readCloud(t, p.CloudsYAML, "alice").AuthURL
	tokenauth.Run(t, tokenauth.OpenStack{
		OpenStack: forRotation(t, p),
		Keystone:  keystone,
		SetTokenLife: func(t testing.TB, life time.Duration) {
			p.Set(t, "token_seconds", fmt.Sprint(int(life.Seconds())))
		},
		Revoke: func(t testing.TB, token string) {
			s := session{keystone: keystone, token: token}
			if status, body := s.do(t, http.MethodDelete, keystone+"/auth/tokens"); status != http.StatusNoContent {
				t.Fatalf("revoke: %d %s", status, body)
			}
		},
	}, rotation.Build(t))
}
