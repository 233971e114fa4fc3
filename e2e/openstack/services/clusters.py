# SPDX-License-Identifier: Apache-2.0
"""The clusters, made and changed through Magnum's own objects.

Magnum can't create one without Heat and Nova, so they are put into its
database as a creation leaves them, certificates included.
"""

from magnum.common import context
from magnum import objects
from magnum.conductor.handlers.common import cert_manager
from oslo_utils import uuidutils


def seed(owner, project):
    ctx = context.RequestContext(user_id=owner, project_id=project,
                                 is_admin=True, all_tenants=True)
    k8s = make_template(ctx, "k8s")
    notls = make_template(ctx, "k8s-notls", tls_disabled=True)
    atomic = make_template(ctx, "k8s-atomic", cluster_distro="fedora-atomic")
    make_cluster(ctx, "prod", k8s, api_address="https://127.0.0.1:16443")
    make_cluster(ctx, "dev", k8s, api_address="https://127.0.0.1:17443")
    make_cluster(ctx, "building", k8s, status="CREATE_IN_PROGRESS")
    make_cluster(ctx, "twin", k8s, api_address="https://127.0.0.1:18443")
    make_cluster(ctx, "twin", k8s, api_address="https://127.0.0.1:18444")
    make_cluster(ctx, "notls", notls, api_address="http://127.0.0.1:18080")
    make_cluster(ctx, "norotate", atomic, api_address="https://127.0.0.1:18445")
    make_cluster(ctx, "failed", k8s, status="CREATE_FAILED", certificates=False,
                 status_reason="failed to create trustee")


def make_template(ctx, name, **differences):
    template = objects.ClusterTemplate(ctx, **{**dict(
        name=name, project_id=ctx.project_id, user_id=ctx.user_id,
        coe="kubernetes", server_type="vm", cluster_distro="fedora-coreos",
        image_id="fedora-coreos-38", keypair_id=None,
        flavor_id="m1.small", master_flavor_id="m1.small",
        external_network_id="public", dns_nameserver="192.0.2.53",
        network_driver="calico", volume_driver="cinder",
        docker_volume_size=None, docker_storage_driver="overlay2",
        apiserver_port=6443, floating_ip_enabled=True, master_lb_enabled=False,
        registry_enabled=False, tls_disabled=False, public=True, hidden=False,
        labels={"kube_tag": "v1.27.8-rancher2"}), **differences})
    template.create()
    return template


def make_cluster(ctx, name, template, certificates=True, **differences):
    cluster = objects.Cluster(ctx, **{**dict(
        name=name, project_id=ctx.project_id, user_id=ctx.user_id,
        uuid=uuidutils.generate_uuid(), stack_id=uuidutils.generate_uuid(),
        cluster_template_id=template.uuid, labels=template.labels,
        status="CREATE_COMPLETE", status_reason=None, api_address=None,
        keypair=None, flavor_id="m1.small", master_flavor_id="m1.small",
        create_timeout=60, discovery_url=None, docker_volume_size=None,
        coe_version="v1.27.8-rancher2", container_version="1.6.20",
        fixed_network=None, fixed_subnet=None,
        floating_ip_enabled=True, master_lb_enabled=False), **differences})
    if certificates:
        cert_manager.generate_certificates_to_cluster(cluster, context=ctx)
    cluster.create()
    make_node_group(ctx, cluster, "master", ["192.0.2.1"], least=1)
    make_node_group(ctx, cluster, "worker", ["192.0.2.1", "192.0.2.2"], least=0)


def make_node_group(ctx, cluster, role, addresses, least):
    objects.NodeGroup(
        ctx, uuid=uuidutils.generate_uuid(), cluster_id=cluster.uuid,
        name="default-" + role, role=role, is_default=True,
        project_id=ctx.project_id, labels=cluster.labels,
        image_id="fedora-coreos-38", flavor_id="m1.small",
        docker_volume_size=None, node_addresses=addresses,
        node_count=len(addresses), min_node_count=least, max_node_count=None,
        stack_id=cluster.stack_id, status=cluster.status, status_reason=None,
        version=None).create()


def find(name):
    """The one cluster of that name or UUID."""
    ctx = context.make_admin_context(all_tenants=True)
    found = [c for c in objects.Cluster.list(ctx) if name in (c.uuid, c.name)]
    if len(found) != 1:
        raise LookupError("%d clusters are named %s" % (len(found), name))
    return ctx, found[0]


def change(cluster, fields):
    """Sets fields of a cluster's row, whatever Magnum would say to that."""
    _, c = find(cluster)
    for name, value in fields.items():
        setattr(c, name, value)
    c.save()
    return c.uuid


def ca(cluster, kind):
    """Magnum's current CA of that kind: certificate and decrypted key."""
    ctx, c = find(cluster)
    pair = cert_manager.get_cluster_ca_certificate(c, context=ctx,
                                                   ca_cert_type=kind)
    return {"ca.crt": text(pair.get_certificate()),
            "ca.key": text(pair.get_decrypted_private_key())}


def text(pem):
    """PEM that ends with a newline; Magnum stores it as either type without."""
    if isinstance(pem, bytes):
        pem = pem.decode()
    return pem.strip() + "\n"
