// SPDX-License-Identifier: Apache-2.0

package cachetest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
)

const (
	childVar  = "KUBECTL_MAGNUM_CACHETEST_CHILD"
	processes = 4
	rounds    = 20
)

// RunShared tests a store that all processes of the user share: several write
// one key and read it at once, none sees an error or half a value. It runs the
// test binary again for the calling test, so that open must find its way to the
// same store in a child; open is told by child that it is in one.
func RunShared(t *testing.T, open func(t *testing.T, child bool) Store) {
	name := os.Getenv(childVar)
	s := open(t, name != "")
	if name != "" {
		hammer(t, s, name)
		return
	}
	put(t, s, "shared", value("parent"))
	children := make([]*exec.Cmd, processes)
	outputs := make([]strings.Builder, processes)
	for i := range children {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
		c.Env = append(os.Environ(), fmt.Sprintf("%s=child%d", childVar, i))
		c.Stdout, c.Stderr = &outputs[i], &outputs[i]
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		children[i] = c
	}
	for i, c := range children {
		if err := c.Wait(); err != nil {
			t.Errorf("process %d: %v\n%s", i, err, outputs[i].String())
		}
	}
	// Each child leaves its own key, so that this also fails if none ran.
	for i := range children {
		name := fmt.Sprintf("child%d", i)
		wantData(t, s, name, value(name))
	}
}

func hammer(t *testing.T, s Store, name string) {
	put(t, s, name, value(name))
	for range rounds {
		put(t, s, "shared", value(name))
		got, err := s.Get(t.Context(), "shared")
		if errors.Is(err, cache.ErrMiss) {
			t.Fatal("what another process replaced is missing")
		}
		if err != nil {
			t.Fatalf("Get: %v", err)
		}
		writer, _, _ := strings.Cut(string(got), " ")
		if string(got) != value(writer) {
			t.Fatalf("Get = %q, which nobody put", got)
		}
	}
}

// value is as long as the record of a real certificate.
func value(writer string) string {
	return writer + strings.Repeat(" "+writer, 1500/(len(writer)+1))
}
