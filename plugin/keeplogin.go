// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/login"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// replace keeps what was made in place of former ones. Nobody else keeps or ends
// one meanwhile: what they did shows before.
func (m *making) replace(ctx context.Context) (*LoginResult, error) {
	unlock := m.lockLogins(ctx)
	defer unlock()
	formers := m.formers(ctx)
	if err := m.keep(ctx); err != nil {
		m.restore(ctx)
		return nil, m.undo(ctx, err)
	}
	result := m.result()
	for _, id := range formers {
		m.Progress("revoking the former login")
		if err := m.conn.session.DeleteApplicationCredential(ctx, id); err != nil {
			result.Left = append(result.Left, &LeftError{Cloud: result.Cloud, ID: id, Err: err})
		}
	}
	return result, nil
}

// lockTime is how long another login or logout is waited for.
const lockTime = 20 * time.Second

// lockLogins takes the lock of all who change what logins are kept. Without it, as
// some file systems have none, it is gone on.
func (p *Plugin) lockLogins(ctx context.Context) (unlock func()) {
	waiting, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	unlock, _ = p.State.Lock(waiting, "logins")
	return unlock
}

// formers are the application credentials that are kept for the account already:
// that of the keyring and, if a login ended half-way, another that is remembered.
func (m *making) formers(ctx context.Context) (ids []string) {
	key := m.account().Key()
	m.before, _ = m.Logins.Get(ctx, key) // without it a failure erases what is there
	_, all := m.State.KeptLogins()
	ids = append(ids, all[key].ID)
	if record, err := login.Decode(m.before); err == nil {
		ids = append(ids, record.ID)
	}
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" || id == m.record.ID })
}

// keep puts the secret into the keyring, and the rest into the state directory.
func (m *making) keep(ctx context.Context) error {
	m.Progress("keeping its secret in the " + m.Logins.Name())
	data, err := m.record.Encode()
	if err != nil {
		return err
	}
	key := m.account().Key()
	if err := m.Logins.Put(ctx, key, data, m.r.Life); err != nil {
		return &LoginStoreError{Err: err}
	}
	a := m.conn.session.Account
	err = m.State.SetKeptLogin(key, state.KeptLogin{
		ID: m.record.ID, Name: m.name, Cloud: a.Cloud, AuthURL: a.AuthURL,
		UserID: a.UserID, UserName: a.UserName, UserDomainID: a.UserDomainID, UserDomainName: a.UserDomainName,
		ProjectID: a.ProjectID, ProjectName: a.ProjectName, ProjectDomainID: a.ProjectDomainID, ProjectDomainName: a.ProjectDomainName,
		Made: m.record.Made, ExpiresAt: m.record.ExpiresAt,
	})
	if err != nil {
		return &StateError{What: "the login", Err: err}
	}
	return nil
}
