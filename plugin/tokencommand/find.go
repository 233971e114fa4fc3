// SPDX-License-Identifier: Apache-2.0

package tokencommand

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Find returns the absolute path of a program that is named in a command line. A
// bare name is looked for in path, a list of directories as PATH has it, of which
// relative ones are passed over. A path that is relative is refused, as it would
// depend on where one is, and so is what only a shell runs.
//
// Errors are [*NotFoundError] and [*SyntaxError].
func Find(name, path string) (string, error) {
	if filepath.IsAbs(name) {
		return executable(filepath.Clean(name))
	}
	if strings.ContainsRune(name, '/') || strings.ContainsRune(name, filepath.Separator) {
		return "", &SyntaxError{fmt.Sprintf("%q is a relative path; name the program by its absolute path", name)}
	}
	for _, dir := range filepath.SplitList(Absolute(path)) {
		if found, err := executable(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", &NotFoundError{Program: name}
}

// Absolute is a list of directories without those that are relative.
func Absolute(path string) string {
	var dirs []string
	for _, dir := range filepath.SplitList(path) {
		if filepath.IsAbs(dir) {
			dirs = append(dirs, dir)
		}
	}
	return strings.Join(dirs, string(filepath.ListSeparator))
}

func executable(path string) (string, error) {
	found, err := exec.LookPath(path)
	if err != nil {
		return "", &NotFoundError{Program: path}
	}
	if ext := strings.ToLower(filepath.Ext(found)); runtime.GOOS == "windows" && (ext == ".bat" || ext == ".cmd") {
		return "", &SyntaxError{fmt.Sprintf("%q is a batch file, which only a shell runs", found)}
	}
	return found, nil
}
