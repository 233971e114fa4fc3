// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// A kubeconfig that trusts somebody else, or asks another server, is found.
func TestInspectKubeconfigOfAnother(t *testing.T) {
	t.Parallel()
	s, root := newSigner(t), newRoot(t)
	s.must(t, root, worker(), Options{})
	conf := at(root, "kubelet.conf")
	text := contents(t, conf)
	c, err := parseKubeconfig(text)
	if err != nil {
		t.Fatal(err)
	}
	more := append(slices.Clone(c.bundle), pki.MarshalCertificate(newCA(t, "evil").Certificate)...)
	for want, changed := range map[string][]byte{
		"it trusts a CA that the node does not (SHA-256 ": bytes.Replace(text, []byte(encode(c.bundle)), []byte(encode(more)), 1),
		`its server is "https://192.0.2.99:1", not "`:     bytes.Replace(text, []byte(c.server), []byte("https://192.0.2.99:1"), 1),
	} {
		if err := os.WriteFile(conf, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, cas := range []Authorities{nil, s.authorities()} {
			found, err := Inspect(root, worker(), Owner{}, cas, now)
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, f := range found.Files {
				all = append(all, f.Problems...)
			}
			if len(all) != 1 || !strings.HasPrefix(all[0], want) {
				t.Errorf("got %q, want %q", all, want)
			}
		}
	}
}
