# SPDX-License-Identifier: Apache-2.0
"""Fills Keystone over its API: projects, users, Magnum's own account, its
place in the catalog, and alice's application credentials."""

import json
import urllib.error
import urllib.request

# What an application credential needs to fetch credentials, and no more.
RULES = [{"service": "container-infra", "method": method, "path": path}
         for method, path in (("GET", "/v1/clusters"),
                              ("GET", "/v1/clusters/*"),
                              ("GET", "/v1/clustertemplates/*"),
                              ("GET", "/v1/certificates/*"),
                              ("POST", "/v1/certificates"))]


class Keystone:
    """Keystone as one user in one project of the Default domain."""

    def __init__(self, url, user, password, project):
        self.url, self.token = url, None
        domain = {"name": "Default"}
        answer, headers = self.send("POST", "/auth/tokens", {"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": user, "password": password, "domain": domain}}},
            "scope": {"project": {"name": project, "domain": domain}}}})
        self.token = headers["X-Subject-Token"]
        self.user = answer["token"]["user"]["id"]
        self.project = answer["token"]["project"]["id"]

    def send(self, method, path, body=None):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["X-Auth-Token"] = self.token
        request = urllib.request.Request(
            self.url + path, method=method, headers=headers,
            data=json.dumps(body).encode() if body else None)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                data = response.read()
                return json.loads(data) if data else None, response.headers
        except urllib.error.HTTPError as e:
            raise SystemExit("openstack: %s %s: %d %s" % (
                method, path, e.code, e.read().decode(errors="replace")))

    def get(self, path):
        return self.send("GET", path)[0]

    def make(self, kind, path=None, **fields):
        """Makes one and returns it."""
        return self.send("POST", path or "/%ss" % kind, {kind: fields})[0][kind]

    def make_user(self, name, password, project, role):
        user = self.make("user", name=name, password=password,
                         domain_id="default")["id"]
        self.grant("projects/" + project, user, role)
        return user

    def grant(self, where, user, role):
        ids = {r["name"]: r["id"] for r in self.get("/roles")["roles"]}
        if role not in ids:
            raise SystemExit("openstack: no role %s, only %s" % (
                role, ", ".join(sorted(ids))))
        self.send("PUT", "/%s/users/%s/roles/%s" % (where, user, ids[role]))


def populate(keystone_url, magnum_url):
    """Returns alice's id, demo's id and alice's application credentials."""
    admin = Keystone(keystone_url, "admin", "admin-pw", "admin")
    demo = admin.make("project", name="demo", domain_id="default")["id"]
    alice = admin.make_user("alice", "alice-pw", demo, "member")
    admin.make_user("bob", "bob-pw", demo, "member")
    admin.make_user("reader", "reader-pw", demo, "reader")
    admin.grant("projects/" + demo, admin.user, "admin")
    add_magnum(admin, magnum_url)

    user = Keystone(keystone_url, "alice", "alice-pw", "demo")
    path = "/users/%s/application_credentials" % alice
    full = user.make("application_credential", path, name="full")
    limited = user.make("application_credential", path, name="limited",
                        access_rules=RULES)
    return alice, demo, full, limited


def add_magnum(admin, url):
    service = admin.make("project", name="service", domain_id="default")["id"]
    admin.make_user("magnum", "magnum-pw", service, "admin")
    trustees = admin.make("domain", name="magnum")["id"]
    trustee = admin.make("user", name="magnum_domain_admin", domain_id=trustees,
                         password="magnum_domain_admin-pw")["id"]
    admin.grant("domains/" + trustees, trustee, "admin")
    magnum = admin.make("service", name="magnum", type="container-infra")["id"]
    for interface in ("public", "internal", "admin"):
        admin.make("endpoint", service_id=magnum, interface=interface, url=url,
                   region_id="RegionOne")
