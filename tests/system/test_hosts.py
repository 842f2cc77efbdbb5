# SPDX-License-Identifier: Apache-2.0
"""Source hosts that are unusual over hours are incidents, with the records that made them so."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import ganad

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import pcap  # noqa: E402

START, HOUR, HOSTS = 1700006400, 3600, 20
SCANNER, BEACON, TUNNEL, GUESSER, FORGED = (
    "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.9.9.9")


def live(c, hours):
    """Each host contacts two servers and the resolver."""
    for k in range(HOSTS):
        host = f"10.0.0.{1 + k}"
        for n in range(hours * 20):
            t = START + n * 180 + (k * 7919 + n * 104729) % 180
            c.tcp(t, host, 2000 + n, f"10.1.0.{1 + (n + k) % 2}", 80, b"GET / HTTP/1.0\r\n\r\n",
                  b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 400)
            c.udp(t + 1, host, 3000 + n, "10.1.0.9", 53, b"q" * (30 + n % 20))
            c.udp(t + 1.01, "10.1.0.9", 53, host, 3000 + n, b"a" * 90)


def attacks(c, t):
    for i in range(40):
        c.tcp(t + 60 * i, SCANNER, 5000 + i, f"10.2.0.{1 + i}", 445, end="silent")
        c.tcp(t + 60 * i, BEACON, 5000 + i, "10.3.0.1", 443, b"x" * 200, b"y" * 100)
        c.tcp(t + 120 * i + i * i % 97, GUESSER, 5000 + i, "10.1.0.1", 22, b"SSH-2.0-a\r\n" + b"x" * 1500,
              b"SSH-2.0-b\r\n" + b"y" * 1500)
        c.tcp(t + i, FORGED, 5000 + i, f"10.4.0.{1 + i}", 80, end="silent")
    for i in range(400):
        c.udp(t + 3 * i, TUNNEL, 10000 + i, "10.1.0.9", 53, b"q" * 220)
        c.udp(t + 3 * i + 0.01, "10.1.0.9", 53, TUNNEL, 10000 + i, b"a" * 250)


class Hosts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tmp = tempfile.TemporaryDirectory(prefix="ganad-hosts-")
        cls.addClassCleanup(cls.tmp.cleanup)
        c = pcap.Capture()
        live(c, 7)
        cls.write("quiet.pcap", c.bytes())
        attacks(c, START + 5 * HOUR)
        cls.write("attacks.pcap", c.bytes())

    @classmethod
    def write(cls, name, data):
        path = os.path.join(cls.tmp.name, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def run_on(self, capture, **keys):
        """The incidents of nature host, by source: their alerts; and all events."""
        keys = {"after": "4h", **keys}
        host = "".join(f"{k} = {v}\n" for k, v in keys.items())
        conf = self.write("conf", f"[scoring]\nunix = {self.tmp.name}/s\n[control]\n"
                                  f"unix = {self.tmp.name}/c\n[alerts]\nheartbeat = 0s\n"
                                  f"[host]\n{host}"
                                  f"[model m]\ncheckpoint = {ganad.checkpoint()}\n".encode())
        p = subprocess.run([ganad.args.ganadd, "-c", conf, "-r",
                            os.path.join(self.tmp.name, capture)], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=100 * ganad.SLOW)
        self.assertEqual(p.returncode, 0, p.stderr.decode())
        events = [json.loads(line) for line in p.stdout.splitlines()]
        found = {}
        for e in events:
            if e.get("incident", {}).get("nature") == "host":
                found.setdefault(e["src_ip"], []).append(e)
        return found, events

    def test_each_attack_is_an_incident_of_its_host(self):
        found, _ = self.run_on("attacks.pcap")
        hints = {host: alerts[0].get("hint") for host, alerts in found.items()}
        self.assertEqual(hints, {SCANNER: "sweep", BEACON: "beacon", TUNNEL: "tunnel",
                                 GUESSER: "guessing", FORGED: "sweep"})
        for alerts in found.values():
            first, last = alerts[0]["incident"], alerts[-1]["incident"]
            self.assertEqual((first["state"], last["state"]), ("open", "closed"))
            self.assertEqual({a["incident"]["id"] for a in alerts}, {first["id"]})
            self.assertEqual({a["rollup"]["count"] for a in alerts}, {0})
            self.assertGreater(last["records"], first["records"])
            self.assertEqual(first["sources"]["n"], 1)
        scan = found[SCANNER][0]
        self.assertLess(scan["incident"]["targets"]["n"], 12)
        self.assertEqual(scan["incident"]["unusual"][0]["sign"], "failed_targets")
        self.assertRegex(scan["sentence"], r"^10\.0\.0\.1 failed at \d+ hosts within an hour")
        # beyond 32 an estimate
        self.assertAlmostEqual(found[SCANNER][-1]["incident"]["targets"]["n"], 40, delta=6)
        self.assertEqual(found[SCANNER][0]["severity"], 2)

        beacon = found[BEACON][0]
        self.assertAlmostEqual(beacon["incident"]["unusual"][0]["value"], 60, delta=1)
        self.assertLess(beacon["incident"]["records"], 14)
        self.assertEqual((beacon["dest_ip"], beacon["technique"]), ("10.3.0.1", "T1071"))
        self.assertIn("10.0.0.2 contacted 10.3.0.1 port 443 every 60 s", beacon["sentence"])
        self.assertLess(found[GUESSER][0]["incident"]["records"], 14)

    def test_a_source_without_a_handshake_may_be_forged(self):
        found, _ = self.run_on("attacks.pcap")
        for host, alerts in found.items():
            for a in alerts:
                self.assertEqual(a["incident"]["forgeable"], host == FORGED)
        self.assertEqual({a["severity"] for a in found[FORGED]}, {3})
        self.assertIn("its address may be forged", found[FORGED][0]["sentence"])

    def test_nothing_is_found_in_quiet_hours_while_learning_or_when_off(self):
        self.assertEqual(self.run_on("quiet.pcap")[0], {})
        self.assertEqual(self.run_on("attacks.pcap", after="24h")[0], {})
        self.assertEqual(self.run_on("attacks.pcap", least_hosts=100)[0], {})
        self.assertEqual(self.run_on("attacks.pcap", watch="no")[0], {})

    def test_other_incidents_are_as_without_it(self):
        def others(events):
            return [(e["incident"]["nature"], e["incident"]["state"], e["incident"]["records"],
                     e["rollup"]["count"], e["sentence"]) for e in events
                    if e["event_type"] == "alert" and e["incident"]["nature"] != "host"]
        on, off = self.run_on("attacks.pcap")[1], self.run_on("attacks.pcap", watch="no")[1]
        self.assertEqual(others(on), others(off))


if __name__ == "__main__":
    ganad.main()
