// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"slices"
)

// tls is how servers are verified and what we show them.
func (d definition) tls(o Options) (*tls.Config, error) {
	verify, err := d.isTrue("verify", true)
	if err != nil {
		return nil, err
	}
	insecure, err := d.isTrue("insecure", false)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: insecure || !verify, //nolint:gosec // as clouds.yaml says; Session.Verified tells
	}
	if err := d.roots(o, config); err != nil {
		return nil, err
	}
	return config, d.clientCertificate(o, config)
}

// roots puts the CA certificates to trust, if the cloud has its own, in place
// of the system's.
func (d definition) roots(o Options, config *tls.Config) error {
	if config.InsecureSkipVerify {
		return nil
	}
	path, err := d.path(o, "cacert")
	if err != nil || path == "" {
		return d.fileFault("cacert", err)
	}
	certs, err := readFile(path, pemMax)
	if err != nil {
		return d.fileFault("cacert", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(certs) {
		return d.fault("cacert", fmt.Sprintf("%q holds no PEM certificate", path))
	}
	return nil
}

func (d definition) clientCertificate(o Options, config *tls.Config) error {
	cert, err := d.path(o, "cert")
	if err != nil || cert == "" {
		return d.fileFault("cert", err)
	}
	key, err := d.path(o, "key")
	if err != nil {
		return d.fileFault("key", err)
	}
	if key == "" {
		key = cert // as keystoneauth has it: both in one file
	}
	certPEM, err := readFile(cert, pemMax)
	if err != nil {
		return d.fileFault("cert", err)
	}
	keyPEM, err := readFile(key, pemMax)
	if err != nil {
		return d.fileFault("key", err)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return d.fault("cert", "client certificate and key do not make a pair")
	}
	config.Certificates = []tls.Certificate{pair}
	return nil
}

// path is the path in a setting. In clouds.yaml it is relative to that file,
// not to wherever the program runs; see docs/adr/0006-openstack-resolver.md.
func (d definition) path(o Options, key string) (string, error) {
	set := d.values[key]
	switch {
	case set.text == "":
		return "", nil
	case set.from != "":
		return o.absolute(set.text)
	}
	path := o.expandHome(set.text)
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(set.file), path)
	}
	return path, nil
}

// fileFault is the error about a file that a setting names, nil for nil.
func (d definition) fileFault(key string, err error) error {
	if err == nil {
		return nil
	}
	return d.fault(key, d.label(key)+": "+err.Error())
}

// tlsFiles says which files went into trust.
func (d definition) tlsFiles(o Options, trust *tls.Config) TLS {
	files := TLS{Insecure: trust.InsecureSkipVerify}
	// tls has read them: their paths are good.
	switch {
	case trust.RootCAs != nil:
		files.CACert, _ = d.path(o, "cacert")
	case !files.Insecure:
		files.SystemCAs = o.systemCAs()
	}
	if len(trust.Certificates) > 0 {
		files.Cert, _ = d.path(o, "cert")
		files.Key, _ = d.path(o, "key")
	}
	return files
}

// SystemCAs are what SSL_CERT_FILE and SSL_CERT_DIR say of where the system's
// certificates are: package crypto/x509 takes them from there. "" is nothing said.
type SystemCAs struct{ SSLCertFile, SSLCertDir string }

func (o Options) systemCAs() SystemCAs {
	return SystemCAs{SSLCertFile: o.Getenv("SSL_CERT_FILE"), SSLCertDir: o.Getenv("SSL_CERT_DIR")}
}

// parts are c as it was meant, beside what is said now: nothing will always do,
// and a path that the working directory has a part in never does.
func (c SystemCAs) parts(is SystemCAs) []part {
	parts := []part{{"SSL_CERT_FILE", c.SSLCertFile, is.SSLCertFile}, {"SSL_CERT_DIR", c.SSLCertDir, is.SSLCertDir}}
	for i, p := range parts {
		relative := slices.ContainsFunc(filepath.SplitList(p.want), func(path string) bool { return !filepath.IsAbs(path) })
		if p.got == "" || relative {
			parts[i].want = ""
		}
	}
	return parts
}
