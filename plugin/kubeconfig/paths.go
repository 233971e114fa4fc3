// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Paths says which files are meant, as kubectl does: Explicit if there is one,
// else the list in Env, else .kube/config in Home.
type Paths struct {
	Explicit string // value of --kubeconfig
	Env      string // value of $KUBECONFIG
	Home     string // the user's home directory
}

// ErrNoFile says that neither flag, environment nor home directory names a
// kubeconfig.
var ErrNoFile = errors.New("no kubeconfig file is named")

// files are the files in order of precedence. Empty elements of the list name
// none, and one name counts once.
func (p Paths) files() ([]string, error) {
	if p.Explicit != "" {
		return []string{p.Explicit}, nil
	}
	if p.Env != "" {
		var files []string
		for _, file := range filepath.SplitList(p.Env) {
			if file != "" && !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
		if len(files) == 0 {
			return nil, ErrNoFile
		}
		return files, nil
	}
	if p.Home == "" {
		return nil, ErrNoFile
	}
	return []string{filepath.Join(p.Home, ".kube", "config")}, nil
}

// target is the file that new entries go to, the one that "kubectl config set"
// chooses: the only one, else the first that exists, else the last. Where
// kubectl would choose an empty element of the list and fail, files has none.
func target(files []string) string {
	for _, file := range files {
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return files[len(files)-1]
}

// sources reads all files and says which of them is the target.
func (p Paths) sources() (all []*source, to *source, err error) {
	files, err := p.files()
	if err != nil {
		return nil, nil, err
	}
	goal := target(files)
	for _, file := range files {
		s, err := read(file)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, s)
		if file == goal {
			to = s
		}
	}
	return all, to, nil
}

// read reads one file. One that is missing is empty.
func read(path string) (*source, error) {
	resolved, err := resolve(path)
	if err != nil {
		return nil, err
	}
	text, err := readRegular(resolved)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	d, err := parse(path, text)
	if err != nil {
		return nil, err
	}
	if err := d.checkSections(); err != nil {
		return nil, err
	}
	loaded, err := load(path, text)
	if err != nil {
		return nil, err
	}
	return &source{path: path, resolved: resolved, doc: d, loaded: loaded, tree: d.tree()}, nil
}

// readRegular reads a file and refuses a device, a pipe or a directory:
// /dev/null is no file to be replaced, and a pipe can't be read twice.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &InvalidError{File: path, Reason: "not a regular file"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSize+1))
}

// maxLinks is how many symbolic links in a row Linux follows.
const maxLinks = 40

// resolve is the absolute path behind all symbolic links, also behind one that
// points to nothing yet.
func resolve(path string) (string, error) {
	for range maxLinks {
		path = canonical(path)
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return path, nil
		case err != nil:
			return "", err
		case info.Mode()&fs.ModeSymlink == 0:
			return path, nil
		}
		to, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(to) {
			to = filepath.Dir(path) + string(filepath.Separator) + to
		}
		path = to
	}
	return "", fmt.Errorf("resolve %q: too many symbolic links", path)
}

// canonical is the one name of a directory entry: absolute, with the links in
// its directory resolved, but not the last element. ".." behind a link leads
// where the kernel goes, so nothing is cleaned before that. A directory that
// does not exist stays as it is.
func canonical(path string) string {
	dir, base := filepath.Split(path)
	dir, err := filepath.EvalSymlinks(cmp.Or(dir, "."))
	if err == nil && !filepath.IsAbs(dir) {
		dir, err = physical(dir)
	}
	if err != nil {
		if absolute, err := filepath.Abs(path); err == nil {
			return absolute
		}
		return path
	}
	return filepath.Join(dir, base)
}

// physical makes a path without links absolute. The working directory may be
// known by a name with links.
func physical(dir string) (string, error) {
	work, err := os.Getwd()
	if err != nil {
		return "", err
	}
	if work, err = filepath.EvalSymlinks(work); err != nil {
		return "", err
	}
	return filepath.Join(work, dir), nil
}
