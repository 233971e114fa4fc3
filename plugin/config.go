// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/apiserver"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/kubeconfig"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// ConfigRequest says what config shall write, and where.
type ConfigRequest struct {
	Clusters []string // names or UUIDs
	Context  string   // for a single cluster; "" = the cluster's name
	// Token writes contexts that get Keystone tokens, and no certificates: User,
	// Groups and MaxAge are not for them.
	Token bool
	// ShortLived is for how long the cluster itself shall sign certificates; zero:
	// Magnum signs them, for as long as it chooses.
	ShortLived time.Duration
	// Confirm is asked before a role binding is made in a cluster, for its
	// short-lived certificates. An error of it is returned. Not nil with ShortLived.
	Confirm func(BindingPlan) error
	User    string // "" = the OpenStack user's name
	Groups  []string
	MaxAge  time.Duration
	Lease   time.Duration // how long a client may use an answer before it asks again
	Cache   string        // where kubectl's calls shall keep their records; "" = what they choose by themselves
	Wait    time.Duration // how long a cluster that is being made is waited for

	EmbedCerts bool
	Command    string // of the exec entry

	// Where to. Dir wins over Print, Print over DryRun; none of them: merge.
	Paths  kubeconfig.Paths
	Dir    string // write Dir/config
	Force  bool   // even over an existing one
	Print  bool
	DryRun bool // change nothing, anywhere
}

// ConfigResult says what was done.
type ConfigResult struct {
	Clusters   []Configured
	Changes    []kubeconfig.Change // merged, or to be merged
	Kubeconfig []byte              // Print
	File       string              // Dir: the file written, as an absolute path
	Warnings   []string
}

// Configured is one cluster in a result.
type Configured struct {
	Name, UUID, Server, Context string
	TLSDisabled                 bool
	User                        string
	Groups                      []string
	ShortLived                  time.Duration // zero for a certificate that Magnum signed
	RenewsItself                bool          // without Magnum, until the max age
	NotAfter                    time.Time     // of the certificate or token; zero if there is none
	StoreErr                    error         // why its key could not be kept
	Store                       string
}

// target is a cluster on its way into a kubeconfig.
type target struct {
	cluster  magnum.Cluster
	template magnum.Template
	context  string
	id       credential.Identity
	issued   issued
	// introducer is what Magnum signed to ask the cluster for a short-lived
	// certificate; nil if none is wanted.
	introducer *credential.Record
	unbound    bool // its group lacks the role binding, which shall be made

	pinned   []*x509.Certificate // the CAs to trust it by, once they are known
	inWindow bool                // of a rotation: its API server has the old CA
}

// Config writes contexts for r's clusters, all or none. Everything that can be
// refused is refused before the first certificate is signed, and the
// kubeconfig is written last: a context never points at what is not there.
//
// One cluster costs at most five requests: token, cluster, template, CA,
// signature; a short-lived certificate up to five more, of its API server. With r.Token the first token is the answer, and nothing is signed.
func (p *Plugin) Config(ctx context.Context, r ConfigRequest) (*ConfigResult, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	connect := p.connect
	if r.Token { // see call.login
		if err := p.checkState(); err != nil {
			return nil, err
		}
		connect = p.connectInFull
	}
	conn, err := connect(ctx, p.Cloud)
	if err != nil {
		return nil, err
	}
	targets, err := p.targets(ctx, conn, r)
	if err != nil {
		return nil, err
	}
	entries := p.entries(conn, r, targets)
	var changes []kubeconfig.Change
	if r.merges() {
		changes, err = r.Paths.Plan(entries, r.setCurrent())
	} else {
		_, err = kubeconfig.Render(entries, entries[0].Context)
	}
	if err != nil {
		return nil, err
	}
	if r.DryRun {
		return &ConfigResult{Clusters: configured(targets, r.MaxAge), Changes: changes, Warnings: warnings(conn, targets)}, nil
	}
	if err := p.State.Prepare(); err != nil && (r.Token || !r.EmbedCerts) {
		return nil, &StateError{Err: err}
	}
	if err := p.issueAll(ctx, conn, targets); err != nil {
		return nil, err
	}
	if err := p.planBindings(ctx, r, targets); err != nil {
		return nil, err
	}
	return p.install(ctx, conn, r, targets)
}

// merges says whether r is about the user's own kubeconfig.
func (r ConfigRequest) merges() bool { return r.Dir == "" && !r.Print }

// setCurrent says whether the current context changes: only one context can
// be meant by someone who names one cluster.
func (r ConfigRequest) setCurrent() bool { return len(r.Clusters) == 1 }

// check refuses what needs no network to be refused.
func (r ConfigRequest) check() error {
	if err := checkUser(r.User); r.User != "" && err != nil {
		return err
	}
	if err := checkGroups(r.Groups); err != nil {
		return err
	}
	if err := checkShortLived(r.ShortLived, r.Groups); err != nil {
		return err
	}
	if r.Dir != "" && !r.DryRun {
		return kubeconfig.CheckNew(filepath.Join(r.Dir, "config"), r.Force)
	}
	return nil
}

// targets looks all clusters up and checks them.
func (p *Plugin) targets(ctx context.Context, conn *connection, r ConfigRequest) ([]*target, error) {
	templates := map[string]magnum.Template{}
	user := r.User
	if user == "" {
		user = conn.session.UserName
	}
	var targets []*target
	for i, name := range r.Clusters {
		if slices.Contains(r.Clusters[:i], name) {
			continue
		}
		t, err := p.target(ctx, conn, name, r.Wait, templates)
		if err != nil {
			return nil, &ClusterError{Cluster: name, Err: err}
		}
		if err := checkUser(user); err != nil && !t.template.TLSDisabled && !r.Token {
			return nil, err
		}
		t.context = t.cluster.Name
		if r.Context != "" {
			t.context = r.Context
		}
		t.id = credential.Identity{Cluster: t.cluster.UUID, Project: conn.session.ProjectID, Owner: conn.session.UserID}
		if r.Token {
			t.id.Login = &credential.Login{Cloud: conn.cloud.Name, Region: conn.cloud.Region}
		} else {
			t.id.User, t.id.Groups, t.id.ShortLived = user, r.Groups, r.ShortLived
		}
		if !slices.ContainsFunc(targets, func(other *target) bool { return other.cluster.UUID == t.cluster.UUID }) {
			targets = append(targets, t) // once, though by name and by UUID
		}
	}
	return targets, nil
}

func (p *Plugin) target(ctx context.Context, conn *connection, name string, wait time.Duration, templates map[string]magnum.Template) (*target, error) {
	p.Progress(fmt.Sprintf("looking up cluster %q", name))
	cluster, err := p.readyCluster(ctx, conn.magnum, name, wait)
	if err != nil {
		return nil, err
	}
	if !state.ValidUUID(cluster.UUID) {
		return nil, fmt.Errorf("Magnum answers with %q for its UUID", cluster.UUID) //nolint:staticcheck // Magnum is a name
	}
	template, ok := templates[cluster.TemplateUUID]
	if !ok {
		if template, err = conn.magnum.Template(ctx, cluster.TemplateUUID); err != nil {
			return nil, err
		}
		templates[cluster.TemplateUUID] = template
	}
	if template.COE != "kubernetes" {
		return nil, &NotKubernetesError{COE: template.COE}
	}
	if err := checkServer(cluster.APIAddress, template.TLSDisabled); err != nil {
		return nil, err
	}
	return &target{cluster: cluster, template: template}, nil
}

// issueAll gets each cluster's CA and first certificate or token, so that a
// refusal shows now and not at the first kubectl.
func (p *Plugin) issueAll(ctx context.Context, conn *connection, targets []*target) error {
	for _, t := range targets {
		if t.template.TLSDisabled {
			continue
		}
		if err := p.issueFirst(ctx, conn, t); err != nil {
			return &ClusterError{Cluster: t.cluster.Name, Err: explain(conn, t.cluster, err)}
		}
	}
	return nil
}

func (p *Plugin) issueFirst(ctx context.Context, conn *connection, t *target) error {
	what := "a certificate"
	if t.id.IsToken() {
		what = "the CA"
	}
	p.Progress(fmt.Sprintf("getting %s for cluster %q", what, t.cluster.Name))
	ca, err := conn.magnum.CA(ctx, t.cluster.UUID, magnum.Kubernetes)
	switch {
	case err != nil:
	case t.id.IsToken():
		t.issued, err = p.newToken(conn, t.id)
		t.issued.ca = ca
	default:
		t.issued, err = p.issue(ctx, conn.magnum, t.id, []*x509.Certificate{ca})
	}
	if err != nil || !t.id.IsShortLived() {
		return err
	}
	p.Progress(fmt.Sprintf("having cluster %q sign a short-lived certificate", t.cluster.Name))
	t.introducer = t.issued.record
	t.issued, err = p.signByCluster(ctx, p.apiServer(t.cluster.APIAddress), []*x509.Certificate{t.issued.ca}, t.introducer, t.id)
	var unreachable *apiserver.UnreachableError
	var refused *apiserver.StatusError
	switch {
	case err == nil:
		return nil
	case rotation.Window(t.cluster.Status) && (errors.As(err, &unreachable) || errors.As(err, &refused)):
		return &InProgressError{Status: t.cluster.Status} // it has another CA than the pair to ask with
	}
	return &NotShortLivedError{Err: err}
}
