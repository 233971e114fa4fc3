// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const (
	// cloudsMax is the longest clouds.yaml that is read, in bytes.
	cloudsMax = 10 << 20
	// pemMax is the longest file of certificates or keys that is read, in
	// bytes; the bundles that systems come with have a quarter of it.
	pemMax = 1 << 20
)

var errNotRegular = errors.New("not a regular file")

// readFile reads a regular file of at most limit bytes. The name may come from
// somebody else's kubeconfig: a pipe would hold kubectl up for ever, a device
// such as /dev/zero would fill its memory. Errors are of type *fs.PathError.
func readFile(path string, limit int) ([]byte, error) {
	// A pipe that nobody writes to would not even open without notBlocking.
	f, err := os.OpenFile(path, os.O_RDONLY|notBlocking, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errNotRegular}
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(data) > limit {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("longer than %d MiB", limit>>20)}
	}
	return data, nil
}
