// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// lockPoll is how often a call that waits for another one's build looks again.
const lockPoll = 200 * time.Millisecond

type builder struct {
	root   string // of the end-to-end module
	cache  string
	report *report
}

// program is a main package and the module whose version it tells as its own.
type program struct{ name, pkg, module string }

// module builds programs of the module in dir and returns the directory they
// are in, which is named after everything they are made from.
func (b builder) module(ctx context.Context, dir string, programs ...program) (string, error) {
	digest, err := digest(ctx, dir)
	if err != nil {
		return "", err
	}
	out := filepath.Join(b.cache, digest)
	if !slices.ContainsFunc(programs, func(p program) bool { return !isFile(filepath.Join(out, p.name)) }) {
		return out, nil
	}
	unlock, err := b.lock(ctx, out)
	if err != nil {
		return "", err
	}
	defer unlock()
	for _, p := range programs {
		file := filepath.Join(out, p.name)
		if isFile(file) {
			continue // perhaps another process built it while this one waited
		}
		version, err := moduleVersion(ctx, dir, p.module)
		if err != nil {
			return "", err
		}
		b.report.slow()
		if err := b.build(ctx, dir, file, p.name+" "+version, p.pkg, "-ldflags", versionFlags(version)); err != nil {
			return "", err
		}
	}
	return out, nil
}

// plugin builds kubectl-magnum of the module in dir. Go's own cache knows what
// changed, so it asks Go every time.
func (b builder) plugin(ctx context.Context, dir string) (string, error) {
	out := filepath.Join(b.cache, "plugin-"+hashed(dir))
	unlock, err := b.lock(ctx, out)
	if err != nil {
		return "", err
	}
	defer unlock()
	file := filepath.Join(out, "kubectl-magnum")
	return file, b.build(ctx, dir, file, "kubectl-magnum", "./cmd/kubectl-magnum", "-tags", "nethttpomithttp2", "-ldflags", "-s -w") // as in the Makefile
}

// account builds the program of that name, of this module, likewise.
func (b builder) account(ctx context.Context) (string, error) {
	out := filepath.Join(b.cache, "account-"+hashed(b.root))
	unlock, err := b.lock(ctx, out)
	if err != nil {
		return "", err
	}
	defer unlock()
	file := filepath.Join(out, "account")
	return file, b.build(ctx, b.root, file, "account", "./cmd/account")
}

// lock makes dir and holds it against other processes until unlock.
func (b builder) lock(ctx context.Context, dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	l := flock.New(filepath.Join(dir, ".lock"))
	if ok, err := l.TryLock(); err != nil {
		return nil, err
	} else if !ok {
		b.report.note("waiting for another build in %s", dir)
		if _, err := l.TryLockContext(ctx, lockPoll); err != nil {
			return nil, fmt.Errorf("wait for another build in %q: %w", dir, err)
		}
	}
	return func() { _ = l.Unlock() }, nil
}

// build builds pkg of the module in dir, with more flags for the go command, and
// renames it to file once it is whole.
func (b builder) build(ctx context.Context, dir, file, target, pkg string, flags ...string) error {
	temp, err := os.MkdirTemp(filepath.Dir(file), ".build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	done := b.report.start(target)
	half := filepath.Join(temp, filepath.Base(file))
	args := append([]string{"build", "-mod=readonly", "-trimpath", "-o", half}, flags...)
	_, err = goTool(ctx, dir, append(args, pkg)...)
	if err == nil {
		err = os.Rename(half, file)
	}
	done(err)
	if err != nil {
		return fmt.Errorf("build %s: %w", target, err)
	}
	return nil
}

// goTool runs the go command in dir and returns its standard output.
func goTool(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	// A workspace or GOFLAGS of the caller must not change what is built.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off", "GOOS=", "GOARCH=")
	// Go's children (compile, link) hold its output open after an interrupt.
	cmd.WaitDelay = 5 * time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", fmt.Errorf("go %s in %q: %w\n%s", args[0], dir, err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
