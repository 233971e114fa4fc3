// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// tokenCommand is a program to log in with. tokencmd cat FILE [MARK] prints a token;
// tokencmd fail TEXT, hang and flood do not. It leaves in MARK what it sees, a line
// for each time that it runs.
func tokenCommand() {
	switch os.Args[1] {
	case "cat":
		if len(os.Args) > 3 {
			mark(os.Args[3])
		}
		token, err := os.ReadFile(os.Args[2])
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s", token)
	case "fail":
		fmt.Println(os.Args[2])
		fmt.Fprintln(os.Stderr, os.Args[2])
		os.Exit(3)
	case "hang":
		signal.Ignore(os.Interrupt, syscall.SIGTERM)
		time.Sleep(time.Minute)
	case "flood":
		for range 1 << 20 {
			fmt.Println(strings.Repeat("x", 1<<10))
		}
	}
}

func mark(path string) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	dir, _ := os.Getwd()
	fmt.Fprintf(f, "dir=%s %s\n", dir, strings.Join(os.Environ(), " "))
}
