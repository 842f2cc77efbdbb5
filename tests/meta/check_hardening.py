# SPDX-License-Identifier: Apache-2.0
"""Programs are built with hardening against exploits. Usage: check_hardening.py PROGRAM...

Position-independent, relocations read-only before main() (full RELRO), no segment both writable and
executable, stack protector, FORTIFY, no libraries from outside /usr/lib."""

import re

import tree


def check(program):
    text = tree.readelf(program, "--file-header", "--segments", "--dynamic", "--dyn-syms")
    segments = re.findall(r"^ +(\w+) +0x\w+ 0x\w+ 0x\w+ 0x\w+ 0x\w+ ([R ][W ][E ]) ", text, re.M)
    imported = set(re.findall(r" UND (\w+)", text))
    fortified = {s for s in imported if re.fullmatch(r"__\w+_chk", s)}
    stack = [flags for name, flags in segments if name == "GNU_STACK"]

    if not re.search(r"^ +Type: +DYN ", text, re.M):
        yield f"{program}: is not position-independent"
    if "GNU_RELRO" not in [name for name, _ in segments]:
        yield f"{program}: has no RELRO segment"
    if not re.search(r"^ 0x\w+ \(FLAGS(_1)?\) .*\b(BIND_)?NOW\b", text, re.M):
        yield f"{program}: relocations are not final before main(): RELRO is not full"
    if not stack or "E" in stack[0]:
        yield f"{program}: its stack is executable"
    if any(name == "LOAD" and "W" in flags and "E" in flags for name, flags in segments):
        yield f"{program}: a segment is writable and executable"
    for path in re.findall(r"\((?:RPATH|RUNPATH)\) .*\[(.*)\]", text):
        if not all(p.startswith("/usr/lib/") for p in path.split(":")):
            yield f"{program}: looks for libraries in {path}"
    if "__stack_chk_fail" not in imported:
        yield f"{program}: has no stack protector"
    if not fortified:
        yield f"{program}: has no fortified function"


if __name__ == "__main__":
    tree.report_programs("hardening", check)
