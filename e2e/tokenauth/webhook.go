// SPDX-License-Identifier: Apache-2.0

package tokenauth

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// webhook is what k8s-keystone-auth is to a kube-apiserver: it is asked whose a
// token is, and asks Keystone.
type webhook struct{ *httptest.Server }

// newWebhook starts one for a Keystone, which ends with the test.
func newWebhook(t *testing.T, keystone string) webhook {
	t.Helper()
	w := webhook{httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review struct {
			APIVersion string         `json:"apiVersion"`
			Kind       string         `json:"kind"`
			Spec       map[string]any `json:"spec,omitempty"`
			Status     map[string]any `json:"status"`
		}
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		token, _ := review.Spec["token"].(string)
		review.Spec = nil
		review.Status = map[string]any{"authenticated": false}
		if who, ok := whose(r.Context(), keystone, token); ok {
			review.Status = map[string]any{"authenticated": true, "user": who}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(review)
	}))}
	t.Cleanup(w.Close)
	return w
}

// whose asks Keystone about a token by that token, as k8s-keystone-auth does.
func whose(ctx context.Context, keystone, token string) (user map[string]any, ok bool) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, keystone+"/auth/tokens", nil)
	if err != nil {
		return nil, false
	}
	request.Header.Set("X-Auth-Token", token)
	request.Header.Set("X-Subject-Token", token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, false
	}
	defer response.Body.Close()
	var answer struct {
		Token struct {
			User    struct{ ID, Name string }
			Project struct{ ID, Name string }
		}
	}
	if response.StatusCode != http.StatusOK || json.NewDecoder(response.Body).Decode(&answer) != nil {
		return nil, false
	}
	return map[string]any{
		"username": answer.Token.User.Name, "uid": answer.Token.User.ID, "groups": []string{"project-" + answer.Token.Project.Name},
	}, true
}

// flags are those of an API server that asks the webhook. It remembers what it was
// told for no time of its own; kube-apiserver does for ten seconds all the same.
func (w webhook) flags(t *testing.T) []string {
	t.Helper()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.Certificate().Raw})
	config, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "webhook",
		"clusters": []any{map[string]any{"name": "webhook", "cluster": map[string]any{"server": w.URL, "certificate-authority-data": ca}}},
		"users":    []any{map[string]any{"name": "apiserver", "user": map[string]any{}}},
		"contexts": []any{map[string]any{"name": "webhook", "context": map[string]string{"cluster": "webhook", "user": "apiserver"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "webhook.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{
		"--authentication-token-webhook-config-file=" + file,
		"--authentication-token-webhook-version=v1",
		"--authentication-token-webhook-cache-ttl=1ms",
	}
}
