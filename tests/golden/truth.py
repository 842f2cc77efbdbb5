#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Synthetic traffic with every kind of session and attack: the extracted records must match its
table of the truth, content columns too, and be the same bytes twice. Usage: truth.py --ganadctl
PROGRAM --source ROOT --traffic PROGRAM [--sessions N]"""

import os
import subprocess
import sys
import tempfile

import golden


def extract(args, capture, out):
    subprocess.run([args.ganadctl, "extract", "--with-connection", capture, "--out", out],
                   check=True,
                   stderr=subprocess.DEVNULL)
    with open(out, "rb") as f:
        return f.read()


def main():
    args = golden.arguments(__doc__, (("--traffic",), {"required": True}),
                            (("--sessions",), {"default": "2000"}))
    with tempfile.TemporaryDirectory() as directory:
        capture, truth, records = (os.path.join(directory, name)
                                   for name in ("pcap", "truth", "records"))
        subprocess.run([args.traffic, "--quiet", "--attacks", "--sessions", args.sessions, capture,
                        truth], check=True)
        if extract(args, capture, records) != extract(args, capture, records + ".again"):
            sys.exit("the same capture gave other records")
        here = os.path.dirname(os.path.abspath(__file__))
        sys.exit(subprocess.run([sys.executable, os.path.join(here, "compare_truth.py"),
                                 "--content", records, truth],
                                check=False).returncode)


if __name__ == "__main__":
    main()
