# SPDX-License-Identifier: Apache-2.0
"""The messages between ganadd and the service manager, with this program as the manager; and the
unit."""

import ctypes
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import ganad

PTRACE_ATTACH, PTRACE_DETACH = 16, 17
EXPOSURE_MAX = 1.8


def speaks_to_systemd():
    return b"libsystemd" in subprocess.run(["ldd", ganad.args.ganadd], stdout=subprocess.PIPE,
                                           check=True).stdout


class Manager:
    """A daemon started by a service manager, with this environment and descriptors from 3 on."""

    def __init__(self, d, sockets=(), **environ):
        self.tmp = tempfile.TemporaryDirectory(prefix="ganad-notify-")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.tmp.name + "/notify")
        self.heard, self.d = queue.Queue(), d
        # A manager always reads: the kernel keeps about ten messages, and the next one would block
        # ganadd.
        threading.Thread(target=self.listen, daemon=True).start()
        fds = [os.dup(s.fileno()) for s in sockets]
        env = dict(os.environ, NOTIFY_SOCKET=self.tmp.name + "/notify", **environ)

        def in_child():
            for i, fd in enumerate(fds):
                os.dup2(fd, 100 + i)
            for i in range(len(fds)):
                os.dup2(100 + i, 3 + i)
                os.close(100 + i)

        # The environment of the child is set before its process id is known: a shell adds it.
        command = [ganad.args.ganadd, "-c", d.conf]
        if fds:
            command = ["/bin/sh", "-c", f'LISTEN_PID=$$ LISTEN_FDS={len(fds)} exec "$0" "$@"',
                       *command]
        d.process = subprocess.Popen(command, env=env, stderr=d.log, stdout=subprocess.DEVNULL,
                                     preexec_fn=in_child,
                                     close_fds=False)
        for fd in fds:
            os.close(fd)

    def listen(self):
        while message := self.notify.recv(4096):
            self.heard.put(message.decode().split("\n"))

    def wait(self, what, seconds=20):
        """Waits until a message has a line that begins so; returns the messages since the last
        call."""
        end = time.monotonic() + seconds * ganad.SLOW
        heard = []
        while not any(line.startswith(what) for m in heard for line in m):
            try:
                heard.append(self.heard.get(timeout=max(0.01, end - time.monotonic())))
            except queue.Empty as e:
                raise AssertionError(f"no {what} but {heard}; {self.d.read_log()}") from e
        return heard

    def count(self, what, seconds):
        """Returns the messages of this kind within the time."""
        end, n = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0:
            try:
                n += self.heard.get(timeout=left)[0] == what
            except queue.Empty:
                pass
        return n

    def close(self):
        self.notify.shutdown(socket.SHUT_RDWR)  # the thread ends
        self.notify.close()
        self.tmp.cleanup()


class Thread:
    """Stops one thread of a process."""

    def __init__(self, pid, name):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.tid = next(int(t) for t in os.listdir(f"/proc/{pid}/task")
                        if self.name(pid, t) == name)
        if self.libc.ptrace(PTRACE_ATTACH, self.tid, None, None) != 0:
            raise unittest.SkipTest(f"ptrace: {os.strerror(ctypes.get_errno())}")
        os.waitpid(self.tid, 0x40000000)  # __WALL

    @staticmethod
    def name(pid, tid):
        with open(f"/proc/{pid}/task/{tid}/comm") as f:
            return f.read().strip()

    def go_on(self):
        self.libc.ptrace(PTRACE_DETACH, self.tid, None, None)


@unittest.skipUnless(os.path.exists("/usr/bin/ldd"),
                     "no ldd to see whether ganadd speaks to systemd")
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

    def test_the_status_shows_the_models_and_their_changes(self):
        with ganad.Daemon(start=False) as d:
            m = Manager(d)
            said = [line for x in m.wait("READY=1") for line in x]
            self.assertIn("STATUS=model random; no capture, records from clients only; no output",
                          said)
            d.process.send_signal(signal.SIGTERM)
            self.assertIn("STATUS=finishing what was accepted",
                          [line for x in m.wait("STOPPING=1") for line in x])
            self.assertEqual(d.process.wait(20 * ganad.SLOW), 0)
            m.close()
        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.bind(("127.0.0.1", 0))
        to = f"127.0.0.1:{listener.getsockname()[1]}"
        with ganad.Daemon(start=False, outputs={**ganad.ALERTS_FILE,
                                                "siem": {"type": "tcp", "to": to}},
                          captures={"spool": {"directory": "{dir}"}}) as d:
            m = Manager(d)
            m.wait("READY=1")
            m.wait("STATUS=model random; captures: spool waiting; outputs: file open, siem waiting")
            listener.listen()
            m.wait("STATUS=model random; captures: spool waiting; outputs: file open, siem open")
            d.process.send_signal(signal.SIGTERM)
            self.assertEqual(d.process.wait(20 * ganad.SLOW), 0)
            m.close()

    def test_a_stopped_scorer_ends_the_keep_alive(self):
        with ganad.Daemon(start=False) as d:
            m = Manager(d, WATCHDOG_USEC="300000")
            m.wait("READY=1")
            self.assertGreater(m.count("WATCHDOG=1", 1), 2)  # without work, and
            with ganad.Conn(d.scoring) as c:
                c.send(ganad.SCORE_REQUEST, ganad.request([ganad.record(x)
                                                           for x in ganad.data_lines(50)]))
                c.answer()
            m.count("", 0.1)  # those from before
            m.wait("WATCHDOG=1")  # after some work
            scorer = Thread(d.process.pid, "ganadd-scorer")
            m.count("", 0.3)
            self.assertEqual(m.count("WATCHDOG=1", 1), 0)
            self.assertIn("the scorer does not answer", d.read_log())
            scorer.go_on()
            m.wait("WATCHDOG=1")
            self.assertEqual(d.stop(), 0)
            m.close()

    def test_sockets_of_the_manager_are_used_and_left_in_place(self):
        with ganad.Daemon(start=False) as d:
            given = []
            for path in d.scoring, d.control:
                s = socket.socket(socket.AF_UNIX)
                s.bind(path)
                s.listen(16)
                given.append(s)
            early = ganad.Conn(d.scoring)  # before a daemon serves it
            early.send(ganad.SCORE_REQUEST, ganad.request([ganad.record(x)
                                                           for x in ganad.data_lines(3)]))
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


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True,
                          check=False)


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
class Unit(unittest.TestCase):
    """The unit as built."""

    def setUp(self):
        tmp = tempfile.TemporaryDirectory(prefix="ganad-unit-")
        self.addCleanup(tmp.cleanup)
        self.directory, self.unit = tmp.name, tmp.name + "/ganadd.service"
        source = os.path.join(ganad.args.source, "systemd")
        with open(os.path.join(source, "ganadd.service.in")) as f:
            self.text = f.read()
        for path in ganad.args.ganadctl, ganad.args.ganadd:
            self.text = re.sub(rf"@bindir@/{os.path.basename(path)}\b", os.path.abspath(path),
                               self.text)
        with open(self.unit, "w") as f:
            f.write(self.text)
        for name in "ganadd-scoring.socket", "ganadd-control.socket":
            shutil.copy(os.path.join(source, name), self.directory)

    def test_systemd_understands_it(self):
        r = analyze("verify", "--man=no", *(os.path.join(self.directory, name)
                                            for name in sorted(os.listdir(self.directory))))
        self.assertEqual((r.returncode, r.stdout), (0, ""))

    def test_it_is_sandboxed(self):
        r = analyze("security", "--offline=yes", self.unit)
        found = re.search(r"Overall exposure level for ganadd.service: ([\d.]+)", r.stdout)
        self.assertTrue(found, r.stdout)
        print("exposure", found.group(1))
        self.assertLessEqual(float(found.group(1)), EXPOSURE_MAX, r.stdout)

    def filter(self):
        """The system calls that the unit allows."""
        def calls(name):
            return {c for sub in groups[name] for c in calls(sub)} if name[0] == "@" else {name}
        groups, allowed = {}, set()
        for line in analyze("syscall-filter").stdout.split("\n"):
            if line.startswith("@"):
                group = groups.setdefault(line.strip(), [])
            elif line.startswith("    ") and not line.strip().startswith("#"):
                group.append(line.strip())
        for line in re.findall("^SystemCallFilter=(.*)$", self.text, re.M):
            named = {c for name in line.strip("~").split() for c in calls(name)}
            allowed = allowed - named if line[0] == "~" else allowed | named
        return allowed

    @unittest.skipUnless(shutil.which("strace") and shutil.which("setpriv"),
                         "no strace or no setpriv")
    @unittest.skipUnless(os.geteuid() == 0, "not root")
    @unittest.skipUnless(ganad.SLOW == 1, "a sanitizer makes system calls of its own")
    def test_its_filter_has_every_system_call_that_is_made(self):
        allowed = self.filter()
        self.assertGreater(len(allowed), 100)
        self.assertNotIn("mount", allowed)
        with ganad.Daemon(start=False, captures={"lo": {"interface": "lo"}},
                          models={"m": {"checkpoint": "{dir}/m.ckpt", "threshold": "-1e9"}},
                          scoring={"tcp": "127.0.0.1:0"},
                          metrics={"unix": "{dir}/metrics", "group": "games"},
                          records={"file": "{dir}/records.csv"},
                          outputs={"f": {"type": "file", "to": "{dir}/alerts"},
                                   "t": {"type": "tls", "to": "localhost:1"},
                                   "j": {"type": "journal", "format": "journal"}}) as d:
            shutil.copy(ganad.checkpoint(), d.path("m.ckpt"))
            shutil.copy(ganad.args.ganadd, d.path("ganadd"))
            for name in ["", *os.listdir(d.dir)]:
                os.chown(d.path(name), 65534, 65534)
            d.process = subprocess.Popen(
                ["setpriv", "--reuid=65534", "--regid=65534", "--groups=games",
                 "--bounding-set=-all,+net_raw",
                 "--inh-caps=-all,+net_raw", "--ambient-caps=-all,+net_raw", "--no-new-privs",
                 "/bin/sh", "-c",
                 'kill -STOP $$; exec "$0" "$@"', d.path("ganadd"), "-c", d.conf],
                stdout=subprocess.DEVNULL, stderr=d.log)
            self.stopped(d.process.pid)
            trace = subprocess.Popen(["strace", "-f", "-qq", "-o", self.directory + "/calls", "-p",
                                      str(d.process.pid)])
            ganad.wait_for(lambda: self.is_traced(d.process.pid), 20, "strace is there")
            d.process.send_signal(signal.SIGCONT)
            ganad.wait_for(d.answers, 60, "ganadd serves")
            with ganad.Conn(d.scoring) as c:
                c.send(ganad.SCORE_REQUEST, ganad.request([ganad.record(x)
                                                           for x in ganad.data_lines(50)]))
                c.answer()
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(d.path("metrics"))
                s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
                self.assertIn(b" 200 OK", s.recv(4096))
            for command in "reload", "status", "reopen":
                self.assertEqual(d.ctl(command, control=True).returncode, 0, command)
            ganad.wait_for(lambda: d.counter("alerts"), 20, "alerts")
            time.sleep(1.2)  # once a second
            self.assertEqual(d.stop(), 0)
            trace.wait(20 * ganad.SLOW)
        with open(self.directory + "/calls") as f:
            calls = f.read()
        calls = calls[calls.index("execve("):]  # before it was the shell
        made = set(re.findall(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)", calls, re.M))
        self.assertLessEqual({"capset", "socket", "fdatasync", "connect", "poll", "fchownat"}, made)
        self.assertEqual(made - allowed, set())

    def test_the_groups_of_the_manual_are_made_and_can_reach_the_sockets(self):
        def read(name):
            with open(os.path.join(ganad.args.source, name)) as f:
                return f.read()
        made = set(re.findall(r"^g (\S+) -$", read("systemd/ganad.sysusers"), re.M))
        self.assertEqual(made, set(re.findall(r"^\.It (ganad-\w+)$",
                                              read("conf/ganad-access.5"), re.M)))
        self.assertEqual(set(re.findall(r"^m ganad (\S+)$", read("systemd/ganad.sysusers"), re.M)),
                         made - {"ganad-admin"})  # it has no socket
        self.assertIn("\nRuntimeDirectoryMode=0755\n", self.text)
        self.assertIn("\nd /run/ganadd 0755 ganad ganad\n", read("systemd/ganad.tmpfiles"))
        for name in "control", "scoring":
            text = read(f"systemd/ganadd-{name}.socket")
            self.assertIn("\nDirectoryMode=0755\n", text)
            self.assertIn("\nSocketGroup=ganad\n", text)  # as before, until the key says another

    def stopped(self, pid):
        def state():
            with open(f"/proc/{pid}/stat") as f:
                return f.read().split()[2] == "T"
        ganad.wait_for(state, 20, "the shell waits")

    def is_traced(self, pid):
        with open(f"/proc/{pid}/status") as f:
            return "TracerPid:\t0\n" not in f.read()


if __name__ == "__main__":
    ganad.main()
