// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"bytes"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
)

// What kubectl's TLS passes over is passed over here: a CA that it does not trust
// is nobody's.
func TestParseBundle(t *testing.T) {
	t.Parallel()
	ca := pkitest.NewCA(t, "prod", time.Now()).Certificate
	good := pki.MarshalCertificate(ca)
	for name, test := range map[string]struct {
		data []byte
		want int
	}{
		"nothing":        {nil, 0},
		"one":            {good, 1},
		"two":            {append(bytes.Clone(good), good...), 2},
		"text around":    {append([]byte("# mine\n"), append(bytes.Clone(good), "end"...)...), 1},
		"another type":   {bytes.ReplaceAll(good, []byte("CERTIFICATE"), []byte("TRUSTED CERTIFICATE")), 0},
		"damaged":        {append(bytes.Replace(good, []byte("MII"), []byte("AAA"), 1), good...), 1},
		"cut short":      {good[:len(good)-10], 0},
		"DER":            {ca.Raw, 0},
		"another's, too": {append(bytes.ReplaceAll(good, []byte("CERTIFICATE"), []byte("X509 CRL")), good...), 1},
	} {
		if got := parseBundle(test.data); len(got) != test.want {
			t.Errorf("%s: %d CAs", name, len(got))
		}
	}
}
