// SPDX-License-Identifier: Apache-2.0

// Package shortlived tests `config --short-lived` on a real API server whose
// certificates a real controller manager signs: who kubectl is, what the first
// credential and each call cost, what is left behind, and what becomes of it when
// the CA is rotated or nobody signs. Like package mainjob it is a function, because
// the same is done on a real Magnum. No API stability promise.
package shortlived

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/rotation"
)

// Programs are what it is done with.
type Programs struct {
	rotation.Programs
	ControllerManager string
}

// Build builds the programs or finds them, once in a process; see package
// binaries.
func Build(t testing.TB) Programs {
	t.Helper()
	return Programs{Programs: rotation.Build(t), ControllerManager: mainjob.BuildControllerManager(t)}
}

const (
	life  = 10 * time.Minute
	admin = "magnum:cluster-admins"
	// mostToBegin and mostToRenew are how many requests to the API server a
	// credential may cost, OpenStack's apart.
	mostToBegin, mostToRenew = 5, 4
)

// World is a cluster that signs, and a user.
type World struct {
	t *testing.T
	o rotation.OpenStack
	p Programs
	*env.Env
	api   *cluster.Cluster
	audit string // file
}

// New makes a cluster that signs, unless it shall not, and a user without a
// context.
func New(t *testing.T, o rotation.OpenStack, p Programs, signs bool) *World {
	t.Helper()
	require.Tool(t, "keyring", env.MissingKeyring())
	w := &World{t: t, o: o, p: p, audit: filepath.Join(t.TempDir(), "audit.log")}
	policy := filepath.Join(t.TempDir(), "policy.json")
	if err := os.WriteFile(policy, []byte(`{"apiVersion":"audit.k8s.io/v1","kind":"Policy","omitStages":["RequestReceived","ResponseStarted"],"rules":[{"level":"Metadata"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	w.api, err = cluster.Start(t.Context(), cluster.Options{
		Etcd: p.Etcd, APIServer: p.APIServer, CA: o.CurrentCA(t),
		Flags: []string{"--audit-policy-file=" + policy, "--audit-log-path=" + w.audit},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.api.Stop)
	if signs {
		w.sign()
	}
	o.SetAPIAddress(t, w.api.Server())
	w.Env, err = env.New(t.Context(), env.Options{
		Kubectl: p.Kubectl, Plugin: p.Plugin, CloudsYAML: o.CloudsYAML, Cloud: o.Cloud, Keyring: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// sign has the cluster's controller manager sign by the CA that Magnum has.
func (w *World) sign() {
	w.t.Helper()
	if err := w.api.StartSigner(w.p.ControllerManager, w.o.CurrentCA(w.t)); err != nil {
		w.t.Fatal(err)
	}
}

// Run does all of it that takes seconds.
func Run(t *testing.T, o rotation.OpenStack, p Programs) {
	w := New(t, o, p, false)
	w.isRefusedUnsigned()
	w.sign()
	w.asksFirst()
	w.begins()
	w.isWhoItSays()
	w.costsLittle()
	w.keepsOneRecord()
	w.viewersCannotRenew()
	w.healsAfterARotation()
}

// isRefusedUnsigned has config find out that nobody signs, before it writes.
func (w *World) isRefusedUnsigned() {
	w.t.Helper()
	start := time.Now()
	out := w.Run(w.t.Context(), "kubectl", "magnum", "config", w.o.Cluster, "--short-lived", "10m", "--yes")
	if out.Code != 1 || !strings.Contains(out.Stderr, "and not signed it in 8s") || !strings.Contains(out.Stderr, "hint: its controller manager lacks the CA's key") {
		w.t.Errorf("config on a cluster that does not sign: %d, %s", out.Code, out.Stderr)
	}
	if took := time.Since(start); took > 20*time.Second {
		w.t.Errorf("it took %s", took)
	}
	w.hasNoContext()
}

func (w *World) hasNoContext() {
	w.t.Helper()
	if _, err := os.Stat(filepath.Join(w.Home, ".kube", "config")); err == nil {
		w.t.Error("there is a kubeconfig")
	}
}

// asksFirst has nobody make a role binding unasked.
func (w *World) asksFirst() {
	w.t.Helper()
	out := w.Run(w.t.Context(), "kubectl", "magnum", "config", w.o.Cluster, "--short-lived", "10m")
	if out.Code != 2 || !strings.Contains(out.Stderr, "--yes makes the role binding") {
		w.t.Errorf("config without a terminal: %d, %s", out.Code, out.Stderr)
	}
	w.hasNoContext()
}

func (w *World) begins() {
	w.t.Helper()
	out := w.kubectl("magnum", "config", w.o.Cluster, "--short-lived", "10m", "--yes")
	if !strings.Contains(out.Stderr, admin) || !strings.Contains(out.Stdout, "It renews itself") {
		w.t.Errorf("config says %s%s", out.Stdout, out.Stderr)
	}
	again := w.kubectl("magnum", "config", w.o.Cluster, "--short-lived", "10m")
	if strings.Contains(again.Stderr, "ClusterRoleBinding") {
		w.t.Errorf("config again says %s", again.Stderr)
	}
}

func (w *World) isWhoItSays() {
	w.t.Helper()
	if out := w.kubectl("get", "ns"); !strings.Contains(out.Stdout, "kube-system") {
		w.t.Errorf("no namespaces: %s", out.Stdout)
	}
	if out := w.kubectl("auth", "can-i", "*", "*", "--all-namespaces"); strings.TrimSpace(out.Stdout) != "yes" {
		w.t.Errorf("it may not do all: %s", out.Stdout)
	}
	var review struct {
		Status struct {
			UserInfo struct {
				Username string
				Groups   []string
			}
		}
	}
	out := w.kubectl("auth", "whoami", "-o", "json")
	if err := json.Unmarshal([]byte(out.Stdout), &review); err != nil {
		w.t.Fatal(err)
	}
	if got := review.Status.UserInfo; got.Username != w.o.User || !slices.Equal(got.Groups, []string{admin, "system:authenticated"}) {
		w.t.Errorf("the API server sees %+v", got)
	}
	cert := w.Certificate()
	if left := time.Until(cert.NotAfter); left > life || left < life*2/3 {
		w.t.Errorf("it lives for another %s", left)
	}
}

// costsLittle counts what the first credential costs OpenStack and, by its audit
// log, the API server.
func (w *World) costsLittle() {
	w.t.Helper()
	w.kubectl("magnum", "logout", w.o.Cluster)
	before, asked := len(w.o.Requests(w.t)), len(w.Asked())
	w.kubectl("get", "ns")
	if got := w.o.Requests(w.t)[before:]; len(got) != 2 {
		w.t.Errorf("OpenStack was asked %q", got)
	}
	if got := w.Asked()[asked:]; len(got) > mostToBegin || len(got) < 3 {
		w.t.Errorf("the API server was asked %q", got)
	}
	before, asked = len(w.o.Requests(w.t)), len(w.Asked())
	w.kubectl("get", "ns")
	if got, more := w.o.Requests(w.t)[before:], w.Asked()[asked:]; len(got)+len(more) > 0 {
		w.t.Errorf("the call after it asked %q and %q", got, more)
	}
}

// keepsOneRecord looks into the keyring, and into every file, for what Magnum has
// signed in between.
func (w *World) keepsOneRecord() {
	w.t.Helper()
	var all []struct {
		Credentials []struct{ Signer, Store string }
	}
	out := w.kubectl("magnum", "status", w.o.Cluster, "-o", "json")
	if err := json.Unmarshal([]byte(out.Stdout), &all); err != nil {
		w.t.Fatal(err)
	}
	if len(all) != 1 || len(all[0].Credentials) != 1 || all[0].Credentials[0].Signer != "cluster" || all[0].Credentials[0].Store == "" {
		w.t.Errorf("status says %s", out.Stdout)
	}
	err := filepath.WalkDir(w.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && (bytes.Contains(data, []byte("PRIVATE KEY")) || bytes.Contains(data, []byte("system:masters"))) {
			w.t.Errorf("%s has a key, or a certificate of masters", path)
		}
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
}

// viewersCannotRenew is the README's recipe for a group that only looks.
func (w *World) viewersCannotRenew() {
	w.t.Helper()
	w.kubectl("create", "clusterrolebinding", "viewers", "--clusterrole=view", "--group=viewers")
	w.kubectl("magnum", "config", w.o.Cluster, "--short-lived", "10m", "--group", "viewers", "--context", "view")
	for question, want := range map[string]string{
		"get pods": "yes", "delete pods": "no", "get secrets": "no", "create certificatesigningrequests": "no",
		"approve signers.certificates.k8s.io/kubernetes.io/kube-apiserver-client": "no",
	} {
		out := w.Run(w.t.Context(), "kubectl", append([]string{"auth", "can-i"}, strings.Fields(question)...)...)
		if answer, _, _ := strings.Cut(out.Stdout, "\n"); answer != want {
			w.t.Errorf("can-i %s: %s%s", question, out.Stdout, out.Stderr)
		}
	}
	w.kubectl("config", "use-context", w.o.Cluster)
}

// healsAfterARotation by somebody else.
func (w *World) healsAfterARotation() {
	w.t.Helper()
	w.o.StartRotation(w.t)
	if err := w.api.Rotate(w.t.Context(), w.o.CurrentCA(w.t)); err != nil {
		w.t.Fatal(err)
	}
	w.sign()
	w.o.SetStatus(w.t, rotation.Complete)
	for range 2 { // as for other credentials: one command, or two within a lease
		if out := w.Run(w.t.Context(), "kubectl", "get", "ns"); out.Code == 0 {
			break
		}
	}
	if out := w.kubectl("get", "ns"); strings.Contains(out.Stderr, "kubectl-magnum") {
		w.t.Errorf("after the rotation it says: %s", out.Stderr)
	}
	block, _ := pem.Decode(w.o.CurrentCA(w.t).Certificate)
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.Certificate().CheckSignatureFrom(ca); err != nil {
		w.t.Errorf("its certificate is not by the new CA: %v", err)
	}
}

// Certificate is what kubectl would be given now.
func (w *World) Certificate() *x509.Certificate {
	w.t.Helper()
	c := w.Given()
	block, _ := pem.Decode([]byte(c.ClientCertificateData))
	if block == nil {
		w.t.Fatal("the credential is no certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		w.t.Fatal(err)
	}
	return cert
}

// Given is the credential that kubectl would be given now.
func (w *World) Given() env.Credential {
	w.t.Helper()
	c, err := w.Credential(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// Asked is what this program has asked the API server so far, by its audit log.
func (w *World) Asked() []string {
	w.t.Helper()
	time.Sleep(200 * time.Millisecond) // the log is a moment late
	data, err := os.ReadFile(w.audit)
	if err != nil {
		w.t.Fatal(err)
	}
	var asked []string
	for line := range strings.Lines(string(data)) {
		var event struct{ Verb, RequestURI, UserAgent string }
		if json.Unmarshal([]byte(line), &event) == nil && strings.HasPrefix(event.UserAgent, "kubectl-magnum") {
			asked = append(asked, event.Verb+" "+event.RequestURI)
		}
	}
	return asked
}

func (w *World) kubectl(args ...string) env.Output {
	w.t.Helper()
	out := w.Run(w.t.Context(), "kubectl", args...)
	if out.Code != 0 {
		w.t.Fatalf("kubectl %s: exit status %d\n%s%s", strings.Join(args, " "), out.Code, out.Stdout, out.Stderr)
	}
	return out
}
