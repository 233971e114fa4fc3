// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/login"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// ClearableStore is a store that knows what is in it.
type ClearableStore interface {
	Store
	// Keys is errors.ErrUnsupported where the store cannot list them.
	Keys(ctx context.Context) ([]string, error)
	// Clear erases everything of ours.
	Clear(ctx context.Context) error
}

// LogoutRequest says what is to be erased.
type LogoutRequest struct {
	Cluster string // name or UUID; "" for everything
	// Stores are all that this machine may have, whichever of them is in use.
	Stores []LogoutStore
	// Absent says whether an error of a store means that nothing can be asked of
	// it here. That is no failure, unless records may be in it.
	Absent func(error) bool
	// Hopeless says whether to ask a store for more would be in vain.
	Hopeless func(error) bool
}

// LogoutStore is a store to erase records from.
type LogoutStore struct {
	ClearableStore
	Time time.Duration // how long all of it may take
	// OnlyIfUsed leaves a store alone that others may share, unless it is known
	// that it was used.
	OnlyIfUsed bool
}

// StoreLogout is what became of the records in one store.
type StoreLogout struct {
	Store string
	// Skipped: there is no such store here, or it is others' and was not used.
	Skipped bool
	// Unsure: there may be records of which nothing is known, as the store cannot
	// list them or they cannot be read.
	Unsure bool
	Err    error
}

// LogoutError means that a store may still hold records.
type LogoutError struct {
	Stores []StoreLogout
	// Unrevoked is why what is left may be used again; nil if it is not, on this
	// machine.
	Unrevoked error
}

func (e *LogoutError) Error() string {
	if e.Unrevoked != nil {
		return "not everything could be erased, and what is left may be used again"
	}
	return "not everything could be erased; what is left is not used again here"
}

// Unwrap returns what went wrong in each store.
func (e *LogoutError) Unwrap() []error {
	var all []error
	for _, s := range e.Stores {
		if s.Err != nil {
			all = append(all, s.Err)
		}
	}
	return all
}

// UnknownHereError is a cluster's name of which nothing is remembered here.
type UnknownHereError struct {
	Cluster string
	Known   []string // names of those that are remembered, or UUIDs of such that have none; nil: not asked
}

func (e *UnknownHereError) Error() string {
	return fmt.Sprintf("nothing is remembered here of a cluster %q", e.Cluster)
}

// logout is a request on its way: whose records are meant.
type logout struct {
	*Plugin
	r        LogoutRequest
	clusters []string // UUIDs; nil for all
	known    map[string]state.Credential
}

// Logout erases records from every store, and what is remembered of their use.
// First they are revoked, so that none is used again even if a store fails, or
// brings one back, or a call that is under way stores another. It asks no
// server: certificates that Magnum has signed stay good until their end.
//
// With a [LogoutError] the result says which store failed.
func (p *Plugin) Logout(ctx context.Context, r LogoutRequest) ([]StoreLogout, error) {
	l := &logout{Plugin: p, r: r, known: map[string]state.Credential{}}
	if r.Cluster != "" {
		if l.clusters = p.clustersHere(r.Cluster); len(l.clusters) == 0 {
			return nil, &UnknownHereError{Cluster: r.Cluster}
		}
	}
	_, all := p.State.Credentials("")
	for key, c := range all {
		if l.means(c.Cluster) {
			l.known[key] = c
		}
	}
	if err := p.State.CheckOwner(); err != nil {
		return nil, &StateError{Err: err}
	}
	at, unrevoked := l.revoke()
	result, ok := l.eraseAll(ctx)
	// Records say in whole seconds when they were issued: those of this second
	// count as older. Who comes next shall not have a certificate signed in vain.
	_ = pause(ctx, min(at.Truncate(time.Second).Add(time.Second).Sub(p.Now()), time.Second))
	if !ok {
		return result, &LogoutError{Stores: result, Unrevoked: unrevoked}
	}
	l.forget(ctx)
	return result, ctx.Err()
}

// clustersHere are the clusters of a name, or the one of a UUID.
func (p *Plugin) clustersHere(name string) []string {
	if state.ValidUUID(name) {
		return []string{name}
	}
	return slices.DeleteFunc(p.State.Clusters(), func(uuid string) bool { return p.State.Cluster(uuid).Name != name })
}

// means says whether records of a cluster are to be erased.
func (l *logout) means(cluster string) bool {
	return l.clusters == nil || slices.Contains(l.clusters, cluster)
}

// revoke sees to it that no record is handed out that was issued until now, and
// none of the known ones even if clocks were set since.
func (l *logout) revoke() (at time.Time, err error) {
	at = l.Now()
	for key, c := range l.known {
		if r := l.State.Revocation(key, at); c.Certificate != "" && !slices.Contains(r.Certificates, c.Certificate) {
			err = errors.Join(err, l.State.SetRevocation(key, r.With(c.Certificate, time.Time{})))
		}
	}
	if l.clusters == nil {
		return at, errors.Join(err, l.State.SetLogout("", at))
	}
	for _, cluster := range l.clusters {
		err = errors.Join(err, l.State.SetLogout(cluster, at))
	}
	return at, err
}

// eraseAll erases the records from all stores.
func (l *logout) eraseAll(ctx context.Context) (result []StoreLogout, ok bool) {
	ok = true
	for _, s := range l.r.Stores {
		done := StoreLogout{Store: s.Name()}
		if s.OnlyIfUsed && !l.used(s) {
			done.Skipped = true
			result = append(result, done)
			continue
		}
		l.Progress("erasing what is in the " + s.Name())
		limited, cancel := context.WithTimeout(ctx, s.Time)
		done.Unsure, done.Err = l.erase(limited, s)
		cancel()
		if done.Err != nil && l.r.Absent(done.Err) && !l.used(s) {
			done.Skipped, done.Err = true, nil
		}
		ok = ok && done.Err == nil
		result = append(result, done)
	}
	return result, ok
}

// erase erases the records from one store, and says whether there may be others
// of which nothing is known.
func (l *logout) erase(ctx context.Context, s ClearableStore) (unsure bool, err error) {
	if l.clusters == nil {
		return false, s.Clear(ctx)
	}
	for key := range l.known {
		failed := s.Delete(ctx, key)
		if failed != nil && (l.r.Absent(failed) || l.r.Hopeless(failed)) {
			return false, failed
		}
		err = errors.Join(err, failed)
	}
	// What is remembered is not to be relied on.
	keys, failed := s.Keys(ctx)
	if errors.Is(failed, errors.ErrUnsupported) {
		return true, err
	}
	if failed != nil && err == nil {
		err = failed
	}
	for _, key := range keys {
		if _, done := l.known[key]; done || strings.HasPrefix(key, login.Prefix) {
			continue
		}
		data, failed := s.Get(ctx, key)
		rec, unreadable := credential.Decode(data)
		switch {
		case failed != nil && l.r.Hopeless(failed):
			return unsure, failed
		case failed != nil, unreadable != nil:
			unsure = true
		case l.means(rec.Cluster):
			err = errors.Join(err, s.Delete(ctx, key))
		}
	}
	return unsure, err
}

// used says whether a store is known to have taken a record.
func (l *logout) used(s Store) bool {
	for _, c := range l.known {
		if slices.Contains(c.Stores, s.Name()) {
			return true
		}
	}
	return false
}

// forget forgets the credentials, but for those that somebody has got anew. There
// is no secret in what is remembered of them.
func (l *logout) forget(ctx context.Context) {
	for key, c := range l.known {
		waiting, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		unlock, _ := l.State.Lock(waiting, key)
		cancel()
		if l.State.Credential(key).Issued.Equal(c.Issued) {
			_ = l.State.ForgetCredential(key)
			_ = l.State.ForgetClients(key)
		}
		unlock()
	}
}
