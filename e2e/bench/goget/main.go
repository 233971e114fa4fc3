// SPDX-License-Identifier: Apache-2.0

// Command goget reads the item that its argument names with go-keyring, and
// nothing else: what a keyring costs.
package main

import (
	"fmt"
	"os"

	"github.com/zalando/go-keyring"
)

func main() {
	data, err := keyring.Get("kubectl-magnum", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(len(data))
}
