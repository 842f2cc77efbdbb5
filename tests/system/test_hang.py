# SPDX-License-Identifier: Apache-2.0
"""A disk or network file system that stops responding: it delays only its files, and no stop."""

import functools
import json
import os
import time
import unittest

import ganad
import receivers

STOP = 2  # seconds: stop_timeout


@functools.lru_cache(None)
def request(n):
    return ganad.request([ganad.record(x) for x in ganad.data_lines(n)[:n]])


class Hang(unittest.TestCase):
    def daemon(self, records=False, spool=None, alerts=None, **output):
        """Alerts into a file in {dir}/slow, and to a reader. hang() makes the files in {dir}/slow
        hang."""
        outputs = {"file": {"type": "file", "to": "{dir}/slow/alerts", **output},
                   "unix": {"type": "unix", "to": "{dir}/reader.sock"}}
        d = ganad.Daemon(start=False, outputs=outputs, models=receivers.model(),
                         ganadd={"stop_timeout": f"{STOP}s"},
                         records={"file": "{dir}/slow/records", "clients": "yes"} if records
                         else {},
                         spool=spool or {"sync": "never"}, alerts=alerts or {})
        self.addCleanup(d.__exit__)
        os.mkdir(d.path("slow"))
        self.reader = receivers.Reader(d.dir, "reader")
        self.reader.start()
        self.addCleanup(self.reader.stop)
        os.environ.update(LD_PRELOAD=ganad.args.shim, GANAD_HANG_DISK=d.path("hang"))
        try:
            d.start()
        finally:
            del os.environ["LD_PRELOAD"], os.environ["GANAD_HANG_DISK"]
        ganad.wait_for(lambda: all(o.state == "open" for o in d.status().output), 20,
                       "both outputs")
        return d

    def hang(self, d, *calls, where="slow"):
        with open(d.path("hang.new"), "w") as f:
            f.write(d.path(where) + "\n" + " ".join(calls))
        os.rename(d.path("hang.new"), d.path("hang"))

    def heal(self, d):
        os.unlink(d.path("hang"))

    def send(self, d, n=10):
        """Returns the seconds that it took."""
        start = time.monotonic()
        with ganad.Conn(d.scoring) as c:
            c.send(ganad.SCORE_REQUEST, request(n))
            c.answer()
        return time.monotonic() - start

    def file_has(self, d, n):
        """All of the n alerts, in the file."""
        def there():
            if not os.path.exists(d.path("slow/alerts")):
                return False
            with open(d.path("slow/alerts"), "rb") as f:
                lines = f.read().splitlines()
            return {json.loads(x)["seq"] for x in lines} == set(range(1, n + 1))
        ganad.wait_for(there, 20, f"{n} alerts in the file")

    def reader_has(self, n, seconds):
        def there():
            with open(self.reader.file, "rb") as f:
                return f.read().count(b"\n") >= n
        ganad.wait_for(there, seconds, f"{n} alerts at the reader")

    def test_no_output_waits_for_the_disk_of_another(self):
        for call in ("fdatasync", "write"):
            with self.subTest(call=call):
                d = self.daemon(stall_timeout="300ms")
                self.send(d)
                self.file_has(d, 10)
                self.hang(d, call)
                for i in range(5):
                    self.assertLess(self.send(d), 1 * ganad.SLOW)
                    self.reader_has(20 + 10 * i, 1)
                ganad.wait_for(lambda: d.status().output[0].state == "waiting", 10,
                               "it does not answer")
                self.assertEqual(d.status().output[0].error, "its file system does not answer")
                self.assertIn("output 'file' (file", d.read_log())
                self.assertIn("its file system has not answered for", d.read_log())
                start = time.monotonic()
                # it reports which one is not open
                self.assertEqual(d.ctl("reopen", control=True).returncode, 1)
                self.assertLess(time.monotonic() - start, 2 * ganad.SLOW)
                self.heal(d)
                self.file_has(d, 60)
                ganad.wait_for(lambda: d.status().output[0].released == 61, 20,
                               "the disk has everything")
                self.assertIn("answers again", d.read_log())
                self.assertEqual(d.stop(), 0)

    def test_an_open_that_hangs(self):
        d = self.daemon(connect_timeout="300ms")
        os.unlink(d.path("slow/alerts"))
        self.hang(d, "open")
        for i in range(3):
            self.assertLess(self.send(d), 1 * ganad.SLOW)
            self.reader_has(10 + 10 * i, 1)
        self.heal(d)
        self.file_has(d, 30)
        self.assertEqual(d.stop(), 0)

    def test_a_stop_leaves_it_and_the_next_start_writes_the_backlog(self):
        for call in ("fdatasync", "write"):
            with self.subTest(call=call):
                d = self.daemon(replay="0", replay_time="0s")
                self.send(d)
                ganad.wait_for(lambda: d.status().output[0].released == 11, 20,
                               "the disk has everything")
                self.hang(d, call)
                self.send(d)
                ganad.wait_for(lambda: d.counter("events") == 20, 10, "the alerts")
                start = time.monotonic()
                self.assertEqual(d.stop(), 0)
                self.assertLess(time.monotonic() - start, STOP + 1 * ganad.SLOW)
                self.assertIn("the disk has not confirmed events 11 to 20; the next start writes "
                              "them again", d.read_log())
                self.reader_has(20, 5)
                self.heal(d)
                d.start()
                self.file_has(d, 20)
                self.assertEqual(d.stop(), 0)

    def test_a_stop_does_not_wait_for_the_disk_of_the_spool(self):
        d = self.daemon(spool={"sync": "always"})
        self.send(d)
        self.reader_has(10, 10)
        self.hang(d, "fdatasync", where="spool")
        self.send(d)
        start = time.monotonic()
        self.assertEqual(d.stop(), 1)
        self.assertLess(time.monotonic() - start, STOP + 1 * ganad.SLOW)
        self.assertIn("stop_timeout has expired and a thread still waits for a disk", d.read_log())

    def test_a_stop_does_not_wait_for_the_file_of_the_rules(self):
        """The main thread writes it at the end, since hits were counted."""
        d = self.daemon(alerts={"suppress": "{dir}/slow/rules"})
        service = ganad.data_lines(50)[0].split(b",")[2].decode()
        self.assertEqual(d.ctl("suppress", "add", "service=" + service, control=True).returncode, 0)
        self.send(d, 50)
        self.assertGreater(d.counter("alerts_suppressed"), 0)
        self.hang(d, "open")
        start = time.monotonic()
        self.assertEqual(d.stop(), 1)
        self.assertLess(time.monotonic() - start, STOP + 1 * ganad.SLOW)
        self.assertIn("stop_timeout has expired and a thread still waits", d.read_log())

    def test_records_do_not_delay_scoring(self):
        d = self.daemon(records=True)
        self.send(d)
        ganad.wait_for(lambda: d.status().records.written == 10, 10, "records")
        self.hang(d, "write")
        n, line = 10, len(ganad.data_lines(50)[0])
        while d.status().records.lost == 0:
            self.assertLess(self.send(d, 200), 5 * ganad.SLOW)
            n += 200
            self.assertLess(n * line, 100 << 20)
        self.heal(d)
        ganad.wait_for(lambda: d.status().records.queued == 0, 20, "they are written")
        r = d.status().records
        self.assertEqual(r.written + r.lost, n)
        with open(d.path("slow/records"), "rb") as f:
            self.assertEqual(f.read().count(b"\n"), r.written)
        self.hang(d, "write")
        self.send(d)
        start = time.monotonic()
        self.assertEqual(d.stop(), 0)
        self.assertLess(time.monotonic() - start, STOP + 1 * ganad.SLOW)
        self.assertIn("slow/records': 10 lines could not be delivered", d.read_log())


if __name__ == "__main__":
    ganad.main()
