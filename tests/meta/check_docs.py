# SPDX-License-Identifier: Apache-2.0
"""Manual pages and --help of the programs list the same options and commands; the pages pass the
linter. Usage: check_docs.py SOURCE_ROOT PROGRAM...; skips without mandoc."""

import os
import re
import subprocess
import sys

import tree

TOP = r"(?:\.ci|conf|daemon|lib|models|proto|systemd|tests|tools)"
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
IN_TICKS = re.compile(rf"`({TOP}/[\w./-]*[\w/])`"
                      rf"|(?<![\w`/.-])({TOP}/[\w./-]*\w\.(?:c|h|py|md|proto|conf|ckpt))\b")
PAGE = re.compile(r"(?:^|/)([a-z][a-z.-]*)\.([1578])$")
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z0-9-]+|-[a-zA-Z])(?![\w-])")
UNIVERSAL = {"-h", "--help"}


def run(*command):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)


def pages(root):
    """{name of the page without its section: path}"""
    return {m.group(1): os.path.join(root, n) for n in tree.files(root) if (m := PAGE.search(n))}


def page_text(path):
    text = run("mandoc", "-T", "utf8", "-O", "width=200", path).stdout
    return re.sub(".\b", "", text).replace("\u2010", "-").replace("\u2212", "-")


def commands(help_text):
    """The words at the head of the lines of the section "Commands:"."""
    section = re.search(r"^Commands:\n((?:  +\S.*\n?)+)", help_text, re.M | re.I)
    return re.findall(r"^  ([a-z][a-z-]*)\s", section.group(1), re.M) if section else []


def check_program(program, path):
    name = os.path.basename(program)
    if not path:
        yield f"{name}: no manual page"
        return
    texts = {name: run(program, "--help")}
    for c in commands(texts[name].stdout):
        texts[f"{name} {c}"] = run(program, c, "--help")
    text, said = page_text(path), set(UNIVERSAL)
    in_page = set(OPTION.findall(text))
    for what, h in texts.items():
        if h.returncode or not h.stdout:
            yield f"{what} --help: exit code {h.returncode}, {len(h.stdout)} bytes"
        said |= set(OPTION.findall(h.stdout))
        if not re.search(rf"\b{what.split()[-1]}\b", text):
            yield f"{what}: not in {os.path.basename(path)}"
    for o in sorted(said - in_page - UNIVERSAL):
        yield f"{name}: {o} is in --help, not in {os.path.basename(path)}"
    for o in sorted(o for o in in_page - said if o.startswith("--")):
        yield f"{name}: {o} is in {os.path.basename(path)}, not in --help"


def check_paths(root, name, text):
    """Every file of the tree that a document names exists. Words in capitals stand for any name."""
    directory = os.path.dirname(name)
    for m in list(LINK.finditer(text)) + list(IN_TICKS.finditer(text)):
        path = next(g for g in m.groups() if g)
        bases = [os.path.join(root, directory), root]
        if not re.search(r"\b[A-Z]{4,}\b|NAME",
                         path) and not any(os.path.exists(os.path.join(b, path)) for b in bases):
            yield f"{name}:{text.count(chr(10), 0, m.start()) + 1}: {path} is not there"


def check(root, programs):
    for name in tree.files(root):
        if name.endswith(".md"):
            yield from check_paths(root, name, tree.read(root, name))
    found = pages(root)
    for page in found.values():
        lint = run("mandoc", "-T", "lint", "-W", "warning", page)
        if lint.returncode:
            yield lint.stdout.strip()
    for program in programs:
        yield from check_program(program, found.get(os.path.basename(program)))


if __name__ == "__main__":
    if not tree.on_path("mandoc"):
        print("skipped: no mandoc on this machine")
        sys.exit(tree.SKIP)
    tree.report("docs", list(check(sys.argv[1], sys.argv[2:])))
