// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"fmt"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// EndLoginsRequest says which kept logins end.
type EndLoginsRequest struct {
	Cloud  string // of this cloud alone; "" for all
	Erased bool   // the secrets have been erased already, as far as they can be
}

// EndedLogin is what became of a kept login.
type EndedLogin struct {
	Cloud, ID string // Cloud is "" for OS_* variables
	User      string // name
	Project   string // name
	Store     error  // why the secret could not be erased; nil if it was
	// Left is why the application credential is not revoked; nil if it is.
	Left *LeftError
}

// NoKeptLoginError means that no login is kept for a cloud.
type NoKeptLoginError struct{ Cloud string } // "" for any

func (e *NoKeptLoginError) Error() string {
	if e.Cloud == "" {
		return "no login is kept"
	}
	return fmt.Sprintf("no login is kept for cloud %q", e.Cloud)
}

// revokeTime bounds what is asked of Keystones.
const revokeTime = 15 * time.Second

// EndLogins erases the secrets of kept logins, forgets them, and revokes the
// application credentials where a full login is at hand; nobody is asked for one.
// Whatever fails, the others end, and none is used here again. The error is a
// [NoKeptLoginError].
func (p *Plugin) EndLogins(ctx context.Context, r EndLoginsRequest) ([]EndedLogin, error) {
	ctx, cancel := context.WithTimeout(ctx, revokeTime)
	defer cancel()
	var ended []EndedLogin
	keys, all := p.State.KeptLogins()
	for _, key := range keys {
		l := all[key]
		if r.Cloud != "" && l.Cloud != r.Cloud {
			continue
		}
		e := EndedLogin{Cloud: l.Cloud, ID: l.ID, User: l.UserName, Project: l.ProjectName}
		if !r.Erased && p.Logins != nil {
			e.Store = p.Logins.Delete(ctx, key)
		}
		_ = p.State.ForgetKeptLogin(key) // what is left of it has no secret, or is revoked
		p.Progress("revoking the application credential " + l.ID)
		if err := p.revokeLogin(ctx, l); err != nil {
			e.Left = &LeftError{Cloud: l.Cloud, ID: l.ID, Err: err}
		}
		ended = append(ended, e)
	}
	if len(ended) == 0 {
		return nil, &NoKeptLoginError{Cloud: r.Cloud}
	}
	return ended, nil
}

// revokeLogin revokes an application credential by the full login that made it,
// if that can be had without asking anybody.
func (p *Plugin) revokeLogin(ctx context.Context, l state.KeptLogin) error {
	o := p.Cloud
	o.Cloud, o.AuthURL, o.Ask, o.TokenCommand = l.Cloud, l.AuthURL, nil, p.tokenCommand
	cloud, err := p.resolve(o)
	if err != nil {
		return fmt.Errorf("no full login is at hand: %w", err)
	}
	session, err := cloud.Connect(ctx, p.UserAgent)
	switch {
	case err != nil:
		return err
	case session.UserID != l.UserID:
		return fmt.Errorf("the login at hand is of user %s, not of %s", session.UserID, l.UserID)
	}
	return session.DeleteApplicationCredential(ctx, l.ID)
}

// KeptLogins are the logins that are kept, the last one made first.
func (p *Plugin) KeptLogins() []state.KeptLogin {
	keys, all := p.State.KeptLogins()
	var logins []state.KeptLogin
	for _, key := range keys {
		logins = append(logins, all[key])
	}
	return logins
}
