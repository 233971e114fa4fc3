// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestPair(t *testing.T) {
	p := Start(t)
	alice := login(t, p, "alice")

	t.Run("CA is what Magnum says", func(t *testing.T) {
		status, body := alice.get(t, "/v1/certificates/prod")
		var answer struct{ PEM string }
		if err := json.Unmarshal(body, &answer); err != nil || status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		want, _ := pem.Decode([]byte(answer.PEM))
		cert, key := p.CA(t, "prod")
		got, _ := pem.Decode(cert)
		if want == nil || got == nil || !bytes.Equal(got.Bytes, want.Bytes) {
			t.Errorf("CA = %s, Magnum says %s", cert, answer.PEM)
		}
		if b, _ := pem.Decode(key); b == nil || !strings.HasSuffix(b.Type, "PRIVATE KEY") {
			t.Error("no private key")
		}
	})
	t.Run("requests are counted, Magnum's own are not", func(t *testing.T) {
		before := p.Requests(t)
		alice.get(t, "/v1/clusters/prod")
		got := p.Requests(t)[len(before):]
		if len(got) != 1 || got[0].String() != "magnum GET /v1/clusters/prod 200" {
			t.Errorf("requests = %v", got)
		}
	})
	t.Run("a row can be changed", func(t *testing.T) {
		p.SetCluster(t, "dev", "api_address", "https://127.0.0.1:1")
		if _, body := alice.get(t, "/v1/clusters/dev"); !bytes.Contains(body, []byte(`"https://127.0.0.1:1"`)) {
			t.Errorf("got %s", body)
		}
	})
	t.Run("policy and users", func(t *testing.T) {
		p.AddUser(t, "carol", "carol's \"password\"")
		carol := login(t, p, "carol")
		if status, _ := carol.get(t, "/v1/certificates/prod"); status != 403 {
			t.Errorf("by default: %d, want 403", status)
		}
		p.Set(t, "policy", "project")
		if status, _ := carol.get(t, "/v1/certificates/prod"); status != 200 {
			t.Errorf("policy project: %d, want 200", status)
		}
	})
	t.Run("down and up", func(t *testing.T) {
		p.Down(t)
		if resp, err := http.Get(alice.magnum + "/v1"); err == nil {
			resp.Body.Close()
			t.Error("Magnum answers")
		}
		p.Up(t)
		if status, body := alice.get(t, "/v1/clusters/dev"); status != 200 {
			t.Errorf("same token and address after Up: %d %s", status, body)
		}
	})
}

// session is a token and where to use it.
type session struct{ keystone, magnum, token string }

// login gets a token for one of the users of clouds.yaml by password, the
// way the API reference for Keystone v3 says, without any of our own code.
func login(t testing.TB, p *Pair, cloud string) session {
	t.Helper()
	c := readCloud(t, p.CloudsYAML, cloud)
	domain := map[string]any{"name": "Default"}
	body, err := json.Marshal(map[string]any{"auth": map[string]any{
		"identity": map[string]any{"methods": []string{"password"}, "password": map[string]any{
			"user": map[string]any{"name": c.Username, "password": c.Password, "domain": domain},
		}},
		"scope": map[string]any{"project": map[string]any{"name": c.ProjectName, "domain": domain}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(c.AuthURL+"/auth/tokens", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token struct {
			Catalog []struct {
				Type      string
				Endpoints []struct{ URL string }
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != 201 {
		t.Fatalf("token for %s: %s, %v", cloud, resp.Status, err)
	}
	s := session{keystone: c.AuthURL, token: resp.Header.Get("X-Subject-Token")}
	for _, service := range answer.Token.Catalog {
		if service.Type == "container-infra" {
			s.magnum = strings.TrimSuffix(service.Endpoints[0].URL, "/v1")
		}
	}
	return s
}

// get asks Magnum.
func (s session) get(t testing.TB, path string) (status int, body []byte) {
	t.Helper()
	return s.do(t, "GET", s.magnum+path)
}

// revoke makes Keystone forget the token.
func (s session) revoke(t *testing.T) {
	t.Helper()
	if status, body := s.do(t, "DELETE", s.keystone+"/auth/tokens"); status != 204 {
		t.Fatalf("revoke: %d %s", status, body)
	}
}

func (s session) do(t testing.TB, method, url string) (status int, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", s.token)
	req.Header.Set("X-Subject-Token", s.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}

// cloud is what a cloud of clouds.yaml has in auth.
type cloud struct {
	AuthURL     string `yaml:"auth_url"`
	Username    string `yaml:"username"`
	Password    string `yaml:"password"`
	ProjectName string `yaml:"project_name"`
	AppcredID   string `yaml:"application_credential_id"`
	Secret      string `yaml:"application_credential_secret"`
}

func readCloud(t testing.TB, path, name string) cloud {
	t.Helper()
	var file struct {
		Clouds map[string]struct{ Auth cloud }
	}
	if err := yaml.Unmarshal(read(t, path), &file); err != nil {
		t.Fatal(err)
	}
	c, ok := file.Clouds[name]
	if !ok {
		t.Fatalf("no cloud %q in %s", name, path)
	}
	return c.Auth
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
