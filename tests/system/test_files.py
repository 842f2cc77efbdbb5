# SPDX-License-Identifier: Apache-2.0
"""Files of alerts and records that other programs move, delete or replace while ganadd writes them,
without a signal."""

import functools
import glob
import json
import os
import resource
import shutil
import stat
import subprocess
import unittest

import ganad

OUTPUT = {"file": {"type": "file", "to": "{dir}/logs/alerts"}}


def seqs(*paths):
    """Numbers of the alerts in files, in order."""
    out = []
    for path in paths:
        with open(path, "rb") as f:
            out += [json.loads(line)["seq"] for line in f]
    return out


@functools.lru_cache(None)
def request(n):
    return ganad.request([ganad.record(x) for x in ganad.data_lines(n)[:n]])


class Files(unittest.TestCase):
    def daemon(self, outputs=OUTPUT, records=True, **sections):
        d = ganad.Daemon(start=False, outputs=outputs,
                         models={"m": {"checkpoint": ganad.checkpoint(), "threshold": "-1e30"}},
                         records={"file": "{dir}/logs/records", "clients": "yes"} if records
                         else {}, **sections)
        self.addCleanup(d.__exit__)
        os.mkdir(d.path("logs"))
        d.start()
        return d

    def send(self, d, n=10):
        """n records, each an alert."""
        with ganad.Conn(d.scoring) as c:
            c.send(ganad.SCORE_REQUEST, request(n))
            c.answer()

    def on_disk(self, d):
        """Waits until everything sent is known to be on disk, and the records' file was compared
        with its path."""
        def done():
            o = d.status().output[0]
            return o.next == d.counter("events") + 1 == o.released
        ganad.wait_for(done, 20, "the disk has everything")

    def wait_for_output(self, d, **fields):
        def there():
            o = d.status().output[0]
            return all(getattr(o, k) == v for k, v in fields.items())
        ganad.wait_for(there, 10, f"{fields} in status")

    def test_a_deleted_file_is_created_again_with_what_was_not_on_disk(self):
        d = self.daemon()
        self.send(d)
        self.on_disk(d)
        for name in ("alerts", "records"):
            os.unlink(d.path("logs/" + name))
        self.send(d)
        self.wait_for_output(d, deleted=1, reopened=1, state="open")
        self.send(d)
        self.on_disk(d)
        self.assertEqual(sorted(set(seqs(d.path("logs/alerts")))), list(range(11, 31)))
        ganad.wait_for(lambda: d.status().records.deleted == 1, 10, "the records' file")
        r = d.status().records
        self.assertEqual(r.written + r.lost, 30)
        self.assertEqual(r.lost, d.counter("records_lost"))
        with open(d.path("logs/records"), "rb") as f:
            self.assertLessEqual(r.written - 10, f.read().count(b"\n"))
        log = d.read_log()
        self.assertIn("logs/alerts' was deleted: it is created again, with the events from 11 on",
                      log)
        self.assertRegex(log, r"logs/records' was deleted: "
                         r"at most \d+ lines written since the last check are lost")
        shown = d.ctl("status", "--all", control=True).stdout.decode()
        self.assertIn("file, number of times its file was deleted: 1\n", shown)
        self.assertIn("number of times the file of records was deleted: 1\n", shown)
        self.assertEqual(d.stop(), 0)

    def test_a_deleted_directory_is_waited_for(self):
        d = self.daemon(records=False)
        self.send(d)
        self.on_disk(d)
        shutil.rmtree(d.path("logs"))
        self.send(d)
        ganad.wait_for(lambda: d.status().output[0].state == "waiting", 10, "it cannot be created")
        self.assertIn(f"directory '{d.path('logs')}' does not exist: create it",
                      d.status().output[0].error)
        self.send(d)
        os.mkdir(d.path("logs"))
        self.wait_for_output(d, state="open")
        self.on_disk(d)
        self.assertEqual(sorted(set(seqs(d.path("logs/alerts")))), list(range(11, 31)))

    def test_a_file_that_was_moved_is_reopened_and_nothing_is_twice(self):
        """As logrotate does, with 'create' and without, and without SIGHUP."""
        for creates in (True, False):
            with self.subTest(creates=creates):
                d = self.daemon()
                self.send(d)
                self.on_disk(d)
                for name in ("alerts", "records"):
                    os.rename(d.path("logs/" + name), d.path(f"logs/{name}.old"))
                    if creates:
                        open(d.path("logs/" + name), "wb").close()
                self.send(d)
                self.wait_for_output(d, reopened=1, deleted=0)
                ganad.wait_for(lambda: d.status().records.reopened == 1, 10, "the records' file")
                self.send(d)
                self.on_disk(d)
                self.assertEqual(d.stop(), 0)
                self.assertEqual(seqs(d.path("logs/alerts.old"), d.path("logs/alerts")),
                                 list(range(1, 31)))
                self.assertGreaterEqual(len(seqs(d.path("logs/alerts"))), 10)
                lines = 0
                for path in glob.glob(d.path("logs/records*")):
                    with open(path, "rb") as f:
                        lines += f.read().count(b"\n")
                self.assertEqual(lines, 30)
                self.assertEqual(d.read_log().count("was moved away or replaced, and is reopened"),
                                 2)

    def test_a_file_that_is_truncated_is_appended_to(self):
        """As logrotate's copytruncate does."""
        d = self.daemon(records=False)
        self.send(d)
        self.on_disk(d)
        shutil.copy(d.path("logs/alerts"), d.path("logs/alerts.1"))
        os.truncate(d.path("logs/alerts"), 0)
        self.send(d)
        self.on_disk(d)
        self.assertEqual(seqs(d.path("logs/alerts.1"), d.path("logs/alerts")), list(range(1, 21)))
        self.assertEqual(d.status().output[0].reopened, 0)

    def test_a_full_disk_writes_nothing_twice(self):
        """With a limit on the size of files that is raised in steps: each time a part of the
        backlog fits."""
        d = self.daemon(records=False)
        hard = resource.prlimit(d.process.pid, resource.RLIMIT_FSIZE)[1]
        logs = d.path("logs/alerts")
        self.send(d)
        self.on_disk(d)
        each = os.path.getsize(logs) // 10
        for n in 25, 60:
            resource.prlimit(d.process.pid, resource.RLIMIT_FSIZE, (n * each, hard))
            self.send(d, 40)
            self.wait_for_output(d, state="waiting")
        resource.prlimit(d.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        self.on_disk(d)
        self.assertEqual(seqs(logs), list(range(1, 91)))

    def test_what_takes_its_place_is_named(self):
        d = self.daemon(records=False)
        for make, word in ((lambda p: os.symlink("/nowhere", p),
                            "is a symbolic link to '/nowhere', and ganadd does not follow links"),
                           (os.mkfifo, "is a FIFO, and not a regular file")):
            os.rename(d.path("logs/alerts"), d.path("logs/old"))
            make(d.path("logs/alerts"))
            ganad.wait_for(lambda: word in d.status().output[0].error, 10, word)
            self.assertEqual(d.status().output[0].state, "waiting")
            os.unlink(d.path("logs/alerts"))
            self.wait_for_output(d, state="open")
            self.assertTrue(stat.S_ISREG(os.lstat(d.path("logs/alerts")).st_mode))
        self.send(d)
        self.on_disk(d)
        self.assertEqual(seqs(d.path("logs/alerts")), list(range(1, 11)))

    def test_rotation_and_opening_are_in_the_log(self):
        d = self.daemon({"file": dict(OUTPUT["file"], file_size="64K")}, records=False)
        while not os.path.exists(d.path("logs/alerts.1")):
            self.send(d, 50)
        self.assertEqual(d.ctl("reopen", control=True).returncode, 0)
        self.wait_for_output(d, reopened=1)
        log = d.read_log()
        self.assertIn(f"output 'file': '{d.path('logs/alerts')}' is open, 0 bytes", log)
        self.assertIn(f"'{d.path('logs/alerts')}' was renamed to '{d.path('logs/alerts')}.1', a "
                      "new file is begun", log)
        ganad.wait_for(lambda: f"'{d.path('logs/alerts')}' is reopened" in d.read_log(), 5,
                       "a line")

    def test_it_does_not_start_with_a_path_that_is_not_a_file(self):
        for make, word in ((lambda p: os.symlink("x", p), "is a symbolic link to 'x'"),
                           (os.mkfifo, "is a FIFO"),
                           (os.mkdir, "is a directory")):
            for of_records in (False, True):
                d = ganad.Daemon(start=False, outputs=None if of_records else ganad.ALERTS_FILE,
                                 records={"file": "{dir}/alerts"} if of_records else {})
                self.addCleanup(d.__exit__)
                make(d.path("alerts"))
                for options in ([], ["-t"]):
                    p = subprocess.run([ganad.args.ganadd, *options, "-c", d.conf],
                                       stderr=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, timeout=60, text=True)
                    self.assertEqual(p.returncode, 1)
                    self.assertIn(d.path("alerts"), p.stderr)
                    self.assertIn(word, p.stderr)


if __name__ == "__main__":
    ganad.main()
