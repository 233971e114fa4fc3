// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// linksMost is what Linux follows of them for one name.
const linksMost = 40

var (
	errLinks   = errors.New("it leads through too many links")
	errLinked  = errors.New("it is behind a symbolic link, and node-certs follows none")
	errNotFile = errors.New("it is not a regular file")
	errLong    = errors.New("it is longer than any certificate or key")
)

// read reads a file below the root, and follows links there as if the root were
// the system's, but for those in what is ours, where a run follows none.
func (x *inspector) read(name string) ([]byte, fs.FileInfo, error) {
	real, linked, err := x.resolve(name)
	switch {
	case err != nil:
		return nil, nil, err
	case linked && x.layout == Ours:
		return nil, nil, errLinked
	}
	info, err := x.root.Lstat(real)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errNotFile
	}
	f, err := x.root.OpenFile(real, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may have become a pipe
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, sizeMax+1))
	if err == nil && len(data) > sizeMax {
		err = errLong
	}
	return data, info, err
}

// resolve is where a name leads once all links are followed, none of which leads
// out of the root: [os.Root] itself would refuse absolute ones, as kubelet makes.
func (x *inspector) resolve(name string) (real string, linked bool, err error) {
	todo := strings.Split(name, "/")
	for links := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			real = parent(real)
			continue
		}
		next := path.Join(real, part)
		info, err := x.root.Lstat(next)
		if err != nil {
			return "", linked, err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			if info.IsDir() && x.passed != nil {
				x.passed[next] = info.Mode()
			}
			real = next
			continue
		}
		if links++; links > linksMost {
			return "", true, errLinks
		}
		to, err := x.root.Readlink(next)
		if err != nil {
			return "", true, err
		}
		if path.IsAbs(to) {
			real = ""
		}
		linked, todo = true, append(strings.Split(to, "/"), todo...)
	}
	return real, linked, nil
}

// parent is the directory that one is in; that of the root, "", is itself.
func parent(dir string) string {
	if up := path.Dir(dir); up != "." {
		return up
	}
	return ""
}

// beside is a path that stands in a file: relative ones are so to that file.
func beside(file, name string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(path.Dir(file), name)
}

// bare is err in few words: the path stands beside it.
func bare(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errMissing
	}
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}
