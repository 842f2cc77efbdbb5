# SPDX-License-Identifier: Apache-2.0
"""The text of the tree that people read, as paragraphs with their lines: documents, manual pages,
comments and messages."""

import io
import re
import tokenize

import tree

DATA = re.compile(r"tests/fuzz/corpus/|tests/.*/(corpus|data|golden)/|models/default/"
                  r"|daemon/metrics/page/vendor/|^LICENSE$|\.webp$")
PAGE = re.compile(r"\.[1578]$")
HASH = re.compile(r"\.(sh|build|conf|in|service|socket|timer|sysusers|tmpfiles|yml|yaml"
                  r"|toml|preset)$"
                  r"|^meson_options\.txt$|^debian/")
SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[`]*[A-Z`])")
WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*|\d[\d.,]*")
CODE = re.compile(r"`[^`]*`|\]\([^)]*\)|<[^>]*>")
INLINE = {"Nm", "Ar", "Cm", "Dq", "Em", "Ev", "Fl", "Ic", "Li", "Pa", "Pq", "Ql", "Qq", "Sq", "Sy",
          "Va", "Vt", "Xr", "No", "Ns", "Op", "Oc", "Po", "Pc", "Aq", "Sx", "Brq", "Lk"}


def markdown(text):
    """Paragraphs and list items; no code, no tables, no headings."""
    fenced, part, start = False, [], 1
    for i, line in enumerate(text.split("\n") + [""], 1):
        begins = line.startswith("```")
        if begins:
            fenced = not fenced
        ends = (begins or fenced or not line.strip() or line.startswith(("|", "#", "    "))
                or re.match(r"\s*([-*]|\d+\.) ", line))
        if ends and part:
            yield start, " ".join(part)
            part = []
        if begins or fenced or not line.strip() or line.startswith(("|", "#", "    ")):
            continue
        if not part:
            start = i
        part.append(CODE.sub(" x ", re.sub(r"^\s*([-*]|\d+\.) ", "", line)))


def manual(text):
    """Paragraphs of a page in mdoc: what stands between macros that end one."""
    literal, part, start = False, [], 1
    for i, line in enumerate(text.split("\n") + [".Pp"], 1):
        words = line[1:].split() if line.startswith(".") else []
        macro = words[0] if words else ""
        if macro == "Bd":
            literal = "-literal" in line or "-unfilled" in line
        elif macro == "Ed":
            literal = False
        if literal or line.startswith('.\\"'):
            continue
        if words and macro not in INLINE:
            if part:
                yield start, " ".join(part)
                part = []
            continue
        if not part:
            start = i
        part.append(" ".join(w for w in words[1:] if w not in INLINE) if words
                    else line.replace("\\&", ""))


def c_comments(text):
    """Each comment; what its lines draw (columns of two or more blanks, arrows) is not prose."""
    for m in tree.STRING_OR_COMMENT.finditer(text):
        s = m.group()
        if s[0] in "\"'" or "SPDX-License" in s:
            continue
        start, part = text.count("\n", 0, m.start()) + 1, []
        lines = [re.sub(r"^\s*(/\*+|\*/|\*|//)?\s?|\s*\*/$", "", one) for one in s.split("\n")]
        for i, one in enumerate(lines + [""]):
            drawn = one.startswith("    ") or re.match(r"\s*(@\w+:|Return:|Source:|Deviates:)", one)
            if (not one.strip() or drawn) and part:
                yield start, " ".join(part)
                part = []
            if one.strip() and not one.startswith("    "):
                if not part:
                    start = text.count("\n", 0, m.start()) + 1 + i
                part.append(CODE.sub(" x ", one.strip()))


def c_strings(text):
    for m in tree.STRING_OR_COMMENT.finditer(text):
        if m.group()[0] == '"':
            yield text.count("\n", 0, m.start()) + 1, m.group()[1:-1]


def hash_comments(text):
    part, start = [], 1
    for i, line in enumerate(text.split("\n") + [""], 1):
        m = re.match(r"\s*#+ ?(.*)", line)
        said = m and m.group(1).strip() and not line.startswith("#!") and "SPDX-License" not in line
        if said and not re.match(r"\w+ = ?", m.group(1)):
            if not part:
                start = i
            part.append(m.group(1))
        elif part:
            yield start, " ".join(part)
            part = []


def python(text):
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return
    for t in tokens:
        if t.type == tokenize.COMMENT and "SPDX" not in t.string and not t.string.startswith("#!"):
            yield t.start[0], t.string.lstrip("# ")
        elif t.type == tokenize.STRING and t.string.startswith('"""'):
            for k, p in enumerate(t.string.strip('"').split("\n\n")):
                yield t.start[0] + k, " ".join(p.split())


def paragraphs(name, text):
    """(line, text) of what people read in a file, by its kind; c_strings() has the strings of C."""
    if name.endswith(".md"):
        return markdown(text)
    if PAGE.search(name):
        return manual(text)
    if name.endswith((".c", ".h", ".inc", ".proto", ".js", ".css")):
        return c_comments(text)
    if name.endswith(".py") or text.startswith("#!/usr/bin/python3"):
        return python(text)
    if HASH.search(name) or text.startswith("#!"):
        return hash_comments(text)
    return iter(())


def sentences(paragraph):
    """The words of each sentence; pieces of fewer than three words are labels."""
    for s in SENTENCE_END.split(paragraph):
        words = WORD.findall(s)
        if len(words) >= 3:
            yield s, words
