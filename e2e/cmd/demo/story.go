// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/leak"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

// mostForConfig is what config of one cluster may cost in requests.
const mostForConfig = 5

// story is the demo while it is told. Each part returns what did not hold.
type story struct {
	ctx       context.Context
	openstack *magnumtest.Server
	keyring   bool // whether she has one
	user      *env.Env
	watch     *leak.Watch
	out       *screen
	said      strings.Builder // all that the user's commands printed
}

func (s *story) tell(noKeyring error) error {
	s.out.line("")
	s.out.title("Alice has a clouds.yaml, and a Magnum cluster called prod")
	s.out.line("kube-apiserver, etcd and kubectl are real and listen on loopback; Keystone and Magnum are")
	s.out.line("a double that checks passwords and really signs.")
	if noKeyring != nil {
		s.user.Setenv("KUBECTL_MAGNUM_CACHE", "none")
		s.out.line("There is no keyring to start here (%v),", noKeyring)
		s.out.line("so no key is kept: each kubectl call makes one and has a new certificate signed.")
	} else {
		s.out.line("The keyring is a gnome-keyring of her own, started for this demo.")
	}
	parts := []func() error{s.configure, s.use, s.searchForTheKey}
	if s.keyring {
		parts = append(parts, s.useWithoutOpenStack)
	}
	for _, part := range parts {
		s.out.line("")
		if err := part(); err != nil {
			return err
		}
	}
	s.out.line("")
	return nil
}

func (s *story) configure() error {
	if _, err := s.types("kubectl magnum config prod"); err != nil {
		return err
	}
	asked := len(s.openstack.Requests())
	if asked > mostForConfig {
		return fmt.Errorf("config asked Keystone and Magnum %d times, more than %d", asked, mostForConfig)
	}
	s.out.remark("Keystone and Magnum were asked %d times, signing included.", asked)
	return nil
}

// use shows plain kubectl at work.
func (s *story) use() error {
	before := len(s.openstack.Requests())
	namespaces, err := s.types("kubectl get ns")
	if err != nil {
		return err
	}
	s.out.line("")
	whoami, err := s.types("kubectl auth whoami")
	if err != nil {
		return err
	}
	if !strings.Contains(namespaces, "kube-system") {
		return errors.New("kubectl get ns does not list kube-system")
	}
	if !strings.Contains(whoami, "alice") || !strings.Contains(whoami, "system:masters") {
		return errors.New("the API server does not know alice in system:masters")
	}
	asked := len(s.openstack.Requests()) - before
	switch {
	case !s.keyring:
		s.out.remark("OpenStack was asked %d times: a token and a signature for each call.", asked)
	case asked > 0:
		return fmt.Errorf("kubectl after config asked Keystone and Magnum %d times", asked)
	default:
		s.out.remark("OpenStack was not asked at all: key and certificate came from the keyring.")
	}
	return nil
}

func (s *story) searchForTheKey() error {
	s.out.title("Where is Alice's private key?")
	credential, err := s.user.Credential(s.ctx)
	if err != nil {
		return err
	}
	key, err := leak.ParseKey(credential.ClientKeyData)
	if err != nil {
		return err
	}
	s.watch.Stop()
	tree, err := key.Search(s.user.Dir)
	if err != nil {
		return err
	}
	found := slices.Concat(tree.Found, s.watch.Found(key))
	if said := []byte(s.said.String()); len(key.In(said)) > 0 || leak.AnyKeyIn(said) {
		found = append(found, "what the commands printed")
	}
	s.out.line("Took the key that kubectl is given and looked for it, raw, in hex, base64, PEM and DER, and for any")
	s.out.line("other PEM key: in all %d files (%d kB) below her HOME, TMPDIR and XDG_RUNTIME_DIR, in all that was", tree.Files, (tree.Bytes+1023)/1024)
	s.out.line("printed, and in the arguments and environment of %d processes.", s.watch.Processes())
	if len(found) > 0 {
		return fmt.Errorf("the key is in:\n%s", strings.Join(found, "\n"))
	}
	if s.keyring {
		s.out.remark("It is in none of them; only the keyring has it, and its file is encrypted.")
	} else {
		s.out.remark("It is in none of them.")
	}
	return nil
}

func (s *story) useWithoutOpenStack() error {
	s.openstack.CloseKeystone()
	s.openstack.CloseMagnum()
	s.out.title("Now Keystone and Magnum are switched off")
	_, err := s.types("kubectl get ns")
	return err
}

// types runs a command as if Alice had typed it and returns what it printed on
// standard output.
func (s *story) types(command string) (string, error) {
	s.out.prompt(command)
	words := strings.Fields(command)
	got := s.user.Run(s.ctx, words[0], words[1:]...)
	s.said.WriteString(got.Stdout + got.Stderr)
	s.out.print(got.Stdout, got.Stderr)
	if got.Code != 0 {
		return "", fmt.Errorf("%s: exit status %d", command, got.Code)
	}
	return got.Stdout, nil
}
