// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Tree is what a search of a directory saw and found.
type Tree struct {
	Files int
	Bytes int64
	// Found has a line for each file that holds the key or announces one, each
	// link target, file name and extended place it was seen in.
	Found []string
}

// Search reads every regular file below dir, follows no link, and looks at names
// and link targets too. A file that can't be read is an error: it was not
// searched. One that vanishes meanwhile is not.
func (k Key) Search(dir string) (Tree, error) {
	var tree Tree
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		tree.note(path, "its name", k.In([]byte(entry.Name())))
		if entry.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			tree.note(path, "its target", k.In([]byte(target)))
			return err
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		tree.Files++
		tree.Bytes += int64(len(content))
		found := k.In(content)
		if AnyKeyIn(content) {
			found = append(found, "a PEM private key")
		}
		tree.note(path, "its content", found)
		return err
	})
	return tree, err
}

func (t *Tree) note(path, where string, forms []string) {
	if len(forms) > 0 {
		t.Found = append(t.Found, fmt.Sprintf("%s: %s: %s", path, where, strings.Join(forms, ", ")))
	}
}
