# SPDX-License-Identifier: Apache-2.0
"""What files must not contain, and what they must. Usage: check_source.py SOURCE_ROOT"""

import re
import sys

import tree

LINES_MAX = 500
C_LINES_MAX = 600
SOURCE = (".c", ".h", ".inc", ".proto", ".py", ".sh", ".build", ".in", ".conf", ".service",
          ".sysusers", ".tmpfiles", ".1",
          ".5", ".7", ".8")
NAMED = ("meson_options.txt", ".clang-format", ".clang-tidy")
DATA = re.compile(r"tests/fuzz/corpus/|tests/.*/(corpus|data|golden)/|models/default/"
                  r"|daemon/metrics/page/vendor/|\.webp$")

# The words are assembled here, so that this file does not contain what it searches for.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b|\bplace" r"holder|\bst"
                        r"ub(s|bed)?\b"
                        r"|\bnot (yet )?imple" r"mented\b")
MACHINE = re.compile(r"(?<![\w.])/(wo" r"rk|ro" r"ot|ho" r"me)/\w")

CALL = r"(?<![\w.>])({})\s*\("
ANYWHERE = re.compile(CALL.format(
    "strcpy|stpcpy|strcat|v?sprintf|gets|alloca|ato[ilf]|atoll|v?f?scanf|v?sscanf|strtou?ll?"
    "|strtou?l|strtof|strtok"
    "|s?rand|random|localtime|gmtime|ctime|asctime|tmpnam|mktemp|system|popen|bcopy|bzero"))
HEAP = re.compile(CALL.format(
    "malloc|calloc|realloc|reallocarray|aligned_alloc|posix_memalign|strn?dup|v?asprintf|free"))
LIBRARY = re.compile(CALL.format(
    "v?printf|v?fprintf|v?dprintf|puts|fputs|putchar|perror|exit|_exit|quick_exit|abort|syslog"
    "|sleep|usleep|nanosleep"
    "|signal|sigaction|setlocale|fork"))
TYPEDEF = re.compile(r"\btypedef\s+(struct|union|enum)\b")


def lines_with(pattern, text):
    for i, line in enumerate(text.split("\n"), 1):
        m = pattern.search(line)
        if m:
            yield i, m.group().rstrip(" (")


def check_c(name, text):
    code = tree.code_only(text)
    rules = [(ANYWHERE, "has no bound or no thread safety; see HACKING.md"),
             (TYPEDEF, "structs, unions and enums keep their names")]
    if not name.startswith("tests/") and name != "lib/base/mem.c":
        rules.append((HEAP, "memory comes from lib/base/mem.h"))
    if name.startswith(("lib/", "models/")) and name != "lib/base/mem.c":
        rules.append((LIBRARY, "the library does not speak, sleep, fork or end the program"))
    for pattern, why in rules:
        for i, what in lines_with(pattern, code):
            yield f"{name}:{i}: {what}: {why}"
    if name.endswith(".h") and "#pragma once" not in text:
        yield f"{name}: no #pragma once"


def check_file(name, text):
    if name.endswith((".c", ".h", ".inc")):
        yield from check_c(name, text)
    if name.endswith(SOURCE) or name in NAMED or text.startswith("#!"):
        if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text.split("\n")[:3]):
            yield f"{name}: no SPDX-License-Identifier: Apache-2.0 in its first three lines"
        most = C_LINES_MAX if name.endswith((".c", ".h", ".proto")) else LINES_MAX
        if text.count("\n") > most:
            yield f"{name}: {text.count(chr(10))} lines, more than {most}"
    if name != "LICENSE":
        for i, what in lines_with(UNFINISHED, text):
            yield f"{name}:{i}: '{what}': finish it, or say in an issue what is missing"
        for i, what in lines_with(MACHINE, text):
            yield f"{name}:{i}: '{what}...' is a path of one machine"
    if text and not text.endswith("\n"):
        yield f"{name}: no line end at the end"


def check(root):
    for name in tree.files(root):
        if not DATA.search(name):
            yield from check_file(name, tree.read(root, name))


if __name__ == "__main__":
    tree.report("source", list(check(sys.argv[1])))
