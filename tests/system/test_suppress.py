# SPDX-License-Identifier: Apache-2.0
"""Rules for expected alerts: added and removed while ganadd runs, kept over restarts, and with
counted hits."""

import json
import os
import signal
import subprocess
import unittest

import ganad


class Suppress(unittest.TestCase):
    def daemon(self, **more):
        model = {"checkpoint": ganad.checkpoint(), "threshold": "-1e30", "top_features": "1"}
        return ganad.Daemon(models={"m": model}, outputs=ganad.ALERTS_FILE,
                            alerts={"suppress": "{dir}/rules"}, **more)

    def ctl(self, d, *words, code=0):
        r = d.ctl("suppress", *words, control=True)
        self.assertEqual(r.returncode, code, r.stderr)
        return r.stdout.decode(), r.stderr.decode()

    def rules(self, d):
        return {o["id"]: o for o in json.loads(self.ctl(d, "-J", "list")[0])}

    def send(self, d, *connections):
        """One record for each (source, port)."""
        line, records = ganad.data_lines(10)[0], []
        for source, port in connections:
            r = ganad.record(line)
            r.connection.src_ip = bytes(map(int, source.split(".")))
            r.connection.dst_ip = bytes([198, 51, 100, 7])
            r.connection.src_port, r.connection.dst_port, r.connection.ip_proto = 1024, port, 6
            records.append(r)
        with ganad.Conn(d.scoring) as c:
            c.send(ganad.SCORE_REQUEST, ganad.request(records))
            self.assertEqual(c.answer().anomalous, b"\1" * len(records))

    def test_what_is_expected_raises_no_alert_and_is_counted(self):
        with self.daemon() as d:
            self.assertEqual(self.ctl(d, "add", "src=10.1.0.0/16", "dport=80-90",
                                      'comment=the "night" job')[0], "1\n")
            self.assertEqual(self.ctl(d, "add", "host=10.2.3.4", "expires=+2h")[0], "2\n")
            self.send(d, ("10.1.2.3", 80), ("10.1.2.3", 91), ("10.2.3.4", 5), ("10.1.9.9", 90),
                      ("10.3.0.1", 80))
            self.assertEqual((d.counter("alerts"), d.counter("alerts_suppressed")), (2, 3))
            rules = self.rules(d)
            self.assertEqual({i: r["hits"] for i, r in rules.items()}, {1: 2, 2: 1})
            self.assertEqual(rules[1]["rule"],
                             'src=10.1.0.0/16 dport=80-90 comment="the \\"night\\" job"')
            self.assertRegex(rules[2]["rule"],
                             r"^host=10.2.3.4/32 expires=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            self.assertIsNotNone(rules[1]["last_hit"])
            self.assertIn('the \\"night\\" job', self.ctl(d, "list")[0])

            self.assertIn("host=10.2.3.4/32", self.ctl(d, "test", "src=1.2.3.4", "dst=10.2.3.4")[0])
            self.assertEqual(self.ctl(d, "test", "src=10.9.9.9", "dport=80")[0],
                             "no rule matches: it would raise an alert\n")
            self.assertEqual(self.rules(d)[2]["hits"], 1)  # a test is not a hit

            self.assertIsNone(rules[1]["expires"])
            self.assertRegex(rules[2]["expires"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            table = self.ctl(d, "list")[0].splitlines()
            self.assertEqual(table[0].split(), ["ID", "HITS", "LAST", "HIT", "EXPIRES", "RULE"])
            self.assertEqual(table[2].split()[3], rules[2]["expires"])

            self.ctl(d, "rm", "1")
            self.send(d, ("10.1.2.3", 80))
            self.assertEqual(d.counter("alerts"), 3)
            self.assertEqual(list(self.rules(d)), [2])
            self.assertEqual(d.stop(), 0)
            with open(d.path("alerts")) as f:
                self.assertEqual(len(f.readlines()), 3)

    def test_rules_and_hits_are_there_after_a_restart_or_a_kill(self):
        with self.daemon() as d:
            self.ctl(d, "add", "dport=80")
            self.send(d, ("10.1.2.3", 80))
            self.assertEqual(d.stop(), 0)
            d.start()
            self.assertEqual([(r["hits"], r["rule"]) for r in self.rules(d).values()],
                             [(1, "dport=80")])
            self.ctl(d, "rm", "1")
            # a number is never used again
            self.assertEqual(self.ctl(d, "add", "dport=81")[0], "2\n")
            d.process.kill()
            d.process.wait()
            d.start()
            self.assertEqual([r["rule"] for r in self.rules(d).values()], ["dport=81"])

    def test_what_is_wrong_is_named(self):
        with self.daemon() as d:
            for words, why in ((["src=10.0.0.1/8"], "field 'src': '10.0.0.1/8': must be a network"),
                               (["dprt=1"], "did you mean 'dport'"),
                               (["comment=x"], "no condition"),
                               (["service=htttp"], "field 'service'"),
                               (["dport=1", "expires=2026-02-31T00:00:00Z"], "field 'expires'"),
                               (["dport=1", "expires=2020-01-01T00:00:00Z"], "is in the past"),
                               (["dport=1", b"comment=\xff\xfe"], "field 'comment'")):
                self.assertIn(why, self.ctl(d, "add", *words, code=1)[1])
            self.ctl(d, "add", "dport=80")
            self.assertIn("rule 1 has the same conditions",
                          self.ctl(d, "add", "dport=80", "comment=y", code=1)[1])
            self.assertIn("no rule 7", self.ctl(d, "rm", "7", code=1)[1])
            for words in (["rm"], ["rm", "x"], ["add"], ["test"], ["test", "port=3"], ["other"]):
                self.ctl(d, *words, code=2)
            self.assertEqual(len(self.rules(d)), 1)

    def test_a_damaged_file_is_refused_at_the_start(self):
        with self.daemon(start=False) as d:
            with open(d.path("rules"), "w") as f:
                f.write("# ganad suppress 1 next=5\nid=1 created=1 hits=0 last=0 | dport=80\n"
                        "id=2 creat")
            p = subprocess.run([ganad.args.ganadd, "-c", d.conf], stderr=subprocess.PIPE,
                               timeout=30 * ganad.SLOW)
            self.assertEqual(p.returncode, 1)
            self.assertIn(d.path("rules") + ": line 3: no line end: the file is truncated",
                          p.stderr.decode())

    def test_a_file_is_read_without_the_daemon(self):
        with self.daemon(start=False) as d:
            def ctl(*words, code=0):
                r = d.ctl("suppress", *words)
                self.assertEqual(r.returncode, code, r.stderr)
                return r.stdout.decode(), r.stderr.decode()
            with open(d.path("rules"), "w") as f:
                f.write("# ganad suppress 1 next=9\n"
                        "id=1 created=1 hits=2 last=3 | dport=80 comment=\"f\u00fcr alle\"\n"
                        "id=7 created=1 hits=0 last=0 | src=2001:db8::/32 "
                        "expires=2099-01-01T00:00:00Z\n")
            rules = {o["id"]: o for o in json.loads(ctl("-J", "-f", d.path("rules"), "list")[0])}
            self.assertEqual(list(rules), [1, 7])
            self.assertEqual(rules[7]["expires"], "2099-01-01T00:00:00Z")
            self.assertEqual(rules[1]["last_hit"], "1970-01-01T00:00:03Z")
            self.assertIn("f\u00fcr alle", ctl("-f", d.path("rules"), "list")[0])
            test = ("-J", "-f", d.path("rules"), "test")
            for words, ids in ((["dport=80"], [1]), (["src=2001:db8::1"], [7]),
                               (["src=2001:db8::1", "dport=80"], [1, 7]),
                               (["src=2001:db9::1", "dport=81"], [])):
                self.assertEqual([o["id"] for o in json.loads(ctl(*test, *words)[0])], ids)
            for words in (["src=10.0.0.1", "dst=::1"], ["service=htttp"], ["dport=80-90"], []):
                ctl(*test, *words, code=2)
            ctl("-f", d.path("rules"), "rm", "1", code=2)
            ctl("-f", d.path("rules"), "add", "dport=80", code=2)
            self.assertEqual(ctl("-n", "add", "proto=6", "dport=80-80", "comment=x")[0],
                             'dport=80 proto=tcp comment="x"\n')
            self.assertIn("field 'dport'", ctl("-n", "add", "dport=x", code=1)[1])
            with open(d.path("rules"), "a") as f:
                f.write("id=8 created=1 hits=0 last=0 | dport=99999\n")
            self.assertIn(d.path("rules") + ": line 4: field 'dport'",
                          ctl("-f", d.path("rules"), "list", code=1)[1])

    def test_what_is_said_of_a_connection_is_enough(self):
        with self.daemon() as d:
            self.ctl(d, "add", "dport=80")
            self.ctl(d, "add", "host=::/0")
            for words, ids in ((["dport=80"], [1]), (["dport=80", "proto=tcp"], [1]),
                               (["dport=81"], []), (["dst=::1"], [2]),
                               (["dst=::1", "dport=80"], [1, 2])):
                found = json.loads(self.ctl(d, "-J", "test", *words)[0])
                self.assertEqual([o["id"] for o in found], ids)

    def test_what_could_not_be_saved_is_saved_later(self):
        with self.daemon() as d:
            self.ctl(d, "add", "dport=80")
            os.rename(d.path("rules"), d.path("aside"))
            os.mkdir(d.path("rules"))
            self.assertIn("rule 1 is removed, but the file still has it",
                          self.ctl(d, "rm", "1", code=1)[1])
            os.rmdir(d.path("rules"))
            os.rename(d.path("aside"), d.path("rules"))
            self.assertEqual(d.stop(), 0)  # which saves
            d.start()
            self.assertEqual(self.rules(d), {})

    def test_a_rule_that_cannot_be_saved_is_not_added(self):
        with self.daemon() as d:
            os.mkdir(d.path("rules"))
            self.assertIn(d.path("rules"), self.ctl(d, "add", "dport=80", code=1)[1])
            self.assertEqual(self.rules(d), {})
            os.rmdir(d.path("rules"))
            self.ctl(d, "add", "dport=80")

    def test_a_model_that_no_alert_names_is_warned_of(self):
        with self.daemon() as d:
            for name, warned in ("m", True), ("random", False), ("nosuch", True):
                out, err = self.ctl(d, "add", "model=" + name)
                self.assertNotEqual(out, "")
                self.assertEqual("no model is called" in err, warned, err)
            self.assertIn("the models are 'm' (in alerts 'random')", err)

    def add_many(self, d, rules):
        with ganad.Conn(d.control) as c:
            for rule in rules:
                c.send(ganad.CONTROL_REQUEST,
                       ganad.pb.ControlRequest(command=ganad.pb.ControlRequest.SUPPRESS_ADD,
                                               rule=rule))
                kind, _ = c.frame()
                self.assertEqual(kind, 133)

    def test_all_numbers_are_removed_or_none(self):
        with self.daemon() as d:
            self.add_many(d, [f"dport={i}" for i in range(1, 105)])  # more than a reply holds
            for numbers, code, said in ((["1", "2x"], 2, "'2x'"),
                                        (["2", "900", "1"], 1, "no rule 900"),
                                        (["0"], 1, "no rule 0"),
                                        (["1", ""], 2, "''"),
                                        (["104", "18446744073709551616"], 2,
                                         "'18446744073709551616'")):
                err = self.ctl(d, "rm", *numbers, code=code)[1]
                self.assertIn(said, err)
                self.assertIn("no rule was removed", err)
                self.assertEqual(len(self.rules(d)), 104)
            self.ctl(d, "rm", "104", "1", "77", "1")
            self.assertEqual(set(range(1, 105)) - set(self.rules(d)), {1, 77, 104})

    def test_a_list_shows_expired_rules_and_that_it_is_empty(self):
        with self.daemon() as d:
            self.assertEqual(self.ctl(d, "list")[0], "no rules\n")
            self.assertEqual(self.ctl(d, "-J", "list")[0], "[]\n")
            self.ctl(d, "add", "dport=81", "expires=+1d")
            self.ctl(d, "add", "dport=82")
            self.ctl(d, "add", "dport=80", "expires=+1s")  # the last: an add removes expired rules
            ganad.wait_for(lambda: self.rules(d)[3]["expired"], 10, "the last is over")
            head, *rows = self.ctl(d, "list")[0].splitlines()
            at = head.index("EXPIRES")
            self.assertEqual([row[at:].split()[0][:4] for row in rows],
                             [self.rules(d)[1]["expires"][:4], "-", "expi"])
            self.assertEqual([r["expired"] for r in self.rules(d).values()], [False, False, True])

    def test_many_rules_are_read_in_pages(self):
        with self.daemon() as d:
            self.add_many(d, [f"src=10.0.{i}.0/24" for i in range(250)])
            rules = self.rules(d)
            self.assertEqual(list(rules), list(range(1, 251)))
            d.process.send_signal(signal.SIGTERM)
            self.assertEqual(d.process.wait(30 * ganad.SLOW), 0)


if __name__ == "__main__":
    ganad.main()
