// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"fmt"
	"slices"
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

// revokeTime bounds what is asked of Keystone for one login.
const revokeTime = 15 * time.Second

// EndLogins erases the secrets of kept logins, then revokes the application
// credentials where a full login is at hand, for which nobody is asked. Whatever
// fails, the others end, and none is used here again. It forgets what is revoked,
// or has no secret any more and is told of; the rest another call ends. The error
// is a [NoKeptLoginError], or ctx's, with which nothing is told.
func (p *Plugin) EndLogins(ctx context.Context, r EndLoginsRequest) ([]EndedLogin, error) {
	unlock := p.lockLogins(ctx)
	defer unlock()
	keys, all := p.State.KeptLogins()
	keys = slices.DeleteFunc(keys, func(key string) bool { return r.Cloud != "" && all[key].Cloud != r.Cloud })
	if len(keys) == 0 {
		return nil, &NoKeptLoginError{Cloud: r.Cloud}
	}
	ended := make([]EndedLogin, len(keys))
	for i, key := range keys {
		l := all[key]
		l.Ended = true
		_ = p.State.SetKeptLogin(key, l) // an erased secret is not used either
		ended[i] = EndedLogin{Cloud: l.Cloud, ID: l.ID, User: l.UserName, Project: l.ProjectName}
		if !r.Erased && p.Logins != nil {
			ended[i].Store = p.Logins.Delete(ctx, key)
		}
	}
	for i, key := range keys {
		l, e := all[key], &ended[i]
		p.Progress("revoking the application credential " + l.ID)
		if err := p.revokeLogin(ctx, l); err != nil {
			e.Left = &LeftError{Cloud: l.Cloud, ID: l.ID, Err: err}
		}
		if e.Left == nil || e.Store == nil && ctx.Err() == nil {
			_ = p.State.ForgetKeptLogin(key) // else it is ended once more
		}
	}
	return ended, ctx.Err()
}

// revokeLogin revokes an application credential by the full login that made it,
// if that can be had without asking anybody, and in time.
func (p *Plugin) revokeLogin(ctx context.Context, l state.KeptLogin) error {
	ctx, cancel := context.WithTimeout(ctx, revokeTime)
	defer cancel()
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

// KeptLogins are the logins that are kept and not ended, the last one made first.
func (p *Plugin) KeptLogins() []state.KeptLogin {
	keys, all := p.State.KeptLogins()
	var logins []state.KeptLogin
	for _, key := range keys {
		if l := all[key]; !l.Ended {
			logins = append(logins, l)
		}
	}
	return logins
}
