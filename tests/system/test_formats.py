# SPDX-License-Identifier: Apache-2.0
"""Parses the output of each format and compares it with the values of the event. The parsers are
written from the specifications and independent of the code. Texts have any bytes. Usage:
test_formats.py --source DIR --dump PROGRAM [--long]

EVE is compared with Suricata's own schema, ECS with the list of its fields, ganad's JSON with
proto/event.schema.json. --long: 100,000 events, else 2,000."""

import argparse
import csv
import ipaddress
import json
import os
import re
import sys

try:
    import jsonschema
except ImportError:
    jsonschema = None

from format_checks import check_eve, check_native, events
from format_pairs import check_cef, check_journal, check_leef, check_syslog
from format_siem import check_ecs, check_ocsf
from format_values import fail, same

CHECKS = {"json": check_native, "eve": check_eve, "ecs": check_ecs, "ocsf": check_ocsf,
          "cef": check_cef,
          "leef": check_leef, "syslog": check_syslog, "journal": check_journal}

ECS_TYPES = {"keyword": str, "ip": str, "long": int, "float": (int, float), "date": str,
             "match_only_text": str,
             "wildcard": str, "constant_keyword": str}


def ecs_fields(path):
    with open(path, newline="", encoding="utf-8") as f:
        return {row["Field"]: (row["Type"], row["Normalization"]) for row in csv.DictReader(f)}


def check_ecs_fields(o, fields, prefix=""):
    for key, value in o.items():
        name = prefix + key
        if name == "ganad":
            continue
        if isinstance(value, dict):
            check_ecs_fields(value, fields, name + ".")
            continue
        if name not in fields:
            fail("not an ECS field", name)
        kind, normal = fields[name]
        same(name + " is a list", isinstance(value, list), "array" in normal)
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, ECS_TYPES[kind]) or isinstance(one, bool):
                fail(f"{name} is no {kind}", one)
            if kind == "ip":
                ipaddress.ip_address(one)


def data_directory(source):
    directory = os.path.join(os.environ.get("GANAD_DATA")
                             or os.path.join(source, "..", "shared", "data"), "feed")
    return directory if os.path.isdir(directory) else None


def close_objects(schema):
    """Closes the object: it accepts no key but those that it names."""
    if isinstance(schema, list):
        for one in schema:
            close_objects(one)
    if not isinstance(schema, dict):
        return
    for one in schema.values():
        close_objects(one)
    if schema.get("type") == "object" and "properties" in schema:
        schema["additionalProperties"] = False


def closed(schema):
    """A copy of our schema that finds a forgotten key. The shipped one accepts further keys."""
    copy = json.loads(json.dumps(schema))
    features = copy["$defs"]["alert"]["properties"]["features"]
    close_objects(copy["$defs"])
    features.update(maxProperties=41, propertyNames={"$ref": "#/$defs/column"},
                    additionalProperties={"type": "number", "minimum": 0})
    return {**copy, "unevaluatedProperties": False}


def read_schema(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def validator(schema):
    cls = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    cls.check_schema(schema)
    return cls(schema)


def check_schema(v, o):
    for error in v.iter_errors(o):
        fail("schema", list(error.absolute_path), error.message)


OPTIONAL = {"prev_seq", "fpr_budget", "source", "in_iface", "src_ip", "src_port", "dest_ip",
            "dest_port", "proto", "community_id", "tunnels", "notes",
            "hint", "technique", "feedback", "incident", "p_extrapolated", "client",
            "pcap_filename", "pcap_cnt", "evidence", "features", "counters"}
OPTIONAL_OF_MODEL = {"prev_seq", "model_sha256", "previous_sha256", "reason"}


def objects(o):
    """Yields o and each object within it."""
    if isinstance(o, dict):
        yield o
    for one in o.values() if isinstance(o, dict) else o if isinstance(o, list) else []:
        yield from objects(one)


def check_is_closed(v, shipped, o):
    """The closed copy accepts nothing that the schema does not name; the shipped one accepts it;
    both refuse an event without a required key."""
    for inside in list(objects(o)):
        inside["more"] = "x"
        if v.is_valid(o):
            fail("the closed schema takes an unknown key", inside)
        inside["more"] = 7
        check_schema(shipped, o)
        del inside["more"]
    may_miss = {"model": OPTIONAL_OF_MODEL, "blind": {"prev_seq"}, "limit": {"prev_seq"}}.get(o["event_type"], OPTIONAL)
    for key in list(o):
        value = o.pop(key)
        same("the schema does without " + key, (v.is_valid(o), shipped.is_valid(o)),
             (key in may_miss,) * 2)
        o[key] = value


def check_catalog(path, fields):
    """The catalogue explains each kind of event, with fields that it has. fields: {MESSAGE_ID:
    names}"""
    with open(path, encoding="utf-8") as f:
        entries = re.split(r"^-- ", f.read(), flags=re.M)[1:]
    same("entries of the catalogue", sorted(entry[:32] for entry in entries), sorted(fields))
    for entry in entries:
        for name in re.findall(r"@(\w+)@", entry):
            if name not in fields[entry[:32]]:
                fail("the catalogue has a field that no event has", name, entry)


def one_line(name, line, length):
    if len(line) > length:
        fail(name + " is too long", len(line))
    if name != "journal" and any(c < 0x20 for c in line):
        fail(name + " has a control byte", line)


def members(schema, kind):
    return set(schema["properties"]) | set(schema["$defs"][kind]["properties"])


def order_of_the_manual(source):
    """Members of an alert as ganadd(8) lists them; tests/meta compares the list with the schema."""
    with open(os.path.join(source, "daemon", "ganadd.8"), encoding="utf-8") as f:
        page = re.search(r"\.Ss Alerts\n(.*?)\n\.El", f.read(), re.S).group(1)
    return [name for line in re.findall(r"^\.It (.*)$", page, re.M) for name in line.split(", ")]


def run(args, n, length, schemas, fields, full=False):
    journal, seen, order = {}, {}, order_of_the_manual(args.source)
    counts, validated, tried = dict.fromkeys(CHECKS, 0), dict.fromkeys(schemas, 0), set()
    for i, e in enumerate(events(args.dump, length, n, length, full)):
        same("formats", set(e.lines), set(CHECKS))
        for name, line in e.lines.items():
            if line is None:
                continue
            try:
                one_line(name, line, length)
                o = CHECKS[name](line, e)
                if name == "json":
                    seen.setdefault(e.kind, set()).update(o)
                    if e.kind == "alert":
                        same("order of members", list(o), [k for k in order if k in o])
                if name == "journal":
                    journal.setdefault(o["MESSAGE_ID"].decode(), set()).update(o)
                if name == "ecs" and fields:
                    check_ecs_fields(o, fields)
                if name in schemas and (i % schemas[name][1] == 0 or
                                        (name == "json" and e.kind not in tried)):
                    check_schema(schemas[name][0], o)
                    validated[name] += 1
                    if name == "json" and e.kind not in tried:
                        check_is_closed(schemas[name][0], schemas[name][2], o)
                        tried.add(e.kind)
            except Exception:
                print(f"event {i}, {name}: {line!r}", file=sys.stderr)
                raise
            counts[name] += 1
    if "json" in schemas:
        same("kinds that the schema was tried with", tried,
             {"alert", "heartbeat", "stats", "loss", "model", "blind", "limit"})
    print(f"{n} events of at most {length} bytes:",
          ", ".join(f"{c} {name}" for name, c in counts.items()), "; by schema:", validated)
    if full:
        schema = read_schema(os.path.join(args.source, "proto", "event.schema.json"))
        same("members that events had and the schema names",
             {k: sorted(v) for k, v in seen.items()},
             {k: sorted(members(schema, k) - ({"seq", "prev_seq"} if k == "loss" else set()))
              for k in seen})
        check_catalog(os.path.join(args.source, "systemd", "ganad.catalog"), journal)
    return counts


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--source", required=True)
    p.add_argument("--dump", required=True)
    p.add_argument("--long", action="store_true")
    args = p.parse_args()
    n, schemas, fields = 100000 if args.long else 2000, {}, None
    directory = data_directory(args.source)
    if not jsonschema:
        print("python3-jsonschema is not installed: nothing is held to a schema")
    else:
        native = read_schema(os.path.join(args.source, "proto", "event.schema.json"))
        schemas["json"] = (validator(closed(native)), 4, validator(native))
        if directory:
            # Suricata's schema has 9,800 lines: validates each seventh event.
            eve = read_schema(os.path.join(directory, "suricata-eve.schema.json"))
            schemas["eve"] = (validator(eve), 7)
    if directory:
        fields = ecs_fields(os.path.join(directory, "ecs-fields.csv"))
    else:
        print("no feed/ in $GANAD_DATA or ../shared/data: EVE and ECS are parsed, not held to "
              "their schemas")
    counts = run(args, n, 60000, schemas, fields, full=True)
    same("all fit", set(counts.values()), {n})
    run(args, n // 4, 8192, schemas, fields)
    run(args, n // 4, 1180, schemas, fields)


main()
