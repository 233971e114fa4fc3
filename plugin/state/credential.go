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

// Credential is one that was issued on this machine, so that its record can be
// found without a kubeconfig. It holds no secret, and is not to be relied on: the
// record may be gone, and there may be records of which nothing is known here.
type Credential struct {
	Cluster string        `json:"cluster"` // UUID
	Project string        `json:"project"`
	Owner   string        `json:"owner"`
	User    string        `json:"user"`
	Groups  []string      `json:"groups,omitempty"`
	MaxAge  time.Duration `json:"max_age"`
	// ShortLived is how long its certificates live that the cluster itself signs;
	// zero for others.
	ShortLived time.Duration `json:"short_lived,omitempty"`
	// Login is the login that a token is of; nil for a certificate.
	Login *TokenLogin `json:"login,omitempty"`
	// Stores are the names of the stores that may hold a record, the last one
	// last, and Until is when the last one that was put is at its end. Whoever has
	// made sure that a store holds none takes it off the list.
	Stores []string  `json:"stores,omitempty"`
	Until  time.Time `json:"until,omitzero"`
	// Issued is when the last record that was put was issued, and Certificate what
	// it is revoked by: the fingerprint of its certificate, or its token's name.
	Issued      time.Time `json:"issued,omitzero"`
	Certificate string    `json:"certificate,omitempty"`
}

// TokenLogin is a login by the name of its cloud, "" for that of the
// environment, and its region.
type TokenLogin struct {
	Cloud  string `json:"cloud"`
	Region string `json:"region,omitempty"`
}

// MayBeIn is c with a store that may hold a record.
func (c Credential) MayBeIn(store string) Credential {
	c.Stores = append(slices.DeleteFunc(slices.Clone(c.Stores), func(s string) bool { return s == store }), store)
	return c
}

// Credentials returns the credentials of a cluster, or with "" of all, by their
// keys, which are sorted by user.
func (d Dir) Credentials(cluster string) (keys []string, all map[string]Credential) {
	all = map[string]Credential{}
	if d.Path == "" {
		return nil, all
	}
	files, err := os.ReadDir(filepath.Join(d.Path, "credentials"))
	if err != nil {
		return nil, all
	}
	for _, file := range files {
		id, ok := strings.CutSuffix(file.Name(), ".json")
		var c Credential
		if ok && validKey(id) && d.read(&c, "credentials", file.Name()) && (cluster == "" || c.Cluster == cluster) {
			keys, all[id] = append(keys, id), c
		}
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(all[a].User, all[b].User), cmp.Compare(a, b))
	})
	return keys, all
}

// Credential returns what is known of one credential, the zero Credential if
// nothing.
func (d Dir) Credential(id string) Credential {
	var c Credential
	if !validKey(id) || !d.read(&c, "credentials", id+".json") {
		return Credential{}
	}
	return c
}

// AddCredential remembers c under its key.
func (d Dir) AddCredential(id string, c Credential) error {
	if !validKey(id) {
		return errNotKey
	}
	if d.Credential(id).equal(c) {
		return nil
	}
	return d.write(c, "credentials", id+".json")
}

func (c Credential) equal(d Credential) bool {
	return c.Cluster == d.Cluster && c.Project == d.Project && c.Owner == d.Owner &&
		c.User == d.User && c.MaxAge == d.MaxAge && c.ShortLived == d.ShortLived && slices.Equal(c.Groups, d.Groups) && equalLogin(c.Login, d.Login) &&
		slices.Equal(c.Stores, d.Stores) && c.Until.Equal(d.Until) && c.Issued.Equal(d.Issued) && c.Certificate == d.Certificate
}

func equalLogin(a, b *TokenLogin) bool { return a == b || a != nil && b != nil && *a == *b }

// ForgetCredential forgets that there was a credential, how it was used and what
// failed. What of it is revoked stays: a store may bring it back.
func (d Dir) ForgetCredential(id string) error {
	if d.Path == "" || !validKey(id) {
		return nil
	}
	if err := d.CheckOwner(); err != nil {
		return err
	}
	var failed error
	for _, what := range []string{"credentials", "uses", "failures", "notices"} {
		if err := os.Remove(filepath.Join(d.Path, what, id+".json")); !errors.Is(err, os.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// Clusters returns the UUIDs of all clusters that anything is known of.
func (d Dir) Clusters() []string {
	if d.Path == "" {
		return nil
	}
	files, err := os.ReadDir(filepath.Join(d.Path, "clusters"))
	if err != nil {
		return nil
	}
	var found []string
	for _, file := range files {
		if id, ok := strings.CutSuffix(file.Name(), ".json"); ok && ValidUUID(id) {
			found = append(found, id)
		}
	}
	return found
}
