// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// cmdRequests checks how many requests the cloud got since the last time:
// requests 2, or requests POST:/v3/auth/tokens POST:/v1/certificates.
// requests ANY only begins to count anew.
func cmdRequests(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	var got []string
	for _, r := range w.cloud.Requests() {
		path := r.Path
		if i := strings.LastIndex(path, "/"); strings.Count(path, "/") > 2 && r.Service == "magnum" {
			path = path[:i] + "/X"
		}
		got = append(got, r.Method+":"+path)
	}
	w.cloud.ResetRequests()
	if len(args) == 1 {
		if args[0] == "ANY" {
			return
		}
		if n, err := strconv.Atoi(args[0]); err == nil {
			if n != len(got) {
				ts.Fatalf("%d requests: %v", len(got), got)
			}
			return
		}
	}
	if strings.Join(got, " ") != strings.Join(args, " ") {
		ts.Fatalf("requests: %v", strings.Join(got, " "))
	}
}

// cmdAwait waits until the cloud gets a request to come: await GET:/v1/clusters/prod.
func cmdAwait(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	w.cloud.ResetRequests()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for _, r := range w.cloud.Requests() {
			if strings.HasPrefix(r.Method+":"+r.Path, args[0]) && r.Status != 0 {
				return
			}
		}
	}
	ts.Fatalf("no request %s", args[0])
}

// cmdFault makes the requests to one service fail in a way: fault keystone 500.
// "fault none" ends it.
func cmdFault(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	if args[0] == "none" {
		w.cloud.Intercept(nil)
		return
	}
	if args[1] == "down" {
		map[string]func(){"keystone": w.cloud.CloseKeystone, "magnum": w.cloud.CloseMagnum, "both": w.cloud.Close}[args[0]]()
		return
	}
	if args[0] == "patch" {
		w.faultPatch(args[1] == "504-after")
		return
	}
	prefix := map[string]string{"keystone": "/v3", "magnum": "/v1", "sign": "/v1/certificates"}[args[0]]
	answer, ok := faults[args[1]]
	if !ok {
		ts.Fatalf("no fault %q", args[1])
	}
	w.cloud.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, prefix) || args[0] == "sign" && r.Method != http.MethodPost {
			return false
		}
		answer(rw, r)
		return true
	})
}

var faults = map[string]func(http.ResponseWriter, *http.Request){
	"500": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Openstack-Request-Id", "req-42")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"errors": [{"status": 500, "code": "server", "title": "No reply", "detail": "No reply on topic magnum-conductor", "links": [], "request_id": ""}]}`)
	},
	"401": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}`)
	},
	"503": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"error": {"code": 503, "title": "Service Unavailable", "message": "maintenance"}}`)
	},
	"hang": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	"html": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html><body>Sign in to the hotel's network</body></html>")
	},
	"truncated": func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		if r.Method == http.MethodPost {
			status = http.StatusCreated
		}
		w.Header().Set("X-Subject-Token", "gAAAA")
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"token": {"user"`)
	},
	"huge": func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		if r.Method == http.MethodPost {
			status = http.StatusCreated
		}
		w.Header().Set("X-Subject-Token", "gAAAA")
		w.WriteHeader(status)
		chunk := bytes.Repeat([]byte(" "), 1<<20)
		for range 100 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	},
	"redirect": func(w http.ResponseWriter, r *http.Request) {
		// Back to the same server: a client that follows shows in its log.
		http.Redirect(w, r, "/v3/stolen", http.StatusTemporaryRedirect)
	},
	"unsolicited": func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		const answer = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}"
		_, _ = io.WriteString(conn, answer)
		time.Sleep(20 * time.Millisecond) // until the client has put the connection by
		_, _ = io.WriteString(conn, "hello hello hello")
		_, _ = conn.Read(make([]byte, 1))
	},
	"escape": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"errors": [{"status": 400, "title": "x", "detail": "\u001b[2Jcleared\u0007 \u202etxt"}]}`)
	},
}

// cmdCluster changes a cluster: cluster prod status=CREATE_FAILED api=.
func cmdCluster(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	w.cloud.SetCluster(args[0], func(c *magnumtest.Cluster) {
		for _, arg := range args[1:] {
			name, value, _ := strings.Cut(arg, "=")
			value, err := strconv.Unquote(`"` + value + `"`)
			ts.Check(err)
			switch name {
			case "name":
				c.Name = value
			case "status":
				c.Status = value
			case "reason":
				c.StatusReason = value
			case "api":
				c.APIAddress = value
			default:
				ts.Fatalf("no field %q", name)
			}
		}
	})
}

// cmdUser adds a member of demo, whose cluster prod then is, and makes the
// clouds.yaml know the user's cloud.
func cmdUser(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	name, err := strconv.Unquote(`"` + args[0] + `"`)
	ts.Check(err)
	id := w.cloud.AddUser(name, "pw", "demo", "member")
	w.cloud.SetCluster("prod", func(c *magnumtest.Cluster) { c.UserID = id })
	ts.Check(os.WriteFile(filepath.Join(ts.Getenv("HOME"), ".config/openstack/clouds.yaml"), w.cloud.CloudsYAML(), 0o600))
}

// cmdRotate has another client rotate a cluster's CA: rotate prod. The rotation
// lasts until: rotate prod complete, or: rotate prod failed.
func cmdRotate(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	switch strings.Join(args[1:], " ") {
	case "":
		w.cloud.Rotate(args[0])
	case "complete":
		w.cloud.SetRotation(magnumtest.RotationCompletes)
		w.cloud.FinishRotation(args[0])
	case "failed":
		w.cloud.SetRotation(magnumtest.RotationFails)
		w.cloud.FinishRotation(args[0])
	default:
		ts.Fatalf("rotate %q", args)
	}
}

// cmdIdle makes the last verification of every credential older than any lease.
func cmdIdle(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(os.RemoveAll(filepath.Join(ts.Getenv("XDG_STATE_HOME"), "kubectl-magnum", "uses")))
}

// cmdAPIRequests checks what reached prod's API server since the last time:
// apirequests 1, or apirequests ANY, which only begins to count anew.
func cmdAPIRequests(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	got := w.api.Requests() - w.counted
	w.counted += got
	if args[0] != "ANY" && strconv.Itoa(got) != args[0] {
		ts.Fatalf("%d requests", got)
	}
}

// cmdAPICertificates is the same of client certificates, good or bad.
func cmdAPICertificates(ts *testscript.TestScript, _ bool, args []string) {
	if got := worldOf(ts).api.Certificates(); strconv.Itoa(got) != args[0] {
		ts.Fatalf("%d client certificates", got)
	}
}

// cmdStrangerCA writes a CA that Magnum never named, of the cluster's name.
func cmdStrangerCA(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), strangerCA(), 0o644))
}

// cmdMode checks the permissions of a file: mode 600 kubeconfig.
func cmdMode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s", args[1], got)
	}
}

// cmdRecord changes the only stored record of a credential: record replace OLD NEW, record
// remove, record none (checks that there is none).
func cmdRecord(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(filepath.Join(ts.Getenv("TEST_STORE"), "v1-[ct]*"))
	ts.Check(err)
	if args[0] == "none" {
		if len(files) > 0 {
			ts.Fatalf("there is a record")
		}
		return
	}
	if len(files) != 1 {
		ts.Fatalf("%d records", len(files))
	}
	if args[0] == "remove" {
		ts.Check(os.Remove(files[0]))
		return
	}
	data, err := os.ReadFile(files[0])
	ts.Check(err)
	changed := bytes.Replace(data, []byte(args[1]), []byte(args[2]), 1)
	if bytes.Equal(changed, data) {
		ts.Fatalf("no %q in the record", args[1])
	}
	ts.Check(os.WriteFile(files[0], changed, 0o600))
}

// cmdExecInfo sets what kubectl says to the plugin it runs.
func cmdExecInfo(ts *testscript.TestScript, _ bool, args []string) {
	version := "v1"
	if len(args) > 0 {
		version = args[0]
	}
	ts.Setenv("KUBERNETES_EXEC_INFO", `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/`+version+`","spec":{"interactive":false}}`)
}

// cmdExitCode checks how a command ends: exitcode 4 kubectl-magnum config x.
func cmdExitCode(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || strconv.Itoa(exit.ExitCode()) != args[0] {
		ts.Fatalf("ended with %v", err)
	}
}

// cmdReplace replaces text in a file: replace OLD NEW FILE.
func cmdReplace(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[2])
	text := ts.ReadFile(path)
	if !strings.Contains(text, args[0]) {
		ts.Fatalf("no %q in %s", args[0], path)
	}
	ts.Check(os.WriteFile(path, []byte(strings.ReplaceAll(text, args[0], args[1])), 0o600))
}
