# SPDX-License-Identifier: Apache-2.0
"""Each anomalous record raises one alert, with its reasons, in every output; readers can connect
and disconnect."""

import csv
import io
import json
import os
import re
import signal
import socket
import subprocess
import threading
import unittest

import ganad

KEYS = {"rollup", "schema", "event_type", "timestamp", "host", "event_id", "seq", "severity",
        "risk", "score", "p_value",
        "threshold", "fpr_budget", "model", "model_sha256", "top_features", "features"}
RECORDS = 3000


class Reader(threading.Thread):
    """A reader of alerts on a unix stream socket; one connection at a time."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.lines, self.rest, self.ended = path, [], b"", False
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.start()

    def run(self):
        self.s, _ = self.listener.accept()
        while got := self.s.recv(1 << 20):
            *lines, self.rest = (self.rest + got).split(b"\n")
            self.lines += lines
        self.ended = True
        self.s.close()

    def close(self):
        self.listener.close()
        os.unlink(self.path)
        try:
            self.s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the peer was first
        self.join(20)


def read_lines(path):
    with open(path, "rb") as f:
        return f.read().splitlines()


class Alerts(unittest.TestCase):
    def daemon(self, stdout=subprocess.DEVNULL, spool=None, **to):
        """With an output of each given type."""
        outputs = {kind: {"type": kind, "to": place} for kind, place in to.items()}
        if stdout != subprocess.DEVNULL:
            outputs["stdout"] = {"type": "stdout"}
        model = {"checkpoint": ganad.checkpoint(), "fpr_budget": "0.2", "top_features": 5}
        return ganad.Daemon(stdout=stdout, outputs=outputs, models={"m": model}, spool=spool or {})

    def score(self, d, lines, *options):
        """Scores; returns the rows that are anomalous."""
        r = d.ctl("score", "--format", "csv", *options, "-", input=b"".join(lines))
        self.assertEqual(r.returncode, 0, r.stderr)
        rows = list(csv.DictReader(io.StringIO(r.stdout.decode())))
        self.assertEqual(len(rows), len(lines))
        found = [row for row in rows if row["anomalous"] == "1"]
        self.assertGreater(len(found), len(rows) // 50)
        self.assertLess(len(found), len(rows) // 2)
        return found

    def check(self, raw, found, lines):
        """Checks each alert: of this record, with reasons."""
        self.assertEqual(len(raw), len(found))
        ids = set()
        for i, (line, row) in enumerate(zip(raw, found)):
            a = json.loads(line)
            self.assertLessEqual(KEYS, set(a))
            self.assertEqual(a["event_type"], "alert")
            self.assertEqual(ganad.bits(a["score"]), ganad.bits(row["score"]))
            self.assertGreater(a["score"], a["threshold"])
            self.assertEqual(a["model_sha256"], row["model_sha256"])
            self.assertAlmostEqual(a["p_value"], float(row["p_value"]), delta=1e-5)
            self.assertEqual(a["seq"], json.loads(raw[0])["seq"] + i)
            ids.add(a["event_id"])
            self.assertRegex(a["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
            top = a["top_features"]
            self.assertEqual(len(top), 5)
            self.assertEqual([t["share"] for t in top],
                             sorted((t["share"] for t in top), reverse=True))
            self.assertTrue(0 < top[0]["share"] <= 1)
            record = ganad.record(lines[int(row["line"]) - 1])
            for t in top:
                value = getattr(record, t["name"])
                if not isinstance(value, str):
                    self.assertAlmostEqual(value, t["value"], delta=1e-6 * max(1, abs(value)))
                elif t["value"] != "?":
                    self.assertEqual(value, t["value"])
                self.assertIn("expected", t)
            self.assertEqual(len(a["features"]), 41)
        self.assertEqual(len(ids), len(raw))

    def test_file_and_stdout_get_every_alert(self):
        lines = ganad.data_lines(RECORDS)
        reader, writer = os.pipe()
        with self.daemon(file="{dir}/alerts", stdout=writer) as d:
            path = d.path("alerts")
            os.close(writer)
            with os.fdopen(reader, "rb") as out:
                whole = []
                t = threading.Thread(target=lambda: whole.append(out.read()))
                t.start()
                self.score(d, lines, "--no-alerts")
                self.assertEqual(d.counter("alerts"), 0)
                found = self.score(d, lines)
                self.assertEqual(d.counter("alerts"), len(found))
                self.assertEqual(d.stop(), 0)
                t.join(20)
            self.check(read_lines(path), found, lines)
            self.assertEqual(whole[0].splitlines(), read_lines(path))

    def test_a_unix_reader_may_connect_late_and_restart(self):
        """Events that a disconnected reader had received are sent again under the same ids, since
        their receipt is not known."""
        lines = ganad.data_lines(RECORDS)
        with self.daemon(unix="{dir}/reader") as d:
            path = d.path("reader")
            first = self.score(d, lines[:1000])  # no reader is connected: they wait
            reader = Reader(path)
            ganad.wait_for(lambda: len(reader.lines) >= len(first), 60, "the alerts that waited")
            second = self.score(d, lines[1000:2000])
            ganad.wait_for(lambda: len(reader.lines) >= len(first) + len(second), 20,
                           "the alerts of a live reader")
            reader.close()
            self.assertEqual(reader.rest, b"")
            self.check(reader.lines[:len(first)], first, lines[:1000])
            self.check(reader.lines[len(first):], second, lines[1000:2000])
            before = reader.lines

            again = self.score(d, lines[2000:])  # while no reader is connected
            reader = Reader(path)
            ganad.wait_for(lambda: len(reader.lines) >= len(before) + len(again), 60,
                           "the alerts of the time between")
            # The outputs' thread updates its counters after it has sent.
            ganad.wait_for(lambda: d.status().output[0].connects == 2, 20,
                           "status has the second connection")
            ganad.wait_for(lambda: d.status().output[0].waiting == 0, 20, "status has all as sent")
            o = d.status().output[0]
            self.assertEqual((o.replayed, o.lost, o.connects), (len(before), 0, 2))
            self.assertEqual(d.stop(), 0)
            reader.join(20)
            self.assertTrue(reader.ended)
            self.assertEqual(reader.lines[:len(before)], before)
            self.check(reader.lines[len(before):], again, lines[2000:])

    def test_undelivered_events_are_there_after_a_restart(self):
        lines = ganad.data_lines(1000)
        with self.daemon(unix="{dir}/reader") as d:
            path = d.path("reader")
            found = self.score(d, lines)
            self.assertEqual(d.stop(), 0)
            self.assertIn(f"{len(found)} events could not be delivered; they are kept",
                          d.read_log())
            reader = Reader(path)
            d.start()
            ganad.wait_for(lambda: len(reader.lines) >= len(found), 60,
                           "the alerts of the last run")
            more = self.score(d, lines[:500])
            ganad.wait_for(lambda: len(reader.lines) >= len(found) + len(more), 60,
                           "the alerts of this run")
            self.assertEqual(d.stop(), 0)
            reader.join(20)
            self.check(reader.lines[:len(found)], found, lines)
            seq = [json.loads(line)["seq"] for line in reader.lines]
            self.assertEqual(seq, list(range(1, len(seq) + 1)))  # numbers continue over a restart
            reader.close()
            d.start()  # the reader closed in order: nothing is sent again
            reader = Reader(path)
            ganad.wait_for(lambda: d.status().output[0].connects == 1, 20, "a connection")
            self.assertEqual(d.stop(), 0)
            reader.join(20)
            self.assertEqual(reader.lines, [])

    def test_a_reader_that_stops_reading_costs_only_itself(self):
        """The spool fills up to its quota; events that it evicts are lost to this reader only, and
        reported exactly."""
        lines = ganad.data_lines(2000)
        with self.daemon(unix="{dir}/reader", file="{dir}/alerts",
                         spool={"quota": "1M", "segment": "256K"}) as d:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(d.path("reader"))
            listener.listen(1)
            s, _ = listener.accept()
            n = 0
            while n < 4000:
                n += len(self.score(d, lines))
            ganad.wait_for(lambda: len(read_lines(d.path("alerts"))) == n, 20,
                           "all alerts in the file")
            states = {o.name: o for o in d.status().output}
            self.assertEqual((states["file"].lost, states["file"].sent), (0, n))
            self.assertLess(states["unix"].sent, n)
            self.assertLess(d.status().spool.bytes, 2 << 20)
            got = b""
            s.settimeout(20 * ganad.SLOW)
            while (got.count(b"\n") < 2 or json.loads(
                    got.splitlines()[-1 if got.endswith(b"\n") else -2]).get("seq") != n):
                got += s.recv(1 << 20)
            seen, lost = [], []
            for line in got.splitlines():
                e = json.loads(line)
                if e["event_type"] == "loss":
                    self.assertEqual(e["lost"], e["last_seq"] - e["first_seq"] + 1)
                    self.assertEqual((e["output"], e["at_most"]), ("unix", False))
                    lost += range(e["first_seq"], e["last_seq"] + 1)
                else:
                    seen.append(e["seq"])
            self.assertGreater(len(lost), 0)
            self.assertEqual(sorted(seen + lost), list(range(1, n + 1)))
            unix = next(o for o in d.status().output if o.name == "unix")
            self.assertEqual(unix.lost, len(lost))
            s.close()
            listener.close()
            self.assertEqual(d.stop(), 0)

    def test_hup_reopens_the_file(self):
        lines = ganad.data_lines(500)
        with self.daemon(file="{dir}/alerts") as d:
            path = d.path("alerts")
            first = self.score(d, lines)
            ganad.wait_for(lambda: len(read_lines(path)) == len(first), 20,
                           "alerts in the first file")
            os.rename(path, path + ".1")
            d.process.send_signal(signal.SIGHUP)
            ganad.wait_for(lambda: os.path.exists(path), 20, "the new file")
            second = self.score(d, lines)
            self.assertEqual(d.stop(), 0)
            self.check(read_lines(path + ".1"), first, lines)
            self.check(read_lines(path), second, lines)

    def test_tail_shows_what_the_outputs_get(self):
        lines = ganad.data_lines(RECORDS)
        with self.daemon(file="{dir}/alerts") as d:
            path = d.path("alerts")
            n = len(self.score(d, lines, "--no-alerts"))
            tails = [subprocess.Popen([ganad.args.ganadctl, "-s", d.control, "tail", "--count",
                                       str(n), *more],
                                      stdout=subprocess.PIPE) for more in (["--json"], [])]
            ganad.wait_for(lambda: d.counter("tails") == 2, 20, "both tails follow")
            found = self.score(d, lines)
            raw, pretty = (t.communicate(timeout=60 * ganad.SLOW)[0].splitlines() for t in tails)
            self.assertEqual([t.returncode for t in tails], [0, 0])
            self.assertEqual(d.stop(), 0)
            self.assertEqual(raw, read_lines(path))
            self.check(raw, found, lines)
            self.assertEqual(len(pretty), n)
            for line in pretty:
                self.assertRegex(line, rb"^\S+Z  (high  |medium|low   )  alert   \S.*; "
                                       rb"\w+ \S+ \(expected \S+\) \d+%, ")

    def test_addresses_are_in_the_alerts(self):
        lines = ganad.data_lines(1000)
        with self.daemon(file="{dir}/alerts") as d:
            path = d.path("alerts")
            worst = max(self.score(d, lines, "--no-alerts"), key=lambda row: float(row["score"]))
            r = ganad.record(lines[int(worst["line"]) - 1])
            r.connection.src_ip = bytes([192, 0, 2, 44])
            r.connection.dst_ip = bytes([198, 51, 100, 7])
            r.connection.src_port, r.connection.dst_port, r.connection.ip_proto = 51873, 80, 6
            r.connection.start_ns = 1795442709123456789
            r.connection.community_id = "1:wCb3OG7yAFWelaUydu0D+125CLM="
            r6 = ganad.pb.Record.FromString(r.SerializeToString())
            r6.connection.src_ip = r6.connection.dst_ip = bytes(15) + b"\1"
            with ganad.Conn(d.scoring) as c:
                c.send(ganad.SCORE_REQUEST, ganad.request([r, r6]))
                self.assertEqual(c.answer().anomalous, b"\1\1")
            self.assertEqual(d.stop(), 0)
            a, a6 = (json.loads(x) for x in read_lines(path))
            self.assertEqual([a[k] for k in ("src_ip", "src_port", "dest_ip", "dest_port", "proto",
                                             "community_id")],
                             ["192.0.2.44", 51873, "198.51.100.7", 80, "TCP",
                              "1:wCb3OG7yAFWelaUydu0D+125CLM="])
            self.assertEqual(a["flow"]["start"], "2026-11-23T14:05:09.123456Z")
            self.assertEqual(a6["src_ip"], "::1")


class Words(unittest.TestCase):
    def test_status_is_for_people_and_for_programs(self):
        with ganad.Daemon() as d:
            r = d.ctl("score", "--no-alerts", "-", input=b"".join(ganad.data_lines(100)))
            self.assertEqual(r.returncode, 0)
            s = json.loads(d.ctl("status", "--json", control=True).stdout)
            self.assertEqual(set(s), {"version", "pid", "uptime", "config_file", "warnings",
                                      "lately", "models",
                                      "outputs", "spool", "records", "clients", "sources",
                                  "counters"})
            self.assertEqual((s["pid"], s["config_file"]), (d.process.pid, d.conf))
            self.assertEqual(set(s["models"][0]),
                             {"name", "kind", "sha256", "file", "fpr_budget", "threshold", "scored",
                              "anomalous",
                              "steps", "search_rate", "unscored"})
            self.assertEqual((s["models"][0]["scored"], s["counters"]["records_scored"]),
                             (100, 100))
            text = d.ctl("status", "--all", control=True).stdout.decode()
            for word in (s["version"], str(d.process.pid), s["models"][0]["name"], "records_scored",
                         d.conf):
                self.assertIn(word, text)
            v = json.loads(d.ctl("version", "--json", control=True).stdout)
            self.assertEqual(v["ganadd"], s["version"])
            with open(os.path.join(ganad.args.source, "daemon", "ganad-counters.5")) as f:
                page = f.read().split(".Sh COUNTERS OF THE DAEMON")[1].split(".Sh")[0]
            listed = set(re.findall(r"^\.It Va (\w+)$", page, re.M))
            self.assertEqual(listed, set(s["counters"]),
                             "counters and their list in ganad-counters(5) differ")


if __name__ == "__main__":
    ganad.main()
