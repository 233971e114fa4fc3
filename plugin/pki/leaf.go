// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Why a certificate of a node is refused, beside what [CheckClient] says.
var (
	ErrOtherUsage = errors.New("certificate is for other uses")
	ErrOtherHosts = errors.New("certificate is for other hosts")
)

// Leaf is what a certificate is asked for: who it is for, for which uses and,
// if it is a server's, for which hosts.
type Leaf struct {
	Subject
	Client, Server bool
	DNSNames       []string
	IPs            []netip.Addr
}

// LeafRequest returns a certificate request in PEM. As in [ClientRequest] no
// extension is critical, and there is no subject key identifier.
func LeafRequest(key *ecdsa.PrivateKey, leaf Leaf) ([]byte, error) {
	usage, err := asn1.Marshal(asn1.BitString{Bytes: []byte{0x80}, BitLength: 1}) // digitalSignature
	if err != nil {
		return nil, err
	}
	extUsage, err := asn1.Marshal(leaf.usages())
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject:     pkix.Name{CommonName: leaf.CommonName, Organization: leaf.Organizations},
		DNSNames:    leaf.DNSNames,
		IPAddresses: leaf.addresses(),
		ExtraExtensions: []pkix.Extension{
			{Id: oidKeyUsage, Value: usage},
			{Id: oidExtKeyUsage, Value: extUsage},
		},
	}, key)
	if err != nil {
		return nil, fmt.Errorf("make certificate request: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}

func (l Leaf) usages() []asn1.ObjectIdentifier {
	var oids []asn1.ObjectIdentifier
	if l.Server {
		oids = append(oids, oidServerAuth)
	}
	if l.Client {
		oids = append(oids, oidClientAuth)
	}
	return oids
}

func (l Leaf) addresses() []net.IP {
	var ips []net.IP
	for _, ip := range l.IPs {
		ips = append(ips, ip.AsSlice())
	}
	return ips
}

// CheckLeaf says whether cert is exactly what was asked for: for key, subject,
// uses and hosts, no CA's, in date at now. Who signed it is the other half:
// [SignedBy].
func CheckLeaf(cert *x509.Certificate, key *ecdsa.PublicKey, leaf Leaf, now time.Time) error {
	pub, ok := cert.PublicKey.(*ecdsa.PublicKey)
	switch {
	case !ok || !pub.Equal(key):
		return ErrOtherKey
	case cert.IsCA:
		return ErrIsCA
	case cert.Subject.CommonName != leaf.CommonName || !sameSet(cert.Subject.Organization, leaf.Organizations):
		return ErrOtherName
	case !leaf.usedAs(cert) || len(cert.UnknownExtKeyUsage) > 0 || len(cert.ExtKeyUsage) != len(leaf.usages()):
		return ErrOtherUsage
	case !sameSet(hostsOf(cert), leaf.hosts()), len(cert.EmailAddresses)+len(cert.URIs) > 0:
		return ErrOtherHosts
	}
	return checkDates(cert, now)
}

// CheckServes says whether cert does at now what leaf is for, perhaps among
// other things: its user and groups if it is a client's, its uses, its hosts.
func CheckServes(cert *x509.Certificate, leaf Leaf, now time.Time) error {
	switch {
	case cert.IsCA:
		return ErrIsCA
	case leaf.Client && !leaf.speaksFor(cert):
		return ErrOtherName
	case !leaf.usedAs(cert):
		return ErrOtherUsage
	}
	if lacking := leaf.lacking(cert); lacking != "" {
		return fmt.Errorf("%w: it lacks %s", ErrOtherHosts, lacking)
	}
	return checkDates(cert, now)
}

// speaksFor says whether cert is for the user of l, in all its groups.
func (l Leaf) speaksFor(cert *x509.Certificate) bool {
	return cert.Subject.CommonName == l.CommonName &&
		!slices.ContainsFunc(l.Organizations, func(group string) bool { return !slices.Contains(cert.Subject.Organization, group) })
}

// usedAs says whether cert allows at least the uses of l. One that names no
// key usage, or no extended one, is for any (RFC 5280, 4.2.1.12).
func (l Leaf) usedAs(cert *x509.Certificate) bool {
	if cert.KeyUsage != 0 && cert.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return false
	}
	if len(cert.ExtKeyUsage)+len(cert.UnknownExtKeyUsage) == 0 || slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return true
	}
	return (!l.Server || slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageServerAuth)) &&
		(!l.Client || slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageClientAuth))
}

// lacking is a host of l that cert is not for; "" if there is none.
func (l Leaf) lacking(cert *x509.Certificate) string {
	have := hostsOf(cert)
	for _, host := range l.hosts() {
		if !slices.Contains(have, host) {
			return host
		}
	}
	return ""
}

// hosts are the names and addresses of l, in OpenSSL's words: a name may look
// like an address, and is none.
func (l Leaf) hosts() []string {
	var hosts []string
	for _, name := range l.DNSNames {
		hosts = append(hosts, "DNS:"+name)
	}
	for _, ip := range l.IPs {
		hosts = append(hosts, "IP:"+ip.Unmap().String())
	}
	return hosts
}

func hostsOf(cert *x509.Certificate) []string {
	var hosts []string
	for _, name := range cert.DNSNames {
		hosts = append(hosts, "DNS:"+name)
	}
	for _, ip := range cert.IPAddresses {
		hosts = append(hosts, "IP:"+ip.String())
	}
	return hosts
}
