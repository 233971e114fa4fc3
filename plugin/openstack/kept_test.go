// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const keptAt = "https://k.example/v3"

// keeps is a login that is kept, and what it was looked for.
type keeps struct {
	Kept
	asked   []Account
	refused error
}

func (k *keeps) find(a Account, fits func(*Kept) error) *Kept {
	k.asked = append(k.asked, a)
	if k.refused = fits(&k.Kept); k.refused != nil {
		return nil
	}
	return &k.Kept
}

func newKeeps() *keeps {
	return &keeps{Kept: Kept{
		ID: "id1", Secret: secret, AuthURL: keptAt, TLS: TLS{Insecure: true},
		Interface: "internal", Endpoint: "https://m.example/v1", Region: "One",
	}}
}

// What was kept says where it goes, whatever the definition does.
func TestKeptGoesBeforeTheDefinition(t *testing.T) {
	k := newKeeps()
	o := Options{Kept: k.find, Getenv: env(map[string]string{
		"OS_AUTH_URL": keptAt, "OS_USERNAME": "alice", "OS_USER_DOMAIN_NAME": "D", "OS_PROJECT_NAME": "demo", "OS_PROJECT_DOMAIN_ID": "d",
		"OS_INTERFACE": "admin", "OS_CACERT": "/nonexistent", "OS_CONTAINER_INFRA_ENDPOINT_OVERRIDE": "https://m.example/v1",
	})}
	cloud, err := Resolve(o)
	if err != nil {
		t.Fatal(err)
	}
	want := Account{AuthURL: keptAt, UserName: "alice", UserDomainName: "D", ProjectName: "demo", ProjectDomainID: "d"}
	if diff := cmp.Diff([]Account{want}, k.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if !cloud.Kept || cloud.Method != methodApplicationCredential || cloud.Endpoint != k.Endpoint || cloud.Interface != "internal" ||
		!cloud.Insecure || cloud.Region != "" || !cloud.Replaceable || cloud.login.auth.ApplicationCredentialSecret != secret {
		t.Errorf("got %+v", cloud)
	}
	k.AuthURL = "https://other.example/v3"
	if cloud, err := Resolve(o); err == nil {
		t.Errorf("kept for another Keystone: %+v", cloud)
	}
}

// A definition that says by what it logs in is left as it is.
func TestKeptLeavesOtherWaysToLogIn(t *testing.T) {
	for _, more := range []map[string]string{
		{"OS_TOKEN": "t"},
		{"OS_APPLICATION_CREDENTIAL_ID": "x", "OS_APPLICATION_CREDENTIAL_SECRET": "y"},
		{"OS_AUTH_TYPE": "v3token", "OS_TOKEN": "t", "OS_PASSWORD": "p"},
		{"OS_USER_ID": "u", "OS_PASSWORD": "p", "OS_TRUST_ID": "t"},
		{"OS_USER_ID": "u", "OS_PASSWORD": "p", "OS_DOMAIN_ID": "d"},
	} {
		more["OS_AUTH_URL"] = keptAt
		k := newKeeps()
		if cloud, err := Resolve(Options{Kept: k.find, Getenv: env(more)}); err != nil || cloud.Kept || cloud.Replaceable || len(k.asked) > 0 {
			t.Errorf("%v: got %+v, %v", more, cloud, err)
		}
	}
}

// kubectl runs with any environment: what is kept needs none of it.
func TestKeptIsAllThatAConfinedLoginNeeds(t *testing.T) {
	for _, o := range []Options{
		{AuthURL: keptAt},
		{AuthURL: keptAt, Cloud: "gone", File: "/nonexistent/clouds.yaml"},
		{AuthURL: keptAt, Cloud: "gone"},
	} {
		k := newKeeps()
		o.Confined, o.KeptFirst, o.Kept, o.Endpoint = true, true, k.find, k.Endpoint
		o.Getenv = env(map[string]string{
			"OS_AUTH_URL": "https://evil.example/v3", "OS_TOKEN": "t", "OS_INTERFACE": "admin", "OS_CACERT": "/evil.pem",
			"OS_CONTAINER_INFRA_ENDPOINT_OVERRIDE": "https://evil.example/v1", "OS_CERT": "/evil.pem",
		})
		cloud, err := Resolve(o)
		if err != nil || !cloud.Kept || cloud.AuthURL != keptAt || cloud.Endpoint != k.Endpoint || cloud.Interface != "internal" {
			t.Errorf("%+v: got %+v, %v", o, cloud, err)
		}
		if want := []Account{{AuthURL: o.AuthURL}}; !cmp.Equal(want, k.asked) {
			t.Errorf("asked %+v", k.asked)
		}
	}
	k := newKeeps()
	k.AuthURL = "https://other.example/v3"
	if _, err := Resolve(Options{Confined: true, KeptFirst: true, AuthURL: keptAt, Kept: k.find, Endpoint: k.Endpoint, Getenv: noEnv}); !errors.As(err, new(*NoCloudError)) {
		t.Errorf("kept for another Keystone: %v", err)
	}
}

// A kubeconfig can bring a proxy, and CAs for it.
func TestKeptIsVerifiedAsItWas(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	mine, evil := filepath.Join(home, "mine.pem"), filepath.Join(home, "evil.pem")
	file, dir := map[string]string{"SSL_CERT_FILE": evil}, map[string]string{"SSL_CERT_DIR": evil}
	for name, test := range map[string]struct {
		tls  TLS
		vars map[string]string
		want string // what is another; "" if it may go
	}{
		"no variable":                      {TLS{}, nil, ""},
		"no variable any more":             {TLS{SystemCAs: SystemCAs{SSLCertFile: mine, SSLCertDir: mine}}, nil, ""},
		"a file":                           {TLS{}, file, "SSL_CERT_FILE"},
		"another file":                     {TLS{SystemCAs: SystemCAs{SSLCertFile: mine}}, file, "SSL_CERT_FILE"},
		"the file":                         {TLS{SystemCAs: SystemCAs{SSLCertFile: evil}}, file, ""},
		"a directory":                      {TLS{}, dir, "SSL_CERT_DIR"},
		"another directory":                {TLS{SystemCAs: SystemCAs{SSLCertDir: mine}}, dir, "SSL_CERT_DIR"},
		"one directory more":               {TLS{SystemCAs: SystemCAs{SSLCertDir: mine}}, map[string]string{"SSL_CERT_DIR": mine + string(filepath.ListSeparator) + evil}, "SSL_CERT_DIR"},
		"a file of the working directory":  {TLS{SystemCAs: SystemCAs{SSLCertFile: "ca.pem"}}, map[string]string{"SSL_CERT_FILE": "ca.pem"}, "SSL_CERT_FILE"},
		"variables that have no part":      {TLS{CACert: mine}, file, ""},
		"servers that nobody verifies yet": {TLS{Insecure: true}, file, ""},
	} {
		k := &Kept{TLS: test.tls}
		o := Options{Confined: true, Cloud: "work", Getenv: env(test.vars)}
		err := k.mayGo(o)
		refused, _ := errors.AsType[*DestinationError](err)
		if (err == nil) != (test.want == "") || err != nil && (refused.What != test.want || !refused.Kept || refused.Cloud != "work") {
			t.Errorf("%s: got %v", name, err)
		}
		if o.Confined = false; k.mayGo(o) != nil {
			t.Errorf("%s: refused in one's own environment", name)
		}
	}
}

// What is kept is for one Magnum.
func TestKeptFitsItsMagnum(t *testing.T) {
	t.Parallel()
	const one, two = "https://one.example/v1", "https://two.example/v1"
	for name, test := range map[string]struct {
		k                         Kept
		endpoint, interfaceOfKept string
		want                      string // what is another; "" if it fits
	}{
		"the same":                    {Kept{Endpoint: one}, one, "public", ""},
		"the catalog's":               {Kept{Interface: "internal"}, "", "internal", ""},
		"another endpoint":            {Kept{Endpoint: one}, two, "", "endpoint of Magnum"},
		"an endpoint of its own":      {Kept{}, two, "", "endpoint of Magnum"},
		"none of its own":             {Kept{Endpoint: one}, "", "", "endpoint of Magnum"},
		"another interface":           {Kept{Interface: "public"}, "", "internal", "interface"},
		"an interface that is moot":   {Kept{Endpoint: one, Interface: "public"}, one, "internal", ""},
		"a region of its own catalog": {Kept{Region: "One"}, "", "", ""},
	} {
		err := test.k.fits("work", test.endpoint, test.interfaceOfKept)
		refused, _ := errors.AsType[*DestinationError](err)
		if (err == nil) != (test.want == "") || err != nil && (refused.What != test.want || !refused.Kept) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Without a definition flags and variables say which Magnum is meant, or what is
// remembered does.
func TestKeptAloneFitsItsMagnum(t *testing.T) {
	t.Parallel()
	const other = "https://other.example/v1"
	for name, test := range map[string]struct {
		o      Options
		vars   map[string]string
		region string // that it is used for; "-" if it is not
	}{
		"nothing":                       {Options{}, nil, "One"},
		"the region":                    {Options{Region: "One"}, nil, "One"},
		"another region":                {Options{Region: "Two"}, nil, "-"},
		"another region's variable":     {Options{}, map[string]string{"OS_REGION_NAME": "Two"}, "-"},
		"another endpoint":              {Options{}, map[string]string{"OS_CONTAINER_INFRA_ENDPOINT_OVERRIDE": other}, "-"},
		"remembered":                    {Options{Region: "One", Endpoint: "https://m.example/v1"}, nil, "One"},
		"remembered without a region":   {Options{Endpoint: "https://m.example/v1"}, nil, ""},
		"remembered with another one":   {Options{Endpoint: other}, nil, "-"},
		"remembered with the catalog's": {Options{Region: "One"}, map[string]string{"OS_CONTAINER_INFRA_ENDPOINT_OVERRIDE": "https://m.example/v1"}, "-"},
	} {
		k := newKeeps()
		test.o.Kept, test.o.Getenv = k.find, env(test.vars)
		if strings.HasPrefix(name, "remembered") {
			test.o.Confined, test.o.KeptFirst, test.o.AuthURL = true, true, keptAt
		}
		cloud, err := Resolve(test.o)
		if used := err == nil && cloud.Kept; used != (test.region != "-") || used && cloud.Region != test.region {
			t.Errorf("%s: got %+v, %v", name, cloud, err)
		}
	}
}

// Where it may not go, nothing else does in its place.
func TestKeptThatMayNotGoIsAnError(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"OS_AUTH_URL": keptAt, "OS_USER_ID": "u", "OS_PROJECT_ID": "p", "OS_PASSWORD": "pw", "SSL_CERT_FILE": "/evil.pem"}
	for _, o := range []Options{{}, {KeptFirst: true, AuthURL: keptAt}, {KeptFirst: true, AuthURL: keptAt, Cloud: "work"}} {
		k := newKeeps()
		k.TLS, k.Interface, k.Endpoint = TLS{}, "public", ""
		o.Confined, o.Kept, o.Getenv = true, k.find, env(vars)
		if cloud, err := Resolve(o); !errors.As(err, new(*DestinationError)) {
			t.Errorf("%+v: got %+v, %v", o, cloud, err)
		}
	}
}

// What variables say of the system's CAs goes with what is kept.
func TestTLSOfTheSystem(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"OS_AUTH_URL": keptAt, "OS_USER_ID": "u", "OS_PROJECT_ID": "p", "OS_PASSWORD": "pw", "SSL_CERT_FILE": "/f", "SSL_CERT_DIR": "/d"}
	want := TLS{SystemCAs: SystemCAs{SSLCertFile: "/f", SSLCertDir: "/d"}}
	if cloud, err := Resolve(Options{Getenv: env(vars)}); err != nil || cloud.TLS != want {
		t.Errorf("got %+v, %v", cloud.TLS, err)
	}
}

func TestKeptWithoutAnyCloud(t *testing.T) {
	k := newKeeps()
	cloud, err := Resolve(Options{Kept: k.find, Getenv: noEnv})
	if err != nil || !cloud.Kept || cloud.AuthURL != keptAt || cloud.Name != "" || !cmp.Equal(k.asked, []Account{{}}) {
		t.Errorf("got %+v, %v; asked %+v", cloud, err, k.asked)
	}
	if _, err := Resolve(Options{Cloud: "work", Kept: k.find, Getenv: noEnv}); !errors.As(err, new(*NoCloudError)) {
		t.Errorf("a cloud that is nowhere: %v", err)
	}
	none := func(Account, func(*Kept) error) *Kept { return nil }
	if _, err := Resolve(Options{Kept: none, Getenv: noEnv}); !errors.As(err, new(*NoCloudError)) {
		t.Errorf("nothing is kept: %v", err)
	}
}

func TestAccountFits(t *testing.T) {
	is := Account{
		Cloud: "c", AuthURL: keptAt, UserID: "u", UserName: "un", UserDomainID: "ud", UserDomainName: "udn",
		ProjectID: "p", ProjectName: "pn", ProjectDomainID: "pd", ProjectDomainName: "pdn",
	}
	if !is.Fits(is) || !(Account{}).Fits(is) {
		t.Error("it does not fit itself, or nothing")
	}
	fields := reflect.ValueOf(&is).Elem()
	for i := range fields.NumField() {
		asked := is
		reflect.ValueOf(&asked).Elem().Field(i).SetString("other")
		if asked.Fits(is) {
			t.Errorf("another %s fits", fields.Type().Field(i).Name)
		}
	}
}

func TestAccountNames(t *testing.T) {
	t.Parallel()
	full := Account{AuthURL: keptAt, UserName: "un", UserDomainID: "ud", ProjectName: "pn", ProjectDomainName: "pdn"}
	ids := Account{AuthURL: keptAt, UserID: "u", ProjectID: "p"}
	if !full.Names() || !ids.Names() {
		t.Error("all of it is not enough")
	}
	for _, a := range []Account{full, ids} {
		fields := reflect.ValueOf(&a).Elem()
		for i := range fields.NumField() {
			if was := fields.Field(i).String(); was != "" {
				fields.Field(i).SetString("")
				if a.Names() {
					t.Errorf("without %s it is enough", fields.Type().Field(i).Name)
				}
				fields.Field(i).SetString(was)
			}
		}
	}
}

// The files that servers are verified by go with what is kept.
func TestTLSFiles(t *testing.T) {
	cert, _ := keyPair(t)
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "clouds.yaml"), alice(keptAt, "    cacert: sub/ca.pem"))
	ca := write(t, filepath.Join(dir, "sub", "ca.pem"), cert)
	cloud, err := Resolve(Options{Cloud: "prod", File: file, Getenv: noEnv})
	if err != nil || cloud.TLS != (TLS{CACert: ca}) {
		t.Errorf("got %+v, %v", cloud.TLS, err)
	}
	k := newKeeps()
	k.TLS = cloud.TLS
	if cloud, err := Resolve(Options{Cloud: "prod", Confined: true, Kept: k.find, Getenv: noEnv}); err != nil || cloud.TLS != k.TLS || cloud.CACert != ca || cloud.Insecure {
		t.Errorf("got %+v, %v", cloud, err)
	}
}
