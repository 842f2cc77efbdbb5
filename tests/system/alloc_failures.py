# SPDX-License-Identifier: Apache-2.0
"""The n-th allocation of the whole process fails, for n of start, configuration, model load and the end of ganadd --test.

Usage: alloc_failures.py [--long] --shim LIB ... (the other options as in ganad.py)

Each run must end by itself with success, or with a message and a status of failure; never by a signal. --long takes
every n, the short form about 200 of them, evenly."""

import os
import subprocess
import unittest

import ganad


def run(conf, n):
    env = dict(os.environ, LD_PRELOAD=ganad.args.shim, GANAD_FAIL_ALLOC=str(n))
    return subprocess.run([ganad.args.ganadd, "-t", "-c", conf], env=env, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=60)


class Allocations(unittest.TestCase):
    def test_check(self):
        tmp = ganad.scratch()
        conf, checkpoint = os.path.join(tmp, "alloc.conf"), os.path.join(tmp, "alloc.ckpt")
        records = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support/records.csv")
        subprocess.run([ganad.args.random_checkpoint, "egbad", "1", records, checkpoint], check=True)
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
