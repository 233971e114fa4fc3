// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"cmp"
	"errors"
	"strconv"
)

// Account is whose login to what: as a definition asks for it, which may leave
// most of it open, or as Keystone says it is.
type Account struct {
	Cloud   string // as named in clouds.yaml, "" for OS_* variables
	AuthURL string // as [Cloud] has it

	UserID, UserName, UserDomainID, UserDomainName             string
	ProjectID, ProjectName, ProjectDomainID, ProjectDomainName string
}

// Names says whether a is of one user, for one project, at one Keystone.
func (a Account) Names() bool {
	user := a.UserID != "" || a.UserName != "" && (a.UserDomainID != "" || a.UserDomainName != "")
	project := a.ProjectID != "" || a.ProjectName != "" && (a.ProjectDomainID != "" || a.ProjectDomainName != "")
	return a.AuthURL != "" && user && project
}

// Fits says whether is has all that a asks for.
func (a Account) Fits(is Account) bool {
	for _, field := range []struct{ asked, is string }{
		{a.Cloud, is.Cloud},
		{a.AuthURL, is.AuthURL},
		{a.UserID, is.UserID},
		{a.UserName, is.UserName},
		{a.UserDomainID, is.UserDomainID},
		{a.UserDomainName, is.UserDomainName},
		{a.ProjectID, is.ProjectID},
		{a.ProjectName, is.ProjectName},
		{a.ProjectDomainID, is.ProjectDomainID},
		{a.ProjectDomainName, is.ProjectDomainName},
	} {
		if field.asked != "" && field.asked != field.is {
			return false
		}
	}
	return true
}

// TLS is how the servers of a login are verified, and what they are shown. Paths
// are absolute.
type TLS struct {
	CACert    string // "" for the system's
	Cert, Key string // "" for none
	Insecure  bool   // servers are not verified

	SystemCAs // none with a CACert, or if Insecure
}

// Kept is an application credential that somebody keeps for later logins. Its
// secret is sent only to the AuthURL, and the token that it gives only to the
// catalog's endpoint of that interface, or to Endpoint. Their certificates are
// checked as TLS has it. What a definition says of all that does not count, and
// where the environment may be somebody else's it is not used with other
// certificates of the system's.
type Kept struct {
	ID, Secret string
	AuthURL    string
	TLS        TLS
	Interface  string // as [Cloud] has it
	Endpoint   string // likewise
	Region     string // for a login that no definition is left of
}

// fits decides whether k is for the Magnum that is meant: at an endpoint that is not
// the catalog's, or at the catalog's of an interface, and the region that is asked
// for. The error is a [*DestinationError].
func (k *Kept) fits(cloud, endpoint, endpointInterface string) error {
	parts := []part{{"endpoint of Magnum", k.Endpoint, endpoint}}
	if k.Endpoint == "" {
		parts = append(parts, part{"interface", k.Interface, endpointInterface})
	}
	return differing(DestinationError{Cloud: cloud, Kept: true}, parts...)
}

// mayGo decides whether k's secret may be sent in a run that o describes. Where the
// environment may be somebody else's it says nothing of how servers are verified,
// or the same as when k was made. The error is a [*DestinationError].
func (k *Kept) mayGo(o Options) error {
	if !o.Confined || k.TLS.CACert != "" || k.TLS.Insecure {
		return nil
	}
	return differing(DestinationError{Cloud: o.Cloud, Kept: true}, k.TLS.parts(o.systemCAs())...)
}

// replaceable says whether something kept may log in instead of d. A definition
// that says by which token, application credential or trust it logs in, or to
// something else than a project, is left as it is.
func (d definition) replaceable() bool {
	method, known := authTypes[d.text("auth_type")]
	switch {
	case known && (method == methodToken || method == methodApplicationCredential),
		d.first("token", "application_credential_id", "application_credential_name", "trust_id", "system_scope") != "",
		d.first("project_id", "project_name") == "" && d.first("domain_id", "domain_name") != "":
		return false
	}
	return true
}

// kept is the application credential that logs in instead of d, nil if there is
// none. One that is there and may not go is an error: a password is not sent in its
// place.
func (o Options) kept(d definition, authURL string) (*Kept, error) {
	if o.KeptFirst || !d.replaceable() {
		return nil, nil //nolint:nilnil // as said
	}
	endpointInterface, err := d.endpointInterface()
	if err != nil {
		return nil, err
	}
	return o.usable(d.account(authURL), func(k *Kept) error { return k.fits(d.name, d.endpoint(), endpointInterface) })
}

// usable is what is kept for an account and fits, nil if there is nothing.
func (o Options) usable(a Account, fits func(*Kept) error) (*Kept, error) {
	if o.Kept == nil {
		return nil, nil //nolint:nilnil // as said
	}
	k := o.Kept(a, fits)
	if k == nil || a.AuthURL != "" && k.AuthURL != a.AuthURL {
		return nil, nil //nolint:nilnil // as said
	}
	return k, k.mayGo(o)
}

// account is what d asks for.
func (d definition) account(authURL string) Account {
	a := Account{
		Cloud: d.name, AuthURL: authURL,
		UserID: d.text("user_id"), ProjectID: d.text("project_id"),
	}
	// Ids go before names, and who is named by one may not be it by the other.
	if a.UserName = d.text("username"); a.UserName != "" && a.UserID == "" {
		a.UserDomainID, a.UserDomainName, _ = d.domain("user")
	}
	if a.ProjectName = d.text("project_name"); a.ProjectName != "" && a.ProjectID == "" {
		a.ProjectDomainID, a.ProjectDomainName, _ = d.domain("project")
	}
	if a.UserID != "" {
		a.UserName = ""
	}
	if a.ProjectID != "" {
		a.ProjectName = ""
	}
	return a
}

// fromKept says in messages where a setting comes from.
const fromKept = "kubectl magnum login"

// with is d with k in place of all that it says, but for the region.
func (d definition) with(k *Kept) definition {
	region, named := d.values["region_name"]
	d.values, d.kept, d.command = map[string]setting{}, true, nil
	for key, text := range map[string]string{
		"auth_url": k.AuthURL, "interface": k.Interface, "container_infra_endpoint_override": k.Endpoint,
		"auth_type": "v3applicationcredential", "application_credential_id": k.ID, "application_credential_secret": k.Secret,
		"cacert": k.TLS.CACert, "cert": k.TLS.Cert, "key": k.TLS.Key, "insecure": strconv.FormatBool(k.TLS.Insecure),
	} {
		if text != "" {
			d.values[key] = setting{text: text, from: fromKept}
		}
	}
	if named {
		d.values["region_name"] = region
	}
	return d
}

// definedByKept is the definition that something kept makes alone; ok is false if
// there is nothing.
func (o Options) definedByKept() (d definition, ok bool, err error) {
	k, err := o.usable(Account{AuthURL: o.AuthURL}, o.fitsAlone)
	if k == nil || err != nil {
		return definition{}, false, err
	}
	d = definition{name: o.Cloud}
	if !o.KeptFirst && k.Region != "" { // else it is known which was meant, if any
		d.values = map[string]setting{"region_name": {text: k.Region, from: fromKept}}
	}
	return d.with(k), true, nil
}

// fitsAlone is [Kept.fits] where there is no definition: what an earlier run
// remembered is meant, or else what k is for, unless flags or variables say more.
func (o Options) fitsAlone(k *Kept) error {
	said := environment(o.Getenv)
	endpoint, endpointInterface := said.endpoint(), k.Interface
	if said.text("interface") != "" {
		var err error
		if endpointInterface, err = said.endpointInterface(); err != nil {
			return err
		}
	}
	region := cmp.Or(o.Region, said.text("region_name"))
	if o.KeptFirst {
		return k.fits(o.Cloud, endpoint, endpointInterface)
	}
	if k.Endpoint != "" && region != "" && region != k.Region {
		return differing(DestinationError{Cloud: o.Cloud, Kept: true}, part{"region", k.Region, region})
	}
	return k.fits(o.Cloud, cmp.Or(endpoint, k.Endpoint), endpointInterface)
}

// undefined says whether err is that nothing defines a cloud that somebody names.
// With Confined it is known without a name whose login is meant.
func (o Options) undefined(err error) bool {
	if none, ok := errors.AsType[*NoCloudError](err); ok {
		return none.Cloud == "" || o.Confined
	}
	none, ok := errors.AsType[*CloudNotFoundError](err)
	return ok && (none.Cloud == "" || o.Confined)
}
