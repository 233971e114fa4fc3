// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

const (
	retriesMax = 2
	// pauseMax is the longest pause between tries; a service that is away for
	// longer is reported at once.
	pauseMax = 30 * time.Second
	// pauseFirst is the first pause if the service does not say how long.
	pauseFirst = 500 * time.Millisecond
)

// pause says whether to ask again, and after how long: only what changes
// nothing, only if the service says that it is busy, and only if the pause ends
// before the request's deadline.
func (g *guard) pause(req *http.Request, failed *statusError, tries int) (time.Duration, bool) {
	busy := failed.code == http.StatusTooManyRequests || failed.code == http.StatusServiceUnavailable
	if !busy || req.Method != http.MethodGet || tries >= retriesMax || g.now == nil {
		return 0, false
	}
	wait := failed.retryAfter
	if !failed.saidWhen {
		wait = pauseFirst << tries
	}
	deadline, ok := req.Context().Deadline()
	if wait > pauseMax || ok && !g.now().Add(wait).Before(deadline) {
		return 0, false
	}
	return wait, true
}

// retryAfter reads Retry-After (RFC 9110, section 10.2.3). A date is taken
// relative to the answer's own Date, as clocks differ.
func retryAfter(h http.Header) (time.Duration, bool) {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	then, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0, false
	}
	return max(0, then.Sub(now)), true
}

// sleep reports whether d passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
