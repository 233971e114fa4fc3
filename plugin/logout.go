// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// logoutLockWait bounds the wait for a call that issues a credential just now:
// what it stores after that is not erased.
const logoutLockWait = 5 * time.Second

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
	Stores []ClearableStore
	// Absent says whether an error of a store means that there is none here. That
	// is no failure, unless records are known to be in it.
	Absent func(error) bool
}

// StoreLogout is what became of the records in one store.
type StoreLogout struct {
	Store  string
	Absent bool // there is no such store here
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

// UnknownHereError is a cluster that this machine knows nothing of.
type UnknownHereError struct{ Cluster string }

func (e *UnknownHereError) Error() string {
	return fmt.Sprintf("this machine never had a context for cluster %q", e.Cluster)
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
// brings one back. It asks no server: certificates that Magnum has signed stay
// good until their end.
//
// With a [LogoutError] the result says which store failed.
func (p *Plugin) Logout(ctx context.Context, r LogoutRequest) ([]StoreLogout, error) {
	l := &logout{Plugin: p, r: r}
	if r.Cluster != "" {
		if l.clusters = p.clustersHere(r.Cluster); len(l.clusters) == 0 {
			return nil, &UnknownHereError{Cluster: r.Cluster}
		}
	}
	l.known = map[string]state.Credential{}
	_, all := p.State.Credentials("")
	for key, c := range all {
		if l.means(c.Cluster) {
			l.known[key] = c
		}
	}
	// Records say in whole seconds when they were issued: also those of this
	// second are meant.
	until := p.Now().UTC().Truncate(time.Second).Add(time.Second)
	failed := &LogoutError{Unrevoked: l.revoke(ctx, until)}
	ok := true
	for _, s := range r.Stores {
		p.Progress("erasing what is in the " + s.Name())
		done := StoreLogout{Store: s.Name(), Err: l.erase(ctx, s)}
		if done.Err != nil && r.Absent(done.Err) && !l.holds(s) {
			done.Absent, done.Err = true, nil
		}
		ok = ok && done.Err == nil
		failed.Stores = append(failed.Stores, done)
	}
	if !ok {
		// A revocation from the future counts for nothing.
		_ = pause(ctx, until.Sub(p.Now()))
		return failed.Stores, failed
	}
	// The store may yet bring a record back, but who comes now is not meant.
	_ = l.revoke(ctx, until.Add(-time.Second))
	for key := range l.known {
		_ = p.State.ForgetCredential(key) // there is no secret in it
	}
	return failed.Stores, ctx.Err()
}

// clustersHere are the clusters of a name, or the one of a UUID, that this
// machine knows.
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

// revoke sees to it that no known record is handed out that was issued before a
// time. It waits for a call that is about to store one.
func (l *logout) revoke(ctx context.Context, before time.Time) error {
	var failed error
	for key := range l.known {
		waiting, cancel := context.WithTimeout(ctx, logoutLockWait)
		unlock, _ := l.State.Lock(waiting, key)
		cancel()
		r := l.State.Revocation(key, l.Now())
		r.Before = before
		failed = errors.Join(failed, l.State.SetRevocation(key, r))
		unlock()
	}
	return failed
}

// erase erases the records from one store.
func (l *logout) erase(ctx context.Context, s ClearableStore) error {
	if l.clusters == nil {
		return s.Clear(ctx)
	}
	var failed error
	for key := range l.known {
		failed = errors.Join(failed, s.Delete(ctx, key))
		if failed != nil && l.r.Absent(failed) {
			return failed // nor will it have the others
		}
	}
	// What is remembered is not to be relied on.
	keys, err := s.Keys(ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	for _, key := range keys {
		if _, done := l.known[key]; !done && l.isMeant(ctx, s, key) {
			err = errors.Join(err, s.Delete(ctx, key))
		}
	}
	return errors.Join(failed, err)
}

// isMeant says whether a store has a record of one of the clusters under key.
func (l *logout) isMeant(ctx context.Context, s ClearableStore, key string) bool {
	data, err := s.Get(ctx, key)
	if err != nil {
		return false
	}
	rec, err := credential.Decode(data)
	return err == nil && l.means(rec.Cluster)
}

// holds says whether a store is known to have a record that is still in use.
func (l *logout) holds(s Store) bool {
	for _, c := range l.known {
		if c.Store == s.Name() && l.Now().Before(c.Until) {
			return true
		}
	}
	return false
}
