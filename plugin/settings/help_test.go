// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"context"
	"testing"

	"go.yaml.in/yaml/v3"
)

// m0 is the context of a process that a test runs.
var m0 = context.Background()

func encoded(t *testing.T, c TokenCommand) *yaml.Node {
	t.Helper()
	node := &yaml.Node{}
	if err := node.Encode(c); err != nil {
		t.Fatal(err)
	}
	return node
}
