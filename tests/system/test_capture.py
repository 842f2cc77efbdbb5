# SPDX-License-Identifier: Apache-2.0
"""ganadd on packets: files with -r and as captures of its configuration, and an interface in a
separate network namespace."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import unittest

import ganad
from capture_case import Case, NetCase, flow, pcap


class Capture(Case):
    def test_scores_are_those_of_extract_and_score(self):
        alerts, said = self.read(self.pcap)
        self.assertGreater(len(alerts), 600)
        self.assertEqual(self.reported(alerts), self.expected(self.pcap))
        self.assertRegex(said,
                         rf"\n{len(self.traffic.packets)} packets, 0 refused, "
                         rf"{len(alerts)} connections, "
                         rf"{len(alerts)} records scored, {len(alerts)} anomalous\n$")
        for a in alerts:
            self.assertTrue(a["community_id"].startswith("1:"))
            self.assertIn(a["proto"], ("TCP", "UDP", "ICMP"))
            self.assertLessEqual(a["flow"]["start"], a["flow"]["end"])
            self.assertTrue(a["flow"]["start"].startswith("2020-09-13T12:2"))

    def test_the_standard_input_is_a_capture_too(self):
        with open(self.pcap, "rb") as f:
            self.assertEqual(self.reported(self.read("-", input=f.read())[0]),
                             self.reported(self.read(self.pcap)[0]))

    def test_a_silent_pipe_does_not_delay_a_stop(self):
        """It stops at once, and keeps what had arrived."""
        conf = self.configure("pipe.conf", "[ganadd]\nstop_timeout = 1h\n", threshold="-1e30")
        ping = pcap.Capture()
        for i in range(3):
            ping.icmp(i, "10.0.0.1", "10.0.0.2", 8)
        ping.tcp(4, "10.0.0.1", 1000, "10.0.0.2", 80, end="silent")
        with subprocess.Popen([ganad.args.ganadd, "-c", conf, "-r", "-"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as p:
            p.stdin.write(ping.bytes())
            p.stdin.flush()
            for _ in range(3):  # complete records are scored, though the pipe has not ended
                self.assertIn(b'"service":"eco_i"', p.stdout.readline())
            p.send_signal(signal.SIGTERM)
            rest, said = p.stdout.read(), p.stderr.read()
            self.assertEqual(p.wait(30 * ganad.SLOW), 0, said)
            self.assertIn(b'"flag":"S0"', rest)
            self.assertIn(b"SIGTERM: finishing", said)
            self.assertNotIn(b"warning", said)

    def test_waiting_for_a_pipe_blocks_nothing_else(self):
        """Its writer can open it at any time; until then ganadd serves, and can be stopped."""
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        with ganad.Daemon(captures={"pipe": {"file": fifo}}, ganadd={"stop_timeout": "1h"}) as d:
            self.assertEqual(d.status().source[0].state, "reading")
            with open(fifo, "wb") as f:
                f.write(self.traffic.bytes())
            s = ganad.wait_for(lambda: next((x for x in d.status().source if x.state == "ended"),
                                            None), 20, "the end")
            self.assertEqual((s.packets, s.records),
                             (len(self.traffic.packets), len(self.expected(self.pcap))))
            self.assertEqual(d.stop(), 0)
        with ganad.Daemon(captures={"pipe": {"file": fifo}}, ganadd={"stop_timeout": "1h"}) as d:
            self.assertEqual(d.stop(), 0)
        conf = self.configure("silent.conf", "[ganadd]\nstop_timeout = 1h\n")
        with subprocess.Popen([ganad.args.ganadd, "-c", conf, "-r", "-"], stdin=subprocess.PIPE,
                              stderr=subprocess.PIPE) as p:
            self.assertIn(b"is ready", p.stderr.readline())
            p.send_signal(signal.SIGTERM)
            self.assertEqual(p.wait(30 * ganad.SLOW), 0)
        self.assertIn("standard input: not a capture: neither pcap nor pcapng",
                      self.read("-", input=b"no capture at all", code=1)[1])

    @unittest.skipUnless(os.geteuid() == 0, "not root")
    def test_nothing_of_root_is_kept_for_files(self):
        with ganad.Daemon(captures={"a": {"file": self.pcap}}, ganadd={"user": "nobody"}) as d:
            self.assertEqual(privileges(d), ("65534", 0))
            self.assertEqual(d.stop(), 0)

    def test_files_of_the_same_time_are_read_in_one_order(self):
        other = pcap.traffic(random.Random(9), 500)
        second = self.write("other.pcap", other.bytes())
        want = self.expected("--merge", self.pcap, second)
        for _ in range(3):
            self.assertEqual(self.reported(self.read(self.pcap, second)[0]), want)

    def test_the_outputs_of_the_configuration_are_used(self):
        out = self.path("alerts.json")
        conf = self.configure("file.conf",
                              f"[output f]\ntype = file\nto = {out}\n[records]\n"
                              "community_id_seed = 7\n"
                              "services = tcp/8080 = http\n[capture never]\n"
                              "interface = no-such\n",
                              threshold="-1e30")
        alerts, _ = self.read(self.pcap, conf=conf)
        self.assertEqual(alerts, [])
        with open(out, encoding="ascii") as f:
            reported = self.reported(map(json.loads, f))
        self.assertEqual(reported, self.expected("--seed", "7", "--service", "tcp/8080=http",
                                                 self.pcap))

    def test_a_configuration_without_sockets_is_enough(self):
        bare = self.write("bare.conf",
                          "[scoring]\nunix =\n[control]\nunix =\n[alerts]\nrollup = 0s\n"
                          "[model m]\n"
                          f"checkpoint = {ganad.checkpoint()}\n"
                          "threshold = -1e30\n".encode())
        self.assertEqual(self.reported(self.read(self.pcap, conf=bare)[0]),
                         self.expected(self.pcap))
        p = subprocess.run([ganad.args.ganadd, "-c", bare, "-t"], stderr=subprocess.PIPE,
                           check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn(b"[scoring] has neither unix, tcp nor tls, and no capture is configured", p.stderr)

    def test_files_are_read_as_the_configuration_says(self):
        """With the settings of its only capture; with several it is ambiguous."""
        used = "[capture spool]\ndirectory = /no/such\ndelete = yes\nfilter = tcp\n"
        want = self.expected("--filter", "tcp", self.pcap)
        self.assertLess(len(want), len(self.expected(self.pcap)))
        for name, sections, n in (("one", used, want),
                                  ("off", used + "[capture off]\nfilter = udp\n", want),
                                  ("many", used + "[capture b]\nfile = /b\n",
                                   self.expected(self.pcap))):
            conf = self.configure(name + ".conf", sections, threshold="-1e30")
            self.assertEqual(self.reported(self.read(self.pcap, conf=conf)[0]), n)

    def test_a_directory_is_a_capture_too(self):
        directory = tempfile.mkdtemp(dir=self.tmp.name)
        n = len(self.traffic.packets)
        for i in range(3):
            name = self.write(os.path.join(directory, str(9 - i)),
                              self.traffic.bytes(i * n // 3, (i + 1) * n // 3))
            os.utime(name, (1000 + i, 1000 + i))
        self.write(os.path.join(directory, "notes.txt"), b"no capture at all, by any means")
        alerts, said = self.read(directory)
        self.assertEqual(self.reported(alerts), self.expected(self.pcap))
        self.assertIn("notes.txt: ", said)
        conf = self.configure("delete.conf",
                              f"[capture x]\ndirectory = {directory}\ndelete = yes\n",
                              threshold="-1e30")
        self.assertEqual(len(self.read(directory, conf=conf)[0]), len(alerts))
        self.assertEqual(len(os.listdir(directory)), 4)  # reading does not delete
        empty = tempfile.mkdtemp(dir=self.tmp.name)
        self.assertIn(f"{empty}: no capture file in it", self.read(empty, code=1)[1])

    def test_a_slow_reader_of_alerts_loses_none(self):
        many = pcap.Capture()
        for i in range(12000):
            many.icmp(i / 1000, f"10.1.{i % 200}.1", "10.2.0.1", 8)
        conf = self.configure("slow.conf",
                              "[spool]\nquota = 1M\nsegment = 256K\n[output o]\n"
                              "type = stdout\nevents = alert, loss\n", threshold="-1e30")
        alerts, said = self.read(self.write("many.pcap", many.bytes()), conf=conf)
        self.assertEqual([a["seq"] for a in alerts], list(range(1, 12001)), said)

    def test_a_truncated_file_is_read_up_to_the_truncation(self):
        data = self.traffic.bytes()
        cut = self.write("cut.pcap", data[:len(data) * 2 // 3 + 5])
        conf = self.configure("cut.conf", "[capture c]\ninterim = 0s\n", threshold="-1e30")
        alerts, said = self.read(cut, conf=conf)
        self.assertRegex(said, r"warning: capture: 1: .*cut\.pcap: truncated")
        rows, reported = self.expected(cut), self.reported(alerts)
        opened = [r for r in rows if r not in reported]  # still at the end
        self.assertEqual(len(opened), 2)
        self.assertEqual(reported, [r for r in rows if r not in opened])
        alerts = self.read(cut)[0]
        interim = [a for a in alerts if flow(a) in [r[1] for r in opened]]  # what they did so far
        self.assertEqual([a["features"]["flag"] for a in interim], ["SF", "SF"])
        self.assertEqual(len(alerts), len(rows))

    def test_a_connection_that_lasts_is_scored_before_it_ends(self):
        c = pcap.Capture()
        there, back = ("10.1.0.1", 2000, "10.2.0.1", 22), ("10.2.0.1", 22, "10.1.0.1", 2000)
        c.segment(0, *there, 1000, 0, pcap.SYN)
        c.segment(0.1, *back, 5000, 1001, pcap.SYN | pcap.ACK)
        c.segment(0.2, *back, 5001, 1001, pcap.ACK, b"x")
        for i in range(70):  # 700 s
            c.segment(1 + 10 * i, *there, 1001 + i, 5002, pcap.ACK, b"x")
        c.segment(700, *there, 1071, 5002, pcap.FIN | pcap.ACK)
        c.segment(700, *back, 5002, 1072, pcap.FIN | pcap.ACK)
        for i in range(100):  # a lookup that has its answer, each 5 s
            c.udp(7 * i, "10.1.0.1", 40000, "10.2.0.2", 53)
            c.udp(7 * i + 0.1, "10.2.0.2", 53, "10.1.0.1", 40000)
        log = self.path("interim.csv")
        conf = self.configure("interim.conf", f"[records]\nfile = {log}\n", threshold="-1e30")
        name = self.write("interim.pcap", c.bytes())
        alerts = self.read(name, conf=conf)[0]
        ours = [a for a in alerts if a["dest_port"] == 22]
        self.assertEqual([(a["features"]["duration"], a["features"]["flag"]) for a in ours],
                         [(291, "SF"), (591, "SF"), (700, "SF")])
        self.assertEqual(len({(a["community_id"], a["flow"]["start"]) for a in ours}), 1)
        self.assertEqual(len(alerts), 103)
        with open(log) as f:  # which trains models: each connection once
            lines = f.read()
        self.assertEqual(lines.encode(), self.extract(name))
        self.assertEqual(lines.count("\n"), 101)
        self.assertEqual(self.extract("--interim", "300", name).count(b"\n"), 103)
        self.assertEqual(self.extract("--udp-answered", "0", name).count(b"\n"), 2)

    def test_late_packets_are_late_for_a_time(self):
        c = pcap.Capture()
        c.tcp(0, "10.1.0.1", 4000, "10.1.0.2", 80, end="rst")
        c.segment(20, "10.1.0.2", 80, "10.1.0.1", 4000, 5001, 1001, pcap.ACK, b"late")
        name = self.write("late.pcap", c.bytes())
        for time, n in (("", 1), ("linger = 1s\n", 2)):
            conf = self.configure("linger.conf", "[capture c]\n" + time, threshold="-1e30")
            self.assertEqual(len(self.read(name, conf=conf)[0]), n, time)

    def test_a_file_that_cannot_be_read_is_named(self):
        self.assertIn("/no/such.pcap: cannot open: No such file or directory",
                      self.read("/no/such.pcap", code=1)[1])
        self.assertIn("text.pcap: ", self.read(self.write("text.pcap",
                                                          b"no capture at all, by any means"),
                                               code=1)[1])
        self.assertEqual(self.read(self.pcap, "/no/such.pcap", code=1)[0], [])

    def test_a_file_that_breaks_is_read_up_to_there_and_is_an_error(self):
        data = self.traffic.bytes(0, 200)
        alerts, said = self.read(self.write("broken.pcap", data + b"\xff" * 64), code=1)
        self.assertGreater(len(alerts), 10)
        self.assertIn("a capture could not be read to its end", said)

    def test_ganadctl_scores_a_capture_as_its_records(self):
        want = ganad.ctl("score", "--local", ganad.checkpoint(), "--format", "csv", "-",
                         input=self.extract(self.pcap)).stdout
        packed = self.write("all.pcap.gz", gzip.compress(self.traffic.bytes()))
        with ganad.Daemon() as d:
            for name in (self.pcap, packed):
                p = ganad.ctl("score", "--local", ganad.checkpoint(), "--format", "csv", name)
                self.assertEqual((p.returncode, p.stdout), (0, want), p.stderr)
                self.assertNotIn(b"warning", p.stderr)
                q = d.ctl("score", "--format", "csv", "--no-alerts", name)
                self.assertEqual((q.returncode, q.stdout), (0, want), q.stderr)
        cut = self.write("cut2.pcap", self.traffic.bytes()[:-5])
        p = ganad.ctl("score", "--local", ganad.checkpoint(), cut)
        self.assertEqual(p.returncode, 0)
        self.assertIn(b"warning: " + cut.encode() + b": truncated", p.stderr)
        # not every gzip is a capture
        text = self.write("records.gz", gzip.compress(self.extract(self.pcap)))
        self.assertEqual(ganad.ctl("score", "--local", ganad.checkpoint(), "--format", "csv",
                                   text).stdout, want)

    def test_ganadctl_recognizes_a_capture_that_arrives_through_a_pipe(self):
        def score(*arguments, name="-", code=0, **kw):
            p = ganad.ctl("score", "--local", ganad.checkpoint(), "--format", "csv", *arguments,
                          name, **kw)
            self.assertEqual(p.returncode, code, p.stderr)
            return p

        data = self.traffic.bytes()
        want = score(input=self.extract(self.pcap)).stdout
        records = self.extract(self.pcap)
        with ganad.Daemon() as d:
            for stdin in (data, gzip.compress(data), records, gzip.compress(records)):
                self.assertEqual(score(input=stdin).stdout, want)
                q = d.ctl("score", "--format", "csv", "--no-alerts", "-", input=stdin)
                self.assertEqual((q.returncode, q.stdout), (0, want), q.stderr)
        with open(self.pcap, "rb") as f:
            self.assertEqual(score(stdin=f).stdout, want)
        fifo = self.path("score-fifo")
        os.mkfifo(fifo)
        with subprocess.Popen([sys.executable, "-c",
                               "import sys, time\nf = open(sys.argv[1], 'wb', 0)\n"
                               "data = open(sys.argv[2], 'rb').read()\n"
                               "for at in range(6):\n f.write(data[at:at + 1])\n time.sleep(0.02)\n"
                               # the first bytes one at a time
                               "f.write(data[6:])\n", fifo, self.pcap]) as writer:
            self.assertEqual(score(name=fifo).stdout, want)
            self.assertEqual(writer.wait(), 0)
        self.assertEqual(score(input=b"").stdout, b"")
        self.assertEqual(score(input=b"\x1f", code=1).stdout, b"")
        self.assertIn(b"truncated", score(input=data[:-5]).stderr)
        self.assertIn(b"stdin: ", score(input=data[:4] + b"x" * 100, code=1).stderr)

    def test_ganadctl_reads_packets_as_its_options_say(self):
        tunnelled = self.write("tunnelled.pcap", self.traffic.in_vxlan().bytes())
        local = ("score", "--local", ganad.checkpoint(), "--format", "csv")
        want = ganad.ctl(*local, self.pcap).stdout
        self.assertEqual(ganad.ctl(*local, "--tunnels", "1", tunnelled).stdout, want)
        self.assertEqual(ganad.ctl(*local, tunnelled).stdout, want)
        outer = ganad.ctl(*local, "--tunnels", "0", tunnelled).stdout
        self.assertEqual(outer.count(b"\n"), 2)  # with a head
        tcp = self.extract("--filter", "tcp", "--service", "tcp/8080 = http", self.pcap)
        self.assertEqual(ganad.ctl(*local, "--filter", "tcp", "--service", "tcp/8080 = http",
                                   self.pcap).stdout,
                         ganad.ctl(*local, "-", input=tcp).stdout)
        p = ganad.ctl(*local, "--filter", "tcp", "-", input=tcp)
        self.assertEqual((p.returncode, p.stdout), (1, b""))
        self.assertIn(b"stdin: holds records, and --filter is for packets", p.stderr)
        self.assertEqual(ganad.ctl(*local, "--tunnels", "x", self.pcap).returncode, 2)
        conf = self.configure("tunnels.conf", "[capture x]\ntunnels = 1\ntunnel_kinds = vxlan\n",
                              threshold="-1e30")
        self.assertEqual(self.reported(self.read(tunnelled, conf=conf)[0]),
                         self.expected("--tunnels", "1", tunnelled))
        self.assertEqual({a["tunnels"] for a in self.read(tunnelled, conf=conf)[0]}, {1})
        conf = self.configure("outside.conf", "[capture x]\ntunnels = 0\n", threshold="-1e30")
        outside = self.read(tunnelled, conf=conf)[0]
        self.assertEqual(len(outside), 1)
        self.assertNotIn("tunnels", outside[0])

    def test_records_are_kept_in_files_of_a_size(self):
        want = self.extract(self.pcap)
        kept = self.path("records.csv")
        self.read(self.pcap, conf=self.configure("tap.conf", f"[records]\nfile = {kept}\n"))
        with open(kept, "rb") as f:
            self.assertEqual(f.read(), want)
        os.unlink(kept)
        conf = self.configure("rotate.conf",
                              f"[records]\nfile = {kept}\nfile_size = 16K\nfiles = 3\n")
        self.read(self.pcap, conf=conf)
        parts = []
        for name in (kept, kept + ".1", kept + ".2", kept + ".3"):
            with open(name, "rb") as f:
                parts.insert(0, f.read())
            self.assertLessEqual(len(parts[0]), 16384)
            self.assertTrue(parts[0].endswith(b"\n"))
        self.assertFalse(os.path.exists(kept + ".4"))
        self.assertTrue(want.endswith(b"".join(parts)))
        self.assertGreater(len(b"".join(parts)), 3 * 16000)
        self.assertIn("records '/no/such/directory/r': directory '/no/such/directory' does not "
                      "exist: create it", self.read(
            self.pcap, conf=self.configure("bad.conf", "[records]\nfile = /no/such/directory/r\n"),
            code=1)[1])

    def test_a_source_of_the_configuration_is_counted(self):
        with ganad.Daemon(captures={"a": {"file": self.pcap}, "off": {}},
                          outputs=ganad.ALERTS_FILE) as d:
            s = ganad.wait_for(lambda: next((x for x in d.status().source if x.state == "ended"),
                                            None), 20, "the end")
            n = len(self.expected(self.pcap))
            self.assertEqual((s.name, s.target, s.packets, s.connections, s.records, s.flows,
                              s.lost, s.evicted),
                             ("a", self.pcap, len(self.traffic.packets), n, n, 0, 0, 0))
            self.assertEqual(len(d.status().source), 1)
            ganad.wait_for(lambda: d.counter("records_scored") == n, 20, "all are scored")
            shown = json.loads(d.ctl("status", "--json", control=True).stdout)["sources"]
            self.assertEqual([(x["name"], x["state"], x["records"]) for x in shown],
                             [("a", "ended", n)])
            self.assertRegex(d.ctl("status", control=True).stdout.decode(),
                             rf"\na +ended +{s.packets:,} ")
            line = ganad.data_lines(1)[0]
            with ganad.Conn(d.scoring) as c:  # clients are served all the same
                c.send(ganad.SCORE_REQUEST, ganad.request([ganad.record(line)]))
                self.assertEqual(len(c.answer().score), 1)
            self.assertEqual(d.stop(), 0)


def privileges(d):
    """User and capabilities of all threads of a ganadd, which are the same."""
    said = set()
    d.status()  # once it answers, it has changed its user
    for task in os.listdir(f"/proc/{d.process.pid}/task"):
        try:
            with open(f"/proc/{d.process.pid}/task/{task}/status") as f:
                fields = dict(line.rstrip().split(":", 1) for line in f)
        except (FileNotFoundError, ProcessLookupError):
            continue  # a thread that has ended, such as one that looks up a name
        said.add((*fields["Uid"].split(), *(int(fields[k], 16)
                                            for k in ("CapEff", "CapPrm", "CapInh", "CapAmb"))))
    (ruid, euid, suid, fsuid, eff, prm, inh, amb), = said
    assert ruid == euid == suid == fsuid and eff == prm and inh == amb == 0, said
    return euid, eff


class Live(NetCase):
    def daemon(self, records=None, interim="5min", **ganadd):
        return ganad.Daemon(start=False, captures={"wire": {"interface": "far", "filter": "ip",
                                                            "interim": interim}},
                            ganadd=ganadd, records=records or {},
                            outputs=ganad.ALERTS_FILE,
                            models={"m": {"checkpoint": ganad.checkpoint(),
                                          "threshold": "-1e30"}})

    def test_what_is_on_the_wire_is_scored(self):
        n = len(self.traffic.packets)
        with self.daemon() as d:
            self.start(d)
            self.send(self.pcap)
            ganad.wait_for(lambda: self.source(d).packets == n, 20, "all packets")
            s = self.source(d)
            self.assertEqual((s.kernel_dropped, s.lost, s.refused, s.state), (0, 0, 0, "reading"))
            self.assertEqual(d.stop(), 0)  # connections that have not ended are scored
            with open(d.path("alerts"), encoding="ascii") as f:
                alerts = [json.loads(line) for line in f]
        # Times are the current ones, and windows and idle times depend on them; everything else is
        # the same.
        basic = ("protocol_type", "service", "flag", "src_bytes", "dst_bytes", "land", "hot",
                 "logged_in")
        rows = [json.loads(x) for x in self.extract("--with-connection", "--format", "ndjson",
                                                    self.pcap).splitlines()]
        self.assertEqual(sorted((flow(a), *(str(a["features"][k]) for k in basic)) for a in alerts),
                         sorted((flow(r), *(str(r[k]) for k in basic)) for r in rows))

    def test_a_stop_cuts_open_connections(self):
        c = pcap.Capture()
        c.tcp(0, "10.0.0.1", 1000, "10.0.0.2", 80, b"a", b"b")
        for sport in range(2000, 2040):
            there, back = ("10.0.0.1", sport, "10.0.0.2", 80), ("10.0.0.2", 80, "10.0.0.1", sport)
            c.segment(0.1, *there, 1000, 0, pcap.SYN)
            c.segment(0.2, *back, 5000, 1001, pcap.SYN | pcap.ACK)
            c.segment(0.3, *there, 1001, 5001, pcap.ACK, b"a")
        with self.daemon(records={"file": "{dir}/records"}, interim="0s") as d:
            self.start(d)
            self.send(self.write("open.pcap", c.bytes()))
            ganad.wait_for(lambda: self.source(d).packets == len(c.packets), 20, "all packets")
            self.assertEqual(d.stop(), 0)
            with open(d.path("alerts"), encoding="ascii") as f:
                alerts = [json.loads(line) for line in f]
            with open(d.path("records"), encoding="ascii") as f:
                rows = [line.rstrip("\n").split(",") for line in f]
        # The log has them, each alone in its windows. None is anomalous, with a threshold at which
        # every record is.
        self.assertEqual([a["src_port"] for a in alerts], [1000])
        self.assertEqual([r[3] for r in rows], ["SF"] + 40 * ["S1"])
        self.assertEqual({(r[22], r[31]) for r in rows[1:]}, {("1", "2")})

    def test_silence_ends_connections_too(self):
        c = pcap.Capture()
        c.tcp(0, "10.0.0.1", 1000, "10.0.0.2", 80, end="silent")  # 5 s without an answer
        with self.daemon() as d:
            self.start(d)
            self.send(self.write("one.pcap", c.bytes()))
            ganad.wait_for(lambda: self.source(d).flows == 1, 20, "a connection")
            ganad.wait_for(lambda: self.source(d).records == 1, 20, "its end")
            ganad.wait_for(lambda: d.counter("records_scored") == 1, 5, "its score")

    def test_an_interface_reappears_after_privileges_were_dropped(self):
        with self.daemon(user="nobody") as d:
            self.start(d)
            self.assertEqual(privileges(d), ("65534", 1 << 13))  # CAP_NET_RAW and no more
            self.run_inside("ip", "link", "del", "far")
            ganad.wait_for(lambda: self.source(d).state == "gone", 20, "it disappeared")
            self.make_link()
            ganad.wait_for(lambda: self.source(d).reopened == 1, 20, "it reappeared")
            self.assertEqual(d.stop(), 0)

    def test_an_interface_may_disappear_and_reappear(self):
        c = pcap.Capture()
        c.icmp(0, "10.0.0.1", "10.0.0.2", 8)
        one = self.write("ping.pcap", c.bytes())
        with self.daemon() as d:
            self.start(d)
            self.send(one)
            ganad.wait_for(lambda: self.source(d).records == 1, 20, "a record")
            self.run_inside("ip", "link", "del", "far")
            ganad.wait_for(lambda: self.source(d).state == "gone", 20, "it disappeared")
            self.make_link()
            ganad.wait_for(lambda: self.source(d).state == "reading", 20, "it reappeared")
            self.assertGreaterEqual(self.source(d).reopened, 0)
            self.send(one)
            ganad.wait_for(lambda: self.source(d).records == 2, 20, "another record")
            ganad.wait_for(lambda: self.source(d).reopened == 1, 5, "it is counted")
            self.assertRegex(d.read_log(), r"warning: capture: wire: .*; retrying\n")
            self.assertRegex(d.read_log(), r"notice: capture: wire: capturing on 'far' again\n")
            self.assertEqual(d.stop(), 0)


if __name__ == "__main__":
    ganad.main()
