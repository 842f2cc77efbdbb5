# SPDX-License-Identifier: Apache-2.0
"""What ganadd and the service manager say to each other, with this program in the manager's place; and the unit."""

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import ganad

PTRACE_ATTACH, PTRACE_DETACH = 16, 17
EXPOSURE_MAX = 1.8


def speaks_to_systemd():
    return b"libsystemd" in subprocess.run(["ldd", ganad.args.ganadd], stdout=subprocess.PIPE, check=True).stdout


class Manager:
    """A daemon that was started by a service manager, with this environment and these descriptors from 3 on."""

    def __init__(self, d, sockets=(), **environ):
        self.tmp = tempfile.TemporaryDirectory(prefix="ganad-notify-")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.tmp.name + "/notify")
        self.heard, self.d = [], d
        fds = [os.dup(s.fileno()) for s in sockets]
        env = dict(os.environ, NOTIFY_SOCKET=self.tmp.name + "/notify", **environ)

        def in_child():
            for i, fd in enumerate(fds):
                os.dup2(fd, 100 + i)
            for i in range(len(fds)):
                os.dup2(100 + i, 3 + i)
                os.close(100 + i)

        # The environment of the child is set before it knows its number: a shell puts that in.
        command = [ganad.args.ganadd, "-c", d.conf]
        if fds:
            command = ["/bin/sh", "-c", f'LISTEN_PID=$$ LISTEN_FDS={len(fds)} exec "$0" "$@"', *command]
        d.process = subprocess.Popen(command, env=env, stderr=d.log, stdout=subprocess.DEVNULL, preexec_fn=in_child,
                                     close_fds=False)
        for fd in fds:
            os.close(fd)

    def wait(self, what, seconds=20):
        """Until a message has a line that begins so; the messages since the last call."""
        end = time.monotonic() + seconds * ganad.SLOW
        heard = []
        while not any(line.startswith(what) for m in heard for line in m):
            self.notify.settimeout(max(0.01, end - time.monotonic()))
            try:
                heard.append(self.notify.recv(4096).decode().split("\n"))
            except socket.timeout as e:
                raise AssertionError(f"no {what} but {heard}; {self.d.read_log()}") from e
        return heard

    def count(self, what, seconds):
        """Messages of this kind within so long."""
        end, n = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0:
            self.notify.settimeout(left)
            try:
                n += self.notify.recv(4096).decode().split("\n")[0] == what
            except socket.timeout:
                pass
        return n

    def close(self):
        self.notify.close()
        self.tmp.cleanup()


class Thread:
    """One thread of a process stands still."""

    def __init__(self, pid, name):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.tid = next(int(t) for t in os.listdir(f"/proc/{pid}/task") if self.name(pid, t) == name)
        if self.libc.ptrace(PTRACE_ATTACH, self.tid, None, None) != 0:
            raise unittest.SkipTest(f"ptrace: {os.strerror(ctypes.get_errno())}")
        os.waitpid(self.tid, 0x40000000)  # __WALL

    @staticmethod
    def name(pid, tid):
        with open(f"/proc/{pid}/task/{tid}/comm") as f:
            return f.read().strip()

    def go_on(self):
        self.libc.ptrace(PTRACE_DETACH, self.tid, None, None)


@unittest.skipUnless(os.path.exists("/usr/bin/ldd"), "no ldd to see whether ganadd speaks to systemd")
class Speaks(unittest.TestCase):
    def setUp(self):
        if not speaks_to_systemd():
            self.skipTest("ganadd was built without libsystemd")

    def test_ready_reloading_stopping(self):
        with ganad.Daemon(start=False) as d:
            m = Manager(d)
            m.wait("READY=1")
            self.assertEqual(d.ctl("reload", control=True).returncode, 0)
            heard = [line.split("=")[0] for x in m.wait("READY=1") for line in x]
            self.assertEqual(heard, ["RELOADING", "MONOTONIC_USEC", "READY"])
            d.process.send_signal(signal.SIGTERM)
            m.wait("STOPPING=1")
            self.assertEqual(d.process.wait(20 * ganad.SLOW), 0)
            m.close()

    def test_a_scorer_that_stands_still_is_not_alive(self):
        with ganad.Daemon(start=False) as d:
            m = Manager(d, WATCHDOG_USEC="300000")
            m.wait("READY=1")
            self.assertGreater(m.count("WATCHDOG=1", 1), 2)  # without work, and
            with ganad.Conn(d.scoring) as c:
                c.send(ganad.SCORE_REQUEST, ganad.request([ganad.record(x) for x in ganad.data_lines(50)]))
                c.answer()
            m.wait("WATCHDOG=1")  # after some
            scorer = Thread(d.process.pid, "ganadd-scorer")
            m.count("", 0.3)
            self.assertEqual(m.count("WATCHDOG=1", 1), 0)
            self.assertIn("the scorer does not answer", d.read_log())
            scorer.go_on()
            m.wait("WATCHDOG=1")
            self.assertEqual(d.stop(), 0)
            m.close()

    def test_sockets_are_taken_over_and_left_where_they_are(self):
        with ganad.Daemon(start=False) as d:
            given = []
            for path in d.scoring, d.control:
                s = socket.socket(socket.AF_UNIX)
                s.bind(path)
                s.listen(16)
                given.append(s)
            early = ganad.Conn(d.scoring)  # before anybody serves it
            early.send(ganad.SCORE_REQUEST, ganad.request([ganad.record(x) for x in ganad.data_lines(3)]))
            inodes = [os.stat(path).st_ino for path in (d.scoring, d.control)]
            for _ in range(2):
                m = Manager(d, given)
                m.wait("READY=1")
                self.assertEqual(d.status().pid, d.process.pid)
                if early:
                    self.assertEqual(len(early.answer().score), 3)
                    early = early.close()
                self.assertEqual(d.stop(), 0)
                self.assertEqual([os.stat(path).st_ino for path in (d.scoring, d.control)], inodes)
                m.close()
            for s in given:
                s.close()


class Unit(unittest.TestCase):
    """The unit as it is built."""

    def test_it_is_shut_in(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        with tempfile.TemporaryDirectory(prefix="ganad-unit-") as folder:
            unit = folder + "/ganadd.service"
            with open(os.path.join(ganad.args.source, "systemd", "ganadd.service.in")) as f, open(unit, "w") as out:
                out.write(f.read().replace("@sbindir@", "/usr/sbin").replace("@bindir@", "/usr/bin"))
            r = subprocess.run(["systemd-analyze", "security", "--offline=yes", unit], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
            found = re.search(r"Overall exposure level for ganadd.service: ([\d.]+)", r.stdout)
            self.assertTrue(found, r.stdout + r.stderr)
            print("exposure", found.group(1))
            self.assertLessEqual(float(found.group(1)), EXPOSURE_MAX, r.stdout)


if __name__ == "__main__":
    ganad.main()
