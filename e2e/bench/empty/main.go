// SPDX-License-Identifier: Apache-2.0

// Command empty does nothing: what a process costs.
package main

func main() {}
