// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// report tells a person what is being built, live on a terminal and one line
// per program elsewhere.
type report struct {
	w        io.Writer
	live     bool
	warning  string // what to expect of a slow build
	slowOnce sync.Once
}

func newReport(w io.Writer) *report {
	file, ok := w.(*os.File)
	if !ok {
		return &report{w: w}
	}
	info, err := file.Stat()
	return &report{w: w, live: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func (r *report) note(format string, args ...any) { fmt.Fprintf(r.w, "build: "+format+"\n", args...) }

// slow prepares for the wait, once.
func (r *report) slow() {
	r.slowOnce.Do(func() {
		if r.warning != "" {
			r.note("%s", r.warning)
		}
	})
}

// start tells that target is being built; the returned function tells the end.
func (r *report) start(target string) (done func(error)) {
	begin := time.Now()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		r.tick(target, begin, stop)
	}()
	return func(err error) {
		close(stop)
		<-stopped
		elapsed := time.Since(begin)
		switch {
		case err != nil:
			r.end("build: %-22s gave up after %s", target, elapsed)
		case elapsed >= time.Second || !r.live:
			r.end("build: %-22s %s", target, elapsed)
		default:
			fmt.Fprint(r.w, "\r\x1b[K") // not worth a line
		}
	}
}

func (r *report) tick(target string, begin time.Time, stop <-chan struct{}) {
	if !r.live {
		<-stop
		return
	}
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		fmt.Fprintf(r.w, "\r\x1b[Kbuild: %-22s %s ...", target, time.Since(begin).Round(time.Second))
		select {
		case <-ticker.C:
		case <-stop:
			return
		}
	}
}

func (r *report) end(format, target string, elapsed time.Duration) {
	if r.live {
		fmt.Fprint(r.w, "\r\x1b[K")
	}
	fmt.Fprintf(r.w, format+"\n", target, elapsed.Round(100*time.Millisecond))
}
