# SPDX-License-Identifier: Apache-2.0
"""Starts and stops the two services.

A service lives as long as NAME.lock is locked: the launcher takes the lock and
the service inherits it. So a process id in that file is never somebody else's.
"""

import fcntl
import os
import signal
import socket
import subprocess
import time

# Debian's own, not one that comes first in PATH: the packages belong to it.
PYTHON = "/usr/bin/python3"

# Enters another Debian's root. The mounts are in a namespace of this process,
# so they end with it. Arguments: the root, our sources, the pair's directory.
ENTER = """set -e
root=$1; shift
for d in /proc /dev "$1" "$2"; do
	mkdir -p "$root$d"
	mount --rbind "$d" "$root$d"
done
dir=$2; shift 2
exec chroot "$root" env -C "$dir" "$@"
"""


class Service:
    def __init__(self, name, sources, root=None):
        self.name, self.sources, self.root = name, sources, root

    def lock(self):
        """The lock file, locked, or None if the service is alive."""
        f = open(self.name + ".lock", "a+")
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return f
        except BlockingIOError:
            f.close()
            return None

    def alive(self):
        f = self.lock()
        if f:
            f.close()
        return f is None

    def command(self, module, *args):
        """How to run one of our modules with this Debian's packages."""
        argv = [PYTHON, os.path.join(self.sources, "services", module), *args]
        if self.root:
            argv = ["unshare", "--mount", "sh", "-c", ENTER, "enter", self.root,
                    self.sources, os.getcwd(), *argv]
        return argv

    def environment(self):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith(("OS_", "PYTHON"))}
        env.update(PYTHONPATH=os.path.join(self.sources, "services"),
                   PYTHONDONTWRITEBYTECODE="1")
        return env

    def run(self, module, *args):
        """Runs one to its end; what it says goes to the log."""
        with open(self.name + ".log", "a") as log:
            if subprocess.run(self.command(module, *args), stdout=log,
                              stderr=log, env=self.environment()).returncode:
                self.fail()

    def start(self, port):
        lock = self.lock()
        if not lock:
            return None
        env, fds = self.environment(), [lock.fileno()]
        if self.root:
            host = os.open("/proc/self/ns/mnt", os.O_RDONLY)
            env["OPENSTACK_E2E_HOST"] = str(host)
            fds.append(host)
        with lock, open(self.name + ".log", "a") as log:
            process = subprocess.Popen(
                self.command(self.name + "_service.py", str(port)),
                stdin=subprocess.PIPE, stdout=log, stderr=log, env=env,
                pass_fds=fds, start_new_session=True, text=True)
            lock.truncate(0)
            lock.write(str(process.pid))
        return process

    def wait(self, port):
        end = time.monotonic() + 120
        while time.monotonic() < end and self.alive():
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.05)
        self.fail()

    def stop(self):
        """True if there was one to stop."""
        if not self.alive():
            return False
        with open(self.name + ".lock") as f:
            pid = int(f.read())
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + 5
        while self.alive():
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        return True

    def fail(self):
        """Ends the program with what the service last said."""
        with open(self.name + ".log") as log:
            last = "".join(log.readlines()[-20:])
        raise SystemExit("openstack: %s did not start\n%s" % (self.name, last))
