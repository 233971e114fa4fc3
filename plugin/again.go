// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"math/big"
	"net/http"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

const (
	triesMax   = 6
	firstPause = time.Second // doubled each time, give or take a half
	retryMost  = time.Minute // a service that says it is away for longer is believed
)

// again has f ask, tries times at most and until ctx ends, until it gets an
// answer that is worth having: it may be done twice without harm. Pauses differ,
// as many nodes ask at once.
func again(ctx context.Context, tries int, f func() error) error {
	for try := 0; ; try++ {
		err := f()
		wait, ok := passes(err)
		if !ok || try+1 >= tries || ctx.Err() != nil {
			return err
		}
		pause := time.NewTimer(wait + jittered(firstPause<<try)) // never sooner than the service said
		select {
		case <-ctx.Done():
			pause.Stop()
			return err
		case <-pause.C:
		}
	}
}

// passes says whether err may be gone in a while, and by when the service says.
func passes(err error) (after time.Duration, ok bool) {
	var service *openstack.ServiceError
	var unreachable *openstack.UnreachableError
	switch {
	case errors.As(err, &service):
		busy := service.Code == http.StatusTooManyRequests || service.Code >= 500
		return service.RetryAfter, busy && service.RetryAfter <= retryMost
	case errors.As(err, &unreachable):
		var untrusted *tls.CertificateVerificationError
		return 0, !errors.As(err, &untrusted)
	}
	return 0, false
}

// jittered is d, give or take a half.
func jittered(d time.Duration) time.Duration {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(d)))
	if err != nil {
		return d
	}
	return d/2 + time.Duration(n.Int64())
}
