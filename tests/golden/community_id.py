#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Community IDs of the specification's captures, from packets to records, compared with its
baselines. A record is a connection and the baselines list packets. So each identifier of a protocol
that has records must be present, and no other. (SCTP and RSVP have no records;
tests/unit/record/test_community_id.c compares them.)

Usage: community_id.py --ganadctl PROGRAM --source ROOT"""

import json
import subprocess
import sys

import golden

PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp"}
CAPTURES = ["icmp.pcap", "icmp6.pcap", "ipv6.pcap", "tcp.pcap", "udp.pcap", "sctp.pcap",
            "rsvp.pcap", "arp.pcap"]


def main():
    args = golden.arguments(__doc__)
    failed = False
    for seed, baseline in (("0", "baseline_deflt.json"), ("1", "baseline_seed1.json")):
        with open(golden.data(args, "community-id/" + baseline)) as f:
            packets = json.load(f)
        want = {(PROTOCOLS[p["proto"]], p["communityid"]) for p in packets
                if p["proto"] in PROTOCOLS}
        files = [golden.data(args, "community-id/" + c) for c in CAPTURES]
        command = [args.ganadctl, "extract", "--with-connection", "--seed", seed, "--format",
                   "ndjson", *files]
        out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             check=True).stdout
        records = [json.loads(line) for line in out.splitlines()]
        got = {(r["protocol_type"], r["community_id"]) for r in records}
        failed |= got != want
        print(f"{baseline}: {len(records)} records, {len(want)} identifiers, {len(got & want)} "
              "found, "
              f"{len(got - want)} others: {sorted(got ^ want)}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
