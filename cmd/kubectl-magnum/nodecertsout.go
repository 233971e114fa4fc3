// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/nodecert"
)

// nodeCertsInfo is what -o prints of a run of node-certs.
type nodeCertsInfo struct {
	Cluster         string       `json:"cluster"`
	Node            string       `json:"node"`
	Role            string       `json:"role"`
	Signed          int          `json:"signed"`
	Changes         []changeInfo `json:"changes"`
	Restart         []string     `json:"restart"`
	CutShort        bool         `json:"cut_short,omitempty"`   // a run before
	PKIMounted      bool         `json:"pki_mounted,omitempty"` // by containers, as it was before
	OldCAs          int          `json:"old_cas"`
	OldCertificates []string     `json:"old_certificates"`
	CANotAfter      time.Time    `json:"ca_not_after"`
	Warnings        []string     `json:"warnings"`
}

type changeInfo struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

func (p *program) printNodeCerts(r *plugin.NodeCertsResult, n nodecert.Node, output string) error {
	info := nodeCertsInfo{
		Cluster: escape(r.Cluster), Node: n.Name, Role: string(n.Role), Signed: r.Signed, Changes: []changeInfo{}, Warnings: []string{},
		Restart: escapeAll(r.Restart), CutShort: r.CutShort, PKIMounted: r.PKIMounted, OldCAs: r.OldCAs, OldCertificates: escapeAll(r.OldCertificates), CANotAfter: r.CANotAfter.UTC(),
	}
	for _, c := range r.Changes {
		info.Changes = append(info.Changes, changeInfo{escape(c.Path), escape(c.Why)})
	}
	for _, warning := range r.Warnings {
		info.Warnings = append(info.Warnings, escape(warning.Error()))
	}
	out, ok, err := encode(info, output)
	if err != nil {
		return err
	}
	if !ok {
		out = []byte(nodeCertsText(info))
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(p.streams.ErrOut, "kubectl-magnum: warning: %s\n", escape(warning.Error()))
		for _, hint := range adviseNode(warning) {
			p.hint(hint)
		}
	}
	_, err = p.streams.Out.Write(out)
	return err
}

func nodeCertsText(r nodeCertsInfo) string {
	var out strings.Builder
	if len(r.Changes) == 0 {
		fmt.Fprintf(&out, "Node %q of cluster %q has all it should have.\n", r.Node, r.Cluster)
	} else {
		fmt.Fprintf(&out, "Node %q of cluster %q: %d certificates were signed, and written were\n", r.Node, r.Cluster, r.Signed)
		table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		for _, c := range r.Changes {
			fmt.Fprintf(table, "  %s\t%s\n", c.Path, c.Why)
		}
		_ = table.Flush() // to a strings.Builder
	}
	if len(r.Restart) > 0 {
		fmt.Fprintf(&out, "To be restarted: %s.\n", strings.Join(r.Restart, ", "))
	}
	if r.CutShort {
		fmt.Fprintln(&out, "That counts what a run before may have changed, which was cut short.")
	}
	if r.PKIMounted {
		fmt.Fprintln(&out, "Containers have pki mounted as it was before, and go on to see that until they are started again.")
	}
	switch {
	case len(r.OldCertificates) > 0:
		fmt.Fprintf(&out, "Magnum has a new CA, and %d certificates are from the one before. When every node has got so far: --renew.\n", len(r.OldCertificates))
	case r.OldCAs > 0:
		fmt.Fprintln(&out, "The CA of before is trusted still. When every node has got so far: --finish.")
	}
	return out.String()
}

// nodeCheckInfo is what -o prints of node-certs --check.
type nodeCheckInfo struct {
	Cluster  string        `json:"cluster"`
	Node     string        `json:"node"`
	Layout   string        `json:"layout"`
	MagnumCA string        `json:"magnum_ca,omitempty"` // SHA-256; empty: Magnum was not asked
	Offline  string        `json:"offline,omitempty"`   // why not
	OK       bool          `json:"ok"`
	Files    []checkedInfo `json:"files"`
}

type checkedInfo struct {
	Path     string   `json:"path"`
	Subject  string   `json:"subject,omitempty"`
	NotAfter string   `json:"not_after,omitempty"`
	SHA256   []string `json:"sha256"`
	Problems []string `json:"problems"`
}

// problemsError is how node-certs --check ends if it found some.
type problemsError struct {
	cluster   string
	files, of int
	found     *nodecert.Inspection
}

func (e *problemsError) Error() string {
	return fmt.Sprintf("%d of %d files have problems", e.files, e.of)
}

func (o *nodeCertsOptions) inspect(cmd *cobra.Command, p *program, r plugin.NodeCheckRequest) error {
	var result *plugin.NodeCheckResult
	err := p.useCase(cmd.Context(), o.cloud, cacheOptions{}, func(pl *plugin.Plugin, _ *progress) (err error) {
		result, err = pl.CheckNodeCerts(cmd.Context(), r)
		return err
	})
	if err != nil {
		return err
	}
	info := newNodeCheckInfo(result, r.Node.Name)
	out, ok, err := encode(info, o.output)
	if err != nil {
		return err
	}
	if !ok {
		out = []byte(nodeCheckText(info))
	}
	if _, err := p.streams.Out.Write(out); err != nil {
		return err
	}
	if !info.OK {
		return &problemsError{r.Cluster, result.Problems(), len(result.Files), result.Inspection}
	}
	return nil
}

func newNodeCheckInfo(r *plugin.NodeCheckResult, node string) nodeCheckInfo {
	info := nodeCheckInfo{
		Cluster: escape(r.Cluster), Node: escape(node), Layout: string(r.Layout), MagnumCA: fingerprint(r.CA),
		OK: r.Problems() == 0, Files: []checkedInfo{},
	}
	if r.Offline != nil {
		info.Offline = escape(r.Offline.Error())
	}
	for _, f := range r.Files {
		c := checkedInfo{Path: f.Path, SHA256: fingerprintsOf(f.Certificates), Problems: escapeAll(f.Problems)}
		if len(f.Certificates) > 0 {
			c.Subject = escape(f.Certificates[0].Subject.String())
			c.NotAfter = day(f.Certificates[0].NotAfter)
		}
		info.Files = append(info.Files, c)
	}
	return info
}

func nodeCheckText(info nodeCheckInfo) string {
	var out strings.Builder
	if info.Offline != "" {
		fmt.Fprintf(&out, "Checked by the CAs on the node, as Magnum was not asked: %s.\n", info.Offline)
	} else {
		fmt.Fprintf(&out, "Checked by Magnum's CAs, that of Kubernetes being SHA-256 %s.\n", info.MagnumCA)
	}
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FILE\tSUBJECT\tUNTIL\tFOUND")
	for _, f := range info.Files {
		found := "ok"
		if len(f.Problems) > 0 {
			found = strings.Join(f.Problems, "; ")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.Path, f.Subject, f.NotAfter, found)
	}
	_ = table.Flush() // to a strings.Builder
	return out.String()
}
