# SPDX-License-Identifier: Apache-2.0
"""Captures that are damaged, packed, tagged or in directories of directories: extract, score and
ganadd read the same of them, and say the same."""

import bz2
import gzip
import lzma
import os
import shutil
import struct
import subprocess

import ganad
from capture_case import Case, pcap

N = 200  # packets of a capture here


def block(type_, body):
    body += bytes(-len(body) % 4)
    n = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", type_) + n + body + n


SECTION = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))


def interface(link=1, snaplen=65535):
    return block(1, struct.pack("<HHI", link, 0, snaplen))


def enhanced(packets, number=0, skip=0):
    """Blocks of a pcapng file; skip: bytes of the link header, which are left out."""
    blocks = []
    for t, frame in packets:
        us = pcap.START * 10**6 + round(t * 1e6)
        frame = frame[skip:]
        blocks.append(block(6, struct.pack("<IIIII", number, us >> 32, us & 0xffffffff, len(frame),
                                           len(frame)) + frame))
    return blocks


class Damaged(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.packets = cls.traffic.sorted()[:N]
        cls.data = cls.traffic.bytes(0, N)
        cls.whole = cls.write("whole.pcap", cls.data)
        cls.rest = cls.write("rest.pcap", cls.traffic.bytes(N, 2 * N))

    def records(self, *arguments, code=0):
        p = ganad.ctl("extract", "--with-connection", *arguments)
        self.assertEqual(p.returncode, code, p.stderr)
        return sorted(p.stdout.splitlines()), p.stderr.decode()

    def alike(self, name, like, warning, code=1):
        """All programs read the records of the capture `like`, and warn."""
        want, _ = self.records(like)
        self.assertGreater(len(want), 10)
        got, said = self.records(name, code=code)
        self.assertEqual(got, want)
        self.assertRegex(said, f"warning: .*{os.path.basename(name)}: .*{warning}"
                         if warning else r"^[0-9,]+ packets")
        p = ganad.ctl("score", "--local", ganad.checkpoint(), "--format", "csv", name)
        self.assertEqual((p.returncode, len(p.stdout.splitlines())), (code, len(want) + 1))
        if warning:
            self.assertRegex(p.stderr.decode(), f"warning: .*{warning}")
        with open(name, "rb") as f:
            p = ganad.ctl("extract", "--with-connection", "-", stdin=f)
        self.assertEqual((p.returncode, sorted(p.stdout.splitlines())), (code, want))
        if warning:
            alerts, said = self.read(name, code=code)
            self.assertEqual(len(alerts), len(want))
            self.assertRegex(said, f"warning: capture: 1: .*{warning}")
        directory = self.path("in-a-directory")
        os.mkdir(directory)
        shutil.copy(name, directory)
        self.assertEqual(self.records(directory, code=code)[0], want)
        if warning:
            self.assertEqual(len(self.read(directory, code=code)[0]), len(want))
        shutil.rmtree(directory)

    def test_a_broken_record_ends_a_file(self):
        bad = struct.pack("<IIII", 1, 1, 0x7fffffff, 60) + bytes(60) + self.data[24:]
        self.alike(self.write("header.pcap", self.data + bad), self.whole,
                   f"damaged at byte {len(self.data)}, after packet {N}: ")
        self.alike(self.write("zeros.pcap", self.data + bytes(4096)), self.whole, "it ends within zeros",
                   code=0)

    def test_what_is_behind_a_gzip_member(self):
        packed = gzip.compress(self.data)
        self.alike(self.write("padded.pcap.gz", packed + bytes(5000)), self.whole, "", code=0)
        self.alike(self.write("garbage.pcap.gz", packed + b"garbage"), self.whole,
                   "other bytes behind the gzip stream")
        self.alike(self.write("sum.pcap.gz", packed[:-8] + bytes(4) + packed[-4:]), self.whole,
                   "broken gzip stream")
        half = len(self.data) // 2
        self.alike(self.write("two.pcap.gz", gzip.compress(self.data[:half]) +
                              gzip.compress(self.data[half:])), self.whole, "", code=0)

    def test_a_pcapng_file_goes_on_behind_damage(self):
        good = enhanced(self.packets)
        self.alike(self.write("good.pcapng", SECTION + interface() + b"".join(good)), self.whole,
                   "", code=0)
        k = N // 2
        bad = good[k][:-4] + struct.pack("<I", 1)
        self.alike(self.write("trailer.pcapng", SECTION + interface() + b"".join(good[:k]) + bad +
                              b"".join(good[k + 1:])), self.whole, "two lengths differ: .* and 1")
        stray = enhanced(self.packets[:1], number=7)
        self.alike(self.write("unknown.pcapng", SECTION + interface() + b"".join(good[:k] + stray +
                                                                                 good[k:])),
                   self.whole, "a packet of an unknown interface")
        self.alike(self.write("lost.pcapng", SECTION + interface() + b"".join(good) +
                              b"\xff" * 64 + good[0]), self.whole, "out of range")

    def test_interfaces_that_come_late(self):
        k = N // 2
        first = SECTION + interface() + b"".join(enhanced(self.packets[:k]))
        self.alike(self.write("snaplen.pcapng", first + interface(snaplen=96) +
                              b"".join(enhanced(self.packets[k:], 1))), self.whole,
                   f"from packet {k + 1} on the snaplen is 96, before it 65535", code=0)
        self.alike(self.write("link.pcapng", first + interface(link=101) +
                              b"".join(enhanced(self.packets[k:], 1, skip=14))), self.whole,
                   f"from packet {k + 1} on the link type is RAW .12., before it EN10MB .1.",
                   code=0)
        stray = b"\xff" * 64
        self.alike(self.write("both.pcapng", first + interface(snaplen=96) +
                              b"".join(enhanced(self.packets[k:], 1)) + stray), self.whole,
                   f"out of range.*; from packet {k + 1} on the snaplen is 96")
        self.alike(self.write("section.pcapng", first + SECTION + interface() +
                              b"".join(enhanced(self.packets[k:]))), self.whole, "", code=0)

    def test_files_after_a_damaged_one_are_read(self):
        bad = self.write("bad.pcap", self.data + b"\xff" * 64)
        want, _ = self.records(self.whole, self.rest)
        got, said = self.records(bad, self.rest, code=1)
        self.assertEqual(got, want)
        self.assertIn("2 files (1 damaged)", said)
        junk = self.write("junk.pcap", b"no capture at all, by any means")
        got, said = self.records(self.whole, junk, self.path("none"), self.rest, code=1)
        self.assertEqual(got, want)
        self.assertIn("junk.pcap: not a capture", said)
        self.assertIn("none: cannot open", said)
        out = self.path("out.csv")
        self.records(bad, "-o", out, code=1)
        self.assertTrue(os.path.exists(out))

    def test_packed_in_other_ways(self):
        packed = {"bz2": bz2.compress(self.data), "xz": lzma.compress(self.data)}
        if shutil.which("zstd"):
            packed["zst"] = subprocess.run(["zstd", "-c"], input=self.data, check=True,
                                           stdout=subprocess.PIPE).stdout
        for kind, data in packed.items():
            name = self.write(f"packed.pcap.{kind}", data)
            if b"is not read here" in ganad.ctl("extract", name).stderr:
                continue  # this build lacks the library
            self.alike(name, self.whole, "", code=0)
            cut = self.write(f"cut.pcap.{kind}", data[:-10])
            self.assertRegex(ganad.ctl("extract", cut).stderr.decode(), "truncated [a-z0-9]+ stream")
        p = ganad.ctl("extract", self.write("packed.pcap.lz4", b"\x04\x22\x4d\x18" + bytes(50)))
        self.assertEqual(p.returncode, 1)
        self.assertIn(b"packed with lz4, which is not read here: use 'lz4 -dc FILE | ...'", p.stderr)

    def test_a_filter_does_not_see_behind_tags(self):
        tagged = self.write("tagged.pcap", self.traffic.tagged(5).bytes(0, N))
        hint = r"took none of 200 packets, and 200 of them have a VLAN tag.*'vlan and \(tcp\)'"
        self.assertRegex(self.records("--filter", "tcp", tagged)[1], f"warning: .*{hint}")
        self.assertEqual(self.records("--filter", "tcp", tagged, self.whole)[1].count("warning"), 0)
        self.assertRegex(ganad.ctl("score", "--local", ganad.checkpoint(), "--filter", "tcp",
                                   tagged).stderr.decode(), f"warning: .*{hint}")
        got, said = self.records("--filter", "vlan and (tcp)", tagged)
        self.assertGreater(len(got), 10)
        self.assertNotIn("warning", said)
        conf = self.configure("filter.conf", "[capture c]\nfilter = tcp\n", threshold="-1e30")
        self.assertRegex(self.read(tagged, conf=conf)[1], f"warning: capture: 1: .*{hint}")

    def test_directories_in_directories(self):
        top = self.path("top")
        os.makedirs(os.path.join(top, "2026", ".old"))
        for at, (name, data) in enumerate((("2026/a.pcap", self.traffic.bytes(0, N)),
                                           ("b.pcap", self.traffic.bytes(N, 2 * N)),
                                           ("2026/.old/c.pcap", self.data))):
            with open(os.path.join(top, name), "wb") as f:
                f.write(data)
            os.utime(os.path.join(top, name), (1000 + at, 1000 + at))
        os.symlink(top, os.path.join(top, "2026", "loop"))
        want, _ = self.records(self.whole, self.rest)
        self.assertEqual(self.records("--recursive", top)[0], want)
        self.assertEqual(self.records(top)[0], self.records(self.rest)[0])
        p = ganad.ctl("score", "--local", ganad.checkpoint(), "--format", "csv", "--recursive", top)
        self.assertEqual((p.returncode, len(p.stdout.splitlines())), (0, len(want) + 1), p.stderr)
        conf = self.configure("recursive.conf", "[capture c]\nrecursive = yes\n", threshold="-1e30")
        self.assertEqual(len(self.read(top, conf=conf)[0]), len(want))


if __name__ == "__main__":
    ganad.main()
