// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/gophercloud/gophercloud/v2"
)

// Options say where [Resolve] looks and what overrides what it finds.
type Options struct {
	Cloud  string // --os-cloud; "" = OS_CLOUD
	Region string // --os-region-name; "" = OS_REGION_NAME, then the cloud's own
	CACert string // --os-cacert, a file; "" = OS_CACERT, then the cloud's own

	Getenv func(string) string // OS_*, XDG_CONFIG_HOME; required
	Home   string              // the user's home directory, "" if there is none

	// WorkDir is the absolute path of the directory where clouds.yaml is looked
	// for first and that relative paths from flags and environment start at. ""
	// means that it is not searched and that such paths are refused: what runs
	// in any directory must not trust it.
	WorkDir string

	// File is a clouds.yaml to use instead of searching; "" means
	// OS_CLIENT_CONFIG_FILE, then the search path. SecureFile and PublicFile are
	// the same for secure.yaml (OS_CLIENT_SECURE_FILE) and clouds-public.yaml, but
	// that a Confined run with a File does not search: it uses those that an
	// earlier one found.
	File, SecureFile, PublicFile string

	// Confined says that the environment may be somebody else's: kubectl adds to
	// it what the exec entry of a kubeconfig says, and the kubeconfig may be
	// anybody's. Then OS_CACERT, OS_INTERFACE and an endpoint override in it do
	// not count. In their places stand CACert and the fields below, as an
	// earlier run's Cloud had them; OS_INSECURE counts only if Insecure is set
	// too; and AuthURL is the only Keystone that a login may go to, if it is
	// not "". It protects a password from being sent where the kubeconfig
	// says. It does not where OS_* variables alone define the cloud and nothing
	// is remembered: they then count in full, as there is nothing else.
	Confined  bool
	AuthURL   string
	Interface string
	Endpoint  string // instead of the catalog's
	Insecure  bool

	// Ask is asked for what a login by password or passcode lacks, and its error
	// returned. Nil, and with Confined, nobody is asked.
	Ask func(Question) (string, error)

	// Kept finds the application credential that logs in for an account, one that
	// fits has no error about; nil for none. It goes before the way to log in that a
	// definition says, unless that is a token or an application credential of its
	// own, and needs no definition where there is none. It is given an account with
	// AuthURL alone, or nothing, then.
	Kept func(a Account, fits func(*Kept) error) *Kept

	// KeptFirst is for a Confined run after one whose Cloud was Replaceable: what is
	// Kept goes before all that is defined now.
	KeptFirst bool

	// TokenCommand returns the token command of a cloud, nil if it has none. It is
	// asked about clouds of clouds.yaml only. What is Kept goes before it. Nil if no
	// cloud has one.
	TokenCommand func(cloud string) (*TokenCommand, error)

	// Now serves to see whether a Retry-After fits into a deadline. Nil means
	// that no request is repeated.
	Now func() time.Time

	// Debug is told, in a line each, where the login comes from and of each
	// request: never a secret, but words of servers, to be escaped. It needs Now.
	// Nil for nobody.
	Debug func(line string)
}

// Cloud is a cloud and the way to log in to it. Only [Resolve] makes a usable
// one. Printing it shows no secret.
type Cloud struct {
	Name string // "" when it comes from OS_* alone
	File string // absolute path of the clouds.yaml, "" if none was used
	// SecureFile and PublicFile are those of the secure.yaml and the
	// clouds-public.yaml that say something of the cloud, "" for none.
	SecureFile, PublicFile string
	AuthURL                string // Keystone, with /v3 and without a slash at the end
	Region                 string // "" if any will do
	Interface              string // public, internal or admin
	Asked                  string // the interface that OS_INTERFACE asked for, "" if it did not
	Method                 string // password, token, token_command, application_credential, totp, or several with a + between them
	Endpoint               string // the container infrastructure service's, if not the catalog's
	Insecure               bool   // the certificates of servers are not verified
	Kept                   bool   // the login is by what [Options.Kept] found
	Replaceable            bool   // the login is so, or that may take its place
	TLS                    TLS    // how servers are verified, and what they are shown

	// CACert is the absolute path of the CA certificates that the flag or
	// OS_CACERT named, "" if neither did: what a later run has to be told.
	CACert string

	// Destination is what a token command for this cloud is bound to.
	Destination Destination

	// A pointer, as fmt prints what unexported fields hold.
	login *login
}

// login is what a Cloud needs to connect and does not show.
type login struct {
	auth      gophercloud.AuthOptions
	secrets   secrets       // of auth
	command   *TokenCommand // gives auth its token; nil for none
	transport *http.Transport
	now       func() time.Time
	limit     time.Duration // for each request
	debug     func(line string)
}

// String is the cloud's name, or that it comes from the environment.
func (c Cloud) String() string { return cloudOrEnvironment(c.Name) }

// Resolve finds the cloud that o and the environment mean and checks that all
// that is needed to log in is there. It reads files but makes no request.
//
// A cloud is looked up by name if o or OS_CLOUD has one, else OS_AUTH_URL and
// its companions make one, else a clouds.yaml with just one cloud gives it. To a
// cloud from clouds.yaml OS_* variables add only region, interface and CA
// certificates, which they override, and a password or secret that is not there.
//
// Errors are [*NoCloudError], [*CloudNotFoundError], [*ConfigError],
// [*UnsupportedAuthError] and [*OtherCloudError], and those of o.Ask; about what is
// Kept [*DestinationError]; for a cloud with a token command that too,
// [*NotRememberedError], [*UnverifiedError], and whatever [Options.TokenCommand] returns.
func Resolve(o Options) (cloud Cloud, err error) {
	if o.confined() {
		o.Getenv = o.confinedGetenv()
	}
	d, err := define(o)
	if err == nil {
		d, cloud, err = d.resolve(o)
	}
	o.tellSource(d, cloud, err)
	return cloud, err
}

// resolve makes the cloud of d, which it returns with what is kept, or was
// answered, in it.
func (d definition) resolve(o Options) (definition, Cloud, error) {
	authURL, err := d.keystone()
	if err != nil {
		return d, Cloud{}, err
	}
	if o.AuthURL != "" && o.AuthURL != authURL {
		return d, Cloud{}, &OtherCloudError{Cloud: d.name, Want: o.AuthURL, AuthURL: authURL}
	}
	replaceable := d.kept || d.replaceable()
	k, err := o.kept(d, authURL)
	if err != nil {
		return d, Cloud{}, err
	}
	if k != nil {
		d = d.with(k)
	}
	if !d.kept {
		if o.CACert != "" {
			from := "--os-cacert"
			if o.Confined {
				from = "the CA file that config used"
			}
			d.values["cacert"] = setting{text: o.CACert, from: from}
		}
		if d, err = d.answered(o, authURL); err != nil {
			return d, Cloud{}, err
		}
	}
	cloud, err := d.cloud(o, authURL)
	cloud.Replaceable = replaceable && err == nil
	return d, cloud, err
}

func (d definition) cloud(o Options, authURL string) (cloud Cloud, err error) {
	cloud = Cloud{
		Name: d.name, File: d.file, SecureFile: d.secureFile, PublicFile: d.publicFile,
		AuthURL: authURL, Region: d.regionName(o), Kept: d.kept,
	}
	if cloud.Interface, err = d.endpointInterface(); err != nil {
		return Cloud{}, err
	}
	if set := d.values["interface"]; set.from != "" {
		cloud.Asked = cloud.Interface
	}
	if cloud.Method, err = d.method(); err != nil {
		return Cloud{}, err
	}
	if set := d.values["cacert"]; set.from != "" {
		if cloud.CACert, err = o.absolute(set.text); err != nil {
			return Cloud{}, d.fileFault("cacert", err)
		}
	}
	trust, err := d.tls(o)
	if err != nil {
		return Cloud{}, err
	}
	cloud.Insecure = trust.InsecureSkipVerify
	cloud.TLS = d.tlsFiles(o, trust)
	cloud.Endpoint = d.endpoint()
	if cloud.Destination, err = d.destination(o, cloud); err != nil {
		return Cloud{}, err
	}
	if d.command != nil {
		if err := d.command.mayGo(o, cloud); err != nil {
			return Cloud{}, err
		}
	}
	if cloud.login, err = d.login(o, cloud.Method, trust); err != nil {
		return Cloud{}, err
	}
	return cloud, nil
}

func (d definition) login(o Options, method string, trust *tls.Config) (*login, error) {
	auth, err := d.authOptions(method)
	if err != nil {
		return nil, err
	}
	return &login{
		auth:      auth,
		command:   d.command,
		secrets:   secrets{auth.Password, auth.Passcode, auth.TokenID, auth.ApplicationCredentialSecret},
		transport: newTransport(trust),
		now:       o.Now,
		limit:     requestMax,
		debug:     o.Debug,
	}, nil
}

// define finds the definition of the cloud that is meant, or what stands for it.
func define(o Options) (definition, error) {
	if o.KeptFirst {
		if d, ok, err := o.definedByKept(); ok || err != nil {
			return d, err
		}
	}
	d, err := defined(o)
	if o.undefined(err) && !o.KeptFirst {
		if k, ok, failed := o.definedByKept(); ok || failed != nil {
			return k, failed
		}
	}
	return d, err
}

// defined finds the definition of the cloud that is meant.
func defined(o Options) (definition, error) {
	name := o.Cloud
	if name == "" {
		name = o.Getenv("OS_CLOUD")
	}
	env := environment(o.Getenv)
	if name == "" && env.text("auth_url") != "" {
		return env, nil
	}
	doc, err := findClouds(o, name)
	if err != nil {
		return definition{}, err
	}
	if name == "" {
		names := doc.names()
		if len(names) != 1 {
			return definition{}, &CloudNotFoundError{File: doc.file, Have: names}
		}
		name = names[0]
	}
	d, err := doc.cloud(name)
	if err != nil {
		return definition{}, err
	}
	if d, err = d.withFiles(o); err != nil {
		return definition{}, err
	}
	if d, err = d.inRegion(o); err != nil {
		return definition{}, err
	}
	return d.withEnvironment(env, o.mayMixSecrets()).withTokenCommand(o)
}

// regionName is the region that is asked for, else the cloud's own, "" if it has
// none.
func (d definition) regionName(o Options) string {
	if asked := cmp.Or(o.Region, o.Getenv("OS_REGION_NAME")); asked != "" {
		return asked
	}
	if len(d.regions) > 0 {
		return d.regions[0].name
	}
	return d.text("region_name")
}

// inRegion is d with what its region overrides.
func (d definition) inRegion(o Options) (definition, error) {
	if len(d.regions) == 0 {
		return d, nil
	}
	name := d.regionName(o)
	for _, r := range d.regions {
		if r.name == name {
			values := maps.Clone(d.values)
			maps.Copy(values, r.values)
			d.values = values
			return d, nil
		}
	}
	return d, d.fault("regions", fmt.Sprintf("region %q is not among the cloud's regions", name))
}
