// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// login loads the certificate and the key of a kubeconfig, wherever they are,
// and says whether they are a client's that the node's CAs have signed.
func login(root, name, user string) error {
	var k kubeconfig
	data, err := os.ReadFile(at(root, name))
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(data, &k); err != nil {
		return err
	}
	load := func(text, file string) (data []byte) {
		switch {
		case text != "":
			data, err = base64.StdEncoding.DecodeString(text)
		case filepath.IsAbs(file):
			data, err = os.ReadFile(filepath.Join(root, file))
		default:
			data, err = os.ReadFile(at(root, file))
		}
		return data
	}
	u := k.Users[0].User
	p := pair{load(u.CertificateData, u.Certificate), load(u.KeyData, u.Key)}
	if err != nil {
		return err
	}
	cas, err := os.ReadFile(at(root, "pki/ca.crt"))
	if err != nil {
		return err
	}
	bundle, err := parseBundle(cas)
	if err != nil {
		return err
	}
	_, err = usable(p, client(user, "system:nodes"), bundle, now)
	return err
}

// A kubeconfig that names files, as others write them, names them until it is
// replaced, or has them in it, whenever the run ends.
func TestReferencesAreKept(t *testing.T) {
	t.Parallel()
	s, n := newSigner(t), worker()
	for name, file := range map[string]string{
		"beside":                 "pki/theirs",
		"of ours":                "pki/kubelet",
		"by an absolute path":    "/etc/kubernetes/pki/kubelet",
		"beside pki":             "../kubernetes/certs/kubelet",
		"elsewhere":              "/var/lib/kubelet/pki/kubelet",
		"elsewhere, by a detour": "../../var/lib/kubelet/pki/kubelet",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, root := &signer{cas: s.cas, life: s.life}, newRoot(t)
			s.must(t, root, n, Options{})
			nameFiles(t, root, file)
			user := "system:node:" + n.Name
			if err := login(root, kubeletConf, user); err != nil {
				t.Fatal(err)
			}
			d, _, trees := s.planned(t, root, n)
			for i, tree := range trees {
				names, err := d.differing(tree)
				if err != nil {
					t.Fatal(err)
				}
				for _, part := range []func(string) bool{inPKI, func(name string) bool { return !inPKI(name) }} { // killed in between
					var some []string
					for _, name := range names {
						if part(name) {
							some = append(some, name)
						}
					}
					if err := errors.Join(d.install(tree, some), login(root, kubeletConf, user)); err != nil {
						t.Errorf("step %d: %q: %v", i, some, err)
					}
				}
			}
			if c, err := parseKubeconfig(contents(t, at(root, kubeletConf))); err != nil || len(c.pair.key) == 0 || c.keyRef != "" {
				t.Errorf("it was not replaced: %v", err)
			}
		})
	}
}

// nameFiles moves what is in the kubelet's kubeconfig to file.crt and file.key.
// If those are the kubelet's own, those are missing hosts by now.
func nameFiles(t *testing.T, root, file string) {
	t.Helper()
	conf := at(root, kubeletConf)
	text := contents(t, conf)
	c, err := parseKubeconfig(text)
	if err != nil {
		t.Fatal(err)
	}
	to := at(root, file)
	if filepath.IsAbs(file) {
		to = filepath.Join(root, file)
	}
	for _, part := range []struct {
		data []byte
		ext  string
		key  string
	}{{c.pair.certificate, ".crt", "client-certificate"}, {c.pair.key, ".key", "client-key"}} {
		text = bytes.Replace(text, []byte(part.key+"-data: "+encode(part.data)), []byte(part.key+": "+file+part.ext), 1)
		for _, err := range []error{os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to+part.ext, part.data, 0o600)} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(conf, text, 0o600); err != nil || strings.Contains(string(text), "-data: "+encode(c.pair.key)) {
		t.Fatal(err)
	}
}

// What has neither a certificate nor a key stays as it is until it is replaced.
func TestOtherLoginsAreKept(t *testing.T) {
	t.Parallel()
	s, root, n := newSigner(t), newRoot(t), worker()
	s.must(t, root, n, Options{})
	text := []byte("apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: https://api.example.org}}]\nusers: [{name: u, user: {token: secret}}]\n")
	if err := os.WriteFile(at(root, kubeletConf), text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, issued, trees := s.planned(t, root, n)
	if first := trees[0][kubeletConf]; first != nil {
		t.Errorf("at first it becomes\n%s", first)
	}
	if _, err := pki.ParseCertificate(issued[0].pair.certificate); err != nil || len(issued) != 1 {
		t.Errorf("%d were signed, %v", len(issued), err)
	}
}

// planned is what a run would have signed and install, one tree after the other, and
// where.
func (s *signer) planned(t *testing.T, root string, n Node) (*Dir, []Issued, []tree) {
	t.Helper()
	d, err := Open(root, Owner{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	p, err := d.NewPlan(n, Options{Cluster: "prod", UUID: "a", Authorities: s.authorities(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	issued, err := s.issue(p.Needs, now)
	if err != nil {
		t.Fatal(err)
	}
	trees, err := p.trees(issued)
	if err != nil {
		t.Fatal(err)
	}
	return d, issued, trees
}
