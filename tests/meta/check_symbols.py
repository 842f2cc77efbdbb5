# SPDX-License-Identifier: Apache-2.0
"""The library has no mutable globals, and its exported names begin with gad_. Usage:
check_symbols.py ARCHIVE..."""

import re
import subprocess
import sys

import tree

# name: the reason for the exception
GLOBALS = {
    "n_allocations": "failing allocations in tests, lib/base/mem.h",
    "fail_at": "failing allocations in tests, lib/base/mem.h",
    "once": "OpenBLAS is set once to use one thread, lib/nn/mat.c",
}
MEMBER = re.compile(r"^(\S+\.o):\s")
# address, seven flag columns, section, size, [.visibility] name
SYMBOL = re.compile(r"^[0-9a-f]+ (.{7}) (\S+)\t([0-9a-f]+) +(?:\.\w+ +)?(\S+)$")


def check(archive):
    table = subprocess.run(["objdump", "-t", archive], text=True, stdout=subprocess.PIPE,
                           check=True).stdout
    member, n = "?", 0
    for line in table.split("\n"):
        m = MEMBER.match(line)
        if m:
            member = m.group(1)
        m = SYMBOL.match(line)
        if not m:
            continue
        n += 1
        flags, section, size, name = m.groups()
        mutable = re.fullmatch(r"\.(t?data|t?bss)(\..*)?|\*COM\*",
                               section) and not section.startswith(".data.rel.ro")
        if mutable and "O" in flags and int(size, 16) and name.split(".")[0] not in GLOBALS:
            yield f"{member}: '{name}' is a mutable global ({section}, {int(size, 16)} bytes)"
        if flags[0] in "gu!" and section != "*UND*" and not name.startswith("gad_"):
            yield f"{member}: exports '{name}'; a name that others see starts with gad_"
    if not n:
        yield f"{archive}: no symbols at all"


if __name__ == "__main__":
    tree.report("symbols", [b for archive in sys.argv[1:] for b in check(archive)])
