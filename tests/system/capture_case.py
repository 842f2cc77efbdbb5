# SPDX-License-Identifier: Apache-2.0
"""Shared by the tests of ganadd on packets: a capture, configurations for it, and the results
expected of both."""

import csv
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

import ganad

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import pcap  # noqa: E402


def attack(r):
    """Some connections of many kinds, and a SYN flood."""
    c = pcap.traffic(r, 300)
    for i in range(400):
        c.tcp(30 + i / 500, "10.9.0.1", 2000 + i, "10.2.0.1", 80, end="silent")
    return c


def flow(alert):
    """The values of an alert that a record of extract --with-connection has, too."""
    return tuple(str(alert[k]) for k in ("src_ip", "src_port", "dest_ip", "dest_port",
                                         "community_id"))


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
        return cls.write(name,
                         f"[scoring]\nunix = {cls.path('never')}\n[control]\n"
                         f"unix = {cls.path('never-2')}\n"
                         f"[alerts]\n{alerts}{more}"
                         f"[model m]\ncheckpoint = {ganad.checkpoint()}\n{keys}".encode())

    def read(self, *files, code=0, conf=None, **kw):
        arguments = [x for f in files for x in ("-r", f)]
        p = subprocess.run([ganad.args.ganadd, "-c", conf or self.conf, *arguments],
                           stdout=subprocess.PIPE,
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
        """[(score, tuple and Community ID)] of the records that extract makes of the capture."""
        rows = [line.split(",") for line in self.extract("--with-connection",
                                                         *arguments).decode().splitlines()]
        tuples = [(r[41], r[42], r[43], r[44], r[48]) for r in rows]
        return list(zip(self.scores(self.extract(*arguments)), tuples))

    def reported(self, alerts):
        return [(ganad.bits(a["score"]), flow(a)) for a in alerts]


SEND = """
import socket, struct, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
data = open(sys.argv[2], "rb").read()
at = 24
while at < len(data):
    n = struct.unpack("<I", data[at + 8:at + 12])[0]
    s.send(data[at + 16:at + 16 + n])
    at += 16 + n
    time.sleep(0.0002)
"""


def net_namespace_works():
    if not shutil.which("ip") or not shutil.which("unshare"):
        return False
    return subprocess.run(["unshare", "-n", "ip", "link", "add", "near", "type", "veth", "peer",
                           "name", "far"],
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


class NetCase(Case):
    """Runs in a network namespace that a sleeping child holds."""

    def setUp(self):
        if not net_namespace_works():
            self.skipTest("no network namespaces here (unshare -n, ip, veth)")
        self.net = subprocess.Popen(["unshare", "-n", "sleep", "1000"])
        self.addCleanup(self.net.wait)
        self.addCleanup(self.net.kill)
        own = os.readlink("/proc/self/ns/net")
        ganad.wait_for(lambda: os.readlink(f"/proc/{self.net.pid}/ns/net") != own, 10, "a network")
        self.make_link()

    def inside(self, *command):
        return ["nsenter", "-t", str(self.net.pid), "-n", *command]

    def run_inside(self, *command):
        subprocess.run(self.inside(*command), check=True)

    def make_link(self):
        self.run_inside("sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6 || true")
        self.run_inside("ip", "link", "add", "near", "type", "veth", "peer", "name", "far")
        for name in ("near", "far"):
            self.run_inside("ip", "link", "set", name, "arp", "off", "up")

    def source(self, d):
        return d.status().source[0]

    def start(self, d):
        d.process = subprocess.Popen(self.inside(ganad.args.ganadd, "-c", d.conf), stderr=d.log)
        ganad.wait_for(d.answers, 30, "ganadd serves")

    def send(self, name):
        self.run_inside(sys.executable, "-c", SEND, "near", name)
