# SPDX-License-Identifier: Apache-2.0
"""Makes Keystone's database, as `keystone-manage db_sync` and `bootstrap` do.

In one process, because each start of keystone-manage takes seconds. Arguments:
the URL that the catalog names, and the admin's password.
"""

import sys

url, password = sys.argv[1:]
sys.argv[1:] = []

import keystone.server  # noqa: E402
from keystone.cmd import bootstrap  # noqa: E402
from keystone.common.sql import upgrades  # noqa: E402

keystone.server.configure(config_files=["keystone.conf"])
upgrades.offline_sync_database_to_version()

b = bootstrap.Bootstrapper()
b.admin_username = b.project_name = b.admin_role_name = "admin"
b.admin_password = password
b.service_name = "keystone"
b.region_id = "RegionOne"
b.public_url = b.internal_url = b.admin_url = url
b.immutable_roles = True
b.bootstrap()
