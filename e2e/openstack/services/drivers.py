# SPDX-License-Identifier: Apache-2.0
"""Magnum's view of the clusters' infrastructure, of which there is none.

CoreOS can rotate a CA; Atomic leaves that to Magnum's base class, which says
that the driver can't. Nothing else is there but deletion.
"""

import os
import subprocess
import threading
import time
import traceback

from magnum.common import context
from magnum.common import exception
from magnum.drivers.common import driver
from magnum import objects
from magnum.objects.fields import ClusterStatus

import knobs

try:
    from heatclient.exc import HTTPNotFound as StackGone
except ImportError:
    StackGone = None    # Magnum 23 left Heat


class Atomic(driver.Driver):
    provides = [{"server_type": "vm", "os": "fedora-atomic",
                 "coe": "kubernetes"}]

    def refuse(self, *args, **kwargs):
        raise exception.NotSupported("no infrastructure here")

    create_cluster = update_cluster = upgrade_cluster = resize_cluster = refuse
    create_federation = update_federation = delete_federation = refuse
    create_nodegroup = update_nodegroup = delete_nodegroup = refuse

    def delete_cluster(self, ctx, cluster):
        if StackGone:
            raise StackGone()   # the conductor then forgets the cluster itself
        later(0, forget, cluster.uuid)


class CoreOS(Atomic):
    provides = [{"server_type": "vm", "os": "fedora-coreos",
                 "coe": "kubernetes"}]

    def rotate_ca_certificate(self, ctx, cluster):
        k = knobs.read()
        if k["rotate_fail"] == "driver":
            raise exception.NotSupported("the driver refused to rotate")
        later(k["rotate_seconds"], finish_rotation, cluster.uuid, k)


def later(seconds, action, uuid, *args):
    """Does as Magnum's periodic task would: looks at the cluster until the
    conductor has written what it is about to do, then acts."""
    def run():
        time.sleep(seconds)
        ctx = context.make_admin_context(all_tenants=True)
        for _ in range(600):
            try:
                cluster = objects.Cluster.get_by_uuid(ctx, uuid)
                if cluster.status in (ClusterStatus.UPDATE_IN_PROGRESS,
                                      ClusterStatus.DELETE_IN_PROGRESS):
                    return action(ctx, cluster, *args)
            except exception.ClusterNotFound:
                return
            except Exception:
                traceback.print_exc()
            time.sleep(0.1)

    threading.Thread(target=run, daemon=True).start()


def finish_rotation(ctx, cluster, k):
    cluster.status = ClusterStatus.UPDATE_COMPLETE
    cluster.status_reason = "CA rotated"
    if k["rotate_hook"]:
        rc = run_hook(k["rotate_hook"], cluster)
        if rc:
            cluster.status = ClusterStatus.UPDATE_FAILED
            cluster.status_reason = "the hook failed, rc=%d" % rc
    if k["rotate_fail"] == "nodes":
        cluster.status = ClusterStatus.UPDATE_FAILED
        cluster.status_reason = "the rotation failed on the nodes"
    cluster.save()


def run_hook(command, cluster):
    """Runs it on the machine, also when Magnum lives in another root."""
    argv, fds = [], []
    if "OPENSTACK_E2E_HOST" in os.environ:
        fds = [int(os.environ["OPENSTACK_E2E_HOST"])]
        argv = ["nsenter", "--mount=/proc/self/fd/%d" % fds[0],
                "--wdns=" + os.getcwd()]
    argv += ["/bin/sh", "-c", command, "rotate_hook", cluster.uuid]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, pass_fds=fds).returncode


def forget(ctx, cluster):
    from magnum.conductor.handlers.common import cert_manager
    cert_manager.delete_certificates_from_cluster(cluster, context=ctx)
    for group in objects.NodeGroup.list(ctx, cluster.uuid):
        group.destroy()
    cluster.destroy()
