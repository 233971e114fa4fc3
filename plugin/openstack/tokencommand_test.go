// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// commanded is a cloud whose clouds.yaml wants what is not supported, and that has a
// token command.
func commanded(authURL, more string) string {
	return fmt.Sprintf("clouds:\n  prod:\n    auth_type: v3oidcpassword\n    auth: {auth_url: '%s', username: alice, password: hunter2}\n%s", authURL, more)
}

// printing is a token command that prints a token, for wherever the cloud says.
func printing(token string) func(string) (*TokenCommand, error) {
	return func(string) (*TokenCommand, error) {
		return &TokenCommand{Run: func(context.Context, Cloud) (string, error) { return token, nil }}, nil
	}
}

// mustNotRun is a token command for somewhere.
func mustNotRun(t *testing.T, to *Destination) func(string) (*TokenCommand, error) {
	return func(string) (*TokenCommand, error) {
		return &TokenCommand{To: to, Run: func(context.Context, Cloud) (string, error) {
			t.Error("the token command is run")
			return "", nil
		}}, nil
	}
}

// The token is used as it is, or for the project that the cloud names; a password
// that is there too stays there.
func TestTokenCommandLogsIn(t *testing.T) {
	for _, test := range []struct{ more, want string }{
		{"", "GET /v3/auth/tokens  printed"},
		{
			"    project_name: demo\n    project_domain_name: Default",
			`POST /v3/auth/tokens {"auth":{"identity":{"methods":["token"],"token":{"id":"printed"}},"scope":{"project":{"domain":{"name":"Default"},"name":"demo"}}}} `,
		},
	} {
		k := newKeystone(t, httpServer)
		k.answer = func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				jsonAnswer(200, `{"token": {"user": {"id": "u1"}, "catalog": []}}`)(w, r)
				return
			}
			k.grant(w, r)
		}
		var lines []string
		cloud, err := Resolve(Options{
			Cloud: "prod", File: writeClouds(t, commanded(k.URL, test.more)), Getenv: noEnv, Now: time.Now,
			TokenCommand: printing("printed"), Debug: func(line string) { lines = append(lines, line) },
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(k.requests()) > 0 || cloud.Method != "token_command" || strings.Contains(fmt.Sprintf("%+v", cloud), "hunter2") {
			t.Errorf("%d requests, %+v", len(k.requests()), cloud)
		}
		if _, err := cloud.Connect(t.Context(), "test"); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range k.requests() {
			got = append(got, strings.Join([]string{r.Method, r.Path, r.Body, r.Header.Get("X-Subject-Token")}, " "))
		}
		if strings.Join(got, "\n") != test.want {
			t.Errorf("got %q", got)
		}
		if text := strings.Join(lines, "\n"); strings.Contains(text, "printed") || !strings.Contains(text, "(token)") {
			t.Errorf("debugging shows\n%s", text)
		}
	}
}

func TestTokenCommandIsAskedOnlyForNamedClouds(t *testing.T) {
	asked := func(cloud string) (*TokenCommand, error) {
		t.Errorf("asked for cloud %q", cloud)
		return nil, nil //nolint:nilnil // it has none
	}
	vars := map[string]string{"OS_AUTH_URL": "https://k.example", "OS_TOKEN": "x"}
	if cloud, err := Resolve(Options{Getenv: env(vars), TokenCommand: asked}); err != nil || cloud.Method != "token" {
		t.Errorf("got %+v, %v", cloud, err)
	}
	none := func(string) (*TokenCommand, error) { return nil, nil } //nolint:nilnil // it has none
	_, err := Resolve(Options{Cloud: "prod", File: writeClouds(t, commanded("https://k.example", "")), Getenv: noEnv, TokenCommand: none})
	if !errors.As(err, new(*UnsupportedAuthError)) {
		t.Errorf("a cloud without one: %v", err)
	}
	broken := errors.New("broken")
	_, err = Resolve(Options{
		Cloud: "prod", File: writeClouds(t, alice("https://k.example", "")), Getenv: noEnv,
		TokenCommand: func(string) (*TokenCommand, error) { return nil, broken },
	})
	if !errors.Is(err, broken) {
		t.Errorf("nobody knows whether there is one: %v", err)
	}
}

// The system's own certificates are as good as any that variables name.
func TestTokenCommandWithoutTheVariables(t *testing.T) {
	file := writeClouds(t, commanded("https://k.example", ""))
	to := Destination{Keystone: "https://k.example/v3", CloudsFile: file, SystemCAs: SystemCAs{SSLCertFile: "/x", SSLCertDir: "/x"}}
	if _, err := Resolve(Options{Cloud: "prod", File: file, Getenv: noEnv, TokenCommand: mustNotRun(t, &to)}); err != nil {
		t.Error(err)
	}
}

// Whatever has a part in where the token goes, and is another than it was, keeps the
// command from being run.
func TestTokenCommandGoesWhereItWasMeantTo(t *testing.T) {
	dir := t.TempDir()
	cert, _ := keyPair(t)
	ca := write(t, filepath.Join(dir, "ca.pem"), cert)
	file := filepath.Join(dir, "clouds.yaml")
	meant := Destination{Keystone: "https://k.example/v3", CloudsFile: file, Endpoint: "https://m.example/v1"}
	with := func(change func(*Destination)) Destination {
		d := meant
		change(&d)
		return d
	}
	ssl := with(func(d *Destination) { d.SSLCertFile, d.SSLCertDir = ca, dir })
	const endpoint = "    container_infra_endpoint_override: https://m.example/v1\n"
	for name, test := range map[string]struct {
		url, more string
		to        Destination
		env       map[string]string
		what      string // "" if it may go
	}{
		"the same":                     {"https://k.example", endpoint, meant, nil, ""},
		"another Keystone":             {"https://evil.example", endpoint, meant, nil, "Keystone"},
		"another path":                 {"https://k.example/evil", endpoint, meant, nil, "Keystone"},
		"CAs of the working directory": {"https://k.example", endpoint, with(func(d *Destination) { d.SSLCertFile = "ca.pem" }), map[string]string{"SSL_CERT_FILE": "ca.pem"}, "SSL_CERT_FILE"},
		"another clouds.yaml":          {"https://k.example", endpoint, with(func(d *Destination) { d.CloudsFile += "x" }), nil, "clouds.yaml"},
		"a CA file":                    {"https://k.example", endpoint + "    cacert: ca.pem", meant, nil, "CA file"},
		"the CA file":                  {"https://k.example", endpoint + "    cacert: ca.pem", with(func(d *Destination) { d.CAFile = ca }), nil, ""},
		"no CA file":                   {"https://k.example", endpoint, with(func(d *Destination) { d.CAFile = ca }), nil, "CA file"},
		"CAs of a variable":            {"https://k.example", endpoint, meant, map[string]string{"SSL_CERT_FILE": ca}, "SSL_CERT_FILE"},
		"of another one":               {"https://k.example", endpoint, ssl, map[string]string{"SSL_CERT_FILE": "/x"}, "SSL_CERT_FILE"},
		"CAs of a directory":           {"https://k.example", endpoint, meant, map[string]string{"SSL_CERT_DIR": dir}, "SSL_CERT_DIR"},
		"of another directory":         {"https://k.example", endpoint, ssl, map[string]string{"SSL_CERT_DIR": "/x"}, "SSL_CERT_DIR"},
		"the variables'":               {"https://k.example", endpoint, ssl, map[string]string{"SSL_CERT_FILE": ca, "SSL_CERT_DIR": dir}, ""},
		"variables of no use":          {"https://k.example", endpoint + "    cacert: ca.pem", with(func(d *Destination) { d.CAFile = ca }), map[string]string{"SSL_CERT_FILE": "/x", "SSL_CERT_DIR": "/x"}, ""},
		"OS_CACERT":                    {"https://k.example", endpoint, meant, map[string]string{"OS_CACERT": ca}, "CA file"},
		"another endpoint":             {"https://k.example", strings.Replace(endpoint, "m.", "evil.", 1), meant, nil, "endpoint of Magnum"},
		"no endpoint":                  {"https://k.example", "", meant, nil, "endpoint of Magnum"},
	} {
		write(t, file, commanded(test.url, test.more))
		o := Options{Cloud: "prod", File: file, Getenv: env(test.env), TokenCommand: mustNotRun(t, &test.to)}
		cloud, err := Resolve(o)
		refused, ok := errors.AsType[*DestinationError](err)
		switch {
		case test.what == "" && (err != nil || cloud.Destination != test.to):
			t.Errorf("%s: %v, %+v", name, err, cloud.Destination)
		case test.what != "" && (!ok || refused.What != test.what):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTokenCommandGoesNowhereInTheClear(t *testing.T) {
	for name, text := range map[string]string{
		"http":     commanded("http://k.example", ""),
		"verify":   commanded("https://k.example", "    verify: false"),
		"insecure": commanded("https://k.example", "    insecure: true"),
	} {
		_, err := Resolve(Options{Cloud: "prod", File: writeClouds(t, text), Getenv: noEnv, TokenCommand: mustNotRun(t, nil)})
		if !errors.As(err, new(*UnverifiedError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Resolve(Options{Cloud: "prod", File: writeClouds(t, commanded("http://127.0.0.1:1", "")), Getenv: noEnv, TokenCommand: printing("x")}); err != nil {
		t.Errorf("this machine: %v", err)
	}
}

// Keystone is reached in private, and says that Magnum is not.
func TestTokenCommandDoesNotGoToAnOpenMagnum(t *testing.T) {
	k := newKeystone(t, httpServer)
	k.answer = jsonAnswer(200, `{"token": {"user": {"id": "u1"}, "catalog": [{"type": "container-infra", "endpoints": [{"interface": "public", "url": "http://m.example/v1"}]}]}}`)
	cloud, err := Resolve(Options{Cloud: "prod", File: writeClouds(t, commanded(k.URL, "")), Getenv: noEnv, TokenCommand: printing("x")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cloud.Connect(t.Context(), "test"); !errors.As(err, new(*UnverifiedError)) {
		t.Errorf("got %v", err)
	}
}

func TestTokenCommandOfAnUnknownContext(t *testing.T) {
	o := Options{Cloud: "prod", File: writeClouds(t, commanded("https://k.example", "")), Getenv: noEnv, Confined: true, TokenCommand: mustNotRun(t, nil)}
	if _, err := Resolve(o); !errors.As(err, new(*NotRememberedError)) {
		t.Errorf("nothing is remembered: %v", err)
	}
	o.AuthURL = "https://k.example/v3"
	if _, err := Resolve(o); err != nil {
		t.Errorf("it is remembered: %v", err)
	}
}

func TestTokenCommandThatFails(t *testing.T) {
	failed := errors.New("failed")
	for _, test := range []struct {
		err, want error
		typed     bool
	}{
		{failed, failed, true},
		{fmt.Errorf("run: %w", context.Canceled), context.Canceled, false},
	} {
		k := newKeystone(t, httpServer)
		cloud, err := Resolve(Options{
			Cloud: "prod", File: writeClouds(t, commanded(k.URL, "")), Getenv: noEnv,
			TokenCommand: func(string) (*TokenCommand, error) {
				return &TokenCommand{Run: func(context.Context, Cloud) (string, error) { return "x", test.err }}, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = cloud.Connect(t.Context(), "test")
		if !errors.Is(err, test.want) || errors.As(err, new(*TokenCommandError)) != test.typed || len(k.requests()) > 0 {
			t.Errorf("%v: got %v, %d requests", test.err, err, len(k.requests()))
		}
	}
}

// A server that repeats the token does not get it into an error.
func TestTokenCommandIsASecret(t *testing.T) {
	k := newKeystone(t, httpServer)
	k.answer = jsonAnswer(500, `{"error": {"message": "no token printed-token"}}`)
	cloud, err := Resolve(Options{Cloud: "prod", File: writeClouds(t, commanded(k.URL, "    project_id: p1")), Getenv: noEnv, TokenCommand: printing("printed-token")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = cloud.Connect(t.Context(), "test"); err == nil || strings.Contains(err.Error(), "printed-token") || !strings.Contains(err.Error(), withheld) {
		t.Errorf("got %v", err)
	}
}
