// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func wantMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode(); got != want && runtime.GOOS != "windows" {
		t.Errorf("%q has mode %v, want %v", path, got, want)
	}
}

func TestNewFileIsTheUsersAlone(t *testing.T) {
	home := t.TempDir()
	mustMerge(t, Paths{Home: home}, true, prod())
	wantMode(t, filepath.Join(home, ".kube"), fs.ModeDir|0o700)
	wantMode(t, filepath.Join(home, ".kube", "config"), 0o600)
	wantOnly(t, filepath.Join(home, ".kube", "config"))
}

func TestModeOfAnOldFileStays(t *testing.T) {
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o644, 0o660, 0o777} {
		path := write(t, filepath.Join(t.TempDir(), "config"), "")
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		mustMerge(t, Paths{Explicit: path}, true, prod())
		wantMode(t, path, mode)
	}
}

func TestOwnerOfAnOldFileStays(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "config"), "")
	if err := os.Chown(path, 12345, 54321); err != nil {
		t.Skip("only root can give a file away: ", err)
	}
	mustMerge(t, Paths{Explicit: path}, true, prod())
	checkOwner(t, path, 12345, 54321)
}

func TestReadOnlyFileIsLeftAlone(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "config"), "")
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if f, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
		f.Close()
		t.Skip("root may write to any file")
	}
	if _, err := merge(t, Paths{Explicit: path}, true, prod()); !errors.Is(err, fs.ErrPermission) {
		t.Fatalf("error is %v, want %v", err, fs.ErrPermission)
	}
	wantOnly(t, path)
}

func TestDirectoryThatCantBeWritten(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "config"), "")
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	if os.WriteFile(filepath.Join(dir, "probe"), nil, 0o600) == nil {
		t.Skip("root may write to any directory")
	}
	if _, err := merge(t, Paths{Explicit: path}, true, prod()); !errors.Is(err, fs.ErrPermission) {
		t.Fatalf("error is %v, want %v", err, fs.ErrPermission)
	}
}

// TestLinkInADirectoryThatCantBeWritten: no lock can be made beside the link, by
// kubectl neither, but beside the file it leads to.
func TestLinkInADirectoryThatCantBeWritten(t *testing.T) {
	dir := t.TempDir()
	links := filepath.Join(dir, "links")
	if err := os.Mkdir(links, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../config", filepath.Join(links, "config")); err != nil {
		t.Skip(err)
	}
	if err := os.Chmod(links, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(links, 0o700) })
	mustMerge(t, Paths{Explicit: filepath.Join(links, "config")}, true, prod())
	checkOurs(t, contents(t, filepath.Join(dir, "config")), prod())
	wantOnly(t, filepath.Join(dir, "config"), "links")
}

func TestSymbolicLinksAreFollowed(t *testing.T) {
	for name, c := range map[string]struct {
		links  [][2]string // name, target
		exists bool
		file   string // where the text goes; "" for real/file
	}{
		"to a file":           {links: [][2]string{{"config", "real/file"}}, exists: true},
		"to nothing yet":      {links: [][2]string{{"config", "real/file"}}},
		"over another":        {links: [][2]string{{"config", "two"}, {"two", "real/file"}}, exists: true},
		"out of a linked dir": {links: [][2]string{{"dir", "real/deep/er"}, {"config", "dir/../../file"}}, exists: true},
		"to a new directory":  {links: [][2]string{{"config", "new/file"}}, file: "new/file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.MkdirAll(filepath.Join(dir, "real", "deep", "er"), 0o700); err != nil {
				t.Fatal(err)
			}
			for _, link := range c.links {
				if err := os.Symlink(link[1], filepath.Join(dir, link[0])); err != nil {
					t.Skip(err)
				}
			}
			file := filepath.Join(dir, cmp.Or(c.file, "real/file"))
			if c.exists {
				write(t, file, "# mine\n")
			}
			mustMerge(t, Paths{Explicit: filepath.Join(dir, "config")}, true, prod())
			checkOurs(t, contents(t, file), prod())
			for _, link := range c.links {
				if info, err := os.Lstat(filepath.Join(dir, link[0])); err != nil || info.Mode()&fs.ModeSymlink == 0 {
					t.Errorf("link %q is gone: %v", link[0], err)
				}
			}
		})
	}
}

// TestPathThroughALinkedWorkingDirectory: "..", relative to a directory that is
// known by a link's name, starts where the directory really is.
func TestPathThroughALinkedWorkingDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "real", "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real/deep", filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	t.Chdir(filepath.Join(dir, "link"))
	mustMerge(t, Paths{Explicit: "../config"}, true, prod())
	checkOurs(t, contents(t, filepath.Join(dir, "real", "config")), prod())
	wantOnly(t, filepath.Join(dir, "real", "config"), "deep")
}

func TestLinkInACircleIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	if err := os.Symlink("config", path); err != nil {
		t.Skip(err)
	}
	if _, err := merge(t, Paths{Explicit: path}, true, prod()); err == nil {
		t.Fatal("accepted")
	}
}

func TestLeftTemporaryFileDoesNotMatter(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "config"), "")
	temp := write(t, filepath.Join(filepath.Dir(path), ".config.kubectl-magnum.tmp"), "half a f")
	if err := os.Chmod(temp, 0o400); err != nil {
		t.Fatal(err)
	}
	mustMerge(t, Paths{Explicit: path}, true, prod())
	wantMode(t, path, 0o600)
	wantOnly(t, path)
}

// TestEditorsChangeIsNotLost: who takes no lock can write between our reading
// and our writing.
func TestEditorsChangeIsNotLost(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "config"), "# new\n")
	if err := replace(t.Context(), path, []byte("# old\n"), []byte("# ours\n")); !errors.Is(err, errChanged) {
		t.Errorf("error is %v, want %v", err, errChanged)
	}
	if got := contents(t, path); got != "# new\n" {
		t.Errorf("the file holds %q", got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := replace(t.Context(), path, []byte("# old\n"), []byte("# ours\n")); !errors.Is(err, errChanged) {
		t.Errorf("for a file that went: error is %v, want %v", err, errChanged)
	}
	wantOnly(t, path)
}

func TestWriteNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "config")
	if err := WriteNew(path, []byte("one"), false); err != nil {
		t.Fatal(err)
	}
	wantMode(t, filepath.Dir(path), fs.ModeDir|0o700)
	wantMode(t, path, 0o600)
	var exists *ExistsError
	if err := WriteNew(path, []byte("two"), false); !errors.As(err, &exists) || exists.File != path {
		t.Errorf("error is %v, want an ExistsError", err)
	}
	if err := CheckNew(path, false); !errors.As(err, &exists) {
		t.Errorf("CheckNew: error is %v, want an ExistsError", err)
	}
	if err := CheckNew(path, true); err != nil {
		t.Errorf("CheckNew with force: %v", err)
	}
	if got := contents(t, path); got != "one" {
		t.Errorf("the file holds %q", got)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := WriteNew(path, []byte("two"), true); err != nil {
		t.Fatal(err)
	}
	wantMode(t, path, 0o600)
	if got := contents(t, path); got != "two" {
		t.Errorf("the file holds %q", got)
	}
	wantOnly(t, path)
}

func TestWriteNewDoesNotFollowLinks(t *testing.T) {
	dir := t.TempDir()
	path, elsewhere := filepath.Join(dir, "config"), filepath.Join(dir, "elsewhere")
	if err := os.Symlink(elsewhere, path); err != nil {
		t.Skip(err)
	}
	var exists *ExistsError
	if err := CheckNew(path, false); !errors.As(err, &exists) {
		t.Errorf("CheckNew: error is %v, want an ExistsError", err)
	}
	if err := WriteNew(path, []byte("one"), false); !errors.As(err, &exists) {
		t.Errorf("error is %v, want an ExistsError", err)
	}
	if err := WriteNew(path, []byte("one"), true); err != nil {
		t.Fatal(err)
	}
	wantMode(t, path, 0o600)
	if _, err := os.Lstat(elsewhere); err == nil {
		t.Error("the link was followed")
	}
}

// TestPublishLosesARace: the name was taken after CheckNew.
func TestPublishLosesARace(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "config"), "theirs")
	temp := write(t, filepath.Join(dir, "temp"), "ours")
	var exists *ExistsError
	if err := publish(temp, path, false); !errors.As(err, &exists) {
		t.Errorf("error is %v, want an ExistsError", err)
	}
	if got := contents(t, path); got != "theirs" {
		t.Errorf("the file holds %q", got)
	}
}

func TestWriteNewRefusesADirectory(t *testing.T) {
	dir := t.TempDir()
	var invalid *InvalidError
	if err := WriteNew(dir, nil, true); !errors.As(err, &invalid) {
		t.Errorf("error is %v, want an InvalidError", err)
	}
}
