# SPDX-License-Identifier: Apache-2.0
"""Writes clouds.yaml. Scalars are JSON strings, which YAML reads whatever is
in them."""

import json


def entry(name, auth, auth_type=None):
    lines = ["  %s:" % json.dumps(name)]
    if auth_type:
        lines.append("    auth_type: " + auth_type)
    lines.append("    auth:")
    lines += ["      %s: %s" % (k, json.dumps(v)) for k, v in auth.items()]
    lines += ["    region_name: RegionOne", "    identity_api_version: 3"]
    return "\n".join(lines) + "\n"


def user(name, url, user, password, project):
    return entry(name, {
        "auth_url": url, "username": user, "password": password,
        "project_name": project,
        "user_domain_name": "Default", "project_domain_name": "Default"})


def application_credential(name, url, credential):
    return entry(name, {
        "auth_url": url,
        "application_credential_id": credential["id"],
        "application_credential_secret": credential["secret"],
    }, "v3applicationcredential")


def everyone(url, full, limited):
    return "clouds:\n" + "".join((
        user("alice", url, "alice", "alice-pw", "demo"),
        user("bob", url, "bob", "bob-pw", "demo"),
        user("reader", url, "reader", "reader-pw", "demo"),
        user("admin", url, "admin", "admin-pw", "admin"),
        user("admin-demo", url, "admin", "admin-pw", "demo"),
        application_credential("alice-appcred", url, full),
        application_credential("alice-appcred-limited", url, limited)))
