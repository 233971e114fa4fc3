// SPDX-License-Identifier: Apache-2.0

// Package state keeps the facts between runs that are not secret: which CAs
// Magnum named for a cluster (the pins and the CA file), where its entries were
// written, where a credential's OpenStack login is configured, which application
// credentials are kept, when a credential was last
// verified and by whom asked for, which clients have a token, what of it is revoked, what failed a moment
// ago, which rotation was asked for, which store did not answer, what was logged
// out of, and the locks.
//
// It refuses to hold secrets, and to write where another user owns the
// directory (sudo keeps HOME). Whatever is missing, damaged or dated in the
// future counts as absent: losing it all costs a request, never a kubectl
// call. There is no promise of API stability.
package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrForeign means that the directory belongs to another user.
var ErrForeign = errors.New("directory belongs to another user")

var errNoHome = errors.New("no home directory to keep state in")

// Dir is the state directory and the directory of the CA files beside it.
// The zero Dir holds nothing: reads find nothing and writes fail.
type Dir struct {
	Path string // ours alone, 0700
	CAs  string // readable by all, 0755: kubeconfigs name files in it
}

// Locate says where the directories are, by the XDG base directory
// specification (https://specifications.freedesktop.org/basedir-spec/); on
// Windows below LOCALAPPDATA. Relative values count as unset, as the
// specification demands. Without a home directory it returns the zero Dir.
func Locate(getenv func(string) string, home string) Dir {
	base := func(name string, fallback ...string) string {
		if dir := getenv(name); filepath.IsAbs(dir) {
			return dir
		}
		if home == "" {
			return ""
		}
		return filepath.Join(append([]string{home}, fallback...)...)
	}
	if local := getenv("LOCALAPPDATA"); filepath.Separator == '\\' && filepath.IsAbs(local) {
		return Dir{
			Path: filepath.Join(local, "kubectl-magnum", "state"),
			CAs:  filepath.Join(local, "kubectl-magnum", "ca"),
		}
	}
	state, data := base("XDG_STATE_HOME", ".local", "state"), base("XDG_DATA_HOME", ".local", "share")
	if state == "" || data == "" {
		return Dir{}
	}
	return Dir{
		Path: filepath.Join(state, "kubectl-magnum"),
		CAs:  filepath.Join(data, "kubectl-magnum", "ca"),
	}
}

// DefaultOf is where the directories of an account are whose environment moves
// none of them.
func DefaultOf(home string) Dir {
	return Locate(func(name string) string {
		if name == "LOCALAPPDATA" {
			return filepath.Join(home, "AppData", "Local")
		}
		return ""
	}, home)
}

// Prepare says whether the directories can be written, and makes them.
func (d Dir) Prepare() error {
	if d.Path == "" || d.CAs == "" {
		return errNoHome
	}
	if err := makeOwn(d.Path, 0o700); err != nil {
		return err
	}
	return makeOwn(d.CAs, 0o755)
}

// read fills v from a JSON file of ours. It says false for whatever cannot be
// read as one.
func (d Dir) read(v any, elem ...string) bool {
	if d.Path == "" {
		return false
	}
	data, err := os.ReadFile(filepath.Join(append([]string{d.Path}, elem...)...))
	return err == nil && json.Unmarshal(data, v) == nil
}

// write replaces a JSON file of ours, on the disk when it returns.
func (d Dir) write(v any, elem ...string) error { return d.writeJSON(v, replace, elem...) }

// writeSoon is write for what may be lost, or read in part and so not at all.
func (d Dir) writeSoon(v any, elem ...string) error { return d.writeJSON(v, overwrite, elem...) }

func (d Dir) writeJSON(v any, put putFunc, elem ...string) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	path := filepath.Join(append([]string{d.Path}, elem...)...)
	return writeFile(path, append(data, '\n'), folder{d.Path, 0o700}, put, 0o600)
}

// folder is a directory of ours and the mode it has.
type folder struct {
	path string
	mode os.FileMode
}

// putFunc replaces the file at path by data.
type putFunc func(path string, data []byte, mode os.FileMode) error

// writeFile puts a file in its place, below root and only if root is ours.
func writeFile(path string, data []byte, root folder, put putFunc, mode os.FileMode) error {
	if root.path == "" {
		return errNoHome
	}
	if err := makeOwn(root.path, root.mode); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), root.mode); err != nil {
		return err
	}
	return put(path, data, mode)
}

// makeOwn makes sure that dir exists, is this user's and has no wider mode
// than asked: others could otherwise plant files in it.
func makeOwn(dir string, mode os.FileMode) error {
	if err := checkAncestor(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !ownedByUs(info) {
		return fmt.Errorf("%w: %s", ErrForeign, dir)
	}
	if info.Mode().Perm()&^mode != 0 {
		return os.Chmod(dir, mode)
	}
	return nil
}

// checkAncestor keeps root from making directories in the home of a user who
// then could not write there.
func checkAncestor(dir string) error {
	for {
		info, err := os.Stat(dir)
		if err == nil {
			if root() && !ownedByUs(info) {
				return fmt.Errorf("%w: %s", ErrForeign, dir)
			}
			return nil
		}
		parent := filepath.Dir(dir)
		if !errors.Is(err, os.ErrNotExist) || parent == dir {
			return err
		}
		dir = parent
	}
}
