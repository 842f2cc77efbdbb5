# SPDX-License-Identifier: Apache-2.0
"""Outputs and the network: names with several addresses, names that change, receivers that only
accept connections, and renewed certificates. Names are those of an /etc/hosts of the test."""

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

import ganad
import receivers
from receivers import Load, have, model

NAME = "siem.test"
MOUNTS = 'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/nsswitch.conf && shift 2 && '


def unshare(*flags):
    return ["unshare", *([] if os.geteuid() == 0 else ["-r"]), *flags]


def can(*command):
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=20).returncode == 0
    except OSError:
        return False


class Named(ganad.Daemon):
    """A ganadd for which NAME has these addresses, and no other name exists. @net: commands that
    set up a network namespace."""

    def __init__(self, addresses, net=None, **more):
        self.net = net
        super().__init__(start=False, models=model(), **more)
        with open(self.path("nsswitch"), "w") as f:
            f.write("passwd: files\ngroup: files\nhosts: files\n")
        self.resolve(*addresses)
        self.start()

    def resolve(self, *addresses):
        with open(self.path("hosts"), "w") as f:  # in place: it is mounted
            f.write("127.0.0.1 localhost\n" + "".join(f"{a} {NAME}\n" for a in addresses))

    def start(self, stdout=subprocess.DEVNULL):
        flags = ["-m"] + (["-n"] if self.net else [])
        script = MOUNTS + (self.net + " && " if self.net else "") + 'exec "$@"'
        self.process = subprocess.Popen([*unshare(*flags), "sh", "-c", script, "sh",
                                         self.path("hosts"), self.path("nsswitch"),
                                         ganad.args.ganadd, "-c", self.conf], stdout=stdout,
                                        stderr=self.log)
        ganad.wait_for(self.answers, 30, "ganadd serves")

    def output(self):
        return self.status().output[0]


class Case(unittest.TestCase):
    def setUp(self):
        if not can(*unshare("-m"), "mount", "--bind", "/etc/hosts", "/etc/hosts"):
            self.skipTest("no /etc/hosts of one's own here (unshare -m, mount)")
        self.port = receivers.free_port()

    def listen(self, address, backlog=16):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, self.port))
        s.listen(backlog)
        self.addCleanup(s.close)
        return s

    def dead(self, address):
        """Answers no SYN: its queue is full of connections that are not accepted."""
        self.listen(address, 0)
        for _ in range(4):
            s = socket.socket()
            s.setblocking(False)
            self.addCleanup(s.close)
            s.connect_ex((address, self.port))
        with socket.socket() as s:
            s.settimeout(0.2)
            self.assertRaises(TimeoutError, s.connect, (address, self.port))

    def serve(self, listener, take):
        """Calls take(socket) for each connection, one after the other; returns the growing list of
        what it read."""
        got = []

        def run():
            while True:
                try:
                    s, _ = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), s:
                    take(s, got)
        threading.Thread(target=run, daemon=True).start()
        return got

    def connected(self, d, address):
        ganad.wait_for(lambda: d.output().address == f"{address}:{self.port}", 20,
                       "status has the address")

    def delivers(self, d, got):
        Load(d.scoring).stop()
        n = d.counter("alerts")
        self.assertGreater(n, 0)
        ganad.wait_for(lambda: b"".join(got).count(b'"event_type":"alert"') >= n, 20,
                       "all alerts arrive")


def read_all(s, got):
    while x := s.recv(1 << 16):
        got.append(x)


class Addresses(Case):
    def daemon(self, addresses, **more):
        output = {"type": "tcp", "to": f"{NAME}:{self.port}", "connect_timeout": "5s", **more}
        return Named(addresses, outputs={"siem": output})

    def test_a_dead_first_address_costs_a_moment(self):
        self.dead("127.0.0.2")
        got = self.serve(self.listen("127.0.0.3"), read_all)
        with self.daemon(["127.0.0.2", "127.0.0.3"]) as d:
            self.delivers(d, got)
            self.connected(d, "127.0.0.3")
            self.assertIn(f"siem is connected to 127.0.0.3:{self.port}".encode(),
                          d.ctl("status", "--all", control=True).stdout)
            self.assertEqual(d.output().connects, 1)  # within one attempt, and without an error
            self.assertNotIn("warning: feed", d.read_log())
            self.assertEqual(d.stop(), 0)

    def test_one_that_refuses_costs_nothing(self):
        got = self.serve(self.listen("127.0.0.3"), read_all)
        with self.daemon(["127.0.0.2", "127.0.0.3"]) as d:
            self.delivers(d, got)
            self.connected(d, "127.0.0.3")
            self.assertEqual((d.output().connects, d.output().error), (1, ""))
            self.assertEqual(d.stop(), 0)

    def test_more_dead_ones_than_are_tried_at_a_time(self):
        addresses = [f"127.0.0.{i}" for i in range(2, 14)]
        for a in addresses[:-1]:
            self.dead(a)
        got = self.serve(self.listen(addresses[-1]), read_all)
        with self.daemon(addresses, connect_timeout="0.5s") as d:
            self.delivers(d, got)
            self.assertRegex(d.output().error,
                             "no connection within connect_timeout; still waiting for 127.0.0.2:")
            self.assertEqual(d.stop(), 0)

    def test_when_all_refuse_each_is_named(self):
        with self.daemon(["127.0.0.2", "127.0.0.3"]) as d:
            error = ganad.wait_for(lambda: d.output().error, 20, "it fails")
            for a in ("127.0.0.2", "127.0.0.3"):
                self.assertIn(f"{a}:{self.port}: Connection refused", error)
            self.assertEqual(d.stop(), 0)

    def test_one_that_closes_each_connection(self):
        self.serve(self.listen("127.0.0.2"), lambda s, got: s.recv(1))
        got = self.serve(self.listen("127.0.0.3"), read_all)
        with self.daemon(["127.0.0.2", "127.0.0.3"]) as d:
            self.delivers(d, got)
            self.assertEqual(d.stop(), 0)

    def test_a_host_that_has_link_local_addresses_only(self):
        net = ("ip link set lo up && ip -6 addr flush dev lo && ip link add d0 type veth peer name "
               "d1 && "
               "ip link set d0 up && ip link set d1 up && ip -6 addr add fe80::1/64 dev d0 nodad")
        if not shutil.which("ip") or not can(*unshare("-n"), "sh", "-c", net):
            self.skipTest("no network of one's own here (unshare -n, ip)")
        with Named(["127.0.0.1"], net=net, outputs={"siem": {"type": "tcp",
                                                             "to": f"{NAME}:{self.port}"}}) as d:
            error = ganad.wait_for(lambda: d.output().error, 20, "an attempt")
            # found in this way
            self.assertEqual(error, f"127.0.0.1:{self.port}: Connection refused")
            self.assertEqual(d.stop(), 0)


class Udp(Case):
    def receiver(self, address):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        s.bind((address, self.port))
        s.settimeout(20 * ganad.SLOW)
        self.addCleanup(s.close)
        return s

    def daemon(self, addresses, **more):
        return Named(addresses, outputs={"siem": {"type": "udp", "to": f"{NAME}:{self.port}",
                                                  **more}})

    def takes(self, d, s):
        """Alerts of a request, by this socket."""
        before = d.counter("alerts")
        Load(d.scoring).stop()
        return [s.recv(1 << 16) for _ in range(d.counter("alerts") - before)]

    def test_a_name_whose_address_changes(self):
        old, new = self.receiver("127.0.0.2"), self.receiver("127.0.0.3")
        with self.daemon(["127.0.0.2"], resolve_interval="1s") as d:
            self.takes(d, old)
            d.resolve("127.0.0.3")
            self.connected(d, "127.0.0.3")
            self.takes(d, new)
            d.resolve()  # the resolver is down
            ganad.wait_for(lambda: "still sending to 127.0.0.3" in d.read_log(), 20, "it is said")
            self.takes(d, new)
            d.resolve("127.0.0.3")
            ganad.wait_for(lambda: "its name resolves again" in d.read_log(), 20, "it is said")
            self.assertEqual(d.output().connects, 1)
            self.assertEqual(d.output().lost, 0)
            self.assertEqual(d.stop(), 0)
            self.assertEqual(d.read_log().count("its name has another address"), 1)

    def test_an_error_resolves_the_name_again(self):
        old, new = self.receiver("127.0.0.2"), self.receiver("127.0.0.3")
        with self.daemon(["127.0.0.2"], resolve_interval="24h") as d:
            self.takes(d, old)
            old.close()
            d.resolve("127.0.0.3")
            Load(d.scoring).stop()  # the first is refused, and the others wait for the next attempt
            new.recv(1 << 16)
            self.connected(d, "127.0.0.3")
            self.assertEqual(d.stop(), 0)


class WorksAgain(Case):
    """Delivery is reported, and a connection alone is not."""

    def says(self, d):
        log = d.read_log()
        return log.count("works again"), log.count("events wait in the spool")

    def test_a_receiver_that_closes(self):
        mode = {"closes": True}

        def take(s, got):
            s.recv(1) if mode["closes"] else read_all(s, got)
        got = self.serve(self.listen("127.0.0.1"), take)
        output = {"type": "tcp", "to": f"127.0.0.1:{self.port}"}
        with ganad.Daemon(models=model(), outputs={"siem": output}) as d:
            Load(d.scoring).stop()
            ganad.wait_for(lambda: d.status().output[0].connects >= 4, 30, "some attempts")
            self.assertEqual(self.says(d), (0, 1))
            mode["closes"] = False
            self.delivers(d, got)
            ganad.wait_for(lambda: self.says(d)[0], 60, "it works again")
            self.assertEqual(self.says(d), (1, 1))
            self.assertEqual(d.stop(), 0)

    def test_a_full_disk(self):
        directory = tempfile.mkdtemp(prefix="ganad-full-")
        self.addCleanup(os.rmdir, directory)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "ganad-test",
                           directory],
                          stderr=subprocess.DEVNULL).returncode:
            self.skipTest("mounting a tmpfs takes root")
        self.addCleanup(subprocess.run, ["umount", "-l", directory], check=True)
        filler = os.path.join(directory, "filler")
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as f:
            while f.write(bytes(4096)):
                pass
        with ganad.Daemon(models=model(), outputs={"file": {"type": "file",
                                                            "to": directory + "/alerts"}}) as d:
            Load(d.scoring).stop()
            ganad.wait_for(lambda: d.status().output[0].connects >= 4, 30, "some attempts")
            self.assertEqual(self.says(d), (0, 1))
            os.unlink(filler)
            ganad.wait_for(lambda: self.says(d)[0], 60, "it works again")
            self.assertEqual(self.says(d), (1, 1))
            self.assertEqual(d.status().output[0].waiting, 0)
            self.assertEqual(d.stop(), 0)


class Tls(Case):
    @classmethod
    def setUpClass(cls):
        if not have("openssl"):
            raise unittest.SkipTest("openssl is not installed")
        cls.tmp = tempfile.TemporaryDirectory(prefix="ganad-tls-")
        cls.addClassCleanup(cls.tmp.cleanup)
        cls.authority = receivers.Authority(cls.tmp.name)
        cls.other = receivers.Authority(cls.tmp.name, "other")
        os.chmod(cls.tmp.name, 0o755)

    def server(self, address, host, ask=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.authority.sign("server", host))
        if ask:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.authority.ca)

        def take(s, got):
            with context.wrap_socket(s, server_side=True) as t:
                read_all(t, got)
        return self.serve(self.listen(address), take)

    def test_an_address_without_tls(self):
        """Its connections are accepted, and no handshake completes."""
        self.listen("127.0.0.2")
        got = self.server("127.0.0.3", NAME)
        output = {"type": "tls", "to": f"{NAME}:{self.port}", "ca": self.authority.ca,
                  "connect_timeout": "0.5s"}
        with Named(["127.0.0.2", "127.0.0.3"], outputs={"siem": output},
                   ganadd={"log_level": "debug"}) as d:
            self.delivers(d, got)
            self.assertEqual(d.output().error,
                             f"127.0.0.2:{self.port}: connected, but no TLS handshake within "
                             "connect_timeout")
            self.assertEqual(d.stop(), 0)
            log = d.read_log()
            for line in (f"debug: feed: output 'siem': trying 127.0.0.2:{self.port}",
                         "debug: feed: output 'siem': TLSv1.3 with",
                         f"info: feed: output 'siem': connected to 127.0.0.3:{self.port}",
                         "info: feed: output 'siem': next attempt in"):
                self.assertIn(line, log)

    def client(self, d, source):
        """Replaces our certificate and key in place."""
        for file, name in zip(source, ("client.crt", "client.key")):
            shutil.copy(file, d.path(name))

    def mutual(self, start=True, key="{dir}/client.key", **sections):
        output = {"type": "tls", "to": f"localhost:{self.port}", "ca": self.authority.ca,
                  "certificate": "{dir}/client.crt",
                  "key": key}
        d = ganad.Daemon(start=False, models=model(), outputs={"siem": output}, **sections)
        self.addCleanup(d.__exit__)
        self.client(d, self.other.sign("sensor", "sensor.example"))
        if start:
            d.start()
        return d

    def test_a_renewed_certificate_is_used_after_a_reload(self):
        got = self.server("127.0.0.1", "localhost", ask=True)
        d = self.mutual()
        Load(d.scoring).stop()
        ganad.wait_for(lambda: d.status().output[0].connects >= 2 and d.status().output[0].error,
                       20, "it is refused")
        self.assertNotIn("works again", d.read_log())  # TLS 1.3 refuses after the handshake
        self.assertNotIn(b"client.crt", d.ctl("reload", control=True).stdout)  # nothing has changed
        self.client(d, self.authority.sign("renewed", "sensor.example"))
        r = d.ctl("reload", control=True)
        self.assertEqual(r.returncode, 0, r.stderr)
        for name in ("certificate", "key"):
            file = d.path("client." + ("key" if name == "key" else "crt"))
            self.assertIn(f"[output siem] {name} {file}, from the next connection on".encode(),
                          r.stdout)
            self.assertIn(f"[output siem] {name} {file}, from the next connection on: applied",
                          d.read_log())
        self.delivers(d, got)
        self.assertNotIn(b"client.crt", d.ctl("reload", control=True).stdout)  # once is enough
        self.assertEqual(d.stop(), 0)

    def test_a_renewed_credential(self):
        got = self.server("127.0.0.1", "localhost", ask=True)
        d = self.mutual(start=False, key="credential:client.key")
        os.environ["CREDENTIALS_DIRECTORY"] = d.dir
        self.addCleanup(os.environ.pop, "CREDENTIALS_DIRECTORY")
        d.start()
        self.client(d, self.authority.sign("renewed", "sensor.example"))
        r = d.ctl("reload", control=True)
        self.assertIn(f"[output siem] key {d.path('client.key')}, from the next connection "
                      "on".encode(), r.stdout, r.stderr)
        self.delivers(d, got)
        self.assertEqual(d.stop(), 0)

    def test_a_renewed_authority_is_used_after_sighup(self):
        self.server("127.0.0.1", "localhost")
        ca = os.path.join(self.tmp.name, "renewed-ca.pem")
        shutil.copy(self.other.ca, ca)
        output = {"type": "tls", "to": f"localhost:{self.port}", "ca": ca}
        with ganad.Daemon(models=model(), outputs={"siem": output}) as d:
            ganad.wait_for(lambda: "certificate" in d.status().output[0].error, 20,
                           "it is not trusted")
            shutil.copy(self.authority.ca, ca)
            d.process.send_signal(signal.SIGHUP)
            ganad.wait_for(lambda: d.status().output[0].state == "open", 20, "it is trusted")
            self.assertIn(f"[output siem] ca {ca}, from the next connection on: applied",
                          d.read_log())
            self.assertEqual(d.stop(), 0)

    def test_a_new_file_that_cannot_be_used_changes_nothing(self):
        got = self.server("127.0.0.1", "localhost", ask=True)
        d = self.mutual(start=False)
        self.client(d, self.authority.sign("sensor", "sensor.example"))
        d.start()
        self.delivers(d, got)
        _, key = self.authority.sign("another", "sensor.example")
        for break_it, why in ((lambda: shutil.copy(key, d.path("client.key")),
                               "does not match the certificate"),
                              (lambda: os.truncate(d.path("client.key"), 0),
                               "client.key: is empty"),
                              (lambda: os.unlink(d.path("client.key")),
                               "client.key: No such file or directory"),
                              (lambda: self.client(d, self.authority.sign("late", "x.example", -1)),
                               "has expired on 2020-01-02")):
            break_it()
            r = d.ctl("reload", control=True)
            self.assertEqual(r.returncode, 1, r.stdout)
            self.assertRegex(r.stderr.decode(),
                             r"reload failed, keeping the running configuration: "
                             r".*output 'siem' \(tls localhost:\d+\): key '")
            self.assertIn(why.encode(), r.stderr)
            self.assertIn(why, d.read_log())
        self.delivers(d, got)  # by the connection that it has
        self.assertEqual([o.connects for o in d.status().output], [1])
        self.assertEqual(d.counter("reloads_refused"), 4)
        self.assertEqual(d.stop(), 0)

    def test_a_new_key_that_only_root_can_read(self):
        if os.geteuid() != 0:
            self.skipTest("a daemon that gives up being root takes root")
        got = self.server("127.0.0.1", "localhost", ask=True)
        d = self.mutual(start=False, ganadd={"user": "nobody"})
        self.client(d, self.authority.sign("sensor", "sensor.example"))
        ganad.checkpoint()
        for directory in (d.dir, ganad.scratch()):
            os.chmod(directory, 0o755)
        os.chmod(d.path("client.key"), 0o600)
        d.start()
        self.delivers(d, got)
        self.client(d, self.authority.sign("renewed", "sensor.example"))
        os.chmod(d.path("client.key"), 0o600)
        r = d.ctl("reload", control=True)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertRegex(r.stdout.decode(),
                         r"takes effect at a restart:\n  \[output siem\] key .*client.key, "
                         r"which the user of ganadd cannot read \(Permission denied\)")
        self.assertIn("Permission denied): takes effect at a restart", d.read_log())
        os.chmod(d.path("client.key"), 0o644)
        self.assertIn(b"client.key, from the next connection on",
                      d.ctl("reload", control=True).stdout)
        self.assertEqual(d.stop(), 0)


if __name__ == "__main__":
    ganad.main()
