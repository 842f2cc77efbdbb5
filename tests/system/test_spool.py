# SPDX-License-Identifier: Apache-2.0
"""What status, metrics, ganadctl, loss events and ganad-watch.py report about the spool after
crashes, damage, eviction and deleted files. They count events that existed, agree with one another,
and omit nothing."""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time
import unittest

import ganad
import receivers
from receivers import model
from test_metrics import Unix, get, samples

TO = {"unix": {"type": "unix", "to": "{dir}/reader.sock", "replay": "0", "replay_time": "0s"}}
PER_REQUEST = 50


def score(d, requests):
    """Sends records, each an alert. Returns their number."""
    with ganad.Conn(d.scoring) as c:
        message = ganad.request([ganad.record(x) for x in ganad.data_lines(PER_REQUEST)])
        for _ in range(requests):
            c.send(ganad.SCORE_REQUEST, message)
            c.answer()
    return requests * PER_REQUEST


def kill(d):
    d.process.kill()
    d.process.wait()


def committed(d, n):
    ganad.wait_for(lambda: d.status().spool.end == n + 1, 30, f"{n} events are in the spool")


class Received:
    """The events that a receiver has received."""

    def __init__(self, reader):
        with open(reader.file, encoding="utf-8") as f:
            self.lines = f.read().splitlines(True)
        events = [json.loads(x) for x in self.lines]
        self.losses = [e for e in events if e["event_type"] == "loss"]
        self.seen = {e["seq"] for e in events if e["event_type"] != "loss"}

    def lost(self):
        return {n for e in self.losses if e["lost"] > 0
                for n in range(e["first_seq"], e["last_seq"] + 1)}

    def unused(self):
        """(first, end); it can be billions of numbers."""
        return [(e["first_seq"], e["last_seq"] + 1) for e in self.losses if e["lost"] == 0]

    def watch(self):
        """The reports of conf/ganad-watch.py about it."""
        p = subprocess.run([sys.executable, os.path.join(ganad.args.source, "conf/ganad-watch.py")],
                           input="".join(self.lines),
                           text=True, stdout=subprocess.PIPE, check=True, timeout=60 * ganad.SLOW)
        return p.stdout


class Case(unittest.TestCase):
    def daemon(self, **spool):
        d = ganad.Daemon(outputs=TO, models=model(), metrics={"unix": "{dir}/metrics.sock"},
                         spool=spool)
        self.addCleanup(d.__exit__)
        return d

    def reader(self, d):
        r = receivers.Reader(d.dir, "reader")
        r.start()
        self.addCleanup(r.kill)
        return r

    def says(self, d, waiting, lost):
        """The same numbers in the status, on the page of metrics, and from outside."""
        def now():
            o = d.status().output[0]
            return (o.waiting, o.lost) == (waiting, lost)
        try:
            ganad.wait_for(now, 5, "WAITING and LOST")
        except AssertionError:
            o = d.status().output[0]
            self.assertEqual((o.waiting, o.lost), (waiting, lost))
        page = samples(get(Unix(d.path("metrics.sock")))[1])
        self.assertEqual(page['ganad_output_events_waiting{output="unix"}'], waiting)
        self.assertEqual(page['ganad_output_events_lost_total{output="unix"}'], lost)

        def outside():
            o = json.loads(ganad.ctl("spool", "--json", d.path("spool")).stdout)["outputs"][0]
            return (o["waiting"], o["lost"]) == (waiting, lost)
        ganad.wait_for(outside, 5, "ganadctl spool says the same, when the state is written")

    def all_is_delivered(self, d):
        ganad.wait_for(lambda: d.status().output[0].state == "open"
                       and d.status().output[0].waiting == 0, 60,
                       "all is delivered")

    def stops_at_once(self, d):
        begin = time.monotonic()
        self.assertEqual(d.stop(), 0)
        self.assertLess(time.monotonic() - begin, 3 * ganad.SLOW, "stop_timeout is 10 s")


class Crashes(Case):
    def test_killed_again_and_again_no_number_is_skipped(self):
        d = self.daemon()
        n = 0
        for _ in range(3):
            n += score(d, 2)
            committed(d, n)
            kill(d)
            d.start()
            self.says(d, n, 0)
        r = self.reader(d)
        self.all_is_delivered(d)
        self.stops_at_once(d)
        r.stop()
        received = Received(r)
        self.assertEqual(received.seen, set(range(1, n + 1)))
        self.assertEqual((received.losses, received.watch()), ([], ""))

    def test_a_stop_after_a_kill_with_nothing_to_send_is_immediate(self):
        d = self.daemon()
        for _ in range(3):
            kill(d)
            d.start()
        self.says(d, 0, 0)
        self.stops_at_once(d)
        d.start()
        self.stops_at_once(d)

    def harmed(self, harm, torn, skipped_to):
        """Kills ganadd and damages the spool: skipped numbers are named, and are no loss."""
        d = self.daemon(sync="always")
        n = score(d, 2)
        committed(d, n)
        kill(d)
        harm(d)
        d.start()
        # The torn part can have been as many records as the smallest ones that fit.
        lost = set(range(n, n + d.status().output[0].lost)) if torn else set()
        self.assertLessEqual(len(lost), torn)
        self.assertEqual(len(lost) > 0, torn > 0)
        self.says(d, n - (torn > 0), len(lost))
        n += score(d, 1)
        r = self.reader(d)
        self.all_is_delivered(d)
        self.says(d, 0, len(lost))
        at_most = d.status().output[0].lost_at_most
        self.stops_at_once(d)
        r.stop()
        received = Received(r)
        self.assertEqual(received.lost(), lost)
        # If the state was written after the last event, that one is lost for certain.
        self.assertIn(len(lost) - at_most, (0, 1) if torn else (0,))
        self.assertEqual(sum(e["lost"] for e in received.losses), len(lost))
        self.assertEqual(sum(e["lost"] for e in received.losses if e["at_most"]), at_most)
        ((first, end),) = received.unused()
        self.assertEqual((first, end), (max(lost or {n - PER_REQUEST}) + 1, skipped_to))
        self.assertEqual(received.seen, set(range(1, first)) - lost |
                         set(range(end, end + PER_REQUEST)))
        self.assertNotIn("missing", received.watch())
        self.assertEqual(received.watch().count("reports the loss of"),
                         sum(e["lost"] > 0 for e in received.losses))
        self.assertIn(f"the numbers {first} to {end - 1} are skipped", d.read_log())

    def test_a_torn_end_may_have_lost_an_event_and_skips_the_rest(self):
        def tear(d):
            last = max(glob.glob(d.path("spool") + "/*.seg"))
            os.truncate(last, os.path.getsize(last) - 30)
        self.harmed(tear, 30, 1 + (1 << 16))

    def test_a_lost_state_skips_far_and_loses_nothing(self):
        self.harmed(lambda d: os.unlink(d.path("spool/ganad-spool.state")), 0,
                    1 + 2 * PER_REQUEST + (1 << 32))


class Quota(Case):
    def test_eviction_while_the_receiver_is_unreachable_is_known_at_once(self):
        d = self.daemon(quota="1M", segment="256K")
        n = 0
        while d.status().spool.evicted_bytes == 0:
            n += score(d, 10)
        committed(d, n)
        def evicted():
            s = d.status()
            gone = s.spool.oldest - 1
            return gone if (s.output[0].waiting, s.output[0].lost) == (n - gone, gone) else 0
        gone = ganad.wait_for(evicted, 10, "what was evicted is lost, and the rest waits")
        self.says(d, n - gone, gone)
        self.assertRegex(ganad.wait_for(lambda: "loses events" in d.read_log() and d.read_log(), 5,
                                        "a line of the log"),
                         r"output 'unix' loses events before it reads them: \d+ more, \d+ in total")
        r = self.reader(d)
        self.all_is_delivered(d)
        self.says(d, 0, gone)  # its reader found the gap: not counted twice
        self.stops_at_once(d)
        r.stop()
        received = Received(r)
        self.assertEqual(received.lost(), set(range(1, gone + 1)))
        self.assertEqual(received.seen, set(range(gone + 1, n + 1)))
        self.assertLessEqual(d.read_log().count("loses events"), 1)


class Touched(Case):
    """Deletes, renames or replaces files while ganadd runs."""

    def touch(self, harm, with_reader, **spool):
        """Everything in memory, in the active segment and in later segments arrives."""
        d = self.daemon(**spool)
        r = self.reader(d) if with_reader else None
        n = score(d, 2)
        committed(d, n)
        if r:
            self.all_is_delivered(d)
        harm(d)
        mended = ganad.wait_for(lambda: d.status().spool.mended, 3,
                                "it is noticed, without an event")
        self.assertEqual(mended, 1)
        self.assertIn("another program deleted, renamed or replaced", d.read_log())
        n += score(d, 2)
        r = r or self.reader(d)
        committed(d, n)
        self.all_is_delivered(d)
        self.says(d, 0, 0)
        kill(d)  # the lock and the numbers are in the new files
        d.start()
        n += score(d, 1)
        committed(d, n)
        self.all_is_delivered(d)
        self.stops_at_once(d)
        r.stop()
        received = Received(r)
        self.assertEqual((received.seen, received.losses), (set(range(1, n + 1)), []))
        self.assertEqual(received.watch(), "")
        return d

    def test_the_directory_is_deleted(self):
        for with_reader in False, True:
            with self.subTest(with_reader=with_reader):
                self.touch(lambda d: shutil.rmtree(d.path("spool")), with_reader)

    def test_its_files_are_deleted(self):
        def empty(d):
            for f in os.listdir(d.path("spool")):
                os.unlink(os.path.join(d.path("spool"), f))
        self.touch(empty, False)
        self.touch(empty, True)

    def test_only_the_state_is_deleted(self):
        self.touch(lambda d: os.unlink(d.path("spool/ganad-spool.state")), True)

    def test_the_directory_is_renamed(self):
        d = self.touch(lambda d: os.rename(d.path("spool"), d.path("old")), False)
        self.assertTrue(glob.glob(d.path("old/*.seg")))

    def test_a_second_ganadd_never_writes_to_it(self):
        d = self.daemon()
        n = score(d, 1)
        committed(d, n)
        shutil.rmtree(d.path("spool"))
        ganad.wait_for(lambda: d.status().spool.mended, 3, "it is noticed")
        with open(d.conf, encoding="utf-8") as f:
            conf = re.sub(r"(?m)^unix = .*\n", lambda m: m.group(0).replace(".sock", "2.sock"),
                          f.read())
        with open(d.path("second.conf"), "w", encoding="utf-8") as f:
            f.write(conf)
        p = subprocess.run([ganad.args.ganadd, "-c", d.path("second.conf")], text=True,
                           stderr=subprocess.PIPE, timeout=60 * ganad.SLOW)
        self.assertNotEqual(p.returncode, 0)
        self.assertIn("another process writes to this spool", p.stderr)

    def test_a_deleted_segment_that_no_output_read_is_lost_and_counted_at_once(self):
        d = self.daemon(segment="256K", quota="16M")
        n = 0
        while d.status().spool.segments < 3:
            n += score(d, 5)
        committed(d, n)
        first, second = (int(os.path.basename(f)[:16], 16)
                         for f in sorted(glob.glob(d.path("spool/*.seg")))[:2])
        os.unlink(d.path(f"spool/{first:016x}.seg"))
        gone = second - first
        ganad.wait_for(lambda: d.status().spool.removed == 1, 5, "it is noticed")
        self.says(d, n - gone, gone)
        r = self.reader(d)
        self.all_is_delivered(d)
        self.says(d, 0, gone)
        self.stops_at_once(d)
        r.stop()
        self.assertEqual(Received(r).lost(), set(range(first, second)))


if __name__ == "__main__":
    ganad.main()
