# SPDX-License-Identifier: Apache-2.0
"""clang-format would change nothing. Usage: check_format.py SOURCE_ROOT; skips without clang-format."""

import os
import subprocess
import sys

import tree

# Another version formats some corners differently: the one that counts is Debian 12's.
PROGRAMS = ["clang-format-14", "clang-format"]


def check(root):
    program = next(p for p in PROGRAMS if tree.on_path(p))
    names = [n for n in tree.c_files(root) if not n.endswith(".inc")]  # names made by macros confuse it
    if names:
        cf = subprocess.run([program, "--dry-run", "-Werror", "--ferror-limit=3", "--style=file"] + names, cwd=root,
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if cf.returncode:
            yield f"{cf.stdout}\nput right by: {program} -i FILE"


if __name__ == "__main__":
    if not any(tree.on_path(p) for p in PROGRAMS):
        print("skipped: no clang-format on this machine")
        sys.exit(tree.SKIP)
    tree.report("format", list(check(sys.argv[1])))
