# SPDX-License-Identifier: Apache-2.0
"""What ganadctl shows a person in a terminal: rows of tail and incidents, and the short status."""

import fcntl
import json
import os
import re
import struct
import subprocess
import termios
import threading
import unittest

import ganad
import test_page

ROW = r"^\d\d:\d\d:\d\d  (high  |medium|low   )  (open  |update|closed|alert )  \S"


def in_terminal(columns, *command, env=None):
    """Lines that a program writes to a terminal of that width."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    p = subprocess.Popen(command, stdout=theirs, stdin=subprocess.DEVNULL,
                         env={**os.environ, "NO_COLOR": "1", **(env or {})})
    os.close(theirs)
    text = b""
    while True:
        try:
            got = os.read(ours, 65536)
        except OSError:  # the other end is closed
            got = b""
        if not got:
            break
        text += got
    os.close(ours)
    return p.wait(20 * ganad.SLOW), text.decode().replace("\r\n", "\n").splitlines()


class Rows(unittest.TestCase):
    def setUp(self):
        self.d = ganad.Daemon(models={"random": {"checkpoint": ganad.checkpoint(),
                                                 "threshold": "-1"}},
                              alerts={"rollup": "1s"}, outputs=ganad.ALERTS_FILE)
        self.addCleanup(self.d.__exit__)

    def score(self, *records):
        with ganad.Conn(self.d.scoring) as c:
            c.send(ganad.SCORE_REQUEST, ganad.request(records))
            return c.answer()

    def ctl(self, *words):
        return self.d.ctl(*words, control=True)

    def shown(self, columns, *words, **more):
        code, lines = in_terminal(columns, ganad.args.ganadctl, "-s", self.d.control, *words,
                                  **more)
        self.assertEqual(code, 0, lines)
        return lines

    def score_three(self):
        long = "2001:db8:1111:2222:3333:4444:5555:{}"
        self.score(test_page.probe("192.0.2.1", "198.51.100.1"),
                   test_page.session("192.0.2.7", "198.51.100.8", num_failed_logins=4),
                   test_page.session(long.format(6666), long.format(7777), root_shell=1))
        ganad.wait_for(lambda: self.d.counter("incidents") == 3, 20, "incidents")

    def follow(self, columns):
        """What tail shows of three incidents, which come when it follows."""
        found = []
        t = threading.Thread(target=lambda: found.extend(
            self.shown(columns, "tail", "--count", "3") if columns else
            self.ctl("tail", "--count", "3").stdout.decode().splitlines()))
        t.start()
        ganad.wait_for(lambda: self.d.counter("tails") == 1, 20, "it follows")
        self.score_three()
        t.join(20 * ganad.SLOW)
        return found

    def test_a_tail_has_a_row_an_event(self):
        day, *rows = self.follow(120)
        self.assertRegex(day, r"^-- \d{4}-\d\d-\d\d, times in UTC --$")
        self.assertEqual(len(rows), 3)
        for row in rows:
            self.assertRegex(row, ROW)
            self.assertLessEqual(len(row), 120)
        self.assertIn("192.0.2.1", rows[0])
        self.assertIn("198.51.100.1", rows[0])

    def test_a_narrow_row_keeps_the_addresses(self):
        rows = self.follow(115)[1:]
        self.assertEqual(max(map(len, rows)) <= 115, True, rows)
        self.assertTrue(all(x in rows[2] for x in ("5555:6666", "5555:7777")), rows)

    def test_a_pipe_gets_all_of_it(self):
        rows = self.follow(None)
        self.assertEqual(len(rows), 3)
        for row in rows:
            self.assertRegex(row, r"^\S+Z  (high|medium|low) +open +\S.*; \w+ \S+ \(expected ")

    def test_a_wide_terminal_has_the_reasons(self):
        self.assertRegex(self.follow(400)[1], r"; \w+ \S+ \(expected ")

    def test_incidents_and_their_details(self):
        self.assertIn(b"no incident or alert yet", self.ctl("incidents").stdout)
        self.score_three()
        for words in ("incidents",), ("incidents", "--open"):
            head, day, *rows = self.shown(120, *words)
            self.assertRegex(head, r"^ID +SINCE +LAST +SEV\. +STATE +RECORDS +WHAT$")
            self.assertRegex(day, "^-- ")
            self.assertEqual([row.split()[0] for row in rows], ["i1", "i2", "i3"])
            self.assertTrue(all(len(row) <= 120 for row in [head, *rows]))
        listed = json.loads(self.ctl("incidents", "-J").stdout)
        with open(self.d.path("alerts")) as f:
            alerts = [e for e in map(json.loads, f) if e["event_type"] == "alert"]
        self.assertEqual(listed, alerts[:3])
        for name in "i3", listed[2]["incident"]["id"]:
            text = self.ctl("incidents", name).stdout.decode()
            self.assertEqual(text.splitlines()[0], listed[2]["sentence"])
            self.assertRegex(text, r"\nincident\.state +open\n")
            self.assertRegex(text, r"\nfeatures\.root_shell +1\n")
        r = self.ctl("incidents", "i4")
        self.assertEqual((r.returncode, r.stdout), (1, b""))
        self.assertIn(b"no incident or alert 'i4' is listed", r.stderr)

    def test_the_status_is_one_screen_with_warnings_first(self):
        lines = self.shown(100, "status")
        self.assertRegex(lines[0], "^ganadd ")
        with ganad.Conn(self.d.scoring) as c:
            for _ in range(6):
                c.send(ganad.SCORE_REQUEST,
                       ganad.request([test_page.probe("192.0.2.1", "198.51.100.1")] * 100))
                c.answer()
        ganad.wait_for(lambda: self.d.counter("records_scored") == 600, 20, "records")
        lines = self.shown(100, "status")
        self.assertRegex(lines[0], "^! 100 % of 600 records of the last 1 min are anomalous: ")
        self.assertLessEqual(len(lines), 24)
        self.assertLessEqual(max(map(len, lines)), 100)
        self.assertRegex("\n".join(lines), r"records +[\d.]+ a second, 100 % anomalous")
        s = json.loads(self.ctl("status", "-J").stdout)
        self.assertTrue(s["warnings"][0].startswith("100 % of 600 records"))
        self.assertEqual((s["lately"]["records"], s["lately"]["anomalous"]), (600, 600))
        severities = [s["counters"]["alerts_" + x] for x in ("high", "medium", "low")]
        self.assertEqual(sum(severities), s["counters"]["alerts"])
        self.assertIn(b"\nrecords_scored ", self.ctl("status", "--all").stdout)
        self.assertFalse(re.search("\nrecords_scored ", "\n".join(lines)))

    def test_a_full_screen_has_room_for_everything(self):
        shipped = ganad.trained()[0]
        models = {f"m{i}": {"checkpoint": shipped} for i in range(5)}
        outputs = {f"o{i}": {"type": "tcp", "to": f"127.0.0.1:{i + 1}"} for i in range(6)}
        captures = {f"c{i}": {"directory": "{dir}"} for i in range(6)}
        with ganad.Daemon(models=models, outputs=outputs, captures=captures) as d:
            ganad.wait_for(lambda: sum(bool(o.error) for o in d.status().output) == 6, 20, "errors")
            code, lines = in_terminal(80, ganad.args.ganadctl, "-s", d.control, "status")
            self.assertEqual(code, 0)
            self.assertLess(len(lines), 25, lines)
            self.assertLessEqual(max(map(len, lines)), 80)
            self.assertRegex(lines[0], "^! output 'o0' is down, [0-9]+ events wait: ")
            self.assertRegex(lines[4], r"^\(7 more warnings: ganadctl status --all\)$")
            warnings = json.loads(d.ctl("status", "-J", control=True).stdout)["warnings"]
            self.assertEqual([("is down" in x, "is a demonstration" in x) for x in warnings],
                             [(True, False)] * 6 + [(False, True)] * 5)


if __name__ == "__main__":
    ganad.main()
