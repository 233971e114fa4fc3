// SPDX-License-Identifier: Apache-2.0

package state

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"regexp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// Cluster is what we remember of a cluster.
type Cluster struct {
	Name string
	// Pinned are the CAs that Magnum named to us over its authenticated API.
	Pinned []*x509.Certificate
}

type clusterFile struct {
	Name   string   `json:"name"`
	Pinned []string `json:"pinned"` // PEM
}

// uuid keeps names from outside out of paths.
var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// ValidUUID says whether s is a UUID as OpenStack writes them. Only such an s
// names a cluster here.
func ValidUUID(s string) bool { return uuid.MatchString(s) }

// Cluster returns what is known of the cluster, the zero Cluster if nothing.
// A damaged pin voids all of them.
func (d Dir) Cluster(id string) Cluster {
	var file clusterFile
	if !ValidUUID(id) || !d.read(&file, "clusters", id+".json") {
		return Cluster{}
	}
	c := Cluster{Name: file.Name}
	for _, text := range file.Pinned {
		ca, err := pki.ParseCertificate([]byte(text))
		if err != nil {
			return Cluster{Name: file.Name}
		}
		c.Pinned = append(c.Pinned, ca)
	}
	return c
}

// SetCluster remembers c. It does not touch the CA file.
func (d Dir) SetCluster(id string, c Cluster) error {
	if !ValidUUID(id) {
		return errNotUUID
	}
	file := clusterFile{Name: c.Name}
	for _, ca := range c.Pinned {
		file.Pinned = append(file.Pinned, string(pki.MarshalCertificate(ca)))
	}
	return d.write(file, "clusters", id+".json")
}

// CAFile is the path of the cluster's CA file, whether it exists or not.
func (d Dir) CAFile(id string) string { return filepath.Join(d.CAs, id+".crt") }

// WriteCAFile puts the CAs into the cluster's CA file, readable by all. It is
// for kubectl to read; nothing here ever trusts what is in it.
func (d Dir) WriteCAFile(id string, cas []*x509.Certificate) error {
	if !ValidUUID(id) {
		return errNotUUID
	}
	return d.writeFile(d.CAFile(id), BundlePEM(cas), d.CAs, 0o755, 0o644)
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
