// SPDX-License-Identifier: Apache-2.0

package cluster

import "encoding/json"

// The files that the signer is started from.
const (
	signerConf = "signer.conf"
	signerCert = "signer-ca.crt"
	signerKey  = "signer-ca.key"
)

// StartSigner starts what kube-controller-manager, a program as package binaries
// builds it, does about CertificateSigningRequests: it signs the approved ones by ca
// and cleans up. It also fills the ClusterRoles view and edit. One that runs already is replaced. Stop ends it.
func (c *Cluster) StartSigner(program string, ca CA) error {
	c.StopSigner()
	c.mu.Lock()
	serves, trusted := c.serving, c.trusted
	c.mu.Unlock()
	leaf, err := trusted.issue(clientTemplate("system:kube-controller-manager", "system:masters"))
	if err != nil {
		return err
	}
	conf, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "signer",
		"clusters": []any{map[string]any{"name": "signer", "cluster": map[string]any{"server": c.Server(), "certificate-authority-data": serves.Certificate}}},
		"users":    []any{map[string]any{"name": "signer", "user": map[string]any{"client-certificate-data": leaf.Certificate, "client-key-data": leaf.Key}}},
		"contexts": []any{map[string]any{"name": "signer", "context": map[string]string{"cluster": "signer", "user": "signer"}}},
	})
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{signerConf: conf, signerCert: ca.Certificate, signerKey: ca.Key} {
		if err := c.replace(name, content); err != nil {
			return err
		}
	}
	c.signer, err = startProcess(c.path("kube-controller-manager.log"), program,
		"--kubeconfig="+c.path(signerConf),
		"--controllers=certificatesigningrequest-signing-controller,certificatesigningrequest-cleaner-controller,clusterrole-aggregation-controller",
		"--cluster-signing-cert-file="+c.path(signerCert),
		"--cluster-signing-key-file="+c.path(signerKey),
		"--leader-elect=false",
		"--bind-address=127.0.0.1",
		"--secure-port=0",
		"--profiling=false",
	)
	return err
}

// StopSigner ends the signer, if one runs.
func (c *Cluster) StopSigner() {
	c.signer.kill()
	c.signer = nil
}
