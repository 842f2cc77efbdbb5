# SPDX-License-Identifier: Apache-2.0
"""A short day of ganadd under valgrind: start, records, alerts, status, a reload that is refused
and one that is not, the live page, a directory of captures, SIGTERM. Also captures with -r. There
must be no memory error and no leak.

    tests/system/valgrind.py --source . --ganadd build/daemon/ganadd \
        --ganadctl build/tools/ganadctl/ganadctl \
        --random-checkpoint build/tests/support/random_checkpoint \
        --capture build/tools/ganad-traffic/attacks.pcap.gz"""

import argparse
import glob
import gzip
import http.client
import os
import re
import shutil
import subprocess
import sys
import unittest

import ganad
import test_metrics

RECORDS, A_FRAME = 3000, 300
CAPTURE = ""


def command(log):
    return ["valgrind", "--quiet", "--leak-check=full", "--show-leak-kinds=all",
            "--errors-for-leak-kinds=all",
            "--error-exitcode=99", f"--log-file={log}", ganad.args.ganadd]


@unittest.skipUnless(shutil.which("valgrind"), "no valgrind here")
class Memory(unittest.TestCase):
    def check(self, code, log):
        with open(log, encoding="utf-8") as f:
            report = f.read()
        self.assertEqual((code, report), (0, ""), report[-4000:])

    def test_service(self):
        with ganad.Daemon(start=False, outputs=ganad.ALERTS_FILE,
                          captures={"incoming": {"directory": "{dir}/in"}},
                          models={"m": {"checkpoint": ganad.checkpoint(), "fpr_budget": "0.02"}},
                          drift={"rate": "0", "window": "800"},
                          metrics={"unix": "{dir}/metrics.sock", "page": "yes"}) as d:
            os.mkdir(d.path("in"))
            log = d.path("valgrind")
            d.process = subprocess.Popen(command(log) + ["-c", d.conf], stdout=subprocess.DEVNULL,
                                         stderr=d.log)
            ganad.wait_for(d.answers, 120, "ganadd serves")
            lines = ganad.synthetic_lines(A_FRAME)
            with ganad.Conn(d.scoring, timeout=120) as c:
                # reasons take half a second here, so there are few alerts
                for i in range(RECORDS // A_FRAME):
                    c.send(ganad.SCORE_REQUEST,
                           ganad.request([ganad.record(x) for x in lines], no_alert=i > 0))
                    self.assertEqual(len(c.answer().score), A_FRAME)
            with gzip.open(CAPTURE, "rb") as src, open(d.path("part"), "wb") as dst:
                shutil.copyfileobj(src, dst)
            os.rename(d.path("part"), d.path("in/1.pcap"))
            for one in (("status",), ("drift",), ("stats", "-n", "1"), ("reload",),
                        ("model", "list"),
                        ("config",)):
                r = d.ctl(*one, control=True)
                self.assertEqual(r.returncode, 0, r.stderr)
            with open(d.conf, "a", encoding="utf-8") as f:
                f.write("[scoring]\nno = 1\n")
            self.assertEqual(d.ctl("reload", control=True).returncode, 1)
            for path in "/metrics", "/live.json", "/", "/nothing":
                answer = test_metrics.get(test_metrics.Unix(d.path("metrics.sock")), path)[0]
                self.assertEqual(answer.status, http.client.NOT_FOUND if path == "/nothing"
                                 else http.client.OK)
            ganad.wait_for(lambda: d.counter("records_scored") > RECORDS, 120,
                           "records of the capture")
            with ganad.Conn(d.scoring) as c:
                c.s.sendall(b"\xff" * 64)
                c.frame()
            self.check(d.stop(300), log)
            self.assertGreater(os.path.getsize(d.path("alerts")), 1000)

    def test_capture(self):
        tmp = ganad.scratch()
        conf, log = os.path.join(tmp, "v.conf"), os.path.join(tmp, "v.log")
        with open(conf, "w", encoding="utf-8") as f:
            f.write(f"[model m]\ncheckpoint = {ganad.checkpoint()}\n")
        shipped = glob.glob(os.path.join(ganad.args.source, "models/default/*.ckpt"))
        self.assertTrue(shipped)
        with open(conf, "a", encoding="utf-8") as f:
            f.write("".join(f"[model m{i}]\ncheckpoint = {os.path.abspath(p)}\nshadow = yes\n"
                            for i, p in enumerate(shipped)))
        r = subprocess.run(command(log) + ["-c", conf, "-r", CAPTURE], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE,
                           check=False, timeout=300 * ganad.SLOW)
        self.check(r.returncode, log)
        self.assertTrue(re.search(rb'"event_type":"alert"', r.stdout))


if __name__ == "__main__":
    p = argparse.ArgumentParser(add_help=False)
    p.add_argument("--capture", required=True)
    mine, rest = p.parse_known_args()
    CAPTURE = mine.capture
    sys.argv[1:] = rest
    ganad.main()
