# SPDX-License-Identifier: Apache-2.0
"""Forty ways to get a configuration wrong: one message each, with the file, the line, the key and the reason."""

import os
import subprocess
import unittest

import ganad

# (what is wrong, text with {dir} and {ckpt}, what the message must have besides the file). A line number is that of the
# text, which begins with a model in lines 1 and 2.
GOOD = "[model m]\ncheckpoint = {ckpt}\n"
CASES = [
    ("a misspelt key", "[scoring]\nmax_cleints = 3\n", ":4: key 'max_cleints': not known in [scoring]; did you mean 'max_clients'?"),
    ("a misspelt section", "[scorin]\nmax_clients = 3\n", ":3: section 'scorin'", "did you mean 'scoring'?"),
    ("a misspelt kind of section", "[modle x]\ncheckpoint = /x\n", ":3: section 'modle x'", "did you mean 'model'?"),
    ("a misspelt choice", "[ganadd]\nlog_level = wran\n", ":4: key 'log_level'", "'wran'", "did you mean 'warn'?"),
    ("a key of another section", "[control]\ntcp = 127.0.0.1:1\n", ":4: key 'tcp': not known in [control]"),
    ("a key before any section", None, ":1: "),
    ("a key twice", "[scoring]\nmax_clients = 3\nmax_clients = 4\n", ":5: key 'max_clients'", "line 4"),
    ("no equals sign", "[scoring]\nmax_clients 3\n", ":4: "),
    ("no name of the section", "[model]\ncheckpoint = /x\n", ":3: section 'model': needs a name"),
    ("a name with a slash", "[model a/b]\ncheckpoint = /x\n", ":3: section 'model a/b'"),
    ("a name that is too long", "[model " + "n" * 50 + "]\ncheckpoint = /x\n", ":3: "),
    ("a section without its end", "[scoring\nmax_clients = 3\n", ":3: "),
    ("no number", "[scoring]\nmax_clients = many\n", ":4: key 'max_clients': 'many'"),
    ("a number with a unit that has none", "[scoring]\nmax_clients = 3k\n", ":4: key 'max_clients': '3k'"),
    ("too small", "[scoring]\nmax_clients = 0\n", ":4: key 'max_clients'", "1 .. 65536"),
    ("too large", "[scoring]\nmax_clients = 65537\n", ":4: key 'max_clients'", "1 .. 65536"),
    ("negative", "[alerts]\nrate = -1\n", ":4: key 'rate'"),
    ("a number of forty digits", "[alerts]\nrate = " + "9" * 40 + "\n", ":4: key 'rate'"),
    ("no size", "[spool]\nquota = 1X\n", ":4: key 'quota': '1X'"),
    ("no duration", "[alerts]\nrollup = soon\n", ":4: key 'rollup': 'soon'"),
    ("a duration without a unit", "[alerts]\nrollup = 5\n", ":4: key 'rollup': '5'"),
    ("not yes or no", "[capture a]\ninterface = lo\npromiscuous = maybe\n", ":5: key 'promiscuous': 'maybe'"),
    ("no mode", "[scoring]\nmode = 0999\n", ":4: key 'mode': '0999'"),
    ("a relative path", "[spool]\ndirectory = spool\n", ":4: key 'directory'", "absolute"),
    ("a socket's path that is too long", "[scoring]\nunix = /" + "x" * 120 + "\n", ":4: key 'unix'"),
    ("an address without a port", "[scoring]\ntcp = localhost\n", ":4: key 'tcp': 'localhost'"),
    ("an address that others reach", "[metrics]\ntcp = 0.0.0.0:9187\n", ":4: key 'tcp'", "open = yes"),
    ("no network", "[model n]\ncheckpoint = {ckpt}\nnetworks = 10.0.0.0/33\n", ":5: key 'networks'", "10.0.0.0/33"),
    ("a budget of everything", "[model n]\ncheckpoint = {ckpt}\nfpr_budget = 1\n", ":5: key 'fpr_budget'"),
    ("an output without a type", "[output a]\nto = /x\n", "section 'output a': key 'type' is missing"),
    ("an output without a place", "[output a]\ntype = tcp\n", "output a", "key 'to'"),
    ("a format that is not there", "[output a]\ntype = file\nto = /x\nformat = xml\n", ":6: key 'format'", "xml"),
    ("an event that is not there", "[output a]\ntype = file\nto = /x\nevents = alert, alarms\n", ":6: key 'events'", "'alarms'"),
    ("a certificate of an output without TLS", "[output a]\ntype = tcp\nto = localhost:1\nca = /x\n", ":6: key 'ca'"),
    ("two sources in one capture", "[capture a]\ninterface = lo\nfile = /x\n", "capture a"),
    ("a name that no interface has", "[capture a]\ninterface = an-interface-of-a-long-name\n", ":4: key 'interface'", "15 bytes"),
    ("interfaces and files together", "[capture a]\ninterface = lo\n[capture b]\nfile = /x\n", "capture"),
    ("a filter that is none", "[capture a]\nfile = {pcap}\nfilter = tcp prot 80\n", "key 'filter'", "tcp prot 80"),
    ("a port that is none", "[records]\nservices = tcp/99999 = http\n", ":4: key 'services'", "99999"),
    ("a service that is none", "[records]\nservices = tcp/8080 = htpp\n", ":4: key 'services'", "htpp"),
    ("a byte that nobody can see", "[ganadd]\nsensor = a\x01b\n", ":4: "),
    ("no text at all", "[ganadd]\nsensor = a\x00b\n", "NUL"),
    ("a line without an end", "[ganadd]\nsensor = " + "x" * 5000 + "\n", ":4: "),
    ("no checkpoint there", "[model n]\ncheckpoint = {dir}/nowhere\n", "model 'n': ", "nowhere: cannot open: No such file"),
    ("a checkpoint that is none", "[model n]\ncheckpoint = {dir}/conf\n", "model 'n': ", "conf: "),
    ("no checkpoint said", "[model n]\nfpr_budget = 0.1\n", "section 'model n': key 'checkpoint' is missing"),
]


class Broken(unittest.TestCase):
    def test_each_is_told(self):
        self.assertGreaterEqual(len(CASES), 40)
        bad = []
        with ganad.Daemon(start=False) as d:
            conf = d.path("conf")
            with open(d.path("t.pcap"), "wb") as f:
                f.write(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
            fill = {"{dir}": d.dir, "{ckpt}": ganad.checkpoint(), "{pcap}": d.path("t.pcap")}
            for what, text, *wanted in CASES:
                whole = "max_clients = 3\n" + GOOD if text is None else GOOD + text
                for k, v in fill.items():
                    whole = whole.replace(k, v)
                with open(conf, "w", newline="") as f:
                    f.write(whole)
                r = subprocess.run([ganad.args.ganadd, "-t", "-c", conf], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                said = r.stderr.decode()
                wanted = [conf] + wanted if "model 'n': " not in wanted else wanted
                missing = [w for w in wanted if w not in said]
                if r.returncode != 1 or said.count("\n") != 1 or missing or r.stdout:
                    bad.append(f"{what}: code {r.returncode}, without {missing}: {said}")
        self.assertEqual(bad, [], "\n" + "\n".join(bad))

    def test_files_that_cannot_be_read(self):
        with ganad.Daemon(start=False) as d:
            for name, wanted in (("nowhere", "No such file"), (".", "not a regular file")):
                r = subprocess.run([ganad.args.ganadd, "-t", "-c", d.path(name)], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
                self.assertEqual(r.returncode, 1)
                self.assertIn(wanted, r.stderr)
            with open(d.path("huge"), "wb") as f:
                f.truncate(100 << 20)
            r = subprocess.run([ganad.args.ganadd, "-t", "-c", d.path("huge")], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
            self.assertEqual(r.returncode, 1)
            self.assertIn("huge", r.stderr)

    def test_a_drop_in_is_named(self):
        with ganad.Daemon(start=False) as d:
            os.mkdir(d.conf + ".d")
            with open(d.conf + ".d/50-x.conf", "w") as f:
                f.write("[scoring]\n\nmax_clientz = 3\n")
            r = subprocess.run([ganad.args.ganadd, "-t", "-c", d.conf], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
            self.assertIn("50-x.conf:3: key 'max_clientz': not known in [scoring]; did you mean 'max_clients'?", r.stderr)


if __name__ == "__main__":
    ganad.main()
