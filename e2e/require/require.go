// SPDX-License-Identifier: Apache-2.0

// Package require decides what a test does on a machine that lacks a tool. It
// installs nothing. No API stability promise.
package require

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Tool skips the test if missing, which says what this machine lacks, is not
// nil. With name in E2E_REQUIRE, a list separated by commas, the test fails
// instead: a CI run must not pass by having installed nothing.
func Tool(t testing.TB, name string, missing error) {
	t.Helper()
	if missing == nil {
		return
	}
	if slices.Contains(strings.Split(os.Getenv("E2E_REQUIRE"), ","), name) {
		t.Fatalf("%s is required: %v", name, missing)
	}
	t.Skipf("without %s: %v", name, missing)
}
