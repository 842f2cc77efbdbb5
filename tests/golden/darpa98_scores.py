#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Scores of trained models on the sample of DARPA 1998: the record and the scores of each listed
attack, and the number of sessions that each model finds anomalous. The only check is that each
session has a score. The figures are for information, because the models were trained on later weeks
of another network.

Usage: darpa98_scores.py --ganadctl PROGRAM --source ROOT [--fpr-budget F] CHECKPOINT..."""

import collections
import csv
import os
import subprocess
import sys

import golden
from darpa98 import SESSIONS, Session

SHOWN = {"duration": 0, "service": 2, "flag": 3, "src_bytes": 4, "dst_bytes": 5, "hot": 9,
         "failed": 10, "in": 11,
         "count": 22, "srv": 23, "serror": 24, "rerror": 26, "h_count": 31, "h_same": 33}


def score(args, checkpoint, capture):
    """Yields a result for each record, in the order of extract."""
    out = subprocess.run([args.ganadctl, "score", "--local", checkpoint, "--format", "csv",
                          "--fpr-budget", args.fpr_budget,
                          capture], check=True, capture_output=True, text=True).stdout
    return list(csv.DictReader(out.splitlines()))


def main():
    args = golden.arguments(__doc__, (["--fpr-budget"], {"default": "0.01"}),
                            (["checkpoint"], {"nargs": "+"}))
    capture = golden.data(args, "darpa98/sample_data01.tcpdump.gz")
    with open(golden.data(args, "darpa98/tcpdump.list")) as f:
        sessions = [Session(line) for line in f.readlines()[1:]]
    found = collections.defaultdict(list)
    for i, r in enumerate(golden.extract(args, capture)):
        if r.protocol == "tcp":
            found[r.src, r.sport, r.dst, r.dport].append((r, i))
    names = [os.path.basename(c).removesuffix(".ckpt") for c in args.checkpoint]
    scores = [score(args, c, capture) for c in args.checkpoint]
    called, of = collections.Counter(), collections.Counter()
    print("session attack      ", *(f"{k:>8}" for k in SHOWN), *(f"{n:>16} p-value" for n in names))
    for s in sessions:
        r, i = min(found[s.key], key=lambda x: abs(x[0].start - s.start * 10**9))
        of[s.attack] += 1
        for name, of_model in zip(names, scores):
            called[name, s.attack] += of_model[i]["anomalous"] == "1"
        if s.attack != "-":
            print(f"{s.id:>7} {s.attack:12}", *(f"{r.cells[k]:>8}" for k in SHOWN.values()),
                  *(f"{float(x[i]['score']):>16.2f}{'!' if x[i]['anomalous'] == '1' else ' '}{float(x[i]['p_value']):.5f}"
                    for x in scores))
    print(f"\nCalled anomalous, with a budget of {args.fpr_budget} of normal records:")
    for name in names:
        print(f"{name}:", ", ".join(f"{a if a != '-' else 'normal'} {called[name, a]} of {of[a]}"
                                    for a in sorted(of)))
    return sum(of.values()) != SESSIONS


if __name__ == "__main__":
    sys.exit(main())
