// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/cache/secretservicetest"
)

func TestHangingAnywhereEndsAtTheDeadline(t *testing.T) {
	for _, op := range append(slices.Clone(operations), firstPut) {
		for _, step := range op.steps {
			t.Run(op.name+" at "+step, func(t *testing.T) {
				server, k := serve(t)
				server.Add("login", "kubectl-magnum", "k", []byte("old"))
				server.Fail(step, secretservicetest.Fault{Hang: true})
				k.ReadTimeout, k.WriteTimeout = deadline, deadline
				if err := inTime(t, op, k); !errors.Is(err, cache.ErrTimeout) {
					t.Errorf("err = %v, want ErrTimeout", err)
				}
			})
		}
	}
}

func TestDyingAnywhereIsAnErrorAtOnce(t *testing.T) {
	for name, fault := range map[string]secretservicetest.Fault{
		"closed":  {},
		"garbage": {Say: []byte("l\x02\x00\x01\xff\xff\xff\x07garbage, not D-Bus\r\n\x00\x00\x00\x00")},
	} {
		for _, op := range append(slices.Clone(operations), firstPut) {
			for _, step := range op.steps {
				t.Run(fmt.Sprintf("%s at %s of %s", name, step, op.name), func(t *testing.T) {
					server, k := serve(t)
					server.Add("login", "kubectl-magnum", "k", []byte("old"))
					server.Fail(step, fault)
					if err := op.call(t.Context(), k); !errors.Is(err, cache.ErrUnavailable) {
						t.Errorf("err = %v, want ErrUnavailable", err)
					}
				})
			}
		}
	}
}

// godbus's own connection panics on this signal, where nobody recovers.
func TestSignalWithoutItsNameIsPassedOver(t *testing.T) {
	server, k := serve(t)
	server.Add("login", "kubectl-magnum", "k", []byte("old"))
	server.Fail("SearchItems", secretservicetest.Fault{Answer: true, Say: namelessSignal})
	if _, err := k.Get(t.Context(), "k"); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("err = %v, want ErrUnavailable from the connection's end", err)
	}
}

// A prompt that dies with the bus is a nil pointer dereference in go-keyring
// 0.2.8 (secret_service.go:209).
func TestPromptThatDiesWithTheBusIsAnError(t *testing.T) {
	server, k := serve(t)
	server.Add("login", "kubectl-magnum", "k", []byte("old"))
	server.Set(secretservicetest.State{Login: true, PromptToDelete: true})
	server.Fail("Prompt", secretservicetest.Fault{Answer: true})
	k.MayAsk = true
	if err := k.Delete(t.Context(), "k"); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("err = %v, want ErrUnavailable", err)
	}
}

func TestNoPromptOpensUnlessOneMay(t *testing.T) {
	server, k := serve(t)
	server.Add("login", "kubectl-magnum", "k", []byte("old"))
	server.Set(secretservicetest.State{Login: true, PromptToDelete: true})
	k.ReadTimeout, k.WriteTimeout = deadline, deadline
	if err := inTime(t, operations[2], k); !errors.Is(err, cache.ErrLocked) {
		t.Errorf("err = %v, want ErrLocked", err)
	}
	if slices.Contains(server.Calls(), "Prompt") || server.Len() != 1 {
		t.Errorf("asked for %v; %d items are left", server.Calls(), server.Len())
	}
}

func TestPromptThatNobodyAnswersEndsAtTheDeadline(t *testing.T) {
	server, k := serve(t)
	server.Add("login", "kubectl-magnum", "k", []byte("old"))
	server.Set(secretservicetest.State{Login: true, PromptToDelete: true})
	k.WriteTimeout, k.MayAsk = deadline, true
	if err := inTime(t, operations[2], k); !errors.Is(err, cache.ErrTimeout) {
		t.Errorf("err = %v, want ErrTimeout", err)
	}
}

// See greet: a call that comes sooner can end gnome-keyring.
func TestNothingIsAskedBeforeTheServiceKnowsUs(t *testing.T) {
	each(t, func(t *testing.T, op operation, s *secretservicetest.Server, k *cache.Keyring) {
		s.Fail("Get", secretservicetest.Fault{Hang: true})
		if err := inTime(t, op, k); !errors.Is(err, cache.ErrTimeout) {
			t.Errorf("err = %v, want ErrTimeout", err)
		}
		s.Close() // what was sent by now has been read
		wantQuiet(t, s)
		if slices.Contains(s.Calls(), "SearchItems") || slices.Contains(s.Calls(), "OpenSession") {
			t.Errorf("too soon: %v", s.Calls())
		}
	})
}

func TestHungServiceIsGivenUpSoonerThanASlowWrite(t *testing.T) {
	for _, op := range operations {
		for _, step := range []string{"AUTH", "Get", "SearchItems"} {
			t.Run(op.name+" at "+step, func(t *testing.T) {
				server, k := serve(t)
				server.Fail(step, secretservicetest.Fault{Hang: true})
				k.ReadTimeout, k.WriteTimeout = deadline, time.Minute
				if err := inTime(t, op, k); !errors.Is(err, cache.ErrTimeout) {
					t.Errorf("err = %v, want ErrTimeout", err)
				}
			})
		}
	}
}

func TestDeadlineEndsTheConnection(t *testing.T) {
	for _, step := range operations[0].steps {
		t.Run(step, func(t *testing.T) {
			server, k := serve(t)
			server.Add("login", "kubectl-magnum", "k", []byte("old"))
			server.Fail(step, secretservicetest.Fault{Hang: true})
			k.ReadTimeout = deadline
			if err := inTime(t, operations[0], k); !errors.Is(err, cache.ErrTimeout) {
				t.Errorf("err = %v, want ErrTimeout", err)
			}
			for late := time.After(10 * time.Second); server.Clients() > 0; {
				select {
				case <-late:
					t.Fatal("still connected")
				case <-time.After(time.Millisecond):
				}
			}
		})
	}
}

// godbus's own connection panics if it is closed there.
func TestHangingInTheMiddleOfAMessage(t *testing.T) {
	for _, step := range []string{"Hello", "Get", "SearchItems"} {
		t.Run(step, func(t *testing.T) {
			server, k := serve(t)
			k.ReadTimeout = deadline
			for _, n := range []int{1, 15, 16, 17, 40, len(namelessSignal) - 1} {
				server.Fail(step, secretservicetest.Fault{Hang: true, Say: namelessSignal[:n]})
				if err := inTime(t, operations[0], k); !errors.Is(err, cache.ErrTimeout) {
					t.Errorf("after %d bytes: %v, want ErrTimeout", n, err)
				}
			}
		})
	}
}
