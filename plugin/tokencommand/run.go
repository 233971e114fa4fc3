// SPDX-License-Identifier: Apache-2.0

package tokencommand

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	// limit is how long a program may take, of the 25 s that a call has.
	limit = 15 * time.Second
	// patience is how long the output is waited for once the program has ended:
	// what it started may still hold it.
	patience = 500 * time.Millisecond
	// outputMax is the longest output that is taken, in bytes.
	outputMax = 64 << 10
	// tokenMax is the longest token, in bytes. It has to fit into a header;
	// Keystone's have some 200.
	tokenMax = 16 << 10
)

// Command is a program that prints a token.
type Command struct {
	Args  []string      // the program, an absolute path, and its arguments
	Env   []string      // all of its environment, each NAME=value
	Dir   string        // the directory it runs in
	Limit time.Duration // how long it may take; 0 = 15 s

	// Stderr is given what the program says there, as it is: only for somebody
	// who has just typed the command. Nil for nobody.
	Stderr io.Writer
}

// NotFoundError says that there is no such program.
type NotFoundError struct{ Program string }

func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no program %q", e.Program) }

// FailedError says that the program gave no token. Nothing of its output is in it.
type FailedError struct {
	Program string
	Reason  string // a clause that goes on from the program's name
}

func (e *FailedError) Error() string { return fmt.Sprintf("%q %s", e.Program, e.Reason) }

var (
	errLate  = errors.New("too late")
	errFlood = errors.New("too much")
)

// Token runs the program and returns the token that it prints. When it is late,
// prints too much, or ctx ends, it is killed with all processes that it started,
// but for those that have made a session of their own (on Windows, but for all of
// them).
//
// Errors are [*NotFoundError], [*FailedError], and context.Canceled.
func (c Command) Token(ctx context.Context) (string, error) {
	if len(c.Args) == 0 || !filepath.IsAbs(c.Args[0]) {
		return "", errors.New("a token command has an absolute path")
	}
	if c.Limit == 0 {
		c.Limit = limit
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	timed, cancel := context.WithTimeoutCause(ctx, c.Limit, errLate)
	defer cancel()
	out := &bounded{full: func() { stop(errFlood) }}
	run := exec.CommandContext(timed, c.Args[0], c.Args[1:]...) //nolint:gosec // what the user has said to run
	run.Env, run.Dir, run.Stdout, run.Stderr = c.Env, c.Dir, out, c.Stderr
	run.WaitDelay = patience
	detach(run)
	if c.Env == nil {
		run.Env = []string{} // nil would be this process's
	}
	err := run.Run()
	switch cause := context.Cause(timed); {
	case errors.Is(err, exec.ErrWaitDelay):
		// It ended well; what it left running holds its output.
	case err != nil && errors.Is(cause, context.Canceled):
		return "", fmt.Errorf("run %q: %w", c.Args[0], context.Canceled)
	case err != nil:
		return "", c.explain(err, cause)
	}
	return c.read(out.take())
}

// explain says what became of a program that failed, and not what it said.
func (c Command) explain(err, cause error) error {
	program := c.Args[0]
	var exit *exec.ExitError
	switch {
	case errors.Is(err, fs.ErrNotExist) && missing(program):
		return &NotFoundError{Program: program}
	case errors.Is(cause, errFlood):
		return &FailedError{program, fmt.Sprintf("prints more than %d KiB", outputMax>>10)}
	case errors.Is(cause, errLate):
		return &FailedError{program, fmt.Sprintf("has not ended within %v", c.Limit)}
	case cause != nil:
		return &FailedError{program, "has not ended in time"}
	case errors.As(err, &exit):
		return &FailedError{program, "ended with " + exit.String()}
	}
	if failed := errors.Unwrap(err); failed != nil {
		err = failed // the path is said already
	}
	return &FailedError{program, "cannot be run: " + err.Error()}
}

// missing says whether it is the program that is not there, and not what runs it
// or its directory.
func missing(program string) bool {
	_, err := os.Stat(program)
	return errors.Is(err, fs.ErrNotExist)
}

// read takes the token out of what was printed: one line, which can be sent in a
// header.
func (c Command) read(out []byte) (string, error) {
	token := bytes.TrimSpace(out)
	refused := func(reason string) (string, error) { return "", &FailedError{c.Args[0], reason} }
	switch {
	case len(token) == 0:
		return refused("prints no token")
	case bytes.ContainsAny(token, "\r\n"):
		return refused("prints several lines, where a token is one")
	case bytes.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return refused("prints something that is not a token")
	case len(token) > tokenMax:
		return refused(fmt.Sprintf("prints a token of more than %d KiB", tokenMax>>10))
	}
	return string(token), nil
}
