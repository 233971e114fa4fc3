// SPDX-License-Identifier: Apache-2.0

package magnum

import (
	"errors"
	"fmt"
	"net/url"
)

// CAType says which of a cluster's CAs is meant. The zero value is none.
type CAType string

// The CAs of a cluster, in the words that all releases of Magnum take. Each is
// replaced by a rotation, and all have the same subject.
const (
	Kubernetes CAType = "kubernetes"
	Etcd       CAType = "etcd"
	FrontProxy CAType = "front-proxy" // of the aggregation layer
)

// ParseCAType refuses what is none of the constants: Magnum takes any word it
// does not know, such as a typing error, for Kubernetes, and does not say so.
func ParseCAType(text string) (CAType, error) {
	switch t := CAType(text); t {
	case Kubernetes, Etcd, FrontProxy:
		return t, nil
	}
	return "", fmt.Errorf("%q is no type of CA: there are %s, %s and %s", text, Kubernetes, Etcd, FrontProxy)
}

// caTypeMember is the name of a CAType in a query and in a body.
const caTypeMember = "ca_cert_type"

// query is "" for Kubernetes, which Magnum takes for granted.
func (t CAType) query() string {
	if t == Kubernetes {
		return ""
	}
	return "?" + url.Values{caTypeMember: {string(t)}}.Encode()
}

// ofType adds to err, if it is about a missing CA, which one was asked for.
func ofType(err error, which CAType) error {
	if none, ok := errors.AsType[*NoCertificatesError](err); ok {
		none.Type = which
	}
	return err
}
