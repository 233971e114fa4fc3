// SPDX-License-Identifier: Apache-2.0

// Command etcd runs one etcd member on loopback for the API server of a test.
// It keeps nothing safe: no fsync, no peers, and authentication only if it is
// given certificates. The one line on its standard output is the URL clients
// use; it ends when standard input does.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/kubernetes/internal/lifeline"
)

const startWithin = 60 * time.Second

func main() {
	data := flag.String("data", "", "data `directory`")
	pki := flag.String("pki", "", "`directory` with ca.crt, server.crt and peer.crt and their keys, as kubeadm names them")
	flag.Parse()
	lifeline.Hold()
	if err := run(*data, *pki); err != nil {
		log.Fatal(err)
	}
}

func run(data, pki string) error {
	// Registered first: a starter that gives up early must end us too.
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)

	etcd, err := embed.StartEtcd(config(data, pki))
	if err != nil {
		return err
	}
	defer etcd.Close()
	select {
	case <-etcd.Server.ReadyNotify():
	case err := <-etcd.Err():
		return err
	case <-stop:
		return nil
	case <-time.After(startWithin):
		return fmt.Errorf("etcd is not ready after %s", startWithin)
	}
	if _, err := fmt.Printf("%s://%s\n", scheme(pki), etcd.Clients[0].Addr()); err != nil {
		return err
	}
	select {
	case <-stop:
		return nil
	case err := <-etcd.Err():
		return err
	}
}

// config lets the kernel choose both ports: a port chosen beforehand may be
// taken by the time etcd wants it.
func config(data, pki string) *embed.Config {
	loopback := []url.URL{{Scheme: scheme(pki), Host: "127.0.0.1:0"}}
	c := embed.NewConfig()
	c.Name = "e2e"
	c.Dir = data
	c.LogLevel = "warn"
	c.UnsafeNoFsync = true
	c.ListenClientUrls, c.AdvertiseClientUrls = loopback, loopback
	c.ListenPeerUrls, c.AdvertisePeerUrls = loopback, loopback
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	if pki != "" {
		c.ClientTLSInfo, c.PeerTLSInfo = tlsInfo(pki, "server"), tlsInfo(pki, "peer")
	}
	return c
}

func scheme(pki string) string {
	if pki == "" {
		return "http"
	}
	return "https"
}

func tlsInfo(pki, name string) transport.TLSInfo {
	return transport.TLSInfo{
		CertFile: filepath.Join(pki, name+".crt"), KeyFile: filepath.Join(pki, name+".key"),
		TrustedCAFile: filepath.Join(pki, "ca.crt"), ClientCertAuth: true,
	}
}
