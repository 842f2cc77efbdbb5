# SPDX-License-Identifier: Apache-2.0
"""Lists in manual pages match the code: keys of the configuration with their defaults, choices and
ranges, members of events, keys of the formats of key and text pairs, counters, numbers of sections,
and variables of the environment. Usage: check_manuals.py SOURCE_ROOT"""

import json
import re
import sys

import tree

TEXT = r'(NULL|"(?:[^"\\]|\\.)*"|[A-Z][A-Z_]+)'
KEY = re.compile(r'\{"(\w+)", "(\w+)", CONFIG_(\w+), IN\w*\([\w.]+\),\s+([^,]+),\s+([^,]+),\s+' +
                 TEXT + r",\s*" + TEXT, re.S)
ITEM = re.compile(r"^\.It Cm (\w+) No = (.*)\n((?:(?!\.It Cm \w+ No =|\.El|\.Ss |\.Sh ).*\n)*)",
                  re.M)
MACRO = re.compile(r"^\.(?:Pa|Cm|Pq|Ql|Ar|Va|Nm|Dv|Ic|Xr|Li|Sx|Em) ?", re.M)
UNIT = {"": 1, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
NUMBER = r"(10\^\d+|\d+(?:\.\d+)?(?:e-?\d+)?)(?: ?(ms|s|min|h|[KMG])\b)?"
RANGE = re.compile(rf"(?<![\w.]){NUMBER} to {NUMBER}(?![\w^])")
WORDS = re.compile(r"[\w.]+")


def words(text):
    return [w.strip(".") for w in WORDS.findall(text) if w.strip(".")]


def flat(text):
    """Without macros, on one line."""
    return re.sub(r"\s+([.,;])", r"\1", re.sub(r"\s+", " ", MACRO.sub("", text)))


def section(text, start, end):
    m = re.search(start + r"\n(.*?)" + end, text, re.S)
    return m.group(1) if m else ""


# --- the configuration ---

def keys(root):
    text = tree.read(root, "daemon/config/keys.c")
    for m in KEY.finditer(text):
        name, kind = (m.group(1), m.group(2)), m.group(3)
        default, choices = (None if g == "NULL" else g.strip('"') for g in m.groups()[5:7])
        if default and default.startswith("GAD_"):
            default = re.search(rf'{default} +"([^"]*)"',
                                tree.read(root, "lib/wire/socket.h")).group(1)
        yield name, kind, m.group(4), m.group(5), default, choices


def described(root):
    """{(section, key): (form, text)} of the pages of the configuration."""
    found = {}
    for page in (n for n in tree.files(root) if re.fullmatch(r"conf/[\w.-]+\.5", n)):
        for part in re.split(r"^\.(?:Ss|Sh) ", tree.read(root, page), flags=re.M):
            m = re.match(r"(?:Section|DESCRIPTION) ?(\w*)", part)
            other = "capture" if "ganad-capture" in page else None
            name = m.group(1) if m and m.group(1) else other
            for key, form, text in ITEM.findall(part) if name else []:
                found[name, key] = (page, form, flat(text))
    return found


def limit(text):
    try:
        text = text.replace("0777", "0o777")
        return float(eval(text, {"__builtins__": {}}))  # pylint: disable=eval-used
    except (NameError, SyntaxError):
        return None  # a constant of another file


def same_number(a, b):
    return a is None or abs(a - b) <= 1e-9 * max(abs(a), abs(b))


def check_range(where, kind, low, high, text):
    if kind not in ("COUNT", "SIZE", "DURATION", "REAL") or low.startswith("-"):
        return
    if not RANGE.search(text):
        yield f"{where}: says no range, the code has {low} to {high}"
    for a, a_unit, b, b_unit in RANGE.findall(text):
        stated = [float(x.replace("10^", "1e")) * UNIT[unit]
                  for x, unit in ((a, a_unit), (b, b_unit))]
        if not (same_number(limit(low), stated[0]) and same_number(limit(high), stated[1])):
            yield f"{where}: says {a}{a_unit} to {b}{b_unit}, the code has {low} to {high}"


def check_default(where, default, text):
    if default is None:
        ok = "Must be given" in text
    elif default == "":
        ok = re.search(r"\b[Ee]mpty, the default\b", text)
    else:
        d = re.escape(default)
        ok = re.search(rf"Default: {d}(?![\w.]*\w)|(?<![\w.-]){d}, the default", text)
    if not ok:
        yield f"{where}: does not say that the default is {default!r}"


def check_keys(root):
    there = described(root)
    known = set()
    for (name, key), kind, low, high, default, choices in keys(root):
        known.add((name, key))
        page, form, text = there.get((name, key), (None, "", ""))
        where = f"{page}: [{name}] {key}"
        if not page:
            yield f"conf: no page describes [{name}] {key}"
            continue
        yield from check_default(where, default, text)
        yield from check_range(where, kind, low, high, text)
        if (kind == "CHOICE" and choices != "CONFIG_FORMATS"
                and re.findall(r"[\w-]+", form)[1:] != choices.split("|")):
            yield f"{where}: its choices are {choices}"
    for name, key in sorted(there.keys() - known):
        yield f"{there[name, key][0]}: there is no key [{name}] {key}"


# --- events ---

def event_members(root):
    """The members of every event from the schema, {kind: its own}."""
    s = json.loads(tree.read(root, "proto/event.schema.json"))
    kinds = s["properties"]["event_type"]["enum"]
    own = {k: s["$defs"][k]["properties"] for k in kinds}
    for name in own["alert"].keys() & s["$defs"].keys():
        own["alert"][name] = s["$defs"][name]
    return list(s["properties"]), own


def check_members(root):
    base, own = event_members(root)
    listed = section(tree.read(root, "daemon/ganadd.8"), r"\.Ss Alerts", r"\n\.El")
    said = [w for line in re.findall(r"^\.It (.*)$", listed, re.M) for w in words(line)]
    for name in sorted(set(base) | set(own["alert"]) - set(said)):
        if name not in said:
            yield f"daemon/ganadd.8: an alert has '{name}', too"
    for name in sorted(set(said) - set(base) - set(own["alert"])):
        yield f"daemon/ganadd.8: an alert has no '{name}'"
    text = section(tree.read(root, "daemon/ganad-events.5"), r"\.Ss Format json", r"\n\.S[sh] ")
    said = {w for line in re.findall(r"^\.(?:It )?Va (.*)$", text, re.M) for w in words(line)}
    want = set(base)
    for members in own.values():
        for name, what in members.items():
            inner = what.get("items", what).get("properties", {}) if name != "features" else {}
            want |= ({f"{name}.{x}" for x in inner} if name in ("flow", "rollup") else
                     {name, *(f"incident.{x}" for x in inner)} if name == "incident" else
                     {name} | set(inner))
    for name in sorted(want - said):
        yield f"daemon/ganad-events.5: format json has '{name}', too"
    for name in sorted(said - want):
        yield f"daemon/ganad-events.5: format json has no '{name}'"


def check_pairs(root):
    text = section(tree.read(root, "daemon/ganad-formats.5"),
                   r"\.Ss Keys of leef, syslog and journal", r"\n\.El")
    said = {tuple(re.split(r" Ta ", row)[:3])
            for row in re.findall(r"^\.It (?!Sy)(\w.*)$", text, re.M)}
    names = {}
    for form in ("leef", "syslog", "journal"):
        for pair, key in re.findall(r'\[GAD_PAIR_(\w+)\] = "(\w+)"',
                                    tree.read(root, f"lib/event/format_{form}.c")):
            names.setdefault(pair, []).append(re.sub("^GANAD_", "", key))
    want = {tuple(n) for n in names.values()}
    for row in sorted(want - said):
        yield f"daemon/ganad-formats.5: no row of keys {' '.join(row)}"
    for row in sorted(said - want):
        if row[0] != "n_NAME":
            yield f"daemon/ganad-formats.5: no format has the keys {' '.join(row)}"


# --- counters, and limits of their number ---

COUNTERS = "daemon/ganad-counters.5"


def capture_counters(root):
    """{name: (help, kind)}, in the order of the tables."""
    found = {}
    for table in ("daemon/capture_counts.c", "lib/net/counters.c", "lib/flow/counters.c"):
        for m in re.finditer(r'(REFUSED|FATE)\((\w+), "([^"]+)",\s*"([^"]+)"\)|'
                             r'\{"(\w+)",\s*"([^"]+)",\s*AT\([^)]*\),\s*GAD_COUNTER_(\w+)\}',
                             tree.read(root, table)):
            fate, _, name, text, own, own_text, kind = m.groups()
            found["refused_" + name if fate == "REFUSED" else name or own] = (
                text or own_text, kind or "PLAIN")
    return found


def check_counters(root):
    fields = re.findall(r"^ *X\((\w+),", tree.read(root, "daemon/stats.h"), re.M)
    page = tree.read(root, COUNTERS)
    said = re.findall(r"^\.It Va (\w+)$", section(page, r"\.Sh COUNTERS OF THE DAEMON", r"\n\.El"),
                      re.M)
    for name in sorted(set(fields) ^ set(said)):
        why = "no counter" if name in fields else "there is no counter"
        yield f"{COUNTERS}: {why} '{name}'"
    end = {"PLAIN": "", "GAUGE": " now", "DOUBT": " (doubt)", "BLIND": " (blind)"}
    want = [(name, f"{text[0].upper()}{text[1:]}{end[kind]}.")
            for name, (text, kind) in capture_counters(root).items()]
    said = re.findall(r"^\.It Va (\w+)\n(.*)$",
                      section(page, r"\.Sh COUNTERS OF A CAPTURE", r"\n\.El"), re.M)
    for name, text in [x for x in want if x not in said] + [x for x in said if x not in want]:
        yield f"{COUNTERS}: '{name}', '{text}' is not in both the page and the tables"


STATED = (("conf/ganad-outputs.5", r"There may be (\d+) outputs", "CONFIG_OUTPUTS_MAX"),
          ("conf/ganadd.conf.5", r"At least one such section is required; there may be (\d+)\.",
           "CONFIG_MODELS_MAX"),
          ("conf/ganadd.conf.5", r"There may be (\d+) shadows,", "CONFIG_SHADOWS_MAX"),
          ("conf/ganadd.conf.5", r"under a name of up to (\d+) letters", "CONFIG_NAME_MAX"),
          ("conf/ganad-capture.5", r"under a name of up to (\d+) letters", "CONFIG_NAME_MAX"),
          ("conf/ganad-capture.5", r"There may be (\d+) such sections", "CONFIG_CAPTURES_MAX"))


def check_stated(root):
    values = dict(re.findall(r"\b(CONFIG_\w+_MAX) = (\d+)",
                             tree.read(root, "daemon/config/config.h")))
    for page, pattern, name in STATED:
        m = re.search(pattern, flat(tree.read(root, page)))
        if not m or m.group(1) != values[name]:
            yield f"{page}: does not say '{pattern}' with {name}, which is {values[name]}"


# --- the environment ---

def check_environment(root):
    page = section(tree.read(root, "daemon/ganadd.8"), r"\.Sh ENVIRONMENT", r"\n\.Sh ")
    said = {w for line in re.findall(r"^\.It Ev (.*)$", page, re.M) for w in words(line)}
    for name in tree.c_files(root):
        if name.startswith(("daemon/", "lib/", "models/")):
            for variable in re.findall(r'getenv\("(\w+)"\)', tree.read(root, name)):
                if variable not in said:
                    yield f"daemon/ganadd.8: {name} reads the variable {variable}"


def check(root):
    for part in (check_keys, check_members, check_pairs, check_counters, check_stated,
                 check_environment):
        yield from part(root)


if __name__ == "__main__":
    tree.report("manuals", list(check(sys.argv[1])))
