# SPDX-License-Identifier: Apache-2.0
"""ganad-train and its files: rows that teach nothing, a full disk, checkpoints made from one."""

import os
import resource
import signal
import subprocess

import ganad
from train_case import TrainCase, as_float32


class TrainFiles(TrainCase):
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

    def test_standard_input_trains_as_the_file_does(self):
        out = self.path("stdin.ckpt")
        with open(self.data, "rb") as f:
            subprocess.run([ganad.args.train, "fit", "--data", "-", "--out", out, "--epochs", "8",
                            "-q"], stdin=f,
                           check=True, stdout=subprocess.DEVNULL, timeout=100 * ganad.SLOW)
        a, b = self.json("inspect", out), self.json("inspect", self.checkpoint)
        self.assertEqual(a["provenance"]["data"][0]["sha256"], b["provenance"]["data"][0]["sha256"])
        self.assertEqual(a["calibration"], b["calibration"])

    def test_calibrate_takes_thresholds_from_other_records(self):
        out, again = self.path("calibrated.ckpt"), self.path("again.ckpt")
        text = self.run_train("calibrate", self.checkpoint, "--data", self.data, "--out",
                              out).stdout
        normal = sorted(s for s, label in zip(self.scores(self.checkpoint), self.labels())
                        if label == "normal")
        c = self.json("inspect", out)
        self.assertEqual(c["calibration"]["n"], len(normal))
        self.assertIn(f"calibrated on {len(normal):,} rows", text)
        self.assertEqual(self.scores(out), self.scores(self.checkpoint))
        threshold = as_float32(c["calibration"]["threshold_at_fpr"]["0.01"])
        above = sum(s > threshold for s in normal)
        self.assertEqual(above, len(normal) // 100)
        self.assertIn("; ganad-train calibrate", c["provenance"]["command"])
        self.assertNotIn("f1", c["provenance"]["metrics"])
        # a fifth is declared as attacks: the highest fifth of the scores is left out
        self.run_train("calibrate", out, "--data", self.data, "--out", again, "--contamination",
                       "0.2")
        c = self.json("inspect", again)
        self.assertEqual(c["calibration"]["n"], len(normal) - round(0.2 * len(normal)))
        self.assertLessEqual(c["calibration"]["threshold_at_fpr"]["0.01"],
                             normal[c["calibration"]["n"] - 1])

    def test_records_with_attacks_among_them(self):
        lines = [line.rsplit(",", 1) for line in self.text.splitlines()]
        normal = [cells for cells, label in lines if label == "normal."]
        floods = sorted({cells for cells, label in lines if label == "smurf."})[:len(normal) // 50]
        mixed = self.write("mixed.csv", "\n".join(normal + floods) + "\n")
        blind, screened = self.path("blind.ckpt"), self.path("screened.ckpt")
        settings = ("--all-rows", "--epochs", "20", "--batch", "20")
        self.fit("--out", blind, *settings, data=mixed)
        p = self.fit("--out", screened, *settings, "--contamination", "0.02", data=mixed)
        self.assertRegex(p.stderr,
                         r"\d+ of [\d,]+ distinct records, \d+ rows, are least like the others")
        self.assertIn("--contamination 0.02", self.json("inspect",
                                                        screened)["provenance"]["command"])
        found = [self.json("eval", c, "--data", self.data)["per_class"]["smurf"]["rate"]
                 for c in (blind, screened)]
        self.assertGreater(found[1], 0.95)
        self.assertLess(found[0], found[1])
        p = self.fit("--out", blind, "--protocol", "survey", "--contamination", "0.02", code=2)
        self.assertIn("trains on attacks", p.stderr)

    def test_calibrate_reports_too_few_records(self):
        few = self.write("few.csv", "".join(self.text.splitlines(True)[:50]))
        p = self.run_train("calibrate", self.checkpoint, "--data", few, "--out",
                           self.path("never.ckpt"), code=1)
        self.assertIn("too few to calibrate", p.stderr)
        self.assertFalse(os.path.exists(self.path("never.ckpt")))

    def test_export_writes_the_same_bytes_twice(self):
        a, b = self.path("a.onnx"), self.path("b.onnx")
        for out in (a, b):
            text = self.run_train("export", "--onnx", self.checkpoint, "--out", out).stdout
            self.assertIn("score joint", text)
        with open(a, "rb") as f, open(b, "rb") as g:
            data = f.read()
            self.assertEqual(data, g.read())
        sha256 = self.json("inspect", self.checkpoint)["sha256"]
        for text in (sha256, "src_bytes,", "service=http,", "ganad.scaler.knot", "ReduceMean"):
            self.assertIn(text.encode(), data)

    def test_export_of_what_cannot_be_says_why(self):
        searches, out = self.path("searches.ckpt"), self.path("never.onnx")
        self.fit("--out", searches, "--model", "anogan", "--epochs", "1", "--steps", "5")
        p = self.run_train("export", "--onnx", searches, "--out", out, code=1)
        self.assertIn("searches for each record", p.stderr)
        p = self.run_train("export", "--onnx", self.data, "--out", out, code=1)
        self.assertIn("records.csv", p.stderr)
        p = self.run_train("export", "--onnx", self.checkpoint, "--out",
                           self.path("no/such/directory"), code=1)
        self.assertIn("no/such/directory", p.stderr)
        self.assertFalse(os.path.exists(out))


if __name__ == "__main__":
    ganad.main()
