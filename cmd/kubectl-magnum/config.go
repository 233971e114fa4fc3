// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/kubeconfig"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

const configHelp = `Write contexts for Magnum clusters into the kubeconfig.

Other entries, their order and comments stay as they are. The first certificate
is issued at once, so that a refusal shows now and not at the first kubectl.
With one cluster its context becomes the current one.

With --auth token kubectl gets Keystone tokens in place of certificates, for
clusters whose API server asks Keystone about them (k8s-keystone-auth). Whoever
runs the API server can use them as you can.

With --short-lived the cluster signs the certificates itself, for so long, if it
can: a copied one is worthless after that. They are for the group
magnum:cluster-admins, which gets the role cluster-admin after a yes. Each renewal
closes the connections of programs that run for long; 1h is a good choice.`

const configExamples = `  kubectl magnum config prod
  kubectl magnum config prod staging --os-cloud work
  kubectl magnum config prod --context work-prod --group viewers
  kubectl magnum config prod --auth token
  kubectl magnum config prod --short-lived 1h --yes
  eval "$(kubectl magnum config prod --dir .)"`

// configOptions are the flags of config and cluster-config.
type configOptions struct {
	cloud      openstack.Options
	cache      cacheOptions
	kubeconfig string
	context    string
	auth       authOption
	embedCerts bool
	dir        string
	force      bool
	shell      string
	print      bool
	dryRun     bool
	execPath   string
	user       string
	groups     []string
	maxAge     time.Duration
	lease      time.Duration
	shortLived time.Duration
	yes        bool
	wait       time.Duration
}

func newConfigCommand(p *program) *cobra.Command {
	o := &configOptions{}
	cmd := &cobra.Command{
		Use:     "config CLUSTER...",
		Short:   "Write contexts for clusters into the kubeconfig",
		Long:    configHelp,
		Example: configExamples,
		Args:    clusterArgs(math.MaxInt),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd, p, args) },
	}
	fs := cmd.Flags()
	o.addFlags(fs)
	fs.StringVar(&o.dir, "dir", "", "write `DIR`/config instead and print one line for the shell to eval")
	fs.StringVar(&o.kubeconfig, "kubeconfig", "", "`file` to write to, instead of KUBECONFIG or ~/.kube/config")
	fs.BoolVar(&o.print, "stdout", false, "print the kubeconfig instead of writing it")
	fs.BoolVar(&o.dryRun, "dry-run", false, "print what would change; sign and write nothing")
	return cmd
}

func newClusterConfigCommand(p *program) *cobra.Command {
	o := &configOptions{}
	cmd := &cobra.Command{
		Use:   "cluster-config CLUSTER",
		Short: "Write a kubeconfig into a directory, as the Magnum manual has it",
		Long: `Write DIR/config and print one line for the shell to eval. The same as
config CLUSTER --dir DIR, in the words of the Magnum manual.`,
		Example: `  eval "$(kubectl magnum cluster-config prod)"`,
		Args:    clusterArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd, p, args) },
	}
	fs := cmd.Flags()
	o.addFlags(fs)
	fs.StringVar(&o.dir, "dir", ".", "`directory` to write config into")
	return cmd
}

// clusterArgs takes the names of at least one cluster and of at most most.
func clusterArgs(most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return usagef("name a cluster: %s CLUSTER", cmd.CommandPath())
		case len(args) > most:
			return usagef("name one cluster, not %d", len(args))
		}
		return nil
	}
}

func (o *configOptions) addFlags(fs *pflag.FlagSet) {
	addLoginFlags(fs, &o.cloud)
	o.cache.addFlag(fs)
	fs.StringVar(&o.context, "context", "", "`name` of the context, instead of the cluster's")
	o.auth.addFlag(fs)
	fs.BoolVar(&o.embedCerts, "embed-certs", false, "put the CA into the kubeconfig; programs that run for long then never learn of a new one")
	fs.BoolVar(&o.force, "force", false, "with --dir: write over an existing file")
	fs.StringVar(&o.shell, "shell", "", "with --dir: print for sh, csh, fish or powershell (default: by $SHELL)")
	fs.StringVar(&o.execPath, "exec-path", "", "`path` by which kubectl runs this program, for clients without PATH; auto finds it")
	fs.StringVar(&o.user, "user", "", "user `name` in the certificate (default: the OpenStack user's)")
	fs.StringArrayVar(&o.groups, "group", []string{"system:masters"}, "`group` in the certificate, may be repeated")
	fs.DurationVar(&o.maxAge, "max-age", 12*time.Hour, "how long a key is kept before a new one is made")
	fs.DurationVar(&o.lease, "lease", time.Minute, "how long a client may use a key before it asks for it again")
	addShortLivedFlag(fs, &o.shortLived)
	fs.BoolVar(&o.yes, "yes", false, "with --short-lived: make the role binding without asking")
	fs.DurationVar(&o.wait, "wait", 0, "wait so long for a cluster that is being made (30m if no time is given)")
	fs.Lookup("wait").NoOptDefVal = "30m"
}

func addCloudFlags(fs *pflag.FlagSet, o *openstack.Options) {
	fs.StringVar(&o.Cloud, "os-cloud", "", "`name` of the cloud in clouds.yaml (default: OS_CLOUD)")
	fs.StringVar(&o.Region, "os-region-name", "", "`region` of the cloud (default: OS_REGION_NAME)")
}

func (o *configOptions) run(cmd *cobra.Command, p *program, clusters []string) error {
	if err := noEmptyFlags(cmd.Flags()); err != nil {
		return err
	}
	if err := o.auth.check(cmd.Flags()); err != nil {
		return err
	}
	if err := o.shortLivedGroups(cmd.Flags()); err != nil {
		return err
	}
	request, err := o.request(p, clusters)
	if err != nil {
		return err
	}
	shell, err := shellKind(o.shell, p.getenv("SHELL"))
	if err != nil {
		return err
	}
	var result *plugin.ConfigResult
	err = p.useCase(cmd.Context(), o.cloud, o.cache, func(pl *plugin.Plugin, pr *progress) (err error) {
		request.Confirm = func(plan plugin.BindingPlan) error {
			return pr.aside(func() error { return p.confirmBinding(plan, o.yes) })
		}
		result, err = pl.Config(cmd.Context(), request)
		return err
	})
	if err != nil {
		return err
	}
	return p.printConfig(request, result, shell)
}

// request turns flags into a value, or says which of them don't go together.
func (o *configOptions) request(p *program, clusters []string) (plugin.ConfigRequest, error) {
	none := plugin.ConfigRequest{}
	if len(clusters) > 1 && o.context != "" {
		return none, usagef("--context names one context, but %d clusters are given", len(clusters))
	}
	if err := checkMaxAge(o.maxAge); err != nil {
		return none, err
	}
	if err := checkLease(o.lease); err != nil {
		return none, err
	}
	if err := o.checkWait(clusters); err != nil {
		return none, err
	}
	if err := o.checkTarget(); err != nil {
		return none, err
	}
	command, err := execCommand(o.execPath, p.executable)
	if err != nil {
		return none, err
	}
	dir := o.dir
	if dir != "" && !filepath.IsAbs(dir) {
		dir = filepath.Join(p.workDir, dir)
	}
	if err := checkExportable(dir); err != nil {
		return none, err
	}
	if o.auth.isToken() {
		o.groups, o.maxAge = nil, 0
	}
	return plugin.ConfigRequest{
		Clusters: clusters, Context: o.context, Token: o.auth.isToken(), User: o.user, Groups: o.groups,
		MaxAge: o.maxAge, Lease: o.lease, ShortLived: o.shortLived, Wait: o.wait, Cache: o.cache.argument(),
		EmbedCerts: o.embedCerts, Command: command,
		Paths: kubeconfig.Paths{Explicit: o.kubeconfig, Env: p.getenv("KUBECONFIG"), Home: p.home},
		Dir:   dir, Force: o.force, Print: o.print, DryRun: o.dryRun,
	}, nil
}

// checkWait catches --wait 10m, which pflag reads as --wait and a cluster.
func (o *configOptions) checkWait(clusters []string) error {
	if o.wait < 0 {
		return usagef("--wait is %s", o.wait)
	}
	for _, name := range clusters {
		if _, err := time.ParseDuration(name); err == nil && o.wait > 0 {
			return usagef("%q is taken for a cluster; write --wait=%s", name, name)
		}
	}
	return nil
}

func checkMaxAge(d time.Duration) error {
	if d < plugin.MaxAgeMin || d > plugin.MaxAgeMax {
		return usagef("--max-age is %s; it is from %s to %s", formatAge(d), formatAge(plugin.MaxAgeMin), formatAge(plugin.MaxAgeMax))
	}
	return nil
}

func checkLease(d time.Duration) error {
	if d < plugin.LeaseMin || d > plugin.LeaseMax {
		return usagef("--lease is %s; it is from %s to %s", formatAge(d), formatAge(plugin.LeaseMin), formatAge(plugin.LeaseMax))
	}
	return nil
}

// checkTarget refuses flags that say of two places at once where to write.
func (o *configOptions) checkTarget() error {
	switch {
	case o.dir != "" && (o.kubeconfig != "" || o.print || o.dryRun):
		return usagef("--dir goes with none of --kubeconfig, --stdout and --dry-run")
	case o.print && (o.kubeconfig != "" || o.dryRun):
		return usagef("--stdout goes with neither --kubeconfig nor --dry-run")
	case o.dir == "" && (o.force || o.shell != ""):
		return usagef("--force and --shell go with --dir")
	}
	return nil
}

// execCommand is the command of the exec entry: bare, so that kubectl finds it
// in PATH and its allowlist accepts it, or an absolute path for clients that
// have no PATH. A path into krew's store would break at the next upgrade; the
// link that krew keeps does not.
func execCommand(path, executable string) (string, error) {
	switch {
	case path == "":
		return "kubectl-magnum", nil
	case path == "auto":
		path = executable
	case !filepath.IsAbs(path):
		return "", usagef("--exec-path is %q; it is an absolute path, or auto", path)
	}
	path = filepath.Clean(path)
	if name := strings.TrimSuffix(filepath.Base(path), ".exe"); name != "kubectl-magnum" {
		return "", usagef("--exec-path ends in %q; only kubectl-magnum is known as ours in a kubeconfig", filepath.Base(path))
	}
	version := filepath.Dir(path) // ROOT/store/magnum/v1.2.3
	if name := filepath.Dir(version); filepath.Base(name) == "magnum" && filepath.Base(filepath.Dir(name)) == "store" {
		root := filepath.Dir(filepath.Dir(name))
		return filepath.Join(root, "bin", filepath.Base(path)), nil
	}
	return path, nil
}
