// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWithinGivesUpAtTheDeadline(t *testing.T) {
	forever := make(chan struct{})
	defer close(forever)
	start := time.Now()
	_, err := within(t.Context(), 50*time.Millisecond, func(context.Context) (int, error) {
		<-forever // as go-keyring does: it looks at no context
		return 1, nil
	})
	if took := time.Since(start); took > 150*time.Millisecond {
		t.Errorf("took %v, want at most 100 ms more than the 50 ms allowed", took)
	}
	if !errors.Is(err, ErrTimeout) {
		t.Errorf("err = %v, want ErrTimeout", err)
	}
	if got, want := err.Error(), "the store did not answer: waited 50ms"; got != want {
		t.Errorf("err = %q, want %q", got, want)
	}
}

func TestWithinObeysTheCaller(t *testing.T) {
	forever := make(chan struct{})
	defer close(forever)
	wait := func(context.Context) (int, error) { <-forever; return 1, nil }

	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := within(ctx, time.Hour, wait); !errors.Is(err, context.Canceled) || errors.Is(err, ErrTimeout) {
		t.Errorf("cancelled: %v, want context.Canceled and no ErrTimeout", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := within(ctx, time.Hour, wait); !errors.Is(err, ErrTimeout) {
		t.Errorf("the caller's deadline: %v, want ErrTimeout", err)
	}
}

func TestWithinNamesTheDeadlineNotItsConsequence(t *testing.T) {
	_, err := within(t.Context(), 10*time.Millisecond, func(ctx context.Context) (int, error) {
		<-ctx.Done()
		return 0, errors.New("use of closed network connection")
	})
	if !errors.Is(err, ErrTimeout) {
		t.Errorf("err = %v, want ErrTimeout", err)
	}
}

func TestWithinSurvivesAPanic(t *testing.T) {
	var nilMap map[string]int
	_, err := within(t.Context(), time.Hour, func(context.Context) (int, error) {
		nilMap["x"] = 1
		return 1, nil
	})
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "nil map") {
		t.Errorf("err = %v, want ErrUnavailable with the runtime's words", err)
	}
	_, err = within(t.Context(), time.Hour, func(context.Context) (int, error) {
		panic("the secret is 42")
	})
	if !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "42") {
		t.Errorf("err = %v, want ErrUnavailable without what was panicked with", err)
	}
}

func TestWithinSurvivesAPanicAfterTheDeadline(t *testing.T) {
	release, ended := make(chan struct{}), make(chan struct{})
	_, err := within(t.Context(), time.Millisecond, func(context.Context) (int, error) {
		defer close(ended)
		<-release
		panic("late")
	})
	if !errors.Is(err, ErrTimeout) {
		t.Fatalf("err = %v, want ErrTimeout", err)
	}
	close(release)
	<-ended // an unrecovered panic ends the test binary
}

func TestWithinDoesNotStartWhatIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		called := false
		_, err := within(ctx, time.Hour, func(context.Context) (int, error) { called = true; return 1, nil })
		synctest.Wait()
		if !errors.Is(err, context.Canceled) || called {
			t.Errorf("err = %v, called = %v, want context.Canceled before any call", err, called)
		}
	})
}
