# SPDX-License-Identifier: Apache-2.0
"""However ganadctl score reads records, the alerts have the connections of the records."""

import csv
import io
import json
import socket
import subprocess

import capture_case
import ganad
from capture_case import pcap

WITHOUT = {"src_ip", "src_port", "dest_ip", "dest_port", "community_id"}


class Connections(capture_case.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        options = ("--with-connection", "--head", "--seed", "7")
        cls.csv = cls.write("all.csv", ganad.ctl("extract", *options, cls.pcap).stdout)
        cls.ndjson = ganad.ctl("extract", "--format", "ndjson", "--with-connection", "--seed", "7",
                               cls.pcap).stdout

    def alerts(self, *arguments, summary="", models=None, **kw):
        """Of records that are all anomalous."""
        model = {"checkpoint": ganad.checkpoint(), "threshold": "-1e30"}
        with ganad.Daemon(outputs=ganad.ALERTS_FILE, models=models or {"m": model}) as d:
            r = d.ctl("score", "--format", "csv", *arguments, **kw)
            self.assertEqual(r.returncode, 0, r.stderr)
            self.assertIn(summary, r.stderr.decode())
            self.assertEqual(d.stop(), 0)
            with open(d.path("alerts")) as f:
                alerts = [json.loads(line) for line in f]
        self.assertEqual(len(alerts), r.stdout.count(b"\n") - 1)
        return alerts

    def test_a_capture_and_a_file_of_extract(self):
        expected = self.expected("--seed", "7", self.pcap)
        self.assertGreater(len(expected), 700)  # more than fit two requests
        times = [(r["start"][:26], r["end"][:26], r["src_packets"], r["dest_packets"])
                 for r in map(json.loads, self.ndjson.splitlines())]
        self.assertGreater(min(t[2] + t[3] for t in times), 0)
        with open(self.pcap, "rb") as f:
            stdin = f.read()
        for arguments, kw in ((("--seed", "7", self.pcap), {}),
                              (("--seed", "7", "-"), {"input": stdin}), ((self.csv,), {})):
            alerts = self.alerts(*arguments, **kw)
            self.assertEqual(self.reported(alerts), expected, arguments)
            self.assertEqual([(f["start"][:26], f["end"][:26], f["pkts_toserver"],
                               f["pkts_toclient"]) for f in (a["flow"] for a in alerts)], times)
            self.assertEqual({a["proto"] for a in alerts}, {"TCP", "UDP", "ICMP"})

    def test_what_a_file_does_not_say_is_not_there(self):
        for alert in self.alerts("-", input=b"".join(ganad.data_lines(300))):
            self.assertFalse(WITHOUT & set(alert))
            self.assertEqual(set(alert["flow"]), {"bytes_toserver", "bytes_toclient"})

    def test_invalid_values_are_left_out_and_counted(self):
        with open(self.csv, "rb") as f:
            head, *rows = f.readlines()
        cells = rows[0].split(b",")
        cells[41] = b"10.0.0.256"
        alerts = self.alerts("-", input=head + b",".join(cells) + rows[1],
                             summary="\n1 records have an invalid address, ")
        self.assertEqual(WITHOUT - set(alerts[0]), {"src_ip", "src_port", "dest_ip", "dest_port"})
        self.assertFalse(WITHOUT - set(alerts[1]))

    def test_what_a_label_holds_does_not_matter(self):
        with open(self.csv, "rb") as f:
            head, row = f.readline().rstrip(b"\n"), f.readline().rstrip(b"\n")
        for label in (b"x" * 100, b"", b"normal."):
            self.assertEqual(len(self.alerts("-", input=head + b",Target\n" + row + b"," + label +
                                             b"\n")), 1)

    def test_models_with_networks_get_their_records(self):
        model = {"checkpoint": ganad.checkpoint(), "threshold": "-1e30"}
        other = {"checkpoint": ganad.checkpoint("ganomaly"), "threshold": "-1e30",
                 "networks": "10.9.0.1/32"}
        alerts = self.alerts(self.csv, models={"all": model, "flood": other})
        by = {a["model_sha256"]: set() for a in alerts}
        for a in alerts:
            by[a["model_sha256"]].add("10.9.0.1" in (a["src_ip"], a["dest_ip"]))
        self.assertEqual(sorted(map(sorted, by.values())), [[False], [True]])

    def test_tail_shows_what_was_requested_and_refuses_what_never_arrives(self):
        models = {"one": {"checkpoint": ganad.checkpoint(), "threshold": "-1e30"},
                  "two": {"checkpoint": ganad.checkpoint("ganomaly"), "threshold": "-1e30"}}
        flood = ("-H", "10.9.0.0/16")
        with ganad.Daemon(models=models, outputs=ganad.ALERTS_FILE) as d:
            def tail(name, *arguments, n):
                with open(d.path(name), "w") as f:
                    return subprocess.Popen([ganad.args.ganadctl, "-s", d.control, "tail", "-J",
                                             "-n", str(n), *arguments],
                                            stdout=f)
            with open(self.csv) as f:
                head, *rows = f.readlines()
            floods = [row for row in rows if ",10.9.0.1," in row][:60]
            records = head + "".join(floods + [row for row in rows if ",10.9.0.1," not in row][:40])
            six = head + "0,tcp,http,SF" + ",0" * 37 + ",2001:db8:7::1,80,2001:db7::1,81,,,,,,,,\n"
            for words, said in ((["-H", "256.1.1.1"],
                                 "--host: '256.1.1.1' is not an address or a network"),
                                (["-H", ""], "--host: ''"),
                                (["-H", "10.0.0.1/8"], "bits set after its prefix"),
                                (["-H", "10.0.0.0/33"], "an address or"),
                                (["-m", "nomodel"],
                                 "it has 'one' (in alerts 'random'), 'two' (in alerts 'random')"),
                                (["-m", ""], "has no model ''"),
                                (["-l", "grave"], "not one of high, medium, low")):
                r = d.ctl("tail", *words, control=True)
                self.assertEqual((r.returncode, r.stdout), (2, b""), words)
                self.assertIn(said, r.stderr.decode())
            readers = [tail(name, *words, n=n) for name, words, n in (
                ("host", ("-H", "10.9.0.1"), 120), ("network", flood, 120),
                ("six", ("-H", "2001:db8::/32"), 1),
                ("model", ("-m", "two"), 100), ("alert", ("-m", "random"), 200),
                ("both", (*flood, "-m", "one"), 60))]
            ganad.wait_for(lambda: d.counter("tails") == len(readers), 20, "all follow")
            for arguments in ("--model", "one"), ("--model", "two"), ():
                r = d.ctl("score", *arguments, "-", input=(records if arguments else six).encode())
                self.assertEqual(r.returncode, 0, r.stderr)
            self.assertEqual([p.wait(60 * ganad.SLOW) for p in readers], [0] * len(readers))
            found = {}
            for name in "host", "network", "six", "model", "alert", "both":
                with open(d.path(name)) as f:
                    found[name] = [json.loads(line) for line in f]
        ends = {name: {(a["src_ip"], a["dest_ip"]) for a in list_} for name, list_ in found.items()}
        self.assertEqual(ends["host"], {("10.9.0.1", "10.2.0.1")})
        self.assertEqual(ends["network"], ends["host"])
        self.assertEqual(ends["six"], {("2001:db8:7::1", "2001:db7::1")})
        models = {name: {a["model_sha256"] for a in list_} for name, list_ in found.items()}
        self.assertEqual((len(models["model"]), len(models["both"]), len(models["alert"])),
                         (1, 1, 2))
        self.assertEqual(models["alert"], models["model"] | models["both"])

    def test_background_is_anomalous_nowhere(self):
        c = pcap.Capture()
        for i in range(20):  # neighbour discovery, and the same from beyond a router
            target = socket.inet_pton(socket.AF_INET6, f"fe80::{i + 2:x}")
            c.icmp6(i, "fe80::1", f"ff02::1:ff00:{i + 2:x}", 135, b"\0" * 4 + target)
            c.icmp6(i + .1, f"fe80::{i + 2:x}", "fe80::1", 136, b"\x60\0\0\0" + target)
            c.icmp6(i + .2, "2001:db8::9", "fe80::1", 136, b"\0" * 4 + target, hop_limit=60)
            c.tcp(i + .3, "10.1.0.1", 4000 + i, "10.2.0.1", 80, b"GET / HTTP/1.0\r\n\r\n", b"x")
        there, back = ("10.1.0.1", 5000, "10.2.0.1", 80), ("10.2.0.1", 80, "10.1.0.1", 5000)
        c.segment(30, *there, 1, 1, pcap.FIN | pcap.ACK, b"without a handshake")
        c.segment(31, *back, 1, 21, pcap.FIN | pcap.ACK)
        name = self.write("neighbours.pcap", c.bytes())
        text = self.extract("--with-connection", "--head", name).decode()
        self.assertIn(",guessed,", text)
        records = [(row["community_id"], "guessed" * (row["orient"] == "guessed") + row["notes"])
                   for row in csv.DictReader(io.StringIO(text))]
        self.assertEqual([notes for _, notes in records].count("background"), 40)

        model = ganad.trained()[0]
        conf = {"m": {"checkpoint": model, "fpr_budget": "0.5"}}

        def scored(p):
            self.assertEqual(p.returncode, 0, p.stderr)
            return list(csv.DictReader(io.StringIO(p.stdout.decode())))

        local = scored(ganad.ctl("score", "--local", model, "--fpr-budget", "0.5",
                                 "--format", "csv", name))
        anomalous = [row["anomalous"] == "1" for row in local]
        above = [float(row["score"]) > float(row["threshold"]) for row in local]
        want = [r for r, a in zip(records, above) if a and r[1] != "background"]
        self.assertEqual([r for r, a in zip(records, anomalous) if a], want)
        self.assertIn("guessed", [notes for _, notes in want])
        self.assertGreater(above.count(True), len(want))  # but for the note, some would be anomalous
        with ganad.Daemon(start=False, models=conf) as d:
            replayed = self.read(name, conf=d.conf)[0]
        with ganad.Daemon(models=conf, outputs=ganad.ALERTS_FILE) as d:
            by_socket = scored(d.ctl("score", "--format", "csv", name))
            self.assertEqual([row["anomalous"] == "1" for row in by_socket], anomalous)
            self.assertEqual(d.stop(), 0)
            with open(d.path("alerts")) as f:
                sent = [json.loads(line) for line in f]
        for found in replayed, sent:
            self.assertEqual([(a["community_id"], a.get("notes", "")) for a in found], want)


if __name__ == "__main__":
    ganad.main()
