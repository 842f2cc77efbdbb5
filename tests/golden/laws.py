#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks every extracted record for laws that hold on every row of kddcup.data_10_percent: names
and ranges, rates that are k/n in float32 with two decimals, and relations between columns. Needs no
knowledge of the packets.

Usage: laws.py --ganadctl PROGRAM --source ROOT [PCAP...]; without a capture those of the public
       data.
       laws.py --ganadctl - --source - RECORDS.csv: existing records"""

import collections
import struct
import sys

import golden

SERROR = {"S0", "S1", "S2", "S3", "SH"}
RERROR = {"REJ", "RSTO", "RSTR", "RSTOS0"}
FLAGS = SERROR | RERROR | {"SF", "OTH"}
NO_PAYLOAD = {"REJ", "SH", "RSTOS0", "OTH"}
# Columns, from 0, of rates over each count.
OVER = {22: (24, 26, 28, 29), 23: (25, 27, 30), 31: (33, 34, 35, 37, 39), 32: (36, 38, 40)}


def float32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def rates(n, known={}):
    if n not in known:
        known[n] = {f"{float32(k / n):.2f}" for k in range(n + 1)}
    return known[n]


def laws(r):
    """Yields (name of a law, whether it holds)."""
    flag, bytes_ = r[3], (r[4], r[5])
    count, srv_count, host_count, host_srv_count = (int(r[c]) for c in OVER)
    yield "41 columns", len(r) == golden.COLUMNS
    yield "a protocol", r[1] in ("tcp", "udp", "icmp")
    yield "a flag", flag in FLAGS
    yield "udp and icmp are SF", r[1] == "tcp" or flag == "SF"
    yield "udp and icmp have no content", r[1] == "tcp" or set(r[9:22]) == {"0"}
    yield "icmp has no dst_bytes and no duration", r[1] != "icmp" or (r[5], r[0]) == ("0", "0")
    yield ("no payload: no bytes, no content",
           flag not in NO_PAYLOAD or set(bytes_) | set(r[9:22]) == {"0"})
    yield "who logs in is answered", r[11] == "0" or flag not in NO_PAYLOAD | {"S0"}
    yield "constant columns", r[19] == r[20] == "0"
    yield "counts have the record itself", 1 <= min(count, srv_count, host_count, host_srv_count)
    yield "counts within their windows", max(count, srv_count) <= 511 and max(host_count,
                                                                              host_srv_count) <= 255
    for c, over in OVER.items():
        for column in over:
            yield f"column {column + 1} is k/n", r[column] in rates(int(r[c]))
    yield "one service: all the same", (r[28] == "1.00") == (r[29] == "0.00") or count >= 150
    yield "alone: its own flag", count > 1 or (r[24], r[26]) == (f"{flag in SERROR:.2f}",
                                                                 f"{flag in RERROR:.2f}")
    yield "same host and service", round(float(r[28]) * count) <= srv_count + count * .005 + 1
    yield "same host or service", host_count + host_srv_count - float(r[33]) * host_count <= 257
    yield "full of one host: no others", host_count < 255 or r[36] == "0.00"
    yield "an error is one or the other", max(float(r[24]) + float(r[26]),
                                              float(r[37]) + float(r[39])) <= 1.011


def check(rows):
    broken, n = collections.Counter(), 0
    for r in rows:
        n += 1
        for law, holds in laws(r):
            if not holds:
                broken[law] += 1
                if broken[law] == 1:
                    print(f"{law}: {','.join(r)}")
    return n, broken


def main():
    args = golden.arguments(__doc__, (["input"], {"nargs": "*"}))
    total, broken = 0, collections.Counter()
    for capture in args.input or golden.captures(args):
        if args.ganadctl == "-":
            with open(capture) as f:
                n, b = check(line.rstrip("\n").split(",")[:golden.COLUMNS] for line in f)
        else:
            n, b = check(r.cells[:golden.COLUMNS] for r in golden.extract(args, capture))
        total, broken = total + n, broken + b
    print(f"{total} records, {sum(broken.values())} breaches {dict(broken) or ''}")
    return total == 0 or bool(broken)


if __name__ == "__main__":
    sys.exit(main())
