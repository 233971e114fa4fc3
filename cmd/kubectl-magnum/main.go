// SPDX-License-Identifier: Apache-2.0

// Command kubectl-magnum gets kubectl into clusters made by OpenStack Magnum.
//
// Written as kubectl magnum config CLUSTER, it adds the cluster to the
// kubeconfig. From then on kubectl runs kubectl-magnum credential by itself
// and gets a client certificate whose key was made in memory, that Magnum
// signed, and that is kept in the operating system's keyring for hours. No
// key is ever written to a file.
//
// Package main holds flags, streams, exit codes and advice. It decides
// nothing; package plugin does.
package main

import (
	"context"
	"io"
	"log" //nolint:depguard // to silence it
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/settings"
)

// version is set by the linker for releases; otherwise the module's is used.
var version string

func main() {
	// net/http logs what odd servers send, raw; a server may repeat a token.
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	home, _ := os.UserHomeDir()      // "" if there is none: commands say what they miss
	workDir, _ := os.Getwd()         // likewise
	executable, _ := os.Executable() // likewise
	host, _ := os.Hostname()         // likewise
	code := run(ctx, &program{
		args: os.Args[1:],
		streams: genericiooptions.IOStreams{
			In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr,
		},
		getenv:      os.Getenv,
		home:        home,
		workDir:     workDir,
		executable:  executable,
		uid:         os.Getuid(),
		pid:         os.Getpid(),
		host:        host,
		now:         time.Now,
		readSecret:  readSecret,
		parent:      func() process.ID { return lookup(os.Getppid()) },
		account:     func() (settings.Account, error) { return lookUpAccount(os.Getuid()) },
		keepPipe:    func() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }, // writes fail in its place
		inTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		outTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		errTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	})
	stop()
	os.Exit(code)
}

// endings are the signals that end the program once what it has made is taken back.
// A terminal that is closed is one, unless somebody has seen to it that it is not, as
// nohup does.
func endings() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}

// lookup returns the zero ID, which is never taken for another's, when the
// operating system does not say.
func lookup(pid int) process.ID {
	id, err := process.Lookup(pid)
	if err != nil {
		return process.ID{}
	}
	return id
}

// readSecret reads a line from the terminal that is not shown. If ctx ends
// meanwhile the terminal shows again what is typed.
func readSecret(ctx context.Context) (string, error) {
	fd := int(os.Stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	defer context.AfterFunc(ctx, func() { _ = term.Restore(fd, before) })()
	secret, err := term.ReadPassword(fd)
	return string(secret), err
}
