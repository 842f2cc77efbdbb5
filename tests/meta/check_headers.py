# SPDX-License-Identifier: Apache-2.0
"""Each header compiles alone, and twice.
Usage: check_headers.py SOURCE_ROOT BUILD_ROOT COMPILER..."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import tree


def compile_alone(root, build, compiler, name):
    unit = f'#include "{name}"\n#include "{name}" /* and twice */\nint gad_alone;\n'
    cc = subprocess.run(compiler + ["-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                                    "-fsyntax-only", "-x", "c",
                                    "-I", root, "-I", build, "-"],
                        input=unit, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                        check=False)
    return f"{name} does not compile alone:\n{cc.stdout}" if cc.returncode else None


def check(root, build, compiler):
    headers = [n for n in tree.files(root) if n.endswith(".h")]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from filter(None, pool.map(lambda n: compile_alone(root, build, compiler, n),
                                         headers))


if __name__ == "__main__":
    tree.report("headers", list(check(sys.argv[1], sys.argv[2], sys.argv[3:])))
