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
			p.warnNotKept(c.StoreErr)
		}
	}
	var out []byte
	switch {
	case r.Dir != "":
		out = fmt.Appendln(nil, exportLine(shell, result.File))
	case r.Print:
		out = result.Kubeconfig
	default:
		out = []byte(summary(result, r))
	}
	_, err := p.streams.Out.Write(out)
	return err
}

func (p *program) warn(text string) {
	fmt.Fprintf(p.streams.ErrOut, "kubectl-magnum: warning: %s\n", escape(text))
}

// summary tells of each context and certificate, a line each.
func summary(result *plugin.ConfigResult, r plugin.ConfigRequest) string {
	var out strings.Builder
	line := func(format string, args ...any) {
		out.WriteString(escape(fmt.Sprintf(format, args...)) + "\n")
	}
	for _, c := range result.Clusters {
		line("%s", contextLine(c, result.Changes, r.DryRun))
		switch {
		case c.NotAfter.IsZero():
		case r.Token:
			line("%s", tokenKept(c))
		case c.ShortLived > 0:
			line("%s", shortLivedKept(c, r.MaxAge))
		default:
			line("%s Magnum made its certificate, for %q in %s, valid until %s.",
				whereKept(c, r.MaxAge), c.User, joined(c.Groups), c.NotAfter.UTC().Format(time.DateOnly))
		}
	}
	if len(result.Clusters) > 1 && !r.DryRun {
		line("The current context stays as it was; kubectl config use-context NAME chooses another.")
	}
	return out.String()
}

func joined(groups []string) string { return strings.Join(groups, ", ") }

func whereKept(c plugin.Configured, maxAge time.Duration) string {
	if c.StoreErr != nil || c.Store == "" {
		return "Its key is kept nowhere."
	}
	return fmt.Sprintf("Its key is in the %s for %s and in no file.", c.Store, formatAge(maxAge))
}

func tokenKept(c plugin.Configured) string {
	if c.StoreErr != nil || c.Store == "" {
		return "Its token is kept nowhere."
	}
	return fmt.Sprintf("Its token is in the %s and in no file, until shortly before it ends at %s.", c.Store, c.NotAfter.UTC().Format(time.RFC3339))
}

// contextLine says what became of one cluster's context.
func contextLine(c plugin.Configured, changes []kubeconfig.Change, dryRun bool) string {
	entry := kubeconfig.EntryName(c.Context, c.UUID)
	action, file, current := kubeconfig.Keep, "", false
	for _, change := range changes {
		switch {
		case change.Kind == kubeconfig.KindContext && change.Name == c.Context:
			file = change.File
			if change.Action == kubeconfig.Add || action == kubeconfig.Keep {
				action = change.Action
			}
		case change.Kind == kubeconfig.KindCurrentContext && change.Name == c.Context:
			current = change.Action != kubeconfig.Keep
		case change.Name == entry && change.Action != kubeconfig.Keep && action == kubeconfig.Keep:
			action = kubeconfig.Update
		}
	}
	said := map[string]string{kubeconfig.Add: "added to", kubeconfig.Update: "updated in", kubeconfig.Keep: "unchanged in"}
	if dryRun {
		said = map[string]string{kubeconfig.Add: "would be added to", kubeconfig.Update: "would be updated in", kubeconfig.Keep: "would stay as it is in"}
	}
	text := fmt.Sprintf("Context %q %s %s", c.Context, said[action], file)
	if current {
		text += map[bool]string{false: " and made the current one", true: " and would be the current one"}[dryRun]
	}
	return text + "."
}

// formatAge is d without zero units: 12h, not 12h0m0s.
func formatAge(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
