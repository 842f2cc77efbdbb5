# SPDX-License-Identifier: Apache-2.0
"""Few rows all train, and calibrate by folds: whether budgets hold on other rows, and which options
go together. All is synthetic, with fixed seeds: a result does not change from run to run."""

import random
import re

import ganad
import train_case

STATED = re.compile(r"for (\S+) % false alarms \(95 %: (\S+) to (\S+) %\)")


def normal(seed, n):
    r = random.Random(seed)
    return "".join(train_case.record(r, "normal") + "\n" for _ in range(n))


def around(k, n):
    """A 95 % interval of an observed share (Wilson)."""
    p, z2 = k / n, 1.96**2
    half = 1.96 * (p * (1 - p) / n + z2 / (4 * n * n))**.5 / (1 + z2 / n)
    mid = (p + z2 / (2 * n)) / (1 + z2 / n)
    return mid - half, mid + half


class Folds(train_case.TrainCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.later = cls.write("later.csv", normal(99, 20000))

    def model(self, n, *options, code=0):
        data = self.write("few.csv", normal(n, n))
        return self.run_train("fit", "-q", "--data", data, "--out", self.path("few.ckpt"), "--all-rows",
                              "--epochs", "10", *options, code=code)

    def calibration(self):
        return self.json("inspect", self.path("few.ckpt"))["calibration"]

    def test_budgets_hold_on_other_rows(self):
        """Of rows of one distribution: the rate is in the interval that the model states."""
        outside = []
        for n, model in ((300, "ganomaly"), (1000, "ganomaly"), (1000, "egbad"), (3000, "ganomaly")):
            self.model(n, "--model", model)
            c = self.calibration()
            self.assertEqual((c["n"], c["folds"]), (n, 10 if n <= 2000 else 5))
            self.assertTrue(n / 6 < c["worth"] <= n, c)
            scores = self.scores(self.path("few.ckpt"), self.later)
            stated = {float(b): (float(x) / 100, float(y) / 100) for b, x, y in
                      STATED.findall(self.run_train("inspect", self.path("few.ckpt")).stdout)}
            for budget in (0.01, 0.001):
                k = sum(s > c["threshold_at_fpr"][f"{budget:g}"] for s in scores)
                low, high = stated[100 * budget]
                seen = around(k, len(scores))
                said = f"{n} rows, {model}, {budget:g}: {k / len(scores):.5f}, stated {low:.5f} to {high:.5f}"
                print(said, flush=True)
                if seen[0] > high or seen[1] < low:
                    outside.append(said)
        self.assertLessEqual(len(outside), 1, outside)  # one of 20 is expected

    def test_the_number_of_folds_can_be_chosen(self):
        self.model(300, "--folds", "3")
        self.assertEqual((self.calibration()["n"], self.calibration()["folds"]), (300, 3))
        command = self.json("inspect", self.path("few.ckpt"))["provenance"]["command"]
        self.assertIn(" --folds 3 ", command)
        self.assertNotIn("--calibration-share", command)
        for options in (("--folds", "0"), ("--calibration-share", "0.1"), ("--keep", "best"),
                        ("--contamination", "0.01")):
            self.model(300, *options)
            self.assertEqual((self.calibration()["n"], self.calibration()["folds"]), (30, 0), options)

    def test_the_default_can_be_repeated_by_the_command_of_the_checkpoint(self):
        self.model(300)
        first = self.scores(self.path("few.ckpt"), self.later), self.calibration()
        self.model(300, "--folds", "10")
        self.assertTrue(first == (self.scores(self.path("few.ckpt"), self.later), self.calibration()))

    def test_folds_and_held_out_rows_exclude_each_other(self):
        for said, *options in (("--keep best needs rows that are held out", "--keep", "best"),
                               ("--contamination needs rows", "--contamination", "0.01"),
                               ("--model anogan needs rows", "--model", "anogan"),
                               ("--calibration-share: with --folds", "--calibration-share", "0.1")):
            self.assertIn(said, self.model(300, "--folds", "5", *options, code=2).stderr)
        self.assertIn("--folds: 1 is neither", self.model(300, "--folds", "1", code=2).stderr)
        self.assertIn("--folds", self.model(300, "--folds", "11", code=2).stderr)


if __name__ == "__main__":
    ganad.main()
