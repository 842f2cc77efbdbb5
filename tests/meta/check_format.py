# SPDX-License-Identifier: Apache-2.0
"""clang-format would change nothing. Usage: check_format.py SOURCE_ROOT; skips without
clang-format-14."""

import os
import subprocess
import sys

import tree

# Other versions format some details differently: the tree uses that of Debian 12.
PROGRAM = "clang-format-14"


def check(root):
    # names made by macros confuse it
    names = [n for n in tree.c_files(root) if not n.endswith(".inc")]
    if names:
        cf = subprocess.run([PROGRAM, "--dry-run", "-Werror", "--ferror-limit=3", "--style=file"] +
                            names, cwd=root,
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            check=False)
        if cf.returncode:
            yield f"{cf.stdout}\nput right by: {PROGRAM} -i FILE"


if __name__ == "__main__":
    if not tree.on_path(PROGRAM):
        print(f"skipped: no {PROGRAM} on this machine")
        sys.exit(tree.SKIP)
    tree.report("format", list(check(sys.argv[1])))
