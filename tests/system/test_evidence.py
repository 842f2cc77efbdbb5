#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The packets of alerted connections: ganadd keeps exactly those of the connection, within its
limits, and ganadctl copies them."""

import glob
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

import ganad

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import pcap  # noqa: E402


def read_pcapng(data):
    """(comments of the sections, [(ns, bytes)], comments of packets). Little-endian only."""
    at, packets, sections, comments = 0, [], [], []
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        assert struct.unpack_from("<I", data, at + length - 4)[0] == length and length % 4 == 0
        body = data[at + 8:at + length - 4]
        if kind == 0x0a0d0d0a:
            assert body[:4] == b"\x4d\x3c\x2b\x1a"
            sections.append(options(body[16:])[1])
        elif kind == 1:
            assert options(body[8:])[9] == b"\x09"  # ns
        else:
            assert kind == 6, kind
            _, high, low, caplen, _ = struct.unpack_from("<IIIII", body)
            packets.append(((high << 32) + low, body[20:20 + caplen]))
            comments.append(options(body[20 + (caplen + 3) // 4 * 4:]).get(1))
        at += length
    return sections, packets, comments


def options(data):
    found, at = {}, 0
    while at + 4 <= len(data):
        code, length = struct.unpack_from("<HH", data, at)
        if code == 0:
            break
        found[code] = data[at + 4:at + 4 + length]
        at += 4 + (length + 3) // 4 * 4
    return found


def in_ipv6(c):
    """The same packets with IPv6 headers, of fd00::ADDRESS; checksums are not those of IPv6."""
    out = pcap.Capture()
    for t, f in c.sorted():
        prefix = bytes([0xfd]) + bytes(11)
        head = struct.pack(">IHBB", 6 << 28, len(f) - 34, f[23], 64)
        out.packets.append((t, f[:12] + b"\x86\xdd" + head + prefix + f[26:30] + prefix + f[30:34] +
                            f[34:]))
    return out


def connection(i, t):
    """A connection with the address of its originator, which no other has."""
    c, src, dst, sport = pcap.Capture(), f"10.7.{i // 200}.{i % 200 + 1}", "10.8.0.1", 20000 + i
    kind = i % 6
    if kind == 0:
        c.tcp(t, src, sport, dst, 80, b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n" * 90)
    elif kind == 1:  # segments that are repeated
        c.tcp(t, src, sport, dst, 25, b"EHLO a\r\n" * 4, b"250 a\r\n", "rst")
        again = [(at + 0.0001, f) for at, f in c.packets[3:5]]
        c.packets += again
    elif kind == 2:
        for k in range(3):
            c.udp(t + k / 100, src, sport, dst, 53, b"q" * (30 + k))
            c.udp(t + k / 100 + 0.001, dst, 53, src, sport, b"a" * 900)
    elif kind == 3:
        c.icmp(t, src, dst, 8, payload=b"p" * 1400)
    elif kind == 4:
        c.tcp(t, src, sport, dst, 445, end="silent")
    else:
        c.tcp(t, src, sport, dst, 22, b"x" * 50, b"y" * 50)
    how = i // 6 % 5
    if how == 1 and kind != 4:
        c = c.in_fragments(400)
    elif how == 2:
        c = c.tagged(7)
    elif how == 3:
        c = c.in_vxlan()
    elif how == 4 and kind != 3:
        c = in_ipv6(c)
    return src, c


def mixed(n):
    """n connections at once, and the packets of each as (ns, bytes)."""
    both, by_source = pcap.Capture(), {}
    for i in range(n):
        src, c = connection(i, i % 10 / 50)
        by_source[src] = sorted((pcap.START * 10**9 + round(t * 1e6) * 1000, f)
                                for t, f in c.packets)
        both.packets += c.packets
    return both, by_source


def alerts_of(d):
    with open(d.path("alerts")) as f:
        events = [json.loads(line) for line in f]
    return [e for e in events if e["event_type"] == "alert"]


def source_of(alert):
    a = alert["src_ip"]
    if ":" not in a:
        return a
    return socket.inet_ntoa(socket.inet_pton(socket.AF_INET6, a)[12:])


class Evidence(unittest.TestCase):
    def daemon(self, capture, start=True, alerts=None, directory="{dir}/evidence", **keys):
        model = {"m": {"checkpoint": ganad.checkpoint(), "threshold": "-1e30"}}
        d = ganad.Daemon(start=False, models=model, captures={"one": {"file": "{dir}/in.pcap"}},
                         outputs=ganad.ALERTS_FILE, alerts=alerts or {},
                         evidence={"directory": directory, **keys})
        self.addCleanup(d.__exit__)
        with open(d.path("in.pcap"), "wb") as f:
            f.write(capture)
        if start:
            d.start()
        return d

    def files(self, d):
        return sorted(glob.glob(d.path("evidence/*.pcapng")))

    def packets(self, d):
        """Those of the only file."""
        path, = self.files(d)
        with open(path, "rb") as f:
            return read_pcapng(f.read())[1]

    def finished(self, d, n):
        """Waits until n alerts had their packets written, missed or limited."""
        def sum_():
            c = {c.name: c.value for c in d.status().counter}
            parts = ("files", "missed", "limited", "failed")
            return c["alerts"] >= n and c["alerts"] == sum(c["evidence_" + p] for p in parts)
        ganad.wait_for(sum_, 20, lambda: str(d.status().counter))

    def test_files_have_exactly_the_packets_of_their_connection(self):
        both, by_source = mixed(100)
        d = self.daemon(both.bytes(), rate="0")
        self.finished(d, 100)
        listed = json.loads(d.ctl("evidence", "--json", control=True).stdout)
        self.assertEqual(len(listed), 100)
        self.assertEqual(d.counter("evidence_cut"), 0)
        ganad.wait_for(lambda: len(alerts_of(d)) == 100, 10, "alerts")
        for alert in alerts_of(d):
            id_ = alert["event_id"]
            out = d.ctl("evidence", id_, control=True)
            self.assertEqual(out.returncode, 0, out.stderr)
            sections, packets, comments = read_pcapng(out.stdout)
            self.assertEqual(sorted(packets), by_source.pop(source_of(alert)), alert["src_ip"])
            self.assertEqual(packets, sorted(packets, key=lambda p: p[0]))
            self.assertTrue(sections[0].decode().startswith(f"event {id_}\n"), sections)
            self.assertEqual(comments, [sections[0]] + [None] * (len(packets) - 1))
        self.assertEqual(by_source, {})
        for path in self.files(d):
            with open(path, "rb") as f:
                name = os.path.basename(path)
                self.assertEqual(d.ctl("evidence", name, control=True).stdout, f.read())
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o640)
        self.assertEqual(os.stat(d.path("evidence")).st_mode & 0o777, 0o750)

    def test_alerts_name_file_packet_and_evidence(self):
        both, _ = mixed(20)
        d = self.daemon(both.bytes(), rate="0", ring="file")
        self.finished(d, 20)
        ganad.wait_for(lambda: len(alerts_of(d)) == 20, 10, "alerts")
        frames = [f for _, f in both.sorted()]
        for alert in alerts_of(d):
            self.assertEqual(alert["pcap_filename"], d.path("in.pcap"))
            address = socket.inet_aton(source_of(alert))
            first = next(i for i, f in enumerate(frames) if address in f) + 1
            self.assertEqual(alert["pcap_cnt"], first)
            self.assertTrue(os.path.exists(d.path("evidence/" + alert["evidence"])))

    def test_without_a_directory_nothing_is_kept(self):
        d = self.daemon(mixed(5)[0].bytes(), directory="")
        ganad.wait_for(lambda: d.counter("alerts") == 5, 10, "alerts")
        out = d.ctl("evidence", control=True)
        self.assertEqual(out.returncode, 1)
        self.assertIn(b"[evidence] has no directory", out.stderr)
        self.assertFalse(os.path.exists(d.path("evidence")))

    def test_a_flood_stays_within_the_limits(self):
        c = pcap.Capture()
        c.is_sorted = True
        for i in range(3000):
            c.udp(i / 1e5, f"10.{i >> 8 & 255}.{i & 255}.9", 999, "10.8.0.1", 7, b"f" * 1000)
        d = self.daemon(c.bytes(), ring_size="1M", quota="1M", files="50", rate="0")
        ganad.wait_for(lambda: d.counter("alerts") == 3000, 30, "alerts")
        self.finished(d, 3000)
        sizes = [os.path.getsize(f) for f in self.files(d)]
        self.assertLessEqual(len(sizes), 50)
        self.assertLessEqual(sum(sizes), 1 << 20)
        self.assertGreater(len(sizes), 0)
        n = {c.name: c.value for c in d.status().counter}
        self.assertGreater(n["evidence_missed"] + n["evidence_limited"], 0)
        self.assertEqual(n["evidence_deleted"], n["evidence_files"] - len(sizes))
        if ganad.SLOW == 1:  # a sanitizer keeps what is freed
            self.assertLess(d.rss(), 120 << 20)

    def test_the_rate_is_limited(self):
        d = self.daemon(mixed(100)[0].bytes(), rate="100")
        self.finished(d, 100)
        self.assertGreater(d.counter("evidence_limited"), 50)
        self.assertLess(d.counter("evidence_files"), 50)

    def test_long_connections_keep_their_beginning(self):
        c = pcap.Capture()
        c.is_sorted = True
        for i in range(400):
            c.udp(i / 100, "10.7.0.1", 999, "10.8.0.1", 7, b"%04d" % i + b"x" * 1000)
        d = self.daemon(c.bytes(), rate="0", connection_bytes="100K", snaplen="64")
        self.finished(d, 1)
        packets = self.packets(d)
        self.assertTrue(all(len(f) == 64 for _, f in packets))
        self.assertEqual([int(f[42:46]) for _, f in packets], list(range(400)))
        d = self.daemon(c.bytes(), rate="0", connection_bytes="100K", incident_packets="7")
        self.finished(d, 1)
        packets = self.packets(d)
        self.assertEqual([int(f[42:46]) for _, f in packets], list(range(7)))
        self.assertEqual(d.counter("evidence_cut"), 1)
        flow = {c.name: c.value for c in d.status().source[0].counter}
        self.assertEqual(flow["flow_frames_stored"] + flow["flow_frames_skipped"], 400)
        self.assertGreater(flow["flow_frames_skipped"], 250)

    def test_kill_leaves_no_half_file(self):
        both, _ = mixed(100)
        d = self.daemon(both.bytes(), start=False, rate="0")
        for _ in range(3):
            d.start()
            time.sleep(random.random() * 0.05)
            d.process.send_signal(signal.SIGKILL)
            d.process.wait()
            for path in self.files(d):
                with open(path, "rb") as f:
                    read_pcapng(f.read())
        with open(d.path("evidence/.x-1-2.pcapng.tmp"), "wb") as f:
            f.write(b"half")
        d.start()
        self.finished(d, 100)
        self.assertEqual(glob.glob(d.path("evidence/.*.tmp")), [])
        n = len(json.loads(d.ctl("evidence", "--json", control=True).stdout))
        self.assertGreaterEqual(n, 100)

    def test_only_own_names_are_read(self):
        d = self.daemon(mixed(3)[0].bytes(), rate="0")
        self.finished(d, 3)
        os.symlink("/etc/passwd", d.path("evidence/link.pcapng"))
        for name in ("../in.pcap", "link.pcapng", "/etc/passwd", ".", "", "x"):
            with ganad.Conn(d.control) as c:
                c.send(ganad.CONTROL_REQUEST, ganad.pb.ControlRequest(
                    command=ganad.pb.ControlRequest.EVIDENCE_READ, file=name))
                self.assertIn("evidence", c.error().message)
        out = d.ctl("evidence", "nothing", control=True)
        self.assertEqual(out.returncode, 1)
        self.assertIn(b"no evidence of 'nothing'", out.stderr)

    def check(self, d, code, text):
        p = subprocess.run([ganad.args.ganadd, "-t", "-c", d.conf], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=60)
        self.assertEqual(p.returncode, code, p.stdout)
        self.assertIn(text, p.stdout.decode())

    def test_the_directory_is_checked(self):
        d = self.daemon(b"", start=False)
        with open(d.path("in.pcap"), "wb") as f:
            f.write(pcap.Capture().bytes())
        self.check(d, 0, "")
        self.assertFalse(os.path.exists(d.path("evidence")))
        os.mkdir(d.path("other"), 0o750)
        os.symlink(d.path("other"), d.path("evidence"))
        self.check(d, 1, "[evidence] directory")
        self.check(d, 1, "a symbolic link, or not a directory")
        os.unlink(d.path("evidence"))
        os.mkdir(d.path("evidence"))
        os.chmod(d.path("evidence"), 0o755)
        self.check(d, 1, "chmod 0750")
        os.rmdir(d.path("evidence"))
        with open(d.path("evidence"), "w"):
            pass
        self.check(d, 1, "a symbolic link, or not a directory")


if __name__ == "__main__":
    ganad.main()
