# SPDX-License-Identifier: Apache-2.0
"""conf/ganad-receive.py: incomplete lines, garbage, repeats, many ids, bounded memory, TLS, a
rotated file. Also the numbers that an output which filters sends, with real events of a real
ganadd."""

import contextlib
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

import ganad
from receivers import Authority, Proxy, free_port, reset

LIMIT = 20  # s
EACH = {"rollup": "0s", "rate": "0"}


def event(seq, sensor="s", run="0123456789abcdef", **more):
    return {"schema": 1, "event_type": "alert", "host": sensor, "event_id": f"{sensor}-{run}-{seq}",
            "seq": seq, **more}


def line(*args, **more):
    return json.dumps(event(*args, **more)).encode() + b"\n"


def lines_of(path):
    with open(path, "rb") as f:
        return f.read().splitlines(True)


def seqs_of(path):
    return [json.loads(x)["seq"] for x in lines_of(path) if b'"seq"' in x]


class Receiver:
    """The program with --out in its own directory."""

    def __init__(self, *arguments, out=True, directory=None):
        self.tmp = None if directory else tempfile.TemporaryDirectory(prefix="ganad-")
        self.dir = directory or self.tmp.name
        self.out, self.port = os.path.join(self.dir, "out"), free_port()
        self.command = [sys.executable, os.path.join(ganad.args.source, "conf/ganad-receive.py"),
                        *(["--out", self.out] if out else []),
                        *(a.format(port=self.port, dir=self.dir) for a in arguments)]
        self.err = open(os.path.join(self.dir, "err"), "a+")

    def said(self):
        with open(os.path.join(self.dir, "err")) as f:
            return f.read()

    def start(self):
        before = self.said().count("ready")
        self.process = subprocess.Popen(self.command, stderr=self.err)
        ganad.wait_for(lambda: self.said().count("ready") > before
                       or self.process.poll() is not None, LIMIT, "it is ready")
        assert self.process.poll() is None, self.said()
        return self

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(LIMIT * ganad.SLOW)
        assert code == 0, (code, self.said())
        return self.said()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), LIMIT)

    def send(self, *parts, end=True):
        """Sends on a separate connection."""
        with self.connect() as s:
            s.sendall(b"".join(parts))
            if end:
                s.shutdown(socket.SHUT_WR)
                assert s.recv(1) == b"", "it answers"

    def seqs(self):
        return seqs_of(self.out)

    def rss(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return next(int(x.split()[1]) * 1024 for x in f if x.startswith("VmRSS:"))

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.err.close()
        if self.tmp:
            self.tmp.cleanup()


class Receive(unittest.TestCase):
    def test_an_incomplete_line_is_dropped_and_accepted_when_it_is_sent_again(self):
        with Receiver("--tcp", "{port}") as r:
            r.send(line(1), line(2)[:-20])
            r.send(line(1), line(2), line(3)[:1])
            r.send(line(3), b"%d %s" % (len(line(4)) - 1, line(4)[:-1]),
                   b"%d %s" % (len(line(5)), line(5)[:9]))
            r.send(b"12")
            self.assertEqual(r.seqs(), [1, 2, 3, 4])
            said = r.stop()
        self.assertRegex(said, r"ends: 4 events, 1 repeats dropped, 4 incomplete events at the end")

    def test_every_cut_of_lines_and_of_frames(self):
        text = line(1) + line(2)
        frames = b"".join(b"%d %s" % (len(x), x) for x in (line(1), line(2)))
        with Receiver("--tcp", "{port}") as r:
            for whole in (text, frames):
                for cut in range(len(whole)):
                    r.send(whole[:cut])
            r.send(text)
            self.assertEqual(r.seqs(), [1, 2])
            self.assertNotIn("not events", r.stop())

    def test_garbage_costs_only_itself(self):
        bad = [b"{\n", b"[]\n", b"\0\n", b"\xff\xfe\n",
               b'{"event_id": 7, "host": "s", "event_type": "alert"}\n', b"[" * 60000 + b"\n",
               b'{"event_id": "%s", "host": "s", "event_type": "alert"}\n' % (b"x" * 1000),
               b'{"seq": %s}\n' % (b"9" * 50000),
               b'{"event_id": "a-b-1", "host": "s", "event_type": "alert", "seq": "1"}\n']
        with Receiver("--tcp", "{port}") as r:
            r.send(line(1), *bad, b"\n", b"x" * 300000 + b"\n", line(2))
            r.send(b"70000 ", line(3))  # longer than --longest: the connection is closed
            r.send(line(4))
            self.assertEqual(r.seqs(), [1, 2, 4])
            said = r.stop()
        self.assertIn(f"{len(bad)} lines are not events of format json", said)
        self.assertIn("1 lines are longer than --longest", said)
        self.assertIn("1 connections failed", said)

    def test_a_gap_is_reported_and_a_filter_is_not(self):
        with Receiver("--tcp", "{port}") as r:
            r.send(line(1), line(2), line(5))
            r.send(line(3, "f", prev_seq=0), line(9, "f", prev_seq=3), line(20, "f", prev_seq=14),
                   line(30, "f", prev_seq=0))
            said = r.stop()
        self.assertEqual([x.split(" ", 1)[1] for x in said.splitlines() if "missing" in x],
                         ["sensor s: events 3 to 4 are missing",
                          "sensor f: events are missing, the last of them is 14, the first is 10 "
                          "or later"])

    def test_a_restart_remembers_the_ids_in_the_file(self):
        with tempfile.TemporaryDirectory(prefix="ganad-") as d:
            with Receiver("--tcp", "{port}", directory=d) as r:
                r.send(line(1), line(2))
                r.process.kill()
                r.process.wait()
                with open(r.out, "ab") as f:
                    f.write(line(3)[:30])  # a power failure while it was written
                r.start()
                r.send(line(1), line(2), line(3), line(4))
                self.assertEqual(r.seqs(), [1, 2, 3, 4])
                self.assertIn("removed an incomplete last line", r.stop())

    def test_memory_is_bounded_and_what_is_remembered_is_dropped(self):
        n, remember = 60000, 5000
        with Receiver("--tcp", "{port}", "--remember", str(remember), "--sensors", "2") as r:
            r.send(*[line(i) for i in range(1, n // 2 + 1)])
            half = r.rss()
            r.send(*[line(i) for i in range(n // 2 + 1, n + 1)])
            self.assertLess(r.rss() - half, 4 << 20)
            r.send(*[line(i) for i in range(n + 1 - remember, n + 1)])
            self.assertEqual(r.seqs(), list(range(1, n + 1)))
            self.assertIn("ids were forgotten within a minute", r.stop())

    def test_sensors_and_connections_are_bounded(self):
        with Receiver("--tcp", "{port}", "--sensors", "3", "--connections", "4") as r:
            connections = []
            for i in range(9):
                c = r.connect()
                c.sendall(line(i + 1, f"s{i}"))
                connections.append(c)
                ganad.wait_for(lambda: os.path.exists(r.out) and len(lines_of(r.out)) == i + 1,
                               LIMIT, "the event")
            self.assertEqual([c.recv(1) for c in connections[:5]], [b""] * 5)
            connections[8].sendall(line(10, "s8"))
            ganad.wait_for(lambda: len(lines_of(r.out)) == 10, LIMIT, "the last event")
            said = r.stop()
            for c in connections:
                c.close()
        self.assertIn("5 connections were closed: more than --connections", said)
        self.assertIn("no longer monitored: there are more than 3 sensors", said)

    def test_a_file_that_grows_is_rotated_and_truncated(self):
        with tempfile.TemporaryDirectory(prefix="ganad-") as d:
            path = os.path.join(d, "log")

            def add(*what):
                with open(path, "ab") as f:
                    f.write(b"".join(what))

            add(line(1))
            with Receiver("--follow", path, "--from-start", directory=d) as r:
                arrived = lambda n: ganad.wait_for(lambda: len(r.seqs()) == n, LIMIT, f"{n} events")
                arrived(1)
                add(line(2), line(3)[:10])
                arrived(2)
                os.truncate(path, len(line(1) + line(2)))  # as ganadd does after a full disk
                add(line(4))
                arrived(3)
                with open(path, "ab") as old:
                    os.rename(path, path + ".1")
                    add(line(6))
                    # the receiver has checked, and ganadd writes to the old file until it checks
                    time.sleep(0.6)
                    old.write(line(5))
                arrived(5)
                os.truncate(path, 0)
                ganad.wait_for(lambda: r.process.poll() is None, LIMIT, "it lives")
                self.assertEqual(r.seqs(), [1, 2, 4, 5, 6])
                self.assertIn("events 3 to 3 are missing", r.stop())

    def test_a_file_that_cannot_be_reopened_is_kept(self):
        with Receiver("--tcp", "{port}") as r:
            r.send(line(1))
            os.rename(r.out, r.out + ".1")
            os.mkdir(r.out)
            r.process.send_signal(signal.SIGHUP)
            ganad.wait_for(lambda: "keeping the old file: " in r.said(), LIMIT, "the report")
            r.send(line(2))
            self.assertEqual(seqs_of(r.out + ".1"), [1, 2])
            r.stop()

    def test_a_full_disk_stops_reading_and_loses_nothing(self):
        with Receiver("--tcp", "{port}", "--out", "/dev/full", out=False) as r:
            with r.connect() as s:
                s.sendall(line(1))
                ganad.wait_for(lambda: "No space left" in r.said(), LIMIT, "the report")
                r.process.send_signal(signal.SIGTERM)
                self.assertEqual(r.process.wait(LIMIT * ganad.SLOW), 1)
                self.assertRaises(ConnectionResetError, s.recv, 1)  # no receipt
            self.assertIn("bytes cannot be written", r.said())

    def test_tls_with_certificates_of_both_sides(self):
        with tempfile.TemporaryDirectory(prefix="ganad-") as d:
            ca = Authority(d)
            (cert, key), (own, own_key) = ca.sign("server"), ca.sign("sensor")
            with Receiver("--tls", "{port}", "--certificate", cert, "--key", key, "--ca", ca.ca,
                          "--connections", "4", directory=d) as r, \
                    ganad.Daemon(outputs={"siem": {"type": "tls", "to": f"localhost:{r.port}",
                                                   "ca": ca.ca, "certificate": own,
                                                   "key": own_key}},
                                 alerts={**EACH, "stats": "100ms"}) as g:
                ganad.wait_for(lambda: os.path.exists(r.out) and len(lines_of(r.out)), LIMIT,
                               "an event")
                # many silent clients, and one that does not speak TLS
                with contextlib.ExitStack() as stack:
                    others = [stack.enter_context(r.connect()) for _ in range(8)]
                    others[-1].sendall(b"GET / HTTP/1.0\r\n\r\n" * 100)
                    n = len(lines_of(r.out))
                    ganad.wait_for(lambda: len(lines_of(r.out)) > n + 4, LIMIT, "events")
                self.assertEqual(g.status().output[0].connects, 1, "it was pushed out by others")
                without = ssl.create_default_context(cafile=ca.ca)
                with self.assertRaises((ssl.SSLError, ConnectionError)), \
                        without.wrap_socket(r.connect(), server_hostname="localhost") as t:
                    t.sendall(line(1, "intruder"))
                    t.recv(1)
                self.assertEqual(g.stop(), 0)
                said = r.stop()
                self.assertEqual(r.seqs(), list(range(1, len(r.seqs()) + 1)))
        self.assertIn("connections failed", said)
        self.assertNotIn("missing", said)

    def test_broken_connections_to_ganadd_repeat_nothing(self):
        with tempfile.TemporaryDirectory(prefix="ganad-") as d:
            with Receiver("--tcp", "{port}", directory=d) as r:
                r.address = ("127.0.0.1", r.port)
                proxy = Proxy(r, d, "p")
                with ganad.Daemon(outputs={"r": {"type": "tcp", "to": proxy.to, "format": "json",
                                                 "syslog": "yes"}},
                                  alerts={**EACH, "stats": "100ms"}) as g:
                    for _ in range(3):
                        n = len(r.seqs()) if os.path.exists(r.out) else 0
                        ganad.wait_for(lambda: os.path.exists(r.out) and len(r.seqs()) > n + 3,
                                       LIMIT, "more events")
                        proxy.cut("reset")
                    ganad.wait_for(lambda: len(r.seqs()) > n + 6, LIMIT, "more events")
                    self.assertEqual(g.stop(), 0)
                proxy.close()
                said = r.stop()
                self.assertEqual(r.seqs(), list(range(1, len(r.seqs()) + 1)))
        self.assertRegex(said, r"ends: \d+ events, [1-9]\d* repeats dropped")


class Documents(unittest.TestCase):
    def read(self, name):
        with open(os.path.join(ganad.args.source, name), encoding="utf-8") as f:
            return f.read()

    def test_the_numbers_are_those_of_the_code(self):
        keys = dict(re.findall(r'\{"output", "(\w+)", [^"]*"([^"]*)"',
                               self.read("daemon/config/keys.c")))
        self.assertEqual(keys["replay_time"], "1min")
        replay, program = int(keys["replay"]), self.read("conf/ganad-receive.py")
        remember = int(re.search(r'"--remember", type=int, default=(\d+)', program).group(1))
        self.assertIn("REPLAY_SECONDS = 60 ", program)
        self.assertGreaterEqual(remember, replay + 60 * 1500)
        page = re.sub(r"\s+", " ", self.read("conf/receivers.md"))
        for text in (f"the last {replay:,} events (`replay`)",
                     f"these are 60,000, together {replay + 60000:,}",
                     f"The default of `--remember` is {remember:,}"):
            self.assertIn(text, page)
        manual = re.sub(r"\s+", " ", self.read("conf/ganad-outputs.5"))
        for text in (f"{replay} events and 1 minute",
                     f"it is 60,000 and the sum {replay + 60000:,}; {remember:,} ids"):
            self.assertIn(text, manual)

    def test_each_command_of_the_document_is_understood(self):
        p = subprocess.run([sys.executable, os.path.join(ganad.args.source,
                                                         "conf/ganad-receive.py"), "--help"],
                           stdout=subprocess.PIPE, text=True, check=True)
        page = self.read("conf/receivers.md")
        commands = "".join(re.findall(r"ganad-receive\.py (.*)", page))
        used = set(re.findall(r"(--[a-z-]+)", commands)) | set(re.findall(r"`(--[a-z-]+)`", page))
        self.assertGreaterEqual(len(used), 7)
        self.assertLessEqual(used, set(re.findall(r"(--[a-z-]+)", p.stdout)))


OUTPUTS = {"all": {"type": "file", "to": "{dir}/all"},
           "alerts": {"type": "file", "to": "{dir}/alerts", "events": "alert, loss"},
           "high": {"type": "file", "to": "{dir}/high", "severity": "high"},
           "both": {"type": "file", "to": "{dir}/both",
                    "events": "alert, heartbeat, stats, model, loss, blind, limit"}}


class Filters(unittest.TestCase):
    """prev_seq: by it a receiver can distinguish filtered from lost."""

    def check_chain(self, path, runs):
        events = [json.loads(x) for x in lines_of(path)]
        self.assertEqual(sum(e["prev_seq"] == 0 for e in events), runs)
        for before, e in zip(events, events[1:]):
            self.assertIn(e["prev_seq"], (0, before["seq"]))
        return [e["seq"] for e in events]

    def test_each_event_names_the_one_before(self):
        model = {"m": {"checkpoint": ganad.checkpoint(), "fpr_budget": "0.3"}}
        with ganad.Daemon(models=model, outputs=OUTPUTS, alerts={**EACH, "stats": "50ms"}) as d:
            for kill in (True, False):
                for _ in range(4):
                    with ganad.Conn(d.scoring) as c:
                        c.send(ganad.SCORE_REQUEST,
                               ganad.request([ganad.record(x) for x in ganad.synthetic_lines(50)]))
                        c.answer()
                    before = d.counter("events")
                    ganad.wait_for(lambda: d.counter("events") > before + 1, LIMIT, "stats between")
                ganad.wait_for(lambda: len(seqs_of(d.path("all"))) >= d.counter("events"), LIMIT,
                               "everything in the file")
                if kill:
                    d.process.kill()
                    d.process.wait()
                    d.start()
            self.assertEqual(d.stop(), 0)
            events = [json.loads(x) for name in ("all", "both") for x in lines_of(d.path(name))]
            self.assertFalse([e for e in events if "prev_seq" in e],
                             "an output that filters nothing has no prev_seq")
            by_seq = {e["seq"]: e for e in events}
            alerts = self.check_chain(d.path("alerts"), 2)
            self.assertGreater(len(alerts), 20)
            self.assertLess(len(set(alerts)), len(by_seq))
            self.assertEqual(sorted(set(alerts)),
                             sorted(s for s, e in by_seq.items() if e["event_type"] == "alert"))
            high = self.check_chain(d.path("high"), 2)
            self.assertEqual(sorted(set(high)),
                             sorted(s for s, e in by_seq.items() if e.get("severity", 1) == 1))
            for name in ("alerts", "high"):
                self.check_reports(lines_of(d.path(name)))

    def check_reports(self, lines):
        """With all of them nothing is missing; if one of those in between is left out, it is
        reported as missing."""
        watch = lambda x: subprocess.run([sys.executable,
                                          os.path.join(ganad.args.source, "conf/ganad-watch.py")],
                                         input=b"".join(x),
                                         stdout=subprocess.PIPE, check=True,
                                         timeout=LIMIT * ganad.SLOW).stdout.decode()
        self.assertEqual(watch(lines), "")
        middle = next(i for i in range(3, len(lines))
                      if all(json.loads(x)["prev_seq"] for x in lines[i - 1:i + 2]))
        self.assertIn(f"events are missing, the last of them is {json.loads(lines[middle])['seq']}",
                      watch(lines[:middle] + lines[middle + 1:]))


if __name__ == "__main__":
    ganad.main()
