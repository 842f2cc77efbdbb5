# SPDX-License-Identifier: Apache-2.0
"""Shared by the checks of the tree: the list of its files, and C text without comments."""

import os
import re
import subprocess
import sys

SKIP = 77  # meson's exit code for a test that could not be run
BUILD_DIRECTORY = re.compile(r"(^|/)(\.git|build[^/]*|__pycache__)/")


def files(root):
    """Paths, relative to root, of all files that are or could be committed; sorted."""
    git = subprocess.run(["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z", "--cached",
                          "--others",
                          "--exclude-standard"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         check=False) \
        if os.path.exists(os.path.join(root, ".git")) and on_path("git") else None
    if git and git.returncode == 0 and git.stdout:
        names = git.stdout.decode().split("\0")
    else:  # a tree without git, such as an unpacked archive
        names = [os.path.relpath(os.path.join(d, f), root) for d, _, fs in os.walk(root)
                 for f in fs]
    names = [n for n in names if n and not BUILD_DIRECTORY.search(n)]
    return sorted(n for n in set(names) if os.path.isfile(os.path.join(root, n)))


def on_path(program):
    return any(os.access(os.path.join(d, program), os.X_OK)
               for d in os.environ.get("PATH", "").split(":"))


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def c_files(root):
    return [n for n in files(root) if n.endswith((".c", ".h", ".inc"))]


STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/',
                               re.S)


def code_only(text):
    """Blanks comments and the insides of strings; line numbers stay the same."""
    def blank(m):
        s = m.group()
        return s[0] + s[0] if s[0] in "\"'" else " " + "\n" * s.count("\n")
    return STRING_OR_COMMENT.sub(blank, text)


def readelf(program, *what):
    return subprocess.run(["readelf", "-W", *what, program], text=True, stdout=subprocess.PIPE,
                          check=True).stdout


def report_programs(name, check):
    """Reports the findings of check() in the programs of the command line, which it reads by
    readelf."""
    if not on_path("readelf"):
        print("readelf is not installed")
        sys.exit(SKIP)
    report(name, [b for program in sys.argv[1:] for b in check(program)])


def report(name, breaches):
    """Prints the breaches and exits with meson's codes."""
    for b in breaches:
        print(b)
    print(f"{name}: {len(breaches)} breaches")
    sys.exit(1 if breaches else 0)
