// SPDX-License-Identifier: Apache-2.0

// Package process tells processes apart over time. A pid alone does not: it
// is given to another process once its own has ended.
//
// It reads what the operating system says of a process and does nothing to
// one. There is no promise of API stability.
package process

import "fmt"

// ID names one process for as long as the machine is up: its pid and the
// moment it started. The zero ID names none.
type ID struct {
	PID   int    `json:"pid"`
	Start string `json:"start"` // opaque, only ever compared
}

// Lookup returns the ID of the running process pid. Where the operating
// system does not tell when it started, Start is empty.
func Lookup(pid int) (ID, error) {
	start, err := startOf(pid)
	if err != nil {
		return ID{}, fmt.Errorf("look up process %d: %w", pid, err)
	}
	return ID{PID: pid, Start: start}, nil
}
