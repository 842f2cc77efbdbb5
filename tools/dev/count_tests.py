#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the results in meson's testlog.json and prints "PASSED FAILED SKIPPED".
usage: count_tests.py [--failures] TESTLOG

--failures prints the end of what each failed test wrote instead. A log without tests is a failure."""

import json
import sys

LAST_LINES = 15  # of a failed test


def outcome(test):
    return {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}.get(test["result"], "failed")


def count(lines):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for line in lines:
        counts[outcome(json.loads(line))] += 1
    return counts


def failures(lines):
    """The last lines of each failed test, standard output before standard error."""
    for test in map(json.loads, lines):
        if outcome(test) == "failed":
            text = (test.get("stdout") or "") + (test.get("stderr") or "")
            yield f"== {test['name']}: {test['result']}"
            yield from text.rstrip().split("\n")[-LAST_LINES:]


def main(arguments):
    path = arguments[-1]
    with open(path, encoding="utf-8") as log:
        lines = log.readlines()
    if arguments[0] == "--failures":
        print("\n".join(failures(lines)))
        return
    n = count(lines)
    if not any(n.values()):
        sys.exit(f"{path}: no test ran")
    print(n["passed"], n["failed"], n["skipped"])


if __name__ == "__main__":
    main(sys.argv[1:])
