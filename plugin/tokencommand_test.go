// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/settings"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/tokencommand"
)

// commanded makes p log in to a cloud "work" with what a shell script prints; it
// returns the file that the script is in.
func commanded(t *testing.T, p *plugin.Plugin, cloud *magnumtest.Server) (script string) {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("no sh")
	}
	dir := t.TempDir()
	script, clouds := filepath.Join(dir, "script"), filepath.Join(dir, "clouds.yaml")
	text := fmt.Sprintf("clouds: {work: {auth_type: v3oidcpassword, auth: {auth_url: '%s', project_id: %s}}}", cloud.KeystoneURL(), cloud.ProjectID("demo"))
	if err := os.WriteFile(clouds, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Cloud.Cloud = "work"
	env := map[string]string{"OS_CLIENT_CONFIG_FILE": clouds, "PATH": os.Getenv("PATH"), "HTTPS_PROXY": "http://127.0.0.1:1"}
	p.Cloud.Getenv = func(name string) string { return env[name] }
	p.Account = func() (settings.Account, error) {
		return settings.Account{Name: "alice", Home: dir, UID: os.Getuid()}, nil
	}
	says(t, script, "echo "+cloud.Token("alice", "demo"))
	if _, err := p.SetTokenCommand(t.Context(), plugin.TokenCommandRequest{Line: sh + " " + script}); err != nil {
		t.Fatal(err)
	}
	return script
}

func says(t *testing.T, script, text string) {
	t.Helper()
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A command that hangs ends with the call, and one in the way of a good record does
// not matter.
func TestTokenCommandThatHangs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	script := commanded(t, s.Plugin, s.cloud)
	if _, err := s.Config(t.Context(), configProd(t)); err != nil {
		t.Fatal(err)
	}
	s.good()
	says(t, script, "trap '' TERM INT; sleep 60; exit 0")
	s.good()
	s.forget()
	s.cloud.ResetRequests()
	start := time.Now()
	got := s.askAs(process.ID{PID: 999, Start: "x"}, 2*time.Second)
	var failed *tokencommand.FailedError
	if !errors.As(got.err, &failed) || !strings.Contains(failed.Reason, "has not ended in time") || time.Since(start) > 10*time.Second {
		t.Errorf("got %v after %v", got.err, time.Since(start))
	}
	if n := len(s.cloud.Requests()); n > 0 {
		t.Errorf("%d requests", n)
	}
}

// Without an account there is no configuration, and nothing to run; who logs in
// otherwise can.
func TestTokenCommandWithoutAnAccount(t *testing.T) {
	t.Parallel()
	p, cloud := newPlugin(t, magnumtest.Options{})
	p.Account = func() (settings.Account, error) { return settings.Account{}, &settings.NoAccountError{UID: 7} }
	if _, err := p.Config(t.Context(), configProd(t)); err != nil {
		t.Errorf("a password: %v", err)
	}
	cloud.ResetRequests()
	var none *settings.NoAccountError
	if _, err := p.SetTokenCommand(t.Context(), plugin.TokenCommandRequest{Line: "x"}); !errors.As(err, &none) {
		t.Errorf("to set: %v", err)
	}
	p.Cloud.Cloud = "work"
	if _, _, err := p.RemoveTokenCommand(t.Context()); !errors.As(err, &none) {
		t.Errorf("to remove: %v", err)
	}
	p.Cloud.Cloud = ""
	commanded(t, p, cloud)
	p.Account = nil
	cloud.ResetRequests()
	if _, err := p.Config(t.Context(), configProd(t)); !errors.As(err, new(*openstack.UnsupportedAuthError)) || len(cloud.Requests()) > 0 {
		t.Errorf("the command of an account that is lost: %v", err)
	}
}

// What is kept of the environment is harmless, and no secret.
func TestTokenCommandKeepsVariables(t *testing.T) {
	t.Parallel()
	p, cloud := newPlugin(t, magnumtest.Options{})
	commanded(t, p, cloud)
	env := map[string]string{
		"PATH": "bin" + string(filepath.ListSeparator) + os.Getenv("PATH") + string(filepath.ListSeparator) + ".", "LANG": "C.UTF-8",
		"KRB5CCNAME": "KCM:", "HTTP_PROXY": "http://alice:hunter2@p.example", "https_proxy": "alice@p.example:1", "no_proxy": "*",
		"PYTHONPATH": "/x", "LD_PRELOAD": "/x", "SSL_CERT_FILE": "", "REQUESTS_CA_BUNDLE": "/x", "OS_PASSWORD": "hunter2", "OS_CACERT": "",
		"KUBERNETES_EXEC_INFO": "{}", "HOME": "/x", "XDG_CONFIG_HOME": "/x",
	}
	before := p.Cloud.Getenv
	p.Cloud.Getenv = func(name string) string {
		if value, ok := env[name]; ok {
			return value
		}
		return before(name)
	}
	account, _ := p.Account()
	kept, _, err := account.File().TokenCommand("work")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.SetTokenCommand(t.Context(), plugin.TokenCommandRequest{Line: strings.Join(kept.Args, " ")}); err != nil {
		t.Fatal(err)
	}
	kept, _, err = account.File().TokenCommand("work")
	want := map[string]string{"PATH": tokencommand.Absolute(env["PATH"]), "LANG": "C.UTF-8", "KRB5CCNAME": "KCM:", "no_proxy": "*", "HTTPS_PROXY": "http://127.0.0.1:1"}
	if diff := cmp.Diff(want, kept.Env); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if strings.HasPrefix(kept.Env["PATH"], "bin") {
		t.Errorf("PATH is %q", kept.Env["PATH"])
	}
}
