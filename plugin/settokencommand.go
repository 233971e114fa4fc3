// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"cmp"
	"context"
	"io"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/settings"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/tokencommand"
)

// TokenCommandRequest is the command line of a program that prints a token.
type TokenCommandRequest struct {
	Line string
	// Stderr is given what the program says there, as it is; nil for nobody.
	Stderr io.Writer
}

// TokenCommandResult says what logs in from now on, and as whom.
type TokenCommandResult struct {
	Cloud, Program, File   string
	Keystone               string // where its token goes
	UserName, UserID       string
	ProjectName, ProjectID string
	ExpiresAt              time.Time // of the token
	// Kept is the login that is kept for the account, which goes first; nil if none is.
	Kept *state.KeptLogin
}

// NoNamedCloudError says that no cloud is named that could have a token command.
type NoNamedCloudError struct{}

func (*NoNamedCloudError) Error() string {
	return "a token command is for a cloud of clouds.yaml, and none is named"
}

// SetTokenCommand runs a token command once, just as credential will, logs in with
// its token, and keeps the command together with where its token may go. If any of
// that fails nothing is kept.
func (p *Plugin) SetTokenCommand(ctx context.Context, r TokenCommandRequest) (TokenCommandResult, error) {
	none := TokenCommandResult{}
	account, err := p.account()
	if err != nil {
		return none, err
	}
	kept := settings.TokenCommand{Env: keepVariables(p.Cloud.Getenv)}
	if kept.Args, err = commandLine(r.Line, p.Cloud.Getenv("PATH")); err != nil {
		return none, err
	}
	o := p.Cloud
	o.TokenCommand = func(string) (*openstack.TokenCommand, error) {
		return &openstack.TokenCommand{Run: func(ctx context.Context, cloud openstack.Cloud) (string, error) {
			to := cloud.Destination
			kept.Keystone, kept.CloudsFile, kept.SecureFile = to.Keystone, to.CloudsFile, cloud.SecureFile
			kept.CAFile, kept.Endpoint, kept.SSLCertFile, kept.SSLCertDir = to.CAFile, to.Endpoint, to.SSLCertFile, to.SSLCertDir
			return p.run(ctx, kept, commandEnv(account, cloud.Name, kept), account.Home, r.Stderr)
		}}, nil
	}
	cloud, err := p.resolve(o)
	if err != nil {
		return none, err
	}
	if cloud.Name == "" {
		return none, &NoNamedCloudError{}
	}
	conn, err := p.connectTo(ctx, cloud)
	if err != nil {
		return none, err
	}
	file := account.File()
	if err := file.SetTokenCommand(ctx, cloud.Name, kept); err != nil {
		return none, err
	}
	result := TokenCommandResult{
		Cloud: cloud.Name, Program: kept.Args[0], File: file.Path, Keystone: kept.Keystone,
		UserName: conn.session.UserName, UserID: conn.session.UserID,
		ProjectName: conn.session.ProjectName, ProjectID: conn.session.ProjectID,
		ExpiresAt: conn.session.ExpiresAt,
	}
	for _, l := range p.KeptLogins() {
		if fitsAccount(conn.session.Account, accountOf(l)) {
			result.Kept = &l
		}
	}
	return result, nil
}

// commandLine takes a line apart and finds its program.
func commandLine(line, path string) ([]string, error) {
	words, err := tokencommand.Split(line)
	if err != nil {
		return nil, err
	}
	words[0], err = tokencommand.Find(words[0], path)
	return words, err
}

// RemoveTokenCommand forgets the token command of the cloud that is named, of which
// nothing else need be there any more. removed is false if it has none.
func (p *Plugin) RemoveTokenCommand(ctx context.Context) (cloud string, removed bool, err error) {
	cloud = cmp.Or(p.Cloud.Cloud, p.Cloud.Getenv("OS_CLOUD"))
	if cloud == "" {
		return "", false, &NoNamedCloudError{}
	}
	account, err := p.account()
	if err != nil {
		return cloud, false, err
	}
	removed, err = account.File().RemoveTokenCommand(ctx, cloud)
	return cloud, removed, err
}
