// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inPKCS8 is the same key in another form.
func inPKCS8(t *testing.T, key []byte) []byte {
	t.Helper()
	block, _ := pem.Decode(key)
	parsed, err := parseAnyKey(block)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(parsed)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// The key that signs the tokens of service accounts is never exchanged for
// another, and what is wrong with it is said.
func TestSharedKey(t *testing.T) {
	t.Parallel()
	s, key, other := newSigner(t), newServiceAccountKey(t), newServiceAccountKey(t)
	public, err := publicOf(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		there, public []byte // nil: none
		mode          os.FileMode
		given, want   []byte
		why           string // of sa.key's change
		err           error  // a refusal, or a warning
	}{
		"none, and none given":              {err: ErrNoSharedKey},
		"none":                              {given: key, want: key, why: "it is missing"},
		"the same":                          {there: key, public: public, given: key, want: key},
		"the same in another form":          {there: key, public: public, given: inPKCS8(t, key), want: key},
		"another":                           {there: key, public: public, given: other, want: key, err: ErrOtherSharedKey},
		"another that is left alone":        {there: other, want: other},
		"moved away":                        {public: public, given: other, want: other, why: "it is missing"},
		"damaged":                           {there: key[:99], public: public, want: key[:99], err: ErrServiceAccountKey},
		"empty":                             {there: []byte{}, want: []byte{}, err: ErrServiceAccountKey},
		"damaged, and the same is given":    {there: key[:99], public: public, given: key, want: key, why: "it was damaged: " + ErrServiceAccountKey.Error()},
		"damaged, and another is given":     {there: key[:99], public: public, given: other, want: key[:99], err: ErrOtherSharedKey},
		"damaged like the public one":       {there: key[:99], public: []byte("x"), given: key, want: key, why: "it was damaged: " + ErrServiceAccountKey.Error()},
		"exposed":                           {there: key, public: public, mode: 0o040, want: key, why: ErrSharedKeyExposed.Error(), err: ErrSharedKeyExposed},
		"exposed, and the same is given":    {there: key, public: public, mode: 0o004, given: key, want: key, why: ErrSharedKeyExposed.Error(), err: ErrSharedKeyExposed},
		"exposed, moved away":               {public: public, mode: 0o004, given: other, want: other, why: "it is missing"},
		"exposed, and another is given":     {there: key, public: public, mode: 0o004, given: other, want: key, err: ErrOtherSharedKey},
		"a worker has no part in any of it": {there: key[:99], mode: 0o004, want: key[:99]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, n := newRoot(t), master()
			if path.Base(t.Name()) == "a_worker_has_no_part_in_any_of_it" {
				n = worker()
			}
			s := &signer{cas: s.cas, life: s.life}
			s.must(t, root, n, Options{})
			for file, data := range map[string][]byte{saKey: test.there, saPublic: test.public} {
				if data == nil {
					continue
				}
				if err := errors.Join(os.WriteFile(at(root, file), data, 0o600), os.Chmod(at(root, file), 0o600|test.mode)); err != nil {
					t.Fatal(err)
				}
			}
			p, out, err := s.run(root, n, Options{ServiceAccountKey: test.given})
			if err == nil {
				err = errors.Join(p.Warnings()...)
			}
			if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
				t.Errorf("got %v", err)
			}
			why := ""
			for _, c := range out.Changes {
				if c.Path == at(root, saKey) {
					why = c.Why
				}
			}
			if why != test.why {
				t.Errorf("it was written as %q", why)
			}
			if got, _ := os.ReadFile(at(root, saKey)); !bytes.Equal(got, test.want) {
				t.Error("the key is another")
			}
		})
	}
}

// Keys of before in the public file go on to be taken.
func TestSharedPublicKeys(t *testing.T) {
	t.Parallel()
	s, root, key := newSigner(t), newRoot(t), newServiceAccountKey(t)
	s.must(t, root, master(), Options{ServiceAccountKey: key})
	before, err := publicOf(newServiceAccountKey(t))
	if err != nil {
		t.Fatal(err)
	}
	both := slices.Concat(before, contents(t, at(root, saPublic)))
	if err := os.WriteFile(at(root, saPublic), both, 0o644); err != nil {
		t.Fatal(err)
	}
	checkIdle(t, s, root, master())
	if diff := cmp.Diff(string(both), string(contents(t, at(root, saPublic)))); diff != "" {
		t.Error(diff)
	}
}
