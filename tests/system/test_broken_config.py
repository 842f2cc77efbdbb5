# SPDX-License-Identifier: Apache-2.0
"""Forty errors in a configuration: one message each, with the file, the line, the key and the
reason."""

import os
import shutil
import signal
import socket
import subprocess
import unittest

import ganad

# (the error, text with {dir} and {ckpt}, what the message must contain besides the file). A line
# number is that of the text, which begins with a model in lines 1 and 2.
GOOD = "[model m]\ncheckpoint = {ckpt}\n"
CASES = [
    ("a misspelt key", "[scoring]\nmax_cleints = 3\n",
     ":4: key 'max_cleints': not known in [scoring]; did you mean 'max_clients'?"),
    ("a misspelt section", "[scorin]\nmax_clients = 3\n", ":3: section 'scorin'",
     "did you mean 'scoring'?"),
    ("a misspelt kind of section", "[modle x]\ncheckpoint = /x\n", ":3: section 'modle x'",
     "did you mean 'model'?"),
    ("a misspelt choice", "[ganadd]\nlog_level = wran\n", ":4: key 'log_level'", "'wran'",
     "did you mean 'warn'?"),
    ("a key of another section", "[control]\ntcp = 127.0.0.1:1\n",
     ":4: key 'tcp': not known in [control]"),
    ("a key before any section", None, ":1: "),
    ("a key twice", "[scoring]\nmax_clients = 3\nmax_clients = 4\n", ":5: key 'max_clients'",
     "line 4"),
    ("no equals sign", "[scoring]\nmax_clients 3\n", ":4: "),
    ("no name of the section", "[model]\ncheckpoint = /x\n", ":3: section 'model': needs a name"),
    ("a name with a slash", "[model a/b]\ncheckpoint = /x\n", ":3: section 'model a/b'"),
    ("a name that is too long", "[model " + "n" * 50 + "]\ncheckpoint = /x\n", ":3: "),
    ("a section without its end", "[scoring\nmax_clients = 3\n", ":3: "),
    ("no number", "[scoring]\nmax_clients = many\n", ":4: key 'max_clients': 'many'"),
    ("a number with a unit where no unit is legal", "[scoring]\nmax_clients = 3k\n",
     ":4: key 'max_clients': '3k'"),
    ("too small", "[scoring]\nmax_clients = 0\n", ":4: key 'max_clients'", "1 .. 65536"),
    ("too large", "[scoring]\nmax_clients = 65537\n", ":4: key 'max_clients'", "1 .. 65536"),
    ("negative", "[alerts]\nrate = -1\n", ":4: key 'rate'"),
    ("a number of forty digits", "[alerts]\nrate = " + "9" * 40 + "\n", ":4: key 'rate'"),
    ("no size", "[spool]\nquota = 1X\n", ":4: key 'quota': '1X'"),
    ("no duration", "[alerts]\nrollup = soon\n", ":4: key 'rollup': 'soon'"),
    ("a duration without a unit", "[alerts]\nrollup = 5\n", ":4: key 'rollup': '5'"),
    ("not yes or no", "[capture a]\ninterface = lo\npromiscuous = maybe\n",
     ":5: key 'promiscuous': 'maybe'"),
    ("no mode", "[scoring]\nmode = 0999\n", ":4: key 'mode': '0999'"),
    ("a relative path", "[spool]\ndirectory = spool\n", ":4: key 'directory'", "absolute"),
    ("a socket's path that is too long", "[scoring]\nunix = /" + "x" * 120 + "\n",
     ":4: key 'unix'"),
    ("an address without a port", "[scoring]\ntcp = localhost\n", ":4: key 'tcp': 'localhost'"),
    ("an address that others reach", "[metrics]\ntcp = 0.0.0.0:9187\n", ":4: key 'tcp'",
     "open = yes"),
    ("no network", "[model n]\ncheckpoint = {ckpt}\nnetworks = 10.0.0.0/33\n", ":5: key 'networks'",
     "10.0.0.0/33"),
    ("a budget of everything", "[model n]\ncheckpoint = {ckpt}\nfpr_budget = 1\n",
     ":5: key 'fpr_budget'"),
    ("an output without a type", "[output a]\nto = /x\n",
     "section 'output a': key 'type' is missing"),
    ("an output without a place", "[output a]\ntype = tcp\n", "output a", "key 'to'"),
    ("a format that is not there", "[output a]\ntype = file\nto = /x\nformat = xml\n",
     ":6: key 'format'", "xml"),
    ("an event that is not there", "[output a]\ntype = file\nto = /x\nevents = alert, alarms\n",
     ":6: key 'events'", "'alarms'"),
    ("a certificate of an output without TLS",
     "[output a]\ntype = tcp\nto = localhost:1\nca = /x\n", ":6: key 'ca'"),
    ("two sources in one capture", "[capture a]\ninterface = lo\nfile = /x\n", "capture a"),
    ("a name that no interface has", "[capture a]\ninterface = an-interface-of-a-long-name\n",
     ":4: key 'interface'", "15 bytes"),
    ("interfaces and files together", "[capture a]\ninterface = lo\n[capture b]\nfile = /x\n",
     "capture"),
    ("an invalid filter", "[capture a]\nfile = {pcap}\nfilter = tcp prot 80\n", "key 'filter'",
     "tcp prot 80"),
    ("an invalid port", "[records]\nservices = tcp/99999 = http\n", ":4: key 'services'", "99999"),
    ("an unknown service", "[records]\nservices = tcp/8080 = htpp\n", ":4: key 'services'", "htpp"),
    ("an invisible byte", "[ganadd]\nsensor = a\x01b\n", ":4: "),
    ("no text at all", "[ganadd]\nsensor = a\x00b\n", "NUL"),
    ("a line without an end", "[ganadd]\nsensor = " + "x" * 5000 + "\n", ":4: "),
    ("no checkpoint there", "[model n]\ncheckpoint = {dir}/nowhere\n", "model 'n': ",
     "nowhere: cannot open: No such file"),
    ("a file that is not a checkpoint", "[model n]\ncheckpoint = {dir}/conf\n", "model 'n': ",
     "conf: "),
    ("an alert file that is a link", "[output a]\ntype = file\nto = {dir}/link\n",
     ":5: section 'output a': key 'to'",
     "is a symbolic link to '/nowhere', and ganadd does not follow links"),
    ("an alert file that is a directory", "[output a]\ntype = file\nto = {dir}\n",
     ":5: section 'output a'", "is a directory"),
    ("an alert file that is a FIFO", "[output a]\ntype = file\nto = {dir}/fifo\n",
     ":5: section 'output a'", "is a FIFO"),
    ("an alert file in no directory", "[output a]\ntype = file\nto = {dir}/no/file\n",
     ":5: section 'output a'",
     "directory '{dir}/no' does not exist: create it"),
    ("a file of records that is a FIFO", "[records]\nfile = {dir}/fifo\n",
     ":4: section 'records': key 'file'", "is a FIFO"),
    ("no checkpoint said", "[model n]\nfpr_budget = 0.1\n",
     "section 'model n': key 'checkpoint' is missing"),
]


class Broken(unittest.TestCase):
    def test_each_is_reported(self):
        self.assertGreaterEqual(len(CASES), 40)
        bad = []
        with ganad.Daemon(start=False) as d:
            conf = d.path("conf")
            with open(d.path("t.pcap"), "wb") as f:
                f.write(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
            os.mkfifo(d.path("fifo"))
            os.symlink("/nowhere", d.path("link"))
            fill = {"{dir}": d.dir, "{ckpt}": ganad.checkpoint(), "{pcap}": d.path("t.pcap")}
            for what, text, *wanted in CASES:
                whole = "max_clients = 3\n" + GOOD if text is None else GOOD + text
                for k, v in fill.items():
                    whole = whole.replace(k, v)
                with open(conf, "w", newline="") as f:
                    f.write(whole)
                r = subprocess.run([ganad.args.ganadd, "-t", "-c", conf], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
                said = r.stderr.decode()
                wanted = [w.replace("{dir}", d.dir) for w in wanted]
                wanted = [conf] + wanted if "model 'n': " not in wanted else wanted
                missing = [w for w in wanted if w not in said]
                if r.returncode != 1 or said.count("\n") != 1 or missing or r.stdout:
                    bad.append(f"{what}: code {r.returncode}, without {missing}: {said}")
        self.assertEqual(bad, [], "\n" + "\n".join(bad))

    def test_files_that_cannot_be_read(self):
        with ganad.Daemon(start=False) as d:
            for name, wanted in (("nowhere", "No such file"), (".", "not a regular file")):
                r = subprocess.run([ganad.args.ganadd, "-t", "-c", d.path(name)],
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
                self.assertEqual(r.returncode, 1)
                self.assertIn(wanted, r.stderr)
            with open(d.path("huge"), "wb") as f:
                f.truncate(100 << 20)
            r = subprocess.run([ganad.args.ganadd, "-t", "-c", d.path("huge")],
                               stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
            self.assertEqual(r.returncode, 1)
            self.assertIn("huge", r.stderr)

    def test_a_drop_in_is_named(self):
        with ganad.Daemon(start=False) as d:
            os.mkdir(d.conf + ".d")
            with open(d.conf + ".d/50-x.conf", "w") as f:
                f.write("[scoring]\n\nmax_clientz = 3\n")
            r = subprocess.run([ganad.args.ganadd, "-t", "-c", d.conf], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE,
                               text=True)
            self.assertIn("50-x.conf:3: key 'max_clientz': not known in [scoring]; did you mean "
                          "'max_clients'?", r.stderr)


# (the error, sections, a part of both messages). {dir} has: junk, empty, fifo,
# inner (a directory), and links to them.
OUTPUT = "[output f]\ntype = file\nto = {dir}/a.json\n"
SECOND = "[output g]\ntype = file\nto = "
BROKEN = [
    ("a rule file of nothing", "[alerts]\nsuppress = {dir}/empty\n", "/empty: is empty"),
    ("a file that is not a rule file", "[alerts]\nsuppress = {dir}/junk\n", "/junk: line 1"),
    ("a rule file that is a FIFO", "[alerts]\nsuppress = {dir}/fifo\n", "/fifo"),
    ("no directory of the scoring socket", "[scoring]\nunix = {dir}/no/s\n", "{dir}/no"),
    ("no directory of the control socket", "[control]\nunix = {dir}/no/s\n", "{dir}/no"),
    ("no directory of the metrics socket", "[metrics]\nunix = {dir}/no/s\n", "{dir}/no"),
    ("a file where a socket would be", "[metrics]\nunix = {dir}/junk\n", "{dir}/junk"),
    ("a directory where a socket would be", "[scoring]\nunix = {dir}/inner\n", "{dir}/inner"),
    ("an address of another machine", "[scoring]\ntcp = 192.0.2.1:4739\n", "192.0.2.1:4739"),
    ("an unknown host", "[metrics]\ntcp = no-such-host.invalid:9187\nopen = yes\n",
     "no-such-host.invalid"),
    ("an invalid port", "[metrics]\ntcp = 127.0.0.1:99999\n", "key 'tcp': '127.0.0.1:99999'"),
    ("a port in letters", "[scoring]\ntcp = 127.0.0.1:http\n", "key 'tcp': '127.0.0.1:http'"),
    ("an IPv6 address without brackets", "[scoring]\ntcp = ::1:4739\n", "brackets"),
    ("two servers at one address",
     "[scoring]\ntcp = 127.0.0.1:{port}\n[metrics]\ntcp = localhost:{port}\n", ":{port}"),
    ("two sockets at one path", "[metrics]\nunix = {dir}/inner/../scoring.sock\n",
     "scoring.sock' is also used by section 'scoring'"),
    ("a socket's path of an output that is too long",
     "[output u]\ntype = unix\nto = /" + "x" * 107 + "\n", "107 bytes"),
    ("the same of datagrams", "[output u]\ntype = unix-dgram\nto = /" + "x" * 107 + "\n",
     "107 bytes"),
    ("an invalid port of an output", "[output t]\ntype = tcp\nto = localhost:syslog\n",
     "port from 1 to 65535"),
    ("port 0 of an output", "[output t]\ntype = udp\nto = localhost:0\n", "port 0"),
    ("two formats in one file", OUTPUT + SECOND + "{dir}/a.json\nformat = eve\n",
     "written to by section 'output f'"),
    ("two formats in one file by //", OUTPUT + SECOND + "{dir}//a.json\nformat = eve\n",
     "written to by section 'output f'"),
    ("two formats in one file by ..", OUTPUT + SECOND + "{dir}/inner/../a.json\nformat = eve\n",
     "written to by section 'output f'"),
    ("two formats in one file by a link", OUTPUT + SECOND + "{dir}/link/a.json\nformat = eve\n",
     "written to by section 'output f'"),
    ("two formats in one file by a hard link",
     OUTPUT.replace("a.json", "junk") + SECOND + "{dir}/hard\nformat = eve\n",
     "written to by section 'output f'"),
    ("two that move one file away", OUTPUT + SECOND + "{dir}/a.json\n", "file_size = 0"),
    ("two formats on the standard output",
     "[output f]\ntype = stdout\n[output g]\ntype = stdout\nformat = cef\n", "standard output"),
    ("records in a file of alerts", OUTPUT + "[records]\nfile = {dir}/a.json\n",
     "used by section 'records'"),
    ("records in a file that alerts are moved away to",
     OUTPUT + "[records]\nfile = {dir}/a.json.3\n", "a rotated file of section 'output f'"),
    ("alerts in a file that records are moved away to",
     OUTPUT + "[records]\nfile = {dir}/a.js\n[output h]\ntype = file\n"
     "to = {dir}/a.js.2\n", "a rotated file of section 'records'"),
    ("alerts over the model", SECOND + "{ckpt}\n", "used by section 'output g'"),
    ("alerts over the configuration", SECOND + "{conf}\n", "used by section 'ganadd'"),
    ("alerts over the rules", OUTPUT + "[alerts]\nsuppress = {dir}/a.json\n",
     "used by section 'alerts'"),
    ("alerts to our own socket", "[output u]\ntype = unix\nto = {dir}/scoring.sock\n",
     "used by section 'scoring'"),
    ("a spool that is a file", "[spool]\ndirectory = {dir}/junk\n", "{dir}/junk"),
    ("a spool two levels down", "[spool]\ndirectory = {dir}/no/spool\n", "{dir}/no/spool"),
    ("a file that is not a spool's state", "[spool]\ndirectory = {dir}/bad-spool\n",
     "not the state of a spool"),
    ("a spool of too many files", "[spool]\ndirectory = {dir}/spool\nquota = 1000G\nsegment = 1M\n",
     "raise segment"),
    ("a capture file that is not there", "[capture a]\nfile = {dir}/no.pcap\n",
     "capture 'a': {dir}/no.pcap: cannot open"),
    ("a file that is not a capture", "[capture a]\nfile = {dir}/junk\n", "capture 'a': {dir}/junk"),
    ("a capture's directory that is not there", "[capture a]\ndirectory = {dir}/no\n",
     "capture 'a': {dir}/no: cannot open"),
    ("a capture's directory that is a file", "[capture a]\ndirectory = {dir}/junk\n",
     "capture 'a': {dir}/junk: cannot open"),
    ("a filter that is not for this link",
     "[capture a]\nfile = {raw}\nfilter = ether host 02:00:00:00:00:01\n",
     "capture 'a': {raw}: filter"),
    ("an unknown tunnel", "[capture a]\nfile = {pcap}\ntunnel_kinds = gre, tls\n",
     "'tunnel_kinds'"),
    ("a directory of keys that is not there", "[trust]\nrequire_signature = yes\nkeys = {dir}/no\n",
     "not signed"),
] + ([("an unknown user", "[ganadd]\nuser = no-such-user\n", "no such user")] if os.geteuid() == 0
     else [])
# As an unprivileged user, in a directory of root's.
NOT_ALLOWED = [
    ("a directory of a socket that is another's", "[metrics]\nunix = {dir}/inner/m.sock\n",
     "{dir}/inner"),
    ("a spool that is another's", "[spool]\ndirectory = {dir}/inner\n", "{dir}/inner"),
    ("a spool in a directory that is another's", "[spool]\ndirectory = {dir}/inner/spool\n",
     "{dir}/inner/spool"),
    ("a capture that is another's", "[capture a]\nfile = {dir}/inner/secret.pcap\n", "secret.pcap"),
    ("a directory of captures that is another's", "[capture a]\ndirectory = {dir}/locked\n",
     "{dir}/locked"),
    ("rules that are another's", "[alerts]\nsuppress = {dir}/inner/secret.pcap\n", "secret.pcap"),
    ("a port for root", "[scoring]\ntcp = 127.0.0.1:1\n", "127.0.0.1:1"),
]
FINE = [
    ("two of a format in one file that stays",
     OUTPUT + "file_size = 0\n" + SECOND + "{dir}/inner/../a.json\nfile_size = 0\n"),
    ("files side by side", OUTPUT + SECOND + "{dir}/a.json.x\n[records]\nfile = {dir}/a.json.9\n"),
    ("two receivers at one socket",
     "[output u]\ntype = unix\nto = {dir}/r\n[output v]\ntype = unix\nto = {dir}/r\n"
     "format = cef\n"),
    ("a socket of a process that ended", "[metrics]\nunix = {dir}/stale\n"),
    ("a spool that is made", "[spool]\ndirectory = {dir}/new-spool\n"),
    ("ports of one number at two addresses",
     "[scoring]\ntcp = 127.0.0.1:{port}\n[metrics]\ntcp = 127.0.0.2:{port}\n"),
    ("a FIFO is waited for", "[capture a]\nfile = {dir}/fifo\n"),
    ("a rule file that is not there", "[alerts]\nsuppress = {dir}/rules\n"),
]


class Agree(unittest.TestCase):
    """The messages of ganadd -t, and the result of a start."""

    def setUp(self):
        self.d = ganad.Daemon(start=False)
        self.addCleanup(self.d.__exit__)
        self.conf = self.d.path("c.conf")
        head = bytes.fromhex("d4c3b2a1020004000000000000000000ffff0000")
        os.makedirs(self.d.path("inner"))
        os.makedirs(self.d.path("bad-spool"))
        os.mkdir(self.d.path("locked"), 0o700)
        for name, data in (("junk", b"junk\n" * 100), ("empty", b""),
                           ("t.pcap", head + b"\1\0\0\0"), ("raw.pcap", head + b"\x65\0\0\0"),
                           ("bad-spool/ganad-spool.state", b"junk" * 5000),
                           ("inner/secret.pcap", head)):
            with open(self.d.path(name), "wb") as f:
                f.write(data)
        os.chmod(self.d.path("inner/secret.pcap"), 0o600)
        os.link(self.d.path("junk"), self.d.path("hard"))
        os.symlink(self.d.dir, self.d.path("link"))
        os.mkfifo(self.d.path("fifo"))
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(self.d.path("stale"))
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]

    def fill(self, text):
        for k, v in {"{dir}": self.d.dir, "{ckpt}": ganad.checkpoint(),
                     "{pcap}": self.d.path("t.pcap"), "{conf}": self.conf,
                     "{raw}": self.d.path("raw.pcap"), "{port}": str(self.port)}.items():
            text = text.replace(k, v)
        return text

    def configure(self, text):
        base = {"[scoring]": "unix = {dir}/scoring.sock\n",
                "[control]": "unix = {dir}/control.sock\n"}
        for section, keys in base.items():  # a section twice would be fine, a key twice is not
            if section + "\nunix" not in text:
                text += section + "\n" + keys
        with open(self.conf, "w") as f:
            f.write(self.fill(text + GOOD))

    def run_both(self, text, before=()):
        """[(code, message)] of the check and of a start, which is stopped if it serves."""
        self.configure(text)
        both = []
        for options in (["-t"], []):
            before_files = sorted(os.listdir(self.d.dir))
            p = subprocess.Popen([*before, ganad.args.ganadd, "-c", self.conf, *options],
                                 stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True)
            said = ""
            for line in p.stderr:
                said += line
                if "is ready" in line:
                    p.send_signal(signal.SIGTERM)
            p.stderr.close()
            both.append((p.wait(30 * ganad.SLOW), said))
            if options:
                # a check creates nothing
                self.assertEqual(sorted(os.listdir(self.d.dir)), before_files, text)
        return both

    def refuses(self, cases, before=()):
        bad = []
        for what, text, wanted in cases:
            # A start with an error in the configuration itself ends with 78, so that no service
            # manager repeats it.
            for who, codes, (code, said) in zip(("-t", "start"), ((1,), (1, 78)),
                                                self.run_both(text, before)):
                if (code not in codes or self.fill(wanted) not in said
                        or said.count("ganadd: ") != 1):
                    bad.append(f"{what}: {who}: code {code}, wanted '{self.fill(wanted)}': {said}")
        self.assertEqual(bad, [], "\n" + "\n".join(bad))

    def test_what_does_not_start_is_refused(self):
        self.refuses(BROKEN)
        # the existing file is not a socket of ours, to be removed at the end
        with open(self.d.path("junk"), "rb") as f:
            self.assertEqual(f.read(), b"junk\n" * 100)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "not root, or no setpriv")
    def test_what_is_not_allowed_is_refused(self):
        os.chmod(self.d.dir, 0o777)
        # in the directory of the checkpoint; the temporary spool is removed
        os.chmod(ganad.scratch(), 0o777)
        programs = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if subprocess.run([*programs, "test", "-x", ganad.args.ganadd],
                          check=False).returncode != 0:
            self.skipTest("an unprivileged user may not run ganadd here")
        self.refuses(NOT_ALLOWED, programs)

    def test_what_starts_is_accepted(self):
        for what, text in FINE:
            for code, said in self.run_both(text):
                self.assertEqual(code, 0, f"{what}: {said}")

    def test_what_another_process_holds_is_a_warning(self):
        """It can be the ganadd that is to be replaced."""
        with ganad.Daemon(scoring={"tcp": f"127.0.0.1:{self.port}"},
                          metrics={"unix": "{dir}/m.sock"}) as d:
            r = subprocess.run([ganad.args.ganadd, "-t", "-c", d.conf], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
            self.assertEqual(r.returncode, 0, r.stderr)
            self.assertEqual(r.stderr.count("is in use; this is fine if the ganadd that will be "
                                            "replaced uses it"), 5, r.stderr)
            (_, _), (code, said) = self.run_both("[metrics]\nunix = " + d.path("m.sock") + "\n")
            self.assertEqual(code, 1, said)
            # the one that did not start does not touch it
            self.assertTrue(os.path.exists(d.path("m.sock")))
            self.assertEqual(d.stop(), 0)


if __name__ == "__main__":
    ganad.main()
