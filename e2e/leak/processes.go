// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// look is how often running processes are looked at. A kubectl call takes
// tens of milliseconds and the plugin within it at least three.
const look = time.Millisecond

// Watch remembers the arguments and the environment of every process that may
// be looked at, from [StartWatch] to Stop: the key is known only afterwards.
// Processes that ran before are looked at once. Linux only; elsewhere it sees
// nothing.
type Watch struct {
	stop, stopped chan struct{}
	once          sync.Once
	seen          map[[sha256.Size]byte]glimpse
	before        map[string]bool
	processes     map[string]bool
}

type glimpse struct {
	file string
	data []byte
}

// StartWatch begins to watch.
func StartWatch() *Watch {
	w := &Watch{
		stop: make(chan struct{}), stopped: make(chan struct{}),
		seen: map[[sha256.Size]byte]glimpse{}, processes: map[string]bool{},
	}
	w.lookAround()
	w.before = maps.Clone(w.processes)
	go func() {
		defer close(w.stopped)
		tick := time.NewTicker(look)
		defer tick.Stop()
		for {
			select {
			case <-w.stop:
				w.lookAround() // at what is still there
				return
			case <-tick.C:
				w.lookAround()
			}
		}
	}()
	return w
}

func (w *Watch) lookAround() {
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		if w.before[process] {
			continue
		}
		for _, name := range []string{"cmdline", "environ"} {
			file := filepath.Join(process, name)
			data, err := os.ReadFile(file)
			if err != nil || len(data) == 0 {
				continue // gone, a kernel thread, or another user's
			}
			w.processes[process] = true
			if sum := sha256.Sum256(data); w.seen[sum].data == nil {
				w.seen[sum] = glimpse{file, data}
			}
		}
	}
}

// Stop ends the watch. A second call does nothing.
func (w *Watch) Stop() {
	w.once.Do(func() { close(w.stop) })
	<-w.stopped
}

// Processes is how many processes were seen. Call it after Stop.
func (w *Watch) Processes() int { return len(w.processes) }

// Saw tells whether some process had all of words among its arguments. Call it
// after Stop; a watch that never saw the process in question proves nothing.
func (w *Watch) Saw(words ...string) bool {
	for _, g := range w.seen {
		if filepath.Base(g.file) != "cmdline" {
			continue
		}
		all := true
		for _, word := range words {
			all = all && strings.Contains(string(g.data), word)
		}
		if all {
			return true
		}
	}
	return false
}

// Found has a line for each place in which the key was seen. Call it after Stop.
func (w *Watch) Found(k Key) []string {
	var found []string
	for _, g := range w.seen {
		if forms := k.In(g.data); len(forms) > 0 {
			found = append(found, fmt.Sprintf("%s: %s", g.file, strings.Join(forms, ", ")))
		}
	}
	return found
}
