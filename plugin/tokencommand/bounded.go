// SPDX-License-Identifier: Apache-2.0

package tokencommand

import (
	"sync"
)

// bounded keeps what is written to it, up to outputMax. More is refused, and full
// told.
type bounded struct {
	full func()

	mu   sync.Mutex // a program that was killed may still be read from
	text []byte
}

func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.text)+len(p) > outputMax {
		b.full()
		return 0, errFlood
	}
	b.text = append(b.text, p...)
	return len(p), nil
}

func (b *bounded) take() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text
}
