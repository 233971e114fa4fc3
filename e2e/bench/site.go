// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
)

// site is an OpenStack and the API server of prod.
type site struct {
	server *magnumtest.Server
	api    *apitest.Server
}

// newSite starts a site, which ends when w is closed.
func (w *world) newSite() *site {
	api := apitest.New()
	w.atClose(api.Close)
	s := &site{server: magnumtest.New(magnumtest.Options{ProdAPI: api.URL}), api: api}
	w.atClose(s.server.Close)
	ca, caKey := s.server.CA("prod")
	api.Serve(ca, caKey)
	api.Trust(ca)
	return s
}

// closeOpenStack leaves the API server.
func (s *site) closeOpenStack() {
	s.server.CloseKeystone()
	s.server.CloseMagnum()
}
