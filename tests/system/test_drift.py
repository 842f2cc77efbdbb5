# SPDX-License-Identifier: Apache-2.0
"""Records that differ from those of training are reported, and others are not. --long: a million
records, and more columns that shift."""

import gzip
import hashlib
import json
import os
import random
import struct
import unittest

import ganad
import test_metrics

WITHIN = 10000  # records after the shift
FRAME = 500
# column, its place in a line, sign of the shift, its limit
SHIFTS = [("count", 22, 1, 511), ("src_bytes", 4, 1, None), ("same_srv_rate", 28, -1, 1.0)]
LONG_SHIFTS = SHIFTS + [("dst_bytes", 5, 1, None), ("duration", 0, 1, 58329),
                        ("srv_count", 23, 1, 511),
                        ("srv_diff_host_rate", 30, 1, 1.0), ("dst_host_count", 31, -1, 255),
                        ("dst_host_srv_count", 32, -1, 255),
                        ("dst_host_same_src_port_rate", 35, 1, 1.0)]


def normal_lines(n):
    """n normal lines, drawn from the whole file."""
    with gzip.open(ganad.data_file(), "rt") as f:
        lines = [x.strip() for x in f if x.rstrip().endswith("normal.")]
    return random.Random(1).sample(lines, n)


def shifted(lines, place, sign, most):
    """By one standard deviation, within the range of the column."""
    v = [float(x.split(",")[place]) for x in lines]
    mean = sum(v) / len(v)
    sigma = (sum((x - mean) ** 2 for x in v) / len(v)) ** 0.5
    whole = all(x == int(x) for x in v) and most != 1.0
    for x in lines:
        f = x.split(",")
        to = float(f[place]) + sign * sigma
        to = max(0.0, min(to, most) if most is not None else to)
        f[place] = str(round(to)) if whole else f"{to:.2f}"
        yield ",".join(f)


def frames(lines):
    return [ganad.frame(ganad.SCORE_REQUEST, ganad.request([ganad.record(x.encode())
                                                            for x in lines[i:i + FRAME]]))
            for i in range(0, len(lines) - FRAME + 1, FRAME)]


def send(c, sequence):
    waiting = 0
    for f in sequence:
        c.s.sendall(f)
        waiting += 1
        if waiting == 8:
            c.answer()
            waiting -= 1
    for _ in range(waiting):
        c.answer()


def drift_events(d):
    with open(d.path("alerts")) as f:
        events = [json.loads(x) for x in f]
    return [e for e in events if e["event_type"] == "model"
            and e["action"] in ("drifted", "settled")]


def without_reference(path, to):
    """The same checkpoint as an older version wrote it."""
    with open(path, "rb") as f:
        b = f.read()
    at, end = 56, len(b)
    while at < end:  # fields of the message: all but the reference are of wire type 2, too
        start, key = at, b[at]
        n, shift, at = 0, 0, at + 1
        while True:
            n |= (b[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if b[at - 1] < 128:
                break
        at += n
        if key == 12 << 3 | 2:
            body = b[56:start] + b[at:]
            with open(to, "wb") as f:
                f.write(b[:16] + struct.pack("<Q", len(body)) + hashlib.sha256(body).digest() +
                        body)
            return
    raise AssertionError("no reference")


class Drift(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not ganad.data_file():
            ganad.skip("no KDD99 records: set GANAD_DATA, or tools/fetch-data")
        cls.lines = normal_lines(40000 if ganad.args.long else 16000)
        cls.frames = frames(cls.lines)

    def daemon(self, checkpoint=None, **drift):
        path = checkpoint or os.path.join(ganad.args.source, "models/default/kdd99-egbad.ckpt")
        return ganad.Daemon(outputs=ganad.ALERTS_FILE,
                            models={"m": {"checkpoint": path, "fpr_budget": "0.0001"}},
                            drift=drift, metrics={"unix": "{dir}/metrics.sock"},
                            scoring={"job_memory": "16M"})

    def test_a_column_that_moves_by_one_sigma_is_reported_and_one_that_stays_is_not(self):
        r = random.Random(2)
        for name, place, sign, most in LONG_SHIFTS if ganad.args.long else SHIFTS:
            with self.subTest(name), self.daemon(rate=0) as d, ganad.Conn(d.scoring) as c:
                send(c, r.choices(self.frames, k=40))
                self.assertEqual(drift_events(d), [])
                after = frames(list(shifted(self.lines[:WITHIN], place, sign, most)))
                self.assertEqual(len(after) * FRAME, WITHIN)
                send(c, after)
                ganad.wait_for(lambda: drift_events(d), 10, "the drift is reported")
                events = drift_events(d)
                self.assertEqual({e["action"] for e in events}, {"drifted"})
                self.assertTrue(any(name + ": PSI " in e["reason"] for e in events), events)
                self.assertTrue(events[0]["reason"].endswith("; all columns: ganadctl drift"))
                rows = json.loads(d.ctl("drift", "-J",
                                        control=True).stdout)["models"][0]["features"]
                drifting = {x["feature"] for x in rows if x["drifting"]}
                self.assertIn(name, drifting)
                self.assertEqual([x["psi"] for x in rows],
                                 sorted((x["psi"] for x in rows), reverse=True))
                self.assertIn(name, d.ctl("drift", control=True).stdout.decode())
                _, text = test_metrics.get(test_metrics.Unix(d.path("metrics.sock")))
                metric = test_metrics.samples(text)
                for x in rows:
                    key = 'ganad_drift_psi{model="m",feature="%s"}' % x["feature"]
                    self.assertAlmostEqual(metric[key], x["psi"], delta=1e-6 * max(1, x["psi"]))
                send(c, r.choices(self.frames, k=40))
                ganad.wait_for(lambda: drift_events(d)[-1]["action"] == "settled", 10, "it is over")

    def test_records_like_those_of_training_are_not_reported(self):
        n = 1_000_000 if ganad.args.long else 60_000
        r = random.Random(3)
        with self.daemon(rate=0) as d, ganad.Conn(d.scoring) as c:
            sent, most = 0, 0.0
            while sent < n:
                send(c, r.choices(self.frames, k=40))
                sent += 40 * FRAME
                rows = json.loads(d.ctl("drift", "-J",
                                        control=True).stdout)["models"][0]["features"]
                self.assertTrue(rows)
                most = max(most, rows[0]["psi"])
            self.assertEqual(drift_events(d), [])
            self.assertEqual(d.counter("records_scored"), sent)
            print(f"{sent:,} records, the largest PSI {most:.3f}")

    def test_the_number_of_records_counted_in_a_second_is_limited(self):
        with self.daemon(rate=100, window=800) as d, ganad.Conn(d.scoring) as c:
            send(c, self.frames[:2])
            self.assertEqual(json.loads(d.ctl("drift", "-J",
                                              control=True).stdout)["models"][0]["features"], [])
            self.assertIn("unknown", d.ctl("drift", control=True).stdout.decode())

    def test_an_older_checkpoint_has_no_drift_and_scores_as_before(self):
        path = os.path.join(ganad.args.source, "models/default/kdd99-egbad.ckpt")
        old = os.path.join(ganad.scratch(), "old.ckpt")
        without_reference(path, old)
        scores = []
        for checkpoint in (path, old):
            with self.daemon(checkpoint, rate=0, window=800) as d, ganad.Conn(d.scoring) as c:
                c.s.sendall(self.frames[0])
                scores.append(list(c.answer().score))
                send(c, self.frames[:4])
                rows = json.loads(d.ctl("drift", "-J",
                                        control=True).stdout)["models"][0]["features"]
                self.assertEqual(bool(rows), checkpoint == path)
        self.assertEqual(scores[0], scores[1])

    def test_threshold_0_reports_nothing_and_a_reload_changes_it(self):
        with self.daemon(rate=0, threshold=0) as d, ganad.Conn(d.scoring) as c:
            after = frames(list(shifted(self.lines[:WITHIN], *SHIFTS[0][1:])))
            send(c, after)
            self.assertEqual(drift_events(d), [])
            with open(d.path("ganadd.conf")) as f:
                text = f.read()
            with open(d.path("ganadd.conf"), "w") as f:
                f.write(text.replace("threshold = 0", "threshold = 0.2"))
            self.assertEqual(d.ctl("reload", control=True).returncode, 0)
            send(c, after)
            ganad.wait_for(lambda: drift_events(d), 10, "the drift is reported")


if __name__ == "__main__":
    ganad.main()
