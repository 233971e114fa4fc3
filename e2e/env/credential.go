// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
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

// ExecPlugin is the exec plugin of a user's context, to be run the way client-go
// does: same environment, arguments and KUBERNETES_EXEC_INFO.
type ExecPlugin struct {
	e       *Env
	command string
	args    []string
	vars    []string // beside the user's
}

// ExecPlugin returns that of the user's current context.
func (e *Env) ExecPlugin(ctx context.Context) (ExecPlugin, error) {
	view := e.Run(ctx, "kubectl", "config", "view", "--minify", "--raw", "--flatten", "-o", "json")
	if view.Code != 0 {
		return ExecPlugin{}, fmt.Errorf("kubectl config view: %s", view.Stderr)
	}
	var config kubeconfig
	if err := json.Unmarshal([]byte(view.Stdout), &config); err != nil {
		return ExecPlugin{}, fmt.Errorf("kubectl config view: %w", err)
	}
	if len(config.Clusters) != 1 || len(config.Users) != 1 || config.Users[0].User.Exec == nil {
		return ExecPlugin{}, errors.New("the current context has no exec plugin")
	}
	entry, cluster := config.Users[0].User.Exec, config.Clusters[0].Cluster
	info, err := json.Marshal(map[string]any{
		"apiVersion": entry.APIVersion, "kind": "ExecCredential",
		"spec": map[string]any{"interactive": false, "cluster": map[string]any{
			"server": cluster.Server, "certificate-authority-data": cluster.CertificateAuthorityData,
		}},
	})
	if err != nil {
		return ExecPlugin{}, err
	}
	p := ExecPlugin{e: e, command: entry.Command, args: entry.Args}
	for _, v := range entry.Env {
		p.vars = append(p.vars, v.Name+"="+v.Value)
	}
	p.vars = append(p.vars, "KUBERNETES_EXEC_INFO="+string(info))
	return p, nil
}

// Command is the plugin with what is the user's environment by now.
func (p ExecPlugin) Command(ctx context.Context) *exec.Cmd {
	cmd := p.e.Command(ctx, p.command, p.args...)
	cmd.Env = append(cmd.Env, p.vars...)
	return cmd
}

// Credential is what a plugin that has run answers.
func (o Output) Credential() (Credential, error) {
	if o.Code != 0 {
		return Credential{}, fmt.Errorf("exit status %d: %s", o.Code, o.Stderr)
	}
	var answer struct {
		Status Credential `json:"status"`
	}
	err := json.Unmarshal([]byte(o.Stdout), &answer)
	return answer.Status, err
}

// Credential asks the exec plugin of the user's current context.
func (e *Env) Credential(ctx context.Context) (Credential, error) {
	p, err := e.ExecPlugin(ctx)
	if err != nil {
		return Credential{}, err
	}
	return Run(p.Command(ctx)).Credential()
}
