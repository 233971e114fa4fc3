# SPDX-License-Identifier: Apache-2.0
"""Serves a WSGI application on loopback, with an access log."""

import threading
import time

import waitress


class AccessLog:
    """One line for each answered request: time method path status agent.

    No headers but the agent's and no bodies, so no password and no token.
    """

    def __init__(self, app, path):
        self.app = app
        self.file = open(path, "a", buffering=1)
        self.lock = threading.Lock()

    def __call__(self, env, start_response):
        def start(status, headers, exc_info=None):
            query = "?" + env["QUERY_STRING"] if env.get("QUERY_STRING") else ""
            line = "%.3f %s %s%s %s %s\n" % (
                time.time(), env["REQUEST_METHOD"],
                env.get("SCRIPT_NAME", "") + env["PATH_INFO"].replace(" ", "+"),
                query, status[:3], env.get("HTTP_USER_AGENT", "-"))
            with self.lock:
                self.file.write(line)
            return start_response(status, headers, exc_info)

        return self.app(env, start)


def serve(app, port, log):
    """Serves until the process is told to end."""
    waitress.serve(AccessLog(app, log), host="127.0.0.1", port=port, threads=8,
                   ident=None, clear_untrusted_proxy_headers=True)
