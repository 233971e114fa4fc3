// SPDX-License-Identifier: Apache-2.0

package tokenauth

import (
	"strings"
	"time"
)

// changesWithoutDroppingConnections has a program that runs for long see three
// tokens end: unlike a new certificate, a new token is no reason for client-go to
// break its connections.
func (u *user) changesWithoutDroppingConnections() {
	u.t.Helper()
	const life, tokens = 10 * time.Second, 3
	u.o.SetTokenLife(u.t, life)
	u.kubectl("magnum", "logout", u.o.Cluster)
	var said strings.Builder
	asked := u.asked(func() {
		cmd := u.Command(u.t.Context(), "client", "watch")
		in, err := cmd.StdinPipe()
		if err != nil {
			u.t.Fatal(err)
		}
		cmd.Stdout = &said
		if err := cmd.Start(); err != nil {
			u.t.Fatal(err)
		}
		u.idles(tokens * life)
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			u.t.Errorf("client watch: %v", err)
		}
	})
	u.o.SetTokenLife(u.t, time.Hour)
	text := said.String()
	if n := strings.Count(text, "connect "); n != 1 || strings.Contains(text, "error") {
		u.t.Errorf("it made %d connections:\n%s", n, text)
	}
	if lists := strings.Count(text, "list ok"); lists < int(tokens*life/time.Second)/2 {
		u.t.Errorf("it asked %d times", lists)
	}
	if len(asked) < tokens || len(asked) > tokens+2 {
		u.t.Errorf("OpenStack was asked %q, want a token each %s", asked, life*9/10)
	}
}
