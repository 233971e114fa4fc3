// SPDX-License-Identifier: Apache-2.0

//go:build unix

package settings

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What others may have had a hand in is not believed.
func TestUnsafeFileIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(t *testing.T, f *File)
		want  string
	}{
		"another's file":            {func(_ *testing.T, f *File) { f.UID++ }, "belongs to another user"},
		"a file of the group":       {func(t *testing.T, f *File) { chmod(t, f.Path, 0o620) }, "can be written by others"},
		"a file of all":             {func(t *testing.T, f *File) { chmod(t, f.Path, 0o602) }, "can be written by others"},
		"a directory of the group":  {func(t *testing.T, f *File) { chmod(t, filepath.Dir(f.Path), 0o770) }, "can be written by others"},
		"a directory of all":        {func(t *testing.T, f *File) { chmod(t, filepath.Dir(f.Path), 0o1777) }, "can be written by others"},
		"a link":                    {func(t *testing.T, f *File) { link(t, f.Path) }, "is not a regular file"},
		"a link in the directory's": {func(t *testing.T, f *File) { link(t, filepath.Dir(f.Path)) }, "is not a directory"},
		"a pipe": {func(t *testing.T, f *File) {
			remove(t, f.Path)
			if err := syscall.Mkfifo(f.Path, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "is not a regular file"},
		"a directory in the file's place": {func(t *testing.T, f *File) {
			remove(t, f.Path)
			if err := os.Mkdir(f.Path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "is not a regular file"},
		"a long file": {func(t *testing.T, f *File) {
			if err := os.Truncate(f.Path, fileMax+1); err != nil {
				t.Fatal(err)
			}
		}, "is longer than 1 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFile(t)
			if err := f.SetTokenCommand(t.Context(), "work", work()); err != nil {
				t.Fatal(err)
			}
			test.spoil(t, &f)
			c, ok, err := f.TokenCommand("work")
			if !errors.As(err, new(*UnsafeError)) || !strings.Contains(err.Error(), test.want) || ok || c.Args != nil {
				t.Errorf("got %v, %v, %v", c, ok, err)
			}
			if err := f.SetTokenCommand(t.Context(), "work", work()); !errors.As(err, new(*UnsafeError)) {
				t.Errorf("written: %v", err)
			}
			if _, err := f.RemoveTokenCommand(t.Context(), "work"); !errors.As(err, new(*UnsafeError)) {
				t.Errorf("removed: %v", err)
			}
		})
	}
}

func TestUnreadableFileIsAnError(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	f := newFile(t)
	f.write(t, "")
	chmod(t, f.Path, 0)
	if _, _, err := f.TokenCommand("work"); !errors.Is(err, os.ErrPermission) {
		t.Errorf("got %v", err)
	}
}

// Nobody else can have written to it, so it may be read by all.
func TestReadableFileIsBelieved(t *testing.T) {
	f := newFile(t)
	if err := f.SetTokenCommand(t.Context(), "work", work()); err != nil {
		t.Fatal(err)
	}
	chmod(t, f.Path, 0o644)
	chmod(t, filepath.Dir(f.Path), 0o755)
	if _, ok, err := f.TokenCommand("work"); !ok || err != nil {
		t.Errorf("got %v, %v", ok, err)
	}
}

func chmod(t *testing.T, path string, mode uint32) {
	t.Helper()
	if err := syscall.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// link moves a file away and puts a symbolic link to it in its place.
func link(t *testing.T, path string) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(path, to); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}
