// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" // of RFC 6238 as Keystone has it
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"testing"
	"time"
)

// accounts changes what the pair's Keystone has of users.
type accounts struct {
	pair    *Pair
	as      map[string]session // by the names of clouds
	ids     map[string]string  // of users, by name
	project string             // demo's id
}

func newAccounts(t *testing.T, p *Pair) accounts {
	t.Helper()
	k := accounts{pair: p, as: map[string]session{}, ids: map[string]string{}}
	for _, name := range []string{"alice", "bob", "admin"} {
		s := login(t, p, name)
		var token struct {
			Token struct{ User, Project struct{ ID string } }
		}
		if err := json.Unmarshal(s.send(t, "GET", "/auth/tokens", nil, 200), &token); err != nil {
			t.Fatal(err)
		}
		k.as[name], k.ids[name] = s, token.Token.User.ID
		if name == "alice" {
			k.project = token.Token.Project.ID
		}
	}
	return k
}

func (k accounts) admin() session { return k.as["admin"] }

// user has a clouds.yaml with one cloud in it.
func (k accounts) user(t *testing.T, authType string, auth object) user {
	t.Helper()
	auth = maps.Clone(auth)
	auth["auth_url"] = k.admin().keystone
	cloud := object{"auth": auth, "region_name": "RegionOne"}
	if authType != "" {
		cloud["auth_type"] = authType
	}
	clouds, err := json.Marshal(object{"clouds": object{"prod": cloud}})
	if err != nil {
		t.Fatal(err)
	}
	return newUser(t, clouds, "prod")
}

// named is a user of the Default domain in the project demo.
func named(name string, more object) object {
	auth := object{
		"username": name, "user_domain_name": "Default",
		"project_name": "demo", "project_domain_name": "Default",
	}
	maps.Copy(auth, more)
	return auth
}

// addUser adds a member of demo, whose password is the name and -pw, and
// returns the id.
func (k accounts) addUser(t *testing.T, name string) string {
	t.Helper()
	k.pair.AddUser(t, name, name+"-pw")
	k.as[name] = login(t, k.pair, name)
	return userID(t, k.pair, name)
}

func (k accounts) change(t *testing.T, id string, fields object) {
	t.Helper()
	k.admin().send(t, "PATCH", "/users/"+id, object{"user": fields}, 200)
}

func (k accounts) trust(t *testing.T, fields object) (id string) {
	t.Helper()
	var answer struct{ Trust struct{ ID string } }
	made := k.as["alice"].send(t, "POST", "/OS-TRUST/trusts", object{"trust": fields}, 201)
	if err := json.Unmarshal(made, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Trust.ID
}

// enrol gives the user a secret for passcodes.
func (k accounts) enrol(t *testing.T, name, id string) (secret []byte) {
	t.Helper()
	secret = make([]byte, 20)
	_, _ = rand.Read(secret)
	k.as[name].send(t, "POST", "/credentials", object{"credential": object{
		"type": "totp", "user_id": id, "blob": base32.StdEncoding.EncodeToString(secret),
	}}, 201)
	return secret
}

// unscoped is a token for no project.
func (k accounts) unscoped(t *testing.T, name, password string) string {
	t.Helper()
	return k.newToken(t, object{
		"identity": object{"methods": []string{"password"}, "password": object{"user": object{
			"name": name, "password": password, "domain": object{"name": "Default"},
		}}},
		"scope": "unscoped",
	})
}

// delegated is a token of alice's application credential.
func (k accounts) delegated(t *testing.T) string {
	t.Helper()
	c := readCloud(t, k.pair.CloudsYAML, "alice-appcred")
	return k.newToken(t, object{"identity": object{
		"methods":                []string{"application_credential"},
		"application_credential": object{"id": c.AppcredID, "secret": c.Secret},
	}})
}

func (k accounts) newToken(t *testing.T, auth object) string {
	t.Helper()
	body, err := json.Marshal(object{"auth": auth})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(k.admin().keystone+"/auth/tokens", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("token: %s", resp.Status)
	}
	return resp.Header.Get("X-Subject-Token")
}

// send asks Keystone and wants that status. A nil body is none.
func (s session) send(t *testing.T, method, path string, body any, want int) []byte {
	t.Helper()
	var data []byte // Keystone refuses the word null
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.keystone+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Auth-Token", s.token)
	req.Header.Set("X-Subject-Token", s.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		t.Fatalf("%s %s: %s %s, %v", method, path, resp.Status, answer, err)
	}
	return answer
}

// passcode is RFC 6238's for now.
func passcode(t *testing.T, secret []byte) string {
	t.Helper()
	return passcodeAt(secret, time.Now())
}

func passcodeAt(secret []byte, at time.Time) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, at.Unix()/30)
	sum := mac.Sum(nil)
	code := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&0xf:]) & 0x7fffffff
	return fmt.Sprintf("%06d", code%1_000_000)
}

// other is a passcode that is wrong, and is not that of the step before either.
func other(right string) string {
	return string('0'+(right[0]-'0'+5)%10) + right[1:]
}
