// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

// leaf signs as Magnum does, but for dates of the test's choice.
func leaf(t *testing.T, from, until time.Time) magnumtest.SignFunc {
	return func(csr *x509.CertificateRequest, ca *x509.Certificate, key crypto.Signer) []byte {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: csr.Subject, NotBefore: from, NotAfter: until}
		der, err := x509.CreateCertificate(rand.Reader, template, ca, csr.PublicKey, key)
		if err != nil {
			t.Error(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
}

// Clocks that differ are named, with which way and how far.
func TestRefusalNamesTheSkew(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		ahead time.Duration // Magnum's clock
		want  string        // "" = accepted
	}{
		{30 * time.Second, ""},
		{2 * time.Hour, " behind Magnum's"},
		{-48 * time.Hour, " ahead of Magnum's"},
	} {
		p, cloud := newPlugin(t, magnumtest.Options{Now: func() time.Time { return time.Now().Add(test.ahead) }})
		signed := time.Now().Add(test.ahead)
		cloud.SignWith(leaf(t, signed, signed.Add(24*time.Hour)))
		_, err := p.Config(t.Context(), configProd(t))
		if test.want == "" {
			if err != nil {
				t.Errorf("%v: %v", test.ahead, err)
			}
			continue
		}
		var refused *plugin.RefusedError
		if !errors.As(err, &refused) || (refused.Skew-test.ahead).Abs() > time.Minute || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v", test.ahead, err)
		}
	}
}
