# SPDX-License-Identifier: Apache-2.0
"""Shared by tests of ganad-train: synthetic records, a checkpoint trained on them, and ways to run
it."""

import json
import os
import random
import struct
import subprocess
import tempfile
import unittest

import ganad

SERVICES = {"normal": ("tcp", "http", "SF"), "smurf": ("icmp", "ecr_i", "SF"),
            "neptune": ("tcp", "private", "S0"),
            "nmap": ("udp", "domain_u", "SF")}
CATEGORY = {"normal": "normal", "smurf": "dos", "neptune": "dos", "nmap": "probe"}


def record(r, label):
    """Attacks differ from normal connections in most columns, but nmap is close to them."""
    attack = label in ("smurf", "neptune")
    cells = [r.choice((0, 0, 0, 2)), *SERVICES[label if r.random() < 0.9 else "normal"],
             1032 if label == "smurf" else r.randrange(50, 400), 0 if attack
             else r.randrange(200, 6000), 0, 0, 0,
             r.randrange(2), 0, 0 if attack else 1, *[0] * 10]
    cells += [r.randrange(400, 512) if attack else r.randrange(1, 30) for _ in range(2)]
    rate = 1.0 if label == "neptune" else 0.0
    cells += [f"{rate:.2f}"] * 2 + ["0.00"] * 2 + [f"{r.choice((1.0, 1.0, 0.5)):.2f}", "0.00",
                                                   "0.00"]
    cells += [255 if attack else r.randrange(1, 255), r.randrange(1, 256), f"{r.random():.2f}",
              "0.00",
              f"{r.random() / 10:.2f}", "0.00", f"{rate:.2f}", f"{rate:.2f}", "0.00", "0.00"]
    return ",".join(map(str, cells))


def records(seed=3, n=3000, labelled=True):
    r = random.Random(seed)
    labels = [r.choices(list(SERVICES), (60, 25, 10, 5))[0] for _ in range(n)]
    return "".join(record(r, x) + (f",{x}." if labelled else "") + "\n" for x in labels)


def as_float32(text):
    """The score as printed, not the decimal that stands for it."""
    return struct.unpack("f", struct.pack("f", float(text)))[0]


class TrainCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tmp = tempfile.TemporaryDirectory(prefix="ganad-train-")
        cls.addClassCleanup(cls.tmp.cleanup)
        cls.text = records()
        cls.data = cls.write("records.csv", cls.text)
        cls.checkpoint = cls.path("shared.ckpt")
        cls.fit("--out", cls.checkpoint, "--epochs", "8")

    @classmethod
    def path(cls, name):
        return os.path.join(cls.tmp.name, name)

    @classmethod
    def write(cls, name, text):
        with open(cls.path(name), "w") as f:
            f.write(text)
        return cls.path(name)

    @classmethod
    def run_train(cls, *arguments, code=0):
        p = subprocess.run([ganad.args.train, *map(str, arguments)], text=True,
                           stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100 * ganad.SLOW)
        if p.returncode != code:
            raise AssertionError(f"exit code {p.returncode}, not {code}: "
                                 f"{' '.join(map(str, arguments))}\n{p.stderr}")
        return p

    @classmethod
    def fit(cls, *arguments, data=None, **kw):
        return cls.run_train("fit", "--data", data or cls.data, *arguments, **kw)

    def json(self, *arguments):
        return json.loads(self.run_train(*arguments, "--json").stdout)

    def scores(self, checkpoint, data=None):
        """By another program than the one under test."""
        p = subprocess.run([ganad.args.ganadctl, "score", "--local", checkpoint, "--format", "csv",
                            data or self.data],
                           check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return [as_float32(line.split(",")[1]) for line in p.stdout.splitlines()[1:]]

    def labels(self):
        return [line.rsplit(",", 1)[1][:-1] for line in self.text.splitlines()]
