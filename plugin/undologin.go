// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"bytes"
	"context"
	"time"
)

// UndoTime is how long it takes at most, from an interruption on, to take back
// what was made.
const UndoTime = makeTime + restoreTime + deleteTime

const (
	makeTime    = 5 * time.Second  // for Keystone to say what it has made
	restoreTime = 5 * time.Second  // for the keyring to be as it was
	deleteTime  = 10 * time.Second // to find and delete it
	findings    = 2                // times that what may be there is looked for
	findPause   = 500 * time.Millisecond
)

// undo takes back what was made, though ctx may have ended, and returns cause, or
// what is left and why.
func (m *making) undo(ctx context.Context, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTime)
	defer cancel()
	m.Progress("taking it back")
	id, err := m.find(ctx)
	if err == nil && id != "" {
		if err = m.conn.session.DeleteApplicationCredential(ctx, id); err == nil {
			return cause
		}
	}
	if id == "" {
		id = m.name
	}
	return &LeftError{Cloud: m.conn.cloud.Name, ID: id, Err: err, Cause: cause}
}

// find is the id of what was made. Where Keystone's answer was lost it may be
// about to make it.
func (m *making) find(ctx context.Context) (id string, err error) {
	id = m.record.ID
	for tries := 0; id == "" && err == nil && tries < findings; tries++ {
		if tries > 0 {
			_ = pause(ctx, findPause)
		}
		id, err = m.conn.session.FindApplicationCredential(ctx, m.name)
	}
	return id, err
}

// restore puts back into the keyring what it had, though ctx may have ended, unless
// that is known to be there.
func (m *making) restore(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTime)
	defer cancel()
	key := m.account().Key()
	switch now, err := m.Logins.Get(ctx, key); {
	case err == nil && bytes.Equal(now, m.before):
	case m.before != nil:
		_ = m.Logins.Put(ctx, key, m.before, m.r.Life) // without it somebody has to log in anew
	default:
		_ = m.Logins.Delete(ctx, key) // what it is the secret of is about to go
	}
}

// lasting is ctx that goes on for a while when ctx has ended.
func lasting(ctx context.Context, more time.Duration) (context.Context, context.CancelFunc) {
	on, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		_ = pause(on, more)
		cancel(ctx.Err())
	})
	return on, func() { stop(); cancel(nil) }
}
