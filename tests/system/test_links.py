# SPDX-License-Identifier: Apache-2.0
"""Interfaces that do not exist, or whose links are down: at the start and later."""

import json
import re
import shutil
import subprocess
import unittest

import ganad
from capture_case import Case, NetCase, pcap


def daemon(captures, **sections):
    return ganad.Daemon(start=False, captures=captures,
                        models={"m": {"checkpoint": ganad.checkpoint(), "threshold": "-1e30"}},
                        outputs=ganad.ALERTS_FILE, **sections)


def metric(d, name, capture):
    p = subprocess.run(["curl", "-s", "--unix-socket", d.path("metrics.sock"), "http://x/metrics"],
                       stdout=subprocess.PIPE,
                       text=True, check=True, timeout=20 * ganad.SLOW)
    found = re.search(rf'^{name}{{capture="{capture}"}} (\S+)$', p.stdout, re.M)
    return float(found.group(1)) if found else None


class Links(NetCase):
    def setUp(self):
        super().setUp()
        c = pcap.Capture()
        c.icmp(0, "10.0.0.1", "10.0.0.2", 8)
        self.ping = self.write("ping.pcap", c.bytes())

    def sources(self, d):
        return {s.name: s for s in d.status().source}

    def wait_for_state(self, d, name, *wanted):
        ganad.wait_for(lambda: (self.sources(d)[name].state, self.sources(d)[name].link) == wanted,
                       20, f"{name}: {wanted}")

    def record_comes(self, d, name, n):
        self.send(self.ping)
        ganad.wait_for(lambda: self.sources(d)[name].records == n, 20, f"{n} records of {name}")

    def check(self, d):
        return subprocess.run(self.inside(ganad.args.ganadd, "-t", "-c", d.conf),
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=30 * ganad.SLOW)

    def test_one_of_two_that_is_missing_does_not_stop_the_other(self):
        with daemon({"late": {"interface": "dmz0"},
                     "wire": {"interface": "far", "filter": "ip"}}) as d:
            said = self.check(d)
            self.assertEqual(said.returncode, 0, said.stderr)
            self.assertRegex(said.stderr, r"warning: capture: late: dmz0: no such interface; "
                                          r"interfaces: (lo|near|far), .*; waiting for it\n$")
            self.start(d)
            self.assertEqual((self.sources(d)["late"].state, self.sources(d)["late"].link),
                             ("gone", "missing"))
            self.record_comes(d, "wire", 1)
            ganad.wait_for(lambda: d.counter("records_scored") == 1, 20,
                           "it is scored, though the other is missing")
            self.run_inside("ip", "link", "add", "dmz0", "type", "veth", "peer", "name", "dmz1")
            self.wait_for_state(d, "late", "down", "down")
            for name in ("dmz0", "dmz1"):
                self.run_inside("ip", "link", "set", name, "arp", "off", "up")
            self.wait_for_state(d, "late", "reading", "up")
            self.assertEqual(self.sources(d)["late"].reopened, 0)  # it never existed before
            log = d.read_log()
            self.assertEqual(len(re.findall(r"late: dmz0: no such interface", log)), 1, log)
            self.assertRegex(log, r"notice: capture: late: capturing on 'dmz0'\n")
            self.assertNotIn("exists: No such device", log)
            self.assertEqual(d.stop(), 0)

    def test_the_only_interface_is_waited_for(self):
        self.run_inside("ip", "link", "set", "far", "down")
        for missing in (False, True):
            if missing:
                self.run_inside("ip", "link", "del", "far")
            with daemon({"wire": {"interface": "far", "filter": "ip"}}) as d:
                self.assertEqual(self.check(d).returncode, 0)
                self.start(d)
                self.assertEqual(self.sources(d)["wire"].state, "gone" if missing else "down")
                self.assertIn("far: no such interface" if missing else "far: the interface is down",
                              d.read_log())
                if missing:
                    self.make_link()
                else:
                    self.run_inside("ip", "link", "set", "far", "up")
                self.wait_for_state(d, "wire", "reading", "up")
                self.record_comes(d, "wire", 1)
                self.assertEqual(d.stop(), 0)
            self.run_inside("ip", "link", "set", "far", "down")

    def test_the_state_of_a_link_is_reported_when_it_changes(self):
        with daemon({"wire": {"interface": "far", "filter": "ip"}},
                    metrics={"unix": "{dir}/metrics.sock"}) as d:
            self.start(d)
            self.wait_for_state(d, "wire", "reading", "up")
            self.record_comes(d, "wire", 1)
            self.run_inside("ip", "link", "set", "near", "down")
            self.wait_for_state(d, "wire", "down", "no carrier")
            self.run_inside("ip", "link", "set", "far", "down")
            self.wait_for_state(d, "wire", "down", "down")
            shown = json.loads(d.ctl("status", "--json", control=True).stdout)["sources"][0]
            self.assertEqual((shown["state"], shown["link"], shown["link_changes"]),
                             ("down", "down", 2))
            self.assertIn("\nwire: link down, changed 2 times\n",
                          d.ctl("status", "--all", control=True).stdout.decode())
            if shutil.which("curl"):
                self.assertEqual([metric(d, "ganad_capture_" + n, "wire")
                                  for n in ("up", "link_up", "link_changes_total")],
                                 [0, 0, 2])
            for name in ("near", "far"):
                self.run_inside("ip", "link", "set", name, "up")
            self.wait_for_state(d, "wire", "reading", "up")
            self.record_comes(d, "wire", 2)
            if shutil.which("curl"):
                self.assertEqual([metric(d, "ganad_capture_" + n, "wire")
                                  for n in ("up", "link_up")], [1, 1])
            lines = re.findall(r"(\w+): capture: wire: link of 'far': (.*)\n", d.read_log())
            self.assertEqual(lines[:2] + lines[-1:],
                             [("warning", "no carrier"), ("warning", "down"),
                              ("notice", "up again")])
            self.assertEqual(d.stop(), 0)

    def test_a_name_that_another_interface_has_now_is_followed(self):
        """As when a card is replaced or names are reassigned: the old interface still exists under
        another name."""
        with daemon({"wire": {"interface": "far", "filter": "ip"}}) as d:
            self.start(d)
            self.record_comes(d, "wire", 1)
            self.run_inside("ip", "link", "add", "near2", "type", "veth", "peer", "name", "far2")
            for was, name in (("far", "far1"), ("near", "near1"), ("far2", "far"),
                              ("near2", "near")):
                self.run_inside("ip", "link", "set", was, "down")
                self.run_inside("ip", "link", "set", was, "name", name)
                self.run_inside("ip", "link", "set", name, "arp", "off", "up")
            ganad.wait_for(lambda: self.sources(d)["wire"].reopened, 20, "it is opened again")
            self.wait_for_state(d, "wire", "reading", "up")
            self.record_comes(d, "wire", 2)
            self.assertEqual(d.stop(), 0)

    @unittest.skipUnless(shutil.which("setpriv"), "no setpriv")
    def test_without_permission_it_does_not_start_and_names_what_is_required(self):
        for name in ("far", "nowhere0"):
            with daemon({"wire": {"interface": name}}) as d:
                for options in (["-t"], []):
                    p = subprocess.run(self.inside("setpriv", "--bounding-set=-net_raw",
                                                   "--inh-caps=-net_raw",
                                                   ganad.args.ganadd, *options, "-c", d.conf),
                                       stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True, timeout=30 * ganad.SLOW)
                    self.assertEqual(p.returncode, 1, p.stderr)
                    self.assertRegex(p.stderr,
                                     rf"capture 'wire': {name}: no permission to capture: "
                                     "this needs CAP_NET_RAW")


class Files(Case):
    def test_files_and_directories_must_be_there(self):
        for source in ({"directory": "/no/such"}, {"file": "/no/such.pcap"}):
            with daemon({"a": source}) as d:
                for options in (["-t"], []):
                    p = subprocess.run([ganad.args.ganadd, *options, "-c", d.conf],
                                       stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True, timeout=30 * ganad.SLOW)
                    self.assertEqual((p.returncode, p.stderr.count("capture 'a': /no/such")),
                                     (1, 1), p.stderr)


if __name__ == "__main__":
    ganad.main()
