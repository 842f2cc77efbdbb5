# SPDX-License-Identifier: Apache-2.0
"""Names of services: by port, by the operator's map, by FTP sessions and by content; and that
inspection follows the name."""

import os
import subprocess
import sys
import tempfile
import unittest

import ganad

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import pcap  # noqa: E402

CLIENT, SERVER, OTHER = "10.0.0.1", "10.0.0.2", "10.0.0.3"
LOGIN = ["<220 ready", ">USER ftp", "<331 password", ">PASS a@b", "<230 in"]
TELNET = ["<login: ", ">joe", "<Password: ", ">x", "<Login incorrect"]
PHF = b"GET /cgi-bin/phf?/etc/passwd HTTP/1.0\r\n\r\n"
# columns of a record
SERVICE, HOT, FAILED, LOGGED_IN, GUEST = 2, 9, 10, 11, 21


class Talk:
    """A TCP connection, line by line; it closes at the end."""

    def __init__(self, capture, t, src, sport, dst, dport):
        self.c, self.t = capture, t
        self.ends = ((src, sport, dst, dport), (dst, dport, src, sport))
        self.seq = [1000, 5000]
        for side, flags in ((0, pcap.SYN), (1, pcap.SYN | pcap.ACK), (0, pcap.ACK)):
            self.send(side, flags)

    def send(self, side, flags, data=b""):
        self.c.segment(self.t, *self.ends[side], self.seq[side], self.seq[1 - side], flags, data)
        self.seq[side] += len(data) + (1 if flags & (pcap.SYN | pcap.FIN) else 0)
        self.t += 0.001

    def say(self, lines):
        for line in lines:
            self.send(line[0] == "<", pcap.PSH | pcap.ACK, line[1:].encode() + b"\r\n")
        return self

    def close(self):
        for side, flags in ((0, pcap.FIN | pcap.ACK), (1, pcap.FIN | pcap.ACK), (0, pcap.ACK)):
            self.send(side, flags)


class Services(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory(prefix="ganad-services-")
        self.addCleanup(self.tmp.cleanup)

    def records(self, capture, *options):
        """{(src, sport, dst, dport): record}"""
        path = os.path.join(self.tmp.name, "a.pcap")
        with open(path, "wb") as f:
            f.write(capture.bytes())
        p = subprocess.run([ganad.args.ganadctl, "extract", "--with-connection", *options, path],
                           capture_output=True, timeout=100 * ganad.SLOW, check=True)
        rows = [line.split(",") for line in p.stdout.decode().splitlines()]
        return {(r[41], int(r[42]), r[43], int(r[44])): r for r in rows}

    def talk(self, sport, dport, lines, *options):
        c = pcap.Capture()
        Talk(c, 0, CLIENT, sport, SERVER, dport).say(lines).close()
        return self.records(c, *options)[CLIENT, sport, SERVER, dport]

    def test_port_20_of_the_originator_hides_nothing(self):
        row, usual = (self.talk(sport, 23, TELNET) for sport in (20, 40000))
        self.assertEqual(row[:22], usual[:22])
        self.assertEqual([row[SERVICE], row[FAILED]], ["telnet", "1"])
        c = pcap.Capture()
        for port in range(1, 200):
            c.tcp(port / 100, CLIENT, 20, SERVER, port, end="refused")
        names = [r[SERVICE] for r in self.records(c).values()]
        self.assertEqual(names.count("ftp_data"), 1)
        self.assertEqual(names.count("private"), 160)

    def test_data_connections_have_the_login_of_their_session(self):
        for lines, active in (([">PORT 10,0,0,1,200,1", "<200 ok"], True),
                              ([">EPRT |1|10.0.0.1|51201|", "<200 ok"], True),
                              ([">PASV", "<227 Entering Passive Mode (10,0,0,2,200,1)."], False),
                              ([">PASV", "<227 Passive (192,168,1,1,200,1)."], False),
                              ([">EPSV", "<229 Extended (|||51201|)"], False)):
            for port in (42000, 20) if active else (42000,):
                c = pcap.Capture()
                ends = (SERVER, CLIENT) if active else (CLIENT, SERVER)
                Talk(c, 0, CLIENT, 40000, SERVER, 21).say(LOGIN + lines)
                c.tcp(1, ends[0], port, ends[1], 51201, reply=b"x" * 500)
                c.tcp(2, ends[0], 42001, ends[1], 51201, reply=b"x" * 500)
                rows = self.records(c)
                row = rows[ends[0], port, ends[1], 51201]
                self.assertEqual([row[SERVICE], row[LOGGED_IN]], ["ftp_data", "1"])
                row = rows[ends[0], 42001, ends[1], 51201]  # the announcement was used
                self.assertEqual(row[SERVICE], "other")

    def test_a_bounce_is_not_ftp_data(self):
        for where, dst, port in (("10,0,0,3,0,23", OTHER, 23), ("10,0,0,3,200,1", OTHER, 51201),
                                 ("10,0,0,1,0,23", CLIENT, 23)):
            c = pcap.Capture()
            Talk(c, 0, CLIENT, 40000, SERVER, 21).say(LOGIN + [f">PORT {where}", "<200 ok"])
            Talk(c, 1, SERVER, 20, dst, port).say(TELNET).close()
            row = self.records(c)[SERVER, 20, dst, port]
            self.assertEqual(row[SERVICE], "telnet" if port == 23 else "other")
            self.assertEqual(row[FAILED], "1" if port == 23 else "0")

    def test_a_map_moves_name_and_inspection_both_ways(self):
        names = ["--service", "tcp/2121 = ftp, tcp/21 = other", "--service", "tcp/2300-2400=telnet"]
        for lines, usual, own in ((LOGIN, 21, 2121), (TELNET, 23, 2323)):
            row = self.talk(40000, own, lines, *names)
            self.assertEqual(row[:22], self.talk(40000, usual, lines)[:22])
        row = self.talk(40000, 21, LOGIN, *names)
        self.assertEqual([row[SERVICE], row[GUEST]], ["other", "0"])

    def test_the_daemon_inspects_by_its_map(self):
        c = pcap.Capture()
        Talk(c, 0, CLIENT, 40000, SERVER, 2323).say(TELNET).close()
        path, conf = (os.path.join(self.tmp.name, n) for n in ("b.pcap", "b.conf"))
        with open(path, "wb") as f:
            f.write(c.bytes())
        with open(conf, "w") as f:
            f.write(f"[scoring]\nunix = {path}.s\n[control]\nunix = {path}.c\n"
                    "[records]\nservices = tcp/2323 = telnet\n"
                    f"[model m]\ncheckpoint = {ganad.checkpoint()}\nthreshold = -1e30\n")
        p = subprocess.run([ganad.args.ganadd, "-c", conf, "-r", path], capture_output=True,
                           timeout=100 * ganad.SLOW, check=True)
        self.assertIn(b'"service":"telnet"', p.stdout.replace(b'": "', b'":"'))

    def test_content_names_what_no_port_names(self):
        c = pcap.Capture()
        c.tcp(0, CLIENT, 40000, SERVER, 8080, PHF, b"HTTP/1.0 200 OK\r\n\r\n")
        c.tcp(1, CLIENT, 40001, SERVER, 8081, PHF, b"who are you?\r\n")
        Talk(c, 2, CLIENT, 40002, SERVER, 2121).say(
            LOGIN + [">PASV", "<227 =10,0,0,2,200,1"]).close()
        c.tcp(3, CLIENT, 40003, SERVER, 51201, reply=b"file")
        # who lies on a named port hides nothing there
        Talk(c, 4, CLIENT, 40004, SERVER, 23).say(
            [">GET / HTTP/1.0", "<HTTP/1.0 200 OK"] + TELNET).close()
        by_content, by_port = ({k[1]: r for k, r in self.records(c, *options).items()}
                               for options in (["--detect", "by_content"], []))
        self.assertEqual([by_content[p][SERVICE] for p in range(40000, 40005)],
                         ["http", "other", "ftp", "ftp_data", "telnet"])
        self.assertEqual([by_port[p][SERVICE] for p in range(40000, 40005)],
                         ["other", "other", "other", "other", "telnet"])
        self.assertGreater(int(by_content[40000][HOT]), 0)
        self.assertEqual([by_content[40002][GUEST], by_content[40003][LOGGED_IN]], ["1", "1"])
        self.assertEqual(by_content[40004][FAILED], "1")


if __name__ == "__main__":
    ganad.main()
