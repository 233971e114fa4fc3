// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// LifeMin is the shortest life that the API takes (spec.expirationSeconds).
const LifeMin = 10 * time.Minute

// SignTime is how long a cluster has for a certificate once it is approved. One
// that signs takes a fraction of a second.
const SignTime = 8 * time.Second

const (
	// signer is the one for certificates of clients. Kubernetes approves none of
	// its requests by itself, and refuses those for system:masters.
	signer      = "kubernetes.io/kube-apiserver-client"
	mergePatch  = "application/merge-patch+json"
	certificate = "certificates.k8s.io/v1"
)

var requestsPath = []string{"apis", "certificates.k8s.io", "v1", "certificatesigningrequests"}

// DeclinedError is a request for a certificate that somebody in the cluster has
// denied, or that its signer has failed on.
type DeclinedError struct {
	Condition       string // Denied or Failed
	Reason, Message string // theirs
}

func (e *DeclinedError) Error() string {
	what := "was denied"
	if e.Condition == failed {
		what = "failed at its signer"
	}
	return fmt.Sprintf("the request for a certificate %s (%s: %s)", what, e.Reason, e.Message)
}

// UnsignedError is a request for a certificate that was approved, and that nobody
// has signed in time.
type UnsignedError struct {
	Name   string // of the CertificateSigningRequest
	Waited time.Duration
}

func (e *UnsignedError) Error() string {
	return fmt.Sprintf("the cluster has approved the request for a certificate (%s) and not signed it in %s", e.Name, e.Waited)
}

// Signed is what the cluster's signer answers.
type Signed struct {
	PEM  []byte
	Date time.Time // by the API server's clock; zero if it did not say
}

// signingRequest is a CertificateSigningRequest, as far as it matters
// (https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/certificate-signing-request-v1/).
type signingRequest struct {
	APIVersion string        `json:"apiVersion,omitempty"`
	Kind       string        `json:"kind,omitempty"`
	Metadata   metadata      `json:"metadata,omitzero"`
	Spec       *signingSpec  `json:"spec,omitempty"`
	Status     signingStatus `json:"status,omitzero"`
}

type metadata struct {
	Name            string            `json:"name,omitempty"`
	GenerateName    string            `json:"generateName,omitempty"`
	UID             string            `json:"uid,omitempty"`
	ResourceVersion string            `json:"resourceVersion,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
}

type signingSpec struct {
	Request           []byte   `json:"request"` // PEM
	SignerName        string   `json:"signerName"`
	ExpirationSeconds int64    `json:"expirationSeconds"`
	Usages            []string `json:"usages"`
}

type signingStatus struct {
	Conditions  []condition `json:"conditions,omitempty"`
	Certificate []byte      `json:"certificate,omitempty"` // PEM
}

type condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

const (
	approved = "Approved"
	denied   = "Denied"
	failed   = "Failed"
)

// Sign has the cluster sign a certificate request, in PEM, for a client and for so
// long: it asks, approves, and waits for the certificate. Three requests; ctx
// bounds them all, and [SignTime] the last one.
//
// Kubernetes removes such requests by itself within the hour; they hold no secret.
func (c *Client) Sign(ctx context.Context, csr []byte, life time.Duration) (Signed, error) {
	var made signingRequest
	if _, err := c.ask(ctx, request{
		what: "take a request for a certificate", method: http.MethodPost, path: requestsPath,
		body: signingRequest{
			APIVersion: certificate, Kind: "CertificateSigningRequest",
			Metadata: metadata{GenerateName: "kubectl-magnum-"},
			Spec: &signingSpec{
				Request: csr, SignerName: signer, ExpirationSeconds: int64(life / time.Second),
				Usages: []string{"digital signature", "client auth"},
			},
		},
	}, &made); err != nil {
		return Signed{}, err
	}
	if !segment(made.Metadata.Name) {
		return Signed{}, ErrNotKubernetes
	}
	return c.approve(ctx, made.Metadata.Name)
}

// approve approves a request of ours and waits for its certificate.
func (c *Client) approve(ctx context.Context, name string) (Signed, error) {
	var made signingRequest
	date, err := c.ask(ctx, request{
		what: "approve a request for a certificate", method: http.MethodPatch, path: append(slices.Clone(requestsPath), name, "approval"),
		contentType: mergePatch,
		body: signingRequest{Status: signingStatus{Conditions: []condition{{
			Type: approved, Status: "True", Reason: "KubectlMagnum", Message: "requested and approved by kubectl magnum",
		}}}},
	}, &made)
	if err != nil {
		return Signed{}, err
	}
	if done, err := made.outcome(); done {
		return Signed{PEM: made.Status.Certificate, Date: date}, err
	}
	pem, err := c.await(ctx, made)
	return Signed{PEM: pem, Date: date}, err
}

// outcome says whether anything is still to come.
func (r signingRequest) outcome() (done bool, err error) {
	for _, c := range r.Status.Conditions {
		if (c.Type == denied || c.Type == failed) && c.Status == "True" {
			return true, &DeclinedError{Condition: c.Type, Reason: cut(c.Reason), Message: cut(c.Message)}
		}
	}
	return len(r.Status.Certificate) > 0, nil
}

// event is what a watch says.
type event struct {
	Type   string          `json:"type"`
	Object json.RawMessage `json:"object"`
}

// await watches a request from its approval on, until it is signed or declined. A
// watch that ends before that, as one does whose server is restarted, begins anew.
func (c *Client) await(ctx context.Context, r signingRequest) ([]byte, error) {
	waiting, cancel := context.WithTimeout(ctx, SignTime)
	defer cancel()
	version := r.Metadata.ResourceVersion
	for {
		pem, done, err := c.watch(waiting, r.Metadata.Name, version)
		var refused *StatusError
		switch {
		case done, errors.As(err, &refused) && !refused.Passes():
			return pem, err
		case ctx.Err() != nil:
			return nil, c.unreachable(ctx.Err())
		case waiting.Err() != nil:
			return nil, &UnsignedError{Name: r.Metadata.Name, Waited: SignTime}
		}
		version = "" // from what there is by then
		select {
		case <-waiting.Done(): // which the next turn sees
		case <-time.After(watchPause):
		}
	}
}

// watchPause is between a watch that has ended early and the next.
const watchPause = 500 * time.Millisecond

// watch watches a request, from a version on, as long as it may. done means that
// there is nothing more to come; err is nil if it just ended.
func (c *Client) watch(ctx context.Context, name, version string) (pem []byte, done bool, err error) {
	query := url.Values{
		"watch": {"true"}, "fieldSelector": {"metadata.name=" + name},
		"timeoutSeconds": {strconv.Itoa(int(SignTime / time.Second))},
	}
	if version != "" {
		query.Set("resourceVersion", version)
	}
	answer, err := c.send(ctx, request{what: "show a request for a certificate", method: http.MethodGet, path: requestsPath, query: query})
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = answer.Body.Close() }()
	events := json.NewDecoder(io.LimitReader(answer.Body, answerMax))
	for {
		var e event
		switch err := events.Decode(&e); {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, false, ctx.Err()
		case err != nil && ctx.Err() != nil:
			return nil, false, ctx.Err()
		case err != nil:
			return nil, true, ErrNotKubernetes
		case e.Type == "ERROR":
			return nil, false, nil
		case e.Type == "DELETED":
			return nil, true, &DeclinedError{Condition: denied, Reason: "Deleted", Message: "somebody has deleted it"}
		}
		var now signingRequest
		if json.Unmarshal(e.Object, &now) != nil {
			return nil, true, ErrNotKubernetes
		}
		if done, err := now.outcome(); done {
			return now.Status.Certificate, true, err
		}
	}
}
