#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The sample of DARPA 1998, from which KDD99 was made, compared with its list of 295 sessions. Each
session must be found with its endpoints and, in KDD99's names, its service. Start and duration,
whole seconds in the list, are compared and only counted, because the list rounds inconsistently.

Usage: darpa98.py --ganadctl PROGRAM --source ROOT [--verbose]"""

import calendar
import collections
import sys
import time

import golden

UTC_OFFSET = 5 * 3600  # of the list's times
SERVICES = {"ftp-data": "ftp_data", "pop-2": "pop_2", "pop-3": "pop_3", "rlogin": "login",
            "rsh": "shell",
            "lpr": "printer", "x-server": "X11", "nfsd": "other", "unknown": "other"}
# The channel for errors of an rsh session: the list calls it rsh, because it knows who opened it.
# KDD99 decides by the port.
BY_PORT = {"137": "private"}
SESSIONS = 295


class Session:
    def __init__(self, line):
        (self.id, date, clock, duration, service, sport, dport, self.src, self.dst, _,
         self.attack) = line.split()
        self.service = BY_PORT.get(self.id, SERVICES.get(service, service))
        self.key = (self.src, int(sport), self.dst, int(dport))
        self.start = calendar.timegm(time.strptime(date + clock, "%m/%d/%Y%H:%M:%S")) + UTC_OFFSET
        h, m, s = map(int, duration.split(":"))
        self.duration = 3600 * h + 60 * m + s


def main():
    args = golden.arguments(__doc__, (["--verbose"], {"action": "store_true"}))
    capture = golden.data(args, "darpa98/sample_data01.tcpdump.gz")
    with open(golden.data(args, "darpa98/tcpdump.list")) as f:
        sessions = [Session(line) for line in f.readlines()[1:]]
    found = collections.defaultdict(list)
    n = 0
    for r in golden.extract(args, capture):
        n += 1
        if r.protocol == "tcp":
            found[r.src, r.sport, r.dst, r.dport].append(r)
    missing, wrong, start, duration = [], [], 0, 0
    for s in sessions:
        r = min(found[s.key], key=lambda r: abs(r.start - s.start * 10**9), default=None)
        if not r:
            missing.append(s)
            continue
        if r.service != s.service:
            wrong.append((s, r))
        start += abs(r.start / 10**9 - s.start) <= 2
        duration += abs((r.end - r.start) / 10**9 - s.duration) <= 2
        if args.verbose and abs(int(r.cells[0]) - s.duration) > 2:
            print(f"session {s.id} {s.key}: {s.duration} s, not {r.cells[0]} s {r.flag}")
    for s in missing:
        print(f"session {s.id} {s.key} is not there; the other way round: "
              f"{bool(found[s.key[2:] + s.key[:2]])}")
    for s, r in wrong:
        print(f"session {s.id} {s.key}: service {r.service}, expected {s.service}")
    print(f"{n} records; of {len(sessions)} sessions {len(sessions) - len(missing)} found with "
          "their endpoints, "
          f"{len(sessions) - len(missing) - len(wrong)} with their service too; "
          f"{start} start and {duration} last as listed, within 2 s")
    return len(sessions) != SESSIONS or bool(missing) or bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
