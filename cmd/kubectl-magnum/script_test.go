// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
)

// Scripts run the real program, and a client built on client-go, against a
// Keystone and a Magnum that really sign and an API server that really checks.
func TestMain(m *testing.M) {
	// A program with the race detector in it sleeps for a second when it ends, in case
	// that what still runs has a race; here there are hundreds that nothing runs on in.
	if err := os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){
		"kubectl-magnum": func() {
			if dir := os.Getenv("TEST_STORE"); dir != "" {
				testOnlyStore = dirStore(dir)
			}
			testOnlyService = os.Getenv("TEST_SERVICE")
			testOnlyHome = os.Getenv("TEST_HOME")
			main()
		},
		"client":       client,
		"kubeconfigca": kubeconfigCA,
		"tokencmd":     tokenCommand,
	})
}

func TestScript(t *testing.T) {
	// Programs that are started while a signal is caught have it as the system does,
	// though somebody has the tests run by nohup.
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(hangup) })
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup:               setup,
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"requests": cmdRequests,
			"fault":    cmdFault,
			"signs":    cmdSigns,
			"cluster":  cmdCluster,
			"user":     cmdUser,
			"cloud":    cmdCloud,

			"credentials": cmdCredentials,
			"rotate":      cmdRotate,

			"apiserver":       cmdAPIServer,
			"idle":            cmdIdle,
			"nodes":           cmdNodes,
			"requested-not":   cmdRequestedNot,
			"patches":         cmdPatches,
			"asked":           cmdAsked,
			"strangerca":      cmdStrangerCA,
			"apicertificates": cmdAPICertificates,
			"apirequests":     cmdAPIRequests,
			"mode":            cmdMode,
			"endingca":        cmdEndingCA,
			"record":          cmdRecord,
			"kernelrecord":    cmdKernelRecord,
			"keyring":         cmdKeyring,
			"keys":            cmdKeys,
			"execinfo":        cmdExecInfo,
			"exitcode":        cmdExitCode,
			"replace":         cmdReplace,
			"await":           cmdAwait,
			"csr":             cmdCSR,
			"ca":              cmdCA,
			"issuedby":        cmdIssuedBy,
			"sakey":           cmdSAKey,
			"untouched":       cmdUntouched,
		},
	})
}

// setup gives each script a world of its own: a cloud, an API server of the
// cluster prod, a home with a clouds.yaml, and a store that outlives a process
// (there may be no keyring here; real ones are tested in e2e).
func setup(e *testscript.Env) error {
	w := newWorld()
	e.Defer(w.close)
	e.Values[worldKey{}] = w
	home := filepath.Join(e.WorkDir, "home")
	clouds := filepath.Join(home, ".config", "openstack", "clouds.yaml")
	if err := os.MkdirAll(filepath.Dir(clouds), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(clouds, w.cloud.CloudsYAML(), 0o600); err != nil {
		return err
	}
	for name, value := range map[string]string{
		"HOME":           home,
		"USERPROFILE":    home,
		"LOCALAPPDATA":   filepath.Join(home, "AppData", "Local"),
		"XDG_STATE_HOME": filepath.Join(home, "state"),
		"XDG_DATA_HOME":  filepath.Join(home, "data"),
		"TEST_STORE":     filepath.Join(e.WorkDir, "store"),
		"TEST_SERVICE":   testService(e.WorkDir),
		"TEST_HOME":      home,
		"KUBECONFIG":     filepath.Join(home, "kubeconfig"),
		"OS_CLOUD":       "alice",
		"SHELL":          "/bin/sh",
		"GORACE":         os.Getenv("GORACE"),
		"UUID":           w.cloud.ClusterUUID("prod"),
		"HEAD":           w.cloud.ClusterUUID("prod")[:8],
		"TWIN1":          w.cloud.ClusterUUIDs("twin")[0],
		"TWIN2":          w.cloud.ClusterUUIDs("twin")[1],
		"SERVER":         w.api.URL,
		"KEYSTONE":       w.cloud.KeystoneURL(),
		"MAGNUM":         w.cloud.MagnumURL(),
		"ALICE":          w.cloud.UserID("alice"),
		"BOB":            w.cloud.UserID("bob"),
		"DEMO":           w.cloud.ProjectID("demo"),
	} {
		e.Setenv(name, value)
	}
	return os.Mkdir(filepath.Join(e.WorkDir, "store"), 0o700)
}

// TestEveryHintIsShown keeps advice from being written that nobody sees: each
// hint stands in the expected output of some script.
func TestEveryHintIsShown(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, path := range scripts {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	shown := strings.NewReplacer(`\(`, `(`, `\)`, `)`, `\*`, `*`, `''`, `'`).Replace(all.String())
	for _, hint := range allHints(t) {
		if hint == hintState || hint == hintSlow || hint == hintAgain || hint == hintInProgress || hint == hintAccount {
			continue // TestHints
		}
		head, _, _ := strings.Cut(hint, "<")
		if !strings.Contains(shown, "hint: "+head) {
			t.Errorf("no script shows the hint %q", hint)
		}
	}
}

var _ plugin.ClearableStore = dirStore("")
