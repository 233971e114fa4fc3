// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	kernel := cache.Kernel{Service: ts.Getenv("TEST_SERVICE")}
	_, err := kernel.Get(context.Background(), id.Key())
	ts.Defer(func() { _ = kernel.Clear(context.Background()) })
	if neg && !errors.Is(err, cache.ErrMiss) || !neg && err != nil {
		ts.Fatalf("the record in the kernel keyring: %v", err)
	}
}

// testService is the name of a script's own keys in the kernel keyring, which is
// the one of whoever runs the tests.
func testService(workDir string) string {
	sum := sha256.Sum256([]byte(workDir))
	return "kubectl-magnum-test-" + hex.EncodeToString(sum[:8])
}
