# SPDX-License-Identifier: Apache-2.0
"""Serves Magnum: its API and its conductor. Argument: the port.

Waits for one line of JSON on stdin, the owner and project to make the clusters
for, or null if they are there. Answers the launcher on control.sock.
"""

import json
import os
import socketserver
import sys
import threading

port = int(sys.argv[1])

import magnum  # noqa: E402,F401  first: it chooses oslo.service's backend
from magnum.api import app as api  # noqa: E402
from magnum.common import service  # noqa: E402
from magnum.db.sqlalchemy import models  # noqa: E402
import magnum.conf  # noqa: E402
from oslo_db.sqlalchemy import enginefacade  # noqa: E402

import clusters  # noqa: E402
import http_server  # noqa: E402
import knobs  # noqa: E402
import loopback_rpc  # noqa: E402


class Control(socketserver.StreamRequestHandler):
    """One JSON request [function of clusters.py, arguments], one answer."""

    def handle(self):
        try:
            name, arguments = json.loads(self.rfile.readline())
            answer = {"ok": getattr(clusters, name)(**arguments)}
        except Exception as e:
            answer = {"error": "%s: %s" % (type(e).__name__, e)}
        self.wfile.write(json.dumps(answer).encode())


def start_control():
    if os.path.exists("control.sock"):
        os.unlink("control.sock")
    server = socketserver.ThreadingUnixStreamServer("control.sock", Control)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def with_certificate_life(app):
    def call(env, start_response):
        magnum.conf.CONF.set_override(
            "term_of_validity", knobs.read()["certificate_days"], group="x509")
        return app(env, start_response)
    return call


def main():
    service.prepare_service(["magnum", "--config-file", "magnum.conf"])
    owner = json.loads(sys.stdin.readline())
    if owner:
        # Magnum's migrations can't run on SQLite; its models can.
        models.Base.metadata.create_all(enginefacade.writer.get_engine())
        clusters.seed(**owner)
    loopback_rpc.start_conductor()
    app = with_certificate_life(api.load_app())
    start_control()
    http_server.serve(app, port, "magnum-access.log")


main()
