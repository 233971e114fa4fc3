// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"cmp"
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
	doc, err := o.find("clouds", "clouds", cmp.Or(o.File, o.Getenv("OS_CLIENT_CONFIG_FILE")))
	if doc == nil && err == nil {
		err = &NoCloudError{Cloud: name, Searched: o.searchPath("clouds")}
	}
	return doc, err
}

// withFiles is d with what secure.yaml adds, which counts more than clouds.yaml,
// and on top of the profile that it names. A clouds.yaml of somebody's choice is
// given no secrets of the user's.
func (d definition) withFiles(o Options) (definition, error) {
	if o.mayMixSecrets() {
		secure, err := o.findBeside("secure", "clouds", o.SecureFile, o.Getenv("OS_CLIENT_SECURE_FILE"))
		if err != nil {
			return d, err
		}
		if secure.has(d.name) {
			more, err := secure.cloud(d.name)
			if err != nil {
				return d, err
			}
			more.file, more.line, more.secureFile = d.file, d.line, secure.file
			d = more.over(d)
		}
	}
	return d.withProfile(o)
}

// withProfile is d on top of the profile in clouds-public.yaml that it names.
// Those that OpenStack's own clients come with are not known here.
func (d definition) withProfile(o Options) (definition, error) {
	name := d.first("profile", "cloud")
	if name == "" {
		return d, nil
	}
	public, err := o.findBeside("clouds-public", "public-clouds", o.PublicFile, "")
	if err != nil || !public.has(name) {
		return d, err
	}
	profile, err := public.cloud(name)
	if err != nil {
		return d, err
	}
	d.publicFile = public.file
	return d.over(profile), nil
}

// findBeside finds a file that adds to clouds.yaml: the one that is known, or the
// one that is named, if it is there, or one on the search path. Where the
// environment may be somebody else's only what is known counts.
func (o Options) findBeside(base, section, known, named string) (*cloudsFile, error) {
	if known == "" && o.Confined {
		return nil, nil //nolint:nilnil // there was none
	}
	doc, err := o.find(base, section, cmp.Or(known, named))
	if known == "" && named != "" && errors.Is(err, fs.ErrNotExist) {
		return o.find(base, section, "")
	}
	return doc, err
}

// find reads a file that is named, or the first one of a base name that is on
// the search path. It returns nil if there is none.
func (o Options) find(base, section, named string) (*cloudsFile, error) {
	if named != "" {
		path, err := o.absolute(named)
		if err != nil {
			return nil, &ConfigError{Reason: fmt.Sprintf("%s.yaml at %q: %v", base, named, err)}
		}
		return readClouds(path, section)
	}
	for _, path := range o.searchPath(base) {
		doc, err := readClouds(path, section)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue
		}
		return doc, err
	}
	return nil, nil //nolint:nilnil // as said
}

func (o Options) searchPath(base string) []string {
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
		paths = append(paths, filepath.Join(dir, base+".yaml"), filepath.Join(dir, base+".yml"))
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
func readClouds(path, section string) (*cloudsFile, error) {
	data, err := readFile(path, cloudsMax)
	if err != nil {
		return nil, unreadable(path, err)
	}
	return parseClouds(path, section, data)
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
