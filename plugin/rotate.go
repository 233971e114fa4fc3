// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// RotateRequest asks for new CAs for a cluster.
type RotateRequest struct {
	Cluster string // name or UUID
	// AssumeDriver is the cluster's name, typed by somebody who knows that its
	// driver can rotate; "" for everybody else.
	AssumeDriver string
	Wait         bool
	Timeout      time.Duration // for how long
	// Confirm is asked before anything is changed. An error of it is returned.
	Confirm func(RotatePlan) error
	// Say is told what has happened so far, a line each.
	Say func(line string)
}

// RotatePlan is what a rotation is about to break.
type RotatePlan struct {
	Name, UUID  string
	CA          string // fingerprint
	CANotAfter  time.Time
	Kubeconfigs []string // that config wrote; they heal by themselves
}

// RotateResult is how far a rotation came.
type RotateResult struct {
	Name, UUID     string
	Status         string
	Before, Now    string // fingerprints of Magnum's CA
	Complete       bool
	Proof          Proof
	AlreadyStarted bool // by an earlier run
}

// Proof is what the API server said after the end.
type Proof struct {
	Old, New rotation.Verdict // NotShown if it could not be asked, or there was no old credential
	Err      error            // why it could not
}

// rotating is a rotation on its way.
type rotating struct {
	*Plugin
	r        RotateRequest
	conn     *connection
	cluster  magnum.Cluster
	template magnum.Template
	ca       *x509.Certificate // Magnum's, when it was last asked
	before   string            // fingerprint of the CA that is replaced
	begun    bool              // Magnum has been asked for the rotation, now or by an earlier run
	result   *RotateResult
	old      *credential.Record // that the API server has accepted; nil if there is none
}

// Rotate has Magnum replace a cluster's CAs, and sees it through. Magnum replaces
// its CA before it asks the cluster's driver, and nothing undoes that, so all
// that can be refused is refused before the one request that matters, which is
// never sent twice. Interrupted at any point, the next run finds out where
// things stand.
func (p *Plugin) Rotate(ctx context.Context, r RotateRequest) (*RotateResult, error) {
	w := &rotating{Plugin: p, r: r}
	if err := w.find(ctx); err != nil {
		return nil, err
	}
	if err := w.run(ctx); err != nil {
		return nil, &ClusterError{Cluster: w.cluster.Name, Err: w.goesOn(ctx, err)}
	}
	return w.result, nil
}

// goesOn adds to an error that the rotation goes on all the same.
func (w *rotating) goesOn(ctx context.Context, err error) error {
	switch {
	case !w.begun:
		return err
	case ctx.Err() != nil:
		return &RotateInterruptedError{}
	case ended(err):
		return err
	}
	return &RotationGoesOnError{Err: err}
}

// ended says whether err is about what became of the rotation itself.
func ended(err error) bool {
	var failed *RotationFailedError
	var unproved *NotProvedError
	var unknown *RotationUnknownError
	var goesOn *RotationGoesOnError
	return errors.As(err, &failed) || errors.As(err, &unproved) || errors.As(err, &unknown) || errors.As(err, &goesOn)
}

// find reads the cluster, its template and its CA: who may not read that may
// rotate in vain, for he could not reach the cluster afterwards.
func (w *rotating) find(ctx context.Context) (err error) {
	if w.conn, err = w.connectInFull(ctx, w.Cloud); err != nil {
		return err
	}
	w.Progress(fmt.Sprintf("looking up cluster %q", w.r.Cluster))
	if w.cluster, err = w.conn.magnum.Cluster(ctx, w.r.Cluster); err != nil {
		return &ClusterError{Cluster: w.r.Cluster, Err: err}
	}
	if w.template, err = w.conn.magnum.Template(ctx, w.cluster.TemplateUUID); err != nil {
		return &ClusterError{Cluster: w.cluster.Name, Err: err}
	}
	if w.ca, err = w.conn.magnum.CA(ctx, w.cluster.UUID, magnum.Kubernetes); err != nil {
		return &ClusterError{Cluster: w.cluster.Name, Err: explain(w.conn, w.cluster, err)}
	}
	w.before = pki.Fingerprint(w.ca)
	w.result = &RotateResult{Name: w.cluster.Name, UUID: w.cluster.UUID, Status: w.cluster.Status, Before: w.before, Now: w.before}
	return nil
}

func (w *rotating) run(ctx context.Context) error {
	if !w.conn.session.Verified() {
		return &InsecureRotationError{}
	}
	if pending, ok := w.State.Rotation(w.cluster.UUID); ok {
		asked, ago := pending.Asked.Local().Format(time.DateTime), w.Now().Sub(pending.Asked)
		switch {
		case pending.Before != w.before && (w.cluster.Status == updating || ago < pendingLife):
			w.r.Say(fmt.Sprintf("the rotation of cluster %q that was asked for at %s has begun; it is not asked for again", w.cluster.Name, asked))
			w.before, w.result.Before, w.result.AlreadyStarted, w.begun = pending.Before, pending.Before, true, true
			return w.follow(ctx)
		case pending.Before == w.before && ago >= 0 && ago < unknownLife:
			return &RotationUnknownError{Asked: asked, Status: w.cluster.Status}
		case pending.Before == w.before:
			w.r.Say(fmt.Sprintf("the rotation that was asked for at %s has not begun", asked))
		}
	}
	if err := w.check(ctx); err != nil {
		return err
	}
	if err := w.prepare(ctx); err != nil {
		return err
	}
	if err := w.begin(ctx); err != nil {
		return err
	}
	return w.follow(ctx)
}

const (
	updating = "UPDATE_IN_PROGRESS"
	// pendingLife is for how long the next run sees a rotation through that the
	// last one did not. After that somebody means another one.
	pendingLife = 24 * time.Hour
	// unknownLife is how much later than it was asked for Magnum may begin: its
	// API waits for a minute, and proxies for another.
	unknownLife = 3 * time.Minute
)

// check refuses what would end badly.
func (w *rotating) check(ctx context.Context) error {
	if typed := w.r.AssumeDriver; typed != "" && typed != w.cluster.Name {
		return &OtherNameError{Typed: typed, Name: w.cluster.Name}
	}
	if err := checkRotatable(w.cluster, w.template, w.r.AssumeDriver != ""); err != nil {
		return err
	}
	if err := notReady(w.cluster); err != nil {
		return err
	}
	if err := checkServer(w.cluster.APIAddress, false); err != nil {
		return err
	}
	// What is known of the cluster has to be right before it changes.
	o := w.reconcile(ctx, w.conn, nil, w.question(w.ca, w.cluster.Status))
	if o.Action == rotation.Refuse {
		return o.refusal()
	}
	if o.live() == nil {
		w.r.Say(fmt.Sprintf("the API server of cluster %q does not answer from here (%v): nothing will be proved before it does", w.cluster.Name, o.seen.Err))
	}
	return nil
}

// question is what reconcile is to find out now.
func (w *rotating) question(ca *x509.Certificate, status string) question {
	return question{
		uuid: w.cluster.UUID, name: w.cluster.Name, target: w.target(), pinned: w.State.Cluster(w.cluster.UUID).Pinned,
		ca: ca, status: status,
		// Somebody wants the new CA. Until the API server can be asked both count.
		byPerson: w.begun, noCAFile: !w.State.HasCAFile(w.cluster.UUID),
	}
}

func (w *rotating) target() *rotation.Target {
	return w.apiServer(w.cluster.APIAddress)
}

// prepare asks for a yes, makes a certificate that has to be refused in the
// end, sees to it that kubectl has one until then, and remembers what is about
// to be asked for.
func (w *rotating) prepare(ctx context.Context) (err error) {
	plan := RotatePlan{Name: w.cluster.Name, UUID: w.cluster.UUID, CA: w.before, CANotAfter: w.ca.NotAfter}
	for _, k := range w.State.Kubeconfigs(w.cluster.UUID) {
		plan.Kubeconfigs = append(plan.Kubeconfigs, k.File)
	}
	if err := w.r.Confirm(plan); err != nil {
		return err
	}
	// Somebody may have thought for long.
	switch ca, cluster, err := w.reread(ctx); {
	case err != nil:
		return err
	case !ca.Equal(w.ca):
		return &RotatedError{Pinned: w.before, Now: pki.Fingerprint(ca)}
	case cluster.Status != w.cluster.Status:
		return &NotRotatableStatusError{Status: cluster.Status, Reason: cluster.StatusReason}
	}
	if w.old, err = w.oldProof(ctx); err == nil {
		err = w.stock(ctx, w.conn, w.cluster.UUID, w.ca)
	}
	if err != nil {
		return explain(w.conn, w.cluster, err)
	}
	if err := w.State.SetRotation(w.cluster.UUID, state.Rotation{Before: w.before, Asked: w.Now()}); err != nil {
		return &StateError{Err: err}
	}
	w.begun = true
	return nil
}

// begin sends the one request. Whatever the answer, Magnum's CA says whether it
// was carried out.
func (w *rotating) begin(ctx context.Context) error {
	w.Progress("asking Magnum to rotate")
	err := w.conn.magnum.Rotate(ctx, w.cluster.UUID)
	if err == nil {
		w.r.Say(fmt.Sprintf("Magnum rotates the CA of cluster %q", w.cluster.Name))
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err() // the next run finds out
	}
	_, unknown := errors.AsType[*magnum.OutcomeUnknownError](err)
	ca, cluster, failed := w.reread(ctx)
	switch {
	case failed != nil:
		return &RotationUnknownError{Err: err}
	case !ca.Equal(w.ca):
		w.r.Say(fmt.Sprintf("Magnum's answer was no use (%v), but it has replaced the CA", err))
		return nil
	case unknown:
		return &RotationUnknownError{Status: cluster.Status, Err: err}
	}
	w.begun = false
	_ = w.State.ClearRotation(w.cluster.UUID) // the next run finds out as well
	return explain(w.conn, w.cluster, err)
}

// reread reads CA and cluster.
func (w *rotating) reread(ctx context.Context) (ca *x509.Certificate, cluster magnum.Cluster, err error) {
	err = w.loggedIn(ctx, func() error {
		if ca, err = w.conn.magnum.CA(ctx, w.cluster.UUID, magnum.Kubernetes); err != nil {
			return err
		}
		cluster, err = w.conn.magnum.Cluster(ctx, w.cluster.UUID)
		return err
	})
	return ca, cluster, err
}

// loggedIn asks again with a new login if the old one has ended: a rotation can
// take longer than a token lives. It is not for what must be asked once.
func (w *rotating) loggedIn(ctx context.Context, ask func() error) error {
	err := ask()
	if _, ended := errors.AsType[*openstack.AuthError](err); !ended {
		return err
	}
	conn, err := w.connectInFull(ctx, w.Cloud)
	if err != nil {
		return err
	}
	w.conn = conn
	return ask()
}

// follow pins what has to be, waits for the end, if it is asked to, and proves
// it.
func (w *rotating) follow(ctx context.Context) error {
	if err := w.repin(ctx); err != nil {
		return err
	}
	if w.cluster.Status == updating && w.r.Wait {
		if err := w.wait(ctx); err != nil {
			return err
		}
	}
	switch {
	case w.cluster.Status == updating:
		return nil
	case w.result.Now == w.before, !slices.Contains(rotatableStatuses, w.cluster.Status):
		_ = w.State.ClearRotation(w.cluster.UUID) // it has been said
		return &RotationFailedError{Status: w.cluster.Status, Reason: w.cluster.StatusReason, Before: w.before, Now: w.result.Now}
	}
	if err := w.prove(ctx); err != nil {
		return err
	}
	w.result.Complete = true
	w.clear(ctx, w.cluster.UUID)
	_ = w.State.ClearRotation(w.cluster.UUID) // the next run would say that it is over
	return nil
}

// repin looks where things stand and has the pins and the CA file follow. An
// API server that has the old CA still, or does not answer, is no reason to end.
func (w *rotating) repin(ctx context.Context) error {
	ca, cluster, err := w.reread(ctx)
	if err != nil {
		return err
	}
	w.ca, w.cluster = ca, cluster
	w.result.Now, w.result.Status = pki.Fingerprint(ca), cluster.Status
	o := w.reconcile(ctx, w.conn, nil, w.question(ca, cluster.Status))
	if o.fileErr != nil {
		return &StateError{Err: o.fileErr}
	}
	return nil
}

// wait looks until the rotation has ended.
func (w *rotating) wait(ctx context.Context) error {
	began := w.Now()
	w.r.Say(fmt.Sprintf("cluster %q is %s", w.cluster.Name, w.cluster.Status))
	for w.cluster.Status == updating {
		passed := w.Now().Sub(began)
		if passed >= w.r.Timeout {
			return &RotationGoesOnError{Status: w.cluster.Status, Waited: w.r.Timeout}
		}
		w.Progress(fmt.Sprintf("cluster %q is %s since %s", w.cluster.Name, w.cluster.Status, passed.Round(time.Second)))
		if err := pause(ctx, min(pollInterval, w.r.Timeout-passed)); err != nil {
			return err
		}
		if err := w.repin(ctx); err != nil && !worthWaiting(err) {
			return err
		}
	}
	w.r.Say(fmt.Sprintf("cluster %q is %s", w.cluster.Name, w.cluster.Status))
	return nil
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
