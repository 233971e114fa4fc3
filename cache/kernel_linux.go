// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// keyType is the one that any process may make and read. The kernel gives such a
// key the permissions we want by itself: everything to who possesses it, nothing
// but to see its name to the rest of the user, nothing to others.
const keyType = "user"

func (k *Kernel) read(key string) ([]byte, error) {
	var data []byte
	err := onRing(func(ring int) error {
		id, err := unix.KeyctlSearch(ring, keyType, k.description(key), 0)
		if err != nil {
			return itemError(err)
		}
		buf := make([]byte, MaxSize+1)
		n, err := unix.KeyctlBuffer(unix.KEYCTL_READ, id, buf, 0)
		if err != nil {
			return itemError(err)
		}
		data = buf[:min(n, len(buf))] // n is the size of the key, whatever fits
		return nil
	})
	return data, err
}

func (k *Kernel) write(key string, data []byte, life time.Duration) error {
	return onRing(func(ring int) error {
		id, err := unix.AddKey(keyType, k.description(key), data, ring)
		if err != nil {
			return kernelError(err)
		}
		// Each time: an update takes the timeout away. Who is killed between
		// these two calls leaves a key that ends with the next Put or the machine.
		_, err = unix.KeyctlInt(unix.KEYCTL_SET_TIMEOUT, id, seconds(life), 0, 0)
		if isGone(err) {
			return nil // another process has deleted it since
		}
		if err != nil {
			return errors.Join(kernelError(err), discard(ring, id))
		}
		return nil
	})
}

func (k *Kernel) erase(key string) error {
	return onRing(func(ring int) error {
		id, err := unix.KeyctlSearch(ring, keyType, k.description(key), 0)
		if isGone(err) {
			return nil
		}
		if err != nil {
			return kernelError(err)
		}
		return discard(ring, id)
	})
}

func (k *Kernel) list() ([]string, error) {
	var keys []string
	err := onRing(func(ring int) error {
		ids, err := members(ring)
		if err != nil {
			return kernelError(err)
		}
		for _, id := range ids {
			// TYPE;UID;GID;PERMISSIONS;NAME (keyctl_describe(3)). What cannot be
			// described has gone since, or is not ours to read.
			text, err := unix.KeyctlString(unix.KEYCTL_DESCRIBE, id)
			fields := strings.SplitN(text, ";", 5)
			if err != nil || len(fields) < 5 || fields[0] != keyType {
				continue
			}
			if key, ours := strings.CutPrefix(fields[4], k.description("")); ours && checkKey(key) == nil {
				keys = append(keys, key)
			}
		}
		return nil
	})
	slices.Sort(keys)
	return keys, err
}

// members returns the ids of the keys on a ring.
func members(ring int) ([]int, error) {
	buf := make([]byte, 4096)
	for {
		n, err := unix.KeyctlBuffer(unix.KEYCTL_READ, ring, buf, 0)
		if err != nil {
			return nil, err
		}
		if n > len(buf) { // n is the size of all, whatever fits
			buf = make([]byte, 2*n)
			continue
		}
		var ids []int
		for id := range slices.Chunk(buf[:n], 4) {
			ids = append(ids, int(int32(binary.NativeEndian.Uint32(id)))) //nolint:gosec // key_serial_t is an int32
		}
		return ids, nil
	}
}

// discard revokes a key, which frees its data even if it is linked elsewhere,
// and takes it off the ring. Once it is off the ring we could not revoke it any
// more.
func discard(ring, id int) error {
	if _, err := unix.KeyctlInt(unix.KEYCTL_REVOKE, id, 0, 0, 0); err != nil && !isGone(err) {
		return kernelError(err)
	}
	_, err := unix.KeyctlInt(unix.KEYCTL_UNLINK, id, ring, 0, 0)
	if err != nil && !isGone(err) && !errors.Is(err, unix.ENOENT) {
		return kernelError(err)
	}
	return nil
}

// onRing calls f with the keyring where keys are. It is linked to the keyring
// of this thread for that time, as only who possesses a key can read it, and
// the session's keyring, which would do for that in a usual login, is another
// user's, an empty or a revoked one under sudo, in services with
// KeyringMode=private and in a tmux that survived its login. Possession is a
// matter of the thread, so f must not leave it.
func onRing(f func(ring int) error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ring, err := possess()
	if errors.Is(err, unix.EDQUOT) {
		return kernelError(err)
	}
	if err != nil {
		return absent(fmt.Errorf("kernel keyring: %w", err))
	}
	defer func() { _, _ = unix.KeyctlInt(unix.KEYCTL_UNLINK, ring, unix.KEY_SPEC_THREAD_KEYRING, 0, 0) }()
	return f(ring)
}

// possess links the user's persistent keyring to that of the thread, or, where
// the kernel was built without, the user keyring, which may end with the last
// process of the user.
func possess() (ring int, err error) {
	ring, err = unix.KeyctlInt(unix.KEYCTL_GET_PERSISTENT, -1, unix.KEY_SPEC_THREAD_KEYRING, 0, 0)
	if errors.Is(err, unix.EOPNOTSUPP) {
		ring = unix.KEY_SPEC_USER_KEYRING
		_, err = unix.KeyctlInt(unix.KEYCTL_LINK, ring, unix.KEY_SPEC_THREAD_KEYRING, 0, 0)
	}
	return ring, err
}

func (k *Kernel) description(key string) string {
	return cmp.Or(k.Service, keyringService) + ":" + key
}

// seconds is a life as the kernel counts it, where 0 means for ever.
func seconds(life time.Duration) int { return int(min((life-1)/time.Second+1, math.MaxInt32)) }

// isGone says whether err is of a key that is not there any more.
func isGone(err error) bool {
	return errors.Is(err, unix.ENOKEY) || errors.Is(err, unix.EKEYEXPIRED) || errors.Is(err, unix.EKEYREVOKED)
}

// itemError is of what was done with a key of ours.
func itemError(err error) error {
	if isGone(err) {
		return ErrMiss
	}
	return kernelError(err)
}

// kernelError is of what the kernel does not let us do: ENOSYS where it has no
// keyrings, EPERM or EACCES where a container's seccomp filter denies them,
// EDQUOT where the user has too many keys.
func kernelError(err error) error {
	if errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("%w: %w: %w", ErrUnavailable, ErrFull, err)
	}
	return fmt.Errorf("%w: kernel keyring: %w", ErrUnavailable, err)
}
