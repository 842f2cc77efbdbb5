# SPDX-License-Identifier: Apache-2.0
"""What operators say of alerts: taken, listed, undone, kept over a restart, and used in training."""

import json
import os
import re
import socket
import stat
import subprocess
import time
import unittest

import ganad

ATTACKER, BACKUP, VICTIM = "203.0.113.1", "192.0.2.9", "172.16.112.4"
ALERTS = {"rollup": "1min", "feedback": "{dir}/feedback"}


def record(src, dst=VICTIM, port=80, **features):
    values = {"protocol_type": "tcp", "service": "http", "flag": "S0", "count": 100,
              "srv_count": 100, "serror_rate": 1, "same_srv_rate": 1, **features}
    r = ganad.pb.Record(**values)
    r.connection.src_ip, r.connection.dst_ip = socket.inet_aton(src), socket.inet_aton(dst)
    r.connection.src_port, r.connection.dst_port, r.connection.ip_proto = 40000, port, 6
    r.connection.start_ns = r.connection.end_ns = time.time_ns()
    return r


def backup():
    return record(BACKUP, port=22, service="ssh", flag="SF", src_bytes=90000, dst_bytes=5000,
                  serror_rate=0)


class Feedback(unittest.TestCase):
    def daemon(self, **more):
        model = {"checkpoint": ganad.checkpoint(), "threshold": "-1e30", "top_features": "1"}
        return ganad.Daemon(models={"m": model}, outputs=ganad.ALERTS_FILE,
                            alerts={**ALERTS, **more.pop("alerts", {})}, **more)

    def ctl(self, d, *words, code=0, command="feedback"):
        r = d.ctl(command, *words, control=True)
        self.assertEqual(r.returncode, code, r.stderr)
        return (r.stdout if code == 0 else r.stderr).decode()

    def list(self, d):
        return json.loads(self.ctl(d, "list", "--json"))

    def send(self, d, *records):
        with ganad.Conn(d.scoring) as c:
            c.send(ganad.SCORE_REQUEST, ganad.request(list(records)))
            self.assertEqual(c.answer().anomalous, b"\1" * len(records))

    def incidents(self, d):
        return {e["src_ip"]: e for e in json.loads(self.ctl(d, "--json", command="incidents"))}

    def begin(self, d):
        """Raises the two incidents; returns their ids."""
        self.send(d, *[record(ATTACKER)] * 30, *[backup()] * 5)
        of = self.incidents(d)
        return of[ATTACKER]["incident"]["id"], of[BACKUP]["incident"]["id"]

    def test_verdicts_are_taken_listed_undone_and_kept(self):
        with self.daemon() as d:
            attack, expected = self.begin(d)
            said = self.ctl(d, attack, "true", "--comment", "saw it; \"really\" é")
            self.assertIn("verdict 1: " + attack + " is an attack", said)
            self.assertNotIn("suppress add", said)
            said = self.ctl(d, expected.rsplit("-", 1)[1], "false")
            rule = re.search(r"^ganadctl suppress add '([^']*)'$", said, re.M).group(1)
            self.assertRegex(rule, r"^src=192.0.2.9/32 dst=172.16.112.4/32 dport=22 proto=tcp "
                                   r"service=ssh model=\S+ (score<\S+ )?expires=\S+ "
                                   r'comment="verdict 2"$')
            verdicts = self.list(d)
            self.assertEqual([(v["id"], v["verdict"], v["incident"], v["src"], v["dst"], v["port"])
                              for v in verdicts],
                             [(1, "true", attack, ATTACKER, VICTIM, 80),
                              (2, "false", expected, BACKUP, VICTIM, 22)])
            self.assertEqual(verdicts[0]["by"]["uid"], os.geteuid())
            self.assertEqual(verdicts[0]["comment"], "saw it; \"really\" é")
            self.assertIn("saw it", self.ctl(d))
            self.assertEqual(stat.S_IMODE(os.stat(d.path("feedback")).st_mode) & 0o137, 0)

            shown = self.incidents(d)
            self.assertEqual((shown[ATTACKER]["feedback"], shown[BACKUP]["feedback"]),
                             ("true", "false"))
            self.assertIn("[attack] ", self.ctl(d, command="incidents"))
            self.assertEqual([d.counter("feedback_" + k) for k in ("true", "false", "undone")],
                             [1, 1, 0])
            self.assertIn("verdict 1 says 'true' of it already", self.ctl(d, attack, "false", code=1))

            # the rule that was proposed works
            self.ctl(d, "add", *rule.split(" ", 7)[:7], rule.split(" ", 7)[7], command="suppress")
            before = d.counter("alerts_suppressed")
            self.send(d, backup(), record(ATTACKER))
            self.assertEqual(d.counter("alerts_suppressed") - before, 1)

            self.assertEqual(d.stop(), 0)
            # the last alert of the incident has it
            last = [e for e in ganad.events(d.path("alerts")) if e["event_type"] == "alert"
                    and e["incident"]["id"] == attack][-1]
            self.assertEqual((last["incident"]["state"], last["feedback"]), ("closed", "true"))

            d.start()
            self.assertEqual(self.list(d), verdicts)
            self.assertIn("not listed", self.ctl(d, attack + "0", "true", code=1))
            self.ctl(d, "undo", "1")
            self.assertIn("undone already", self.ctl(d, "undo", "1", code=1))
            self.assertIn("no verdict 9", self.ctl(d, "undo", "9", code=1))
            self.assertEqual(self.list(d)[0]["undone"]["uid"], os.geteuid())
            self.assertIn("[undone ", self.ctl(d, "list"))
            self.assertEqual(len(json.loads(
                d.ctl("feedback", "-J", "-f", d.path("feedback"), "list").stdout)), 2)

    def test_an_alert_that_is_not_listed_comes_from_an_output(self):
        with self.daemon() as d:
            attack, _ = self.begin(d)
            self.assertEqual(d.stop(), 0)
            alert = next(e for e in ganad.events(d.path("alerts")) if e["event_type"] == "alert"
                         and e["incident"]["id"] == attack)
            d.start()
            with open(d.path("alert.json"), "w") as f:
                json.dump(alert, f)
            self.assertIn("not listed", self.ctl(d, attack, "true", code=1))
            self.ctl(d, alert["event_id"], "true", "--from", d.path("alert.json"))
            self.assertEqual([(v["incident"], v["src"], v["service"]) for v in self.list(d)],
                             [(attack, ATTACKER, None)])
            for change, why in (({"features": {}}, "'duration' is no feature"),
                                ({"event_type": "stats"}, "'event_type' is not 'alert'"),
                                ({"src_ip": "x"}, "is no address"),
                                ({"event_id": "a\tb", "incident": None}, "is no time")):
                with open(d.path("alert.json"), "w") as f:
                    json.dump({**alert, **change}, f)
                r = self.ctl(d, alert["event_id"], "true", "--from", d.path("alert.json"), code=1)
                self.assertTrue(why in r or "is missing" in r or "is not" in r, r)
            self.assertEqual(len(self.list(d)), 1)

    def test_what_is_wrong_is_refused(self):
        with self.daemon() as d:
            attack, _ = self.begin(d)
            for comment, why in (("a\nverdict\tid=9", "not printable"), ("x" * 201, "longer than")):
                self.assertIn(why, self.ctl(d, attack, "true", "--comment", comment, code=1))
            for words in (["undo", "x"], [attack], [attack, "maybe"], ["undo"],
                          ["list", "--comment", "x"], [attack, "true", "--json"]):
                self.ctl(d, *words, code=2)
            # past the client's own check
            request = ganad.pb.ControlRequest(command=ganad.pb.ControlRequest.FEEDBACK_ADD)
            request.feedback.of, request.feedback.comment = attack, "x\nundo\tid=3"
            with ganad.Conn(d.control) as c:
                c.send(ganad.CONTROL_REQUEST, request)
                self.assertIn("not printable", c.answer(ganad.ERROR_REPLY).message)
                request.feedback.facts, request.feedback.comment = "verdict\tid=1", ""
                c.send(ganad.CONTROL_REQUEST, request)
                self.assertIn("field 'time'", c.answer(ganad.ERROR_REPLY).message)
            self.assertEqual(self.list(d), [])
            self.assertFalse(os.path.exists(d.path("feedback")))
        with self.daemon(alerts={"feedback": ""}) as d:
            attack, _ = self.begin(d)
            self.assertIn("feedback is off", self.ctl(d, attack, "true", code=1))

    def test_a_damaged_line_does_not_hide_the_others(self):
        with self.daemon() as d:
            attack, expected = self.begin(d)
            self.ctl(d, attack, "true")
            self.ctl(d, expected, "false")
            d.process.kill()
            d.process.wait()
            with open(d.path("feedback"), "rb") as f:
                head, first, second = f.read().splitlines(True)
            with open(d.path("feedback"), "wb") as f:
                f.write(head + b"garbage\n" + first + second[:-20])  # as after a power loss
            d.start()
            self.assertIn(d.path("feedback") + ": line 2: begins with neither", d.read_log())
            self.assertIn(d.path("feedback") + ": line 4: no line end", d.read_log())
            self.assertEqual([v["id"] for v in self.list(d)], [1])
            self.assertEqual(d.counter("feedback_damaged"), 2)
            self.ctl(d, "undo", "1")
            d.process.kill()
            d.process.wait()
            d.start()
            self.assertIsNotNone(self.list(d)[0]["undone"])

    def test_training_follows_the_verdicts(self):
        with self.daemon(records={"file": "{dir}/records", "format": "csv",
                                  "connection": "yes", "clients": "yes"}) as d:
            normal = [record("192.0.2.%d" % (i % 200), port=80, flag="SF", src_bytes=200 + i,
                             dst_bytes=4000 + 7 * i, serror_rate=0, count=1 + i % 9)
                      for i in range(1200)]
            self.send(d, *normal[:600])
            self.send(d, *[record(ATTACKER)] * 30, *[backup()] * 5)
            self.send(d, *normal[600:])
            of = {e["event_id"]: e for e in ganad.wait_for(
                lambda: json.loads(self.ctl(d, "--json", command="incidents")), 10, "incidents")}
            attack = next(e for e in of.values() if e["incident"]["nature"] == "probe")
            expected = next(e for e in of.values() if e["features"]["service"] == "ssh")
            self.ctl(d, attack["event_id"], "true")
            self.ctl(d, expected["event_id"], "false")
            self.assertEqual(d.stop(), 0)

            def train(*words, code=0):
                p = subprocess.run([ganad.args.train, *words], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, timeout=120 * ganad.SLOW)
                self.assertEqual(p.returncode, code, p.stdout)
                return p.stdout.decode()
            files = ["--data", d.path("records"), "--feedback", d.path("feedback")]
            fit = ["fit", "--epochs", "1", "--out", d.path("m.ckpt"), *files]
            said = "1 verdicts 'true' leave out 30 rows, 1 'false' keep 5 rows; 0 are undone"
            self.assertIn(said, train(*fit))
            shown = json.loads(train("inspect", "--json", d.path("m.ckpt")))
            metrics = shown["provenance"]["metrics"] if "provenance" in shown else shown["metrics"]
            self.assertEqual((metrics["feedback_true"], metrics["feedback_rows_left_out"],
                              metrics["feedback_rows_kept"]), (1, 30, 5))
            self.assertIn("feedback_rows_left_out", train("inspect", d.path("m.ckpt")))
            self.assertIn(said, train(*fit, "--contamination", "0.05"))
            said = train("calibrate", d.path("m.ckpt"), "--out", d.path("c.ckpt"), *files)
            self.assertIn("leave out 30 rows", said)
            self.assertIn("calibrated on 1,205 rows", said)

            with open(d.path("feedback"), "a") as f:
                f.write("undo\tid=3\n")
            self.assertIn("line 4: expected the field 'time'", train(*fit, code=1))
            self.assertIn("1 damaged verdicts skipped", train(*fit, "--skip-bad"))


if __name__ == "__main__":
    ganad.main()
