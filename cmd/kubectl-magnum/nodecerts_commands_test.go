// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdSAKey writes a key of service accounts: sakey sa.key, or, another one,
// sakey sa.key 1024.
func cmdSAKey(ts *testscript.TestScript, _ bool, args []string) {
	key := saKeyOnce()
	if len(args) > 1 {
		bits, err := strconv.Atoi(args[1])
		ts.Check(err)
		key, err = rsa.GenerateKey(rand.Reader, bits)
		ts.Check(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o600))
}

var saKeyOnce = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// cmdEndingCA writes a CA of a year that ends in a month: endingca ca.crt.
func cmdEndingCA(ts *testscript.TestScript, _ bool, args []string) {
	end := time.Now().AddDate(0, 1, 0)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "prod"}, NotBefore: end.AddDate(-1, 0, 0), NotAfter: end,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, saKeyOnce().Public(), saKeyOnce())
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
}

// cmdUntouched checks that nothing was written below a directory since the last
// time: untouched node. With touched first, it only looks.
func cmdUntouched(ts *testscript.TestScript, _ bool, args []string) {
	now := ""
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil {
			now += fmt.Sprintln(path, info.Mode(), info.Size(), info.ModTime().UnixNano())
		}
		return err
	}))
	const name = "UNTOUCHED"
	if before := ts.Getenv(name); before != "" && len(args) == 1 && before != now {
		ts.Fatalf("something was written:\n%s\nnow:\n%s", before, now)
	}
	ts.Setenv(name, now)
}
