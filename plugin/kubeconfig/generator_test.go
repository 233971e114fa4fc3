// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"fmt"
	"strings"
)

// generator writes kubeconfigs in many styles. Each choice takes one byte;
// when they run out it chooses the first alternative.
type generator struct {
	choices []byte
	plain   bool // no flow collection that lines are added to
	names   int
}

func (g *generator) choose(n int) int {
	if len(g.choices) == 0 {
		return 0
	}
	c := int(g.choices[0]) % n
	g.choices = g.choices[1:]
	return c
}

func (g *generator) one(alternatives ...string) string {
	return alternatives[g.choose(len(alternatives))]
}

func (g *generator) kubeconfig() string {
	g.plain = true
	parts := []func() string{
		func() string { return g.one("apiVersion: v1\n", "apiVersion: \"v1\" # first\n") },
		func() string { return g.one("kind: Config\n", "'kind': Config\n") },
		func() string { return g.section("cluster") },
		func() string { return g.section("context") },
		func() string { return g.section("user") },
		func() string {
			return g.one("", "current-context: a # now\n", "current-context: \"\"\n", "current-context:\n")
		},
		func() string {
			return g.one("", "preferences: {}\n", "x-more: {a: [1, '2'], b: \"#\"} # more\n", "x-text: |+\n  text\n\n\n", "x-text: >-\n  a\n\n  b")
		},
	}
	out := g.one("", "---\n", "# head\n\n", "\ufeff# head\n")
	for turn := g.choose(len(parts)); len(parts) > 0; turn = g.choose(max(len(parts), 1)) {
		turn = min(turn, len(parts)-1)
		out += g.gap()
		if part := parts[turn](); part != "" {
			out += strings.TrimSuffix(part, "\n") + "\n"
		}
		parts = append(parts[:turn], parts[turn+1:]...)
	}
	out += g.gap()
	out = strings.TrimSuffix(out, g.one("", "\n"))
	return strings.ReplaceAll(out, "\n", g.one("\n", "\r\n"))
}

func (g *generator) gap() string {
	return g.one("", "\n", "# gap\n", "  # indented gap\n", "\n# gap\n\n", "      # deep gap\n", "   \n")
}

func (g *generator) section(kind string) string {
	switch g.choose(6) {
	case 1:
		return ""
	case 2:
		return kind + "s: " + g.one("[]", "null", "~", "", "[ ]", "[\n]", "[\n  # it's ]\n]") + g.one("", " # none") + "\n"
	case 3:
		g.plain = false
		return kind + "s: [" + g.one("{name: "+g.name()+"}", `{"name": "a,b]"}`, "\n  {name: '{', x: it's}, # one\n  ") + g.one("]", "] # end") + "\n"
	}
	margin := strings.Repeat(" ", g.choose(5))
	out := kind + "s:" + g.one("", " # all") + "\n"
	for range 1 + g.choose(3) {
		out += g.gap() + g.item(kind, margin)
	}
	return out
}

func (g *generator) name() string {
	g.names++
	return fmt.Sprintf(g.one("n%d", "'n %d'", "\"n\\t%d\"", "n#%d", "%d.x"), g.names)
}

func (g *generator) item(kind, margin string) string {
	dash := margin + "-" + g.one(" ", "   ", "\n"+margin+"  ")
	inner := margin + "  "
	if strings.HasSuffix(dash, "   ") && !strings.Contains(dash, "\n") {
		inner = margin + "    "
	}
	name := "name: " + g.name() + g.one("\n", " # name\n")
	switch g.choose(4) {
	case 1:
		return dash + name
	case 2:
		return dash + name + inner + kind + ": " + g.one("{}", "{x: 1}", "{x: [a, \"#\"],\n"+inner+"  y: 'it''s'}", "null", "") + "\n"
	case 3:
		return dash + kind + ":\n" + g.body(inner+"  ") + inner + name
	}
	return dash + name + inner + g.one("", "# in\n"+inner) + kind + ":\n" + g.body(inner+"  ")
}

func (g *generator) body(margin string) string {
	out := ""
	for i := range 1 + g.choose(3) {
		value := g.one("v", "\"q # q\"", "'s\n"+margin+"  t'", "|\n"+margin+"  a\n"+margin+"  # b", ">+\n"+margin+"  c\n\n",
			"|+\n"+margin+"  # d\n\n", "|\n"+margin+"    e\n"+margin+"    f", "plain\n"+margin+"  more", "[1,\n"+margin+"  2]", "\n"+margin+"- 1\n"+margin+"-\n"+margin+"  2", "&a v", "!!str 1", "")
		value = strings.ReplaceAll(value, "&a", fmt.Sprintf("&a%d%d", g.names, i))
		out += margin + fmt.Sprintf("x-%d: ", i) + value + g.one("\n", "\n"+margin+"# c\n")
	}
	return out
}

// decorate puts comments between the lines of a text and behind them.
func (g *generator) decorate(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		body := strings.TrimRight(line, "\r\n")
		indent := body[:len(body)-len(strings.TrimLeft(body, " "))]
		switch g.choose(5) {
		case 1:
			line = body + " # behind" + line[len(body):]
		case 2:
			line = indent + "# between" + line[len(body):] + line
		}
		out.WriteString(line)
	}
	return out.String()
}

func (g *generator) change(e *Entry) {
	switch g.choose(4) {
	case 0:
		e.Server, e.CAFile, e.Exec = "http://192.0.2.77", "", nil
	case 1:
		e.CAFile, e.CAData = "", []byte("PEM")
		e.Exec.Args = e.Exec.Args[:2]
	case 2:
		e.Exec.Args = append(e.Exec.Args, "--os-region-name=", "a: b#")
		e.Exec.Command, e.Exec.InstallHint = "/opt/kubectl-magnum", "two\nlines"
	case 3:
		e.Server, e.Exec.Args[2] = "https://[2001:db8::1]:6443", "yes"
	}
}
