// SPDX-License-Identifier: Apache-2.0

package state

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// Cluster is what we remember of a cluster.
type Cluster struct {
	Name string
	// Pinned are the CAs that Magnum named to us over its authenticated API, and
	// that the cluster is trusted by: one, or in a rotation the old and the new.
	Pinned []*x509.Certificate
	// Signer is the CA by which Magnum signs, if it is not pinned: no server is
	// trusted by it.
	Signer *x509.Certificate
	// Retired are the fingerprints of CAs that were pinned once, the last one
	// last. They tell an outdated kubeconfig from one of a stranger.
	Retired []string
	// Rotating means that Magnum said UPDATE_IN_PROGRESS when it was last asked,
	// and had a new CA.
	Rotating bool
}

// Equal says whether c and d are the same.
func (c Cluster) Equal(d Cluster) bool {
	same := func(a, b *x509.Certificate) bool { return a == b || a != nil && b != nil && a.Equal(b) }
	return c.Name == d.Name && c.Rotating == d.Rotating && same(c.Signer, d.Signer) &&
		slices.Equal(c.Retired, d.Retired) && slices.EqualFunc(c.Pinned, d.Pinned, same)
}

// maxRetired is how many former CAs are remembered.
const maxRetired = 16

// Repinned is c with other pins. Those that go are retired.
func (c Cluster) Repinned(pins []*x509.Certificate) Cluster {
	c.Retired = slices.Clone(c.Retired)
	for _, ca := range c.Pinned {
		if name := pki.Fingerprint(ca); !slices.ContainsFunc(pins, ca.Equal) && !slices.Contains(c.Retired, name) {
			c.Retired = append(c.Retired, name)
		}
	}
	for _, ca := range pins {
		c.Retired = slices.DeleteFunc(c.Retired, func(name string) bool { return name == pki.Fingerprint(ca) })
	}
	c.Retired = c.Retired[max(0, len(c.Retired)-maxRetired):]
	c.Pinned = pins
	return c
}

type clusterFile struct {
	Name     string   `json:"name"`
	Pinned   []string `json:"pinned"`           // PEM
	Signer   string   `json:"signer,omitempty"` // PEM
	Retired  []string `json:"retired,omitempty"`
	Rotating bool     `json:"rotating,omitempty"`
}

// ValidUUID says whether s is a UUID as OpenStack writes them. Only such an s
// names a cluster here, which keeps names from outside out of paths.
func ValidUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch hyphen := i == 8 || i == 13 || i == 18 || i == 23; {
		case hyphen != (s[i] == '-'), !hyphen && !isOneOf(s[i], '0', '9') && !isOneOf(s[i], 'a', 'f'):
			return false
		}
	}
	return true
}

// validKey says whether s can be the name under which something of a credential
// is kept: lower-case letters, digits and hyphens.
func validKey(s string) bool {
	for i := range len(s) {
		if !isOneOf(s[i], 'a', 'z') && !isOneOf(s[i], '0', '9') && s[i] != '-' {
			return false
		}
	}
	return s != ""
}

// isOneOf says whether b is in a range. A regular expression would be compiled on
// each kubectl call.
func isOneOf(b, from, to byte) bool { return from <= b && b <= to }

// Cluster returns what is known of the cluster, the zero Cluster if nothing.
// A damaged pin voids all of them.
func (d Dir) Cluster(id string) Cluster {
	var file clusterFile
	if !ValidUUID(id) || !d.read(&file, "clusters", id+".json") {
		return Cluster{}
	}
	c := Cluster{Name: file.Name, Retired: file.Retired, Rotating: file.Rotating}
	for _, text := range file.Pinned {
		ca, err := pki.ParseCertificate([]byte(text))
		if err != nil {
			return Cluster{Name: file.Name}
		}
		c.Pinned = append(c.Pinned, ca)
	}
	if signer, err := pki.ParseCertificate([]byte(file.Signer)); err == nil {
		c.Signer = signer
	}
	return c
}

// SetCluster remembers c. It does not touch the CA file. Its caller holds the
// cluster's lock.
func (d Dir) SetCluster(id string, c Cluster) error {
	if !ValidUUID(id) {
		return errNotUUID
	}
	file := clusterFile{Name: c.Name, Retired: c.Retired, Rotating: c.Rotating}
	for _, ca := range c.Pinned {
		file.Pinned = append(file.Pinned, string(pki.MarshalCertificate(ca)))
	}
	if c.Signer != nil {
		file.Signer = string(pki.MarshalCertificate(c.Signer))
	}
	return d.write(file, "clusters", id+".json")
}

// ClusterFile is the path of the file that has the cluster's pins.
func (d Dir) ClusterFile(id string) string { return filepath.Join(d.Path, "clusters", id+".json") }

// CAFile is the path of the cluster's CA file, whether it exists or not.
func (d Dir) CAFile(id string) string { return filepath.Join(d.CAs, id+".crt") }

// WriteCAFile puts the CAs into the cluster's CA file, readable by all. It is
// for kubectl to read; nothing here ever trusts what is in it.
func (d Dir) WriteCAFile(id string, cas []*x509.Certificate) error {
	if !ValidUUID(id) {
		return errNotUUID
	}
	return writeFile(d.CAFile(id), BundlePEM(cas), folder{d.CAs, 0o755}, replace, 0o644)
}

// HasCAFile says whether there is a CA file of the cluster.
func (d Dir) HasCAFile(id string) bool {
	if d.CAs == "" || !ValidUUID(id) {
		return false
	}
	_, err := os.Stat(d.CAFile(id))
	return err == nil
}

// HoldsCAs says whether the cluster's CA file holds just these CAs.
func (d Dir) HoldsCAs(id string, cas []*x509.Certificate) bool {
	return bytes.Equal(d.ReadCAFile(id), BundlePEM(cas))
}

// ReadCAFile returns what is in the cluster's CA file, for comparing and for
// showing; nil if there is none.
func (d Dir) ReadCAFile(id string) []byte {
	if d.CAs == "" || !ValidUUID(id) {
		return nil
	}
	data, err := os.ReadFile(d.CAFile(id))
	if err != nil {
		return nil
	}
	return data
}

// BundlePEM is the content of a CA file.
func BundlePEM(cas []*x509.Certificate) []byte {
	var out bytes.Buffer
	for _, ca := range cas {
		// Encoding to a bytes.Buffer cannot fail.
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
	}
	return out.Bytes()
}
