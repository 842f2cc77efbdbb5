# SPDX-License-Identifier: Apache-2.0
"""A sensor that learns its own network: a real ganadd on simulated days of traffic, and the command
that the timer runs."""

import json
import os
import subprocess
import tempfile
import unittest

import ganad

START = 1767225600  # 2026-01-01
DAY = 86400
SESSIONS = 1200  # of a day


trains = unittest.skipIf(ganad.SLOW > 1, "a training takes minutes under a sanitizer")


class Learning(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tmp = tempfile.TemporaryDirectory(prefix="ganad-learning-")
        cls.addClassCleanup(cls.tmp.cleanup)
        cls.model = cls.demonstration()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.tmp.name, name)

    @classmethod
    def run_program(cls, *command, code=0):
        p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           timeout=300 * ganad.SLOW)
        if p.returncode != code:
            raise AssertionError(f"{command}: exit code {p.returncode}\n{p.stdout}")
        return p.stdout

    @classmethod
    def traffic(cls, name, day, days, seed, *more):
        out = cls.path(name)
        cls.run_program(ganad.args.traffic, "-q", "-s", str(seed), "-n", str(SESSIONS * days),
                        "-r", str(SESSIONS / DAY), "--start", str(START + day * DAY), *more, out)
        return out

    @classmethod
    def demonstration(cls):
        """A model of another network, named as those of the package."""
        records, out = cls.path("other.csv"), cls.path("kdd99-other.ckpt")
        cls.run_program(ganad.args.ganadctl, "extract", "--out", records,
                        cls.traffic("other.pcap", 0, 1, 99, "-k", "http", "-k", "dns"))
        cls.run_program(ganad.args.train, "fit", "-q", "--data", records, "--epochs", "2",
                        "--name", "kdd99-other", "--out", out)
        return out

    def daemon(self, directory, **learning):
        settings = {"mode": "learn-then-alert", "directory": "{dir}/learning", "days": 2,
                    **learning}
        return ganad.Daemon(models={"demo": {"checkpoint": self.model}},
                            captures={"lan": {"directory": directory, "poll": "100ms",
                                              "settle": "0s", "patience": "1h"}},
                            outputs=ganad.ALERTS_FILE, learning=settings)

    def read(self, d, name, n):
        """Puts a capture into the directory of the sensor and waits until it is read."""
        to = os.path.join(self.spool, os.path.basename(name))
        os.rename(name, to)
        ganad.wait_for(lambda: (lambda s: s.files == n and s.state == "waiting")(
            d.status().source[0]), 60, f"{n} files are read")
        ganad.wait_for(lambda: d.counter("records_scored") == d.counter("records_in") or
                       d.status().source[0].records == d.counter("records_scored"), 30, "all scored")

    def alerts(self, d):
        if not os.path.exists(d.path("alerts")):
            return []
        with open(d.path("alerts"), encoding="ascii") as f:
            events = [json.loads(line) for line in f]
        return [e for e in events if e["event_type"] == "alert"]

    def learn(self, d, *more):
        return self.run_program(ganad.args.train, "learn", d.path("learning"), *more)

    def setUp(self):
        self.spool = tempfile.mkdtemp(dir=self.tmp.name)

    @trains
    def test_days_are_learned_then_there_are_alerts(self):
        with self.daemon(self.spool) as d:
            self.read(d, self.traffic("a.pcap", 0, 1, 1), 1)
            self.assertIn("too few", self.learn(d))
            text = d.status().warning[0]
            self.assertIn("learning this network, no alerts until then", text)
            self.read(d, self.traffic("b.pcap", 1, 2, 2), 2)
            self.assertGreater(d.counter("alerts_withheld"), 0)
            self.assertEqual((self.alerts(d), d.counter("alerts")), ([], 0))
            self.assertGreater(d.counter("learn_records"), 2 * SESSIONS)
            d.stop()  # writes what is counted
            out = self.learn(d)
            self.assertIn("taken: on the last day", out)
            self.assertIn("there is a model", self.learn(d))
            for name in os.listdir(self.spool):  # they would be read again
                os.unlink(os.path.join(self.spool, name))
            d.start()
            models = d.status().model
            self.assertEqual([(m.name, m.role.shadow) for m in models],
                             [("learned", False), ("demo", True)])
            self.assertNotIn("learning this network", " ".join(d.status().warning))
            before, wrong = d.counter("records_scored"), d.counter("records_anomalous")
            self.read(d, self.traffic("c.pcap", 4, 1, 3), 1)
            n = d.counter("records_scored") - before
            wrong = d.counter("records_anomalous") - wrong
            self.assertLessEqual(wrong, 2 * 0.001 * n + 6, f"{wrong} of {n} records")
            self.read(d, self.traffic("d.pcap", 6, 1, 4, "-a", "portsweep", "-a", "neptune:200"), 2)
            self.assertTrue(self.alerts(d))

    @trains
    def test_a_new_model_is_taken_while_ganadd_runs(self):
        with self.daemon(self.spool) as d:
            self.read(d, self.traffic("e.pcap", 0, 3, 5), 1)
            ganad.wait_for(lambda: "taken" in self.learn(d, "--now"), 90,
                           "the progress is written")
            ganad.wait_for(lambda: d.status().model[0].name == "learned", 30, "the model is loaded")
            self.assertEqual(d.counter("reloads"), 1)
            self.assertEqual(os.stat(d.path("learning")).st_mode & 0o777, 0o700)

    def test_at_once_the_demonstration_raises_alerts(self):
        with self.daemon(self.spool, mode="alert-at-once") as d:
            self.read(d, self.traffic("f.pcap", 0, 1, 6), 1)
            self.assertEqual(d.counter("alerts_withheld"), 0)
            self.assertTrue(self.alerts(d))
            self.assertGreater(d.counter("learn_records"), SESSIONS)

    def test_with_a_model_of_ones_own_nothing_is_recorded(self):
        with ganad.Daemon(learning={"mode": "learn-then-alert", "directory": "{dir}/learning"}) as d:
            self.assertIn("is your own: [learning] records and learns nothing", d.read_log())
            self.assertFalse(os.path.exists(d.path("learning")))

    def test_without_a_directory_the_mode_is_refused(self):
        d = ganad.Daemon(start=False, learning={"mode": "learn-then-alert"})
        self.addCleanup(d.log.close)
        p = subprocess.run([ganad.args.ganadd, "-t", "-c", d.conf], stderr=subprocess.PIPE,
                           text=True)
        self.assertNotEqual(p.returncode, 0)
        self.assertIn("key 'mode': needs a directory in [learning]", p.stderr)
        d.tmp.cleanup()

    def test_the_trainer_names_what_it_cannot_read(self):
        directory = tempfile.mkdtemp(dir=self.tmp.name)
        self.assertIn("no records yet", self.run_program(ganad.args.train, "learn", directory))
        with open(os.path.join(directory, "progress"), "w") as f:
            f.write("recorded = 5\nsomething\n")
        self.assertIn("progress:2: not 'name = value'",
                      self.run_program(ganad.args.train, "learn", directory, code=1))


if __name__ == "__main__":
    ganad.main()
