// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// TokenCommand is the command that prints a cloud's token, and where the token
// may go.
type TokenCommand struct {
	Args []string `yaml:"token_command,flow"` // the program, an absolute path, and its arguments
	// Env is added to the environment that every command has.
	Env map[string]string `yaml:"environment,omitempty"`

	Keystone   string `yaml:"keystone"`              // its URL
	CloudsFile string `yaml:"clouds_file"`           // the clouds.yaml that defines the cloud, an absolute path
	SecureFile string `yaml:"secure_file,omitempty"` // the secure.yaml beside it, "" for none
	CAFile     string `yaml:"ca_file,omitempty"`     // the CA certificates that Keystone is checked against, "" for the system's
	Endpoint   string `yaml:"endpoint,omitempty"`    // Magnum's, "" for the catalog's

	// What these variables said of where the system's certificates are, "" for nothing.
	SSLCertFile string `yaml:"ssl_cert_file,omitempty"`
	SSLCertDir  string `yaml:"ssl_cert_dir,omitempty"`
}

const header = `# Written by kubectl magnum login. What is in here decides which programs run:
# the file and its directory have to be yours, and writable by nobody else.
`

// TokenCommand returns the token command of a cloud; ok is false if it has none.
// All of the file is checked.
//
// Errors are [*UnsafeError], [*InvalidError], and those of reading a file.
func (f File) TokenCommand(cloud string) (c TokenCommand, ok bool, err error) {
	data, err := f.read()
	if err != nil {
		return TokenCommand{}, false, err
	}
	d, err := f.parse(data)
	if err != nil {
		return TokenCommand{}, false, err
	}
	c, ok = d.commands[cloud]
	return c, ok, nil
}

// SetTokenCommand keeps the token command of a cloud. All else that is in the file
// stays as it is.
func (f File) SetTokenCommand(ctx context.Context, cloud string, c TokenCommand) error {
	return f.change(ctx, func(old []byte) ([]byte, error) {
		if len(old) == 0 {
			old = []byte(header)
		}
		d, err := f.parse(old)
		if err != nil {
			return nil, err
		}
		value := &yaml.Node{}
		if err := value.Encode(c); err != nil {
			return nil, err
		}
		d.set(cloud, value)
		return f.print(d)
	})
}

// errNone ends a change that changes nothing.
var errNone = errors.New("there is none")

// RemoveTokenCommand forgets the token command of a cloud; removed is false if it
// has none.
func (f File) RemoveTokenCommand(ctx context.Context, cloud string) (removed bool, err error) {
	if _, ok, err := f.TokenCommand(cloud); err != nil || !ok {
		return false, err // no directory is made for it
	}
	err = f.change(ctx, func(old []byte) ([]byte, error) {
		d, err := f.parse(old)
		if err != nil {
			return nil, err
		}
		if !d.remove(cloud) {
			return nil, errNone
		}
		return f.print(d)
	})
	if errors.Is(err, errNone) {
		return false, nil
	}
	return err == nil, err
}

// check says what is wrong with c, "" if nothing is.
func (c TokenCommand) check() string {
	switch {
	case len(c.Args) == 0:
		return `there is no "token_command"`
	case !filepath.IsAbs(c.Args[0]):
		return `"token_command" does not start with an absolute path`
	case c.Keystone == "":
		return `there is no "keystone"`
	case !filepath.IsAbs(c.CloudsFile):
		return `"clouds_file" is not an absolute path`
	}
	for name := range c.Env {
		if name == "" || strings.Contains(name, "=") {
			return fmt.Sprintf(`"environment" has %q, which is not the name of a variable`, name)
		}
	}
	return ""
}
