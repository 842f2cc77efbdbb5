# SPDX-License-Identifier: Apache-2.0
"""ganad-train as a person and a script use it: on synthetic records, compared with figures computed
here."""

import hashlib
import json
import os
import random
import re
import resource
import signal
import subprocess
import unittest

import ganad
from train_case import CATEGORY, TrainCase, record, records

def half(n):
    """Rows for testing in both protocols: those that RandomState(42) does not put into the first
    half."""
    import numpy

    first = set(numpy.random.RandomState(42).permutation(n)[:round(n / 2)].tolist())
    return [i for i in range(n) if i not in first]


def auroc(positive, negative):
    return sum((p > q) + (p == q) / 2 for p in positive
               for q in negative) / len(positive) / len(negative)


def tpr_at(positive, negative, fpr):
    best = 0.0
    for t in set(positive) | set(negative):
        if sum(q >= t for q in negative) / len(negative) <= fpr:
            best = max(best, sum(p >= t for p in positive) / len(positive))
    return best


class Train(TrainCase):
    def test_help_is_complete_and_goes_to_stdout(self):
        text = self.run_train("--help").stdout
        for command in ("fit", "calibrate", "eval", "survey", "report", "export", "extract",
                        "inspect", "version"):
            self.assertIn(command, text)
            p = self.run_train(command, "--help")
            self.assertTrue(p.stdout.startswith(f"Usage: ganad-train {command}"), p.stdout)
            self.assertEqual(p.stderr, "")
        self.assertIn("egbad", self.run_train("version").stdout)

    def test_anogan_is_trained_searched_and_described(self):
        out = self.path("anogan.ckpt")
        self.fit("--out", out, "--model", "anogan", "--epochs", "30", "--lr", "1e-3", "--steps",
                 "50", "--scaler",
                 "minmax", "--ema", "0.99")
        search = self.json("inspect", out)["score"]["search"]
        self.assertEqual([p["from"] for p in search["phases"]], [0, 30, 40])
        self.assertEqual((search["steps"], search["seed"], search["tolerance"]), (50, 1, 0))
        self.assertIn("50 steps a record", self.run_train("inspect", out).stdout)
        self.assertNotIn("search", self.json("inspect", self.checkpoint)["score"])
        e = self.json("eval", out, "--data", self.data, "--protocol", "normal")
        self.assertGreater(e["auroc"], 0.7)

    def test_a_condition_is_trained_kept_and_described(self):
        for model, more in (("egbad", ()), ("anogan",
                                            ("--steps", "50", "--scaler", "minmax", "--ema",
                                             "0.99"))):
            out = self.path("conditional.ckpt")
            self.fit("--out", out, "--model", model, "--epochs", "20", "--lr", "1e-3",
                     "--condition", "service", *more)
            c = self.json("inspect", out)
            self.assertEqual(c["condition"], "service")
            self.assertIn("--condition service", c["provenance"]["command"])
            n = [len(g["categories"]) for g in c["schema"]["groups"] if g["column"] == "service"][0]
            read = {net["name"]: net["layers"][0]["in"] for net in c["nets"]}
            want = {"egbad": {"generator": 32 + n, "disc_z": 32 + n, "encoder": 121, "disc_x": 121},
                    "anogan": {"generator": 32 + n, "disc": 121 + n}}[model]
            self.assertEqual({name: read[name] for name in want}, want)
            self.assertIn("condition   service", self.run_train("inspect", out).stdout)
            self.assertGreater(self.json("eval", out, "--data", self.data, "--protocol",
                                         "normal")["auroc"], 0.7)
            again = self.path("calibrated.ckpt")
            self.run_train("calibrate", out, self.data, "--out", again)
            self.assertEqual(self.json("inspect", again)["condition"], "service")
        self.assertNotIn("condition", self.json("inspect", self.checkpoint))

    def test_eval_takes_n_rows_evenly_spread(self):
        score, label = self.scores(self.checkpoint), self.labels()
        for protocol, rows in (((), range(len(label))),
                               (("--protocol", "normal"), half(len(label)))):
            rows = [rows[i * len(rows) // 100] for i in range(100)]
            e = self.json("eval", self.checkpoint, "--data", self.data, "--rows", "100", *protocol)
            positive = [score[i] for i in rows if label[i] != "normal"]
            self.assertEqual((e["n"], e["positives"]), (100, len(positive)))
            self.assertAlmostEqual(e["auroc"],
                                   auroc(positive,
                                         [score[i] for i in rows if label[i] == "normal"]), 9)

    def test_wrong_usage_is_named_and_exits_2(self):
        out = ("--out", self.path("never.ckpt"))
        cases = [
            ((), "Usage:"), (("fitt",), "did you mean 'fit'"), (("fit",), "--data"),
            (("fit", "--data", self.data), "--out"), (("calibrate",), "checkpoint"),
            (("export", "--onnx"), "one checkpoint"),
            (("export", self.checkpoint), "--onnx"),
            (("export", "--onnx", self.checkpoint), "--out"),
            (("calibrate", self.checkpoint), "--data"),
            (("calibrate", self.checkpoint, self.data), "--out"),
            (("calibrate", self.checkpoint, self.data, *out, "--contamination", "0.6"),
             "--contamination"),
            (("fit", self.data, *out, "--model", "ganomaly2"), "did you mean 'ganomaly'"),
            (("fit", self.data, *out, "--scaler", "x"), "none, minmax, log-minmax, standard"),
            (("fit", self.data, *out, "--epochs", "-1"), "--epochs: '-1'"),
            (("fit", self.data, *out, "--epochs", "3x"), "--epochs: '3x'"),
            (("fit", self.data, *out, "--patience", "3"), "--keep best"),
            (("fit", self.data, *out, "--model", "egbad", "--condition", "src_bytes"),
             "not one of protocol_type, service, flag"),
            (("fit", self.data, *out, "--model", "egbad", "--condition", "servce"),
             "did you mean 'service'"),
            (("fit", self.data, *out, "--model", "egbad", "--condition", ""),
             "--condition: ''"),
            (("fit", self.data, *out, "--model", "ganomaly", "--condition", "service"),
             "--condition: model 'ganomaly'"),
            (("fit", self.data, *out, "--keep", "test-labels"), "survey"),
            (("fit", self.data, *out, "--lr", "nan"), "--lr"),
            (("fit", self.data, *out, "--weights", "1,2"), "1,50,1"),
            (("fit", self.data, *out, "--score", "fm"), "score"),
            (("fit", self.data, *out, "--name", "A"), "--name"),
            (("fit", self.data, *out, "--all-rows", "--calibration-share", "0"), "calibrate"),
            (("fit", self.data, *out, "--nonsense"), "--nonsense"), (("eval",), "checkpoint"),
            (("eval", self.checkpoint), "--data"),
            (("eval", self.checkpoint, self.data, "--protocol", "x"), "survey"),
            (("eval", self.checkpoint, self.data, "--fpr", "2"), "--fpr"),
            (("eval", self.checkpoint, self.data, "--rows", "0"), "--rows"),
            (("fit", self.data, *out, "--model", "anogan", "--steps", "100001"), "--steps"),
            (("fit", self.data, *out, "--model", "anogan", "--degree", "2"), "degree"),
            (("inspect",), "one checkpoint"),
            (("inspect", "a", "b"), "one checkpoint: 'b' is one more"), (("version", "x"), "'x'"),
            (("export", "--onnx", self.checkpoint, "x.onnx"),
             "'x.onnx' is a second argument: the file goes after --out"),
            (("export", "--onnx", self.checkpoint, "b", *out), "one checkpoint: 'b' is one more"),
            (("export", "--onnx", self.checkpoint, "--out", self.checkpoint),
             "is the checkpoint itself"),
            (("export", "--onnx", *out), "one checkpoint"), (("verify",), "checkpoints to verify"),
            (("--data", self.data), "options of a command come after it"),
            (("fit", self.data, *out, "--model", "EGBAD"), "did you mean 'egbad'"),
            (("eval", self.checkpoint, self.data, "--protocol", "survey", "--fpr", "0.1"),
             "--fpr: protocol survey"),
            (("report", self.checkpoint, self.data, *out, "--protocol", "survey", "--fpr", "0.1"),
             "--fpr: protocol survey"),
            (("survey", self.data, "--models", "ganomaly", "--rows", "10"),
             "--rows: model 'ganomaly'"),
            (("extract", "--format", "ndjson", "--head", "x.pcap"), "--head is for csv"),
        ]
        for arguments, words in cases:
            p = self.run_train(*arguments, code=2)
            self.assertIn(words, p.stderr)
            self.assertEqual(p.stdout, "")
        self.assertFalse(os.path.exists(out[1]))

    def test_what_fails_says_why_and_exits_1(self):
        bad = self.write("bad.csv", self.text + "0,tcp,http,SF,x" + ",0" * 36 + ",normal.\n")
        out = self.path("kept.ckpt")
        with open(out, "w") as f:
            f.write("an old file")
        p = self.fit("--out", out, data=bad, code=1)
        self.assertRegex(p.stderr, r"bad\.csv:3001: column 5 'src_bytes'")
        with open(out) as f:
            self.assertEqual(f.read(), "an old file")
        self.assertIn("cannot be written", self.fit("--out", "/no/such/directory/x.ckpt",
                                                    code=1).stderr)
        self.assertIn("/no/such/file", self.fit("--out", out, data="/no/such/file", code=1).stderr)
        self.assertIn("less than one batch", self.fit("--out", out, "--batch", "60000",
                                                      code=1).stderr)
        self.assertIn("no rows", self.fit("--out", out, data=self.write("empty.csv", ""),
                                          code=1).stderr)
        self.assertIn("not a checkpoint", self.run_train("inspect", self.data, code=1).stderr)
        p = self.fit("--out", out, "--epochs", "1", "--skip-bad", data=bad)
        self.assertIn("1 bad lines skipped", p.stderr)

    def test_rows_that_cannot_train_end_clearly_and_harm_nothing(self):
        out = self.path("survivor.ckpt")
        with open(self.checkpoint, "rb") as f, open(out, "wb") as g:
            old = f.read()
            g.write(old)
        lines = self.text.splitlines(True)
        attacks = [line for line in lines if not line.endswith("normal.\n")]
        cases = [("empty", "", "no rows"), ("ten", "".join(lines[:10]), "less than one batch"),
                 ("attacks", "".join(attacks), "no row is labelled normal, but 'smurf' ("),
                 ("wrong", self.text.replace("normal.", "smurf."),
                  "no row is labelled normal, but 'smurf' ("),
                 ("nan", "nan," + lines[0].split(",", 1)[1], "not a whole number: 'nan'"),
                 ("inf", lines[0].replace(",0.00,", ",inf,", 1), "'inf'")]
        for name, text, words in cases:
            p = self.fit("--out", out, data=self.write(name + ".csv", text), code=1)
            self.assertIn(words, p.stderr)
            with open(out, "rb") as f:
                self.assertEqual(f.read(), old)

    def test_rows_that_teach_little_are_warned_of(self):
        normal = [line for line in self.text.splitlines(True) if line.endswith("normal.\n")]
        out = self.path("constant.ckpt")
        p = self.fit("--out", out, "--epochs", "2",
                     data=self.write("constant.csv", normal[0] * 500))
        self.assertIn("never vary", p.stderr)
        self.assertIn("cannot be distinguished", p.stderr)
        self.assertIn("self-test   ok", self.run_train("inspect", out).stdout)
        p = self.fit("--out", out, "--epochs", "2", data=self.write("normal.csv", "".join(normal)))
        self.assertNotIn("never vary", p.stderr)

    def test_a_full_disk_leaves_the_old_file(self):
        directory = os.path.join(self.path("full"))
        os.mkdir(directory)
        out = os.path.join(directory, "model.ckpt")
        with open(out, "w") as f:
            f.write("an old file")

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))

        for command in (("fit", "--data", self.data, "--epochs", "1"),
                        ("calibrate", self.checkpoint, self.data),
                        ("export", "--onnx", self.checkpoint)):
            p = subprocess.run([ganad.args.train, *command, "--out", out], text=True,
                               stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               timeout=100 * ganad.SLOW,
                               preexec_fn=limit)
            self.assertEqual(p.returncode, 1)
            self.assertIn("model.ckpt", p.stderr)
            self.assertEqual(os.listdir(directory), ["model.ckpt"])
            with open(out) as f:
                self.assertEqual(f.read(), "an old file")

    def test_same_seed_same_bits(self):
        for model in ("egbad", "ganomaly"):
            files = []
            for name, seed in (("a.ckpt", 5), ("b.ckpt", 5), ("c.ckpt", 6)):
                self.fit("--model", model, "--epochs", "2", "--seed", seed, "-q", "--out",
                         self.path(name))
                with open(self.path(name), "rb") as f:
                    files.append(f.read())
            self.assertEqual(files[0], files[1])
            self.assertNotEqual(files[0], files[2])

    def test_with_no_epochs_the_first_weights_are_kept(self):
        first, again = self.path("first.ckpt"), self.path("second.ckpt")
        for out in (first, again):
            self.fit("--model", "egbad", "--epochs", "0", "-q", "--out", out)
        p = self.json("inspect", first)["provenance"]
        self.assertEqual((p["epochs"], p["epoch"]), (0, 0))
        with open(first, "rb") as f, open(again, "rb") as g:
            self.assertEqual(f.read(), g.read())

    def test_training_that_makes_it_worse_is_an_error(self):
        out = self.path("diverged.ckpt")
        p = self.fit("--epochs", "2", "--lr", "1", "--ema", "0", "-q", "--out", out, code=1)
        self.assertIn("diverged", p.stderr)
        self.assertFalse(os.path.exists(out))

    def test_inspect_shows_the_origin_of_a_checkpoint(self):
        c = self.json("inspect", self.checkpoint)
        self.assertEqual((c["name"], c["model"], c["scaler"]), ("ganomaly", "ganomaly", "quantile"))
        self.assertEqual(c["schema"]["dim"], 121)
        self.assertEqual(c["parameters"], sum(n["parameters"] for n in c["nets"]))
        p = c["provenance"]
        with open(self.data, "rb") as f:
            sum_of_data = hashlib.sha256(f.read()).hexdigest()
        self.assertEqual(p["data"], [{"name": "records.csv", "sha256": sum_of_data, "rows": 3000}])
        self.assertEqual((p["created"], p["protocol"], p["seed"], p["epochs"], p["epoch"]),
                         ("", "normal", 1, 8, 8))
        t = c["calibration"]["threshold_at_fpr"]
        self.assertLessEqual(c["calibration"]["min"], t["0.01"])
        self.assertLessEqual(t["0.01"], t["0.001"])
        self.assertLessEqual(t["0.001"], c["calibration"]["max"])
        self.assertTrue(c["self_test"]["ok"])
        self.assertGreaterEqual(c["self_test"]["n"], 12)
        text = self.run_train("inspect", self.checkpoint).stdout
        for word in ("encoder", "records.csv", sum_of_data, c["sha256"], "self-test   ok"):
            self.assertIn(word, text)

    def test_the_command_in_a_checkpoint_makes_it_again(self):
        command = self.json("inspect", self.checkpoint)["provenance"]["command"].split()
        self.assertEqual(command[:2], ["ganad-train", "fit"])
        subprocess.run([os.path.abspath(ganad.args.train), *command[1:], "--out", "again.ckpt",
                        "-q"], check=True, cwd=self.tmp.name,
                       stdout=subprocess.DEVNULL)
        with open(self.checkpoint, "rb") as a, open(self.path("again.ckpt"), "rb") as b:
            self.assertEqual(a.read(), b.read())

    def check_figures(self, e, positive, negative):
        self.assertEqual((e["n"], e["positives"]), (len(positive) + len(negative), len(positive)))
        self.assertAlmostEqual(e["auroc"], auroc(positive, negative), 10)
        self.assertAlmostEqual(e["tpr_at_fpr_0.01"], tpr_at(positive, negative, 0.01), 10)
        self.assertAlmostEqual(e["tpr_at_fpr_0.001"], tpr_at(positive, negative, 0.001), 10)
        t, inclusive = e["threshold"], e["flagged_if"] == "score >= threshold"
        low, high = min(*positive, *negative), max(*positive, *negative)
        self.assertAlmostEqual(e["threshold_scaled"], (t - low) / (high - low), 9)
        tp, fp = (sum(s >= t * (1 - 1e-11) if inclusive else s > t * (1 + 1e-11) for s in x)
                  for x in (positive, negative))
        self.assertAlmostEqual(e["precision"], tp / (tp + fp), 10)
        self.assertAlmostEqual(e["recall"], tp / len(positive), 10)
        self.assertAlmostEqual(e["f1"], 2 * tp / (tp + fp + len(positive)), 10)

    def test_eval_without_a_protocol_tests_all_rows(self):
        e = self.json("eval", self.checkpoint, "--data", self.data)
        scores, labels = self.scores(self.checkpoint), self.labels()
        self.check_figures(e, [s for s, x in zip(scores, labels) if x != "normal"],
                           [s for s, x in zip(scores, labels) if x == "normal"])
        self.assertGreater(e["auroc"], 0.8)
        at_1_percent = self.json("inspect",
                                 self.checkpoint)["calibration"]["threshold_at_fpr"]["0.01"]
        self.assertAlmostEqual(e["threshold"] / at_1_percent, 1, 7)
        for name, c in e["per_class"].items():
            mine = [s for s, x in zip(scores, labels) if x == name]
            flagged = sum(s > e["threshold"] * (1 + 1e-11) for s in mine)
            self.assertEqual((c["n"], c["detected"], c["category"]),
                             (len(mine), flagged, CATEGORY[name]))
            self.assertAlmostEqual(c["rate"], flagged / len(mine), 10)
        self.assertEqual(sum(c["n"] for c in e["per_category"].values()), 3000)
        self.assertEqual(set(e["per_category"]), set(CATEGORY.values()))
        p = self.run_train("eval", self.checkpoint, self.data)
        self.assertIn("trained on part of these rows", p.stderr)
        self.assertIn("AUROC", p.stdout)

    def test_eval_normal_tests_the_other_half(self):
        e = self.json("eval", self.checkpoint, "--data", self.data, "--protocol", "normal", "--fpr",
                      "0.05")
        scores, labels = self.scores(self.checkpoint), self.labels()
        rows = half(3000)
        self.check_figures(e, [scores[i] for i in rows if labels[i] != "normal"],
                           [scores[i] for i in rows if labels[i] == "normal"])
        self.assertEqual((e["positive"], e["flagged_if"]), ("attack", "score > threshold"))
        in_file = self.json("inspect", self.checkpoint)["provenance"]["metrics"]
        self.assertAlmostEqual(in_file["auroc"], e["auroc"], 7)

    def test_survey_is_the_published_protocol(self):
        import numpy

        out = self.path("survey.ckpt")
        p = self.fit("--protocol", "survey", "--epochs", "3", "--out", out)
        attack = [x != "normal" for x in self.labels()]
        n_attacks = sum(attack) - sum(attack[i] for i in half(3000))
        self.assertIn(f"{n_attacks:,} attack rows train", p.stderr)
        self.assertIn("WARNING", p.stderr)
        c = self.json("inspect", out)
        self.assertEqual((c["scaler"], c["provenance"]["protocol"]), ("none", "survey"))
        e = self.json("eval", out, "--data", self.data, "--protocol", "survey")
        scores, labels = self.scores(out), self.labels()
        rows = half(3000)
        self.check_figures(e, [scores[i] for i in rows if labels[i] == "normal"],
                           [scores[i] for i in rows if labels[i] != "normal"])
        published = numpy.percentile(numpy.array([scores[i] for i in rows]), 80)
        self.assertAlmostEqual(e["threshold"] / published, 1, 9)
        self.assertEqual((e["positive"], e["flagged_if"]), ("normal", "score >= threshold"))
        self.assertIn("test scores", e["labels"])
        p = self.run_train("eval", self.checkpoint, self.data, "--protocol", "survey")
        self.assertIn("trained by protocol 'normal'", p.stderr)

    def test_best_keeps_the_epoch_with_the_lowest_held_out_error(self):
        out, earlier = self.path("best.ckpt"), 0
        for seed in range(1, 6):
            p = self.fit("--model", "ganomaly", "--lr", "0.02", "--ema", "0", "--epochs", "12",
                         "--keep", "best",
                         "--seed", seed, "--out", out)
            errors = [float(x) for x in re.findall(r"held-out \|x-x'\| (\S+)", p.stderr)]
            provenance = self.json("inspect", out)["provenance"]
            best, kept = min(errors), errors[provenance["epoch"] - 1]
            self.assertEqual((len(errors), provenance["epochs"]), (12, 12))
            self.assertEqual(kept, best)
            self.assertAlmostEqual(provenance["metrics"]["held_out_residual"] / best, 1, 3)
            history = provenance["history"]
            self.assertEqual([float(f"{x:.5g}") for x in history["held_out"]], errors)
            self.assertEqual([len(history[k]) for k in ("loss_d", "loss_g", "loss_e")], [12] * 3)
            earlier += provenance["epoch"] < 12
        self.assertGreater(earlier, 0, "the last epoch was always the best: the case shows nothing")

    def test_rows_without_labels_train_and_are_not_evaluated(self):
        plain = self.write("plain.csv", records(seed=4, n=1000, labelled=False))
        out = self.path("plain.ckpt")
        p = self.fit("--epochs", "1", "--all-rows", "--out", out, data=plain)
        self.assertIn("1,000 normal rows train, and calibrate in 10 folds", p.stderr)
        c = self.json("inspect", out)
        self.assertEqual(list(c["provenance"]["metrics"]), ["held_out_residual"])
        self.assertEqual(c["calibration"]["n"], 1000)
        self.assertIn("no labels", self.run_train("eval", out, plain, code=1).stderr)
        p = self.fit("--out", out, self.data, data=plain, code=1)
        self.assertIn("some rows have labels and some do not", p.stderr)

    def start(self, out, data, words):
        """A fit without end, once it has printed the words."""
        p = subprocess.Popen([ganad.args.train, "fit", "--data", data, "--epochs", "100000",
                              "--out", out],
                             text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in p.stderr:
            if words in line:
                return p
        self.fail(f"ended before it said '{words}': {p.wait()}")

    def test_test_labels_choose_only_where_it_is_said(self):
        out, f1 = self.path("survey-best.ckpt"), []
        options = ("--protocol", "survey", "--model", "ganomaly", "--epochs", "6", "--lr", "0.02")
        for keep in ("last", "test-labels"):
            stderr = self.fit("--out", out, *options, "--keep", keep).stderr
            self.assertEqual("by the labels of the test rows" in stderr, keep == "test-labels")
            f1.append(self.json("inspect", out)["provenance"]["metrics"]["f1"])
        best = []
        for epochs in range(1, 7):
            self.fit("--out", out, *options[:-3], str(epochs), *options[-2:])
            best.append(self.json("inspect", out)["provenance"]["metrics"]["f1"])
        self.assertEqual((f1[0], f1[1]), (best[-1], max(best)))

    def test_patience_ends_training_when_nothing_improves(self):
        out = self.path("patient.ckpt")
        self.fit("--out", out, "--model", "ganomaly", "--lr", "0.05", "--ema", "0", "--epochs",
                 "500", "--keep", "best",
                 "--patience", "3")
        p = self.json("inspect", out)["provenance"]
        self.assertEqual(p["epochs"], p["epoch"] + 3)
        self.assertLess(p["epochs"], 500)

    def test_interrupt_keeps_what_is_finished(self):
        out = self.path("interrupted.ckpt")
        for sent in (signal.SIGINT, signal.SIGTERM):
            p = self.start(out, self.data, "Epoch")
            p.send_signal(sent)
            stdout, stderr = p.communicate(timeout=100 * ganad.SLOW)
            self.assertEqual(p.returncode, 0)
            self.assertIn("interrupted: keeping epoch", stderr)
            provenance = self.json("inspect", out)["provenance"]
            self.assertIn(f"epoch {provenance['epoch']} of {provenance['epochs']}, interrupted",
                          stdout)
            self.assertLess(provenance["epochs"], 100000)
            self.assertEqual(len(provenance["history"]["held_out"]), provenance["epochs"])

    def test_interrupt_before_the_first_epoch_writes_nothing(self):
        out = self.path("nothing.ckpt")
        p = self.start(out, self.write("many.csv", self.text * 60), "Labels")
        p.send_signal(signal.SIGINT)
        _, stderr = p.communicate(timeout=100 * ganad.SLOW)
        self.assertEqual(p.returncode, 130)
        self.assertIn("nothing written", stderr)
        self.assertFalse(os.path.exists(out))


class Shipped(unittest.TestCase):
    """models/default: complete, and as good as its MANIFEST says."""

    def test_files_are_those_of_the_manifest(self):
        directory = os.path.join(ganad.args.source, "models", "default")
        with open(os.path.join(directory, "MANIFEST")) as f:
            manifest = json.load(f)
        names = sorted(x for x in os.listdir(directory) if x.endswith(".ckpt"))
        self.assertEqual(names, sorted(m["file"] for m in manifest["models"]))
        self.assertIn("kdd99-egbad.ckpt", names)
        self.assertIn("kdd99-ganomaly.ckpt", names)
        for m in manifest["models"]:
            path = os.path.join(directory, m["file"])
            with open(path, "rb") as f:
                self.assertEqual(hashlib.sha256(f.read()).hexdigest(), m["file_sha256"])
            c = json.loads(subprocess.run([ganad.args.train, "inspect", "--json", path], check=True,
                                          stdout=subprocess.PIPE).stdout)
            self.assertTrue(c["self_test"]["ok"])
            self.assertEqual(c["name"] + ".ckpt", m["file"])
            self.assertEqual(c["provenance"], m["provenance"])
            self.assertLess(os.path.getsize(path), 2 << 20)
            self.assertGreaterEqual(m["provenance"]["metrics"]["tpr_at_fpr_0.01"], 0.985)

    def test_figures_of_the_manifest_are_reproduced(self):
        data = ganad.data_file()
        if not data:
            self.skipTest("no KDD99 data in $GANAD_DATA or ../shared/data")
        for path in ganad.trained():
            run = lambda *a: json.loads(subprocess.run([ganad.args.train, *a, "--json"], check=True,
                                                       stdout=subprocess.PIPE).stdout)
            in_file = run("inspect", path)["provenance"]["metrics"]
            e = run("eval", path, "--data", data, "--protocol", "normal")
            # Another processor rounds differently; a handful of 247,011 rows can change sides.
            for key in ("auroc", "auprc", "tpr_at_fpr_0.01", "tpr_at_fpr_0.001", "precision",
                        "recall", "f1"):
                self.assertAlmostEqual(e[key], in_file[key], 3)


if __name__ == "__main__":
    ganad.main()
