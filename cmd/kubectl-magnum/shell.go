// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// shellKind says how a shell is told to set a variable.
func shellKind(flag, env string) (string, error) {
	name := flag
	if name == "" {
		name = filepath.Base(env)
	}
	switch strings.TrimSuffix(name, ".exe") {
	case "csh", "tcsh":
		return "csh", nil
	case "fish":
		return "fish", nil
	case "powershell", "pwsh":
		return "powershell", nil
	case "sh", "bash", "zsh", "dash", "ksh":
		return "sh", nil
	}
	if flag != "" {
		return "", usagef("--shell is %q; it is sh, csh, fish or powershell", flag)
	}
	return "sh", nil
}

// checkExportable refuses a path that KUBECONFIG cannot name.
func checkExportable(path string) error {
	if strings.ContainsRune(path, filepath.ListSeparator) {
		return usagef("KUBECONFIG cannot name %q: %q separates its files", path, filepath.ListSeparator)
	}
	if strings.ContainsAny(path, "\n\r\x00") {
		return usagef("KUBECONFIG cannot name %q: it has a line break in it", path)
	}
	return nil
}

// exportLine is one line for the shell to eval that sets KUBECONFIG to path.
func exportLine(shell, path string) string {
	switch shell {
	case "csh":
		return "setenv KUBECONFIG " + quoteCsh(path)
	case "fish":
		return "set -gx KUBECONFIG '" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(path) + "'"
	case "powershell":
		// PowerShell takes typographic quotes for quotes too.
		return "$env:KUBECONFIG = '" + strings.NewReplacer("'", "''", "‘", "‘‘", "’", "’’", "‚", "‚‚", "‛", "‛‛").Replace(path) + "'"
	}
	return "export KUBECONFIG='" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// quoteCsh quotes for eval `...`: csh splits what backquotes give at blanks
// and joins it with single ones, and expands ! even inside quotes. Whatever is
// not harmless as it stands is therefore spelled out for printf.
func quoteCsh(path string) string {
	harmless := func(b byte) bool {
		return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("/._-+@,=", b) >= 0
	}
	var out strings.Builder
	plain := true
	for i := range len(path) {
		if b := path[i]; harmless(b) {
			out.WriteByte(b)
		} else {
			fmt.Fprintf(&out, `\%03o`, b)
			plain = false
		}
	}
	if plain {
		return "'" + path + "'"
	}
	return "\"`printf '" + out.String() + "'`\""
}
