// SPDX-License-Identifier: Apache-2.0

package credential_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
)

// maxRecord is what fits every store; Windows takes 2560 bytes.
const maxRecord = 2400

const base64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func encode(t testing.TB, r *credential.Record) []byte {
	t.Helper()
	data, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRecordRoundTrip(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	data := encode(t, f.rec)
	got, err := credential.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := got.Usable(f.terms); err != nil {
		t.Errorf("not usable after a round trip: %v", err)
	}
	if again := encode(t, got); !bytes.Equal(again, data) {
		t.Errorf("second encoding differs:\n%s\n%s", data, again)
	}
	for _, b := range data {
		if b < ' ' || b > '~' {
			t.Fatalf("byte %#x is not printable ASCII", b)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	good := string(encode(t, newFixture(t, nil).rec))
	for name, data := range map[string]string{
		"empty":             "",
		"garbage":           "garbage",
		"cut short":         good[:len(good)-10],
		"two":               good + good,
		"trailing text":     good + "x",
		"unknown field":     strings.Replace(good, `{"v":1`, `{"v":1,"x":1`, 1),
		"version 0":         strings.Replace(good, `"v":1`, `"v":0`, 1),
		"no version":        strings.Replace(good, `"v":1,`, ``, 1),
		"padded base64":     strings.Replace(good, `","crt"`, `=","crt"`, 1),
		"no key":            strings.Replace(good, `"key":"`, `"key":"A`, 1),
		"no certificate":    strings.Replace(good, `"crt":"`, `"crt":"AAAA`, 1),
		"fingerprint short": strings.Replace(good, `"ca":"`, `"ca":"00`, 1),
		"placeholder":       strings.Replace(good, `"key":"`, `"key":"{TITLE}`, 1),
	} {
		if _, err := credential.Decode([]byte(data)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	// 32 bytes leave two bits of the last character unused; they must be zero.
	key := good[strings.Index(good, `"key":"`)+7:][:43]
	last := strings.IndexByte(base64URL, key[42])
	loose := strings.Replace(good, key, key[:42]+base64URL[last+1:last+2], 1)
	if _, err := credential.Decode([]byte(loose)); err == nil {
		t.Error("base64 that is not canonical is accepted")
	}
	newer := strings.Replace(good, `"v":1`, `"v":2,"more":[]`, 1)
	if _, err := credential.Decode([]byte(newer)); !errors.Is(err, credential.ErrNewerVersion) {
		t.Errorf("newer version: got %v", err)
	}
}

// Of two copies the newest wins. Nobody erases what a later version wrote.
func TestNewer(t *testing.T) {
	fix := newFixture(t, nil)
	old := encode(t, fix.rec)
	fix.rec.Issued = fix.rec.Issued.Add(time.Second)
	fresh := encode(t, fix.rec)
	later := []byte(`{"v":2}`)
	for _, test := range []struct {
		name string
		a, b []byte
		want bool
	}{
		{"fresh, old", fresh, old, true},
		{"old, fresh", old, fresh, false},
		{"equal", old, old, false},
		{"record, garbage", old, []byte("{"), true},
		{"garbage, record", []byte("{"), old, false},
		{"garbage, garbage", []byte("{"), nil, false},
		{"record, later version", fresh, later, false},
		{"later version, record", later, old, false},
	} {
		if got := credential.Newer(test.a, test.b); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// Windows stores 2560 bytes and no more; other stores are larger.
func TestRecordSize(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{2048, 3072, 4096} {
		t.Run(fmt.Sprintf("RSA-%d", bits), func(t *testing.T) {
			t.Parallel()
			id := alice
			id.User = strings.Repeat("u", 64)
			id.Groups = []string{strings.Repeat("g", 64), strings.Repeat("h", 64), "system:masters"}
			data := encode(t, rsaRecord(t, id, bits))
			t.Logf("%d bytes", len(data))
			if len(data) > maxRecord {
				t.Errorf("record has %d bytes", len(data))
			}
		})
	}
}

// rsaRecord is a record as Magnum would have it with an RSA CA and a cluster
// name of the greatest length that fits a common name.
func rsaRecord(t *testing.T, id credential.Identity, bits int) *credential.Record {
	t.Helper()
	caKey, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	key := pkitest.NewKey(t)
	ca := &x509.Certificate{Subject: pkix.Name{CommonName: strings.Repeat("c", 64)}, NotAfter: now.Add(time.Hour)}
	leaf := &x509.Certificate{
		SerialNumber: new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1)),
		Subject:      pkix.Name{CommonName: id.User, Organization: id.Groups},
		NotBefore:    now, NotAfter: now.Add(time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		SubjectKeyId: make([]byte, 20),
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return credential.NewRecord(id, key, cert, ca, now)
}

// Whatever a store brings back, it is a record that holds or a miss.
func FuzzDecode(f *testing.F) {
	fix := newFixture(f, nil)
	good := encode(f, fix.rec)
	f.Add(good)
	f.Add([]byte(`{"v":1}`))
	f.Add([]byte(`{"v":99}`))
	f.Add(good[:100])
	f.Add(bytes.Replace(good, []byte(`"iat":1`), []byte(`"iat":9`), 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := credential.Decode(data)
		if err != nil {
			return
		}
		if _, err := rec.Usable(fix.terms); err != nil {
			return
		}
		// Only the genuine key and certificate can get here; the dates that
		// bound them may have been moved, the credential itself may not.
		if !rec.Certificate.Equal(fix.rec.Certificate) || !rec.Key.Equal(fix.rec.Key) {
			t.Fatalf("accepted a forged record: %s", data)
		}
	})
}
