# SPDX-License-Identifier: Apache-2.0
"""Messages of ganadctl about small mistakes of the operator: the wrong socket, a file out of
ganadd's sight, no spool."""

import grp
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import ganad


class Sockets(unittest.TestCase):
    def test_the_other_socket_is_named(self):
        with ganad.Daemon() as d:
            for command in (["status"], ["tail"], ["suppress", "list"], ["config"], ["reload"],
                            ["stats", "-n", "1"], ["drift"],
                            ["model", "list"], ["reopen"]):
                r = d.ctl(*command)
                self.assertEqual((r.returncode, r.stdout), (1, b""), command)
                self.assertIn(f"{d.scoring} is ganadd's scoring socket, and this command needs its "
                              "control socket, by default "
                              "/run/ganadd/control.sock".encode(), r.stderr)
            r = d.ctl("score", "-", input=b"".join(ganad.data_lines(3)), control=True)
            self.assertEqual(r.returncode, 1)
            # once, and without an empty summary
            self.assertEqual(r.stderr.decode().count("\n"), 1, r.stderr)
            self.assertIn(f"{d.control} is ganadd's control socket, and this command needs its "
                          "scoring socket".encode(), r.stderr)
            r = d.ctl("version", "-J")
            self.assertEqual((r.returncode, json.loads(r.stdout)["ganadd"]), (0, None))
            self.assertIn(b"is ganadd's scoring socket", r.stderr)
            r = d.ctl("score", "--model", "x", "-", input=b"".join(ganad.data_lines(3)))
            self.assertIn(b"no model 'x' is loaded; 'ganadctl model list' shows the models",
                          r.stderr)

    def test_a_path_that_is_not_a_socket(self):
        with tempfile.NamedTemporaryFile() as f:
            for path in f.name, os.path.dirname(f.name), "unix:" + f.name:
                r = ganad.ctl("-s", path, "status")
                self.assertEqual(r.returncode, 3)
                self.assertIn(path.encode() + b" is not a socket", r.stderr)

    @unittest.skipIf(os.geteuid() != 0, "only root can become another user")
    def test_the_owner_of_the_socket_is_named(self):
        group = grp.getgrgid(1).gr_name
        with ganad.Daemon() as d:
            os.chmod(d.dir, 0o755)
            os.chmod(d.control, 0o660)
            os.chown(d.control, 0, 1)
            for closed, named in ((None, d.control), (d.dir, d.dir)):
                if closed:
                    os.chown(d.dir, 0, 1)
                    os.chmod(d.dir, 0o750)
                r = d.ctl("status", control=True, user=65534, group=65534, extra_groups=[])
                self.assertEqual(r.returncode, 3)
                self.assertIn(f"{named} is for user 'root' and group '{group}': be root, or be in "
                              "the group "
                              f"('usermod -aG {group} USER'", r.stderr.decode())

    def test_a_tail_reports_that_it_does_not_reconnect(self):
        with ganad.Daemon() as d:
            p = subprocess.Popen([ganad.args.ganadctl, "-s", d.control, "tail"],
                                 stderr=subprocess.PIPE)
            ganad.wait_for(lambda: d.counter("tails") == 1, 20, "it follows")
            self.assertEqual(d.stop(), 0)
            self.assertIn(b"tail does not reconnect", p.communicate(timeout=20 * ganad.SLOW)[1])
            self.assertEqual(p.returncode, 1)


class Words(unittest.TestCase):
    def test_a_word_that_is_nearly_one_is_named(self):
        for line, said in (("model lod m x", "did you mean 'load'?"),
                           ("model rolback m", "did you mean 'rollback'?"),
                           ("model load m", "model: load takes MODEL FILE"),
                           ("model list x", "model: list takes no further"),
                           ("model compare a b", "model: compare takes A B FILE"),
                           ("model rollback", "takes MODEL"),
                           ("suppress lst", "did you mean 'list'?"),
                           ("suppress list 1", "suppress: list takes no '1'"),
                           ("suppress test sprt=1", "did you mean 'sport'?"),
                           ("suppress test src=x", "each KEY=VALUE\n"),
                           ("--json status", "options of a command come after it")):
            r = ganad.ctl("-s", "/nonexistent/s", *line.split())
            self.assertEqual((r.returncode, r.stdout), (2, b""), line)
            self.assertIn(said, r.stderr.decode())

    def test_a_directory_that_is_not_a_spool(self):
        with tempfile.TemporaryDirectory() as empty:
            r = ganad.ctl("spool", empty)
            self.assertEqual((r.returncode, r.stdout), (1, b""))
            self.assertIn(empty.encode() + b": not a spool", r.stderr)
            with open(os.path.join(empty, "file"), "w") as f:
                self.assertIn(b"see 'ganadctl config'", ganad.ctl("spool", f.name).stderr)
            self.assertIn(b"see 'ganadctl config'", ganad.ctl("spool", empty + "/nowhere").stderr)
        with ganad.Daemon(outputs=ganad.ALERTS_FILE) as d:  # nothing has happened yet
            r = ganad.ctl("spool", d.path("spool"))
            self.assertEqual((r.returncode, r.stderr), (0, b""))


class Files(unittest.TestCase):
    def test_records_where_packets_belong(self):
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "records")
            for data in b"".join(ganad.data_lines(10)), b"\xfd7zXZ\0" + bytes(100):
                with open(path, "wb") as f:
                    f.write(data)
                r = ganad.ctl("extract", path)
                self.assertEqual((r.returncode, r.stdout), (1, b""))
                self.assertIn(path.encode() +
                              b": not a capture: neither pcap nor pcapng, plain or gzip", r.stderr)


class Sandbox(unittest.TestCase):
    def test_a_file_that_only_the_operator_sees(self):
        hide = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none "$1" && shift && exec "$@"', "sh"]
        with ganad.Daemon(start=False) as d:
            os.mkdir(d.path("hidden"))
            if subprocess.run(hide + [d.path("hidden"), "true"],
                              stderr=subprocess.DEVNULL).returncode != 0:
                self.skipTest("no mount namespace of our own")
            shutil.copy(ganad.checkpoint("ganomaly"), d.path("hidden/own.ckpt"))
            shutil.copy(d.path("hidden/own.ckpt"), d.path("seen.ckpt"))
            d.process = subprocess.Popen(hide + [d.path("hidden"), ganad.args.ganadd, "-c", d.conf],
                                         stderr=d.log)
            ganad.wait_for(d.answers, 30, "ganadd serves")
            r = d.ctl("model", "load", "random", d.path("hidden/own.ckpt"), control=True)
            self.assertEqual((r.returncode, r.stdout), (1, b""))
            self.assertIn("The file exists, but ganadd, which opens it, ", r.stderr.decode())
            if d.dir.startswith(("/tmp/", "/var/tmp/")):
                self.assertIn("its unit has PrivateTmp=yes", r.stderr.decode())
            self.assertIn(f"install -o ganad -g ganad -m 640 '{d.path('hidden/own.ckpt')}' "
                          "/var/lib/ganad/", r.stderr.decode())
            r = d.ctl("model", "load", "random", d.path("seen.ckpt"), control=True)
            self.assertEqual((r.returncode, r.stderr), (0, b""))
            with open(d.path("seen.ckpt"), "w") as f:
                f.write("no checkpoint")
            # it is found, and is not a checkpoint
            r = d.ctl("model", "load", "random", d.path("seen.ckpt"), control=True)
            self.assertNotIn(b"The file exists", r.stderr)
            self.assertEqual(d.stop(), 0)


if __name__ == "__main__":
    ganad.main()
