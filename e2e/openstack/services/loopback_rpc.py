# SPDX-License-Identifier: Apache-2.0
"""Magnum's conductor in the process of its API, over oslo.messaging's fake://.

Two things of that bus are made as they are over RabbitMQ, where Magnum's API
and conductor meet on a cloud, or errors would have other texts:

 * an exception travels as JSON, and one that JSON cannot carry gets no answer;
 * the server takes messages on threads. Magnum would ask for eventlet, which
   waitress, also on threads, cannot live with.
"""

import oslo_messaging
from oslo_messaging._drivers import common
from oslo_messaging._drivers import impl_fake

import magnum.conf
from magnum.common import rpc
from magnum.conductor.handlers import ca_conductor
from magnum.conductor.handlers import cluster_conductor
from magnum.conductor.handlers import conductor_listener
from magnum.conductor.handlers import federation_conductor
from magnum.conductor.handlers import indirection_api
from magnum.conductor.handlers import nodegroup_conductor
from magnum.objects import base

HANDLERS = [indirection_api, cluster_conductor, conductor_listener,
            ca_conductor, federation_conductor, nodegroup_conductor]
try:
    from magnum.conductor.handlers import credential_conductor
    HANDLERS.append(credential_conductor)
except ImportError:
    pass    # before Magnum 21


def reply(self, reply=None, failure=None):
    if not self._reply_q:
        return
    if failure:
        failure = common.deserialize_remote_exception(
            common.serialize_remote_exception(failure),
            rpc.get_allowed_exmods())
    self._reply_q.put((reply, failure))


def start_conductor():
    impl_fake.FakeIncomingMessage.reply = reply
    serializer = rpc.RequestContextSerializer(base.MagnumObjectSerializer())
    oslo_messaging.get_rpc_server(
        rpc.TRANSPORT,
        oslo_messaging.Target(topic=magnum.conf.CONF.conductor.topic,
                              server="e2e"),
        [module.Handler() for module in HANDLERS],
        executor="threading", serializer=serializer,
        access_policy=oslo_messaging.DefaultRPCAccessPolicy).start()
