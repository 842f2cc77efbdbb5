# SPDX-License-Identifier: Apache-2.0
"""For format_checks.py and its kin: comparisons, and values as the formats write them."""

import math
import re
import struct
import time


def fail(what, *more):
    raise AssertionError(what + ": " + " ".join(map(repr, more)))


def same(what, got, want):
    if got != want:
        fail(what, got, want)


def near(what, got, want, digits):
    if not math.isclose(float(got), want, rel_tol=10.0 ** (1 - digits), abs_tol=1e-300):
        fail(what, got, want)


# --- texts ---

def utf8(raw):
    """Decodes; each byte that belongs to no sequence becomes U+FFFD."""
    out, at = [], 0
    while at < len(raw):
        for n in (1, 2, 3, 4):
            try:
                out.append(raw[at:at + n].decode())
                at += n
                break
            except UnicodeDecodeError:
                pass
        else:
            out.append("\ufffd")
            at += 1
    return "".join(out)


def plain(text, replaced=""):
    """Control characters become blanks, some others '_'."""
    return "".join(" " if c < " " or c == "\x7f" else "_" if c in replaced else c for c in text)


def key_text(raw):
    """Bytes of a key, which has letters, digits, '.', '_' and '-'."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", raw.decode("latin-1")) or "_"


def rfc3339(ns, micros=True):
    s, rest = divmod(ns, 10 ** 9)
    fraction = f".{rest // 1000:06d}Z" if micros else "Z"
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(s)) + fraction


def float32(x):
    return struct.unpack("<f", struct.pack("<f", float(x)))[0]
