// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/login"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// KeptLoginError means that there is no login but one that [Plugin.Login] kept,
// which cannot be used.
type KeptLoginError struct {
	Cloud     string // "" for OS_* variables
	ExpiredAt time.Time
	// Limited: what was to be done is more than it may.
	Limited bool
	// Store is why its secret cannot be had, if that is it.
	Store error
	// Elsewhere is which other Magnum it is for, if that is it.
	Elsewhere *openstack.DestinationError
	Err       error // why there is no other
}

func (e *KeptLoginError) Error() string {
	of := "the OS_* variables"
	if e.Cloud != "" {
		of = fmt.Sprintf("cloud %q", e.Cloud)
	}
	why := "has expired at " + e.ExpiredAt.UTC().Format(time.DateTime) + " UTC"
	switch {
	case e.Limited:
		why = "may only read clusters and have certificates signed"
	case e.Elsewhere != nil:
		return fmt.Sprintf("%v; and no other is complete: %v", e.Elsewhere, e.Err)
	case e.Store != nil:
		why = "has a secret that cannot be had: " + e.Store.Error()
	}
	return fmt.Sprintf("the login kept for %s %s; and no other is complete: %v", of, why, e.Err)
}

func (e *KeptLoginError) Unwrap() []error { return []error{e.Err, e.Store} }

// keptLogin looks for a kept login.
type keptLogin struct {
	*Plugin
	ctx     context.Context //nolint:containedctx // of the one call of openstack.Resolve that it is for
	fits    func(asked, is openstack.Account) bool
	limited bool            // it is not to be used, only known of
	missed  *KeptLoginError // why one that fits is not used; nil if none does
}

// find is [openstack.Options.Kept]. Where nothing is asked for, one of several is
// not chosen.
func (k *keptLogin) find(asked openstack.Account, fits func(*openstack.Kept) error) *openstack.Kept {
	keys, all := k.State.KeptLogins()
	keys = slices.DeleteFunc(keys, func(key string) bool { return all[key].Ended || !k.fits(asked, accountOf(all[key])) })
	if len(keys) == 0 || len(keys) > 1 && asked == (openstack.Account{}) {
		return nil
	}
	l := all[keys[0]]
	record, err := k.read(keys[0], l)
	if err == nil {
		err = fits(record.Kept())
	}
	if err == nil {
		return record.Kept()
	}
	k.missed = &KeptLoginError{Cloud: l.Cloud, Limited: k.limited}
	elsewhere, isElsewhere := errors.AsType[*openstack.DestinationError](err)
	switch {
	case isElsewhere:
		k.missed.Cloud, k.missed.Elsewhere = elsewhere.Cloud, elsewhere
	case errors.Is(err, login.ErrExpired):
		k.missed.ExpiredAt = l.ExpiresAt
	case !k.limited:
		k.missed.Store = err
	}
	if k.Debug != nil {
		k.Debug(fmt.Sprintf("the kept application credential %s is not used: %v", l.ID, err))
	}
	return nil
}

var errLimited = errors.New("this needs more rights")

// read gets the record of a login, if it may be used.
func (k *keptLogin) read(key string, l state.KeptLogin) (*login.Record, error) {
	switch {
	case k.limited:
		return nil, errLimited
	case !k.Now().Before(l.ExpiresAt):
		return nil, login.ErrExpired
	case k.Logins == nil:
		return nil, errNoLogins
	}
	data, err := k.Logins.Get(k.ctx, key)
	if err != nil {
		return nil, err
	}
	record, err := login.Decode(data)
	if err != nil {
		return nil, err
	}
	return record, record.Usable(login.Account{AuthURL: l.AuthURL, UserID: l.UserID, ProjectID: l.ProjectID}, l.ID, k.Now())
}

// explain adds to the error of a login that there is one that is kept.
func (k *keptLogin) explain(err error) error {
	if k == nil || k.missed == nil {
		return err
	}
	k.missed.Err = err
	return k.missed
}

// fitsAccount is for whoever names a cloud: the login must be kept for it, and be
// of the user and for the project that it names, if it does; or be kept for another
// name of the same account, where the cloud names both. Without any cloud it must
// have been made without, too.
func fitsAccount(asked, is openstack.Account) bool {
	if asked.Cloud != is.Cloud {
		if !asked.Names() {
			return false
		}
		asked.Cloud = is.Cloud
	}
	return asked.Fits(is)
}

// fitsIdentity is for kubectl, whose context says which user and project it is
// for, whatever the cloud is called.
func fitsIdentity(id credential.Identity) func(asked, is openstack.Account) bool {
	return func(asked, is openstack.Account) bool {
		return openstack.Account{AuthURL: asked.AuthURL, UserID: id.Owner, ProjectID: id.Project}.Fits(is)
	}
}

func accountOf(l state.KeptLogin) openstack.Account {
	return openstack.Account{
		Cloud: l.Cloud, AuthURL: l.AuthURL,
		UserID: l.UserID, UserName: l.UserName, UserDomainID: l.UserDomainID, UserDomainName: l.UserDomainName,
		ProjectID: l.ProjectID, ProjectName: l.ProjectName, ProjectDomainID: l.ProjectDomainID, ProjectDomainName: l.ProjectDomainName,
	}
}
