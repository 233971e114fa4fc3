// SPDX-License-Identifier: Apache-2.0

package wallets_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
)

// keepassxcDatabase shows its root group as a collection: KeePassXC keeps that
// setting in the database.
const keepassxcDatabase = `<?xml version="1.0" encoding="UTF-8"?>
<KeePassFile>
  <Meta><CustomData><Item>
    <Key>FDO_SECRETS_EXPOSED_GROUP</Key>
    <Value>{00000000-0000-0000-0000-000000000001}</Value>
  </Item></CustomData></Meta>
  <Root><Group><UUID>AAAAAAAAAAAAAAAAAAAAAQ==</UUID><Name>e2e</Name></Group></Root>
</KeePassFile>
`

const keepassxcPassword = "pw"

// keepassxcConfig saves nothing: KeePassXC 2.7.4 crashes now and then when it
// saves each of many changes in the same second, and the contract needs many.
const keepassxcConfig = `[General]
ConfigVersion=2
AutoSaveAfterEveryChange=false

[FdoSecrets]
Enabled=true
ConfirmAccessItem=%t
`

// openKeePassXC gives the user a KeePassXC with an open database. With confirm,
// its default, it asks before it gives a secret to a program.
func openKeePassXC(t *testing.T, display string, confirm bool) *env.Env {
	t.Helper()
	e := startKeePassXC(t, display, confirm, keepassxcPassword)
	collection := connect(t, e).Object(secretsName, "/org/freedesktop/secrets/collection/e2e")
	for deadline := time.After(within); ; {
		locked, err := collection.GetProperty("org.freedesktop.Secret.Collection.Locked")
		if err == nil && locked.Value() == false {
			return e
		}
		select {
		case <-deadline:
			t.Fatalf("KeePassXC opens no database: %v, %v", locked, err)
		case <-time.After(poll):
		}
	}
}

// startKeePassXC gives the user a KeePassXC with a database, which is closed
// unless its password is given.
func startKeePassXC(t *testing.T, display string, confirm bool, password ...any) *env.Env {
	t.Helper()
	requirePrograms(t, "dbus-daemon", "keepassxc")
	e := newSession(t)
	e.Setenv("DISPLAY", display)
	files := map[string]string{
		"e2e.xml":       keepassxcDatabase,
		"keepassxc.ini": fmt.Sprintf(keepassxcConfig, confirm),
		"local.ini":     "",
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(e.Home, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cli(t, e.Home, strings.Repeat(keepassxcPassword+"\n", 2), "import", "--set-password", "e2e.xml", "e2e.kdbx")
	start(t, e, secretsName, "keepassxc", "--config", "keepassxc.ini", "--localconfig", "local.ini")
	// With --pw-stdin, 2.7.10 crashes while it opens its window.
	window := connect(t, e).Object("org.keepassxc.KeePassXC.MainWindow", "/keepassxc")
	call(t, window, "org.keepassxc.KeePassXC.MainWindow.openDatabase", append([]any{filepath.Join(e.Home, "e2e.kdbx")}, password...))
	return e
}

// cli runs keepassxc-cli in a directory that is its home and returns what it
// said.
func cli(t *testing.T, home, input string, args ...string) string {
	t.Helper()
	requirePrograms(t, "keepassxc-cli")
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	cmd := exec.CommandContext(ctx, "keepassxc-cli", args...)
	cmd.Dir, cmd.Env = home, []string{"HOME=" + home, "TMPDIR=" + home}
	cmd.Stdin = strings.NewReader(input)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("keepassxc-cli %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

func TestKeePassXCThatConfirmsAccessIsLocked(t *testing.T) {
	e := openKeePassXC(t, startDisplay(t), true)
	// It lets anyone put what is new.
	if err := put.on(t.Context(), patient()); err != nil {
		t.Fatal(err)
	}
	wantLocked(t, e, get, put, erase)
}

// A KeePassXC before 2.7.6 opens a dialog for a process that replaces the record
// of an earlier one (keepassxreboot/keepassxc#9255). We change it.
func TestKeePassXCLetsALaterProcessChangeTheRecord(t *testing.T) {
	e := openKeePassXC(t, startDisplay(t), false)
	if err := patient().Put(t.Context(), "k", []byte("before"), time.Hour); err != nil {
		t.Fatal(err)
	}
	leave(t)
	w := newWitness(t, e)
	if err := patient().Put(t.Context(), "k", []byte("after"), time.Hour); err != nil {
		t.Errorf("Put: %v", err)
	}
	if n := w.questions(t); n != 0 {
		t.Errorf("Put asked the user, in %d calls", n)
	}
	if got, err := patient().Get(t.Context(), "k"); err != nil || string(got) != "after" {
		t.Errorf("Get = %q, %v", got, err)
	}
}

// KeePassXC does not say whether it would ask before it deletes. Where nobody
// may be asked, records stay in it.
func TestKeePassXCDeletesNothingWhereItMayNotAsk(t *testing.T) {
	e := openKeePassXC(t, startDisplay(t), false)
	if err := put.on(t.Context(), patient()); err != nil {
		t.Fatal(err)
	}
	wantLocked(t, e, erase)
	for _, o := range []operation{get, erase} {
		if err := o.on(t.Context(), insistent()); err != nil {
			t.Errorf("%s: %v", o.name, err)
		}
	}
}

// By default KeePassXC opens a dialog when items are searched for while no
// database is open. So nothing is.
func TestKeePassXCThatIsClosedIsLocked(t *testing.T) {
	e := startKeePassXC(t, startDisplay(t), false)
	wantLocked(t, e, get, put, erase)
}

// KeePassXC puts in the place of a placeholder what it stands for, and does not
// store a reference to another entry. A record has no such thing: it is JSON,
// with a quote after each opening brace.
func TestKeePassXCChangesPlaceholders(t *testing.T) {
	openKeePassXC(t, startDisplay(t), false)
	for _, data := range []string{"{TITLE}", "{REF:P@I:00000000000000000000000000000001}"} {
		err := patient().Put(t.Context(), "k", []byte(data), time.Hour)
		if got, _ := patient().Get(t.Context(), "k"); err == nil && bytes.Equal(got, []byte(data)) {
			t.Errorf("Get = %q: KeePassXC has learned to keep it", got)
		}
	}
}
