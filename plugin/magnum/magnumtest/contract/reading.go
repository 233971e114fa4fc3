// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"net/http"
)

// ghost is a UUID that no cluster has.
const ghost = "7ae81bb3-dec3-4289-8d6c-da80bd8001ae"

func askDiscovery(a *asker) {
	a.get("Magnum", "/", "")
	a.ask(question{name: "Magnum v1", method: "GET", path: "/v1"})
	a.ask(question{name: "Magnum v1 with a slash", method: "GET", path: "/v1/"})
	a.ask(question{name: "Magnum v2", method: "GET", path: "/v2", as: "alice"})
	a.ask(question{name: "an unknown resource", method: "GET", path: "/v1/ghosts", as: "alice"})
	a.ask(question{name: "Keystone", method: "GET", path: "/", ask: keystone})
	a.ask(question{name: "Keystone v3", method: "GET", path: "/v3", ask: keystone})
	a.ask(question{name: "Keystone v3 with a slash", method: "GET", path: "/v3/", ask: keystone})
	a.ask(question{name: "Keystone v2.0", method: "GET", path: "/v2.0", ask: keystone})
	a.ask(question{name: "catalog", method: "GET", path: "/v3/auth/catalog", as: "alice", ask: keystone})
	a.ask(question{name: "catalog without a token", method: "GET", path: "/v3/auth/catalog", ask: keystone})
}

func askMicroversions(a *asker) {
	const path = "/v1/clustertemplates?limit=1&sort_key=id"
	a.ask(question{name: "absent", method: "GET", path: path, as: "alice"})
	for _, v := range []string{
		"container-infra 1.1", "container-infra 1.4", "container-infra 1.10", "container-infra 1.11",
		"container-infra 1.13", "container-infra latest", "container-infra LATEST", "container-infra 1.99",
		"container-infra 0.9", "container-infra 2.0", "container-infra x", "container-infra 1", "1.5", "latest",
		"compute 1.5", "compute latest", "container-infrastructure 1.5",
		"container-infrastructure-management 1.5", "container-infrastructure-management latest",
	} {
		header := map[string]string{"OpenStack-API-Version": v}
		a.ask(question{name: v, method: "GET", path: path, as: "alice", header: header})
	}
	for _, accept := range []string{"application/json", "*/*", "text/html", "application/xml"} {
		header := map[string]string{"Accept": accept}
		a.ask(question{name: "Accept " + accept, method: "GET", path: "/v1/clusters/prod", as: "alice", header: header})
	}
	a.ask(question{
		name: "a cluster at 1.13", method: "GET", path: "/v1/clusters/prod", as: "alice",
		header: map[string]string{"OpenStack-API-Version": "container-infra 1.13"},
	})
}

func askClusters(a *asker) {
	for _, q := range [][2]string{
		{"first page", "/v1/clusters?limit=2"},
		{"next page", "/v1/clusters?limit=2&marker={prod}"},
		{"last page", "/v1/clusters?limit=2&marker={failed}"},
		{"sorted by name", "/v1/clusters?limit=3&sort_key=name&sort_dir=desc"},
		{"with a slash", "/v1/clusters/?limit=1"},
		{"unknown marker", "/v1/clusters?limit=2&marker=" + ghost},
		{"marker no UUID", "/v1/clusters?marker=prod"},
		{"limit 0", "/v1/clusters?limit=0"},
		{"limit -1", "/v1/clusters?limit=-1"},
		{"limit x", "/v1/clusters?limit=x"},
		{"unknown sort key", "/v1/clusters?sort_key=ghost"},
		{"unknown sort direction", "/v1/clusters?sort_dir=up"},
		{"filter by name", "/v1/clusters?name=prod"},
		{"detail", "/v1/clusters/detail?limit=1"},
		{"all details", "/v1/clusters/detail"},
		{"by name", "/v1/clusters/prod"},
		{"by UUID", "/v1/clusters/{prod}"},
		{"building", "/v1/clusters/building"},
		{"notls", "/v1/clusters/notls"},
		{"failed", "/v1/clusters/failed"},
		{"unknown name", "/v1/clusters/ghost"},
		{"unknown UUID", "/v1/clusters/" + ghost},
		{"twin", "/v1/clusters/twin"},
		{"one of the twins", "/v1/clusters/{twin2}"},
		{"a path for a name", "/v1/clusters/..%2F..%2Fetc"},
		{"a name with a space", "/v1/clusters/a%20b"},
		{"a name beyond ASCII", "/v1/clusters/%E4%B8%AD"},
		{"an argument", "/v1/clusters/prod?x=1"},
	} {
		a.get(q[0], q[1], "alice")
	}
	a.ask(question{name: "microversion absent", method: "GET", path: "/v1/clusters/prod", as: "alice"})
	for _, cloud := range []string{"bob", "reader", "admin", "admin-demo", "alice-appcred", "alice-appcred-limited"} {
		a.get("as "+cloud, "/v1/clusters/prod", cloud)
	}
	a.get("list as admin", "/v1/clusters?limit=1", "admin")
	a.get("detail as alice-appcred-limited", "/v1/clusters/detail?limit=1", "alice-appcred-limited")
	a.ask(question{name: "unknown method", method: "PUT", path: "/v1/clusters/prod", as: "alice"})
	a.ask(question{name: "delete none", method: "DELETE", path: "/v1/clusters", as: "alice"})
}

func askTemplates(a *asker) {
	a.get("by name", "/v1/clustertemplates/k8s", "alice")
	a.get("by UUID", "/v1/clustertemplates/{k8s-notls}", "alice")
	a.get("unknown", "/v1/clustertemplates/ghost", "alice")
	a.get("list", "/v1/clustertemplates", "alice")
	a.get("as reader", "/v1/clustertemplates/k8s", "reader")
	a.get("as admin", "/v1/clustertemplates/k8s", "admin")
	a.get("as alice-appcred-limited", "/v1/clustertemplates/k8s", "alice-appcred-limited")
	a.get("list as alice-appcred-limited", "/v1/clustertemplates", "alice-appcred-limited")
}

func askCAs(a *asker) {
	prod := a.get("by name", "/v1/certificates/prod", "alice")
	a.showCertificate("prod's own", prod)
	for _, kind := range []string{"etcd", "front_proxy", "front-proxy", "kubernetes", "kubelet", "bogus"} {
		r := a.get(kind, "/v1/certificates/prod?ca_cert_type="+kind, "alice")
		same := r.pem() == prod.pem()
		if want := kind == "kubernetes" || kind == "kubelet" || kind == "bogus"; same != want {
			a.t.Errorf("ca_cert_type=%s is the Kubernetes CA: %v", kind, same)
		}
	}
	for _, q := range [][2]string{
		{"by UUID", "/v1/certificates/{prod}"},
		{"unknown name", "/v1/certificates/ghost"},
		{"unknown UUID", "/v1/certificates/" + ghost},
		{"twin", "/v1/certificates/twin"},
		{"one of the twins", "/v1/certificates/{twin2}"},
		{"notls", "/v1/certificates/notls"},
		{"failed", "/v1/certificates/failed"},
		{"building", "/v1/certificates/building"},
		{"a name with a space", "/v1/certificates/a%20b"},
		{"an argument", "/v1/certificates/prod?x=1"},
		{"no cluster", "/v1/certificates"},
		{"no cluster but a slash", "/v1/certificates/"},
	} {
		a.get(q[0], q[1], "alice")
	}
	a.ask(question{name: "microversion absent", method: "GET", path: "/v1/certificates/{prod}", as: "alice"})
	a.ask(question{name: "no token", method: "GET", path: "/v1/certificates/prod"})
	for _, cloud := range []string{"bob", "reader", "admin", "admin-demo", "alice-appcred", "alice-appcred-limited"} {
		a.get("as "+cloud, "/v1/certificates/prod", cloud)
	}
	for _, method := range []string{http.MethodDelete, http.MethodPut} {
		a.ask(question{name: "unknown method " + method, method: method, path: "/v1/certificates/prod", as: "alice"})
	}
}
