// SPDX-License-Identifier: Apache-2.0

//go:build !(linux || freebsd || netbsd || openbsd || dragonfly)

package cache

import (
	"context"
	"errors"

	"github.com/zalando/go-keyring"
)

func (k *Keyring) read(_ context.Context, key string) ([]byte, error) {
	data, err := keyring.Get(keyringService, key)
	return []byte(data), classify(err)
}

func (k *Keyring) write(_ context.Context, key string, data []byte) error {
	return classify(keyring.Set(keyringService, key, string(data)))
}

func (k *Keyring) list(context.Context) ([]string, error) { return nil, errors.ErrUnsupported }

func (k *Keyring) empty(context.Context) error { return classify(keyring.DeleteAll(keyringService)) }

func (k *Keyring) ping(context.Context) error { return errors.ErrUnsupported }

func (k *Keyring) erase(_ context.Context, key string) error {
	err := classify(keyring.Delete(keyringService, key))
	if errors.Is(err, ErrMiss) {
		return nil
	}
	return err
}
