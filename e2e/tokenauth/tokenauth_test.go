// SPDX-License-Identifier: Apache-2.0

package tokenauth_test

import (
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/rotation"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/tokenauth"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

func TestOnTheDouble(t *testing.T) {
	server := magnumtest.New(magnumtest.Options{RotateAfter: -1})
	t.Cleanup(server.Close)
	tokenauth.Run(t, tokenauth.OpenStack{
		OpenStack:    rotation.DoubleOf(server),
		Keystone:     server.KeystoneURL(),
		SetTokenLife: func(_ testing.TB, life time.Duration) { server.SetTokenLife(life) },
		Revoke:       func(_ testing.TB, token string) { server.RevokeToken(token) },
	}, rotation.Build(t))
}
