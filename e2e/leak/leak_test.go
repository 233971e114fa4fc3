// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/leak"
)

func TestFindsTheKeyInEveryForm(t *testing.T) {
	key, pemText := newKey(t)
	scalar, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	record := func(data []byte) string { // as a cached record would be
		text, err := json.Marshal(map[string]string{"key": base64.RawURLEncoding.EncodeToString(data)})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	hidden := map[string]string{
		"DER":                    "junk" + string(sec1) + "junk",
		"hex":                    "d=" + hex.EncodeToString(scalar) + ";",
		"upper-case hex":         strings.ToUpper(hex.EncodeToString(scalar)),
		"hex dump":               fmt.Sprintf("% x", scalar),
		"PEM":                    pemText,
		"SEC 1 PEM":              string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})),
		"PEM in JSON":            fmt.Sprintf("%q", pemText),
		"PEM in base64":          "client-key-data: " + base64.StdEncoding.EncodeToString([]byte(pemText)),
		"a logged slice":         fmt.Sprintf("%v", scalar),
		"a logged big.Int":       fmt.Sprint(key.D), //nolint:staticcheck // what a careless log would do
		"a record":               record(scalar),
		"a record, shifted by 1": record(append([]byte{1}, scalar...)),
		"a record, shifted by 2": record(append([]byte{1, 2}, append(scalar, 3)...)),
	}
	needle := parse(t, pemText)
	for name, data := range hidden {
		if len(needle.In([]byte(data))) == 0 {
			t.Errorf("not found: %s", name)
		}
	}
	_, other := newKey(t)
	if found := needle.In([]byte(other)); len(found) > 0 {
		t.Errorf("another key is taken for this one: %v", found)
	}
}

func TestFindsTheCertificateInEveryForm(t *testing.T) {
	der, pemText := newCertificate(t)
	hidden := map[string]string{
		"DER":                   "junk" + string(der) + "junk",
		"hex":                   hex.EncodeToString(der),
		"hex dump":              fmt.Sprintf("% X", der),
		"PEM":                   pemText,
		"PEM in JSON":           fmt.Sprintf("%q", pemText),
		"PEM in base64":         "client-certificate-data: " + base64.StdEncoding.EncodeToString([]byte(pemText)),
		"base64":                base64.StdEncoding.EncodeToString(der),
		"base64url, shifted":    base64.RawURLEncoding.EncodeToString(append([]byte{1}, der...)),
		"base64url, shifted on": base64.RawURLEncoding.EncodeToString(append([]byte{1, 2}, append(der, 3)...)),
	}
	needle, err := leak.ParseCertificate(pemText)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range hidden {
		if len(needle.In([]byte(data))) == 0 {
			t.Errorf("not found: %s", name)
		}
	}
	_, other := newCertificate(t)
	if found := needle.In([]byte(other)); len(found) > 0 {
		t.Errorf("another certificate is taken for this one: %v", found)
	}
}

func TestSearchNamesTheFile(t *testing.T) {
	_, pemText := newKey(t)
	_, other := newKey(t)
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("clean", "-----BEGIN CERTIFICATE-----")
	tree, err := parse(t, pemText).Search(dir)
	if err != nil || tree.Files != 1 || len(tree.Found) != 0 {
		t.Fatalf("a clean directory: got %+v, %v", tree, err)
	}
	write("this", pemText)
	write("other", other)
	tree, err = parse(t, pemText).Search(dir)
	if err != nil || len(tree.Found) != 2 {
		t.Errorf("two files with keys: got %+v, %v", tree.Found, err)
	}
	for _, line := range tree.Found {
		if len(parse(t, pemText).In([]byte(line))) > 0 {
			t.Error("the report holds the key")
		}
	}
}

func TestWatchSeesArgumentsAndEnvironment(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("without /proc")
	}
	_, pemText := newKey(t)
	for name, cmd := range map[string]*exec.Cmd{
		"argument":    exec.Command("/bin/sh", "-c", "read line", "sh", pemText),
		"environment": exec.Command("/bin/sh", "-c", "read line"),
	} {
		if name == "environment" {
			cmd.Env = []string{"KEY=" + pemText}
		}
		w := leak.StartWatch()
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		waitUntilExecuted(t, cmd)
		w.Stop()
		if len(w.Found(parse(t, pemText))) == 0 {
			t.Errorf("%s: not found in %d processes", name, w.Processes())
		}
		if !w.Saw("sh", "read line") {
			t.Errorf("%s: the shell was not seen", name)
		}
		if err := stdin.Close(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // read fails at the end of its input
	}
}

// waitUntilExecuted waits until a watch had a chance to see cmd: a watch of its
// own sees it.
func waitUntilExecuted(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for ctx.Err() == nil {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte("read line")) {
			return
		}
	}
}

func newCertificate(t *testing.T) (der []byte, pemText string) {
	t.Helper()
	key, _ := newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func newKey(t *testing.T) (*ecdsa.PrivateKey, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func parse(t *testing.T, text string) leak.Key {
	t.Helper()
	key, err := leak.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
