// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
)

var (
	errNotPublic   = errors.New("not a public key in PEM")
	errOtherPublic = errors.New("it is not the public half of sa.key")
)

// serviceAccounts looks at the key pair of service accounts, without which no
// control plane starts. Heat's nodes have theirs from their cluster's stack.
func (x *inspector) serviceAccounts() (files []Inspected, none bool) {
	if x.node.Role != ControlPlane || x.layout == Heat {
		return nil, false
	}
	key, data := x.serviceAccountKey()
	return []Inspected{key, x.serviceAccountPublic(data)}, data == nil
}

// serviceAccountKey also returns the key, nil if it is none.
func (x *inspector) serviceAccountKey() (f Inspected, key []byte) {
	f.Path = "etc/kubernetes/" + saKey
	data, info, err := x.read(f.Path)
	if err != nil {
		f.problem("%v", bare(err))
		return f, nil
	}
	if info.Mode().Perm()&x.others(0o077) != 0 {
		f.problem("%v", ErrSharedKeyExposed)
		x.ownership(&f, "it", info)
	} else {
		x.access(&f, "it", true, info)
	}
	if _, err := publicOf(data); err != nil {
		f.problem("%v", err)
		return f, nil
	}
	return f, data
}

// serviceAccountPublic wants what key, if there is one, is the private half of.
// There may be others beside it: keys of before, whose tokens are taken still.
func (x *inspector) serviceAccountPublic(key []byte) Inspected {
	f := Inspected{Path: "etc/kubernetes/" + saPublic}
	data, info, err := x.read(f.Path)
	if err != nil {
		f.problem("%v", bare(err))
		return f
	}
	x.access(&f, "it", false, info)
	all := publicKeys(data)
	if len(all) == 0 {
		f.problem("%v", errNotPublic)
		return f
	}
	want, err := publicOf(key)
	switch {
	case err != nil: // said of the key
	case !slices.ContainsFunc(all, func(der []byte) bool { return bytes.Equal(der, publicKeys(want)[0]) }):
		f.problem("%v", errOtherPublic)
	}
	return f
}

// publicKeys are those of a file, as the API server reads it.
func publicKeys(data []byte) (all [][]byte) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if _, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil && block.Type == "PUBLIC KEY" {
			all = append(all, block.Bytes)
		}
	}
	return all
}
