// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"sync"
	"time"
)

// authorities are the CAs of a cluster between two rotations, each made when
// it is first needed. All of them have the same subject.
type authorities struct {
	name       string
	slot       int // which of the process's keys
	generation int // rotations so far
	born       time.Time
	life       time.Duration
	keyIDs     bool

	mu    sync.Mutex
	kinds map[string]*authority
}

type authority struct {
	cert *x509.Certificate
	key  *rsa.PrivateKey
}

func (s *Server) newAuthorities(name string, slot, generation int) *authorities {
	return &authorities{
		name: name, slot: slot, generation: generation,
		born: s.now(), life: s.opts.CertificateLife, keyIDs: s.release.keyIDs,
		kinds: map[string]*authority{},
	}
}

// CA returns the certificate and the key (PKCS #8) of a cluster's current
// Kubernetes CA, both in PEM: enough to start a kube-apiserver.
//
// Keys are made once in a process: the same cluster of two servers has the
// same key under two certificates. Beyond the eight clusters that every server
// has, clusters share four keys.
func (s *Server) CA(nameOrUUID string) (certPEM, keyPEM []byte) {
	ca := s.theCluster(nameOrUUID).authorities.of("kubernetes")
	key, err := x509.MarshalPKCS8PrivateKey(ca.key)
	if err != nil {
		panic(fmt.Sprintf("magnumtest: %v", err))
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
}

// of is the CA for a ca_cert_type. Any word but these means the Kubernetes CA.
func (a *authorities) of(kind string) *authority {
	switch kind {
	case "etcd":
	case "front_proxy", "front-proxy":
		kind = "front_proxy"
	default:
		kind = "kubernetes"
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kinds[kind] == nil {
		a.kinds[kind] = a.create(kind)
	}
	return a.kinds[kind]
}

func (a *authorities) create(kind string) *authority {
	key := caKeys.key(fmt.Sprintf("%d/%s/%d", sharedSlot(a.slot), kind, a.generation))
	subject := commonName(a.name)
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(fmt.Sprintf("magnumtest: %v", err))
	}
	extensions := caExtensions()
	if a.keyIDs {
		extensions = append(extensions, subjectKeyID(spki))
	}
	der := leaf{
		issuer: subject, subject: subject, publicKey: spki,
		from: a.born.Add(-24 * time.Hour), to: a.born.Add(a.life), extensions: extensions,
	}.sign(key)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(fmt.Sprintf("magnumtest: %v", err))
	}
	return &authority{cert, key}
}

// sharedSlot gives the clusters of every server keys of their own, and four to
// all the rest.
func sharedSlot(slot int) int {
	const own, shared = 8, 4
	if slot < own {
		return slot
	}
	return own + slot%shared
}

// keyPool has the RSA keys of this process: making one takes a good part of a
// second, and tests start many servers.
type keyPool struct {
	mu   sync.Mutex
	keys map[string]*rsa.PrivateKey
}

var caKeys = keyPool{keys: map[string]*rsa.PrivateKey{}}

func (p *keyPool) key(name string) *rsa.PrivateKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keys[name] == nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(fmt.Sprintf("magnumtest: %v", err))
		}
		p.keys[name] = key
	}
	return p.keys[name]
}
