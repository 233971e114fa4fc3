// SPDX-License-Identifier: Apache-2.0

// Package credential holds what a credential for one cluster and one identity,
// a client certificate or a Keystone token, is made of: the identity, the record
// that is cached of it, the one function that decides whether a record may be
// used, and the ExecCredential that kubectl gets.
//
// It does not sign, dial, read files or ask what time it is. There is no
// promise of API stability.
package credential

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// Identity says whose credential for which cluster is meant. All of it is
// known from the kubeconfig's exec arguments, so that a hit needs no network.
type Identity struct {
	Cluster string // UUID
	Project string // OpenStack project id
	Owner   string // OpenStack user id of the caller
	User    string // the certificate's common name
	Groups  []string
	// ShortLived is for how long the cluster itself, asked by its
	// CertificateSigningRequest API, shall sign the certificate. Zero: Magnum signs
	// it, for as long as it chooses.
	ShortLived time.Duration
	// Login is the login that a token is of; nil for a certificate. With it there
	// are neither User nor Groups: who a token is for is Keystone's to say.
	Login *Login
}

// Login is a login to a cloud, by its name in clouds.yaml: two logins of one user
// may have different rights, and so may their tokens.
type Login struct {
	Cloud  string // "" for that of the environment
	Region string
}

// IsToken says whether a Keystone token is meant, and no certificate.
func (i Identity) IsToken() bool { return i.Login != nil }

// IsShortLived says whether the cluster signs i's certificates.
func (i Identity) IsShortLived() bool { return i.ShortLived > 0 }

// Subject is what a certificate for i says in its subject.
func (i Identity) Subject() pki.Subject {
	return pki.Subject{CommonName: i.User, Organizations: i.Groups}
}

// Key is the name under which stores keep i's record: the head of a SHA-256
// over all of i, the groups as a set. The prefix changes with the record's
// format, so that two versions of this program never fight over an item.
func (i Identity) Key() string {
	if i.IsToken() {
		return "v1-token-" + hash(i.Cluster, i.Project, i.Owner, i.Login.Cloud, i.Login.Region)
	}
	groups := slices.Clone(i.Groups)
	slices.Sort(groups)
	fields := append([]string{i.Cluster, i.Project, i.Owner, i.User}, slices.Compact(groups)...)
	if i.IsShortLived() {
		return "v1-short-" + hash(append([]string{i.ShortLived.String()}, fields...)...)
	}
	return "v1-cert-" + hash(fields...)
}

// hash is the head of a SHA-256 over fields, each with its length.
func hash(fields ...string) string {
	h := sha256.New()
	for _, field := range fields {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(field)))
		h.Write(length[:])
		h.Write([]byte(field))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Record is a credential as cached: a key and its certificate, or a token. It
// never changes once written: a new certificate or token is a new record.
type Record struct {
	Identity string    // Identity.Key of whom it is for
	Cluster  string    // UUID
	Issued   time.Time // when the key was made or the token got, with whole seconds

	// Of a certificate; the zero values in the record of a token.
	Key         *ecdsa.PrivateKey
	Certificate *x509.Certificate
	CA          string    // pki.Fingerprint of the CA that signed it
	CANotAfter  time.Time // that CA's end, with whole seconds
	// Since is when Magnum signed the certificate by which the first of a line of
	// certificates was had that renewed each other; zero for one that is not such.
	Since time.Time

	// Of a token; the zero values in the record of a certificate.
	Token   string
	Expires time.Time // with whole seconds
}

// NewRecord makes the record of a certificate that was just issued.
func NewRecord(id Identity, key *ecdsa.PrivateKey, cert, ca *x509.Certificate, now time.Time) *Record {
	return &Record{
		Identity:    id.Key(),
		Cluster:     id.Cluster,
		Key:         key,
		Certificate: cert,
		CA:          pki.Fingerprint(ca),
		CANotAfter:  ca.NotAfter,
		Issued:      now.UTC().Truncate(time.Second),
	}
}

// Began is when Magnum or Keystone last had a say in r: max age and revocations
// count from there.
func (r *Record) Began() time.Time {
	if r.Since.IsZero() {
		return r.Issued
	}
	return r.Since
}

// IsToken says whether r is the record of a token, and of no certificate.
func (r *Record) IsToken() bool { return r.Token != "" }

// Name is what tells r from other records, and what it is revoked by. It gives
// nothing away: the fingerprint of the certificate, or a hash of the token.
func (r *Record) Name() string {
	if r.IsToken() {
		return "token-" + hash(r.Token)
	}
	return pki.Fingerprint(r.Certificate)
}
