# SPDX-License-Identifier: Apache-2.0
"""ganadd on directories of captures, as tcpdump -G and -C fill them."""

import gzip
import json
import os
import re
import subprocess
import tempfile
import time

import ganad
from capture_case import Case, pcap


class Directory(Case):
    def setUp(self):
        self.spool = tempfile.mkdtemp(dir=self.tmp.name)
        n = len(self.traffic.packets)
        self.parts = [self.traffic.bytes(i * n // 4, (i + 1) * n // 4) for i in range(4)]
        self.n_put = 0

    def put(self, name, data, directory=None):
        """Complete at once, as by a rename, and later than those before."""
        self.n_put += 1
        new = self.write(f"new-{self.n_put}", data)
        os.utime(new, (1000 + self.n_put, 1000 + self.n_put))
        os.rename(new, os.path.join(directory or self.spool, name))

    def daemon(self, *directories, **keys):
        keys = {"poll": "100ms", "settle": "1s", "patience": "1h", **keys}
        return ganad.Daemon(captures={f"spool{i}": {"directory": f, **keys}
                                      for i, f in enumerate(directories or [self.spool])},
                            outputs=ganad.ALERTS_FILE,
                            models={"m": {"checkpoint": ganad.checkpoint(), "threshold": "-1e30"}})

    def source(self, d, i=0):
        return d.status().source[i]

    def wait_for(self, d, files, state="waiting", i=0):
        return ganad.wait_for(lambda: (lambda s: s.files == files and s.state == state
                                       and s)(self.source(d, i)), 20,
                              f"{files} files")

    def alerts(self, d):
        with open(d.path("alerts"), encoding="ascii") as f:
            return self.reported(map(json.loads, f))

    def test_arriving_files_are_one_capture(self):
        with self.daemon() as d:
            self.wait_for(d, 0)
            for i, part in enumerate(self.parts):
                self.put(f"{9 - i}.pcap", part)  # in the order of the times, not of the names
                self.wait_for(d, i + 1)
            s = self.source(d)
            self.assertEqual((s.packets, s.target, s.files_broken),
                             (len(self.traffic.packets), self.spool, 0))
            self.assertGreater(s.flows, 0)
            self.assertRegex(d.ctl("status", "--all", control=True).stdout.decode(),
                             r"\nspool0: files read 4, broken 0\n")
            self.assertEqual(d.stop(), 0)
            self.assertEqual(self.alerts(d), self.expected(self.pcap))
            self.assertEqual(len(os.listdir(self.spool)), 4)

    def test_what_is_broken_is_reported_and_left_behind(self):
        self.put("notes.txt", b"no capture at all, by any means")
        self.put("a.pcap", self.parts[0])
        self.put("b.pcap.gz", gzip.compress(self.parts[1]))
        self.put("c.pcap", self.traffic.bytes(0, 30) + b"\xff" * 64)
        self.put("d.pcap", self.parts[2][:-7])
        self.put("e.pcap", b"")
        with self.daemon(delete="yes") as d:
            s = self.wait_for(d, 3)
            self.assertEqual(s.files_broken, 3)
            self.assertEqual(s.packets, 3 * (len(self.traffic.packets) // 4) + 30 - 1)
            shown = json.loads(d.ctl("status", "--json", control=True).stdout)["sources"][0]
            self.assertEqual((shown["files"], shown["files_broken"], shown["state"]),
                             (3, 3, "waiting"))
            log = d.read_log()
            self.assertRegex(log, r"warning: capture: spool0: [^\n]*/c\.pcap: damaged at byte ")
            for name in ("notes.txt", "e.pcap"):
                self.assertRegex(
                    log, rf"warning: capture: spool0: [^\n]*/{name}: [^\n]*; skipping it\n")
            self.assertRegex(log, r"warning: capture: spool0: [^\n]*/d\.pcap: truncated")
            # read: deleted
            self.assertEqual(sorted(os.listdir(self.spool)), ["c.pcap", "e.pcap", "notes.txt"])
            self.put("f.pcap", self.parts[3])
            self.wait_for(d, 4)
            self.assertEqual(d.stop(), 0)

    def test_a_file_that_is_being_written_is_not_read(self):
        self.put("old.pcap", self.parts[0])
        with self.daemon(settle="1h") as d:
            with open(os.path.join(self.spool, "young.pcap"), "wb") as f:
                f.write(self.parts[1][:1000])
                f.flush()
                self.wait_for(d, 1)
                f.write(self.parts[1][1000:])
            self.assertEqual((self.source(d).files, self.source(d).files_broken), (1, 0))
            os.utime(os.path.join(self.spool, "young.pcap"), (2000, 2000))
            self.wait_for(d, 2)

    def test_nothing_waits_for_ever(self):
        other = tempfile.mkdtemp(dir=self.tmp.name)
        late = pcap.Capture()
        late.icmp(0, "10.0.0.1", "10.0.0.2", 8)
        self.put("all.pcap", self.traffic.bytes())
        n = len(self.expected(self.pcap))
        with self.daemon(self.spool, other) as d:
            self.wait_for(d, 0, i=1)
            # the other can still have earlier packets
            self.assertEqual(d.counter("records_scored"), 0)
            self.assertEqual(d.stop(), 0)
        with self.daemon(self.spool, other, patience="2s") as d:
            ganad.wait_for(lambda: self.source(d).records == n, 20,
                           "records of the one that has some")
            ganad.wait_for(lambda: d.counter("records_scored") == n, 20, "all are scored")
            # its connections have ended
            self.assertEqual((self.source(d).flows, self.source(d).state), (0, "waiting"))
            self.put("ping.pcap", late.bytes(), other)
            self.wait_for(d, 1, i=1)
            ganad.wait_for(lambda: d.counter("records_scored") == n + 1, 20, "and of the other")
            self.put("again.pcap", self.traffic.bytes())
            ganad.wait_for(lambda: d.counter("records_scored") == 2 * n + 1, 20,
                           "and of the first again")
            self.assertEqual(d.stop(), 0)

    def test_what_arrives_after_all_captures_were_given_up_is_read(self):
        """Nothing was to be scored, so that only the file itself can wake the main loop."""
        with self.daemon(patience="100ms") as d:
            self.wait_for(d, 0)
            time.sleep(0.5)  # longer than patience and a poll
            for i, part in enumerate(self.parts[:2]):
                self.put(f"{i}.pcap", part)
                self.wait_for(d, i + 1)
                time.sleep(0.5)
            self.assertEqual(d.stop(), 0)

    def test_a_directory_may_disappear_and_reappear(self):
        with self.daemon() as d:
            self.wait_for(d, 0)
            os.rmdir(self.spool)
            self.wait_for(d, 0, "gone")
            os.mkdir(self.spool)
            self.wait_for(d, 0)
            self.put("a.pcap", self.parts[0])
            self.wait_for(d, 1)
            self.assertEqual(len(re.findall("; retrying", d.read_log())), 1)
            self.assertRegex(d.read_log(),
                             rf"notice: capture: spool0: reading '{self.spool}' again\n")

    def test_a_long_wait_does_not_delay_the_exit(self):
        self.put("all.pcap", self.traffic.bytes())
        with self.daemon(poll="1h") as d:
            self.wait_for(d, 1)
            self.assertEqual(d.stop(5), 0)
            self.assertEqual(self.alerts(d), self.expected(self.pcap))

    def test_a_directory_can_be_read_once(self):
        for i, part in enumerate(self.parts):
            self.put(f"{i}.pcap", part)
        with self.daemon(watch="no", settle="24h") as d:
            s = self.wait_for(d, 4, "ended")
            self.assertEqual(s.records, len(self.expected(self.pcap)))
            self.assertEqual(d.stop(), 0)
            self.assertEqual(self.alerts(d), self.expected(self.pcap))
        empty = tempfile.mkdtemp(dir=self.tmp.name)
        with self.daemon(empty, watch="no") as d:
            self.wait_for(d, 0, "broken")
            self.assertIn(f"error: capture: spool0: {empty}: no capture file in it\n", d.read_log())
        with ganad.Daemon(start=False, captures={"x": {"directory": "/no/such"}}) as d:
            p = subprocess.run([ganad.args.ganadd, "-c", d.conf], stderr=subprocess.PIPE,
                               check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn(b"capture 'x': /no/such: cannot open: No such file or directory", p.stderr)


if __name__ == "__main__":
    ganad.main()
