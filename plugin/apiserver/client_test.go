// SPDX-License-Identifier: Apache-2.0

package apiserver_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/apiserver"
)

// answers is a server that answers each request in turn, and remembers them.
type answers struct {
	*httptest.Server
	all   []string // a status code, a space and the body each; none left: it hangs up
	asked []string // "METHOD path?query body"
}

func newAnswers(t *testing.T, all ...string) *answers {
	t.Helper()
	a := &answers{all: all}
	a.Server = httptest.NewTLSServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.asked = append(a.asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
	if len(a.all) == 0 {
		panic(http.ErrAbortHandler)
	}
	code, text, _ := strings.Cut(a.all[0], " ")
	a.all = a.all[1:]
	w.Header().Set("Location", a.URL+"/elsewhere")
	w.Header().Set("Date", "Mon, 01 Jun 2026 12:00:00 GMT")
	status, _ := strconv.Atoi(code)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func (a *answers) client(server string) (*apiserver.Client, *[]string) {
	var said []string
	return &apiserver.Client{
		Server: server, Transport: a.Client().Transport, UserAgent: "test", Now: time.Now,
		Debug: func(line string) { said = append(said, line) },
	}, &said
}

// The three requests of a signature, below whatever path the API server has, and
// what of them is told.
func TestSign(t *testing.T) {
	t.Parallel()
	a := newAnswers(t,
		`201 {"metadata":{"name":"csr-1","resourceVersion":"1"}}`,
		`200 {"metadata":{"name":"csr-1","resourceVersion":"2"},"status":{"conditions":[{"type":"Approved","status":"True"}]}}`,
		`200 {"type":"MODIFIED","object":{"status":{"certificate":"WA=="}}}`)
	c, said := a.client(strings.Replace(a.URL, "//", "//user:secret@", 1) + "/k8s/")
	got, err := c.Sign(t.Context(), []byte("CSR"), 10*time.Minute)
	if err != nil || string(got.PEM) != "X" || !got.Date.Equal(time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)) {
		t.Fatalf("got %+v, %v", got, err)
	}
	const requests = "/k8s/apis/certificates.k8s.io/v1/certificatesigningrequests"
	for i, want := range []string{
		"POST " + requests + ` {"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"generateName":"kubectl-magnum-"},"spec":{"request":"Q1NS","signerName":"kubernetes.io/kube-apiserver-client","expirationSeconds":600,"usages":["digital signature","client auth"]}}`,
		"PATCH " + requests + `/csr-1/approval {"status":{"conditions":[{"type":"Approved","status":"True","reason":"KubectlMagnum","message":"requested and approved by kubectl magnum"}]}}`,
		"GET " + requests + "?fieldSelector=metadata.name%3Dcsr-1&resourceVersion=2&timeoutSeconds=8&watch=true",
	} {
		if i >= len(a.asked) || a.asked[i] != want {
			t.Fatalf("asked %q, want %q", a.asked, want)
		}
	}
	if all := strings.Join(*said, "\n"); len(*said) != 3 || strings.Contains(all, "secret") || strings.Contains(all, "Q1NS") {
		t.Errorf("said %q", *said)
	}
}

// What the API server answers goes into no other request, and nobody is sent
// elsewhere.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	for name, all := range map[string][]string{
		"no name":         {`201 {}`},
		"a path":          {`201 {"metadata":{"name":"a/b"}}`},
		"a way up":        {`201 {"metadata":{"name":".."}}`},
		"half a byte":     {`201 {"metadata":{"name":"a%2"}}`},
		"an endless name": {`201 {"metadata":{"name":"` + strings.Repeat("a", 254) + `"}}`},
		"half":            {`201 {"metadata":`},
		"a redirect":      {`302 `},
		"forbidden":       {`403 {"message":"no"}`},
		"ill":             {`503 <html>`},
		"gone":            {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAnswers(t, all...)
			c, _ := a.client(a.URL)
			if got, err := c.Sign(t.Context(), []byte("CSR"), time.Hour); err == nil || len(a.asked) != 1 {
				t.Errorf("got %+v, %v after %q", got, err, a.asked)
			}
		})
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"", "http://api.example", "api.example", "https://", "https://[::1"} {
		a := newAnswers(t)
		c, _ := a.client(server)
		if _, _, err := c.FindBinding(t.Context(), "x"); err == nil || len(a.asked) > 0 {
			t.Errorf("%q: got %v after %q", server, err, a.asked)
		}
	}
}

// A role binding is deleted only as the one that was found.
func TestDeleteBinding(t *testing.T) {
	t.Parallel()
	a := newAnswers(t, `200 {"metadata":{"name":"a:b","uid":"42"},"roleRef":{"kind":"ClusterRole","name":"r"},"subjects":[{"kind":"Group","name":"g"}]}`, `200 {}`)
	c, _ := a.client(a.URL)
	b, found, err := c.FindBinding(t.Context(), "a:b")
	if err != nil || !found || !b.Gives("r", "g") || b.Gives("r", "h") || b.Gives("s", "g") {
		t.Fatalf("found %+v, %v, %v", b, found, err)
	}
	if err := c.DeleteBinding(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	const want = `DELETE /apis/rbac.authorization.k8s.io/v1/clusterrolebindings/a:b {"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"42"}}`
	if a.asked[1] != want {
		t.Errorf("asked %q", a.asked[1])
	}
}
