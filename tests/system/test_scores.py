# SPDX-License-Identifier: Apache-2.0
"""A record's score has the same bits by the socket, by --local and in the trainer, and answers
arrive in order."""

import csv
import io
import json
import os
import subprocess
import time
import unittest

import ganad

N = 20000 if ganad.SLOW == 1 else 3000


def records_file():
    if ganad.args.long and ganad.data_file():
        return ganad.data_file()
    path = os.path.join(ganad.scratch(), "records")
    if not os.path.exists(path):
        with open(path, "wb") as f:
            f.writelines(ganad.data_lines(N))
    return path


def checkpoints():
    return [ganad.checkpoint("egbad"), ganad.checkpoint("ganomaly"),
            ganad.checkpoint("anogan")] + ganad.trained()


def name_of(checkpoint):
    r = subprocess.run([ganad.args.train, "inspect", "--json", checkpoint], stdout=subprocess.PIPE,
                       check=True)
    return json.loads(r.stdout)["name"]


def auroc(scores, labels):
    """By ranks; ties share theirs."""
    order = sorted(range(len(scores)), key=scores.__getitem__)
    ranks, i = [0.0] * len(scores), 0
    while i < len(order):
        j = i
        while j < len(order) and scores[order[j]] == scores[order[i]]:
            j += 1
        for k in order[i:j]:
            ranks[k] = (i + j + 1) / 2
        i = j
    positives = sum(labels)
    return (sum(r for r, y in zip(ranks, labels) if y) - positives * (positives + 1) / 2) / (
        positives * (len(labels) - positives))


class Scores(unittest.TestCase):
    def test_socket_and_local_print_the_same_bytes(self):
        """Every line, score, p-value, verdict and hash, in the order of the file; with reasons for
        a part. The daemon finds repeats in its memo, and ganadctl keeps no scores."""
        for checkpoint in checkpoints():
            with self.subTest(checkpoint=checkpoint), \
                    ganad.Daemon(models={name_of(checkpoint): {"checkpoint": checkpoint,
                                                               "search_rate": "1e6"}}) as d:
                for options in (["--format", "csv"], ["--format", "csv", "--top", "41"],
                                ["--format", "json", "--top", "3"], ["--format", "table"]):
                    file = records_file()
                    if "--top" in options or "table" in options:
                        file = os.path.join(ganad.scratch(), "some")
                        with open(file, "wb") as f:
                            f.writelines(ganad.data_lines(1000))
                    start = time.monotonic()
                    socket = d.ctl("score", "--no-alerts", *options, file)
                    seconds = time.monotonic() - start
                    local = ganad.ctl("score", "--local", checkpoint, *options, file)
                    self.assertEqual((socket.returncode, local.returncode), (0, 0),
                                     socket.stderr + local.stderr)
                    self.assertTrue(socket.stdout == local.stdout, "socket and local differ")
                    self.assertGreater(d.counter("memo_hits"), 0)
                    if options == ["--format", "csv"]:
                        rows = list(csv.DictReader(io.StringIO(socket.stdout.decode())))
                        self.assertEqual([int(r["line"]) for r in rows],
                                         list(range(1, len(rows) + 1)))
                        n = (ganad.DATA_ROWS if file == ganad.data_file()
                             else len(ganad.data_lines(N)))
                        self.assertEqual(len(rows), n)
                        self.assertGreater(len({r["score"] for r in rows}), len(rows) // 10)
                        print(f"{os.path.basename(checkpoint)}: {len(rows)} records in "
                              f"{seconds:.2f} s", flush=True)

    def test_a_message_a_record_gives_the_same_bits(self):
        lines = ganad.data_lines(600)
        checkpoint = ganad.checkpoint()
        local = ganad.ctl("score", "--local", checkpoint, "--format", "csv", "-",
                          input=b"".join(lines))
        want = [ganad.bits(r["score"]) for r in csv.DictReader(io.StringIO(local.stdout.decode()))]
        records = [ganad.record(line) for line in lines]
        with ganad.Daemon() as d:
            for n in (1, 7, 300):
                with ganad.Conn(d.scoring) as c:
                    starts = range(0, len(records), n)
                    for i in starts:
                        c.send(ganad.SCORE_REQUEST,
                               ganad.request(records[i:i + n], id=i, no_alert=True))
                    got = []
                    for i in starts:
                        a = c.answer()
                        self.assertEqual(a.id, i)
                        got += map(ganad.bits, a.score)
                    self.assertEqual(got, want, f"{n} records a request")

    def test_the_trainer_finds_the_same_scores(self):
        """eval prints no scores, but its AUROC, threshold and counts are computed from them."""
        if not ganad.data_file():
            self.skipTest("no KDD99 data")
        for checkpoint in [ganad.checkpoint()] + ganad.trained():
            with self.subTest(checkpoint=checkpoint):
                self.compare_with_trainer(checkpoint, records_file())

    def compare_with_trainer(self, checkpoint, file):
        with ganad.Daemon(models={"m": {"checkpoint": checkpoint, "fpr_budget": "0.01"}}) as d:
            r = d.ctl("score", "--no-alerts", "--format", "csv", file)
        self.assertEqual(r.returncode, 0, r.stderr)
        rows = list(csv.DictReader(io.StringIO(r.stdout.decode())))
        opener = ganad.gzip.open if file.endswith(".gz") else open
        with opener(file, "rb") as f:
            attack = [not line.rstrip().endswith(b"normal.") for line in f]
        e = subprocess.run([ganad.args.train, "eval", checkpoint, "--data", file, "--json"],
                           stdout=subprocess.PIPE,
                           check=True)
        e = json.loads(e.stdout)
        self.assertEqual((e["n"], e["positives"]), (len(rows), sum(attack)))
        self.assertEqual(ganad.bits(e["threshold"]), ganad.bits(rows[0]["threshold"]))
        hits = sum(r["anomalous"] == "1" and y for r, y in zip(rows, attack))
        self.assertAlmostEqual(e["recall"], hits / sum(attack), delta=1e-9)
        self.assertAlmostEqual(e["auroc"], auroc([float(r["score"]) for r in rows], attack),
                               delta=1e-9)

    def test_the_largest_values_pass_through_the_socket(self):
        """float32 cannot hold 2^32 - 1: rounding must not put a legal record out of range."""
        line = b"4294967295,tcp,http,SF,9007199254740992,9007199254740992,1"
        line += b",4294967295" * 4 + b",1,4294967295,1,2" + b",4294967295" * 5
        line += b",1,1,511,511" + b",1.00" * 7 + b",255,255" + b",1.00" * 8 + b"\n"
        with ganad.Daemon(models={"random": {"checkpoint": ganad.checkpoint()}}) as d:
            local = ganad.ctl("score", "--local", ganad.checkpoint(), "--format", "csv", "-",
                              input=line)
            self.assertEqual(local.returncode, 0, local.stderr)
            socket = d.ctl("score", "--format", "csv", "-", input=line)
            self.assertEqual(socket.returncode, 0, socket.stderr)
            self.assertEqual(socket.stdout, local.stdout)

    def test_beyond_its_budget_a_model_that_searches_leaves_records_unscored(self):
        """A client of another model at the same time does not wait for it."""
        models = {"quick": {"checkpoint": ganad.checkpoint("egbad")},
                  "search": {"checkpoint": ganad.checkpoint("anogan"), "search_rate": "30",
                             "memo": "0"}}
        lines = ganad.data_lines(500)
        local = ganad.ctl("score", "--local", ganad.checkpoint("anogan"), "--format", "csv", "-",
                          input=b"".join(lines))
        want = {r["line"]: r["score"] for r in csv.DictReader(io.StringIO(local.stdout.decode()))}
        with ganad.Daemon(models=models) as d:
            r = d.ctl("score", "--model", "search", "--no-alerts", "--format", "csv", "-",
                      input=b"".join(lines))
            self.assertEqual(r.returncode, 0, r.stderr)
            rows = list(csv.DictReader(io.StringIO(r.stdout.decode())))
            scored = [row for row in rows if row["score"]]
            self.assertEqual(len(rows), 500)
            self.assertTrue(1 <= len(scored) <= 250, len(scored))
            for row in scored:
                self.assertEqual(row["score"], want[row["line"]])
            for row in rows:
                if not row["score"]:
                    self.assertEqual((row["p_value"], row["anomalous"]), ("", ""))
            self.assertIn(f"{500 - len(scored)} records were not scored".encode(), r.stderr)

            status = d.ctl("status", "--json", control=True)
            search = json.loads(status.stdout)["models"][1]
            self.assertEqual((search["steps"], search["search_rate"]), (20, 30))
            self.assertEqual((search["scored"], search["unscored"]),
                             (len(scored), 500 - len(scored)))
            self.assertEqual(d.counter("records_unscored"), 500 - len(scored))
            text = d.ctl("status", "--all", control=True).stdout.decode()
            self.assertIn("search: 20 steps per search, 30 searches per second, "
                          f"{500 - len(scored)} records unscored", text)
            self.assertNotIn("quick: ", text)

            for form, word in (("table", b"  unscored "),
                               ("json", b'"score":null,"p_value":null,"anomalous":null')):
                r = d.ctl("score", "--model", "search", "--format", form, "-",
                          input=b"".join(lines))
                self.assertEqual(r.returncode, 0, r.stderr)
                self.assertIn(word, r.stdout)
                self.assertEqual(r.stdout.count(b"\n"), 501 if form == "table" else 500)

            # One client requests searches without end; the answers of another arrive as if it were
            # alone.
            records = [ganad.record(line) for line in lines]
            with ganad.Conn(d.scoring) as busy, ganad.Conn(d.scoring) as c:
                waits = []
                for i in range(50):
                    busy.send(ganad.SCORE_REQUEST,
                              ganad.request(records[:250], id=i, model="search", no_alert=True))
                    start = time.monotonic()
                    c.send(ganad.SCORE_REQUEST, ganad.request(records[:1], id=i))
                    self.assertEqual(len(c.answer().score), 1)
                    waits.append(time.monotonic() - start)
                    a = busy.answer()
                    self.assertEqual((a.id, len(a.score)), (i, 250))
                    self.assertGreater(sum(a.unscored), 240)
                self.assertLess(sorted(waits)[25], 0.1 * ganad.SLOW)

    def test_two_models_are_kept_apart(self):
        models = {"a": {"checkpoint": ganad.checkpoint("egbad")},
                  "b": {"checkpoint": ganad.checkpoint("ganomaly")}}
        lines = b"".join(ganad.data_lines(10))
        with ganad.Daemon(models=models) as d:
            seen = {}
            for name in ("", "a", "b"):
                r = d.ctl("score", "--format", "csv", *(["--model", name] if name else []), "-",
                          input=lines)
                self.assertEqual(r.returncode, 0, r.stderr)
                seen[name] = r.stdout
                checkpoint = models[name or "a"]["checkpoint"]
                local = ganad.ctl("score", "--local", checkpoint, "--format", "csv", "-",
                                  input=lines)
                self.assertEqual(r.stdout, local.stdout)
            self.assertEqual(seen[""], seen["a"])
            self.assertNotEqual(seen["a"], seen["b"])
            r = d.ctl("score", "--model", "c", "-", input=lines)
            self.assertEqual(r.returncode, 1)
            self.assertIn(b"no model 'c'", r.stderr)


if __name__ == "__main__":
    ganad.main()
