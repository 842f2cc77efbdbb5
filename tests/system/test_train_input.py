# SPDX-License-Identifier: Apache-2.0
"""Input of users to ganad-train: heads and labels of other data sets, other formats, options of
other models."""

import bz2
import gzip
import lzma
import os
import random
import subprocess
import unittest

import ganad
from train_case import TrainCase, record, records

COLUMNS = """duration protocol_type service flag src_bytes dst_bytes land wrong_fragment urgent hot
num_failed_logins logged_in num_compromised root_shell su_attempted num_root num_file_creations
num_shells num_access_files num_outbound_cmds is_host_login is_guest_login count srv_count
serror_rate srv_serror_rate rerror_rate srv_rerror_rate same_srv_rate diff_srv_rate
srv_diff_host_rate dst_host_count dst_host_srv_count dst_host_same_srv_rate dst_host_diff_srv_rate
dst_host_same_src_port_rate dst_host_srv_diff_host_rate dst_host_serror_rate
dst_host_srv_serror_rate dst_host_rerror_rate dst_host_srv_rerror_rate""".split()

UNUSED = {"egbad": {"--weights": "1,50,1", "--steps": "9", "--tolerance": "0.1"},
          "ganomaly": {"--residual": "1", "--residual-on": "e", "--condition": "service",
                       "--score-weight": "0.1",
                       "--degree": "1", "--steps": "9", "--tolerance": "0.1"},
          "anogan": {"--residual": "1", "--residual-on": "e", "--loss": "fm", "--weights": "1,50,1",
                     "--degree": "1"}}
USED = {"egbad": {"--residual": "2", "--residual-on": "e", "--loss": "fm", "--condition": "service",
                  "--score-weight": "0.3", "--degree": "2", "--score": "fm"},
        "ganomaly": {"--loss": "bce", "--weights": "2,40,3", "--score": "rec"},
        "anogan": {"--condition": "service", "--score-weight": "0.3", "--steps": "3",
                   "--tolerance": "0.5",
                   "--score": "fm"}}
ALL = {"--scaler": "minmax", "--epochs": "2", "--seed": "5", "--batch": "20", "--lr": "0.001",
       "--ema": "0.5",
       "--calibration-share": "0.2", "--keep": "best", "--patience": "2", "--name": "own"}


class Input(TrainCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        r = random.Random(7)
        cls.rows = [(record(r, x), x) for x in r.choices(("normal", "neptune"), (70, 30), k=1000)]

    def csv(self, name, column="label", normal="normal", more="", cells="", mark="", end="\n"):
        """A file with a head: the 41 columns, the label column and more."""
        lines = [",".join(COLUMNS) + f",{column}{more}"]
        lines += [f"{text},{normal if x == 'normal' else x}{cells}" for text, x in self.rows]
        with open(self.path(name), "wb") as f:
            f.write((mark + end.join(lines) + end).encode())
        return self.path(name)

    def detection(self, data, *more):
        """Trains on it; returns the quality, and what it wrote to stderr."""
        out = self.path("trained.ckpt")
        stderr = self.fit("-q", "--epochs", "8", "--out", out, *more, data=data).stderr
        return self.json("inspect", out)["provenance"], stderr

    def test_a_label_column_is_found_by_any_of_its_names(self):
        plain, stderr = self.detection(self.csv("plain.csv"))
        self.assertNotIn("labels", stderr)
        self.assertNotIn("--normal", plain["command"])
        self.assertGreater(plain["metrics"]["f1"], 0.8)
        for column in ("class", "Labels", "attack", "Label", "attack_cat"):
            p, stderr = self.detection(self.csv("named.csv", column))
            self.assertEqual(p["metrics"]["f1"], plain["metrics"]["f1"])
            self.assertIn(f"labels of column '{column}': normal is 'normal' (", stderr)
            self.assertIn("not normal is 'neptune' (", stderr)

    def test_mark_and_crlf_are_simply_read(self):
        a, _ = self.detection(self.csv("a.csv"))
        b, stderr = self.detection(self.csv("b.csv", mark="\ufeff", end="\r\n"))
        self.assertEqual(a["metrics"], b["metrics"])
        self.assertNotIn("warning: b.csv", stderr)

    def test_columns_passed_over_are_named_also_when_quiet(self):
        data = self.csv("more.csv", more=",difficulty,vlan,start", cells=",3,x,1")
        p, stderr = self.detection(data)
        self.assertIn("more.csv: ignored columns: difficulty, vlan\n", stderr)
        self.assertGreater(p["metrics"]["f1"], 0.8)
        p, stderr = self.detection(self.csv("none.csv", column="verdict"))
        self.assertIn("ignored columns: verdict; none is the label", stderr)
        self.assertNotIn("f1", p["metrics"])

    def test_other_words_for_normal_are_reported_and_kept(self):
        a, _ = self.detection(self.csv("a.csv"))
        for word in ("Normal", "BENIGN", "normal.", " Normal. "):
            p, stderr = self.detection(self.csv("word.csv", normal=word))
            self.assertEqual(a["metrics"], p["metrics"])
            name = word.strip().rstrip(".")
            self.assertEqual(f"normal is '{name}' (" in stderr, name != "normal")
            self.assertEqual(f"--normal {name}" in p["command"], name != "normal")

    def test_the_word_for_normal_is_required_and_can_be_given(self):
        a, _ = self.detection(self.csv("a.csv"))
        data = self.csv("zero.csv", normal="0")
        n = sum(x == "normal" for _, x in self.rows)
        words = f"no row is labelled normal, but '0' ({n}), 'neptune' ({1000 - n}): --normal NAME"
        for arguments in (("fit", "--out", self.path("no.ckpt")),
                          ("calibrate", self.checkpoint, "--out", self.path("no.ckpt")),
                          ("eval", self.checkpoint, "--protocol", "normal"), ("survey", "--quick")):
            self.assertIn(words, self.run_train(*arguments, "--data", data, code=1).stderr)
        p = self.run_train("eval", self.checkpoint, "--data", data)
        self.assertIn("warning: " + words, p.stderr)
        self.assertIn("AUROC                    -", p.stdout)
        e = self.json("eval", self.checkpoint, "--data", data, "--normal", "0")
        want = self.json("eval", self.checkpoint, "--data", self.path("a.csv"))
        self.assertEqual((e["normal"], want["normal"]), (["0"], ["normal"]))
        self.assertEqual(e["auroc"], want["auroc"])
        self.assertEqual(set(e["per_category"]), {"normal", "dos"})
        p, stderr = self.detection(data, "--normal", "0")
        self.assertEqual(p["metrics"], a["metrics"])
        self.assertIn("--normal 0 ", p["command"])
        self.assertIn("normal is '0'", stderr)
        self.assertIn("with --normal", self.run_train("eval", self.path("trained.ckpt"), data,
                                                      code=0).stderr)
        for command in ("calibrate", "report"):
            out = self.path("out." + command)
            self.run_train(command, self.checkpoint, "--data", data, "--normal", "0", "--out", out)
        provenance = self.json("inspect", self.path("out.calibrate"))["provenance"]
        self.assertIn("--normal 0 zero.csv", provenance["command"])
        p = self.run_train("eval", self.checkpoint, data, "--normal", "zero", code=1)
        self.assertIn(f"--normal 'zero': no row has this label, but '0' ({n})", p.stderr)

    def test_other_formats_are_named_with_what_to_do(self):
        text = self.text.encode()
        cases = {"xz": (lzma.compress(text), "xz -dc"), "bz2": (bz2.compress(text), "bzip2 -dc"),
                 "zst": (b"\x28\xb5\x2f\xfd" + text, "zstd -dc"),
                 "zip": (b"PK\3\4" + text, "zip archive"),
                 "pcap": (b"\xd4\xc3\xb2\xa1\2\0\4\0" + bytes(16), "ganad-train extract"),
                 "pcap.gz": (gzip.compress(b"\xd4\xc3\xb2\xa1\2\0\4\0" + bytes(16)),
                             "ganad-train extract"),
                 "gz.gz": (gzip.compress(gzip.compress(text)), "unpack it once"),
                 "arff": (b"@relation 'x'\n@data\n" + text, "ARFF"),
                 "utf16": (self.text.encode("utf-16"), "iconv"),
                 "zeek": (b"#separator \\x09\n#fields\tts\n", "ganadctl extract"),
                 "json": (b'{"a":1}\n', "as CSV"),
                 "mac": (text.replace(b"\n", b"\r"), "tr '\\r' '\\n'"),
                 "nul": (b"0,tcp\0" + text, "NUL"),
                 "pandas": (b"," + ",".join(COLUMNS).encode() + b"\n0," + text, "index"),
                 "flows": (b"Flow ID, Source IP, Source Port, Label, a, b\n",
                           "head of other columns")}
        for name, (content, words) in cases.items():
            path = self.path("other." + name)
            with open(path, "wb") as f:
                f.write(content)
            for arguments in (("fit", "--out", self.path("never.ckpt")), ("eval", self.checkpoint)):
                self.assertIn(words, self.run_train(*arguments, "--data", path, code=1).stderr,
                              name)
        never = ("fit", "--out", self.path("never.ckpt"), "--data")
        self.assertIn("it is a directory", self.run_train(*never, self.tmp.name, code=1).stderr)
        self.assertIn("an empty file", self.run_train(*never, self.write("nothing.csv", ""),
                                                      code=1).stderr)
        p = self.run_train("fit", "-q", "--epochs", "1", "--out", self.path("two.ckpt"), self.data,
                           self.path("nothing.csv"))
        self.assertIn("warning: nothing.csv: an empty file", p.stderr)
        self.assertIn("a checkpoint", self.run_train(*never, self.checkpoint, code=1).stderr)
        self.assertIn("is a directory", self.run_train("fit", self.data, "--out", self.tmp.name,
                                                       code=1).stderr)

    def test_names_in_no_list_are_counted_in_the_output(self):
        data = self.write("names.csv", self.text.replace(",http,", ",\"http\","))
        p = self.fit("-q", "--epochs", "1", "--out", self.path("names.ckpt"), data=data)
        self.assertRegex(p.stderr,
                         r"warning: names\.csv: [0-9,]+ names of protocols, services or flags "
                         "are not names of KDD99")

    def test_an_option_that_the_model_has_not_is_refused_by_name(self):
        for model, options in UNUSED.items():
            for option, value in options.items():
                p = self.fit("--model", model, option, value, "--out", self.path("never.ckpt"),
                             code=2)
                self.assertIn(f"{option}: model '{model}' does not use it", p.stderr)
        for options, words in ((("--score-weight", "0.5"), "--score-weight: score 'joint'"),
                               (("--degree", "2"), "--degree: score 'joint'"),
                               (("--score", "residual", "--score-weight", "0.5"),
                                "--score-weight: score 'residual'"),
                               (("--residual", "0", "--residual-on", "e"),
                                "--residual-on: --residual is 0")):
            self.assertIn(words, self.fit("--model", "egbad", *options, "--out",
                                          self.path("never.ckpt"), code=2).stderr)
        self.assertFalse(os.path.exists(self.path("never.ckpt")))

    def test_every_setting_is_in_the_provenance_and_makes_the_model_again(self):
        data = self.write("few.csv", records(n=300))
        for model, own in USED.items():
            options = [x for pair in {**ALL, **own}.items() for x in pair]
            self.fit("-q", "--model", model, "--protocol", "normal-unique", "--skip-bad", *options,
                     "--normal", "normal",
                     "--out", self.path("first.ckpt"), data=data)
            command = self.json("inspect", self.path("first.ckpt"))["provenance"]["command"]
            for option, value in {**ALL, **own, "--normal": "normal",
                                  "--protocol": "normal-unique"}.items():
                self.assertIn(f" {option} {value} ", command)
            for option in UNUSED[model]:
                self.assertNotIn(f" {option} ", command)
            self.assertIn(" --skip-bad ", command)
            subprocess.run([os.path.abspath(ganad.args.train), *command.split()[1:], "-q", "--out",
                            "second.ckpt"],
                           check=True, cwd=self.tmp.name, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            with open(self.path("first.ckpt"), "rb") as a, \
                    open(self.path("second.ckpt"), "rb") as b:
                self.assertEqual(a.read(), b.read())

    def test_fit_shows_its_protocol_and_the_alternative(self):
        out = ("--epochs", "1", "--out", self.path("way.ckpt"))
        self.assertIn("for records without times: protocol normal, model ganomaly",
                      self.fit(*out).stderr)
        self.assertIn("--with-connection --head", self.fit(*out).stderr)
        self.assertNotIn("chosen", self.fit(*out, "--protocol", "normal").stderr)
        self.assertNotIn("chosen", self.fit(*out, "-q").stderr)
        timed = self.csv("timed.csv", more=",decided", cells=",1")
        self.assertIn("for records with labels: protocol normal", self.fit(*out, data=timed).stderr)
        lines = [",".join(COLUMNS) + ",decided"] + [f"{text},{i}"
                                                    for i, (text, _) in enumerate(self.rows)]
        own = self.write("own.csv", "\n".join(lines) + "\n")
        self.assertIn("for records with times and no labels: protocol baseline",
                      self.fit(*out, data=own).stderr)


if __name__ == "__main__":
    ganad.main()
