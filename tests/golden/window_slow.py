#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Recomputes the 19 window features of extracted records from their connections, in plain Python:
it looks back at each earlier record, as lib/record/window.h defines them.

Usage: window_slow.py --ganadctl PROGRAM --source ROOT [PCAP...]; without a capture those of the
public data."""

import struct
import sys

import golden

T_NS, T_MAX, H_MAX = 2 * 10**9, 511, 255
SERROR = {"S0", "S1", "S2", "S3", "SH"}
RERROR = {"REJ", "RSTO", "RSTR", "RSTOS0"}
FIRST, LAST = 22, 41  # columns


def float32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def rate(k, n, known={}):
    if (k, n) not in known:
        known[k, n] = f"{float32(float32(k) / float32(n)):.2f}"
    return known[k, n]


def distinct(values):
    n = len(set(values))
    return n if n > 1 else 0


def share(chosen, flags):
    return rate(sum(r.flag in flags for r in chosen), len(chosen))


def features(r, t, h):
    """Columns 23 to 41; t and h are the windows, r is in both."""
    out = []
    for window in (t, h):
        host = [o for o in window if o.dst == r.dst]
        service = [o for o in window if o.service == r.service]
        same = rate(sum(o.service == r.service for o in host), len(host))
        services = rate(distinct(o.service for o in host), len(host))
        hosts = rate(distinct(o.dst for o in service), len(service))
        errors = [share(host, SERROR), share(service, SERROR), share(host, RERROR),
                  share(service, RERROR)]
        counts = [str(len(host)), str(len(service))]
        if window is t:
            out += counts + errors + [same, services, hosts]
        else:
            port = rate(sum(o.sport == r.sport for o in host), len(host))
            out += counts + [same, services, port, hosts] + errors
    return out


class Model:
    def __init__(self):
        self.before = []  # (time, record), as many as the longer window holds
        self.clock = None
        self.backwards = self.full_t = self.full_h = self.cut = self.peeked = 0

    def add(self, r):
        now = r.decided
        if self.clock is not None and now < self.clock:
            self.backwards += 1
            if self.clock - now > T_NS:
                self.before = [(None, o) for _, o in self.before]  # T restarts
            else:
                now = self.clock
        self.clock = now
        window = (self.before + [(now, r)])[-T_MAX:]
        t = [o for time, o in window if time is not None and now - time <= T_NS]
        h = [o for _, o in window[-H_MAX:]]
        if r.notes is None:
            golden.skip("extract shows no notes of the records")
        if "cut" in r.notes:
            self.peeked += 1
        else:
            self.before = window
        self.full_t += len(t) == T_MAX
        self.full_h += len(h) == H_MAX
        self.cut += len(t) < min(len(window), T_MAX)
        return features(r, t, h)


def compare(args, capture):
    model, n, bad = Model(), 0, 0
    for r in golden.extract(args, capture):
        n += 1
        got, want = r.cells[FIRST:LAST], model.add(r)
        if got != want:
            bad += 1
            if bad <= 3:
                print(f"{capture}: record {n}: {','.join(got)}\n  expected {','.join(want)}")
    print(f"{capture}: {n} records, {bad} differ; T was full {model.full_t} times and cut by time "
          f"{model.cut} times, "
          f"H was full {model.full_h} times, time went back {model.backwards} times, "
          f"{model.peeked} records were cut", flush=True)
    return n, bad


def main():
    args = golden.arguments(__doc__, (["pcap"], {"nargs": "*"}))
    captures = args.pcap or golden.captures(args)
    results = [compare(args, c) for c in captures]
    n, bad = (sum(column) for column in zip(*results))
    print(f"{n} records compared, {bad} differ")
    return n == 0 or bad > 0


if __name__ == "__main__":
    sys.exit(main())
