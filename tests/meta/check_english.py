# SPDX-License-Identifier: Apache-2.0
"""Refuses words that HACKING.md replaces, sentences of documents over 35 words, and long lines.
Usage: check_english.py SOURCE_ROOT

A line that needs a refused word is in ALLOWED, by a part of it."""

import re
import sys

import prose
import tree

REFUSED = {
    "anew": "re-: reopen, reload, reconnect", "thrice": "three times", "naught": "nothing",
    "whoever": "the caller, the peer, the operator",
    "whomever": "the caller, the peer, the operator",
    "nobody": "no client, no caller; or passive", "somebody": "a client, a caller; or passive",
    "told": "reported, emitted", "tells": "reports, shows", "telling": "reporting",
    "stranger": "more anomalous", "strangest": "most anomalous", "as strange": "as anomalous",
    "folder": "directory", "folders": "directories", "made-up": "synthetic",
    "made up": "synthetic; forged",
    "goes away": "closes, is deleted", "go away": "close, are deleted",
    "went away": "closed, was deleted",
    "is gone": "closed, deleted, unreachable", "are gone": "closed, deleted, unreachable",
    "is no more": "ended",
    "is none": "is missing; no ...", "are none": "are missing; no ...", "has none": "has no ...",
    "have none": "have no ...",
    "so many": "N", "so long": "the interval", "oldest go": "the oldest are evicted",
    "oldest goes": "the oldest is evicted",
    "in silence": "unreported", "without a word": "unreported", "rooms": "modules, directories",
    "came of it": "the results", "come of it": "the results", "holds up": "delays, blocks",
    "cut off": "truncated, disconnected",
    "takes over": "applies, replaces", "take over": "apply, replace", "lest": "so that ... not",
}
# File and a part of the line.
ALLOWED = [
    ("tools/check", "chown -R nobody:"),
    # The field of the protocol, and the JSON key, of the spool's directory.
    ("proto/ganad.proto", "string folder = 1;"),
    ("daemon/control/status.c", "to->folder"),
    ("tools/ganadctl/cmd_spool.c", '"folder", directory'),
    ("tools/ganadctl/cmd_spool.c", "object with folder, bytes"),
    ("tools/ganadctl/cmd_status.c", "p->folder"),
    ("tools/ganadctl/ganadctl.1", "the keys folder, bytes"),
    # A JSON key of the report.
    ("tools/ganad-train/report/json.c", '"strangest"'),
    ("tests/system/test_report.py", '"strangest_negatives"'),
    # A user of the system.
    ("tests/system/test_capture.py", '"nobody"'),
    ("tests/system/test_feed_net.py", '"nobody"'),
    ("tests/unit/daemon/test_start.c", '"nobody"'),
]
PATTERN = re.compile(r"(?<![A-Za-z])(" + "|".join(re.escape(w).replace(r"\ ", r"\s+")
                                                  for w in sorted(REFUSED, key=len, reverse=True))
                     + r")(?![A-Za-z])", re.I)
WORDS_MAX = 35  # a sentence
COLUMNS_MAX = 100
DOCUMENT = re.compile(r"\.(md|[1578])$|^conf/[\w.-]+\.conf$")
SELF = "tests/meta/check_english.py"
UNBREAKABLE = re.compile(r"https?://|^\s*\S+$|^\|")  # a link, one word, a row of a table


def is_allowed(name, line):
    return any(name == n and part in line for n, part in ALLOWED)


def words_in(name, text):
    """(line, word); a phrase may go over the end of a line."""
    lines = text.split("\n")
    for m in PATTERN.finditer(text):
        i = text.count("\n", 0, m.start())
        if not m.group().endswith("None") and not is_allowed(name, lines[i]):  # None is Python
            yield i + 1, " ".join(m.group().split())


def check_english(name, text):
    for i, word in words_in(name, text):
        yield f"{name}:{i}: '{word}': write {REFUSED[word.lower()]}"


def long_sentences(name, text):
    for i, paragraph in prose.paragraphs(name, text):
        for s, words in prose.sentences(paragraph):
            if len(words) > WORDS_MAX:
                yield i, len(words), s


def long_lines(name, text):
    """Lines of over COLUMNS_MAX columns that could be shorter."""
    fenced = False
    for i, line in enumerate(text.split("\n"), 1):
        fenced ^= line.startswith("```")
        if len(line) > COLUMNS_MAX and not fenced and not UNBREAKABLE.search(line):
            yield i, len(line)


def check_file(name, text):
    yield from check_english(name, text)
    if DOCUMENT.search(name):
        for i, n, s in long_sentences(name, text):
            yield f"{name}:{i}: a sentence of {n} words, more than {WORDS_MAX}: {s[:60]}..."
    if name.endswith((".c", ".h", ".md")):
        for i, n in long_lines(name, text):
            yield f"{name}:{i}: {n} columns, more than {COLUMNS_MAX}"


def check(root):
    for name in tree.files(root):
        if not prose.DATA.search(name) and name != SELF:
            yield from check_file(name, tree.read(root, name))


if __name__ == "__main__":
    tree.report("english", list(check(sys.argv[1])))
