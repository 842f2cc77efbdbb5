# SPDX-License-Identifier: Apache-2.0
"""extract of both programs: captures of all forms to records of all forms."""

import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import unittest

import ganad

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import pcap  # noqa: E402

COLUMNS = ("duration protocol_type service flag src_bytes dst_bytes land wrong_fragment urgent hot "
           "num_failed_logins "
           "logged_in num_compromised root_shell su_attempted num_root num_file_creations "
           "num_shells num_access_files "
           "num_outbound_cmds is_host_login is_guest_login count srv_count serror_rate "
           "srv_serror_rate rerror_rate "
           "srv_rerror_rate same_srv_rate diff_srv_rate srv_diff_host_rate dst_host_count "
           "dst_host_srv_count "
           "dst_host_same_srv_rate dst_host_diff_srv_rate dst_host_same_src_port_rate "
           "dst_host_srv_diff_host_rate "
           "dst_host_serror_rate dst_host_srv_serror_rate dst_host_rerror_rate "
           "dst_host_srv_rerror_rate").split()
BEHIND = ("src_ip src_port dest_ip dest_port start end decided community_id orient notes "
          "src_packets dest_packets").split()


def extract(*arguments, code=0, program=None, **kw):
    p = subprocess.run([program or ganad.args.ganadctl, "extract", *arguments],
                       stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, timeout=100 * ganad.SLOW, **kw)
    if p.returncode != code:
        raise AssertionError(f"exit code {p.returncode}, not {code}: "
                             f"{arguments}\n{p.stderr.decode()}")
    return p


def cells(output):
    return [line.split(",") for line in output.decode().splitlines()]


class Extract(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tmp = tempfile.TemporaryDirectory(prefix="ganad-extract-")
        cls.addClassCleanup(cls.tmp.cleanup)
        cls.traffic = pcap.traffic(random.Random(5), 3000)
        cls.pcap = cls.write("all.pcap", cls.traffic.bytes())
        cls.csv = extract(cls.pcap).stdout

    @classmethod
    def path(cls, *name):
        return os.path.join(cls.tmp.name, *name)

    @classmethod
    def write(cls, name, data):
        os.makedirs(os.path.dirname(cls.path(name)), exist_ok=True)
        with open(cls.path(name), "wb") as f:
            f.write(data)
        return cls.path(name)

    def test_records_are_what_happened(self):
        c = pcap.Capture()
        c.tcp(0, "10.0.0.1", 40000, "10.0.0.2", 80, b"GET / HTTP/1.0\r\n\r\n",
              b"HTTP/1.0 200 OK\r\n\r\nhello")
        c.tcp(10, "10.0.0.1", 40001, "10.0.0.2", 113, end="refused")
        c.icmp(20, "10.0.0.1", "10.0.0.2", 8)
        c.icmp(30, "10.0.0.2", "10.0.0.1", 3, 3, b"x" * 175)
        c.udp(40, "10.0.0.1", 40002, "10.0.0.2", 53, b"q" * 42)
        c.udp(41.5, "10.0.0.2", 53, "10.0.0.1", 40002, b"a" * 42)
        c.tcp(42, "10.0.0.3", 20, "10.0.0.1", 1500, b"file", end="rst")
        c.tcp(44, "10.0.0.9", 7, "10.0.0.9", 7, end="silent")
        rows = cells(extract(self.write("few.pcap", c.bytes())).stdout)
        self.assertEqual(sorted(r[1:7] for r in rows), sorted([
            ["tcp", "http", "SF", "18", "24", "0"], ["tcp", "auth", "REJ", "0", "0", "0"],
            ["icmp", "eco_i", "SF", "64", "0", "0"], ["icmp", "urp_i", "SF", "183", "0", "0"],
            ["udp", "domain_u", "SF", "42", "42", "0"], ["tcp", "other", "RSTO", "4", "0", "0"],
            ["tcp", "echo", "S0", "0", "0", "1"]]))
        self.assertEqual([r[0] for r in rows if r[1] == "udp"], ["1"])

    def test_both_programs_write_the_same_bytes(self):
        for arguments in ([], ["--format", "ndjson", "--with-connection"], ["--label", "normal"]):
            p, q = (extract(*arguments, self.pcap, program=x)
                    for x in (ganad.args.ganadctl, ganad.args.train))
            self.assertEqual(p.stdout, q.stdout)
            self.assertGreater(len(p.stdout), 100000)

    def test_a_capture_may_arrive_in_any_way(self):
        data = self.traffic.bytes()
        n = len(self.traffic.packets)
        self.assertEqual(extract("-", input=data).stdout, self.csv)
        self.assertEqual(extract("-", input=gzip.compress(data)).stdout, self.csv)
        self.assertEqual(extract(self.write("all.gz", gzip.compress(data))).stdout, self.csv)
        parts = [self.write(f"parts/{i}.pcap", self.traffic.bytes(i * n // 4, (i + 1) * n // 4))
                 for i in range(4)]
        self.assertEqual(extract(*parts).stdout, self.csv)
        for i, part in enumerate(parts):
            os.utime(part, (1000 + i, 1000 + i))
        self.write("parts/notes.txt", b"not a capture, and passed over")
        p = extract(self.path("parts"))
        self.assertEqual(p.stdout, self.csv)
        self.assertRegex(p.stderr.decode(), r"warning: .*notes\.txt")

    def test_captures_of_the_same_time_are_merged(self):
        """Of two sensors that each saw half of the hosts: the records of one that saw all."""
        halves = [pcap.Capture(), pcap.Capture()]
        for t, frame in self.traffic.packets:
            halves[(frame[29] + frame[33]) % 2].packets.append((t, frame))
        files = [self.write(f"half{i}.pcap", h.bytes()) for i, h in enumerate(halves)]
        merged = extract("--merge", "--with-connection", *files).stdout
        self.assertEqual(sorted(r[41:47] for r in cells(merged)),
                         sorted(r[41:47] for r in cells(extract("--with-connection",
                                                                self.pcap).stdout)))
        decided = [float(r[47]) for r in cells(merged)]
        self.assertEqual(decided, sorted(decided))
        self.assertEqual(extract("--merge", self.pcap).stdout, self.csv)

    def test_ndjson_has_the_same_values(self):
        rows = cells(extract("--with-connection", self.pcap).stdout)
        lines = extract("--with-connection", "--format", "ndjson",
                        self.pcap).stdout.decode().splitlines()
        self.assertEqual(len(rows), len(lines))
        for row, line in zip(rows, lines):
            o = json.loads(line)
            self.assertEqual(list(o), COLUMNS + [k for k in BEHIND if k != "notes"])
            for name, cell in zip(COLUMNS + BEHIND[:4], row):
                value = o[name]
                self.assertEqual(f"{value:.2f}" if isinstance(value, float) else str(value), cell)

    def test_plain_output_trains_a_model(self):
        for label in ([], ["--label", "normal"]):
            data, model = self.path("train.csv"), self.path("model.ckpt")
            extract("--out", data, *label, self.pcap)
            p = subprocess.run([ganad.args.train, "fit", "--data", data, "--out", model, "--epochs",
                                "1"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            self.assertEqual(p.returncode, 0, p.stdout)
            p = ganad.ctl("score", "--local", model, "--format", "csv", data)
            self.assertEqual(p.stdout.count(b"\n"), self.csv.count(b"\n") + 1)

    def test_community_ids_have_a_seed(self):
        c = pcap.Capture()
        c.tcp(0, "128.232.110.120", 34855, "66.35.250.204", 80)
        one = self.write("one.pcap", c.bytes())
        self.assertIn(b"1:LQU9qZlK+B5F3KDmev6m5PMibrg=", extract("--with-connection", one).stdout)
        self.assertIn(b"1:3V71V58M3Ksw/yuFALMcW0LAHvc=",
                      extract("--with-connection", "--seed", "1", one).stdout)

    def test_a_filter_and_services_of_ones_own(self):
        rows = cells(extract("--filter", "udp port 53", self.pcap).stdout)
        self.assertEqual({(r[1], r[2]) for r in rows}, {("udp", "domain_u")})
        names = {r[2] for r in cells(extract("--filter", "tcp port 8080", self.pcap).stdout)}
        self.assertEqual(names, {"other"})
        for options in (["--service", "tcp/8080 = http"],
                        ["--service", "udp/9=other", "--service", "tcp/8000-8100=http"]):
            rows = cells(extract("--filter", "tcp port 8080", *options, self.pcap).stdout)
            self.assertEqual({r[2] for r in rows}, {"http"})

    def test_a_truncated_file_is_a_warning(self):
        data = self.traffic.bytes()
        for name, cut in (("cut.pcap", data[:-10]), ("cut.gz", gzip.compress(data)[:-5000])):
            p = extract(self.write(name, cut))
            self.assertRegex(p.stderr.decode(), rf"warning: .*{name}.*truncated")
            self.assertGreater(p.stdout.count(b"\n"), 100)

    def test_counters_add_up(self):
        c = pcap.Capture()
        c.icmp(0, "10.0.0.1", "10.0.0.2", 8)
        c.ip(1, "10.0.0.1", "10.0.0.2", 89, b"\0" * 40)
        c.packets.append((2, b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\x06" + b"\0" * 28))
        text = extract(self.write("counted.pcap", c.bytes())).stderr.decode()
        self.assertRegex(text,
                         r"^3 packets of 1 file, 2 refused: not-ip 1, other-protocol 1\n"
                         r"not read: EtherType 0x0806 ARP 1, IP protocol 89 OSPF 1\n"
                         r"1 records of 1 connections, ")
        text = extract(self.pcap).stderr.decode()
        records = int(re.search(r"^([\d,]+) records of", text, re.M).group(1).replace(",", ""))
        self.assertEqual(records, self.csv.count(b"\n"))
        self.assertIn("evicted", extract("--max-flows", "10", self.pcap).stderr.decode())

    def test_checksums_are_verified_if_requested(self):
        c = pcap.Capture()
        c.udp(0, "10.0.0.1", 1000, "10.0.0.2", 53)
        t, frame = c.packets[0]
        c.packets[0] = (t, frame[:-1] + b"y")
        bad = self.write("bad.pcap", c.bytes())
        self.assertEqual(extract(bad).stdout.count(b"\n"), 1)
        p = extract("--checksums", "verify", bad)
        self.assertEqual(p.stdout, b"")
        self.assertIn("flow_bad_checksums 1", p.stderr.decode())

    def test_times_after_which_connections_end(self):
        """The number of records with a short time, and with a long one."""
        a, b = "10.1.0.1", "10.1.0.2"

        def quiet(c, t):
            c.segment(t, a, 4000, b, 80, 1, 0, pcap.SYN)
            c.segment(t + .1, b, 80, a, 4000, 9, 2, pcap.SYN | pcap.ACK)
            for late in .2, 400:
                c.segment(t + late, a, 4000, b, 80, 2, 10, pcap.ACK)

        def repeated(c, t):
            for late in 0, 8:
                c.segment(t + late, a, 4000, b, 80, 1, 0, pcap.SYN)

        def reset_not_obeyed(c, t):  # later it is a connection of its own
            c.tcp(t, a, 4000, b, 80, end="rst")
            c.segment(t + 8, a, 4000, b, 80, 1001, 5001, pcap.ACK, b"more")

        def late_data(c, t):
            c.tcp(t, a, 4000, b, 80, end="rst")
            c.segment(t + 20, b, 80, a, 4000, 5001, 1001, pcap.ACK, b"late")

        def exchange(c, t):
            for late in 0, 90:
                c.udp(t + late, a, 4000, b, 99)

        for option, make in (("--tcp-idle", quiet), ("--tcp-half-open", repeated),
                             ("--tcp-close", reset_not_obeyed), ("--linger", late_data),
                             ("--udp-idle", exchange)):
            c = pcap.Capture()
            make(c, 0)
            name = self.write("times.pcap", c.bytes())
            for seconds, n in (("1", 2), ("1000", 1)):
                records = cells(extract(option, seconds, name).stdout)
                self.assertEqual(len(records), n, (option, seconds))

    def test_fragments_of_any_size_give_the_same_records(self):
        c = pcap.traffic(random.Random(7), 200)
        c.tcp(100, "10.1.0.9", 2000, "10.2.0.9", 23, b"root\r\nsecret\r\ncat /etc/shadow\r\n",
              b"login: Password: Last login: Mon\r\n# ")
        for option in ("ignore", "verify", "auto"):
            whole = extract("--checksums", option, self.write("whole.pcap", c.bytes())).stdout
            for size in (8, 24):
                parts = self.write("parts.pcap", c.in_fragments(size).bytes())
                p = extract("--checksums", option, parts)
                self.assertEqual(p.stdout, whole)
                self.assertIn(" 0 refused", p.stderr.decode())

    def test_tunnels_are_opened_as_requested(self):
        vxlan = self.write("vxlan.pcap", self.traffic.in_vxlan().bytes())
        gre = self.write("gre.pcap", self.traffic.in_gre().bytes())
        erspan = self.write("erspan.pcap", self.traffic.in_gre(0x88be).bytes())
        other = self.write("vxlan8472.pcap", self.traffic.in_vxlan(8472).bytes())
        for arguments in ([vxlan], [gre], ["--tunnels", "1", vxlan], ["--tunnels", "8", gre],
                          ["--vxlan-ports", "4789, 8472", other], ["--tunnel-kinds", "all", erspan],
                          ["--tunnels", "1", "--tunnel-kinds", "vxlan", vxlan],
                          ["--tunnels", "1", "--tunnel-kinds", "gre, erspan", erspan],
                          ["--tunnels", "1", "--tunnel-kinds", "all", erspan]):
            self.assertEqual(extract(*arguments).stdout, self.csv)
            marked = extract("--with-connection", "--format", "ndjson",
                             *arguments).stdout.decode().splitlines()
            self.assertEqual({json.loads(line)["tunnels"] for line in marked}, {1})
        for arguments, n in ((["--tunnels", "0", vxlan], 1), (["--tunnels", "0", gre], 0),
                             (["--tunnels", "8", erspan], 0), ([erspan], 0), ([other], 1),
                             (["--tunnels", "1", "--tunnel-kinds", "gre", vxlan], 1),
                             (["--tunnels", "1", "--tunnel-kinds", "vxlan,erspan", gre], 0)):
            p = extract(*arguments)
            self.assertEqual(len({r[2] for r in cells(p.stdout)}), n, arguments)
            if n == 0:
                self.assertIn("other-protocol", p.stderr.decode())

    def test_vlans_are_kept_apart_if_requested(self):
        both = pcap.Capture()
        for i in range(2):
            c = pcap.Capture()
            c.tcp(i / 1e4, "10.0.0.1", 1000, "10.0.0.2", 80, b"GET / HTTP/1.0\r\n\r\n",
                  b"HTTP/1.0 200 OK\r\n\r\n")
            both.packets += c.tagged(i + 1).packets
        tagged = self.write("vlan.pcap", both.bytes())
        self.assertEqual([r[4:6] for r in cells(extract("--by-vlan", tagged).stdout)],
                         [["18", "19"]] * 2)
        self.assertNotEqual([r[4:6] for r in cells(extract(tagged).stdout)], [["18", "19"]] * 2)

    def test_payload_inspection_has_a_limit(self):
        c = pcap.Capture()
        c.tcp(0, "10.0.0.1", 1000, "10.0.0.2", 21, b"USER a\r\nPASS b\r\n",
              b"220 a\r\n331 b\r\n230 in\r\n")
        name = self.write("ftp.pcap", c.bytes())
        self.assertEqual([r[11] for r in cells(extract(name).stdout)], ["1"])
        self.assertEqual([r[11] for r in cells(extract("--inspect-memory", "64K", name).stdout)],
                         ["1"])
        self.assertEqual([r[11] for r in cells(extract("--inspect-memory", "0", name).stdout)],
                         ["0"])

    def test_copies_with_other_bytes_hide_nothing(self):
        request = b"GET /cgi-bin/phf HTTP/1.0\r\n\r\n"
        other = b"a" * len(request)
        there, back = ("10.0.0.1", 1000, "10.0.0.2", 80), ("10.0.0.2", 80, "10.0.0.1", 1000)
        for copies in ([request], [request, request], [other, request], [request, other],
                       [other, request, b"b" * len(request)], [other * 3, request],
                       [other[:5], request]):
            c = pcap.Capture()
            c.segment(0, *there, 1000, 0, pcap.SYN)
            c.segment(0.001, *back, 5000, 1001, pcap.SYN | pcap.ACK)
            for i, data in enumerate(copies):
                c.segment(0.002 + i / 1e6, *there, 1001, 5001, pcap.PSH | pcap.ACK, data)
            c.segment(0.003, *back, 5001, 1001 + len(request), pcap.PSH | pcap.ACK, b"HTTP/1.0 200")
            c.segment(0.004, *back, 5013, 1001 + len(request), pcap.RST | pcap.ACK)
            name = self.write("copies.pcap", c.bytes())
            self.assertEqual([r[9] for r in cells(extract(name).stdout)], ["1"], copies)

    def test_padding_hides_nothing_behind_it(self):
        c = pcap.Capture()
        c.tcp(0, "10.0.0.1", 1000, "10.0.0.2", 80, b"POST / HTTP/1.1\r\n\r\n" + b"a" * 5000 +
              b"\r\nGET /cgi-bin/phf HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")
        name = self.write("padding.pcap", c.bytes())
        for size in ("1M", "100", "0"):
            self.assertEqual([r[9] for r in cells(extract("--inspect-bytes", size, name).stdout)],
                             ["1"])

    def test_wrong_usage_is_explained(self):
        for arguments, words in (([], "extract: needs captures"),
                                 (["--format", "xml", "x"], "not one of csv, ndjson"),
                                 (["--seed", "65536", "x"], "from 0 to 65535"),
                                 (["--label", "a b", "x"], "--label"),
                                 (["--service", "tcp/80=httpd", "x"], "did you mean 'http'"),
                                 (["--checksums", "maybe", "x"], "not one of ignore, verify, auto"),
                                 (["--max-flows", "0", "x"], "from 1 to"),
                                 (["--tcp-idle", "0", "x"], "--tcp-idle: '0' is not"),
                                 (["--udp-idle", "86401", "x"], "from 1 to 86400"),
                                 (["--linger", "0", "x"], "--linger: '0' is not"),
                                 (["--tunnels", "9", "x"], "from 0 to 8"),
                                 (["--tunnel-kinds", "gre,vxlam", "x"],
                                  "--tunnel-kinds: 'vxlam' is not a supported tunnel"),
                                 (["--tunnel-kinds", "", "x"],
                                  "--tunnel-kinds: the name of a tunnel is missing"),
                                 (["--inspect-memory", "2G", "x"], "not a size up to 1024M"),
                                 (["--inspect-memory", "K", "x"], "not a size"),
                                 (["--inspect-bytes", "2G", "x"], "not a size up to 1024M"),
                                 (["--inspect-memory", "", "x"], "not a size"),
                                 (["--nonsense"], "unrecognized option")):
            for program in (ganad.args.ganadctl, ganad.args.train):
                p = extract(*arguments, code=2, program=program)
                self.assertIn(words, p.stderr.decode())
                self.assertEqual(p.stdout, b"")

    def test_what_cannot_be_read_fails(self):
        text = self.write("text.pcap", b"this is not a capture of anything at all")
        os.makedirs(self.path("empty"), exist_ok=True)
        for arguments, words in (([text], "text.pcap"), ([self.path("missing")], "cannot open"),
                                 ([self.path("empty")], "no files in it"),
                                 (["--filter", "nonsense(", self.pcap], "filter"),
                                 (["--merge"] + [self.pcap] * 65, "1 to 64 can be merged")):
            self.assertIn(words, extract(*arguments, code=1).stderr.decode())

    def test_a_file_is_written_as_a_whole_or_not_at_all(self):
        directory = self.path("out")
        os.makedirs(directory, exist_ok=True)
        out = os.path.join(directory, "records.csv")
        extract("--out", out, self.pcap)
        with open(out, "rb") as f:
            self.assertEqual(f.read(), self.csv)
        broken = self.traffic.bytes()
        broken = self.write("broken.pcap", broken[:50000] + b"\xff" * 100 + broken[50000:])
        extract("-o", out, self.path("missing"), code=1)
        with open(out, "rb") as f:
            self.assertEqual(f.read(), self.csv)
        extract("-o", out, broken, code=1)  # with what it still holds
        with open(out, "rb") as f:
            self.assertEqual(f.read(), extract(broken, code=1).stdout)
        self.assertEqual(os.listdir(directory), ["records.csv"])
        link = self.path("link.csv")
        os.symlink(self.write("linked.csv", b"old"), link)
        extract("-o", link, self.pcap)
        self.assertTrue(os.path.islink(link))
        with open(self.path("linked.csv"), "rb") as f:
            self.assertEqual(f.read(), self.csv)
        self.assertEqual(extract("-o", "/dev/stdout", self.pcap).stdout, self.csv)
        self.assertIn("cannot create", extract("-o", os.path.join(directory, "no", "x"), self.pcap,
                                               code=1).stderr.decode())

    def test_an_interrupt_leaves_nothing_behind(self):
        directory = self.path("interrupted")
        os.makedirs(directory, exist_ok=True)
        for sig in (signal.SIGINT, signal.SIGTERM):
            with subprocess.Popen([ganad.args.ganadctl, "extract", "-", "-o",
                                   os.path.join(directory, "x")],
                                  stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
                p.stdin.write(self.traffic.bytes()[:200000])
                p.stdin.flush()
                ganad.wait_for(lambda: os.listdir(directory), 30, "a temporary file")
                p.send_signal(sig)
                self.assertEqual(p.wait(30 * ganad.SLOW), -sig)
            self.assertEqual(os.listdir(directory), [])

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full")
    def test_a_full_disk_is_reported(self):
        with open("/dev/full", "wb") as full:
            p = subprocess.run([ganad.args.ganadctl, "extract", self.pcap], stdout=full,
                               stderr=subprocess.PIPE,
                               check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn(b"cannot write", p.stderr)


if __name__ == "__main__":
    ganad.main()
