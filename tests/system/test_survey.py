# SPDX-License-Identifier: Apache-2.0
"""ganad-train survey on synthetic records: its figures are computed again here, and compared with
fit and eval."""

import json
import os
import signal
import statistics
import subprocess

import ganad
from train_case import TrainCase, records

PICKS = ("best_test_f1", "last", "least_residual")
FIGURES = ("precision", "recall", "f1", "auroc")


def timeless(results):
    for r in results:
        for t in r["trainings"]:
            del t["train_seconds"], t["score_seconds"]
    return results


class Survey(TrainCase):
    EPOCHS = 12 if ganad.SLOW == 1 else 4
    ROWS = 100 if ganad.SLOW == 1 else 20  # where scoring is a search

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Copies, because equal rows are scored once; fewer normal ones, so that the percentile is
        # the right one.
        lines = records(seed=9, n=2400).splitlines(True)
        few = [x for i, x in enumerate(lines) if "normal" not in x or i % 6 == 0]
        cls.rows = cls.write("survey.csv", "".join(few + few[:500]))
        cls.some = cls.write("some.csv", "".join(few[:400]))
        cls.stdout, cls.found = cls.survey("--seeds", "2", "--epochs", cls.EPOCHS, "--rows",
                                           cls.ROWS)

    @classmethod
    def survey(cls, *arguments, name="survey.json", **kw):
        p = cls.run_train("survey", "--data", cls.rows, "--json", cls.path(name), *arguments, **kw)
        with open(cls.path(name)) as f:
            return p.stdout, json.load(f)

    def views(self, found=None):
        for r in (found or self.found)["results"]:
            for v in r["scores"]:
                yield r, v

    def test_every_combination_is_there_with_every_score(self):
        egbad = ["fm", "cross-e", "cross-e-paper", "residual"]
        some = ["fm", "fm", "cross-e", "cross-e", "cross-e-paper", "residual"]
        self.assertEqual([(r["model"], r["loss"], r["residual_on_e"],
                           [v["score"] for v in r["scores"]])
                          for r in self.found["results"]],
                         [("egbad", "bce", 0, some), ("ganomaly", "fm", 0, ["enc", "rec"]),
                          ("anogan", "bce", 0, ["fm", "cross-e"]),
                          ("ganomaly", "bce", 0, ["enc", "rec"]),
                          ("egbad", "bce", 1, egbad), ("egbad", "fm", 0, egbad),
                          ("egbad", "fm", 1, egbad)])
        self.assertTrue(self.found["complete"])
        self.assertEqual((self.found["protocol"], self.found["positive"]), ("survey", "normal"))
        self.assertLess(self.found["test_rows_distinct"], self.found["test_rows"])
        for r, v in self.views():
            self.assertEqual([t["seed"] for t in r["trainings"]], [1, 2])
            beside = v["score"] in ("fm", "cross-e") and r["scores"].index(v) % 2 == 1
            few = r["model"] == "anogan" or (r["model"] == "egbad" and len(r["scores"]) == 6
                                             and beside)
            self.assertEqual(v["rows"], self.ROWS if few else self.found["test_rows"])

    def test_picks_are_those_of_the_history(self):
        differ = 0
        for r, v in self.views():
            for i, t in enumerate(r["trainings"]):
                looks, course = t["looks_at_epoch"], v["f1_by_look"][i]
                expected = [e for e in range(1, self.EPOCHS + 1) if r["model"] != "anogan"
                            or e in (10, self.EPOCHS)]
                self.assertEqual(looks, expected)
                self.assertEqual(len(course), len(looks))
                at = {"best_test_f1": course.index(max(course)), "last": len(course) - 1,
                      "least_residual": t["residual"].index(min(t["residual"]))}
                for pick in PICKS:
                    self.assertEqual(v[pick]["epoch"][i], looks[at[pick]])
                    self.assertEqual(v[pick]["f1"]["by_seed"][i], course[at[pick]])
                self.assertGreaterEqual(v["best_test_f1"]["f1"]["by_seed"][i],
                                        v["last"]["f1"]["by_seed"][i])
                differ += max(course) > course[-1]
        self.assertGreater(differ, 0)

    def test_figures_agree_with_each_other(self):
        for _, v in self.views():
            for pick in PICKS:
                for name in FIGURES:
                    f = v[pick][name]
                    self.assertAlmostEqual(f["mean"], statistics.mean(f["by_seed"]), 11)
                    self.assertAlmostEqual(f["sd"], statistics.stdev(f["by_seed"]), 11)
                    self.assertEqual(f["worst"], min(f["by_seed"]))
                for p, r, f1 in zip(*(v[pick][name]["by_seed"] for name in FIGURES[:3])):
                    self.assertAlmostEqual(f1, 2 * p * r / (p + r) if p + r else 0.0, 11)
                    flagged = r * v["positives"] / p if p else v["rows"]
                    self.assertGreaterEqual(flagged, 0.2 * v["rows"] - 1)

    def test_published_figures_stand_beside_the_measured_ones(self):
        published = {(r["model"], v["score"]): [p["f1"] for p in v["published"]]
                     for r, v in self.views()
                     if v["published"]}
        self.assertEqual(published[("egbad", "fm")], [0.948605, 0.9058])
        self.assertEqual(published[("egbad", "cross-e")], [0.948605, 0.9372])
        self.assertEqual(published[("ganomaly", "enc")], [0.835648])
        self.assertEqual(published[("anogan", "fm")], [0.8865])
        for r in self.found["results"][3:]:
            self.assertFalse(any(v["published"] for v in r["scores"]))

    def test_last_epochs_are_what_fit_and_eval_find(self):
        cases = [(0, 0, ("--model", "egbad")), (0, 3, ("--model", "egbad", "--score", "cross-e")),
                 (1, 0, ("--model", "ganomaly")),
                 (2, 1, ("--model", "anogan", "--score", "cross-e")),
                 (3, 1, ("--model", "ganomaly", "--loss", "bce", "--score", "rec")),
                 (4, 2, ("--model", "egbad", "--residual", "1", "--residual-on", "e", "--score",
                         "cross-e-paper")),
                 (6, 3, ("--model", "egbad", "--residual", "1", "--residual-on", "e", "--loss",
                         "fm", "--score",
                         "residual"))]
        out = self.path("same.ckpt")
        for result, view, options in cases:
            if "anogan" in options and ganad.SLOW > 1:
                # its searches are in the unit tests; fit searches for all records of its
                # calibration
                continue
            self.fit("--out", out, "--protocol", "survey", "--epochs", self.EPOCHS, "--seed", "2",
                     "-q", *options,
                     data=self.rows)
            v = self.found["results"][result]["scores"][view]
            e = self.json("eval", out, "--data", self.rows, "--protocol", "survey", "--rows",
                          v["rows"])
            self.assertEqual(e["positives"], v["positives"])
            for name in FIGURES:
                self.assertAlmostEqual(v["last"][name]["by_seed"][1], e[name], 11,
                                       f"{options} {name}")

    def test_defaults_are_those_of_fit(self):
        p = self.run_train("survey", "--data", self.some, "--quick", "--rows", "10")
        for title, epochs in (("egbad, loss bce, no residual term; scaler none", 50),
                              ("ganomaly, loss fm; scaler minmax", 5),
                              ("anogan, loss bce; scaler none", 50)):
            self.assertIn(f"{title}, {epochs} epochs, 1 seed;", p.stdout)
            model, scaler = title.split(",")[0], title.split()[-1]
            if model == "anogan" and ganad.SLOW > 1:
                continue
            out = self.path("defaults.ckpt")
            steps = ("--steps", "1") if model == "anogan" else ()
            self.fit("--out", out, "--protocol", "survey", "--model", model, *steps, data=self.some)
            c = self.json("inspect", out)
            self.assertEqual((c["scaler"], c["provenance"]["epochs"]), (scaler, epochs))
        self.assertNotIn("loss fm, residual", p.stdout)
        self.assertEqual(p.stdout.count("seed;"), 3)

    def test_the_table_has_the_same_figures_and_says_what_they_are(self):
        for _, v in self.views():
            for pick in PICKS:
                f = v[pick]["f1"]
                self.assertIn(f"{f['mean']:.4f} +- {f['sd']:.4f}  {f['worst']:.4f}", self.stdout)
        for words in ("best by test labels", "last epoch", "least residual", "0.9486",
                      "too good a figure",
                      "80th percentile of the test scores", "survey, table 3",
                      f"fm, {self.ROWS} rows"):
            self.assertIn(words, self.stdout)

    def test_same_again_and_other_choices_change_nothing(self):
        _, again = self.survey("--seeds", "2", "--epochs", self.EPOCHS, "--rows", self.ROWS,
                               "--models", "anogan,ganomaly",
                               "-q", name="again.json")
        of_both = [r for r in self.found["results"] if r["model"] != "egbad"]
        self.assertEqual(timeless(again["results"]), timeless(of_both))

    def start(self, words, *arguments):
        p = subprocess.Popen([ganad.args.train, "survey", "--data", self.rows, "--seeds", "100",
                              *arguments], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in p.stderr:
            if words in line:
                return p
        self.fail(f"ended before it said '{words}': {p.wait()}")

    def test_interrupt_prints_what_is_finished(self):
        out = self.path("interrupted.json")
        for sent in (signal.SIGINT, signal.SIGTERM):
            p = self.start("seed 2", "--models", "ganomaly", "--epochs", "50", "--json", out)
            p.send_signal(sent)
            stdout, stderr = p.communicate(timeout=100 * ganad.SLOW)
            self.assertEqual(p.returncode, 0)
            self.assertIn("interrupted: only what was finished", stderr)
            with open(out) as f:
                found = json.load(f)
            self.assertFalse(found["complete"])
            self.assertEqual(len(found["results"]), 1)
            n = len(found["results"][0]["trainings"])
            self.assertIn(n, range(2, 100))
            self.assertIn(f"50 epochs, {n} seeds;", stdout)
            self.assertIn("too good a figure", stdout)

    def test_interrupt_before_the_first_is_finished_prints_nothing(self):
        out = self.path("nothing.json")
        p = self.start("trainings;", "--epochs", "100000", "--json", out)
        p.send_signal(signal.SIGINT)
        stdout, stderr = p.communicate(timeout=100 * ganad.SLOW)
        self.assertEqual((p.returncode, stdout), (130, ""))
        self.assertIn("nothing to print", stderr)
        self.assertFalse(os.path.exists(out))

    def test_what_is_wrong_is_said(self):
        for arguments, words in (((), "--data"),
                                 ((self.rows, "--models", "egbad,ganomly"),
                                  "did you mean 'ganomaly'"),
                                 ((self.rows, "--models", ""), "--models"),
                                 ((self.rows, "--models", "egbad,"), "--models"),
                                 ((self.rows, "--seeds", "0"), "--seeds"),
                                 ((self.rows, "--seeds", "101"), "--seeds"),
                                 ((self.rows, "--epochs", "0"), "--epochs"),
                                 ((self.rows, "--rows", "0"), "--rows")):
            p = self.run_train("survey", *arguments, code=2)
            self.assertIn(words, p.stderr)
            self.assertEqual(p.stdout, "")
        unlabelled = self.write("unlabelled.csv", records(n=200, labelled=False))
        one_class = self.write("one-class.csv", records().replace("normal.", "smurf."))
        for arguments, words in (((unlabelled,), "no labels"),
                                 ((one_class,), "no row is labelled normal"),
                                 ((self.rows, "--json", "/no/such/directory/x.json"),
                                  "cannot be written"),
                                 ((self.write("few.csv",
                                              "".join(self.text.splitlines(True)[:60])),),
                                  "one batch")):
            p = self.run_train("survey", *arguments, code=1)
            self.assertIn(words, p.stderr)
            self.assertEqual(p.stdout, "")


if __name__ == "__main__":
    ganad.main()
