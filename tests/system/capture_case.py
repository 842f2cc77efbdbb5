# SPDX-License-Identifier: Apache-2.0
"""What tests of ganadd on packets have in common: a capture, configurations for it, and what is expected of both."""

import csv
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

import ganad

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import pcap  # noqa: E402


def attack(r):
    """Some connections of many kinds, and a flood of SYN."""
    c = pcap.traffic(r, 300)
    for i in range(400):
        c.tcp(30 + i / 500, "10.9.0.1", 2000 + i, "10.2.0.1", 80, end="silent")
    return c


def flow(alert):
    """What a record of extract --with-connection says, from an alert."""
    return tuple(str(alert[k]) for k in ("src_ip", "src_port", "dest_ip", "dest_port", "community_id"))


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tmp = tempfile.TemporaryDirectory(prefix="ganad-capture-")
        cls.addClassCleanup(cls.tmp.cleanup)
        cls.traffic = attack(random.Random(3))
        cls.pcap = cls.write("all.pcap", cls.traffic.bytes())
        cls.conf = cls.configure("all.conf", threshold="-1e30")

    @classmethod
    def path(cls, name):
        return os.path.join(cls.tmp.name, name)

    @classmethod
    def write(cls, name, data):
        with open(cls.path(name), "wb") as f:
            f.write(data)
        return cls.path(name)

    @classmethod
    def configure(cls, name, more="", **model):
        keys = "".join(f"{k} = {v}\n" for k, v in model.items())
        alerts = "".join(f"{k} = {v}\n" for k, v in ganad.EACH_ALERT.items())
        return cls.write(name, f"[scoring]\nunix = {cls.path('never')}\n[control]\nunix = {cls.path('never-2')}\n"
                               f"[alerts]\n{alerts}{more}"
                               f"[model m]\ncheckpoint = {ganad.checkpoint()}\n{keys}".encode())

    def read(self, *files, code=0, conf=None, **kw):
        arguments = [x for f in files for x in ("-r", f)]
        p = subprocess.run([ganad.args.ganadd, "-c", conf or self.conf, *arguments], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=100 * ganad.SLOW, **kw)
        self.assertEqual(p.returncode, code, p.stderr.decode())
        self.assertFalse(os.path.exists(self.path("never")))
        return [json.loads(line) for line in p.stdout.splitlines()], p.stderr.decode()

    def extract(self, *arguments):
        p = ganad.ctl("extract", *arguments)
        self.assertEqual(p.returncode, 0, p.stderr)
        return p.stdout

    def scores(self, records):
        p = ganad.ctl("score", "--local", ganad.checkpoint(), "--format", "csv", "-", input=records)
        self.assertEqual(p.returncode, 0, p.stderr)
        return [ganad.bits(row["score"]) for row in csv.DictReader(io.StringIO(p.stdout.decode()))]

    def expected(self, *arguments):
        """[(score, tuple and Community ID)] of what extract makes of the same."""
        rows = [line.split(",") for line in self.extract("--with-connection", *arguments).decode().splitlines()]
        tuples = [(r[41], r[42], r[43], r[44], r[48]) for r in rows]
        return list(zip(self.scores(self.extract(*arguments)), tuples))

    def told(self, alerts):
        return [(ganad.bits(a["score"]), flow(a)) for a in alerts]
