# SPDX-License-Identifier: Apache-2.0
"""The knobs: what can be changed while Keystone and Magnum run.

`openstack set` replaces knobs.json as a whole; the services, whose working
directory is the pair's, look at it when the question comes up.
"""

import json

DEFAULTS = {
    "token_seconds": 3600,      # life of the tokens issued from now on
    "certificate_days": 1825,   # life of the certificates signed from now on
    "rotate_seconds": 5,        # from PATCH to UPDATE_COMPLETE
    "rotate_hook": "",          # shell command run then; $1 is the cluster's UUID
    "rotate_fail": "",          # nodes: ends in UPDATE_FAILED; driver: refused at once
    "policy": "default",        # or project, see etc/policy-project.yaml
}


def read():
    try:
        with open("knobs.json") as f:
            return {**DEFAULTS, **json.load(f)}
    except FileNotFoundError:
        return dict(DEFAULTS)
