// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/netip"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/nodecert"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

const nodeCertsHelp = `Make the certificates of a node, on that node, and have Magnum sign them: below
/etc/kubernetes, in kubeadm's names. What is as it should be is left alone.

After a rotation of the CA, on every node: first as usual, so that all trust
both CAs; once that is done everywhere, with --renew; once that is done
everywhere, with --finish. No node loses another in between.

Whoever has the login that this takes can have any certificate signed: use one
that ends soon, and remove it afterwards.`

// nodeCertsOptions are the flags of node-certs.
type nodeCertsOptions struct {
	cloud    openstack.Options
	cluster  oneCluster
	name     string
	role     string
	ips      []string
	sans     []string
	services []string
	server   string
	root     string
	saKey    string
	owner    string
	output   string

	check, renew, finish bool
}

func newNodeCertsCommand(p *program) *cobra.Command {
	o := &nodeCertsOptions{}
	cmd := &cobra.Command{
		Use:   "node-certs [CLUSTER] --node-name NAME --role ROLE",
		Short: "Make a node's certificates, on the node, or check them",
		Long:  nodeCertsHelp,
		Example: `  kubectl magnum node-certs prod --node-name prod-master-0 --role control-plane --ip 10.0.0.5 --sa-key sa.key
  kubectl magnum node-certs prod --node-name prod-node-0 --role worker --ip 10.0.0.7
  kubectl magnum node-certs prod --node-name prod-node-0 --role worker --check`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, p, args) },
	}
	o.addFlags(cmd.Flags())
	return cmd
}

func (o *nodeCertsOptions) addFlags(fs *pflag.FlagSet) {
	addLoginFlags(fs, &o.cloud)
	o.cluster.addFlag(fs)
	fs.StringVar(&o.name, "node-name", "", "`name` that the node has in the cluster")
	fs.StringVar(&o.role, "role", "", "`role` of the node: control-plane or worker")
	fs.StringArrayVar(&o.ips, "ip", nil, "`address` that the node's servers are reached by, its own first; repeatable")
	fs.StringArrayVar(&o.sans, "san", nil, "another `name` or address that they are reached by; repeatable")
	fs.StringArrayVar(&o.services, "service-cidr", []string{"10.254.0.0/16"}, "`network` of the cluster's services; repeatable")
	fs.StringVar(&o.server, "server", "", "`URL` of the API server for the kubeconfigs, instead of Magnum's")
	fs.StringVar(&o.root, "root", "/", "`directory` below which etc/kubernetes is")
	fs.StringVar(&o.saKey, "sa-key", "", "`file` with the private key of service accounts, which all control planes share")
	fs.StringVar(&o.owner, "owner", "", "`user:group` to give the files to, names or numbers")
	fs.BoolVar(&o.check, "check", false, "only look at what is there, also if kubeadm or Heat's scripts made it")
	fs.BoolVar(&o.renew, "renew", false, "also renew what a CA of before signed: once all nodes trust the new one")
	fs.BoolVar(&o.finish, "finish", false, "give up the CAs of before: once all nodes have renewed")
	fs.StringVarP(&o.output, "output", "o", "", "json or yaml")
}

func (o *nodeCertsOptions) run(cmd *cobra.Command, p *program, args []string) error {
	if err := noEmptyFlags(cmd.Flags()); err != nil {
		return err
	}
	cluster, err := o.cluster.name(cmd, args)
	if err != nil {
		return err
	}
	if err := checkOutput(o.output, ""); err != nil {
		return err
	}
	node, err := o.node()
	if err != nil {
		return err
	}
	root := o.root
	if !filepath.IsAbs(root) {
		root = filepath.Join(p.workDir, root)
	}
	root = filepath.Clean(root)
	owner, err := parseOwner(o.owner)
	if err != nil {
		return err
	}
	if o.check {
		return o.inspect(cmd, p, plugin.NodeCheckRequest{Cluster: cluster, Node: node, Root: root, Owner: owner})
	}
	request := plugin.NodeCertsRequest{Cluster: cluster, Node: node, Root: root, Owner: owner, Renew: o.renew, Finish: o.finish}
	if o.saKey != "" {
		if request.ServiceAccountKey, err = p.readSAKey(o.saKey); err != nil {
			return &saKeyError{file: o.saKey, err: err}
		}
	}
	return p.useCase(cmd.Context(), o.cloud, cacheOptions{}, func(pl *plugin.Plugin, progress *progress) error {
		request.Report = func(result *plugin.NodeCertsResult) error {
			progress.end()
			return p.printNodeCerts(result, node, o.output)
		}
		_, err := pl.NodeCerts(cmd.Context(), request)
		return err
	})
}

// node reads the flags that say which node it is. The rest of them is checked
// once the API server is known.
func (o *nodeCertsOptions) node() (nodecert.Node, error) {
	n := nodecert.Node{Name: o.name, Server: o.server}
	switch {
	case o.name == "":
		return n, usagef("name the node: --node-name NAME")
	case o.role == "":
		return n, usagef("say what the node does: --role control-plane or --role worker")
	case o.check && (o.renew || o.finish || o.saKey != ""):
		return n, usagef("--check changes nothing: it goes without --renew, --finish and --sa-key")
	}
	var err error
	if n.Role, err = nodecert.ParseRole(o.role); err != nil {
		return n, err
	}
	if n.Role == nodecert.Worker && o.saKey != "" {
		return n, usagef("--sa-key is for control planes: workers have no part in it")
	}
	if n.Role == nodecert.ControlPlane && len(o.ips) == 0 && !o.check {
		return n, usagef("name the address that others reach this control plane by: --ip ADDRESS")
	}
	for _, text := range o.ips {
		ip, err := netip.ParseAddr(text)
		if err != nil {
			return n, usagef("--ip %q is not an IP address", text)
		}
		n.IPs = append(n.IPs, ip.Unmap())
	}
	for _, text := range o.sans {
		if ip, err := netip.ParseAddr(text); err == nil {
			n.IPs = append(n.IPs, ip.Unmap())
		} else {
			n.DNSNames = append(n.DNSNames, text)
		}
	}
	for _, text := range o.services {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return n, usagef("--service-cidr %q is not a network such as 10.254.0.0/16", text)
		}
		n.Services = append(n.Services, network)
	}
	return n, nil
}

// parseOwner reads user:group, each a name of this machine or a number.
func parseOwner(text string) (nodecert.Owner, error) {
	if text == "" {
		return nodecert.Owner{}, nil
	}
	name, group, ok := strings.Cut(text, ":")
	if !ok || name == "" || group == "" {
		return nodecert.Owner{}, usagef("--owner is %q; it is user:group", text)
	}
	uid, err := strconv.ParseUint(name, 10, 31)
	if err != nil {
		u, lookup := user.Lookup(name)
		if lookup != nil {
			return nodecert.Owner{}, usagef("--owner: there is no user %q here", name)
		}
		uid, err = strconv.ParseUint(u.Uid, 10, 31)
	}
	if err != nil {
		return nodecert.Owner{}, fmt.Errorf("--owner: user %q: %w", name, err)
	}
	gid, err := strconv.ParseUint(group, 10, 31)
	if err != nil {
		g, lookup := user.LookupGroup(group)
		if lookup != nil {
			return nodecert.Owner{}, usagef("--owner: there is no group %q here", group)
		}
		gid, err = strconv.ParseUint(g.Gid, 10, 31)
	}
	if err != nil {
		return nodecert.Owner{}, fmt.Errorf("--owner: group %q: %w", group, err)
	}
	return nodecert.Owner{Set: true, UID: int(uid), GID: int(gid)}, nil
}

// saKeyError is what is wrong with the key of service accounts, or its file.
type saKeyError struct {
	file string
	err  error
}

func (e *saKeyError) Error() string {
	return fmt.Sprintf("the key of service accounts %q: %v", e.file, e.err)
}
func (e *saKeyError) Unwrap() error { return e.err }

func (p *program) readSAKey(file string) ([]byte, error) {
	data, err := p.readCSR(file)
	if err != nil {
		return nil, err
	}
	return nodecert.ParseServiceAccountKey(data)
}
