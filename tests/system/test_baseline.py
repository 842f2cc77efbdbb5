# SPDX-License-Identifier: Apache-2.0
"""A model of one's own network: which records train, calibrate and are held out, and whether a
false-positive budget holds on the held-out day. It is tested on synthetic days and on the normal
rows of public data.

--long: several seeds and all data, ten minutes, and prints the worst of them. --short, for
sanitizers: without the budgets, which are statistics."""

import argparse
import csv
import gzip
import io
import json
import lzma
import math
import os
import random
import re
import shutil
import subprocess
import tempfile
import unittest

import ganad

START = 1767225600
BUDGETS = (0.01, 0.001, 0.0001)
DAY = 86400
LINE = re.compile(r"^([* ]) ([\d.e-]+) +([\d.e+-]+) +([\d,]+) +([\d,]+) to ([\d,]+) ", re.M)
SLICE = re.compile(r"^  (trained|calibrated|held out) +([\d,]+) records", re.M)


def whole(text):
    return int(text.replace(",", ""))


def run(*command, code=0, **more):
    p = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       text=True, check=False, **more)
    if p.returncode != code:
        raise AssertionError(f"{command}: {p.returncode}\n{p.stderr}")
    return p


def log_choose(n, k):
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def chance_of(k, n, m):
    """For each count of m above a threshold that k of n exceed: its probability, by counting the
    orders of both together."""
    all_orders = log_choose(n + m, m)
    return [math.exp(log_choose(k + j, j) + log_choose(n - k - 1 + m - j, m - j) - all_orders)
            for j in range(min(m, 60 + 20 * (k + 1) * m // n) + 1)]


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tmp = tempfile.TemporaryDirectory(prefix="ganad-")
        cls.addClassCleanup(cls.tmp.cleanup)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.tmp.name, name)

    @classmethod
    def write(cls, name, text):
        with (gzip.open if name.endswith("gz") else open)(cls.path(name), "wt") as f:
            f.write(text)
        return cls.path(name)

    @classmethod
    def days(cls, name, seed, rate, days=4, *options):
        """Records of synthetic days as extract writes them; text."""
        pcap, out = cls.path("pcap"), cls.path(name)
        run(mine.traffic, "-q", "-n", 10**8, "-r", rate, "-t", days * DAY, "-s", seed, *options,
            pcap, cls.path("truth"))
        run(ganad.args.ganadctl, "extract", "--with-connection", "--head", pcap, "--out", out)
        os.unlink(pcap)
        with open(out) as f:
            return f.read()

    @classmethod
    def fit(cls, *arguments, out="own.ckpt", code=0):
        return run(ganad.args.train, "fit", "-q", "--out", cls.path(out), *arguments, code=code)

    def figures(self, p):
        """{budget: (threshold, found, low, high)}, {slice: records}"""
        lines = {float(b): (float(t), whole(f), whole(lo), whole(hi))
                 for _, b, t, f, lo, hi in LINE.findall(p.stdout)}
        return lines, {what: whole(n) for what, n in SLICE.findall(p.stdout)}

    def scores(self, data, model="own.ckpt"):
        p = run(ganad.args.ganadctl, "score", "--local", self.path(model), "--format", "csv", data)
        return [float(r["score"]) for r in csv.DictReader(io.StringIO(p.stdout))]


class Own(Case):
    """20,000 records of four days."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.text = cls.days("all.csv", 1, 0.05)
        cls.head, *cls.rows = cls.text.splitlines()
        cls.time_at = cls.head.split(",").index("decided")
        cls.times = [float(r.split(",")[cls.time_at]) for r in cls.rows]
        cls.first = cls.fit(cls.path("all.csv"), "--epochs", "3", out="first.ckpt")
        cls.last_day = max(cls.times) - DAY

    def test_files_come_in_any_order_as_a_rotation_leaves_them(self):
        parts = [self.rows[i * 6000:(i + 1) * 6000] for i in range(4)]
        names = []
        for i, part in enumerate(parts):
            random.Random(i).shuffle(part)
            name = "records.csv" + ("" if i == 3 else f".{3 - i}") + (".gz" if i == 0 else "")
            names.append(self.write(name, "\n".join([self.head, *part]) + "\n"))
        p = self.fit(*reversed(names), "--epochs", "3", out="parts.ckpt")
        self.assertEqual(self.figures(p), self.figures(self.first))
        data = self.path("all.csv")
        self.assertTrue(self.scores(data, "parts.ckpt") == self.scores(data, "first.ckpt"))
        source = json.loads(run(ganad.args.train, "inspect", "--json",
                                self.path("parts.ckpt")).stdout)["provenance"]["data"]
        self.assertEqual(len({s["sha256"] for s in source}), 4)

    def changed(self, name, which):
        """Where which(time) holds, other bytes and counts."""
        rows = []
        for row, time in zip(self.rows, self.times):
            cells = row.split(",")
            if which(time):
                cells[4:6], cells[22] = ["1000000", "7"], "500"
            rows.append(",".join(cells))
        return self.write(name, "\n".join([self.head, *rows]) + "\n")

    def test_the_held_out_day_neither_trains_nor_calibrates(self):
        other = self.changed("day.csv", lambda t: t > self.last_day)
        p = self.fit(other, "--epochs", "3", out="day.ckpt")
        lines, _ = self.figures(p)
        want, _ = self.figures(self.first)
        self.assertEqual({b: v[0] for b, v in lines.items()}, {b: v[0] for b, v in want.items()})
        self.assertGreater(lines[0.01][1], 1000)
        self.assertTrue(self.scores(self.path("all.csv"),
                                    "day.ckpt") == self.scores(self.path("all.csv"), "first.ckpt"))
        self.assertIn("differ from those before", p.stderr)

    def test_the_days_that_calibrate_do_not_train(self):
        other = self.changed("other.csv", lambda t: self.last_day - DAY < t <= self.last_day)
        lines, _ = self.figures(self.fit(other, "--epochs", "3", out="other.ckpt"))
        want, _ = self.figures(self.first)
        self.assertGreater(lines[0.01][0], want[0.01][0])  # below that the tails decide
        data = self.path("all.csv")
        self.assertTrue(self.scores(data, "other.ckpt") == self.scores(data, "first.ckpt"))

    def test_the_figures_can_be_recomputed(self):
        lines, slices = self.figures(self.first)
        scores = self.scores(self.path("all.csv"), "first.ckpt")
        held_out = sorted((t, s) for t, s in zip(self.times, scores) if t > self.last_day)
        held_out = [s for _, s in held_out[len(held_out) - slices["held out"]:]]
        self.assertLess(len(held_out), sum(t > self.last_day for t in self.times))  # the gap
        for budget, (threshold, found, _, _) in lines.items():
            near = [sum(s > threshold * (1 + e) for s in held_out) for e in (1e-5, -1e-5)]
            self.assertTrue(near[0] <= found <= near[1], (budget, near, found))
        j = json.loads(run(ganad.args.train, "inspect", "--json", self.path("first.ckpt")).stdout)
        self.assertEqual((j["model"], j["provenance"]["protocol"]), ("ganomaly", "baseline"))
        self.assertEqual(j["calibration"]["n"], slices["calibrated"])
        m = j["provenance"]["metrics"]
        found = lines[0.001][1]
        self.assertEqual((m["fpr_budget"], m["held_out_records"], m["held_out_false_alarms"]),
                         (0.001, slices["held out"], found))
        self.assertEqual((m["held_out_predicted_low"], m["held_out_predicted_high"]),
                         lines[0.001][2:])
        self.assertAlmostEqual(m["alerts_per_day"], found / m["held_out_hours"] * 24)
        self.assertAlmostEqual(m["alerts_per_hour"] * 24, m["alerts_per_day"])
        self.assertTrue(m["held_out_fpr_low"] <= m["held_out_fpr"] <= m["held_out_fpr_high"])
        self.assertTrue(22 < m["held_out_hours"] < 24, m)

    def test_too_few_records_for_a_budget_are_reported_with_the_number_needed(self):
        p = self.fit(self.path("all.csv"), "--epochs", "1", "--fpr-budget", "0.0001")
        self.assertRegex(p.stderr, r"\d,\d{3} records calibrate, too few for a budget of 0.0001")
        self.assertRegex(p.stderr, r"100,000 records: record 3\d days .* in all, instead of 4.0")
        self.assertIn("(rule of three)", p.stderr)
        self.assertIn("30,000 records in one day", p.stderr)
        offered = float(re.search(r"--fpr-budget ([\d.e-]+)", p.stderr).group(1))
        p = self.fit(self.path("all.csv"), "--epochs", "1", "--fpr-budget", offered)
        self.assertNotIn("too few", p.stderr)
        self.assertNotIn("few for", p.stderr)

    def test_what_cannot_be_done_is_refused(self):
        data = self.path("all.csv")
        plain = self.write("plain.csv", "".join(",".join(r.split(",")[:41]) + "\n"
                                                for r in self.rows[:100]))
        for said, *options in (("--fpr-budget: only with protocol baseline", "--fpr-budget", "0.1",
                                "--protocol", "normal"),
                               ("--leave-out: only with", "--leave-out",
                                "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z", "--all-rows"),
                               ("--all-rows: protocol baseline", "--all-rows", "--protocol",
                                "baseline"),
                               ("--calibration-share: protocol baseline", "--calibration-share",
                                "0.1"),
                               ("is not two times", "--leave-out",
                                "yesterday/2026-01-02T00:00:00Z"),
                               ("is not two times", "--leave-out", "2026-01-02T00:00:00Z"),
                               ("ends before it begins", "--leave-out",
                                "2026-01-02T00:00:00Z/2026-01-01T00:00:00Z"),
                               ("more than 64 times",
                                *["--leave-out",
                                  "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z"] * 65)):
            self.assertIn(said, self.fit(data, *options, code=2).stderr)
        self.assertIn("no record has a time", self.fit(plain, "--protocol", "baseline",
                                                       code=1).stderr)

    def test_other_records_have_the_protocol_that_they_had(self):
        plain = self.write("plain.csv", "".join(",".join(r.split(",")[:41]) + "\n"
                                                for r in self.rows[:2000]))
        labelled = self.write("labelled.csv", "\n".join([self.head + ",label",
                                                         *(r + ",normal"
                                                           for r in self.rows[:2000])]) + "\n")
        for data, *options in ((plain,), (labelled,), (self.path("all.csv"), "--all-rows"),
                               (self.path("all.csv"), "--protocol", "normal")):
            self.fit(data, *options, "--epochs", "1", out="x.ckpt")
            j = json.loads(run(ganad.args.train, "inspect", "--json", self.path("x.ckpt")).stdout)
            self.assertEqual((j["model"], j["provenance"]["protocol"]), ("ganomaly", "normal"))

    def test_a_model_that_searches_reports_the_same_traffic(self):
        """At most 5,000 of its records calibrate and test, but the record rate is that of all."""
        more = self.days("more.csv", 5, 0.14, 2)
        self.assertGreater(more.count("\n"), 27000)
        paces = []
        for options in (("--model", "anogan", "--steps", "2"), ()):
            self.fit(self.path("more.csv"), "--epochs", "1", *options, out="pace.ckpt")
            p = json.loads(run(ganad.args.train, "inspect", "--json",
                               self.path("pace.ckpt")).stdout)["provenance"]["metrics"]
            paces.append(p["records_per_hour"])
            self.assertAlmostEqual(p["alerts_per_day"],
                                   p["held_out_fpr"] * p["records_per_hour"] * 24)
        self.assertEqual(p["held_out_records"] > 5000, True)
        self.assertAlmostEqual(*paces)

    def test_a_file_that_is_given_twice_is_reported(self):
        data, copy = self.path("all.csv"), self.path("copy.csv")
        shutil.copy(data, copy)
        self.assertIn("warning: all.csv and copy.csv are the same",
                      self.fit(data, copy, "--epochs", "1", out="x.ckpt").stderr)
        self.assertNotIn("are the same", self.first.stderr)

    def test_json_is_distinguished_from_csv(self):
        j = self.write("records.json", '{"duration":0,"protocol_type":"tcp"}\n')
        self.assertIn("records.json:1: a line of JSON; only CSV is supported",
                      self.fit(j, code=1).stderr)

    def test_a_short_time_and_rows_without_one_are_reported(self):
        rows = [r for r, t in zip(self.rows, self.times) if t < START + DAY]
        for i in range(0, len(rows), 100):
            cells = rows[i].split(",")
            cells[self.time_at] = ""
            rows[i] = ",".join(cells)
        rows[0], rows[1] = rows[1], rows[0]  # the first line determines the format of the file
        p = self.fit(self.write("short.csv", "\n".join([self.head, *rows]) + "\n"), "--epochs", "1")
        self.assertIn("less than three days", p.stderr)
        self.assertIn(f"{(len(rows) + 99) // 100} records without a time are left out", p.stderr)

    def test_a_sensor_that_sees_one_service_is_reported(self):
        at = self.head.split(",").index("service")
        rows = [r for r in self.rows if r.split(",")[at] == "http"]
        p = self.fit(self.write("http.csv", "\n".join([self.head, *rows]) + "\n"), "--epochs", "1")
        self.assertNotIn("of the service", p.stderr)  # quiet
        p = run(ganad.args.train, "fit", "--out", self.path("x.ckpt"), self.path("http.csv"),
                "--epochs", "1")
        self.assertIn("100 % of the rows that train are of the service 'http'", p.stderr)


class Few(Case):
    """2,000 records of four days: all of them train."""

    @classmethod
    def setUpClass(cls):
        if mine.short:
            raise unittest.SkipTest("--short")
        super().setUpClass()
        cls.head, *cls.rows = cls.days("few.csv", 3, 0.005).splitlines()
        at = cls.head.split(",").index("decided")
        cls.times = [float(r.split(",")[at]) for r in cls.rows]
        cls.first = cls.fit(cls.path("few.csv"), "--epochs", "10", out="few.ckpt")

    def calibration(self, name):
        return json.loads(run(ganad.args.train, "inspect", "--json", self.path(name)).stdout)["calibration"]

    def test_all_records_train_and_calibrate(self):
        _, slices = self.figures(self.first)
        c, n = self.calibration("few.ckpt"), len(self.rows)
        self.assertEqual((slices["trained"], c["n"]), (n, n))
        self.assertEqual(c["folds"], 5)
        self.assertLess(slices["calibrated"] + slices["held out"], n)  # the gap
        self.assertRegex(self.first.stdout, r"recorded +4.0 days in all, \d+ records a day; needed: 3 for 0.01, "
                                            r"\d+ for 0.001")

    def test_a_model_that_did_not_see_the_last_day_measures_it(self):
        """Other bytes and counts on that day: the model in the checkpoint learns them."""
        rows = []
        for row, time in zip(self.rows, self.times):
            cells = row.split(",")
            if time > max(self.times) - DAY:
                cells[4:6], cells[22] = ["1000000", "7"], "500"
            rows.append(",".join(cells))
        other = self.write("day.csv", "\n".join([self.head, *rows]) + "\n")
        p = self.fit(other, "--epochs", "10", out="day.ckpt")
        lines, slices = self.figures(p)
        self.assertGreater(lines[0.01][1], slices["held out"] // 2)
        self.assertIn("differ from those before", p.stderr)
        last = self.scores(other, "day.ckpt")[-slices["held out"] // 2:]
        old = self.scores(other, "few.ckpt")[-slices["held out"] // 2:]
        self.assertLess(sum(last) / len(last), sum(old) / len(old) / 2)
        self.assertLess(self.calibration("day.ckpt")["worth"], self.calibration("few.ckpt")["worth"] / 4)


class Attacked(Case):
    def test_an_attack_in_a_day_that_calibrates_is_reported_and_can_be_left_out(self):
        text = self.days("days.csv", 7, 0.05, 4, "-a", "portsweep:100")
        head, *rows = text.splitlines()
        time_at = head.split(",").index("decided")
        with open(self.path("truth")) as f:
            sweep = [float(t["start"]) for t in csv.DictReader(f, delimiter="\t")
                     if t["label"] == "portsweep"]
        end = max(float(r.split(",")[time_at]) for r in rows)
        self.assertTrue(end - 2 * DAY < sweep[0] and sweep[-1] < end - DAY)  # as the seed makes it
        before = self.fit(self.path("days.csv"), "--epochs", "12")
        burst = re.search(r"most anomalous records that calibrate, .* are within", before.stderr)
        self.assertTrue(burst, before.stderr)
        offered = re.search(r"to leave it out: (--leave-out) (\S+)", before.stderr).groups()
        after = self.fit(self.path("days.csv"), "--epochs", "12", *offered)
        self.assertNotIn("most anomalous", after.stderr)
        self.assertRegex(after.stderr, r"\d+ records are left out as requested")
        old, _ = self.figures(before)
        new, _ = self.figures(after)
        self.assertLess(new[0.01][0], old[0.01][0])
        self.assertIn(" ".join(offered)[:30], run(ganad.args.train, "inspect",
                                                  self.path("own.ckpt")).stdout)


class Budgets(Case):
    """The rate on the held-out day agrees with the budget: each count is in the interval of the
    beta-binomial distribution. One in twenty is expected outside of 95 %, so a few may be; none may
    be far outside."""

    def check(self, what, data, seed, *options):
        p = self.fit(data, "--seed", seed, *options)
        lines, slices = self.figures(p)
        n, m = slices["calibrated"], slices["held out"]
        for budget in BUDGETS:
            _, found, low, high = lines[budget]
            chance = chance_of(int(budget * n), n, m)
            below, above = sum(chance[:found]), sum(chance[found + 1:])
            self.assertLessEqual(sum(chance[:low]), 0.025 + 1e-6)
            self.assertLessEqual(sum(chance[high + 1:]), 0.025 + 1e-6)
            tail = min(below, above) + chance[found] if found < len(chance) else 0.0
            self.seen.append((tail, low <= found <= high,
                              f"{what} seed {seed}: budget {budget:g}: {found} of {m} found, "
                              f"{low} to {high} predicted from {n}"))

    def judge(self):
        worst, outside = min(self.seen), sum(not inside for _, inside, _ in self.seen)
        print(f"{len(self.seen)} figures, {outside} outside of 95 %; worst: {worst[2]} (tail "
              f"{worst[0]:.2g})", flush=True)
        self.assertGreater(worst[0], 0.01 / len(self.seen), worst[2])
        self.assertLessEqual(outside, max(1, len(self.seen) // 8))

    def setUp(self):
        if mine.short:
            self.skipTest("--short")
        self.seen = []

    def in_time(self, name, rows):
        head = ",".join(self.days("head.csv", 1, 0.001, 1).split("\n", 1)[0].split(",")[:41])
        step = 5 * DAY / len(rows)
        return self.write(name, head + ",decided\n" + "".join(f"{r},{START + i * step:.3f}\n"
                                                              for i, r in enumerate(rows)))

    def public(self):
        """Normal rows of each available data set."""
        kdd = ganad.data_file()
        nsl = kdd and os.path.join(os.path.dirname(kdd), "..", "nsl-kdd", "KDDTrain+.txt.xz")
        for name, path, opener, label in (("KDD99", kdd, gzip.open, "normal."),
                                          ("NSL-KDD", nsl, lzma.open, "normal")):
            if path and os.path.exists(path):
                with opener(path, "rt") as f:
                    yield name, [",".join(c[:41]) for c in (line.strip().split(",") for line in f)
                                 if c[41] == label]

    def test_synthetic_days(self):
        for seed in range(1, 7) if ganad.args.long else (2,):
            self.days("days.csv", 100 + seed, 0.25 if ganad.args.long else 0.06)
            self.check("synthetic days", self.path("days.csv"), seed,
                       *([] if ganad.args.long else ["--epochs", "4"]))
        self.judge()

    def test_public_data(self):
        """Their rows have no times. The seed shuffles them, since KDD99 is sorted by the simulated
        attack. Without folds: each fold has a network of its own, and between networks the rate
        differs by more than the binomial distribution says."""
        for name, rows in self.public():
            for seed in range(1, 6) if ganad.args.long else (1,):
                random.Random(seed).shuffle(rows)
                some = rows if ganad.args.long else rows[:20000]
                data = self.in_time("public.csv", some)
                self.check(name, data, seed, "--folds", "0",
                           *([] if ganad.args.long else ["--epochs", "4"]))
        if not self.seen:
            self.skipTest("no public data on this machine")
        self.judge()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--traffic", required=True, type=os.path.abspath)
    parser.add_argument("--short", action="store_true")
    mine, rest = parser.parse_known_args()
    unittest.main(module="__main__", argv=["test_baseline.py"] + ganad.parse(rest), verbosity=2)
