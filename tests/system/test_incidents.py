# SPDX-License-Identifier: Apache-2.0
"""Floods are few alerts with exact counts, and nothing hides in them."""

import collections
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import unittest

import ganad

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import pcap  # noqa: E402

ALERTS = {"rollup": "1min", "rate": "1000", "heartbeat": "0s", "stats": "0s"}
ALL = {"m": {"checkpoint": None, "threshold": "-1e30", "top_features": "3"}}
VICTIM, ATTACKER = "172.16.112.4", "203.0.113.1"


def models(**more):
    return {"m": {**ALL["m"], "checkpoint": ganad.checkpoint(), **more}}


def address(text):
    return socket.inet_aton(text)


def record(src, dst, port=80, **features):
    values = {"protocol_type": "tcp", "service": "http", "flag": "S0", "count": 100,
              "srv_count": 100, "serror_rate": 1, "same_srv_rate": 1, **features}
    r = ganad.pb.Record(**values)
    r.connection.src_ip, r.connection.dst_ip = address(src), address(dst)
    r.connection.src_port, r.connection.dst_port, r.connection.ip_proto = 40000, port, 6
    return r


def root_shell(dst):
    return record(ATTACKER, dst, 23, service="telnet", flag="SF", src_bytes=400, dst_bytes=2000,
                  logged_in=1, root_shell=1, serror_rate=0)


def redirect(src, dst):
    r = record(src, dst, 0, protocol_type="icmp", service="ecr_i", flag="SF", src_bytes=36,
               serror_rate=0)
    r.connection.src_port, r.connection.ip_proto = 0, 1
    return r


def events(path, kind="alert"):
    if not os.path.exists(path):
        return []
    return [e for e in ganad.events(path) if e["event_type"] == kind]


def counted(alerts):
    return sum(a["rollup"]["count"] for a in alerts)


def send(conn, records):
    conn.send(ganad.SCORE_REQUEST, ganad.request(records))
    return conn.answer()


class Flood(threading.Thread):
    """Sends random requests of a list until it is stopped, @rate records a second."""

    def __init__(self, path, requests, each, rate=None):
        super().__init__(daemon=True)
        self.path, self.requests, self.each, self.rate = path, requests, each, rate
        self.sent, self.ends = 0, False

    def run(self):
        begin = time.time()
        with ganad.Conn(self.path, timeout=60) as c:
            while not self.ends:
                c.send(ganad.SCORE_REQUEST, random.choice(self.requests))
                c.answer()
                self.sent += self.each
                ahead = self.sent / self.rate - (time.time() - begin) if self.rate else 0
                if ahead > 0:
                    time.sleep(ahead)

    def stop(self):
        self.ends = True
        self.join()
        return self.sent


class Captured(unittest.TestCase):
    """Capture files, where each record is anomalous."""

    def read(self, capture, alerts=None):
        with ganad.Daemon(start=False, models=models(), alerts={**ALERTS, **(alerts or {})},
                          outputs=ganad.ALERTS_FILE) as d:
            path = d.path("in.pcap")
            with open(path, "wb") as f:
                f.write(capture.bytes())
            run = subprocess.run([ganad.args.ganadd, "-c", d.conf, "-r", path],
                                 capture_output=True, timeout=60)
            self.assertEqual(run.returncode, 0, run.stderr)
            return events(d.path("alerts"))

    def test_a_flood_with_forged_sources_is_one_incident(self):
        c, rng, n = pcap.Capture(), random.Random(1), 5000
        for i in range(n):
            src = f"203.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
            c.segment(i / 500, src, rng.randrange(1024, 65536), VICTIM, 80, 1, 0, pcap.SYN)
        alerts = self.read(c)
        self.assertLessEqual(len(alerts), 5)
        self.assertEqual(counted(alerts), n)
        self.assertEqual({a["incident"]["id"] for a in alerts}, {alerts[0]["incident"]["id"]})
        self.assertEqual([a["incident"]["state"] for a in alerts][0::len(alerts) - 1],
                         ["open", "closed"])
        last = alerts[-1]["incident"]
        self.assertEqual((last["line"], last["records"], last["targets"]["n"]), ("target", n, 1))
        self.assertEqual(last["targets"]["top"], [{"ip": VICTIM, "n": n}])
        self.assertTrue(last["sources"]["estimate"])
        self.assertLess(abs(last["sources"]["n"] / n - 1), 0.15)
        self.assertEqual(alerts[-1]["hint"], "flood")

    def test_forged_sources_and_targets_are_one_incident(self):
        c, rng, n = pcap.Capture(), random.Random(2), 4000
        for i in range(n):
            src = f"203.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
            dst = f"10.0.{rng.randrange(256)}.{rng.randrange(1, 255)}"
            c.segment(i / 500, src, 1024 + i, dst, rng.randrange(1, 1024), 1, 0, pcap.SYN)
        alerts = self.read(c)
        self.assertLessEqual(len(alerts), 10)
        self.assertEqual(counted(alerts), n)

    def test_a_flood_of_one_target_after_the_other_is_one_incident(self):
        c, rng, n = pcap.Capture(), random.Random(4), 6000
        for i in range(n):
            src = f"203.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
            c.segment(i / 500, src, 1024 + i, f"10.0.0.{1 + i // 400}", 80, 1, 0, pcap.SYN)
        alerts = self.read(c)
        self.assertLessEqual(len(alerts), 10)
        self.assertEqual(counted(alerts), n)

    def test_a_sweep_names_its_hosts_and_ports(self):
        c, n = pcap.Capture(), 134
        for i in range(n):
            dst = f"10.0.{i // 100}.{1 + i % 100}"
            c.segment(i / 50, ATTACKER, 50000 + i, dst, 445, 1, 0, pcap.SYN)
            if i % 67 == 0:  # two of them refuse
                c.segment(i / 50 + 0.001, dst, 445, ATTACKER, 50000 + i, 0, 2, pcap.RST | pcap.ACK)
        alerts = self.read(c)
        self.assertLessEqual(len(alerts), 8)
        last = alerts[-1]["incident"]
        self.assertEqual((last["line"], last["records"]), ("source", n))
        self.assertLess(abs(last["targets"]["n"] / n - 1), 0.13)
        self.assertEqual(last["ports"]["top"], [{"port": 445, "n": n}])
        self.assertEqual(last["sources"]["top"], [{"ip": ATTACKER, "n": n}])
        self.assertEqual(alerts[-1]["hint"], "sweep")

    def test_a_scan_of_ports_is_one_incident(self):
        c, n = pcap.Capture(), 400
        for i in range(n):
            c.segment(i / 50, ATTACKER, 50000, VICTIM, 1 + i, 1, 0, pcap.SYN)
        alerts = self.read(c)
        self.assertLessEqual(len(alerts), 6)
        self.assertEqual(counted(alerts), n)
        self.assertEqual(alerts[-1]["hint"], "scan")
        self.assertEqual(alerts[-1]["incident"]["targets"]["n"], 1)

    def test_an_incident_lasts_and_ends_and_begins_again(self):
        c = pcap.Capture()
        for burst in (0, 3600):
            for i in range(600):
                c.segment(burst + i, ATTACKER, 50000 + i, VICTIM, 80, 1, 0, pcap.SYN)
        alerts = self.read(c)
        by_id = collections.defaultdict(list)
        for a in alerts:
            by_id[a["incident"]["id"]].append(a)
        self.assertEqual(len(by_id), 2)
        for of_one in by_id.values():
            states = [a["incident"]["state"] for a in of_one]
            self.assertEqual((states[0], states[-1]), ("open", "closed"))
            self.assertEqual(set(states[1:-1]), {"update"})
            self.assertEqual(counted(of_one), 600)
            self.assertLessEqual(len(of_one), 7)


class Clients(unittest.TestCase):
    def test_nothing_hides_in_a_flood(self):
        """Root shells of the source that also sends the flood, at any time: each is reported
        within a second, with its victim."""
        n, rate = (20, 15000) if ganad.args.long else (5, 5000)
        rng = random.Random(3)
        flood = [ganad.request([redirect(ATTACKER if i % 2 else f"198.18.{rng.randrange(256)}.9",
                                         f"172.16.{rng.randrange(256)}.{rng.randrange(256)}")
                                for i in range(50)]) for _ in range(100)]
        with ganad.Daemon(models=models(), alerts=ALERTS, outputs=ganad.ALERTS_FILE) as d:
            f = Flood(d.scoring, flood, 50, rate)
            f.start()
            worst = 0
            with ganad.Conn(d.scoring) as c:
                for i in range(n):
                    time.sleep(1.2 if ganad.args.long else 0.3)
                    dst = f"10.9.0.{1 + i}"
                    begin = time.time()
                    send(c, [root_shell(dst)])
                    ganad.wait_for(lambda: [a for a in events(d.path("alerts"))
                                            if a.get("dest_ip") == dst], 5, f"the alert of {dst}")
                    worst = max(worst, time.time() - begin)
                    found = [a for a in events(d.path("alerts")) if a.get("dest_ip") == dst]
                    self.assertEqual((found[0]["src_ip"], found[0]["severity"]), (ATTACKER, 1))
            self.assertLess(worst, 1 * ganad.SLOW)
            sent = f.stop() + n
            self.assertEqual(d.stop(), 0)
            alerts = events(d.path("alerts"))
            self.assertEqual(counted(alerts), sent)
            of_flood = [a for a in alerts if a["incident"]["nature"] == "icmp"]
            self.assertLessEqual(len(of_flood), 20)
            print(f"{n} root shells in {sent} records: each reported within {worst:.3f} s")

    def test_records_of_clients_and_of_captures_share_nothing(self):
        c = pcap.Capture()
        for i in range(50):
            c.segment(i / 10, ATTACKER, 50000 + i, VICTIM, 80, 1, 0, pcap.SYN)
        with ganad.Daemon(start=False, models=models(), alerts=ALERTS, outputs=ganad.ALERTS_FILE,
                          captures={"lan": {"file": "{dir}/in.pcap"}}) as d:
            with open(d.path("in.pcap"), "wb") as f:
                f.write(c.bytes())
            d.start()
            with ganad.Conn(d.scoring) as conn:
                send(conn, [record(ATTACKER, VICTIM)] * 50)
            ganad.wait_for(lambda: d.counter("records_anomalous") == 100, 20, "all records")
            self.assertEqual(d.stop(), 0)
            ids = collections.defaultdict(set)
            for a in events(d.path("alerts")):
                ids[a.get("source", "a client")].add(a["incident"]["id"])
            self.assertEqual(set(ids), {"lan", "a client"})
            self.assertFalse(ids["lan"] & ids["a client"])

    def test_guessing_that_succeeds_is_reported(self):
        failed = [record(ATTACKER, VICTIM, 22, service="ssh", flag="SF", src_bytes=900,
                         dst_bytes=1200, num_failed_logins=3, serror_rate=0) for _ in range(6)]
        success = record(ATTACKER, VICTIM, 22, service="ssh", flag="SF", src_bytes=900,
                         dst_bytes=1200, logged_in=1, serror_rate=0)
        with ganad.Daemon(models=models(), alerts=ALERTS, outputs=ganad.ALERTS_FILE) as d:
            with ganad.Conn(d.scoring) as c:
                send(c, failed)
                send(c, [success])
            self.assertEqual(d.stop(), 0)
            logins = [a for a in events(d.path("alerts")) if a["incident"]["nature"] == "login"]
            self.assertIn("guessed", [a.get("hint") for a in logins])
            self.assertEqual([a["severity"] for a in logins if a.get("hint") == "guessed"][0], 1)

    def test_a_crash_loses_less_than_an_interval(self):
        with ganad.Daemon(models=models(), alerts={**ALERTS, "rollup": "1s"},
                          spool={"sync": "always"}, outputs=ganad.ALERTS_FILE) as d:
            sent = 0
            with ganad.Conn(d.scoring) as c:
                begin = time.time()
                while time.time() - begin < 3:
                    send(c, [record(ATTACKER, VICTIM)] * 20)
                    sent += 20
            ganad.wait_for(lambda: counted(events(d.path("alerts"))) > sent / 4, 10, "an update")
            before = counted(events(d.path("alerts")))
            d.process.kill()
            d.process.wait()
            d.start()
            self.assertEqual(d.stop(), 0)
            after = counted({a["event_id"]: a for a in events(d.path("alerts"))}.values())
            self.assertGreaterEqual(after, before)
            self.assertLessEqual(after, sent)

    def test_a_full_table_keeps_the_severe(self):
        """Sixteen root shells stay open, whatever number of other incidents begins."""
        with ganad.Daemon(models=models(), outputs=ganad.ALERTS_FILE,
                          alerts={**ALERTS, "rollup_keys": "128", "rate": "0"}) as d:
            with ganad.Conn(d.scoring) as c:
                send(c, [root_shell(f"10.9.0.{1 + i}") for i in range(16)])
                for i in range(40):
                    send(c, [record(f"198.18.{i}.{k}", f"10.7.{i}.{k}", 23, service="telnet",
                                    flag="SF", src_bytes=9, dst_bytes=9, hot=1)
                             for k in range(1, 50)])
            self.assertGreater(d.counter("incidents_evicted"), 100)
            self.assertEqual(d.counter("incidents"), 32)
            closed = [a for a in events(d.path("alerts"))
                      if a["incident"]["state"] == "closed" and a["dest_ip"].startswith("10.9.0.")]
            self.assertEqual(closed, [])
            self.assertEqual(d.stop(), 0)
            alerts = events(d.path("alerts"))
            self.assertEqual(counted(alerts), 16 + 40 * 49)

    def test_what_the_rate_holds_back_is_in_a_summary(self):
        outputs = {"file": {"type": "file", "to": "{dir}/alerts"}}
        with ganad.Daemon(models=models(), outputs=outputs,
                          alerts={**ALERTS, "rollup_keys": "64", "rate": "1"}) as d:
            with ganad.Conn(d.scoring) as c:
                for i in range(20):
                    send(c, [record(f"198.18.{i}.{k}", f"10.7.{i}.{k}", 23, service="telnet",
                                    flag="SF", src_bytes=9, dst_bytes=9, hot=1)
                             for k in range(1, 20)])
                send(c, [root_shell("10.9.0.1")])
            ganad.wait_for(lambda: [a for a in events(d.path("alerts"))
                                    if a.get("dest_ip") == "10.9.0.1"], 1, "the root shell")
            self.assertGreater(d.counter("alerts_held"), 0)
            self.assertEqual(d.stop(), 0)
            limits = events(d.path("alerts"), "limit")
            self.assertEqual(len(limits), 1)
            counters = counted(events(d.path("alerts")))
            self.assertLess(counters, 20 * 19 + 1)
            self.assertGreater(limits[0]["low"] + limits[0]["medium"], 0)


if __name__ == "__main__":
    ganad.main()
