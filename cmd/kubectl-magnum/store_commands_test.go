// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
)

// condition knows [kernelkeyring] and [container].
func condition(name string) (bool, error) {
	switch name {
	case "kernelkeyring":
		return kernelKeyring()
	case "container":
		return cache.InContainer("/", os.Getenv), nil
	}
	return false, fmt.Errorf("there is no condition %q", name)
}

// kernelKeyring says whether this machine has a kernel keyring that we may use.
// Where E2E_REQUIRE has kernel-keyring it must.
func kernelKeyring() (bool, error) {
	probe := cache.Kernel{Service: "kubectl-magnum-test"}
	err := probe.Put(context.Background(), "probe", []byte("x"), time.Second)
	if err != nil && slices.Contains(strings.Split(os.Getenv("E2E_REQUIRE"), ","), "kernel-keyring") {
		return false, fmt.Errorf("kernel-keyring is required: %w", err)
	}
	return err == nil, nil
}

// cmdKernelRecord tests that alice's record of prod is in the kernel keyring,
// which is the one of whoever runs the tests: with the script it is removed.
func cmdKernelRecord(ts *testscript.TestScript, neg bool, _ []string) {
	id := credential.Identity{
		Cluster: ts.Getenv("UUID"), Project: ts.Getenv("DEMO"), Owner: ts.Getenv("ALICE"),
		User: "alice", Groups: []string{"system:masters"},
	}
	var kernel cache.Kernel
	_, err := kernel.Get(context.Background(), id.Key())
	ts.Defer(func() { _ = kernel.Delete(context.Background(), id.Key()) })
	if neg != errors.Is(err, cache.ErrMiss) {
		ts.Fatalf("the record in the kernel keyring: %v", err)
	}
}
