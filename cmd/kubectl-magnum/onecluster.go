// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// oneCluster is the name of one cluster: an argument or, as the Magnum manual
// has it, --cluster NAME.
type oneCluster struct{ flag string }

func (o *oneCluster) addFlag(fs *pflag.FlagSet) {
	fs.StringVar(&o.flag, "cluster", "", "`name` of the cluster, in place of the argument")
}

// name takes whichever of the two was given, and refuses both and neither.
func (o *oneCluster) name(cmd *cobra.Command, args []string) (string, error) {
	switch {
	case len(args) > 1:
		return "", usagef("name one cluster, not %d", len(args))
	case len(args) == 1 && o.flag != "":
		return "", usagef("name the cluster once: as an argument or with --cluster")
	case len(args) == 1 && args[0] == "":
		return "", usagef("the name of the cluster is empty")
	case len(args) == 1:
		return args[0], nil
	case o.flag != "":
		return o.flag, nil
	}
	return "", usagef("name a cluster: %s CLUSTER", cmd.CommandPath())
}
