# SPDX-License-Identifier: Apache-2.0
"""ganad-train report: a well-formed page without external resources, and JSON with the figures of
eval."""

import hashlib
import html.parser
import json
import os
import re
import resource
import signal
import subprocess
import unittest
import xml.dom.minidom

import ganad
from train_case import TrainCase, as_float32, records

SECTIONS = ["figures", "roc-curve", "pr-curve", "classes", "budgets", "scores", "importance",
            "losses"]
PICTURES = ["roc", "roc-log", "precision-recall", "budget-fpr", "budget-tpr", "histogram", "loss-d",
            "loss-g", "loss-e",
            "held-out"]
VOID = {"meta"}


class Page(html.parser.HTMLParser):
    """Parses it as a browser would: tags that close, addresses, handlers."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.bad, self.ids = [], set(), [], []
        self.feed(text)
        self.close()
        if self.open:
            self.bad.append(f"open: {self.open}")

    def attributes(self, tag, attributes):
        self.tags.add(tag)
        for name, value in attributes:
            if name in ("src", "href", "action", "data", "srcset") or name.startswith("on"):
                self.bad.append(f"<{tag} {name}={value}>")
            if name == "id":
                self.ids.append(value)

    def handle_starttag(self, tag, attributes):
        self.attributes(tag, attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.attributes(tag, attributes)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.bad.append(f"</{tag}>")


def path_of(text, picture, css="curve"):
    """The coordinates of a line of a chart."""
    svg = re.search(rf'<svg [^>]*aria-labelledby="{picture}-title .*?</svg>', text, re.S).group()
    d = re.search(rf'<path class="line {css}"[^>]* d="M([^"]*)"', svg).group(1)
    return [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+) (-?[\d.]+)", d)]


class Report(TrainCase):
    def make(self, checkpoint, *arguments, name="report", code=0):
        """(text of the page, JSON)"""
        out = self.path(name + ".html")
        p = self.run_train("report", checkpoint, *arguments, "--out", out, code=code)
        if code:
            return p
        with open(out, encoding="utf-8") as f, open(self.path(name + ".json"),
                                                    encoding="utf-8") as g:
            text, j = f.read(), json.load(g)
        self.check(text)
        self.assertLess(len(text), 500000)
        return text, j

    def check(self, text):
        xml.dom.minidom.parseString(text)  # stricter than any browser
        page = Page(text)
        self.assertEqual(page.bad, [])
        self.assertEqual(len(page.ids), len(set(page.ids)))
        self.assertEqual([i for i in page.ids if i in SECTIONS], SECTIONS)
        self.assertFalse(page.tags & {"script", "link", "img", "iframe", "object", "embed"},
                         page.tags)
        self.assertEqual(set(re.findall(r"https?://[^\"'\s<]*", text)),
                         {"http://www.w3.org/1999/xhtml"})
        clips = {f"#{p}-clip" for p in [*PICTURES, "pr-corner"]}
        self.assertEqual(set(re.findall(r"url\(([^)]*)\)", text)) - clips, set())
        self.assertNotIn("@import", text)
        self.assertNotRegex(text, r"(?i)\bnan\b|\binf\b")

    def same_as_eval(self, j, checkpoint, *arguments):
        for key, value in self.json("eval", checkpoint, *arguments).items():
            self.assertEqual(j[key], value, key)

    def test_it_has_the_figures_of_eval(self):
        data = ("--data", self.data, "--protocol", "normal")
        model = self.path("figures.ckpt")  # of all models only egbad has all pictures
        self.fit("--model", "egbad", "--epochs", "8", "--out", model)
        text, j = self.make(model, *data)
        self.same_as_eval(j, model, *data)
        with open(self.data, "rb") as f:
            sha256 = hashlib.sha256(f.read()).hexdigest()
        self.assertEqual(j["data"], [{"name": "records.csv", "sha256": sha256, "rows": 3000,
                                      "bad_lines": 0}])
        for key, figures in self.json("inspect", model)["provenance"]["history"].items():
            self.assertEqual([f"{x:.6g}" for x in j["history"][key]], [f"{x:.6g}" for x in figures])
        for word in (sha256, j["sha256"], "ganad-train", "sees no test label",
                     f"{j['n']:,} test rows",
                     f"{j['auroc']:.4f}", "kept: 8"):
            self.assertIn(word, text)
        for picture in PICTURES:
            self.assertIn(f'aria-labelledby="{picture}-title {picture}-desc"', text)
        self.assertEqual(text.count("<svg "), text.count("</svg>"))

    def test_budgets_and_counts_agree_with_the_scores(self):
        _, j = self.make(self.checkpoint, "--data", self.data)
        scores, labels = self.scores(self.checkpoint), self.labels()
        normal = [s for s, label in zip(scores, labels) if label == "normal"]
        attacks = [s for s, label in zip(scores, labels) if label != "normal"]
        self.assertEqual([b["budget"] for b in j["budgets"]],
                         [.1, .05, .02, .01, .005, .002, .001, .0005, .0002, .0001])
        for b in j["budgets"]:
            threshold = as_float32(b["threshold"])
            above = sum(s > threshold for s in normal)
            self.assertEqual(b["false_positives"], above)
            self.assertAlmostEqual(b["fpr"], above / len(normal), 9)
            self.assertAlmostEqual(b["recall"], sum(s > threshold for s in attacks) / len(attacks),
                                   9)
            self.assertTrue(b["fpr_interval"][0] <= b["fpr"] <= b["fpr_interval"][1])
        at = next(b for b in j["budgets"] if b["budget"] == 0.01)
        self.assertEqual((at["threshold"], at["fpr"], at["fpr_interval"]),
                         (j["threshold"], j["fpr"], j["fpr_interval"]))
        h = j["histogram"]
        self.assertEqual((sum(h["negative"]), sum(h["positive"])), (len(normal), len(attacks)))
        self.assertEqual(h["edge"], sorted(h["edge"]))
        self.assertGreaterEqual(h["edge"][-1] * (1 + 1e-6), max(scores))
        for point in j["curve"]:
            self.assertEqual(point["tp"], sum(s >= as_float32(point["score"]) for s in attacks))
        importance = j["importance"]
        self.assertAlmostEqual(sum(importance["overall"].values()), 1, 6)
        for group in [*importance["flagged"].values(), importance["strangest_negatives"]]:
            self.assertAlmostEqual(sum(group["share"].values()), 1, 6)
        flagged = {c: n["detected"] for c, n in j["per_category"].items() if c != "normal"
                   and n["detected"]}
        self.assertEqual({c: g["rows"] for c, g in importance["flagged"].items()}, flagged)

    def test_curves_end_where_they_must(self):
        text, j = self.make(self.checkpoint, "--data", self.data, "--protocol", "normal")
        last = j["curve"][-1]
        self.assertEqual((last["tp"], last["fp"]), (j["positives"], j["n"] - j["positives"]))
        roc, pr = path_of(text, "roc"), path_of(text, "precision-recall")
        left, right, top, bottom = 56, 416, 40, 254
        self.assertEqual((roc[0], roc[-1]), ((left, bottom), (right, top)))
        self.assertEqual(pr[0], (left, top))
        chance = bottom - (bottom - top) * j["positives"] / j["n"]
        self.assertEqual(pr[-1][0], right)
        self.assertAlmostEqual(pr[-1][1], chance, delta=0.06)
        self.assertEqual(roc, sorted(roc, key=lambda p: (p[0], -p[1])))

    def test_same_input_same_bytes(self):
        out = []
        for name in ("a", "b"):
            text, _ = self.make(self.checkpoint, "--data", self.data, name=name)
            with open(self.path(name + ".json"), "rb") as f:
                out.append((text, f.read()))
        self.assertEqual(out[0], out[1])
        text, j = self.make(self.checkpoint, "--data", self.data, "--name", "A <b> & \u00e9",
                            "--date", "2026-11-25")
        self.assertEqual((j["title"], j["date"]), ("A <b> & \u00e9", "2026-11-25"))
        self.assertIn("<h1>A &lt;b&gt; &amp; \u00e9</h1>", text)
        self.assertIn("2026-11-25", text)

    def test_hostile_names_are_text(self):
        label = "</td><script>x()</script>\"'&"
        name = "a<img src=x onerror=y>&\"'\n\x1b\u202e.csv"
        data = self.write(name, self.text.replace(",nmap.", f",{label}."))
        text, j = self.make(self.checkpoint, "--data", data)
        self.assertIn("&lt;/td&gt;&lt;script&gt;x()&lt;/script&gt;&quot;&#39;&amp;", text)
        self.assertIn("a&lt;img src=x onerror=y&gt;&amp;&quot;&#39;\\x0a\\x1b\\xe2\\x80\\xae.csv",
                      text)
        self.assertEqual(j["per_class"][label]["category"], "unknown")
        self.assertEqual(j["data"][0]["name"],
                         "a<img src=x onerror=y>&\"'\\x0a\\x1b\\xe2\\x80\\xae.csv")

    def test_many_classes_do_not_make_a_long_page(self):
        lines = [re.sub(r"[a-z]+\.$", f"class-{i % 1000:025d}.", line)
                 for i, line in enumerate(self.text.splitlines())]
        data = self.write("classes.csv", "\n".join(lines) + "\n")
        text, j = self.make(self.checkpoint, "--data", data)
        self.assertEqual(len(j["per_class"]), 1000)
        self.assertIn("900 more classes are in the JSON", text)

    def test_rows_without_labels_have_what_needs_no_labels(self):
        plain = self.write("plain.csv", records(seed=5, n=500, labelled=False))
        text, j = self.make(self.checkpoint, "--data", plain)
        self.assertEqual((j["labelled"], j["n"], j["positives"], j["auroc"], j["curve"],
                          j["per_class"]),
                         (False, 500, None, None, [], {}))
        self.assertEqual(text.count("the rows have no labels"), 5)
        self.assertEqual(sum(j["histogram"]["rows"]), 500)
        self.assertEqual(j["importance"]["flagged"]["flagged"]["rows"], j["flagged"])
        for b in j["budgets"]:
            self.assertEqual(b["recall"], None)
            self.assertEqual([b[k] for k in ("fpr", "fpr_interval", "false_positives",
                                             "precision")], [None] * 4)
            threshold = as_float32(b["threshold"])
            self.assertEqual(b["flagged"], sum(s > threshold
                                               for s in self.scores(self.checkpoint, plain)))
        self.assertIn('aria-labelledby="histogram-title', text)
        self.assertNotIn('aria-labelledby="roc-title', text)
        p = self.make(self.checkpoint, "--data", plain, self.data, code=1)
        self.assertIn("some rows have labels and some do not", p.stderr)

    def test_one_class_alone_has_no_curve(self):
        for name, keep, words in (("normal", True, "is a positive"),
                                  ("attacks", False, "is a negative")):
            lines = [x for x in self.text.splitlines(True) if x.endswith("normal.\n") == keep]
            data = self.write(name + ".csv", "".join(lines))
            text, j = self.make(self.checkpoint, "--data", data)
            self.same_as_eval(j, self.checkpoint, "--data", data)
            self.assertIsNone(j["auroc"])
            self.assertIn(words, text)
            self.assertNotIn('aria-labelledby="roc-title', text)

    def test_equal_scores_and_one_row_are_drawn(self):
        line = self.text.splitlines(True)[0].rsplit(",", 1)[0]
        for text_of_rows in (f"{line},normal.\n" * 20 + f"{line},smurf.\n" * 10,
                             f"{line},smurf.\n"):
            data = self.write("equal.csv", text_of_rows)
            text, j = self.make(self.checkpoint, "--data", data)
            self.same_as_eval(j, self.checkpoint, "--data", data)
            self.assertEqual(sum(j["histogram"]["positive"]), text_of_rows.count("smurf"))
            if j["auroc"] is not None:
                self.assertEqual((j["auroc"], len(j["curve"])), (0.5, 1))
                self.assertEqual(path_of(text, "roc"), [(56, 254), (416, 40)])

    def test_rows_limits_what_is_scored_and_a_search_has_fewer_reasons(self):
        searches = self.path("searches.ckpt")
        self.fit("--out", searches, "--model", "anogan", "--epochs", "1", "--steps", "5")
        data = ("--data", self.data, "--protocol", "normal", "--rows", "200")
        text, j = self.make(searches, *data)
        self.same_as_eval(j, searches, *data)
        self.assertEqual(j["n"], 200)
        self.assertEqual(sum(j["histogram"]["negative"]) + sum(j["histogram"]["positive"]), 200)
        for group in j["importance"]["flagged"].values():
            self.assertLessEqual(group["explained"], 25)
        self.assertIn("its part of the reconstruction error", text)
        self.assertNotIn('aria-labelledby="loss-e-title', text)  # it has no encoder

    def test_test_labels_are_warned_of(self):
        survey = self.path("survey.ckpt")
        self.fit("--out", survey, "--protocol", "survey", "--epochs", "2", "--keep", "test-labels")
        data = ("--data", self.data, "--protocol", "survey")
        text, j = self.make(survey, *data)
        self.same_as_eval(j, survey, *data)
        self.assertEqual(j["positive"], "normal")
        self.assertIn('class="warning">WARNING</dt>', text)
        self.assertIn("80th percentile of the test scores", text)
        self.assertIn("--keep test-labels", " ".join(j["warnings"]))
        self.assertIn("the epoch was chosen by the labels", text)
        self.assertIn("the epoch was chosen by the labels",
                      self.run_train("eval", survey, *data).stderr)

    def test_shipped_checkpoints_have_no_history_and_it_says_so(self):
        lines = ganad.data_lines(20000)
        data = self.path("some.csv")
        with open(data, "wb") as f:
            f.writelines(lines)
        for checkpoint in ganad.trained():
            text, j = self.make(checkpoint, "--data", data)
            self.same_as_eval(j, checkpoint, "--data", data)
            has = "history" in self.json("inspect", checkpoint)["provenance"]
            self.assertEqual((j["history"] is not None, "has no training history" not in text),
                             (has, has))

    def test_where_the_json_goes(self):
        for out, want in (("x.html", "x.json"), ("y.htm", "y.json"), ("z", "z.json"),
                          ("v.1", "v.1.json")):
            p = self.run_train("report", self.checkpoint, "--data", self.data, "--rows", "50",
                               "--out", self.path(out))
            self.assertEqual(p.stdout.split(), [self.path(out), self.path(want)])
            self.assertTrue(os.path.exists(self.path(want)))
        self.run_train("report", self.checkpoint, self.data, "--rows", "50", "-o",
                       self.path("w.html"), "--json", self.path("other"))
        self.assertTrue(os.path.exists(self.path("other")))
        self.assertFalse(os.path.exists(self.path("w.json")))

    def test_what_cannot_be_written_leaves_the_old_files(self):
        directory = self.path("full")
        os.mkdir(directory)
        for name in ("r.html", "r.json"):
            with open(os.path.join(directory, name), "w") as f:
                f.write("old")

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))

        command = [ganad.args.train, "report", self.checkpoint, "--data", self.data, "--out",
                   os.path.join(directory, "r.html")]
        cases = [(command, limit, "cannot write"),
                 ([*command, "--json", "/no/such/directory/r.json"], None,
                  "/no/such/directory/r.json"),
                 ([*command, "--json", self.tmp.name], None, "is a directory"),
                 ([*command[:-1], "/no/such/directory/r.html", "--json",
                   os.path.join(directory, "r.json")], None, "r.html")]
        for arguments, before, words in cases:
            p = subprocess.run(arguments, text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, timeout=100 * ganad.SLOW, preexec_fn=before)
            self.assertEqual(p.returncode, 1)
            self.assertIn(words, p.stderr)
            self.assertEqual(sorted(os.listdir(directory)), ["r.html", "r.json"])
            for name in ("r.html", "r.json"):
                with open(os.path.join(directory, name)) as f:
                    self.assertEqual(f.read(), "old")

    def test_wrong_usage_is_named(self):
        cases = [((), "checkpoint"), ((self.checkpoint,), "--data"),
                 ((self.checkpoint, self.data), "--out"),
                 ((self.checkpoint, self.data, "--out", "x", "--json", "x"), "two files"),
                 ((self.checkpoint, self.data, "--out", "x", "--name", b"\xff"), "UTF-8"),
                 ((self.checkpoint, self.data, "--out", "x", "--fpr", "0"), "--fpr")]
        for arguments, words in cases:
            p = subprocess.run([ganad.args.train, "report", *arguments], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE,
                               timeout=100 * ganad.SLOW)
            self.assertEqual((p.returncode, p.stdout), (2, b""))
            self.assertIn(words.encode(), p.stderr)


if __name__ == "__main__":
    ganad.main()
