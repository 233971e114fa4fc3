// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/settings"
)

// leaks is a world in which secrets are planted.
type leaks struct {
	*world
	home  string
	store dirStore
	env   map[string]string

	mu      sync.Mutex
	planted []string
}

func newLeaks(t *testing.T, secret string) *leaks {
	l := &leaks{world: newWorld(), home: t.TempDir(), store: dirStore(t.TempDir()), env: map[string]string{"OS_CLOUD": "alice"}}
	t.Cleanup(l.close)
	l.plant(secret)
	testOnlyStore = l.store
	t.Cleanup(func() { testOnlyStore = nil })
	return l
}

func (l *leaks) plant(secret string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if secret != "" {
		l.planted = append(l.planted, secret)
	}
}

// plantKey plants the key of a record, as it is there and as kubectl gets it.
func (l *leaks) plantKey(t *testing.T, record []byte) {
	var kept struct{ Key string }
	if err := json.Unmarshal(record, &kept); err != nil {
		t.Fatal(err)
	}
	scalar, err := base64.RawURLEncoding.DecodeString(kept.Key)
	if err != nil {
		t.Fatal(err)
	}
	l.plant(kept.Key)
	l.plant(string(scalar))
	l.plant("PRIVATE KEY")
}

func (l *leaks) clouds(yaml string) {
	file := filepath.Join(l.home, ".config", "openstack", "clouds.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		panic(err)
	}
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		panic(err)
	}
}

// run runs a command and looks for what is planted in all that it prints, but
// for what credential gives to kubectl.
func (l *leaks) run(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, said bytes.Buffer
	run(t.Context(), &program{
		args:    args,
		streams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &said},
		getenv: func(name string) string {
			if name == "XDG_STATE_HOME" {
				return filepath.Join(l.home, ".local", "state")
			}
			return l.env[name]
		},
		home: l.home, workDir: l.home, uid: os.Getuid(), pid: os.Getpid(), now: time.Now,
		parent: func() process.ID { return process.ID{} },
		account: func() (settings.Account, error) {
			return settings.Account{Name: "tester", Home: l.home, UID: os.Getuid()}, nil
		},
		keepPipe: func() {},
	})
	printed := said.String()
	if args[0] != "credential" {
		printed += out.String()
	}
	if !strings.Contains(printed, "kubectl-magnum: debug: ") {
		t.Errorf("%v: nothing of debugging in\n%s", args, printed)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, secret := range append(l.planted, "fresh-token") {
		raw := []byte(secret)
		for _, form := range append(forms(secret), escape(secret), hex.EncodeToString(raw),
			base64.RawStdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw)) {
			if strings.Contains(printed, form) {
				t.Errorf("%v: %q is shown in\n%s", args, form, printed)
			}
		}
	}
	return out.String(), said.String()
}

// forms are a secret as a server that quotes it would write it.
func forms(secret string) []string {
	inJSON, _ := json.Marshal(secret)
	quoted, ascii := strconv.Quote(secret), strconv.QuoteToASCII(secret)
	all := []string{
		secret, strings.Trim(string(inJSON), `"`), quoted[1 : len(quoted)-1], ascii[1 : len(ascii)-1],
		url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret),
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// places are where a server may repeat what it was told.
var places = map[string]func(w http.ResponseWriter, said string){
	"detail": func(w http.ResponseWriter, said string) {
		text, _ := json.Marshal(said)
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error": {"message": %s}, "errors": [{"detail": %[1]s}]}`, text)
	},
	"page":   func(w http.ResponseWriter, said string) { _, _ = io.WriteString(w, "<title>"+said+"</title>"+said) },
	"answer": func(w http.ResponseWriter, said string) { fmt.Fprintf(w, `{"token": %q, "uuid": %[1]q}`, said) },
	"header": func(w http.ResponseWriter, said string) {
		w.Header().Set("X-Debug", said)
		w.Header().Set("Www-Authenticate", said)
		w.WriteHeader(http.StatusUnauthorized)
	},
	"request id": func(w http.ResponseWriter, said string) {
		w.Header().Set("X-Openstack-Request-Id", said)
		w.WriteHeader(http.StatusInternalServerError)
	},
	"request id of success": func(w http.ResponseWriter, said string) {
		w.Header().Set("X-Openstack-Request-Id", said)
		_, _ = io.WriteString(w, "{}")
	},
	"request id with token": func(w http.ResponseWriter, said string) {
		w.Header().Set("X-Openstack-Request-Id", said)
		_, _ = io.WriteString(w, "{}")
	},
	"redirect": func(w http.ResponseWriter, said string) {
		w.Header().Set("Location", "https://u:"+said+"@"+said+".example/"+said+"?q="+said)
		w.WriteHeader(http.StatusFound)
	},
	"retry": func(w http.ResponseWriter, said string) {
		w.Header().Set("Retry-After", said)
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, said)
	},
	"reason":    func(w http.ResponseWriter, said string) { raw(w, "HTTP/1.1 500 "+said+"\r\nContent-Length: 0\r\n\r\n") },
	"no HTTP":   func(w http.ResponseWriter, said string) { raw(w, said+"\r\n\r\n") },
	"no header": func(w http.ResponseWriter, said string) { raw(w, "HTTP/1.1 200 OK\r\n"+said+"\r\n\r\n") },
	"no length": func(w http.ResponseWriter, said string) {
		raw(w, "HTTP/1.1 200 OK\r\nContent-Length: "+said+"\r\n\r\n")
	},
	"cut short": func(w http.ResponseWriter, said string) {
		raw(w, "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"+said)
	},
	"no address": func(w http.ResponseWriter, said string) {
		raw(w, "HTTP/1.1 302 x\r\nLocation: https://%zz"+said+"\r\n\r\n")
	},
}

func raw(w http.ResponseWriter, answer string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(conn, answer)
	_ = conn.Close()
}
