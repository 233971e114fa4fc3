// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"io"
	"maps"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/settings"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/tokencommand"
)

// tokenCommand is the token command of a cloud as the configuration file has it,
// nil if it has none. A user without an account has no such file.
func (p *Plugin) tokenCommand(cloud string) (*openstack.TokenCommand, error) {
	account, err := p.account()
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // as said
	}
	kept, ok, err := account.File().TokenCommand(cloud)
	if err != nil || !ok {
		return nil, err
	}
	return &openstack.TokenCommand{
		To: &openstack.Destination{
			Keystone: kept.Keystone, CloudsFile: kept.CloudsFile, CAFile: kept.CAFile, Endpoint: kept.Endpoint,
			SystemCAs: openstack.SystemCAs{SSLCertFile: kept.SSLCertFile, SSLCertDir: kept.SSLCertDir},
		},
		Run: func(ctx context.Context, _ openstack.Cloud) (string, error) {
			return p.run(ctx, kept, commandEnv(account, cloud, kept), account.Home, nil)
		},
	}, nil
}

func (p *Plugin) account() (settings.Account, error) {
	if p.Account == nil {
		return settings.Account{}, &settings.NoAccountError{UID: -1}
	}
	return p.Account()
}

// run runs a token command in an environment and a directory that are given in full.
func (p *Plugin) run(ctx context.Context, kept settings.TokenCommand, env []string, dir string, stderr io.Writer) (string, error) {
	p.Progress("running " + kept.Args[0])
	start := p.Now()
	token, err := tokencommand.Command{Args: kept.Args, Env: env, Dir: dir, Stderr: stderr}.Token(ctx)
	if p.Debug != nil {
		p.Debug("the token command " + kept.Args[0] + " took " + p.Now().Sub(start).Round(time.Millisecond).String())
	}
	return token, err
}

// commandEnv is all of a token command's environment: who and where the user is,
// which cloud is meant and where it is defined, and what is kept. Nothing of this
// process's environment is in it.
func commandEnv(account settings.Account, cloud string, kept settings.TokenCommand) []string {
	vars := map[string]string{}
	maps.Copy(vars, kept.Env)
	for name, value := range map[string]string{
		"HOME": account.Home, "USER": account.Name, "LOGNAME": account.Name,
		"OS_CLOUD": cloud, "OS_CLIENT_CONFIG_FILE": kept.CloudsFile, "OS_CLIENT_SECURE_FILE": kept.SecureFile,
	} {
		if value != "" {
			vars[name] = value
		}
	}
	var env []string
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		env = append(env, name+"="+vars[name])
	}
	return env
}

// keptVariables are what a token command gets of the environment that it was set
// in, as they were then: Kerberos and the session bus can be told to load and to run
// things, and a proxy sees what is asked of whom. What Python, the dynamic linker
// and TLS read is not among them, nor is any OS_* variable.
var keptVariables = []string{
	"PATH",                                            // for #!/usr/bin/env and what scripts run
	"LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ", // names that are not ASCII, and messages
	"KRB5CCNAME", "KRB5_CONFIG", // Kerberos tickets
	"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", // keyrings
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
}

// windowsVariables are those without which little runs on Windows.
var windowsVariables = []string{"SystemRoot", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP"}

// keepVariables picks keptVariables out of an environment. A proxy's address with a
// password in it is left out, as nothing secret is written to a file.
func keepVariables(getenv func(string) string) map[string]string {
	kept, names := map[string]string{}, keptVariables
	if runtime.GOOS == "windows" {
		names = slices.Concat(names, windowsVariables)
	}
	for _, name := range names {
		value := getenv(name)
		if name == "PATH" {
			value = tokencommand.Absolute(value)
		}
		if value == "" || strings.HasSuffix(strings.ToUpper(name), "_PROXY") && hasPassword(value) {
			continue
		}
		kept[name] = value
	}
	return kept
}

func hasPassword(proxy string) bool {
	u, err := url.Parse(proxy)
	return err == nil && u.User != nil || strings.Contains(proxy, "@")
}
