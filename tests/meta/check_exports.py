# SPDX-License-Identifier: Apache-2.0
"""What a file exports, another file of the product calls: no function lives for its tests alone.
Usage: check_exports.py BUILD_ROOT

The objects of lib, models, daemon and tools are read by nm; those of tests count as no callers."""

import glob
import json
import os
import re
import subprocess
import sys

import tree

PRODUCT = ("daemon", "lib", "models", "tools")
# name: why it is there all the same
ALLOWED = {
    "main": "the C library calls it",
    "budget_parse": "a fuzz target and tests parse text without a file",
    "budget_print": "as budget_parse",
    "client_names_add": "tests and a fuzz target make a table without a configuration",
    "client_names_new": "as client_names_add",
    "config_parse": "tests and fuzz targets parse text without a file",
    "gad_checkpoint_pack": "tests make checkpoints in memory",
    "gad_community_id_text": "tests compare it with published IDs",
    "gad_crc32c_table": "tests compare it with the instruction",
    "gad_fields_parse": "a fuzz target parses text without a file",
    "gad_kernel_at": "tests compare all kernels that the processor runs",
    "gad_mem_fail_at": "tests make the k-th allocation fail",
}
SYMBOL = re.compile(r"^(?:[0-9a-f]+ )?([A-Za-z]) (\S+)$")
DEFINED = set("TDRBV")


def objects(root):
    """Those that the build makes now, if it says so; an old build directory has others too."""
    commands = os.path.join(root, "compile_commands.json")
    if os.path.exists(commands):
        with open(commands, encoding="utf-8") as f:
            outputs = [c["output"] for c in json.load(f)]
        return [os.path.join(root, o) for o in outputs if o.split("/")[0] in PRODUCT
                and os.path.exists(os.path.join(root, o))]
    return [o for d in PRODUCT for o in glob.glob(os.path.join(root, d, "**/*.o"), recursive=True)]


def symbols(path):
    """Names that an object exports, and names that it asks for."""
    table = subprocess.run(["nm", path], text=True, stdout=subprocess.PIPE, check=True).stdout
    pairs = [m.groups() for line in table.split("\n") if (m := SYMBOL.match(line.strip()))]
    return {n for kind, n in pairs if kind in DEFINED}, {n for kind, n in pairs if kind == "U"}


def check(root):
    found = {o: symbols(o) for o in objects(root)}
    if not found:
        yield f"{root}: no objects"
    asked = set().union(*(u for _, u in found.values())) if found else set()
    for o, (defined, _) in sorted(found.items()):
        for name in sorted(defined - asked - set(ALLOWED)):
            yield (f"{os.path.relpath(o, root)}: no other file of the product uses '{name}': "
                   "make it static, or delete it if only tests call it")


if __name__ == "__main__":
    if not tree.on_path("nm"):
        print("nm is not installed")
        sys.exit(tree.SKIP)
    tree.report("exports", list(check(sys.argv[1])))
