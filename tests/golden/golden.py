# SPDX-License-Identifier: Apache-2.0
"""Shared by the comparisons of extracted records with other sources: the location of the data, and
records with their connections. Every program here takes --ganadctl PROGRAM --source ROOT, and skips
if its data are missing."""

import argparse
import os
import re
import subprocess
import sys

SKIP = 77
COLUMNS = 41


def arguments(doc, *extra):
    """extra: arguments of add_argument()."""
    p = argparse.ArgumentParser(description=doc)
    p.add_argument("--ganadctl", required=True)
    p.add_argument("--source", required=True, help="root of the source tree")
    for flags, options in extra:
        p.add_argument(*flags, **options)
    return p.parse_args()


def skip(why):
    print("skipped:", why)
    sys.exit(SKIP)


def data(args, name):
    """The path of a public data set; ends the program with a message if it is missing."""
    directory = os.environ.get("GANAD_DATA") or os.path.join(args.source, "..", "shared", "data")
    path = os.path.join(directory, name)
    return path if os.path.exists(path) else skip(f"no {path}: set GANAD_DATA, or run "
                                                  "tools/fetch-data")


class Record:
    """A line of extract --with-connection."""

    def __init__(self, line):
        self.cells = line.rstrip("\n").split(",")
        self.protocol, self.service, self.flag = self.cells[1:4]
        (self.src, sport, self.dst, dport, start, end, decided,
         self.community_id, self.orient, notes, src_packets,
         dst_packets) = self.cells[COLUMNS:]
        self.notes = notes.split()
        self.packets = int(src_packets), int(dst_packets)
        self.sport, self.dport = int(sport), int(dport)
        self.start, self.end, self.decided = (self.ns(t) for t in (start, end, decided))

    @staticmethod
    def ns(text):
        sign, text = (-1, text[1:]) if text.startswith("-") else (1, text)
        s, ns = text.split(".")
        return sign * (int(s) * 10**9 + int(ns))


def captures(args):
    """Directories with captures of the public data sets, each read as one capture."""
    out = []
    for name in ("darpa98", "pcap/zeek", "pcap/suricata", "pcap/ndpi", "pcap/tcpdump",
                 "pcap/libpcap"):
        for directory, _, files in sorted(os.walk(data(args, name))):
            if any(re.search(r"\.(pcap|pcapng|cap|trace|dump|tcpdump)(\.gz)?$", f) for f in files):
                out.append(directory)
    return out


def extract(args, *inputs):
    """Yields Records; messages of the program are dropped."""
    command = [args.ganadctl, "extract", "--with-connection", *inputs]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True) as p:
        for line in p.stdout:
            yield Record(line)
    if p.returncode:
        sys.exit(f"{' '.join(command)}: exit code {p.returncode}")
