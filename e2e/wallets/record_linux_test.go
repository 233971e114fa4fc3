// SPDX-License-Identifier: Apache-2.0

package wallets_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
)

func TestRecordsComeBackByteForByte(t *testing.T) {
	key, record := newRecord(t)
	for _, c := range []struct {
		name string
		open func(t *testing.T)
	}{
		{"KWallet", func(t *testing.T) { openKWallet(t) }},
		{"KeePassXC", func(t *testing.T) { openKeePassXC(t, startDisplay(t), false) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.open(t)
			roundTrip(t, insistent(), key, record)
		})
	}
}

func roundTrip(t *testing.T, s *cache.Keyring, key string, record []byte) {
	t.Helper()
	if err := s.Put(t.Context(), key, record, time.Hour); err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, record) {
		t.Errorf("of %d bytes %d came back, and not the same ones", len(record), len(got))
	}
	if _, err := credential.Decode(got); err != nil {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), key); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("after Delete: %v, want ErrMiss", err)
	}
}

// newRecord makes a record of a CA with a long name and an RSA key of 4096
// bits, and the key that it is stored under.
func newRecord(t *testing.T) (key string, record []byte) {
	t.Helper()
	now := time.Now()
	signer, err := rsa.GenerateKey(rand.Reader, 4096)
	if err != nil {
		t.Fatal(err)
	}
	ca := &pkitest.CA{
		Certificate: &x509.Certificate{Subject: pkix.Name{CommonName: strings.Repeat("c", 64)}, NotAfter: now.Add(time.Hour)},
		Key:         signer,
	}
	own := pkitest.NewKey(t)
	id := credential.Identity{
		Cluster: "8f9a7a3c-6c1b-4a0e-9d53-0b7f0c5f8a11",
		User:    "alice", Groups: []string{"system:masters"},
	}
	record, err = credential.NewRecord(id, own, ca.Client(t, own.Public(), now, nil), ca.Certificate, now).Encode()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the record has %d bytes", len(record))
	return id.Key(), record
}
