// SPDX-License-Identifier: Apache-2.0

package env

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Credential is what the exec plugin of the user's current context answers.
type Credential struct {
	ClientCertificateData string `json:"clientCertificateData"`
	ClientKeyData         string `json:"clientKeyData"`
	Token                 string `json:"token"`
	ExpirationTimestamp   string `json:"expirationTimestamp"`
}

// kubeconfig is `kubectl config view --minify --raw --flatten -o json`.
type kubeconfig struct {
	Clusters []struct {
		Cluster struct {
			Server                   string `json:"server"`
			CertificateAuthorityData string `json:"certificate-authority-data"`
		} `json:"cluster"`
	} `json:"clusters"`
	Users []struct {
		User struct {
			Exec *struct {
				APIVersion string   `json:"apiVersion"`
				Command    string   `json:"command"`
				Args       []string `json:"args"`
				Env        []struct {
					Name  string `json:"name"`
					Value string `json:"value"`
				} `json:"env"`
			} `json:"exec"`
		} `json:"user"`
	} `json:"users"`
}

// Credential runs the exec plugin of the user's current context the way client-go
// does: same environment, arguments and KUBERNETES_EXEC_INFO.
func (e *Env) Credential(ctx context.Context) (Credential, error) {
	view := e.Run(ctx, "kubectl", "config", "view", "--minify", "--raw", "--flatten", "-o", "json")
	if view.Code != 0 {
		return Credential{}, fmt.Errorf("kubectl config view: %s", view.Stderr)
	}
	var config kubeconfig
	if err := json.Unmarshal([]byte(view.Stdout), &config); err != nil {
		return Credential{}, fmt.Errorf("kubectl config view: %w", err)
	}
	if len(config.Clusters) != 1 || len(config.Users) != 1 || config.Users[0].User.Exec == nil {
		return Credential{}, errors.New("the current context has no exec plugin")
	}
	entry, cluster := config.Users[0].User.Exec, config.Clusters[0].Cluster
	info, err := json.Marshal(map[string]any{
		"apiVersion": entry.APIVersion, "kind": "ExecCredential",
		"spec": map[string]any{"interactive": false, "cluster": map[string]any{
			"server": cluster.Server, "certificate-authority-data": cluster.CertificateAuthorityData,
		}},
	})
	if err != nil {
		return Credential{}, err
	}
	cmd := e.Command(ctx, entry.Command, entry.Args...)
	for _, v := range entry.Env {
		cmd.Env = append(cmd.Env, v.Name+"="+v.Value)
	}
	cmd.Env = append(cmd.Env, "KUBERNETES_EXEC_INFO="+string(info))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return Credential{}, fmt.Errorf("%s %v: %w: %s", entry.Command, entry.Args, err, stderr.String())
	}
	var answer struct {
		Status Credential `json:"status"`
	}
	err = json.Unmarshal(stdout.Bytes(), &answer)
	return answer.Status, err
}
