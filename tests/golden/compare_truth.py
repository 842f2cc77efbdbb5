#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the records that an extractor made of a capture of ganad-traffic with its table of the
truth.

Usage: compare_truth.py [--content] RECORDS TRUTH

RECORDS: CSV of the 41 columns of KDD99, optionally a label, and then src_ip, src_port, dest_ip,
dest_port, start and any further columns, with or without a line of names; or NDJSON with those
keys. A record and a line of the truth match if they have the same protocol and ends, in the order
of their start.

Every connection must be present once, with the right protocol, service, flag, bytes, land,
wrong_fragment and urgent. Its duration, in whole seconds, must be that of all its packets, or of
all but the last acknowledgement, which Bro does not count. Content columns are counted and shown;
with --content they must be right, too, where the truth has them. Exit status: 0 all right, 1 an
error was found, 2 wrong usage."""

import argparse
import collections
import csv
import datetime
import json
import sys

KDD = """duration protocol_type service flag src_bytes dst_bytes land wrong_fragment urgent hot
num_failed_logins logged_in num_compromised root_shell su_attempted num_root
num_file_creations num_shells num_access_files num_outbound_cmds is_host_login
is_guest_login count srv_count serror_rate srv_serror_rate rerror_rate srv_rerror_rate
same_srv_rate diff_srv_rate srv_diff_host_rate dst_host_count dst_host_srv_count
dst_host_same_srv_rate dst_host_diff_srv_rate dst_host_same_src_port_rate
dst_host_srv_diff_host_rate dst_host_serror_rate dst_host_srv_serror_rate
dst_host_rerror_rate dst_host_srv_rerror_rate""".split()
ENDS = ["src_ip", "src_port", "dest_ip", "dest_port", "start"]
MUST = ["service", "flag", "src_bytes", "dst_bytes", "land", "wrong_fragment", "urgent"]
CONTENT = KDD[9:19] + ["is_guest_login"]
LAST_ACK = 0.25  # s, at most, from the second FIN to its acknowledgement
SHOWN = 5  # examples of each column


def seconds(text):
    """A time: 12.5, or RFC 3339."""
    if "T" in text:
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    return float(text)


def key_of(row, dst):
    return (row["protocol_type"], row["src_ip"], int(row["src_port"]), row[dst + "_ip"],
            int(row[dst + "_port"]))


def is_number(text):
    return text.replace(".", "", 1).isdigit()


def csv_records(lines):
    names = None
    for cells in csv.reader(lines):
        if names is None:
            if "protocol_type" in cells:
                names = cells
                continue
            # 42 is the port without a service
            names = KDD + ([] if is_number(cells[42]) else ["label"]) + ENDS
        yield dict(zip(names, cells))


def records(path):
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    if lines and lines[0].startswith("{"):
        return [{k: str(v) for k, v in json.loads(line).items()} for line in lines]
    return list(csv_records(lines))


def named_by_asker(rows):
    """The truth has the sender of an ICMP message as its source. In a record, the source of an
    answer is who asked: of a ping, and of a datagram to a closed port."""
    for r in rows:
        if (r["kind"], r["service"]) in (("ping", "ecr_i"), ("unreachable", "urp_i")):
            for end in ("_ip", "_port"):
                r["src" + end], r["dst" + end] = r["dst" + end], r["src" + end]
        yield r


def by_key(rows, dst):
    out = collections.defaultdict(list)
    for r in rows:
        out[key_of(r, dst)].append(r)
    for same in out.values():
        same.sort(key=lambda r: seconds(r["start"]))
    return out


class Comparison:
    def __init__(self):
        self.compared, self.wrong = collections.Counter(), collections.Counter()

    def note(self, column, right, what):
        self.compared[column] += 1
        if right:
            return
        self.wrong[column] += 1
        if self.wrong[column] <= SHOWN:
            print(f"{column}: {what}")

    def pair(self, key, truth, record):
        name = f"{truth['kind']} {' '.join(map(str, key))} at {truth['start']}"
        for c in MUST + CONTENT:
            if truth[c] != "-":
                self.note(c, float(truth[c]) == float(record[c]) if is_number(truth[c])
                          else truth[c] == record[c],
                          f"{record[c]}, in truth {truth[c]}: {name} {truth['flag']}")
        lasted = float(truth["duration"])
        self.note("duration", int(record["duration"]) in (int(lasted),
                                                          int(max(lasted - LAST_ACK, 0))),
                  f"{record['duration']}, in truth {truth['duration']}: {name}")


def compare(records_path, truth_path):
    with open(truth_path, encoding="utf-8") as f:
        truth = by_key(named_by_asker(csv.DictReader(f, delimiter="\t")), "dst")
    made, c = by_key(records(records_path), "dest"), Comparison()
    for key in sorted(set(truth) | set(made), key=str):
        a, b = truth.get(key, []), made.get(key, [])
        first = (a or b)[0]
        c.note("connection", len(a) == len(b),
               f"{len(b)} records of {len(a)}: {first.get('kind', 'not in truth')} "
               f"{' '.join(map(str, key))} "
               f"at {first['start']}")
        for t, r in zip(a, b):
            c.pair(key, t, r)
    return c


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--content", action="store_true", help="content columns must be right too")
    p.add_argument("records")
    p.add_argument("truth")
    args = p.parse_args()
    c = compare(args.records, args.truth)
    must = ["connection", "duration"] + MUST + (CONTENT if args.content else [])
    for column in ["connection", "duration"] + MUST + CONTENT:
        n, wrong = c.compared[column], c.wrong[column]
        print(f"{column:20} {n:8} compared {wrong:8} wrong" +
              ("" if column in must else "  (not demanded)"))
    sys.exit(1 if any(c.wrong[m] for m in must) or not c.compared["flag"] else 0)


if __name__ == "__main__":
    main()
