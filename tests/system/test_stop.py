# SPDX-License-Identifier: Apache-2.0
"""Starting and stopping: accepted requests are answered, nothing is left behind, and errors name
their place."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time
import unittest

import ganad


def packed_frames(lines, n):
    """n requests of all these lines each, ids 0 .. n - 1."""
    names = [x.name for x in ganad.pb.Record.DESCRIPTOR.fields[:41] if x.type != x.TYPE_STRING]
    records = [ganad.record(line) for line in lines]
    number = [float(getattr(r, name)) for name in names for r in records]
    m = ganad.pb.PackedRequest(n=len(lines), number=number, protocol_type=bytes(len(lines)),
                               service=b"\x16" * len(lines), flag=b"\x09" * len(lines))
    for i in range(n):
        m.id = i
        yield ganad.frame(ganad.PACKED_REQUEST, m)


class Load(threading.Thread):
    """Sends requests as fast as it can, and reads until the server closes."""

    def __init__(self, path, lines):
        super().__init__(daemon=True)
        self.conn, self.frames = ganad.Conn(path), list(packed_frames(lines, 1500))
        self.answers, self.anomalous, self.end, self.clean = [], 0, None, False
        self.start()

    def run(self):
        sender = threading.Thread(target=self.send, daemon=True)
        sender.start()
        try:
            while True:
                kind, body = self.conn.frame()
                if kind == ganad.ERROR_REPLY:
                    self.end = ganad.pb.ErrorReply.FromString(body)
                else:
                    a = ganad.pb.ScoreReply.FromString(body)
                    self.answers.append(a.id)
                    self.anomalous += sum(a.anomalous)
        except ganad.Closed as e:
            self.clean = not e.args
        # we sent longer than the daemon lingers: valid after its last frame
        except ConnectionResetError:
            self.clean = self.end is not None and not self.conn.buf
        self.conn.close()
        sender.join()

    def send(self):
        try:
            for f in self.frames:
                self.conn.s.sendall(f)
        except OSError:
            pass  # the end, or our own close()


class Stop(unittest.TestCase):
    def test_under_load_everything_accepted_is_answered(self):
        lines = ganad.data_lines(300)
        for sig in (signal.SIGTERM, signal.SIGINT):
            model = {"checkpoint": ganad.checkpoint(), "fpr_budget": "0.2"}
            with ganad.Daemon(outputs=ganad.ALERTS_FILE, models={"m": model},
                              ganadd={"stop_timeout": f"{30 * ganad.SLOW:g}s"}) as d:
                loads = [Load(d.scoring, lines[i * 30:i * 30 + 100]) for i in range(6)]
                ganad.wait_for(lambda: d.counter("records_scored") > 5000, 60, "load")
                start = time.monotonic()
                d.process.send_signal(sig)
                code = d.process.wait(30 * ganad.SLOW)
                seconds = time.monotonic() - start
                for load in loads:
                    load.join(30 * ganad.SLOW)
                    self.assertFalse(load.is_alive())
                self.assertEqual(code, 0, d.read_log())
                self.assertLess(seconds, 10 * ganad.SLOW)
                for load in loads:
                    self.assertEqual(load.answers, list(range(len(load.answers))))
                    self.assertTrue(load.clean, "the connection broke")
                    self.assertEqual(load.end and load.end.code, ganad.SHUTTING_DOWN)
                    self.assertLess(len(load.answers), len(load.frames),
                                    "it was over before the signal")
                with open(d.path("alerts")) as f:
                    alerts = [json.loads(line) for line in f]
                self.assertEqual(len(alerts), sum(load.anomalous for load in loads))
                first = alerts[0]["seq"]
                self.assertEqual([a["seq"] for a in alerts],
                                 list(range(first, first + len(alerts))))
                self.assertFalse(os.path.exists(d.scoring) or os.path.exists(d.control),
                                 "sockets were left behind")

    def test_a_client_that_does_not_read_delays_it_by_stop_timeout_at_most(self):
        with ganad.Daemon(ganadd={"stop_timeout": "1s"}) as d, ganad.Conn(d.scoring) as c:
            c.s.settimeout(0.5)
            try:
                for f in packed_frames(ganad.data_lines(256), 1000):
                    c.s.sendall(f)
            except TimeoutError:
                pass
            start = time.monotonic()
            d.stop()
            self.assertLess(time.monotonic() - start, 5 * ganad.SLOW)

    def test_idle_clients_and_tails_do_not_delay_it(self):
        with ganad.Daemon() as d:
            conns = [ganad.Conn(d.scoring) for _ in range(20)]
            conns += [ganad.Conn(d.control) for _ in range(3)]
            conns[-1].send(ganad.CONTROL_REQUEST,
                           ganad.pb.ControlRequest(command=ganad.pb.ControlRequest.TAIL))
            ganad.wait_for(lambda: d.counter("tails") == 1, 10, "tail")
            start = time.monotonic()
            self.assertEqual(d.stop(), 0)
            self.assertLess(time.monotonic() - start, 5 * ganad.SLOW)
            for c in conns[:20]:
                self.assertEqual(c.error().code, ganad.SHUTTING_DOWN)
            for c in conns:
                c.close()

    def test_after_a_crash_it_starts_with_its_old_sockets_there(self):
        with ganad.Daemon() as d:
            d.process.kill()
            d.process.wait()
            self.assertTrue(os.path.exists(d.scoring))
            d.start()
            self.assertEqual(d.ctl("score", "-", input=b"".join(ganad.data_lines(5))).returncode, 0)
            self.assertEqual(d.stop(), 0)


class Signals(unittest.TestCase):
    # Each ends a program that does not catch it: signal(7).
    WITHOUT_MEANING = {signal.SIGUSR1: "SIGUSR1", signal.SIGUSR2: "SIGUSR2",
                       signal.SIGALRM: "SIGALRM",
                       signal.SIGVTALRM: "SIGVTALRM", signal.SIGPROF: "SIGPROF",
                       signal.SIGIO: "SIGPOLL",
                       signal.SIGPWR: "SIGPWR", 16: "SIGSTKFLT",
                       signal.SIGRTMIN: f"signal {int(signal.SIGRTMIN)}",
                       signal.SIGRTMAX: f"signal {int(signal.SIGRTMAX)}"}

    def daemon(self):
        return ganad.Daemon(outputs=ganad.ALERTS_FILE, alerts={"rollup": "1h"},
                            models={"m": {"checkpoint": ganad.checkpoint(), "threshold": "-1e30"}})

    def counted(self, d):
        """The number of anomalous records in the alerts of the file."""
        with open(d.path("alerts"), encoding="ascii") as f:
            events = [json.loads(line) for line in f]
        return sum(e["rollup"]["count"] if "rollup" in e else 1 for e in events
                   if e["event_type"] == "alert")

    def test_signals_without_meaning_end_nothing_and_lose_no_count(self):
        with self.daemon() as d:
            self.assertEqual(d.ctl("score", "-", input=ganad.data_lines(1)[0] * 300).returncode, 0)
            for number, name in self.WITHOUT_MEANING.items():
                d.process.send_signal(number)
                ganad.wait_for(lambda: f"notice: loop: {name} has no meaning here" in d.read_log(),
                               10, name)
            for _ in range(200):
                d.process.send_signal(signal.SIGUSR1)
            self.assertEqual(d.counter("records_scored"), 300)
            # many signals do not fill the disk
            self.assertLessEqual(d.read_log().count("has no meaning"), 12)
            self.assertEqual(d.stop(), 0)
            self.assertEqual(self.counted(d), 300)

    def test_a_limit_on_processor_time_is_an_orderly_stop(self):
        with self.daemon() as d:
            self.assertEqual(d.ctl("score", "-", input=ganad.data_lines(1)[0] * 300).returncode, 0)
            d.process.send_signal(signal.SIGXCPU)
            self.assertEqual(d.process.wait(30 * ganad.SLOW), 0)
            self.assertIn("SIGXCPU: finishing what was accepted", d.read_log())
            self.assertEqual(self.counted(d), 300)

    def test_a_signal_while_it_starts_or_ends_is_harmless(self):
        with ganad.Daemon(start=False) as d:
            for _ in range(3):
                p = subprocess.Popen([ganad.args.ganadd, "-c", d.conf], stderr=d.log)
                d.process = p
                ganad.wait_for(lambda: holds(p.pid, signal.SIGHUP), 10, "signals wait")
                for _ in range(20):
                    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
                        p.send_signal(number)
                ganad.wait_for(d.answers, 30, "ganadd serves")
                p.send_signal(signal.SIGTERM)
                while p.poll() is None:
                    p.send_signal(signal.SIGHUP)
                    p.send_signal(signal.SIGUSR1)
                self.assertEqual(p.returncode, 0)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def holds(pid, number):
    """Returns whether it blocks or catches a signal."""
    with open(f"/proc/{pid}/status") as f:
        masks = {k: int(v, 16) for k, v in (line.split(":", 1) for line in f)
                 if k in ("SigBlk", "SigCgt")}
    return any(m >> (number - 1) & 1 for m in masks.values())


class Start(unittest.TestCase):
    # 78: the service manager does not retry
    def run_daemon(self, conf, *options, expect=None):
        r = subprocess.run([ganad.args.ganadd, "-c", conf, *options], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE,
                           timeout=30 * ganad.SLOW)
        self.assertEqual(r.returncode, (1 if options else 78) if expect is None else expect,
                         r.stderr)
        return (r.stdout + r.stderr).decode()

    def broken(self, text, *words):
        with ganad.Daemon(start=False) as d:
            with open(d.conf, "a") as f:
                f.write(text)
            for options in (["-t"], []):
                said = self.run_daemon(d.conf, *options)
                for word in words:
                    self.assertIn(word.replace("{conf}", d.conf), said)

    def test_a_second_daemon_does_not_take_the_socket_of_the_first(self):
        with ganad.Daemon() as d:
            self.assertIn(d.scoring, self.run_daemon(d.conf, expect=1))
            self.assertEqual(d.ctl("score", "-", input=b"".join(ganad.data_lines(5))).returncode, 0)
            self.assertEqual(d.stop(), 0)

    def test_t_checks_and_starts_nothing(self):
        with ganad.Daemon(start=False) as d:
            self.assertIn("fine", self.run_daemon(d.conf, "-t", expect=0))
            self.assertFalse(os.path.exists(d.scoring))

    def test_dump_says_where_each_value_is_from_and_can_be_read_back(self):
        with ganad.Daemon(start=False, scoring={"idle_timeout": "7s"}) as d:
            os.mkdir(d.conf + ".d")
            with open(d.conf + ".d/10-more.conf", "w") as f:
                f.write("[scoring]\nframe_timeout = 3s\nidle_timeout = 8s\n")
            said = self.run_daemon(d.conf, "--dump-config", expect=0)
            self.assertIn(f"frame_timeout = 3s ; {d.conf}.d/10-more.conf:2\n", said)
            self.assertIn(f"idle_timeout = 8s ; {d.conf}.d/10-more.conf:3\n", said)
            self.assertIn("max_clients = 256 ; default\n", said)
            again = d.path("again.conf")
            with open(again, "w") as f:
                f.write(said)
            values = [line.split(" ; ")[0] for line in said.splitlines()]
            back = self.run_daemon(again, "--dump-config", expect=0)
            self.assertEqual([line.split(" ; ")[0] for line in back.splitlines()], values)

    def test_too_few_descriptors_are_named_and_what_to_raise(self):
        """At each number that is too small."""
        with ganad.Daemon(start=False, outputs=ganad.ALERTS_FILE,
                          metrics={"unix": "{dir}/m.sock"}) as d:
            said = []
            for n in range(12, 64, 3):
                p = subprocess.Popen(["prlimit", f"--nofile={n}:{n}", ganad.args.ganadd, "-c",
                                      d.conf], stderr=subprocess.PIPE,
                                     text=True)
                lines = ""
                for line in p.stderr:
                    lines += line
                    if "is ready" in line:
                        p.send_signal(signal.SIGTERM)
                p.stderr.close()
                said.append((n, p.wait(30 * ganad.SLOW), lines))
                if p.returncode == 0:
                    break
            self.assertEqual(said[-1][1], 0, said[-1])
            self.assertGreater(len(said), 8)
            for n, code, lines in said[:-1]:
                self.assertEqual((code,
                                  lines.count(f"too many open files: {n} descriptors are allowed")),
                                 (1, 1), lines)
                self.assertIn("raise LimitNOFILE= of the unit, or 'ulimit -n'", lines)

    def test_a_server_without_descriptors_pauses_and_resumes(self):
        """It neither spins nor logs a line for each socket, on each of which a client waits."""
        with ganad.Daemon(metrics={"unix": "{dir}/m.sock"}) as d:
            pid = d.process.pid
            limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, limits[1]))
            waiting = []
            for path in (d.scoring, d.control, d.path("m.sock")):
                waiting.append(socket.socket(socket.AF_UNIX))
                self.addCleanup(waiting[-1].close)
                waiting[-1].connect(path)
            waiting[-1].sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            said = r"cannot accept: Too many open files; retrying every second: raise LimitNOFILE="
            ganad.wait_for(lambda: len(re.findall(said, d.read_log())) == 3, 10, d.read_log())
            before = cpu_seconds(pid)
            time.sleep(1)
            self.assertLess(cpu_seconds(pid) - before, 0.5)
            self.assertEqual(len(re.findall(said, d.read_log())), 3)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            waiting[-1].settimeout(20 * ganad.SLOW)
            self.assertIn(b"200 OK", waiting[-1].recv(100))
            self.assertEqual(d.status().pid, pid)
            self.assertEqual(d.stop(), 0)

    def test_a_missing_capture_is_reported_with_what_to_do(self):
        with ganad.Daemon() as d:
            ganad.wait_for(lambda: "is ready" in d.read_log(), 20, "the log says that it is ready")
            self.assertRegex(d.read_log(),
                             r"notice: capture: no capture is configured: "
                             r".* add \[capture NAME\] with interface = "
                             rf"\.\.\. to {d.conf} or a file of {d.conf}\.d")
            said = d.ctl("status", control=True).stdout.decode()
            self.assertIn("no capture: only scoring clients send records. To capture packets, add "
                          "[capture NAME]", said)
            self.assertEqual(d.stop(), 0)

    def test_what_is_wrong_in_a_configuration_is_named(self):
        self.broken("[scoring]\nunx = /tmp/x\n", "{conf}:", "'unx'", "'unix'")
        self.broken("[scorin]\nunix = /tmp/x\n", "{conf}:", "'scorin'", "'scoring'")
        self.broken("[scoring]\nmax_clients = many\n", "{conf}:", "'max_clients'")
        self.broken("[scoring]\nmax_clients = 0\n", "{conf}:", "'max_clients'")
        self.broken("[scoring]\nidle_timeout = 5 parsecs\n", "{conf}:", "'idle_timeout'")
        self.broken("[output o]\ntype = file\nsyslog = perhaps\n", "{conf}:", "'syslog'")
        self.broken("[model other]\nfpr_budget = 0.1\n", "other", "checkpoint")
        self.assertIn("/nonexistent.conf", self.run_daemon("/nonexistent.conf"))

    def test_a_checkpoint_that_is_not_good_is_named(self):
        with open(ganad.checkpoint(), "rb") as f:
            good = f.read()
        cases = {"cut": good[:-1], "longer": good + b"x",
                 "flipped": good[:5000] + bytes([good[5000] ^ 1]) + good[5001:],
                 "empty": b"", "other": b"PK\3\4" + bytes(1000)}
        for name, content in cases.items():
            model = {"checkpoint": "{dir}/x.ckpt"}
            with self.subTest(name), ganad.Daemon(start=False, models={"m": model}) as d:
                with open(d.path("x.ckpt"), "wb") as f:
                    f.write(content)
                for options in (["-t"], []):
                    self.assertIn(d.path("x.ckpt"), self.run_daemon(d.conf, *options))
                r = ganad.ctl("score", "--local", d.path("x.ckpt"), "-", input=b"")
                self.assertEqual(r.returncode, 1)
                self.assertIn(d.path("x.ckpt").encode(), r.stderr)

    def test_tcp_serves_too(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        lines = b"".join(ganad.data_lines(500))
        with ganad.Daemon(scoring={"tcp": f"127.0.0.1:{port}"}) as d:
            unix = d.ctl("score", "--format", "csv", "-", input=lines)
            tcp = ganad.ctl("-s", f"127.0.0.1:{port}", "score", "--format", "csv", "-", input=lines)
            self.assertEqual((tcp.returncode, tcp.stdout), (0, unix.stdout), tcp.stderr)
            self.assertEqual(d.stop(), 0)
        self.assertEqual(ganad.ctl("-s", f"127.0.0.1:{port}", "score", "-", input=lines).returncode,
                         3)


if __name__ == "__main__":
    ganad.main()
