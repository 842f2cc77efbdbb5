#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the results in meson's testlog.json and prints "PASSED FAILED SKIPPED".

A log without tests is a failure."""

import json
import sys


def count(lines):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for line in lines:
        result = json.loads(line)["result"]
        if result in ("OK", "EXPECTEDFAIL"):
            counts["passed"] += 1
        elif result == "SKIP":
            counts["skipped"] += 1
        else:
            counts["failed"] += 1
    return counts


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as log:
        n = count(log)
    if not any(n.values()):
        sys.exit(f"{sys.argv[1]}: no test ran")
    print(n["passed"], n["failed"], n["skipped"])
