// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// execEntry is what kubectl runs for a credential, from
// `kubectl config view --minify --raw --flatten -o json`.
type execEntry struct {
	Command string   `json:"command"`
	Args    []string `json:"args"`
	Env     []struct{ Name, Value string }
}

// execEntry returns the entry of the user's current context, and the
// environment that client-go would run it in beside the user's.
func (u *user) execEntry(ctx context.Context) (execEntry, []string, error) {
	var view struct {
		Clusters []struct {
			Cluster struct {
				Server string `json:"server"`
				CAData string `json:"certificate-authority-data"`
			}
		}
		Users []struct{ User struct{ Exec *execEntry } }
	}
	out := u.Run(ctx, "kubectl", "config", "view", "--minify", "--raw", "--flatten", "-o", "json")
	if out.Code != 0 {
		return execEntry{}, nil, fmt.Errorf("kubectl config view: %s", out.Stderr)
	}
	if err := json.Unmarshal([]byte(out.Stdout), &view); err != nil {
		return execEntry{}, nil, fmt.Errorf("kubectl config view: %w", err)
	}
	if len(view.Clusters) != 1 || len(view.Users) != 1 || view.Users[0].User.Exec == nil {
		return execEntry{}, nil, errors.New("the current context has no exec plugin")
	}
	entry := *view.Users[0].User.Exec
	info, err := json.Marshal(map[string]any{
		"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
		"spec": map[string]any{"interactive": false, "cluster": view.Clusters[0].Cluster},
	})
	env := []string{"KUBERNETES_EXEC_INFO=" + string(info)}
	for _, v := range entry.Env {
		env = append(env, v.Name+"="+v.Value)
	}
	return entry, env, err
}
