# SPDX-License-Identifier: Apache-2.0
"""Installs Debian's Keystone and Magnum, here or in a root of their own."""

import os
import shutil
import subprocess
import sys

# Libraries only: no package with a daemon, a database question or a service.
PACKAGES = ["python3-keystone", "python3-magnum", "python3-waitress"]
# OpenStack's own client, for the tests; also where the services have a root.
CLIENT = "openstackclient"


def here():
    apt(PACKAGES)


def client():
    apt(["python3-" + CLIENT])


def in_root(suite, root):
    """Makes root, a minimal Debian of that suite. As root only."""
    apt(["debootstrap"])
    os.makedirs(os.path.dirname(root), exist_ok=True)
    new = root + ".new"     # so that half a root never counts
    shutil.rmtree(new, ignore_errors=True)
    # debootstrap knows the suites of its own time only; all go by one script.
    subprocess.run(["debootstrap", "--variant=minbase", suite, new, mirror(),
                    "/usr/share/debootstrap/scripts/sid"],
                   check=True, stdout=sys.stderr)
    with open(new + "/etc/apt/apt.conf.d/99host", "w") as f:
        f.write(subprocess.run(["apt-config", "dump", "Acquire"], check=True,
                               capture_output=True, text=True).stdout)
    apt(PACKAGES, "chroot", new)
    subprocess.run(["chroot", new, "apt-get", "clean"], check=True)
    os.rename(new, root)


def mirror():
    """Where this machine gets its own Debian from."""
    sources = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)"],
        check=True, capture_output=True, text=True).stdout
    for line in sources.splitlines():
        origin, _, uri = line.partition(" ")
        if origin == "Debian":
            return uri
    raise SystemExit("openstack: apt has no Debian source to take a suite from")


def apt(packages, *prefix):
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    env.pop("TMPDIR", None)     # it need not exist in the other root
    for args in (["update"],
                 ["install", "-y", "--no-install-recommends", *packages]):
        subprocess.run([*prefix, "apt-get", *args], check=True, env=env,
                       stdout=sys.stderr)
