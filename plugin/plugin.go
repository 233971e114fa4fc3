// SPDX-License-Identifier: Apache-2.0

// Package plugin is what the program does, one file a use case: config writes
// a kubeconfig, credential answers kubectl. Each takes a value and returns
// one; flags, streams and exit codes are its caller's.
//
// It does not read flags, environment or clock by itself and does not print.
// Trust is decided in plugin/credential, what a file looks like in
// plugin/kubeconfig, what Magnum says in plugin/magnum; here is only the order
// of things. There is no promise of API stability.
package plugin

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/kubeconfig"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/settings"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// Store keeps records between runs, for the life that they are put for or
// longer. Get of a key that holds nothing is an error like any other: a record
// that cannot be had is a miss.
type Store interface {
	Name() string // "" if it keeps nothing at all
	Get(ctx context.Context, key string) ([]byte, error)
	Put(ctx context.Context, key string, data []byte, life time.Duration) error
	Delete(ctx context.Context, key string) error
}

// Plugin is the program without its command line. All fields but Logins, Account and
// Debug are needed.
type Plugin struct {
	Cloud     openstack.Options // what the command line and the environment say of the cloud
	Store     Store
	Logins    Store // a keyring that persists, for the secrets of logins; nil if there is none
	State     state.Dir
	Now       func() time.Time
	UserAgent string
	// Account is the user as the operating system knows them, whose configuration
	// file says which clouds have a token command, and whose own state directory
	// tokens need. Nil if there is none.
	Account func() (settings.Account, error)
	Owner   kubeconfig.LockOwner // of locks on kubeconfigs: this process
	// Progress is told what takes long, a line each. It may be called often.
	Progress func(line string)
	// Debug is told what is asked of whom and why a record is not used, a line
	// each: never a secret, but words of servers, to be escaped. Nil for nobody.
	Debug func(line string)

	testOnlyPatience time.Duration // in place of rotation.ProbeTime, lockWait and clusterWait
}

// connection is an authenticated session with Magnum's client on it.
type connection struct {
	cloud   openstack.Cloud
	session *openstack.Session
	magnum  *magnum.Client
}

// connect logs in, by a kept login if there is one for the cloud: one request.
func (p *Plugin) connect(ctx context.Context, o openstack.Options) (*connection, error) {
	return p.connectBy(ctx, o, &keptLogin{Plugin: p, ctx: ctx, fits: fitsAccount})
}

// connectInFull logs in with all rights that the user has, so by no kept login.
func (p *Plugin) connectInFull(ctx context.Context, o openstack.Options) (*connection, error) {
	return p.connectBy(ctx, o, &keptLogin{Plugin: p, ctx: ctx, fits: fitsAccount, limited: true})
}

// connectBy logs in by what kept finds, or with nil by no kept login.
func (p *Plugin) connectBy(ctx context.Context, o openstack.Options, kept *keptLogin) (*connection, error) {
	if kept != nil {
		o.Kept = kept.find
	}
	o.TokenCommand = p.tokenCommand
	cloud, err := p.resolve(o)
	if err != nil {
		return nil, kept.explain(err)
	}
	return p.connectTo(ctx, cloud)
}

func (p *Plugin) resolve(o openstack.Options) (openstack.Cloud, error) {
	o.Debug = p.Debug
	return openstack.Resolve(o)
}

func (p *Plugin) connectTo(ctx context.Context, cloud openstack.Cloud) (*connection, error) {
	p.Progress("logging in to Keystone")
	session, err := cloud.Connect(ctx, p.UserAgent)
	if err != nil {
		return nil, err
	}
	if session.ProjectID == "" {
		return nil, &NoProjectError{Cloud: cloud.Name}
	}
	service, err := session.ContainerInfra()
	if err != nil {
		return nil, err
	}
	return &connection{cloud: cloud, session: session, magnum: magnum.New(service)}, nil
}

// apiServer is a cluster's API server as this program reaches it.
func (p *Plugin) apiServer(url string) *rotation.Target {
	return &rotation.Target{Server: url, UserAgent: p.UserAgent, Now: p.Now, Debug: p.Debug, Within: p.testOnlyPatience}
}

// NoProjectError is a login that names no project. Clusters are in projects.
type NoProjectError struct{ Cloud string } // "" for OS_* variables

func (e *NoProjectError) Error() string {
	if e.Cloud == "" {
		return "the OpenStack login names no project"
	}
	return fmt.Sprintf("the OpenStack login of cloud %q names no project", e.Cloud)
}

// StateError means that what is to be remembered of a cluster, or of something
// else, could not be.
type StateError struct {
	What string // "" for the cluster's CA
	Err  error
}

func (e *StateError) Error() string {
	return "remember " + cmp.Or(e.What, "the cluster's CA") + ": " + e.Err.Error()
}
func (e *StateError) Unwrap() error { return e.Err }

// ClusterError is an error about one cluster, by the name the user knows.
type ClusterError struct {
	Cluster string
	Err     error
}

func (e *ClusterError) Error() string {
	text, name := e.Err.Error(), fmt.Sprintf("%q", e.Cluster)
	if strings.Contains(text, name) {
		return text // said once is enough
	}
	return "cluster " + name + ": " + text
}

func (e *ClusterError) Unwrap() error { return e.Err }
