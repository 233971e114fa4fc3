# SPDX-License-Identifier: Apache-2.0
"""Serves Keystone. Argument: the port."""

import os
import sys

port = int(sys.argv[1])
sys.argv[1:] = []
os.environ["OS_KEYSTONE_CONFIG_FILES"] = os.path.abspath("keystone.conf")

import keystone.conf  # noqa: E402
from oslo_config import cfg  # noqa: E402
from keystone.server import wsgi  # noqa: E402

import http_server  # noqa: E402
import knobs  # noqa: E402


def allow_passcodes():
    """Adds TOTP to the methods that this release has by default: a list in
    keystone.conf would be one release's."""
    methods = keystone.conf.auth.methods
    cfg.set_defaults([methods], methods=[*methods.default, "totp"])


def with_token_life(app):
    def call(env, start_response):
        keystone.conf.CONF.set_override(
            "expiration", knobs.read()["token_seconds"], group="token")
        return app(env, start_response)
    return call


allow_passcodes()
http_server.serve(with_token_life(wsgi.initialize_public_application()),
                  port, "keystone-access.log")
