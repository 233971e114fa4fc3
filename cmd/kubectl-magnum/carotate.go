// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
)

const caRotateHelp = `Have Magnum replace the CAs of a cluster, and see it through.

Magnum replaces its own CA before it asks the cluster's driver, and nothing
undoes that. A cluster whose driver cannot rotate is therefore refused here.

Afterwards contexts of kubectl magnum go on working. Any other kubeconfig of the
cluster is dead, and so are its service accounts' tokens: restart what uses them.`

// errNotConfirmed is a no.
var errNotConfirmed = errors.New("nothing was changed")

// rotateOptions are the flags of ca-rotate.
type rotateOptions struct {
	cloud   openstack.Options
	cache   cacheOptions
	cluster oneCluster
	assume  string
	yes     bool
	wait    bool
	noWait  bool
	timeout time.Duration
	output  string
}

func newCARotateCommand(p *program) *cobra.Command {
	o := &rotateOptions{}
	cmd := &cobra.Command{
		Use:   "ca-rotate [CLUSTER]",
		Short: "Replace the CAs of a cluster",
		Long:  caRotateHelp,
		Example: `  kubectl magnum ca-rotate prod
  kubectl magnum ca-rotate --cluster prod --yes --wait`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, p, args) },
	}
	fs := cmd.Flags()
	addLoginFlags(fs, &o.cloud)
	o.cluster.addFlag(fs)
	o.cache.addFlag(fs)
	fs.BoolVar(&o.yes, "yes", false, "do not ask")
	fs.BoolVar(&o.wait, "wait", false, "wait for the end (default on a terminal)")
	fs.BoolVar(&o.noWait, "no-wait", false, "do not wait for the end")
	fs.DurationVar(&o.timeout, "timeout", time.Hour, "wait so long at the most")
	fs.StringVar(&o.assume, "assume-driver-rotates", "", "`name` of the cluster again, if you know that its driver can rotate; if it cannot, the cluster is lost")
	fs.StringVarP(&o.output, "output", "o", "", "json or yaml")
	return cmd
}

func (o *rotateOptions) run(cmd *cobra.Command, p *program, args []string) error {
	cluster, err := o.check(cmd, p, args)
	if err != nil {
		return err
	}
	var result *plugin.RotateResult
	err = p.useCase(cmd.Context(), o.cloud, o.cache, func(pl *plugin.Plugin, pr *progress) (err error) {
		result, err = pl.Rotate(cmd.Context(), plugin.RotateRequest{
			Cluster: cluster, AssumeDriver: o.assume, Wait: o.waits(p), Timeout: o.timeout,
			Say: func(line string) { pr.say(p.streams.ErrOut, line) },
			Confirm: func(plan plugin.RotatePlan) error {
				return pr.aside(func() error { return p.confirmRotation(plan, o.yes) })
			},
		})
		return err
	})
	if err != nil {
		return err
	}
	return p.printRotation(result, o.again(result), o.output)
}

func (o *rotateOptions) waits(p *program) bool { return o.wait || p.errTerminal && !o.noWait }

// check reads flags and arguments, or says what is wrong with them.
func (o *rotateOptions) check(cmd *cobra.Command, p *program, args []string) (string, error) {
	if err := noEmptyFlags(cmd.Flags()); err != nil {
		return "", err
	}
	cluster, err := o.cluster.name(cmd, args)
	switch {
	case err != nil:
		return "", err
	case o.wait && o.noWait:
		return "", usagef("--wait goes not with --no-wait")
	case o.timeout <= 0:
		return "", usagef("--timeout is %s", o.timeout)
	case !o.yes && (!p.inTerminal || !p.errTerminal):
		return "", usagef("there is no terminal to ask on: --yes rotates the CAs of cluster %q without asking", cluster)
	}
	return cluster, checkOutput(o.output, "")
}

// confirmRotation shows what will break, and asks, unless that has been
// answered.
func (p *program) confirmRotation(plan plugin.RotatePlan, yes bool) error {
	out := p.streams.ErrOut
	line := func(format string, args ...any) { fmt.Fprintln(out, escape(fmt.Sprintf(format, args...))) }
	line("The CAs of cluster %q (%s) will be replaced; Magnum's for Kubernetes is SHA-256 %s, valid until %s.",
		plan.Name, plan.UUID, plan.CA, plan.CANotAfter.UTC().Format(time.DateOnly))
	line("- The nodes get new certificates, which takes minutes; API servers and kubelets restart.")
	line("- Every certificate of the old CA is refused afterwards, whoever has it, and every kubeconfig that has the old CA in it is dead.")
	line("- Tokens of service accounts end too: what runs in the cluster and uses one has to be restarted.")
	for _, file := range plan.Kubeconfigs {
		line("- The context in %s, if it is still there, heals by itself.", file)
	}
	if yes {
		return nil
	}
	return p.askYes("Rotate? Type yes: ")
}

// askYes asks on the terminal, and takes nothing but yes for one.
func (p *program) askYes(question string) error {
	fmt.Fprint(p.streams.ErrOut, question)
	answer, err := bufio.NewReader(io.LimitReader(p.streams.In, 1<<10)).ReadString('\n')
	if strings.TrimSpace(answer) != "yes" || err != nil && !errors.Is(err, io.EOF) {
		return errNotConfirmed
	}
	return nil
}

// rotationInfo is what -o prints of a rotation.
type rotationInfo struct {
	Cluster       string `json:"cluster"`
	UUID          string `json:"uuid"`
	Status        string `json:"status"`
	Complete      bool   `json:"complete"`
	CABefore      string `json:"ca_before"`      // SHA-256
	CA            string `json:"ca"`             // SHA-256
	OldCredential string `json:"old_credential"` // accepted, refused or unknown
	NewCredential string `json:"new_credential"`
	Resumed       bool   `json:"resumed"` // it was asked for by an earlier run
}

var verdicts = map[rotation.Verdict]string{rotation.NotShown: "unknown", rotation.Accepted: "accepted", rotation.Refused: "refused"}

// again is the command that sees a rotation to its end. It asks before it begins
// another one, should this one have ended by then.
func (o *rotateOptions) again(r *plugin.RotateResult) string {
	line := "kubectl magnum ca-rotate " + quoteArg(r.UUID) + " --wait"
	if o.cloud.Cloud != "" {
		line += " --os-cloud " + quoteArg(o.cloud.Cloud)
	}
	return line
}

func (p *program) printRotation(r *plugin.RotateResult, again, output string) error {
	info, ok, err := encode(rotationInfo{
		Cluster: escape(r.Name), UUID: r.UUID, Status: escape(r.Status), Complete: r.Complete,
		CABefore: r.Before, CA: r.Now, OldCredential: verdicts[r.Proof.Old], NewCredential: verdicts[r.Proof.New],
		Resumed: r.AlreadyStarted,
	}, output)
	if err != nil {
		return err
	}
	if !ok {
		info = []byte(rotationSummary(r, again))
	}
	switch {
	case r.Complete && r.Proof.New != rotation.Accepted:
		p.warn(fmt.Sprintf("the API server could not be asked whether it accepts the new CA: %v", r.Proof.Err))
	case r.Complete && r.Proof.Err != nil:
		p.warn(fmt.Sprintf("the API server could not be asked whether it refuses the old CA: %v", r.Proof.Err))
	}
	_, err = p.streams.Out.Write(info)
	return err
}

func rotationSummary(r *plugin.RotateResult, again string) string {
	var out strings.Builder
	line := func(format string, args ...any) {
		out.WriteString(escape(fmt.Sprintf(format, args...)) + "\n")
	}
	if !r.Complete {
		line("The CA of cluster %q is being rotated: it is %s. Magnum has SHA-256 %s now, and had %s.", r.Name, r.Status, r.Now, r.Before)
		line("To wait for the end and see it proved: %s", again)
		return out.String()
	}
	line("The CA of cluster %q was rotated: SHA-256 %s before, %s now.", r.Name, r.Before, r.Now)
	switch {
	case r.Proof.New == rotation.Accepted && r.Proof.Old == rotation.Refused:
		line("Proved on the API server: the old credential is refused, and the new one is accepted.")
	case r.Proof.New == rotation.Accepted && r.Proof.Err == nil:
		line("Proved on the API server: the new credential is accepted. There was no old one left to try.")
	case r.Proof.New == rotation.Accepted:
		line("Proved on the API server: the new credential is accepted.")
	}
	return out.String()
}
