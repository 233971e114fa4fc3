// SPDX-License-Identifier: Apache-2.0

package state

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// KeptLogin is an application credential whose secret is in a keyring: what of it
// is no secret, so that it can be found, shown and revoked. It is not to be
// relied on: the keyring's record says what it is good for.
type KeptLogin struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Cloud string `json:"cloud,omitempty"` // "" for OS_* variables

	AuthURL           string `json:"auth_url"`
	UserID            string `json:"user_id"`
	UserName          string `json:"user_name"`
	UserDomainID      string `json:"user_domain_id"`
	UserDomainName    string `json:"user_domain_name"`
	ProjectID         string `json:"project_id"`
	ProjectName       string `json:"project_name"`
	ProjectDomainID   string `json:"project_domain_id"`
	ProjectDomainName string `json:"project_domain_name"`

	Made      time.Time `json:"made"`
	ExpiresAt time.Time `json:"expires_at"`

	// Ended: it is not to be used again. It is remembered as its secret is not erased
	// yet, or it is not revoked.
	Ended bool `json:"ended,omitempty"`
}

// KeptLogins returns all kept logins by their keys, which are sorted: the last
// one made comes first.
func (d Dir) KeptLogins() (keys []string, all map[string]KeptLogin) {
	all = map[string]KeptLogin{}
	if d.Path == "" {
		return nil, all
	}
	files, err := os.ReadDir(filepath.Join(d.Path, "kept"))
	if err != nil {
		return nil, all
	}
	for _, file := range files {
		key, ok := strings.CutSuffix(file.Name(), ".json")
		var l KeptLogin
		if ok && validKey(key) && d.read(&l, "kept", file.Name()) {
			keys, all[key] = append(keys, key), l
		}
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(all[b].Made.Compare(all[a].Made), cmp.Compare(a, b))
	})
	return keys, all
}

// SetKeptLogin remembers l under its key.
func (d Dir) SetKeptLogin(key string, l KeptLogin) error {
	if !validKey(key) {
		return errNotKey
	}
	return d.write(l, "kept", key+".json")
}

// ForgetKeptLogin forgets that there was one.
func (d Dir) ForgetKeptLogin(key string) error {
	if d.Path == "" || !validKey(key) {
		return nil
	}
	if err := d.CheckOwner(); err != nil {
		return err
	}
	err := os.Remove(filepath.Join(d.Path, "kept", key+".json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
