// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/kubeconfig"
)

// printConfig tells what config did. Only what another program reads goes to
// stdout when there is such a thing; otherwise the answer itself does.
func (p *program) printConfig(r plugin.ConfigRequest, result *plugin.ConfigResult, shell string) error {
	for _, w := range result.Warnings {
		p.warn(w)
	}
	for _, c := range result.Clusters {
		if c.StoreErr != nil {
			p.warn(fmt.Sprintf("the key for cluster %q could not be kept (%v): each kubectl call will ask Magnum for a certificate", c.Name, c.StoreErr))
		}
	}
	var out []byte
	switch {
	case r.Dir != "":
		out = fmt.Appendln(nil, exportLine(shell, result.File))
	case r.Print:
		out = result.Kubeconfig
	default:
		out = []byte(summary(result, r.DryRun, r.MaxAge))
	}
	_, err := p.streams.Out.Write(out)
	return err
}

func (p *program) warn(text string) {
	fmt.Fprintf(p.streams.ErrOut, "kubectl-magnum: warning: %s\n", escape(text))
}

// summary is one line for each change of the kubeconfig and one for each
// certificate.
func summary(result *plugin.ConfigResult, dryRun bool, maxAge time.Duration) string {
	var out strings.Builder
	line := func(format string, args ...any) {
		out.WriteString(escape(fmt.Sprintf(format, args...)) + "\n")
	}
	for _, c := range result.Changes {
		if c.Action != kubeconfig.Keep {
			line("%s", changeLine(c, dryRun))
		}
	}
	if len(result.Changes) > 0 && out.Len() == 0 {
		line("The kubeconfig is as it should be.")
	}
	for _, c := range result.Clusters {
		if !c.NotAfter.IsZero() {
			line("Certificate for %q in %s: key kept for %s, never on disk; Magnum dates it until %s.",
				c.User, strings.Join(c.Groups, ", "), maxAge, c.NotAfter.UTC().Format(time.DateOnly))
		}
	}
	return out.String()
}

func changeLine(c kubeconfig.Change, dryRun bool) string {
	does := map[string]string{kubeconfig.Add: "Added", kubeconfig.Update: "Updated"}
	if dryRun {
		does = map[string]string{kubeconfig.Add: "Would add", kubeconfig.Update: "Would update"}
	}
	s := fmt.Sprintf("%s %s %q in %s.", does[c.Action], c.Kind, c.Name, c.File)
	if c.ShadowedBy != "" {
		s += fmt.Sprintf(" It has no effect: %s comes first in KUBECONFIG.", c.ShadowedBy)
	}
	return s
}
