// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

const (
	dirMode    = 0o755
	publicMode = 0o644
	secretMode = 0o600
	sizeMax    = 1 << 20 // of a file that is read
)

var (
	// ErrBusy means that another run is at work in the same directory.
	ErrBusy = errors.New("another node-certs is at work there")
	// ErrNotLinux means that this machine can be no node.
	ErrNotLinux = errors.New("node certificates are installed on Linux alone")
)

// PlacedError is a file or directory that others placed there, or could have:
// nothing is read from it, and nothing written.
type PlacedError struct{ Path, Reason string }

func (e *PlacedError) Error() string { return fmt.Sprintf("%s %s", e.Path, e.Reason) }

// Owner is who files are given to; the zero value is whoever runs this.
type Owner struct {
	Set      bool
	UID, GID int
}

// Dir is etc/kubernetes below a root directory. Nobody else who opens it at the
// same time gets it.
type Dir struct {
	Path   string // as said in errors
	root   *os.Root
	handle *os.File
	locked *os.File
	owner  Owner
	inUse  bool // others have a pki of before mounted

	unreported bool // unreportedName is there
}

// Open opens etc/kubernetes below root, an absolute path, makes it if it is missing, and removes
// what a run left there that was killed.
func Open(root string, owner Owner) (*Dir, error) {
	return open(root, owner, true)
}

func open(root string, owner Owner, toWrite bool) (_ *Dir, err error) {
	if !supported {
		return nil, ErrNotLinux
	}
	root = path.Clean(root)
	at, err := os.OpenRoot("/")
	if err != nil {
		return nil, err
	}
	d := &Dir{Path: strings.TrimSuffix(root, "/") + "/etc/kubernetes", root: at, owner: owner}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	if err := d.walk(root, toWrite); err != nil {
		return nil, err
	}
	if d.handle, err = d.root.Open("."); err != nil || !toWrite {
		return d, err
	}
	if err := d.lock(); err != nil {
		return nil, fmt.Errorf("%s: %w", d.Path, err)
	}
	return d, d.sweep()
}

// Close lets others have the directory.
func (d *Dir) Close() {
	if d.locked != nil {
		unlock(d.locked)
	}
	for _, f := range []*os.File{d.handle, d.locked} {
		if f != nil {
			_ = f.Close()
		}
	}
	_ = d.root.Close()
}

// Names that only this program uses, for what is on its way to its place.
const stagingName = ".pki.kubectl-magnum"

func tempName(name string) string { return "." + name + ".kubectl-magnum" }

// sweep removes what a run left that was killed, and a pki of before that
// nobody has mounted any more.
func (d *Dir) sweep() error {
	entries, err := d.handle.ReadDir(-1)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := e.Name(); strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".kubectl-magnum") {
			if e.IsDir() {
				err = d.retire(name)
			} else {
				err = d.wrap(d.root.Remove(name))
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Dir) said(name string) string { return d.Path + "/" + name }

// wrap says the whole path in place of one below d.
func (d *Dir) wrap(err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at) && !path.IsAbs(at.Path):
		return &fs.PathError{Op: at.Op, Path: d.said(at.Path), Err: at.Err}
	case errors.As(err, &link) && !path.IsAbs(link.Old):
		return &os.LinkError{Op: link.Op, Old: d.said(link.Old), New: d.said(link.New), Err: link.Err}
	}
	return err
}

func inPKI(name string) bool { return strings.HasPrefix(name, "pki/") }

// modeOf is the mode that a file of ours has.
func modeOf(name string) fs.FileMode {
	if slices.Contains([]string{".crt", ".pub"}, path.Ext(name)) {
		return publicMode
	}
	return secretMode
}
