# SPDX-License-Identifier: Apache-2.0
"""The counters of a capture in status, metrics and the stats event, and the blind event."""

import json
import re
import socket
import unittest

import ganad
from capture_case import Case, pcap


def metrics(d):
    s = socket.socket(socket.AF_UNIX)
    s.connect(d.path("metrics.sock"))
    s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
    text = b"".join(iter(lambda: s.recv(1 << 16), b"")).decode()
    s.close()
    return {m[1]: int(m[2]) for m in re.finditer(
        r'^ganad_capture_(\w+?)(?:_total)?\{capture="lan"\} (\d+)$', text, re.M)}


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
                with open(d.path("alerts")) as f:
                    found = [json.loads(line) for line in f if line.endswith("\n")]
                return [e for e in found if e["event_type"] == kind]

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
            text = d.ctl("status", control=True).stdout.decode()
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

    def test_a_replay_logs_it(self):
        conf = self.configure("small.conf", "[capture all]\nmax_flows = 16\n", threshold="1e30")
        said = self.read(self.pcap, conf=conf)[1]
        self.assertEqual(len(re.findall(r"was blind: flow_evicted \d{3}", said)), 1, said)
        self.assertNotIn("blind", self.read(self.pcap)[1])


if __name__ == "__main__":
    ganad.main()
