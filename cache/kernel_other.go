// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package cache

import (
	"errors"
	"time"
)

var errNoKernel = absent(errors.New("this system's kernel has no keyring"))

func (k *Kernel) read(string) ([]byte, error) { return nil, errNoKernel }

func (k *Kernel) write(string, []byte, time.Duration) error { return errNoKernel }

func (k *Kernel) erase(string) error { return errNoKernel }

func (k *Kernel) list() ([]string, error) { return nil, errNoKernel }
