# SPDX-License-Identifier: Apache-2.0
"""The judgement of the trial, on events made here: with and without incidents. Also that the
attacks are consistent, and that `run --list` works. Needs no privilege and no other package."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import attacks
import report
from network import CLIENTS, INNOCENTS, NAMES, WEB

T0 = 1_700_000_000.0
SCAN = report.Phase("scan", T0 + 100, T0 + 110, "10.77.0.200", WEB.address)
FLOOD = report.Phase("flood", T0 + 120, T0 + 130, "10.77.0.201", WEB.address, True)
SMURF = report.Phase("smurf", T0 + 140, T0 + 150, "10.77.0.202", NAMES.address, True,
                     (NAMES.address,))
PHASES = [report.Phase("quiet", T0, T0 + 90), SCAN, FLOOD, SMURF]


def stamp(t):
    return report.datetime.datetime.fromtimestamp(
        T0 + t, report.datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def alert(t, src, dst, severity=1, **more):
    """An alert as versions without incidents write it, about a connection that began at t."""
    return {"schema": 1, "event_type": "alert", "timestamp": stamp(t + 5), "severity": severity,
            "src_ip": src, "dest_ip": dst, "dest_port": 80, "flow": {"start": stamp(t)},
            "rollup": {"count": 1}, "features": {"service": "http", "flag": "S0"},
            "top_features": [{"name": "count", "value": 9, "expected": 1.5, "share": .5}], **more}


def incident(number, state, line, **more):
    return {"incident": {"id": f"s-1-i{number}", "state": state, "line": line, **more},
            "hint": "flood", "sentence": f"{state} {number}"}


class Judgement(unittest.TestCase):
    def judge(self, *events, records=()):
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "events.json")
            with open(path, "w", encoding="utf-8") as f:
                f.writelines(json.dumps(e) + "\n" for e in events)
            result = report.judge(report.read_events([path]), PHASES, list(records))
            report.write(d, result)
            with open(os.path.join(d, "result.json"), encoding="utf-8") as f:
                self.assertEqual(json.load(f)["totals"], result["totals"])
        return {r["attack"]: r for r in result["rows"]}, result["totals"]

    def test_events_without_incidents(self):
        rows, totals = self.judge(
            alert(102, SCAN.attacker, WEB.address, 2),
            alert(103, SCAN.attacker, WEB.address, rollup={"count": 70}),
            alert(104, CLIENTS[0].address, WEB.address),
            alert(3, CLIENTS[1].address, WEB.address, 3),
            {"event_type": "stats", "timestamp": stamp(1)})
        scan = rows["scan"]
        self.assertEqual((scan["alerted"], scan["seconds"], scan["events"], scan["records"]),
                         (True, 7.0, 2, 71))
        self.assertEqual((scan["severity"], scan["incidents"]), ("high", 0))
        self.assertIn("http S0 count 9 (expected 1.5)", scan["sentence"])
        self.assertEqual(scan["accused"], {"client1": 1})
        self.assertEqual(totals["missed"], ["flood", "smurf"])
        self.assertEqual(totals["alerts_in_quiet"], 1)
        self.assertEqual(totals["severity_of_alerts"], {"medium": 1, "high": 2, "low": 1})
        self.assertEqual(totals["events"], {"alert": 4, "stats": 1})

    def test_incidents(self):
        late = alert(121, "9.8.7.6", WEB.address,
                     **incident(4, "closed", "target", bystanders=12,
                                sources={"n": 9, "top": [{"ip": CLIENTS[2].address, "n": 1}]}))
        late["timestamp"] = stamp(400)
        rows, totals = self.judge(
            alert(120.5, "9.9.9.9", WEB.address, 3, **incident(4, "open", "target")),
            late,
            # shows a client, but at one target: no accusation
            alert(122, CLIENTS[0].address, WEB.address, **incident(5, "open", "target")))
        flood = rows["flood"]
        self.assertEqual((flood["events"], flood["incidents"], flood["bystanders"]), (2, 1, 12))
        self.assertEqual((flood["sentence"], flood["hint"]), ("closed 4", "flood"))
        self.assertEqual((flood["innocents_accused"], flood["other_alerts"]), (0, 1))
        self.assertEqual(flood["innocents_among_sources"], 1)
        self.assertEqual(totals["severity_of_incidents"], {"high": 2})

    def test_an_incident_can_be_about_two_attacks(self):
        both = incident(6, "update", "target", sources={"top": [{"ip": SCAN.attacker, "n": 9},
                                                                {"ip": FLOOD.attacker, "n": 5}]})
        rows, totals = self.judge(alert(121, FLOOD.attacker, WEB.address, **both))
        self.assertEqual((rows["scan"]["seconds"], rows["flood"]["seconds"]), (26.0, 6.0))
        self.assertEqual((totals["alerts"], totals["alerted"]), (1, 2))

    def test_forged_sources_count_at_their_time_only(self):
        rows, _ = self.judge(alert(104, "9.9.9.9", WEB.address),
                             alert(145, NAMES.address, "10.77.8.9"),
                             alert(145, NAMES.address, CLIENTS[0].address))
        self.assertEqual((rows["flood"]["alerted"], rows["scan"]["alerted"]), (False, False))
        self.assertEqual((rows["smurf"]["events"], rows["smurf"]["accused"]), (2, {}))

    def test_a_server_that_answers_the_attacker_is_an_innocent(self):
        rows, _ = self.judge(alert(104, WEB.address, SCAN.attacker))
        self.assertEqual((rows["scan"]["alerted"], rows["scan"]["accused"]), (False, {"web": 1}))

    def test_shares(self):
        a, b = CLIENTS[0].address, WEB.address
        _, totals = self.judge(records=[(a, b, T0 + 1, True), (a, b, T0 + 2, False),
                                        (a, b, T0 + 105, True), (SCAN.attacker, b, T0 + 105, True),
                                        (a, b, T0 + 115, True)])
        self.assertEqual(totals["ordinary_records_quiet"],
                         {"records": 2, "anomalous": 1, "share": .5})
        self.assertEqual(totals["ordinary_records_loud"]["records"], 1)
        self.assertEqual(totals["missed_but_anomalous"], ["scan"])


class Attacks(unittest.TestCase):
    def test_each_has_its_own_address(self):
        own = {a.address for a in attacks.ATTACKS}
        self.assertEqual(len(own), len(attacks.ATTACKS))
        self.assertFalse(own & set(INNOCENTS))

    def test_each_has_bounds_and_stays_inside(self):
        for a in attacks.ATTACKS:
            self.assertLessEqual(a.seconds, 30)
            self.assertIn("10.77.", a.line())

    def test_list(self):
        here = os.path.dirname(os.path.abspath(__file__))
        p = subprocess.run([sys.executable, f"{here}/run", "--list"], capture_output=True,
                           text=True, check=True)
        self.assertEqual(len(p.stdout.splitlines()), len(attacks.ATTACKS))
        p = subprocess.run([sys.executable, f"{here}/run", "--attack", "none"],
                           capture_output=True, text=True, check=False)
        self.assertEqual(p.returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
