# SPDX-License-Identifier: Apache-2.0
"""Fails the n-th allocation of the whole process. One kind of run is ganadd --test: start,
configuration, model load and exit. The other is a ganadd that serves a request, alerts, metrics,
status, a reload, and exits.

Usage: alloc_failures.py [--long] --shim LIB ... (the other options as in ganad.py)

Each run must exit with success, or with a message and a status of failure, never by a signal, and
its answers must be right. --long takes every n for the first kind, and 180 after the start for the
second. The short form takes about 200 and 10."""

import contextlib
import http.client
import json
import os
import subprocess
import unittest

import ganad
import test_metrics


def run(conf, n):
    env = dict(os.environ, LD_PRELOAD=ganad.args.shim, GANAD_FAIL_ALLOC=str(n))
    return subprocess.run([ganad.args.ganadd, "-t", "-c", conf], env=env, text=True,
                          errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=60)


ROWS = 40
# libevent 2.1.12 crashes where evhttp accepts a connection and has no memory. When the copy of the
# peer's address fails, it frees a connection that has no base yet. When the lists of a request's
# headers fail, it clears lists that do not exist. Such runs are counted and not failed, because
# none of our code is on the stack.
LIBEVENT = ("evhttp_connection_base_bufferevent_new: strdup failed", "evhttp_request_new: calloc")


def says_why(log):
    """A thread that cannot be created is reported with EAGAIN."""
    return "memory" in log.lower() or "Resource temporarily unavailable" in log


def start(d, n):
    env = dict(os.environ, LD_PRELOAD=ganad.args.shim, GANAD_FAIL_ALLOC=str(n))
    d.process = subprocess.Popen([ganad.args.ganadd, "-c", d.conf], stdout=subprocess.DEVNULL,
                                 stderr=d.log, env=env)
    ganad.wait_for(lambda: d.process.poll() is not None or d.answers(), 30,
                   "ganadd serves or has ended")


def use(d):
    """Runs an ordinary day; returns the scores, or None if they were refused."""
    answer = None
    frame = ganad.request([ganad.record(x) for x in ganad.synthetic_lines(ROWS)])
    with contextlib.suppress(OSError, ganad.Closed, AssertionError, KeyError):
        with ganad.Conn(d.scoring) as c:
            c.send(ganad.SCORE_REQUEST, frame)
            answer = c.answer()
    for command in ("status",), ("reload",), ("drift",):
        d.ctl(*command, control=True)
    with contextlib.suppress(OSError, http.client.HTTPException):
        test_metrics.get(test_metrics.Unix(d.path("metrics.sock")), "/live.json")
    return answer


def live(checkpoint, n):
    """Returns (exit status, answer or None, alerts in the file, log)."""
    with ganad.Daemon(start=False, models={"m": {"checkpoint": checkpoint, "fpr_budget": "0.5"}},
                      outputs=ganad.ALERTS_FILE,
                      metrics={"unix": "{dir}/metrics.sock", "page": "yes"}) as d:
        start(d, n)
        answer = use(d) if d.process.poll() is None else None
        if d.process.poll() is None:
            d.process.terminate()
        code = d.process.wait(60)
        alerts = 0
        if os.path.exists(d.path("alerts")):
            with open(d.path("alerts")) as f:
                alerts = sum(json.loads(x)["event_type"] == "alert" for x in f)
        return code, answer, alerts, d.read_log()


class Allocations(unittest.TestCase):
    def test_serving(self):
        checkpoint = ganad.checkpoint()
        code, right, alerts, log = live(checkpoint, 0)
        self.assertEqual((code, alerts), (0, sum(right.anomalous)), log)
        self.assertGreater(alerts, 3)
        total = int(log.rsplit("allocations: ", 1)[1])
        first = total // 2 if not ganad.args.long else total * 9 // 10
        step = max(1, (total - first) // (180 if ganad.args.long else 10))
        faults = ended = refused = libevent = 0
        for n in range(first, total + 1, step):
            code, answer, reported, log = live(checkpoint, n)
            why = ""
            if code == -11 and any(x in log for x in LIBEVENT):
                libevent += 1
            elif code not in (0, 1):
                why = f"status {code}"
            elif code == 1 and not says_why(log):
                why = "ended without a message about memory"
            elif answer and list(answer.score) != list(right.score):
                why = "other scores"
            elif answer and code == 0 and reported != alerts and not says_why(log):
                why = f"{reported} alerts of {alerts}, and no message"
            ended += code == 1
            refused += answer is None
            faults += bool(why)
            if why:
                print(f"allocation {n} of {total}: {why}: '{log[-300:]}'")
        print(f"{total} allocations of a day, step {step}: {ended} ended it, {refused} without an "
              f"answer, {libevent} of "
              f"libevent's own, {faults} faults")
        self.assertEqual(faults, 0)

    def test_check(self):
        tmp = ganad.scratch()
        conf, checkpoint = os.path.join(tmp, "alloc.conf"), os.path.join(tmp, "alloc.ckpt")
        records = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support/records.csv")
        subprocess.run([ganad.args.random_checkpoint, "egbad", "1", records, checkpoint],
                       check=True)
        with open(conf, "w", encoding="utf-8") as f:
            f.write(f"[model m]\ncheckpoint = {checkpoint}\n")
        good = run(conf, 0)
        self.assertEqual(good.returncode, 0, good.stderr)
        total = int(good.stderr.rsplit("allocations: ", 1)[1])
        self.assertGreater(total, 10)
        step = 1 if ganad.args.long else max(1, total // 200)
        refused = faults = 0
        for n in range(1, total + 1, step):
            r = run(conf, n)
            refused += r.returncode != 0
            if r.returncode < 0 or (r.returncode and not r.stderr.strip()):
                faults += 1
                print(f"allocation {n} of {total}: status {r.returncode}, '{r.stderr[-200:]}'")
        print(f"{total} allocations, step {step}: {refused} refused, {faults} faults")
        self.assertGreater(refused, 0)
        self.assertEqual(faults, 0)


if __name__ == "__main__":
    ganad.main()
