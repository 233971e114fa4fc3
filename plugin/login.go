// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// OtherIdentityError means that the OpenStack login at hand is not the one the
// kubeconfig entry was made with.
type OtherIdentityError struct {
	Cloud                string // "" if from the environment
	WantOwner, Owner     string // user ids
	WantProject, Project string // project ids
}

func (e *OtherIdentityError) Error() string {
	if e.Owner != e.WantOwner {
		return fmt.Sprintf("the OpenStack login is of user %s, but this context was made for user %s", e.Owner, e.WantOwner)
	}
	return fmt.Sprintf("the OpenStack login is for project %s, but this context was made for project %s", e.Project, e.WantProject)
}

// confined is how the OpenStack login of id is found: where config found it,
// and never in the directory kubectl happens to run in. replaceable says whether it
// may be by a kept login: not where config found that the cloud has a login of its own.
func (p *Plugin) confined(id credential.Identity) (o openstack.Options, replaceable bool) {
	o = p.Cloud
	o.Confined, o.WorkDir = true, ""
	if login, ok := p.remembered(id); ok {
		o.File, o.SecureFile, o.PublicFile = login.CloudsFile, login.SecureFile, login.PublicFile
		o.AuthURL, o.CACert = login.AuthURL, login.CACert
		o.Interface, o.Endpoint, o.Insecure = login.Interface, login.Endpoint, login.Insecure
		o.KeptFirst = login.Replaceable
		return o, login.Replaceable
	}
	return o, true
}

// remembered is the login of a kubeconfig entry that config wrote here for id.
func (p *Plugin) remembered(id credential.Identity) (state.Login, bool) {
	return p.State.Login(loginKey(id, p.Cloud.Cloud, p.Cloud.Region))
}

// loginKey names the login of a kubeconfig entry: one identity may be reached
// through several clouds.
func loginKey(id credential.Identity, cloud, region string) string {
	sum := sha256.Sum256([]byte(id.Key() + "\x00" + cloud + "\x00" + region))
	return "login-" + hex.EncodeToString(sum[:16])
}

// sameIdentity refuses a login that is not the one id was made with: arguments
// come from a kubeconfig, which may be anybody's.
func sameIdentity(conn *connection, id credential.Identity) error {
	if isIdentity(conn, id) {
		return nil
	}
	return &OtherIdentityError{
		Cloud:     conn.cloud.Name,
		WantOwner: id.Owner, Owner: conn.session.UserID,
		WantProject: id.Project, Project: conn.session.ProjectID,
	}
}

// isIdentity says whether a login is the one that id was made with.
func isIdentity(conn *connection, id credential.Identity) bool {
	return conn.session.UserID == id.Owner && conn.session.ProjectID == id.Project
}
