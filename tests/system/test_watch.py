# SPDX-License-Identifier: Apache-2.0
"""conf/ganad-watch.py on events of a real ganadd: a sensor that is killed and restarted, and
missing events."""

import json
import os
import select
import subprocess
import sys
import time
import unittest

import ganad

HEARTBEAT = 1.0 * min(ganad.SLOW, 2)


def watch(lines):
    """Returns the reports about these lines."""
    p = subprocess.run([sys.executable, os.path.join(ganad.args.source, "conf/ganad-watch.py")],
                       input="".join(lines), text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True,
                       timeout=30 * ganad.SLOW)
    return [x.split(" ", 1)[1] for x in p.stdout.splitlines()], p.stderr


class Watch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with ganad.Daemon(models={"m": {"checkpoint": ganad.checkpoint(), "fpr_budget": "0.5"}},
                          outputs=ganad.ALERTS_FILE) as d:
            with ganad.Conn(d.scoring) as c:
                c.send(ganad.SCORE_REQUEST, ganad.request([ganad.record(x)
                                                           for x in ganad.synthetic_lines(100)]))
                c.answer()
            d.stop()
            with open(d.path("alerts"), encoding="utf-8") as f:
                cls.lines = f.read().splitlines(True)
        assert len(cls.lines) > 20
        cls.host = json.loads(cls.lines[0])["host"]

    def said(self, *what):
        return [f"sensor {self.host}: {x}" for x in what]

    def test_all_is_well(self):
        self.assertEqual(watch(self.lines), ([], ""))
        self.assertEqual(watch(self.lines[:9] + self.lines[4:]), ([], ""))

    def test_missing_events_are_reported_at_once(self):
        self.assertEqual(watch(self.lines[:5] + self.lines[8:])[0],
                         self.said("events 6 to 8 are missing"))
        self.assertEqual(watch(self.lines[:5] + self.lines[6:8] + self.lines[10:])[0],
                         self.said("events 6 to 6 are missing", "events 9 to 10 are missing"))

    def test_a_reported_loss_is_not_missing(self):
        loss = json.dumps({"event_type": "loss", "host": self.host, "event_id": "x", "lost": 3,
                           "first_seq": 6, "last_seq": 8})
        self.assertEqual(watch(self.lines[:5] + [loss + "\n"] + self.lines[8:])[0],
                         self.said("reports the loss of 3 events, 6 to 8"))
        self.assertEqual(watch(self.lines[:4] + [loss + "\n"] + self.lines[8:])[0],
                         self.said("reports the loss of 3 events, 6 to 8",
                                   "events 5 to 5 are missing"))

    def test_unused_numbers_are_not_missing(self):
        unused = json.dumps({"event_type": "loss", "host": self.host, "event_id": "x", "lost": 0,
                             "first_seq": 6, "last_seq": 8})
        self.assertEqual(watch(self.lines[:5] + [unused + "\n"] + self.lines[8:]), ([], ""))
        self.assertEqual(watch(self.lines[:5] + [unused + "\n"] + self.lines[9:])[0],
                         self.said("events 9 to 9 are missing"))

    def test_a_new_spool_starts_from_its_first_number(self):
        run = json.loads(self.lines[0])["event_id"].rsplit("-", 2)[1]
        restarted = [x.replace(run, "0123456789abcdef") for x in self.lines]
        self.assertEqual(watch(self.lines + restarted[:9] + restarted[10:])[0],
                         self.said("events 10 to 10 are missing"))

    def test_what_is_not_an_event_is_skipped(self):
        beat = {"host": self.host, "event_type": "heartbeat", "event_id": "x"}
        loss = {"host": self.host, "event_type": "loss", "event_id": "x", "lost": "3\x1b[2J",
                "first_seq": 6, "last_seq": 8}
        bad = [{**beat, "interval": 10**400}, {**beat, "interval": float("nan")},
               {**beat, "interval": -1}, loss]
        found, err = watch(self.lines[:5] + ["{\n", "[]\n", "{}\n", '{"host": 1}\n', "\0\n"] +
                           [json.dumps(x) + "\n" for x in bad] + self.lines[5:])
        self.assertEqual((found, err.count("not an event")), ([], 5 + len(bad)))

    def test_a_name_cannot_add_a_line(self):
        name = "\n2026 sensor dmz1: silent\x1b[2J\ud800"
        event = {"host": name, "event_type": "loss", "event_id": "x", "lost": 1, "first_seq": 1,
                 "last_seq": 1}
        found, err = watch([json.dumps(event) + "\n"])
        self.assertEqual((len(found), err), (1, ""))
        self.assertNotIn("\x1b", found[0])

    def test_a_sensor_that_is_killed_is_silent_and_sends_again(self):
        with ganad.Daemon(outputs=ganad.ALERTS_FILE, alerts={"heartbeat": f"{HEARTBEAT}s"}) as d:
            ganad.wait_for(lambda: os.path.exists(d.path("alerts"))
                           and os.path.getsize(d.path("alerts")), 30, "a heartbeat")
            tail = subprocess.Popen(["tail", "-n", "+1", "-F", d.path("alerts")],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            p = subprocess.Popen([sys.executable,
                                  os.path.join(ganad.args.source, "conf/ganad-watch.py")],
                                 stdin=tail.stdout,
                                 stdout=subprocess.PIPE, text=True)
            try:
                self.assertFalse(select.select([p.stdout], [], [], 4 * HEARTBEAT)[0],
                                 "silent, while it is not")
                d.process.kill()
                d.process.wait()
                begin = time.monotonic()
                self.assertIn(f"sensor {self.host}: silent for ", p.stdout.readline())
                self.assertLess(time.monotonic() - begin, 2.5 * HEARTBEAT + 1 * ganad.SLOW)
                d.start()
                self.assertIn(f"sensor {self.host}: sends again", p.stdout.readline())
            finally:
                tail.kill()
                p.wait(30)
                tail.wait()
                tail.stdout.close()
                p.stdout.close()


if __name__ == "__main__":
    ganad.main()
