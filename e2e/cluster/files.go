// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"os"
)

// The files that the API server reads; it reads all but tokenKey again within
// 0.2 s after they were replaced.
const (
	clientCA    = "client-ca.crt"
	servingCert = "serving.crt"
	servingKey  = "serving.key"
	tokenKey    = "service-account.key"
)

func (c *Cluster) writeFiles(ca CA) error {
	key, _, err := newKey()
	if err != nil {
		return err
	}
	if err := c.replace(tokenKey, key); err != nil {
		return err
	}
	if err := c.Trust(ca); err != nil {
		return err
	}
	return c.Serve(ca)
}

// Trust makes the API server accept the client certificates of cas and of no
// other CA, as the second half of a rotation does. Open connections keep the
// identity they have until their next request. It does not wait; see
// [Cluster.Switch].
func (c *Cluster) Trust(cas ...CA) error {
	var bundle bytes.Buffer
	for _, ca := range cas {
		bundle.Write(ca.Certificate)
	}
	return c.replace(clientCA, bundle.Bytes())
}

// Serve makes the API server present a new serving certificate signed by ca.
func (c *Cluster) Serve(ca CA) error {
	leaf, err := ca.issue(servingTemplate())
	if err != nil {
		return err
	}
	return c.present(leaf)
}

func (c *Cluster) present(leaf CA) error {
	// Between the two renames the pair does not match; the API server then
	// keeps the one it has and looks again.
	if err := c.replace(servingKey, leaf.Key); err != nil {
		return err
	}
	return c.replace(servingCert, leaf.Certificate)
}

// replace is atomic: the API server never sees half a file.
func (c *Cluster) replace(name string, content []byte) error {
	next := c.path(name + ".new")
	if err := os.WriteFile(next, content, 0o600); err != nil {
		return err
	}
	return os.Rename(next, c.path(name))
}
