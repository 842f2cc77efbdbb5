# SPDX-License-Identifier: Apache-2.0
"""The counters of a capture in status, metrics and the stats event, and the blind event."""

import json
import re
import socket
import unittest

import ganad
from capture_case import Case, pcap


def page(d):
    s = socket.socket(socket.AF_UNIX)
    s.connect(d.path("metrics.sock"))
    s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
    text = b"".join(iter(lambda: s.recv(1 << 16), b"")).decode()
    s.close()
    return text


def metrics(d):
    return {m[1]: int(m[2]) for m in re.finditer(
        r'^ganad_capture_(\w+?)(?:_total)?\{capture="lan"\} (\d+)$', page(d), re.M)}


class Counters(Case):
    def test_each_counter_is_in_all_four_places(self):
        name = self.path("lan.pcap")
        c = pcap.Capture()
        for i in range(40):
            c.udp(i / 100, "10.0.0.1", 1000 + i, "10.0.0.2", 99)
        c.ip(1, "10.0.0.1", "10.0.0.2", 132, b"other")
        with open(name, "wb") as f:
            f.write(c.bytes())
        lan = {"file": name, "max_flows": "16"}
        with ganad.Daemon(captures={"lan": lan}, metrics={"unix": "{dir}/metrics.sock"},
                          alerts={"stats": "1s"}, outputs=ganad.ALERTS_FILE) as d:
            def events(kind):
                return [e for e in ganad.events(d.path("alerts")) if e["event_type"] == kind]

            ganad.wait_for(lambda: d.status().source[0].state == "ended", 20, "the file was read")
            source = json.loads(d.ctl("status", "-J", control=True).stdout)["sources"][0]
            status = source["counters"]
            for key, value in (("decoder_frames", 41), ("decoder_packets", 40),
                               ("refused_other_protocol", 1), ("flow_begun", 40),
                               ("flow_evicted", 24), ("flow_flows", 0)):
                self.assertEqual(status[key], value, key)
            shown = metrics(d)
            self.assertEqual({k: shown[k] for k in status}, status)
            ganad.wait_for(lambda: any(e["counters"]["capture_flow_ended"] == 40
                                       for e in events("stats")), 20, "the stats event")
            counters = events("stats")[-1]["counters"]
            self.assertEqual({k: counters["capture_" + k] for k in status}, status)
            text = d.ctl("status", "--all", control=True).stdout.decode()
            self.assertRegex(text, r"\nflow_evicted +24\n")
            self.assertNotIn("flow_inspect_refused", text)
            ganad.wait_for(lambda: events("blind"), 20, "the blind event")
            blind, = events("blind")
            self.assertEqual((blind["action"], blind["source"], blind["period"], blind["counters"]),
                             ("blind", "lan", 0, {"flow_evicted": 24}))
            self.assertIn("capture 'lan' was blind: flow_evicted 24", d.read_log())
            self.assertEqual(d.stop(), 0)
        summary = ganad.ctl("extract", "--max-flows", "16", name).stderr.decode()
        self.assertIn("\ndoubtful: flow_evicted 24\n", summary)
        self.assertNotIn("doubtful", ganad.ctl("extract", name).stderr.decode())

    def test_what_is_not_read_has_a_name(self):
        c = pcap.Capture()
        link = b"\2\0\0\0\0\1\2\0\0\0\0\2"
        for number in [0x88cc] * 12 + [0x88b5] * 3 + list(range(0x9201, 0x9215)):
            c.packets.append((1, link + number.to_bytes(2, "big") + b"\0" * 46))
        for _ in range(7):
            c.ip(1, "10.0.0.1", "10.0.0.2", 89, b"\0" * 40)
        name = self.write("unread.pcap", c.bytes())
        line = ("not read: EtherType 0x88cc LLDP 12, EtherType 0x88b5 3, .*"
                "other EtherTypes 17, IP protocol 89 OSPF 7\n")
        with ganad.Daemon(captures={"lan": {"file": name}},
                          metrics={"unix": "{dir}/metrics.sock"}) as d:
            ganad.wait_for(lambda: d.status().source[0].state == "ended", 20, "the file was read")
            shown = d.ctl("status", "--all", control=True).stdout.decode()
            self.assertRegex(shown, "\nlan: " + line)
            unread = json.loads(d.ctl("status", "-J", control=True).stdout)["sources"][0]["unread"]
            self.assertEqual(unread[:2], [
                {"kind": "ethertype", "number": 0x88cc, "name": "LLDP", "count": 12},
                {"kind": "ethertype", "number": 0x88b5, "name": "", "count": 3}])
            other, ospf = unread[-2:]
            self.assertEqual((other["kind"], other["number"]), ("ethertype", None))
            self.assertEqual(ospf, {"kind": "ip_protocol", "number": 89, "name": "OSPF",
                                    "count": 7})
            self.assertEqual(sum(u["count"] for u in unread), 42)
            shown = re.findall(r'^ganad_capture_unread\{capture="lan",(.*)\} (\d+)$',
                               page(d), re.M)
            self.assertEqual(shown[0], ('kind="ethertype",number="0x88cc",name="LLDP"', "12"))
            self.assertEqual(shown[5], ('kind="ethertype",number="other",name=""', "17"))
            self.assertEqual(shown[6], ('kind="ip_protocol",number="89",name="OSPF"', "7"))
            self.assertEqual((len(shown), sum(int(n) for _, n in shown)), (7, 42))
        self.assertRegex(ganad.ctl("extract", name).stderr.decode(), "\n" + line)

    def test_a_replay_logs_it(self):
        conf = self.configure("small.conf", "[capture all]\nmax_flows = 16\n", threshold="1e30")
        said = self.read(self.pcap, conf=conf)[1]
        self.assertEqual(len(re.findall(r"was blind: flow_evicted \d{3}", said)), 1, said)
        self.assertNotIn("blind", self.read(self.pcap)[1])


if __name__ == "__main__":
    ganad.main()
