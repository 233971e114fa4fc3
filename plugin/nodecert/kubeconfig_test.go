// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"strings"
	"testing"
)

const twoClusters = `apiVersion: v1
kind: Config
clusters:
- {name: prod, cluster: {server: "https://192.0.2.1:6443"}}
- {name: dev, cluster: {server: "https://192.0.2.2:6443"}}
users:
- {name: one, user: {client-key: one.key}}
- {name: two, user: {client-key: two.key}}
contexts:
- {name: one@prod, context: {cluster: prod, user: one}}
- {name: two@dev, context: {cluster: dev, user: two}}
current-context: two@dev
`

// What a client would use is looked at, and nothing if it would use nothing.
func TestParseCurrent(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct{ old, now, want string }{
		"as it is":         {"", "", ""},
		"no context":       {"current-context: two@dev", "", `its current context "" is missing`},
		"another context":  {"current-context: two@dev", "current-context: gone", `its current context "gone" is missing`},
		"another cluster":  {"cluster: dev, user", "cluster: gone, user", `its cluster "gone" is missing`},
		"another user":     {"user: two}", "user: gone}", `its user "gone" is missing`},
		"two of one name":  {"name: one,", "name: two,", `its user "two" is there 2 times`},
		"no YAML":          {"apiVersion", "\t", errKubeconfig.Error()},
		"not base64":       {"client-key: two.key", "client-key-data: '%'", "its client-key-data is not base64"},
		"another's damage": {"client-key: one.key", "client-key-data: '%'", ""},
	} {
		c, err := parseCurrent([]byte(strings.Replace(twoClusters, test.old, test.now, 1)))
		if err != nil {
			if err.Error() != test.want {
				t.Errorf("%s: %v", what, err)
			}
		} else if test.want != "" || c.server != "https://192.0.2.2:6443" || c.keyRef != "two.key" {
			t.Errorf("%s: %+v", what, c)
		}
	}
}
