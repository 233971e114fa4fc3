// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
)

// findClouds reads the clouds.yaml that o means: a file that is named, or the
// first on the search path. As with OpenStack's own clients, a file on the
// search path that may not be read is passed over. name is the cloud asked for,
// for the error.
//
// https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html
func findClouds(o Options, name string) (*cloudsFile, error) {
	named := o.File
	if named == "" {
		named = o.Getenv("OS_CLIENT_CONFIG_FILE")
	}
	if named != "" {
		path, err := o.absolute(named)
		if err != nil {
			return nil, &ConfigError{Reason: fmt.Sprintf("clouds.yaml at %q: %v", named, err)}
		}
		return readClouds(path)
	}
	searched := o.searchPath()
	for _, path := range searched {
		doc, err := readClouds(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue
		}
		return doc, err
	}
	return nil, &NoCloudError{Cloud: name, Searched: searched}
}

func (o Options) searchPath() []string {
	dirs := []string{}
	if o.WorkDir != "" {
		dirs = append(dirs, o.WorkDir)
	}
	// The XDG Base Directory Specification says to ignore relative paths.
	if xdg := o.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(xdg) {
		dirs = append(dirs, filepath.Join(xdg, "openstack"))
	}
	if o.Home != "" {
		dirs = append(dirs, filepath.Join(o.Home, ".config", "openstack"))
	}
	if runtime.GOOS != "windows" { // where anyone may create \etc
		dirs = append(dirs, "/etc/openstack")
	}
	var paths []string
	for _, dir := range dirs {
		paths = append(paths, filepath.Join(dir, "clouds.yaml"), filepath.Join(dir, "clouds.yml"))
	}
	return paths
}

var errRelative = errors.New("a relative path cannot be used here")

// absolute resolves a path from a flag or a variable.
func (o Options) absolute(path string) (string, error) {
	path = o.expandHome(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path), nil
	}
	if o.WorkDir == "" {
		return "", errRelative
	}
	return filepath.Join(o.WorkDir, path), nil
}

func (o Options) expandHome(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && o.Home != "" {
		return filepath.Join(o.Home, rest)
	}
	return path
}

// readClouds reads and parses one file. Its error is a *ConfigError, but for a
// file on the search path that does not exist or may not be read it also is
// fs.ErrNotExist or fs.ErrPermission.
func readClouds(path string) (*cloudsFile, error) {
	data, err := readFile(path, cloudsMax)
	if err != nil {
		return nil, unreadable(path, err)
	}
	return parseClouds(path, data)
}

// fileError is a *ConfigError with the system's reason behind it.
type fileError struct {
	*ConfigError
	err error
}

func (e fileError) Unwrap() []error { return []error{e.ConfigError, e.err} }

func unreadable(path string, err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		err = failed.Err
	}
	return fileError{&ConfigError{File: path, Reason: err.Error()}, err}
}
