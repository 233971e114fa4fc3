// SPDX-License-Identifier: Apache-2.0

package apitest

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// Signing is an API server's part that signs certificates for clients, and keeps
// the role bindings that say who may ask for them. It answers like kube-apiserver
// and kube-controller-manager together, and takes nothing else than they do. A watch
// tells once what there is to tell, and ends.
type Signing struct {
	now func() time.Time

	mu       sync.Mutex
	ca       tls.Certificate
	requests map[string]*csr
	bindings map[string]json.RawMessage
	made     int
	asked    []string // "METHOD resource"
	fault    Fault
}

// Fault is what a cluster does in place of signing as it should. The zero Fault is
// none.
type Fault struct {
	Edit     func(*x509.Certificate) // of what is about to be signed
	Key      any                     // to be signed for, in place of the one asked for
	CA       *tls.Certificate        // to sign with
	Never    bool                    // nothing is signed
	Deny     bool                    // somebody else denies each request
	Fail     bool                    // the signer fails
	Refuse   string                  // "create", "approve" or "watch" is forbidden
	Answer   string                  // in place of each answer
	Redirect string                  // where each request is sent
	Long     bool                    // what is forbidden is so at length
	Conflict string                  // a role binding that somebody makes just before
	Events   []string                // what the next watches say in place of that
}

type csr struct {
	object map[string]any
	done   chan struct{} // closed when there is nothing more to come
}

// Sign has the server sign certificates by a CA, given in PEM, by this clock.
func (s *Server) Sign(caPEM, keyPEM []byte, now func() time.Time) *Signing {
	g := &Signing{now: now, requests: map[string]*csr{}, bindings: map[string]json.RawMessage{}}
	g.SignBy(caPEM, keyPEM)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signing = g
	return g
}

// SignBy has it sign by another CA from now on.
func (g *Signing) SignBy(caPEM, keyPEM []byte) {
	pair, err := tls.X509KeyPair(caPEM, keyPEM)
	if err != nil {
		panic(fmt.Sprintf("apitest: %v", err))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ca = pair
}

// Break has it do something else from now on.
func (g *Signing) Break(f Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fault = f
}

// Asked is what it was asked since the last time.
func (g *Signing) Asked() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	asked := g.asked
	g.asked = nil
	return asked
}

// handle answers a request of somebody in these groups.
func (g *Signing) handle(w http.ResponseWriter, r *http.Request, groups []string) {
	resource := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	g.mu.Lock()
	defer g.mu.Unlock()
	kind := ""
	if len(resource) > 3 {
		kind = resource[3]
	}
	g.asked = append(g.asked, r.Method+" "+kind)
	switch {
	case g.fault.Redirect != "":
		http.Redirect(w, r, g.fault.Redirect, http.StatusTemporaryRedirect)
	case g.fault.Answer != "":
		_, _ = io.WriteString(w, g.fault.Answer)
	case !g.may(groups):
		status(w, http.StatusForbidden, kind+" is forbidden")
	case kind == "certificatesigningrequests":
		g.handleCSR(w, r, body)
	case kind == "clusterrolebindings":
		g.handleBinding(w, r, body)
	default:
		status(w, http.StatusNotFound, "the server could not find the requested resource")
	}
}

// may says whether these groups may do anything at all: they then may do all.
func (g *Signing) may(groups []string) bool {
	if slices.Contains(groups, "system:masters") {
		return true
	}
	for _, data := range g.bindings {
		var b struct {
			Subjects []struct{ Name string }
			RoleRef  struct{ Name string }
		}
		if json.Unmarshal(data, &b) == nil && b.RoleRef.Name == "cluster-admin" && len(b.Subjects) == 1 && slices.Contains(groups, b.Subjects[0].Name) {
			return true
		}
	}
	return false
}

func status(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code})
}

func (g *Signing) handleCSR(w http.ResponseWriter, r *http.Request, body []byte) {
	switch {
	case r.Method == http.MethodPost && g.fault.Refuse != "create":
		g.create(w, body)
	case r.Method == http.MethodPatch && r.Header.Get("Content-Type") != "application/merge-patch+json":
		status(w, http.StatusUnsupportedMediaType, "the body of the request was in an unknown format")
	case r.Method == http.MethodPatch && g.fault.Refuse != "approve":
		g.approve(w, g.requests[path.Base(path.Dir(r.URL.Path))], body)
	case r.Method == http.MethodGet && g.fault.Refuse != "watch":
		g.watch(w, r, g.requests[strings.TrimPrefix(r.URL.Query().Get("fieldSelector"), "metadata.name=")])
	case g.fault.Long:
		status(w, http.StatusForbidden, "certificatesigningrequests is forbidden"+strings.Repeat("!", 200<<10))
	default:
		status(w, http.StatusForbidden, "certificatesigningrequests is forbidden")
	}
}

func (g *Signing) create(w http.ResponseWriter, body []byte) {
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		status(w, http.StatusBadRequest, err.Error())
		return
	}
	spec, _ := object["spec"].(map[string]any)
	if usages := fmt.Sprint(spec["usages"]); spec["signerName"] != "kubernetes.io/kube-apiserver-client" || usages != "[digital signature client auth]" {
		status(w, http.StatusUnprocessableEntity, fmt.Sprintf("no signer %v for %s", spec["signerName"], usages))
		return
	}
	if life, _ := spec["expirationSeconds"].(float64); life < 600 {
		status(w, http.StatusUnprocessableEntity, "spec.expirationSeconds: may not specify a duration less than 600 seconds (10 minutes)")
		return
	}
	g.made++
	name := fmt.Sprintf("kubectl-magnum-%d", g.made)
	object["metadata"] = map[string]any{"name": name, "uid": name, "resourceVersion": "1"}
	object["status"] = map[string]any{}
	g.requests[name] = &csr{object: object, done: make(chan struct{})}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(object)
}

func (g *Signing) approve(w http.ResponseWriter, c *csr, body []byte) {
	var patch struct{ Status map[string]any }
	if c == nil || json.Unmarshal(body, &patch) != nil {
		status(w, http.StatusNotFound, "certificatesigningrequests not found")
		return
	}
	if said := fmt.Sprint(patch.Status["conditions"]); !strings.Contains(said, "status:True") || !strings.Contains(said, "type:Approved") {
		status(w, http.StatusUnprocessableEntity, "status.conditions: "+said)
		return
	}
	c.object["status"] = patch.Status
	c.object["metadata"].(map[string]any)["resourceVersion"] = "2"
	_ = json.NewEncoder(w).Encode(c.object) // the signer is slower
	switch {
	case g.fault.Never:
		return
	case g.fault.Deny:
		c.object["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Denied", "status": "True", "reason": "Policy", "message": "no certificates on Thursdays"}}}
	case g.fault.Fail:
		c.object["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Failed", "status": "True", "reason": "SignerValidationFailure", "message": "it does not like it"}}}
	default:
		c.object["status"] = map[string]any{"certificate": g.sign(c.object["spec"].(map[string]any))}
	}
	close(c.done)
}

// sign signs as kube-controller-manager does: it dates back by five minutes.
func (g *Signing) sign(spec map[string]any) []byte {
	text, _ := json.Marshal(spec["request"])
	var request []byte
	_ = json.Unmarshal(text, &request)
	asked, err := x509.ParseCertificateRequest(block(request))
	if err != nil {
		panic(fmt.Sprintf("apitest: %v", err))
	}
	now, key, ca := g.now(), asked.PublicKey, g.ca
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: asked.Subject,
		NotBefore: now.Add(-5 * time.Minute), NotAfter: now.Add(time.Duration(spec["expirationSeconds"].(float64)) * time.Second),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true,
	}
	if g.fault.Edit != nil {
		g.fault.Edit(template)
	}
	if g.fault.Key != nil {
		key = g.fault.Key
	}
	if g.fault.CA != nil {
		ca = *g.fault.CA
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.Leaf, key, ca.PrivateKey)
	if err != nil {
		panic(fmt.Sprintf("apitest: %v", err))
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// watch sends one event, once there is something to tell.
func (g *Signing) watch(w http.ResponseWriter, r *http.Request, c *csr) {
	if c == nil {
		status(w, http.StatusNotFound, "certificatesigningrequests not found")
		return
	}
	if version := r.URL.Query().Get("resourceVersion"); version != "2" && version != "" {
		status(w, http.StatusGone, "too old resource version")
		return
	}
	if len(g.fault.Events) > 0 {
		_, _ = io.WriteString(w, g.fault.Events[0])
		g.fault.Events = g.fault.Events[1:]
		return
	}
	g.mu.Unlock()
	defer g.mu.Lock()
	_ = http.NewResponseController(w).Flush()
	select {
	case <-c.done:
	case <-r.Context().Done():
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "MODIFIED", "object": c.object})
}
