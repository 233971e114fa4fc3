// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const (
	listEvery = time.Second
	// listWithin is more than a server that answers ever takes.
	listWithin = 5 * time.Second
)

// watch follows the configmaps of the default namespace with an informer, and
// lists its namespaces each second, until in ends. Both go over the same
// connections. It writes to out, one line each, after the seconds since start:
//
//	connect ADDRESS   a request went over a connection from ADDRESS, a new one
//	list ok
//	list error TEXT
//	relist            the informer asks for everything
//	watch error TEXT  the informer's list or watch ended so
//	event add NAME    the informer learnt of a configmap
func watch(ctx context.Context, config *rest.Config, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	says := &log{out: out, start: time.Now()}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return &observed{next: next, log: says, known: map[string]bool{}}
	})
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	informed, err := follow(ctx, client, says)
	if err != nil {
		return err
	}
	list(ctx, client, says)
	<-informed
	return nil
}

// follow runs an informer until ctx ends; the channel is then closed.
func follow(ctx context.Context, client kubernetes.Interface, says *log) (<-chan struct{}, error) {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace("default"))
	informer := factory.Core().V1().ConfigMaps().Informer()
	err := informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		says.line("watch error", err.Error())
	})
	if err != nil {
		return nil, err
	}
	_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(object any) {
		if c, ok := object.(*corev1.ConfigMap); ok {
			says.line("event add", c.Name)
		}
	}})
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		informer.RunWithContext(ctx)
	}()
	return done, nil
}

func list(ctx context.Context, client kubernetes.Interface, says *log) {
	tick := time.NewTicker(listEvery)
	defer tick.Stop()
	for {
		once, cancel := context.WithTimeout(ctx, listWithin)
		_, err := client.CoreV1().Namespaces().List(once, metav1.ListOptions{})
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			says.line("list error", err.Error())
		default:
			says.line("list ok", "")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// observed tells of requests and of the connections they go over.
type observed struct {
	next http.RoundTripper
	log  *log

	mu    sync.Mutex
	known map[string]bool
}

func (o *observed) RoundTrip(r *http.Request) (*http.Response, error) {
	if query := r.URL.Query(); strings.HasSuffix(r.URL.Path, "/configmaps") &&
		(query.Get("watch") == "" || query.Get("sendInitialEvents") == "true") {
		o.log.line("relist", "")
	}
	trace := &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		o.uses(got.Conn.LocalAddr().String())
	}}
	return o.next.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
}

func (o *observed) uses(address string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.known[address] {
		o.known[address] = true
		o.log.line("connect", address)
	}
}
