// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// kubeconfig is a kubeconfig of one cluster and one user, as kubeadm writes it.
type kubeconfig struct {
	APIVersion     string         `yaml:"apiVersion"`
	Kind           string         `yaml:"kind"`
	Clusters       []namedCluster `yaml:"clusters"`
	Users          []namedUser    `yaml:"users"`
	Contexts       []namedContext `yaml:"contexts"`
	CurrentContext string         `yaml:"current-context"`
}

type namedCluster struct {
	Name    string      `yaml:"name"`
	Cluster clusterInfo `yaml:"cluster"`
}

type clusterInfo struct {
	Server string `yaml:"server"`
	CAData string `yaml:"certificate-authority-data,omitempty"`
	CA     string `yaml:"certificate-authority,omitempty"` // a file, in what others wrote
	Lax    bool   `yaml:"insecure-skip-tls-verify,omitempty"`
}

type namedUser struct {
	Name string   `yaml:"name"`
	User userInfo `yaml:"user"`
}

type userInfo struct {
	CertificateData string `yaml:"client-certificate-data,omitempty"`
	KeyData         string `yaml:"client-key-data,omitempty"`
	Certificate     string `yaml:"client-certificate,omitempty"` // files, in what others wrote
	Key             string `yaml:"client-key,omitempty"`
}

type namedContext struct {
	Name    string      `yaml:"name"`
	Context contextInfo `yaml:"context"`
}

type contextInfo struct {
	Cluster string `yaml:"cluster"`
	User    string `yaml:"user"`
}

// renderKubeconfig is a kubeconfig with all CAs in it.
func renderKubeconfig(cluster, server, user string, bundle []*x509.Certificate, info userInfo) ([]byte, error) {
	name := user + "@" + cluster
	return yaml.Marshal(kubeconfig{
		APIVersion: "v1", Kind: "Config", CurrentContext: name,
		Clusters: []namedCluster{{cluster, clusterInfo{Server: server, CAData: encode(marshalBundle(bundle))}}},
		Users:    []namedUser{{user, info}},
		Contexts: []namedContext{{name, contextInfo{Cluster: cluster, User: user}}},
	})
}

// user is how a kubeconfig has a pair in it.
func (p pair) user() userInfo {
	return userInfo{CertificateData: encode(p.certificate), KeyData: encode(p.key)}
}

// userOf is who a kubeconfig is of until it is made anew. Files below d that it
// names are put into it, as others may have their names by then. ok is false if
// it has no certificate or no key.
func (d *Dir) userOf(c credentials) (u userInfo, ok bool) {
	u = c.pair.user()
	for _, part := range []struct {
		file     string
		data, to *string
	}{{c.certFile, &u.CertificateData, &u.Certificate}, {c.keyRef, &u.KeyData, &u.Key}} {
		switch {
		case *part.data != "":
			continue
		case part.file == "":
			return userInfo{}, false
		}
		*part.to = part.file
		name := path.Clean(strings.TrimPrefix(part.file, "/etc/kubernetes/"))
		if !filepath.IsLocal(name) {
			continue
		}
		if f, err := d.read(name); err == nil && len(f.data) > 0 {
			*part.data, *part.to = encode(f.data), ""
		}
	}
	return u, true
}

func encode(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// errKubeconfig is all that is said of a kubeconfig that cannot be read: the
// parser's own words may quote it.
var errKubeconfig = errors.New("not a kubeconfig of one cluster and one user")

// credentials are what the current context of a kubeconfig has.
type credentials struct {
	server           string
	lax              bool   // the server's certificate is not verified
	bundle           []byte // PEM
	pair             pair
	caFile           string // in place of bundle
	certFile, keyRef string // in place of pair
}

// parseKubeconfig reads one as [renderKubeconfig] writes it, whatever its
// contexts are.
func parseKubeconfig(data []byte) (credentials, error) {
	var k kubeconfig
	if err := yaml.Unmarshal(data, &k); err != nil || len(k.Clusters) != 1 || len(k.Users) != 1 {
		return credentials{}, errKubeconfig
	}
	return decode(k.Clusters[0].Cluster, k.Users[0].User)
}

// parseCurrent reads what a client uses of a kubeconfig: the cluster and the
// user of its current context, among others perhaps.
func parseCurrent(data []byte) (credentials, error) {
	var k kubeconfig
	if err := yaml.Unmarshal(data, &k); err != nil {
		return credentials{}, errKubeconfig
	}
	context, err := named("current context", k.CurrentContext, k.Contexts, func(c namedContext) string { return c.Name })
	if err != nil {
		return credentials{}, err
	}
	cluster, err := named("cluster", context.Context.Cluster, k.Clusters, func(c namedCluster) string { return c.Name })
	if err != nil {
		return credentials{}, err
	}
	user, err := named("user", context.Context.User, k.Users, func(u namedUser) string { return u.Name })
	if err != nil {
		return credentials{}, err
	}
	return decode(cluster.Cluster, user.User)
}

// named is the one of its name: clients refuse a file that has two.
func named[T any](kind, name string, all []T, nameOf func(T) string) (one T, err error) {
	n := 0
	for _, each := range all {
		if nameOf(each) == name {
			one = each
			n++
		}
	}
	switch n {
	case 0:
		return one, fmt.Errorf("its %s %q is missing", kind, name)
	case 1:
		return one, nil
	}
	return one, fmt.Errorf("its %s %q is there %d times", kind, name, n)
}

func decode(cluster clusterInfo, user userInfo) (credentials, error) {
	c := credentials{server: cluster.Server, lax: cluster.Lax, caFile: cluster.CA, certFile: user.Certificate, keyRef: user.Key}
	for _, field := range []struct {
		name, text string
		to         *[]byte
	}{
		{"certificate-authority-data", cluster.CAData, &c.bundle},
		{"client-certificate-data", user.CertificateData, &c.pair.certificate},
		{"client-key-data", user.KeyData, &c.pair.key},
	} {
		decoded, err := base64.StdEncoding.DecodeString(field.text)
		if err != nil {
			return credentials{}, fmt.Errorf("its %s is not base64", field.name)
		}
		*field.to = decoded
	}
	return c, nil
}

// asWritten says whether data is what [renderKubeconfig] writes of its own
// content for user, so that there is nothing else in it.
func asWritten(data []byte, user string) bool {
	var k kubeconfig
	if err := yaml.Unmarshal(data, &k); err != nil || len(k.Clusters) != 1 {
		return false
	}
	c, err := parseKubeconfig(data)
	if err != nil {
		return false
	}
	bundle, err := parseBundle(c.bundle)
	if err != nil {
		return false
	}
	text, err := renderKubeconfig(k.Clusters[0].Name, c.server, user, bundle, c.pair.user())
	return err == nil && bytes.Equal(text, data)
}
