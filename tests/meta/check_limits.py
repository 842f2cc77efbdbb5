# SPDX-License-Identifier: Apache-2.0
"""The tables of SECURITY.md match the code. Usage: check_limits.py SOURCE_ROOT

Limits: `FILE NAME = VALUE` is in that file, and `[section] key` is a key of the configuration.
Parsers: each file exists. Each fuzz target has a source, a line in tests/fuzz/meson.build and a
corpus, and is in the table."""

import os
import re
import sys

import tree

LIMIT = re.compile(r"`([\w/.]+\.[ch]) (\w+) = ([^`]+)`")
KEY = re.compile(r"`\[(\w+)\] (\w+)`")
ROW = re.compile(r"^\| `([\w/.`, ]+)` \| `(fuzz_\w+)", re.M)


def keys(root):
    return set(re.findall(r'^    \{"(\w+)", "(\w+)",', tree.read(root, "daemon/config/keys.c"),
                          re.M))


def check_values(root, text):
    for file, name, value in LIMIT.findall(text):
        if not os.path.exists(os.path.join(root, file)):
            yield f"SECURITY.md: {file} is not there"
            continue
        source = re.sub(r"\s+", " ", tree.read(root, file))
        if not re.search(r"\b" + name + r" = " + re.escape(value) + r"(?![\w])", source):
            yield f"SECURITY.md: {file} has no {name} = {value}"
    known = keys(root)
    for section, key in KEY.findall(text):
        if (section, key) not in known:
            yield f"SECURITY.md: no key [{section}] {key}"


def check_targets(root, text):
    listed = set()
    for files, target in ROW.findall(text):
        listed.add(target)
        for file in re.findall(r"[\w/.]+\.[ch]", files):
            if not os.path.exists(os.path.join(root, file)):
                yield f"SECURITY.md: {file} is not there"
    there = {n[:-2] for n in os.listdir(os.path.join(root, "tests/fuzz"))
             if re.fullmatch(r"fuzz_\w+\.c", n)} - {"fuzz_main"}
    for name in sorted(there ^ listed):
        why = "not in the table of parsers" if name in there else "no fuzz target"
        yield f"SECURITY.md: {name} is {why}"


def check(root):
    text = tree.read(root, "SECURITY.md")
    if not LIMIT.search(text) or not ROW.search(text):
        yield "SECURITY.md: no tables of limits and parsers"
    yield from check_values(root, text)
    yield from check_targets(root, text)


if __name__ == "__main__":
    tree.report("limits", list(check(sys.argv[1])))
