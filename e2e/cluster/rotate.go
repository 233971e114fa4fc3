// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// switchWithin bounds a switch; measured: up to 0.2 s.
const switchWithin = 30 * time.Second

// Rotate is [Cluster.Switch] to one CA for both.
func (c *Cluster) Rotate(ctx context.Context, ca CA) error { return c.Switch(ctx, ca, ca) }

// Switch makes the API server present a certificate that serves signed, and
// accept the clients of trusts and of no other CA. Both happen within a
// fraction of a second; between them the API server may do one and not the
// other, as on a cloud. It returns when new connections show both: the one
// certificate verifies, the new CA's clients are accepted, those of the CA
// before are not. Open connections stay open.
func (c *Cluster) Switch(ctx context.Context, serves, trusts CA) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, switchWithin)
	defer cancel()
	admin, err := adminClient(serves, trusts)
	if err != nil {
		return err
	}
	former, err := adminClient(serves, c.trusted)
	if err != nil {
		return err
	}
	if same(serves, c.serving) {
		err = c.Trust(trusts)
	} else {
		err = c.switchFiles(serves, trusts)
	}
	if err != nil {
		return err
	}
	if err := c.until(ctx, admin, http.StatusOK); err != nil {
		return fmt.Errorf("switch CAs: a client of the new one: %w", err)
	}
	if !same(trusts, c.trusted) {
		if err := c.until(ctx, former, http.StatusUnauthorized); err != nil {
			return fmt.Errorf("switch CAs: a client of the old one: %w", err)
		}
	}
	c.admin, c.serving, c.trusted = admin, serves, trusts
	return nil
}

// switchFiles does all that takes long before it replaces the first file.
func (c *Cluster) switchFiles(serves, trusts CA) error {
	leaf, err := serves.issue(servingTemplate())
	if err != nil {
		return err
	}
	// The serving pair takes the API server longer to notice.
	if err := c.present(leaf); err != nil {
		return err
	}
	return c.Trust(trusts)
}

// until asks as client, each time on a new connection, until the status is
// want. A handshake that fails is no status.
func (c *Cluster) until(ctx context.Context, client *http.Client, want int) error {
	const pause = 10 * time.Millisecond
	var last error
	for {
		got, err := c.ask(ctx, client, http.MethodGet, "/api/v1/namespaces/default", nil)
		client.CloseIdleConnections()
		if got == want {
			return nil
		}
		if err != nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("last status %d, want %d: %w", got, want, errors.Join(ctx.Err(), last))
		case <-time.After(pause):
		}
	}
}

// CreateConfigMap makes an empty one in the default namespace. No credential
// of a test's user has a part in it.
func (c *Cluster) CreateConfigMap(ctx context.Context, name string) error {
	return c.create(ctx, "/api/v1/namespaces/default/configmaps", map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]string{"name": name},
	})
}

// LetRead lets a group read namespaces and configmaps.
func (c *Cluster) LetRead(ctx context.Context, group string) error {
	const rbac = "rbac.authorization.k8s.io"
	rules := []any{map[string]any{"apiGroups": []string{""}, "resources": []string{"namespaces", "configmaps"}, "verbs": []string{"get", "list", "watch"}}}
	if err := c.create(ctx, "/apis/"+rbac+"/v1/clusterroles", map[string]any{
		"apiVersion": rbac + "/v1", "kind": "ClusterRole", "metadata": map[string]string{"name": "e2e-read"}, "rules": rules,
	}); err != nil {
		return err
	}
	return c.create(ctx, "/apis/"+rbac+"/v1/clusterrolebindings", map[string]any{
		"apiVersion": rbac + "/v1", "kind": "ClusterRoleBinding", "metadata": map[string]string{"name": "e2e-read"},
		"roleRef":  map[string]string{"apiGroup": rbac, "kind": "ClusterRole", "name": "e2e-read"},
		"subjects": []any{map[string]string{"apiGroup": rbac, "kind": "Group", "name": group}},
	})
}

// create makes an object as the administrator.
func (c *Cluster) create(ctx context.Context, path string, object any) error {
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	c.mu.Lock()
	admin := c.admin
	c.mu.Unlock()
	status, err := c.ask(ctx, admin, http.MethodPost, path, body)
	if status != http.StatusCreated {
		return fmt.Errorf("create in %s: status %d: %w", path, status, err)
	}
	return nil
}

// ask returns the status, or 0, and for anything but success an error.
func (c *Cluster) ask(ctx context.Context, client *http.Client, method, path string, body []byte) (int, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.Server()+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	return answer.StatusCode, err
}

func same(a, b CA) bool { return bytes.Equal(a.Certificate, b.Certificate) }
