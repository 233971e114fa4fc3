// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
)

// TokenCommand is how another program logs in to a cloud of clouds.yaml, whatever
// the cloud's auth_type: it prints a token. This package neither knows nor runs the
// program, and uses its token only where it was meant to go.
type TokenCommand struct {
	// Run returns a token for a cloud.
	Run func(ctx context.Context, cloud Cloud) (string, error)
	// To is where the token may go; nil means wherever the cloud says, for somebody
	// who is just saying so.
	To *Destination
}

// Destination is all that decides where a token goes, and who can read it on its
// way: that and the certificates' names, as nothing goes over a way that is not
// verified.
type Destination struct {
	Keystone   string
	CloudsFile string
	CAFile     string // whose certificates are trusted, "" for the system's
	Endpoint   string // Magnum's, "" for the catalog's

	SystemCAs // none with a CAFile
}

// DestinationError says that the token of a token command, or the secret of a
// [Kept], would go elsewhere, or another way, than it was meant to.
type DestinationError struct {
	Cloud     string
	Kept      bool   // it is about a [Kept]; then Cloud may be "" for OS_* variables
	What      string // which part of the destination
	Want, Got string
}

func (e *DestinationError) Error() string {
	whose := "token command of "
	if e.Kept {
		whose = "login kept for "
	}
	return fmt.Sprintf("the %s%s is for another %s: %s, and not %s", whose, cloudOrEnvironment(e.Cloud), e.What, orNone(e.Want), orNone(e.Got))
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return fmt.Sprintf("%q", text)
}

// UnverifiedError says that the token of a token command would go where others can
// read it.
type UnverifiedError struct{ Cloud string }

func (e *UnverifiedError) Error() string {
	return fmt.Sprintf("cloud %q has a token command, and its token would go over http or without verified TLS", e.Cloud)
}

// NotRememberedError says that a token command is not run for a kubeconfig of which
// nothing is remembered here.
type NotRememberedError struct{ Cloud string }

func (e *NotRememberedError) Error() string {
	return fmt.Sprintf("cloud %q has a token command, and this context was not made here", e.Cloud)
}

// TokenCommandError says why a token command gave no token.
type TokenCommandError struct {
	Cloud string
	Err   error
}

func (e *TokenCommandError) Error() string {
	return fmt.Sprintf("the token command of cloud %q: %v", e.Cloud, e.Err)
}

func (e *TokenCommandError) Unwrap() error { return e.Err }

// withTokenCommand is d with its token command, if it has one.
func (d definition) withTokenCommand(o Options) (definition, error) {
	if o.TokenCommand == nil {
		return d, nil
	}
	var err error
	d.command, err = o.TokenCommand(d.name)
	return d, err
}

// mayGo decides whether c's token may be fetched and sent to where cloud logs in.
// Nothing that is not in to may have a part in that: clouds.yaml, what is remembered
// and the environment may all be somebody else's when kubectl is what runs us.
func (c *TokenCommand) mayGo(o Options, cloud Cloud) error {
	keystone, err := url.Parse(cloud.AuthURL)
	switch {
	case o.Confined && o.AuthURL == "":
		return &NotRememberedError{Cloud: cloud.Name}
	case err != nil, !private(keystone), cloud.Insecure:
		return &UnverifiedError{Cloud: cloud.Name}
	case c.To == nil:
		return nil
	}
	is := cloud.Destination
	return differing(DestinationError{Cloud: cloud.Name}, append([]part{
		{"Keystone", c.To.Keystone, is.Keystone},
		{"clouds.yaml", c.To.CloudsFile, is.CloudsFile},
		{"CA file", c.To.CAFile, is.CAFile},
		{"endpoint of Magnum", c.To.Endpoint, is.Endpoint},
	}, c.To.parts(is.SystemCAs)...)...)
}

// part is a part of a destination, as it was meant and as it is.
type part struct{ what, want, got string }

// differing is e about the first of the parts that is not as it was meant, nil if
// all are.
func differing(e DestinationError, parts ...part) error {
	for _, p := range parts {
		if p.want != p.got {
			e.What, e.Want, e.Got = p.what, p.want, p.got
			return &e
		}
	}
	return nil
}

// destination is where a token for cloud goes.
func (d definition) destination(o Options, cloud Cloud) (Destination, error) {
	to := Destination{Keystone: cloud.AuthURL, CloudsFile: cloud.File, Endpoint: cloud.Endpoint}
	var err error
	if to.CAFile, err = d.path(o, "cacert"); err != nil {
		return to, d.fileFault("cacert", err)
	}
	if to.CAFile == "" {
		to.SystemCAs = o.systemCAs()
	}
	return to, nil
}

// fetched is c with the token that its token command prints, if it has one.
func (c Cloud) fetched(ctx context.Context) (Cloud, error) {
	if c.login.command == nil {
		return c, nil
	}
	token, err := c.login.command.Run(ctx, c)
	if errors.Is(err, context.Canceled) {
		return c, err
	}
	if err != nil {
		return c, &TokenCommandError{Cloud: c.Name, Err: err}
	}
	login := *c.login
	login.auth.TokenID = token
	login.secrets = append(slices.Clone(login.secrets), token)
	c.login = &login
	return c, nil
}
